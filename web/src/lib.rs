//! The commands of embcli for a page: a Worker opens a model and asks, all in JSON.
//!
//! | file | what it knows |
//! |---|---|
//! | `host` | what the Worker does for us: bytes of files, a clock, progress |
//! | `files` | the files that a person chose, as a source and as a folder |
//! | `asked` | requests, as JSON |
//! | `one_hot` | one-hot vectors times the table |
//! | `written` | answers as JSON and Markdown |
//!
//! Every answer is that of the program: the same JSON, the same Markdown, the same errors.
//! A panic ends the module; the Worker tells its message and is replaced.

mod asked;
mod files;
mod host;
mod one_hot;
mod written;

use std::cell::RefCell;
use std::path::Path;

use anyhow::{Context, Result, bail};
use embcli::Model;
use embcli::commands::{Opener, tour};
use embcli::report::{TokenText, watch_progress};
use embcli::store::toy;
use embcli::text::{harmless, visible_bytes};
use wasm_bindgen::prelude::*;

use asked::Asked;

thread_local! {
    /// The model that was opened last, and its name.
    static OPENED: RefCell<Option<(String, Model)>> = const { RefCell::new(None) };
}

/// Gets ready: to be called once, before anything else.
#[wasm_bindgen]
pub fn start() {
    std::panic::set_hook(Box::new(|panic| host::panicked(&panic.to_string())));
    tour::measure_by(host::microseconds);
    watch_progress(|what, done, total| host::progress(what, done as f64, total as f64));
}

/// Opens a file that the Worker has, by its name. It is the model of this name from then on.
#[wasm_bindgen]
pub fn open(name: &str) -> Result<(), String> {
    let model = files::open(name).with_context(|| name.to_owned()).map_err(told)?;
    OPENED.with_borrow_mut(|opened| *opened = Some((name.to_owned(), model)));
    Ok(())
}

/// The answer to a request: JSON, or Markdown or a page where only that is asked for.
#[wasm_bindgen]
pub fn answer(request: &str) -> Result<String, String> {
    let asked: Asked = serde_json::from_str(request).map_err(|error| error.to_string())?;
    let model = |name: &Path| model(name).with_context(|| name.display().to_string());
    let open: Opener = &model;
    asked.answer(open).map_err(told)
}

/// The text of a token as the program shows it: without quotes, and what acts on a text or is
/// invisible as an escape. `hex` has the bytes of a token that is no text.
#[wasm_bindgen]
pub fn shown(token: Option<String>, hex: Option<String>) -> String {
    let text = TokenText { token, token_hex: hex };
    visible_bytes(&text.bytes()).into_owned()
}

/// The model with this name: the one that was opened, or the built-in words.
fn model(name: &Path) -> Result<Model> {
    let opened = OPENED.with_borrow(|opened| match opened {
        Some((own, model)) if Path::new(own) == name => Some(model.clone()),
        _ => None,
    });
    match opened {
        Some(model) => Ok(model),
        None if name == Path::new(toy::WORDS) => Ok(toy::words()?),
        None => bail!("this page has not opened such a file"),
    }
}

/// An error as the program tells it.
fn told(error: anyhow::Error) -> String {
    harmless(&format!("{error:#}")).into_owned()
}
