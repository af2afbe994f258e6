//! What the header of a GGUF model tells in its own way.

use std::collections::HashSet;

use anyhow::{Context, Result};

use super::{Header, InfoRequest, Oddities, StrictVerdict, keys, shown, tensors};
use crate::commands::layout;
use crate::gguf::{Files, Gguf, is_tokenizer_key};
use crate::model::Model;

/// At most this many keys are compared with each other.
const COMPARED: usize = 100_000;

pub(super) fn header(
    opened: &Files,
    model: &Model,
    request: &InfoRequest,
    oddities: &mut Oddities,
) -> Result<Header> {
    let files = opened.files()?;
    let (gguf, said) = match opened.metadata() {
        Ok(gguf) => (gguf, model.clone()),
        Err(error) => {
            oddities.add(error.to_string());
            let first = files.first().copied().context("no part of the model can be read")?;
            (first, Model::from(first.clone()))
        }
    };
    if let Some(stray) = opened.stray()? {
        oddities.add(layout::stray(&stray));
    }
    oddities.extend(opened.piece().map(str::to_owned));
    let tally = tensors::tally(&files, oddities)?;
    let strict = || {
        let problem = files.iter().find_map(|gguf| gguf.strict().err());
        StrictVerdict { accepted: problem.is_none(), problem }
    };
    Ok(Header {
        said,
        tally,
        has_tokenizer: has_tokenizer(gguf, oddities)?,
        format: "GGUF",
        file_type: oddities.unless(gguf.file_type()),
        basename: gguf.basename().ok().flatten(),
        n_keys: gguf.key_count(),
        version: Some(gguf.version()),
        alignment: Some(gguf.alignment()),
        bytes: gguf.header_len(),
        strict: request.strict.then(strict),
        keys: request.keys.then(|| keys::list(gguf, oddities)).transpose()?,
    })
}

/// Whether a key is about a tokenizer. Reports keys with one name.
fn has_tokenizer(gguf: &Gguf, oddities: &mut Oddities) -> Result<bool> {
    let mut seen = HashSet::new();
    let mut any = false;
    for entry in gguf.entries() {
        let entry = entry?;
        let Ok(key) = std::str::from_utf8(&entry.key) else {
            oddities.add("a metadata key is not UTF-8".to_owned());
            continue;
        };
        if seen.len() < COMPARED && !seen.insert(entry.key.clone()) {
            oddities.add(format!("two metadata keys are named \"{}\"", shown(key)));
        }
        any |= is_tokenizer_key(key);
    }
    Ok(any)
}
