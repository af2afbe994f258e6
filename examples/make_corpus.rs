//! Writes the seed corpus of the fuzz targets: small valid files that together have
//! every part of the format.
//!
//! ```text
//! cargo run --example make_corpus -- FOLDER
//! ```

#[path = "../tests/all/support/damage.rs"]
#[allow(dead_code, reason = "the tests use more of it")]
mod damage;
#[path = "../tests/all/support/writer.rs"]
#[allow(dead_code, reason = "the tests use more of it")]
mod writer;

/// `damage.rs` imports the writer from `crate::support`.
mod support {
    pub use crate::writer::*;
}

use anyhow::Context;

fn main() -> anyhow::Result<()> {
    let folder = std::env::args().nth(1).context("usage: make_corpus FOLDER")?;
    std::fs::create_dir_all(&folder).context(folder.clone())?;
    for (i, file) in damage::files().into_iter().enumerate() {
        std::fs::write(format!("{folder}/{i}.gguf"), file).context(folder.clone())?;
    }
    Ok(())
}
