//! What several test modules share.

pub mod damage;
pub mod machine;
pub mod requantise;
pub mod run;
pub mod toy;
mod writer;

use std::io::Write;
use std::path::PathBuf;

pub use writer::*;

/// The real model's path. Tests that ask for it are ignored by default.
#[track_caller]
pub fn real_model() -> PathBuf {
    let path = models().join("gemma-3-270m-q4_k_m.gguf");
    let name = path.display();
    assert!(path.exists(), "{name} is not there; scripts/fetch-real-model.sh fetches it");
    path
}

/// Where models that are fetched lie.
pub fn models() -> PathBuf {
    std::env::var_os("EMBCLI_MODELS")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("models"), PathBuf::from)
}

/// Says something on standard error, of a test that passes too.
// eprintln would be captured with the rest of a passing test's output.
#[allow(clippy::explicit_write)]
pub fn tell(line: impl std::fmt::Display) {
    let _ = writeln!(std::io::stderr(), "{line}");
}
