//! Reports tokens that no text gives.

use anyhow::Result;

use super::rows::{ADDED, ORDINARY, kind};
use super::{Code, Finding, Findings, codes};
use crate::check;
use crate::commands::model::View;
use crate::model::{Fact, Model};
use crate::text::counted;
use crate::threads;
use crate::tokenizer::Tokenizer;

/// Tokenizers of which can be said which tokens they give.
const KNOWN: [&str; 3] = ["llama", "gpt2", "bert"];

/// Faults of the vocabulary that change how texts are split.
const TOKENIZER_FAULTS: &[&Code] = &[
    &codes::VOCAB_DUPLICATE,
    &codes::VOCAB_LENGTH,
    &codes::VOCAB_TYPE,
    &codes::VOCAB_FAMILY,
    &codes::VOCAB_PRE,
    &codes::VOCAB_MERGE,
];

pub(super) fn check(model: &Model, view: &View, findings: &mut Findings) -> Result<()> {
    let Ok(vocab) = view.vocab() else { return Ok(()) };
    // A tokenizer with a fault splits texts in another way than the model's own.
    if findings.any(TOKENIZER_FAULTS) {
        return Ok(());
    }
    let is_known = |name: String| KNOWN.contains(&&*name);
    if !model.text(Fact::Tokenizer)?.is_some_and(is_known) {
        return Ok(());
    }
    // Where all pieces have one score, texts are cut in another way than the model's.
    if vocab.scores()?.is_none() && model.text(Fact::Tokenizer)?.as_deref() == Some("llama") {
        return Ok(());
    }
    // `tokens --text` tells why a tokenizer can't be used.
    let Ok(tokenizer) = Tokenizer::open(model) else { return Ok(()) };
    let is_asked = |id: u64| [ORDINARY, ADDED].contains(&kind(Some(vocab), id));
    let Ok(ids) = check::unreachable(vocab, &tokenizer, &is_asked, threads::available()) else {
        return Ok(());
    };
    if !ids.is_empty() {
        let n = counted(ids.len() as u64, "token");
        let message = format!("no text gives {n}: their own text gives others");
        findings.push(Finding::of(&codes::TOKENS_UNREACHABLE, message).tokens(
            Some(vocab),
            None,
            ids,
        )?);
    }
    Ok(())
}
