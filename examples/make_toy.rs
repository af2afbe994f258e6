//! Writes `fixtures/toy.gguf`, the same bytes on every platform.
//!
//! ```text
//! cargo run --example make_toy              write the fixture
//! cargo run --example make_toy -- PATH      write it to PATH
//! cargo run --example make_toy -- --check   only check that the fixture is up to date
//! ```

#[path = "../tests/all/support/toy.rs"]
mod toy;
#[path = "../tests/all/support/writer.rs"]
#[allow(dead_code, reason = "the tests use more of it")]
mod writer;

/// `toy.rs` imports the writer from `crate::support`.
mod support {
    pub use crate::writer::*;
}

use anyhow::{Context, ensure};

fn main() -> anyhow::Result<()> {
    let fixture = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/toy.gguf");
    let bytes = toy::toy().build();
    match std::env::args().nth(1).as_deref() {
        Some("--check") => {
            let committed = std::fs::read(fixture).context(fixture)?;
            ensure!(committed == bytes, "{fixture} is out of date: run make_toy without --check");
            println!("{fixture} is up to date");
        }
        path => {
            let path = path.unwrap_or(fixture);
            std::fs::write(path, &bytes).context(path.to_owned())?;
            println!("{path}: {} bytes", bytes.len());
        }
    }
    Ok(())
}
