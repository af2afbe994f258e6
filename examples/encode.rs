//! Encodes many texts to token IDs, to compare them with llama.cpp's.
//!
//! ```sh
//! encode MODEL.gguf [ADD_SPECIAL 0|1] [PARSE_SPECIAL 0|1] < texts > ids
//! ```
//!
//! The input has for each text its length in bytes (32 bits, little-endian) and its
//! bytes. The output has for each text one line of IDs, or `!` and the error.

use std::io::{self, BufWriter, Read, Write};

use anyhow::{Context, Result};
use embcli::gguf;
use embcli::tokenizer::{Options, Tokenizer};

fn main() -> Result<()> {
    let mut args = std::env::args().skip(1);
    let path = args.next().context("usage: encode MODEL.gguf [0|1] [0|1] < texts > ids")?;
    let mut flag = || args.next().as_deref() != Some("0");
    let options = Options { add_special: flag(), parse_special: flag() };

    let tokenizer = Tokenizer::open(&gguf::open(path.as_ref())?)?;
    for note in tokenizer.notes() {
        eprintln!("note: {note}");
    }
    let mut texts = Vec::new();
    io::stdin().read_to_end(&mut texts)?;
    let mut out = BufWriter::new(io::stdout().lock());
    let mut rest = &texts[..];
    while let Some((len, after)) = rest.split_first_chunk() {
        let len = u32::from_le_bytes(*len) as usize;
        let (text, after) = after.split_at_checked(len).context("the last text is cut short")?;
        match tokenizer.encode(text, options) {
            Ok(ids) => {
                let ids: Vec<String> = ids.iter().map(u64::to_string).collect();
                writeln!(out, "{}", ids.join(" "))?;
            }
            Err(reason) => writeln!(out, "!{reason}")?,
        }
        rest = after;
    }
    Ok(out.flush()?)
}
