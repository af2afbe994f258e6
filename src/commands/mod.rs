//! What can be asked of a model: a folder for each command.
//!
//! A command is a request, plain data that anyone may fill in (the command line
//! in [`crate::cli`], a test, another program), what it computes, and how its
//! answer looks in each form. `docs/adding-a-command.md` shows how to add one.

mod by_text;
pub mod check;
pub mod footprint;
mod ids;
pub mod info;
pub mod lookup;
mod model;
pub mod models;
pub mod neighbors;
mod steps;
pub mod text;
pub mod tokens;
pub mod tour;

use std::io::Read;
use std::path::Path;

use anyhow::{Context, Result, ensure};

use crate::model::Model;
use crate::report::{Form, Printer};
use crate::store;

pub use ids::NamedTokens;
pub use model::TableInfo;
pub use steps::InputStep;

/// How a command comes by the model that it was given the name of.
pub type Opener<'a> = &'a dyn Fn(&Path) -> Result<Model>;

/// A command to carry out.
pub trait Request: Send + Sync {
    /// The forms that its answer has; none where it is text for another program.
    fn forms(&self) -> &'static [Form] {
        Form::USUAL
    }

    /// Finds the answer and prints it.
    ///
    /// # Errors
    /// Those of the model and of the output.
    fn answer(&self, open: Opener, out: &mut Printer) -> Result<()>;
}

/// Opens the model that an argument names, a path or a name in a store.
///
/// # Errors
/// Where there is none; they name it.
pub fn open(name: &Path) -> Result<Model> {
    store::open(name).with_context(|| name.display().to_string())
}

/// At most this many bytes of standard input are read.
const MAX_STDIN: u64 = 16 << 20;

/// All of standard input: `what`, and what to say where it is too long.
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
