//! Writes the JavaScript that a page needs to call a .wasm file: `bindgen IN.wasm OUT_DIR NAME`.

use anyhow::{Context, Result};
use wasm_bindgen_cli_support::Bindgen;

fn main() -> Result<()> {
    let mut words = std::env::args().skip(1);
    let mut word = || words.next().context("bindgen IN.wasm OUT_DIR NAME");
    let (input, folder, name) = (word()?, word()?, word()?);
    Bindgen::new().input_path(input).web(true)?.typescript(false).out_name(&name).generate(folder)
}
