//! The commands, one folder each.
//!
//! A command has a request (plain data that the command line, a test or another
//! program fills in), a function that computes the answer, and the looks of the
//! answer in each form. `docs/adding-a-command.md` shows how to add one.

pub mod analogy;
mod by_text;
mod candidates;
pub mod check;
pub mod decode;
mod draft;
pub mod export;
pub mod footprint;
mod frame;
mod ids;
pub mod info;
mod layout;
pub mod lookup;
pub mod map;
mod model;
pub mod models;
pub mod neighbors;
pub mod similarity;
pub mod stats;
pub mod text;
pub mod tokens;
pub mod tour;

use std::io::Read;
use std::path::Path;

use anyhow::{Context, Result, ensure};

use crate::embedding::TOKEN_EMBEDDING;
use crate::model::Model;
use crate::report::{Form, Printer};
use crate::store;

pub use candidates::Filter;
pub use frame::Frame;
pub use ids::NamedTokens;
pub use model::{InputStep, TableInfo, View};

/// Opens the model with this name. Tests open models from memory.
pub type Opener<'a> = &'a dyn Fn(&Path) -> Result<Model>;

/// How much of its models a command reads. A remote model is fetched accordingly.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reads {
    /// Only what is before the tensors.
    Header,
    /// The header, and some rows of this tensor.
    Rows(String),
    /// All rows of these tensors, as far as the model has them.
    Tables(Vec<String>),
}

impl Reads {
    /// All rows of one tensor.
    pub fn table(name: &str) -> Self {
        Self::Tables(vec![name.to_owned()])
    }
}

/// A command with its arguments.
pub trait Request: Send + Sync {
    /// How much of its models it reads.
    fn reads(&self) -> Reads {
        Reads::table(TOKEN_EMBEDDING)
    }

    /// The forms that its answer has. Empty if the answer is text for another program.
    fn forms(&self) -> &'static [Form] {
        Form::USUAL
    }

    /// The extension of a second file that this form needs beside the first.
    fn beside(&self, form: Form) -> Option<&'static str> {
        let _ = form;
        None
    }

    /// Finds the answer and prints it.
    fn answer(&self, open: Opener, out: &mut Printer) -> Result<()>;
}

/// Opens a model by its path or its name in a store.
pub fn open(name: &Path) -> Result<Model> {
    store::open(name).with_context(|| name.display().to_string())
}

/// A command reads at most this many bytes of standard input.
const MAX_STDIN: u64 = 16 << 20;

/// Reads all of standard input. `what` and `too_long` are parts of the error messages.
fn stdin(what: &str, too_long: &str) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let read = std::io::stdin().lock().take(MAX_STDIN + 1).read_to_end(&mut bytes);
    read.with_context(|| format!("reading {what} from standard input"))?;
    ensure!(
        bytes.len() as u64 <= MAX_STDIN,
        "standard input is longer than {} MiB: {too_long}",
        MAX_STDIN >> 20
    );
    Ok(bytes)
}
