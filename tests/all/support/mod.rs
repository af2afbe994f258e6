//! Support code that several test modules share.

pub mod damage;
pub mod machine;
pub mod requantise;
pub mod run;
#[cfg(feature = "remote")]
pub mod server;
pub mod toy;
mod writer;

use std::io::Write;
use std::path::PathBuf;

pub use writer::*;

/// The path of the real model. Tests that need it are ignored by default.
#[track_caller]
pub fn real_model() -> PathBuf {
    fetched("gemma-3-270m-q4_k_m.gguf", "")
}

/// Another real model: SmolLM2 135M, whose vocabulary and rows are of another kind.
#[track_caller]
pub fn second_model() -> PathBuf {
    fetched("SmolLM2-135M-Instruct.Q4_1.gguf", " --all")
}

/// A real checkpoint: the folder of all-MiniLM-L6-v2.
#[track_caller]
pub fn real_checkpoint() -> PathBuf {
    fetched("all-MiniLM-L6-v2", " --all")
}

#[track_caller]
fn fetched(name: &str, option: &str) -> PathBuf {
    let path = models().join(name);
    let name = path.display();
    assert!(path.exists(), "{name} does not exist: run scripts/fetch-real-model.sh{option}");
    path
}

/// The folder of the fetched models.
pub fn models() -> PathBuf {
    std::env::var_os("EMBCLI_MODELS")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("models"), PathBuf::from)
}

/// Prints a line on standard error, even if the test passes.
// The test harness captures the output of eprintln.
#[allow(clippy::explicit_write)]
pub fn tell(line: impl std::fmt::Display) {
    let _ = writeln!(std::io::stderr(), "{line}");
}
