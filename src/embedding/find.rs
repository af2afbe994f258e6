//! The message for a missing table: what the file seems to be, and what it has.

use super::TOKEN_EMBEDDING;
use crate::model::{Error, Model};
use crate::text;

/// The words before the list of tensors that can be used.
pub const TABLES: &str = "two-dimensional tensors";

/// A message has at most this many tensor names of this many columns.
const LISTED: usize = 8;
const COLUMNS: usize = 64;

/// At most this many tensors are compared with a misspelt name, so a file with a
/// million names costs little time.
const COMPARED: usize = 10_000;

fn shown(name: &str) -> String {
    text::clip(&text::visible(name), COLUMNS).into_owned()
}

/// The message for a tensor that a model does not have.
pub(super) fn absent(model: &Model, name: &str) -> Result<String, Error> {
    // The first few tables, then the first few weights of layers, and the number of each.
    let (mut first, mut totals) = ([Vec::new(), Vec::new()], [0; 2]);
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
            let is_layer = tensor.name.starts_with("blk.") || tensor.name.contains(".blk.");
            let kind = usize::from(is_layer);
            totals[kind] += 1;
            if first[kind].len() < LISTED {
                first[kind].push(shown(&tensor.name));
            }
        }
    }

    let mut message = format!("no tensor is named \"{name}\"");
    let kind = match name == TOKEN_EMBEDDING && model.file_count() == 1 {
        true => model.kind()?,
        false => None,
    };
    if let Some(kind) = kind {
        message += &format!("; this file seems to be {kind}");
    } else if let Some(nearest) = nearest {
        message += &format!("; did you mean \"{}\"?", shown(&nearest));
        return Ok(message);
    }
    let kind = usize::from(totals[0] == 0);
    message += &match totals[kind] {
        0 if count == 0 => "; embcli info and embcli tokens read what it has".to_owned(),
        0 => "; it has no two-dimensional tensor".to_owned(),
        total => {
            let more = match total - first[kind].len() {
                0 => String::new(),
                n => format!(" and {n} more"),
            };
            let listed = first[kind].join(", ");
            format!("; {TABLES}: {listed}{more}")
        }
    };
    Ok(message)
}
