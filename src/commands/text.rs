//! Texts in tokens: `tokens --text`, and what other commands need of it.

use std::io::Read;

use anyhow::{Context, Error, Result, anyhow, ensure};

use super::Opener;
use crate::answer::{TextInput, TextReport, TextToken};
use crate::cli;
use crate::gguf::{Gguf, Model};
use crate::tokenizer::{NothingAround, Options, Tokenizer};
use crate::vocab::{Token, Vocab};

/// As much of standard input as is read for a text.
const MAX_STDIN: u64 = 16 << 20;

/// A text as a model reads it.
pub(super) struct Tokenized {
    pub input: TextInput,
    pub ids: Vec<u64>,
    /// What a reader should know of the tokenizer.
    pub notes: Vec<String>,
}

/// Carries out `tokens --text`.
pub(super) fn run(args: &cli::Tokens, open: Opener) -> Result<TextReport> {
    let text = read(&args.text)?;
    let model = open(&args.path)?;
    report(&model, &text, &args.text).with_context(|| args.path.display().to_string())
}

fn report(model: &Model, text: &[u8], args: &cli::Text) -> Result<TextReport> {
    let gguf = model.metadata()?;
    let vocab = Vocab::open(gguf)?.map_err(anyhow::Error::msg)?;
    let Tokenized { input, ids, notes } = tokenize(gguf, text, args)?;
    let token = |id: &u64| {
        Ok(TextToken {
            id: *id,
            token: super::model::token_text(vocab.token(*id)?),
            token_type: type_of(&vocab, *id)?,
        })
    };
    let tokens = ids.iter().map(token).collect::<Result<_>>()?;
    Ok(TextReport { input, ids, tokens, notes })
}

/// The bytes of the text that the arguments name.
pub(super) fn read(args: &cli::Text) -> Result<Vec<u8>> {
    let text = args.text.as_deref().unwrap_or_default();
    if text != "-" {
        return Ok(text.as_encoded_bytes().to_vec());
    }
    let mut bytes = Vec::new();
    std::io::stdin()
        .lock()
        .take(MAX_STDIN + 1)
        .read_to_end(&mut bytes)
        .context("reading a text from standard input")?;
    ensure!(
        bytes.len() as u64 <= MAX_STDIN,
        "standard input is longer than {} MiB: tokenize it in parts",
        MAX_STDIN >> 20
    );
    Ok(bytes)
}

/// Tokenizes a text with a model's own tokenizer.
///
/// # Errors
/// Where the file has none that can be used, with the reason.
pub(super) fn tokenize(gguf: &Gguf, text: &[u8], args: &cli::Text) -> Result<Tokenized> {
    let tokenizer = Tokenizer::open(gguf)?.map_err(anyhow::Error::msg)?;
    let options = Options { add_special: !args.no_bos, parse_special: !args.no_parse_special };
    let ids = tokenizer.encode(text, options).map_err(advised)?;
    let ids: Vec<u64> = ids.into_iter().map(u64::from).collect();
    let (front, behind) = tokenizer.around();
    let added = |token: Option<u32>| usize::from(options.add_special && token.is_some());
    let Token { text: shown, bytes } = Token::from(text.to_vec());
    Ok(Tokenized {
        input: TextInput {
            text: shown,
            text_hex: bytes.as_deref().map(super::model::hex),
            bytes: text.len() as u64,
            in_front: added(front),
            behind: added(behind),
        },
        ids,
        notes: tokenizer.notes().to_vec(),
    })
}

/// What an error of the tokenizer means to whoever gave the arguments.
fn advised(error: Error) -> Error {
    match error.is::<NothingAround>() {
        true => anyhow!("{error}; leave it out with --no-bos"),
        false => error,
    }
}

/// What the file says that a token is.
pub(super) fn type_of(vocab: &Vocab, id: u64) -> Result<Option<&'static str>> {
    Ok(vocab.token_type(id)?.map(|token_type| token_type.name()))
}
