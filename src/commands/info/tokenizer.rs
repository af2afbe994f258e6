//! The vocabulary's facts: its family, its size, the tokens that keys name.

use std::collections::HashSet;

use anyhow::Result;

use super::answer::{SpecialToken, TokenizerInfo};
use super::{Oddities, shown};
use crate::gguf::{Gguf, MetadataValue};
use crate::vocab::Vocab;

/// At most this many special tokens are listed: there are about fifteen such keys.
const MOST: usize = 64;

/// At most this many keys are compared with each other.
const COMPARED: usize = 100_000;

pub(super) fn of(gguf: &Gguf, oddities: &mut Oddities) -> Result<Option<TokenizerInfo>> {
    let mut seen = HashSet::new();
    let mut ids = Vec::new();
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
        let Some(name) = key.strip_prefix("tokenizer.ggml.") else { continue };
        any = true;
        let Some(name) = name.strip_suffix("_token_id") else { continue };
        if ids.len() < MOST
            && let Ok(value) = gguf.decode(&entry)
        {
            let id = value.as_u64().or_else(|| value.as_i64()?.try_into().ok());
            match id {
                Some(id) => ids.push((short(name).to_owned(), id)),
                None => oddities.add(format!("\"{}\" is no token ID", shown(key))),
            }
        }
    }
    if !any {
        return Ok(None);
    }
    let vocab = match Vocab::open(gguf) {
        Ok(vocab) => vocab.ok(),
        Err(error) => {
            oddities.add(error.to_string());
            None
        }
    };
    let mut special = Vec::new();
    for (name, id) in ids {
        let token = match &vocab {
            Some(vocab) => vocab.token(id)?,
            None => None,
        };
        if let (None, Some(vocab)) = (&token, &vocab) {
            oddities.add(format!(
                "{} is token {id}, and the vocabulary has {} tokens",
                shown(&name),
                vocab.len()
            ));
        }
        special.push(SpecialToken { name, id, token: token.into() });
    }
    let mut flag = |key: &str| match oddities.unless(gguf.value(key)) {
        Some(MetadataValue::Bool(value)) => Some(value),
        _ => None,
    };
    Ok(Some(TokenizerInfo {
        add_bos: flag("tokenizer.ggml.add_bos_token"),
        add_eos: flag("tokenizer.ggml.add_eos_token"),
        model: oddities.unless(gguf.text("tokenizer.ggml.model")),
        pre: oddities.unless(gguf.text("tokenizer.ggml.pre")),
        n_tokens: vocab.as_ref().map(Vocab::len),
        special,
    }))
}

/// What people call a token whose key is longer (or misspelt, as llama.cpp's
/// own is).
fn short(name: &str) -> &str {
    match name {
        "unknown" => "unk",
        "seperator" | "separator" => "sep",
        "padding" => "pad",
        other => other,
    }
}
