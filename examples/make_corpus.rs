//! Writes the fuzz targets' seed corpus: small valid files that between them
//! have every part of the format.
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

/// Where the corpus looks for the writer.
mod support {
    pub use crate::writer::*;
}

use anyhow::Context;

fn main() -> anyhow::Result<()> {
    let folder = std::env::args().nth(1).context("name a folder")?;
    std::fs::create_dir_all(&folder).context(folder.clone())?;
    for (i, file) in damage::files().into_iter().enumerate() {
        std::fs::write(format!("{folder}/{i}.gguf"), file).context(folder.clone())?;
    }
    Ok(())
}
