//! The message for a missing table: what the file seems to be, and what it has.

use super::TOKEN_EMBEDDING;
use crate::model::{Error, Model};
use crate::text;

/// At most this many tensor names are in one message, and this many columns of
/// each.
const LISTED: usize = 8;
const COLUMNS: usize = 64;

/// At most this many tensors are compared with a misspelt name, so a file with a
/// million names costs little time.
const COMPARED: usize = 10_000;

/// Names of one kind: their number, and the first few.
#[derive(Default)]
struct Names {
    first: Vec<String>,
    total: usize,
}

impl Names {
    fn add(&mut self, name: &str) {
        self.total += 1;
        if self.first.len() < LISTED {
            self.first.push(shown(name));
        }
    }
}

fn shown(name: &str) -> String {
    text::clip(&text::visible(name), COLUMNS).into_owned()
}

/// The message for a tensor that a model does not have.
pub(super) fn absent(model: &Model, name: &str) -> Result<String, Error> {
    let mut tables = Names::default();
    let mut layers = Names::default();
    let mut nearest: Option<String> = None;
    let mut count = 0;
    for tensor in model.tensors()? {
        let tensor = tensor?;
        count += 1;
        if count <= COMPARED {
            // Compare the closest name so far with this one.
            let so_far = nearest.as_deref().into_iter();
            nearest = text::nearest(name, so_far.chain([&*tensor.name])).map(str::to_owned);
        }
        if tensor.matrix().is_some() {
            // List tables first, not the weights of each layer.
            let is_layer = tensor.name.starts_with("blk.") || tensor.name.contains(".blk.");
            if is_layer { &mut layers } else { &mut tables }.add(&tensor.name);
        }
    }

    let mut message = format!("no tensor is named \"{name}\"");
    if let Some(nearest) = nearest {
        message += &format!("; did you mean \"{}\"?", shown(&nearest));
        return Ok(message);
    }
    if name == TOKEN_EMBEDDING
        && model.file_count() == 1
        && let Some(kind) = model.kind()?
    {
        message += &format!("; this file seems to be {kind}");
    }
    let names = if tables.total > 0 { tables } else { layers };
    message += &match names.total {
        0 if count == 0 => "; embcli info and embcli tokens read what it has".to_owned(),
        0 => "; it has no two-dimensional tensor".to_owned(),
        total => {
            let more = match total - names.first.len() {
                0 => String::new(),
                n => format!(" and {n} more"),
            };
            let listed = names.first.join(", ");
            format!("; two-dimensional tensors (--tensor NAME): {listed}{more}")
        }
    };
    Ok(message)
}
