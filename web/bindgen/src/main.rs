//! Writes the JavaScript that a page needs to call a .wasm file: `bindgen IN.wasm OUT_DIR NAME`.

use anyhow::{Context, Result, ensure};
use wasm_bindgen_cli_support::Bindgen;

/// How a module says that it was compiled for tables of references. wasm-opt up to version
/// 108, which Debian 12 and Ubuntu 24.04 have, exports the wrong one of two tables.
const REFERENCES: &[u8] = b"+\x0freference-types";

fn main() -> Result<()> {
    let mut words = std::env::args().skip(1);
    let mut word = || words.next().context("bindgen IN.wasm OUT_DIR NAME");
    let (input, folder, name) = (word()?, word()?, word()?);
    let mut bytes = std::fs::read(&input).with_context(|| input.clone())?;
    let at = bytes.windows(REFERENCES.len()).rposition(|window| window == REFERENCES);
    ensure!(at.is_some(), "{input} does not say what it was compiled for");
    at.into_iter().for_each(|at| bytes[at] = b'-');
    Bindgen::new()
        .input_bytes(&name, bytes)
        .web(true)?
        .typescript(false)
        .out_name(&name)
        .generate(folder)
}
