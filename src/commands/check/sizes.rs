//! Compares the numbers of rows and tokens with each other and with the metadata.

use anyhow::Result;
use serde_json::json;

use super::codes;
use super::{Finding, Findings};
use crate::commands::model::{PER_TOKEN, View, is_draft, is_transposed, transposed, width};
use crate::gguf::{Files, is_known_architecture};
use crate::model::{Fact, Model};
use crate::text::{clip, visible};

/// The ID that some files use for a missing special token.
const NO_TOKEN: u64 = u32::MAX as u64;

/// At most this many special tokens get their own finding.
const TOLD: usize = 16;

pub(super) fn check(model: &Model, view: &View, findings: &mut Findings) -> Result<()> {
    let table = &view.table;
    let (rows, present) = (table.n_vocab(), table.rows_present());
    if present < rows {
        let message =
            format!("the file ends within the table: {present} of its {rows} rows are there");
        let evidence = json!({ "rows": rows, "present": present });
        findings.push(Finding::of(&codes::FILE_CUT, message).table(view).evidence(evidence));
    }
    let tokens = view.vocab().ok().map(|vocab| vocab.len());
    let count = |message: String| {
        let evidence = json!({ "rows": rows, "tokens": tokens });
        Finding::of(&codes::ROWS_COUNT, message).table(view).evidence(evidence)
    };
    match (tokens, view.vocab()) {
        (Some(tokens), _) if tokens > rows => {
            let finding = count(format!(
                "the vocabulary has {tokens} tokens and the table {rows} rows: tokens {rows} to \
                 {} have no row",
                tokens - 1
            ));
            findings.push(match is_draft(model) {
                true => {
                    finding.noted().next("a draft model may have rows for a part of the tokens")
                }
                false => finding,
            });
        }
        (Some(tokens), _) if tokens < rows => {
            let finding = count(format!(
                "the table has {rows} rows and the vocabulary {tokens} tokens: rows {tokens} to \
                 {} have no token",
                rows - 1
            ));
            findings.push(match may_be_padded(model)? {
                true => finding
                    .noted()
                    .next("padding is usual; if not so much was meant, tokens are missing"),
                false => finding.next(
                    "llama.cpp refuses such a file: name the rows of padding in the vocabulary",
                ),
            });
        }
        (_, Err(reason)) if view.labels().is_err() => {
            let message = format!("nothing says which tokens the rows are of: {reason}");
            let finding = Finding::of(&codes::VOCAB_MISSING, message);
            findings.push(match PER_TOKEN.contains(&view.table.usual_name()) {
                true => finding,
                false => {
                    finding.next("nothing, if they are of something else: values were checked")
                }
            });
        }
        _ => {}
    }
    Ok(())
}

/// Whether a table may have more rows than the vocabulary has tokens. llama.cpp
/// compares every dimension of a GGUF; its converter names the rows of padding.
fn may_be_padded(model: &Model) -> Result<bool> {
    let has_none = model.text(Fact::Tokenizer)?.is_some_and(|name| name == "no_vocab");
    Ok(has_none || is_draft(model) || model.as_format::<Files>().is_none())
}

/// Reports a table that is written the other way round, the rows of which are not
/// judged. Returns whether it is.
pub(super) fn turned(model: &Model, view: &View, findings: &mut Findings) -> Result<bool> {
    let shape = [view.table.n_vocab(), view.table.d_model() as u64];
    let tokens = view.vocab().ok().map(|vocab| vocab.len());
    let is_turned = match is_transposed(model, shape, tokens) {
        Err(error) if error.is_missing_part() => false,
        found => found?,
    };
    if is_turned {
        let evidence = json!({ "shape": shape, "tokens": tokens });
        let finding = Finding::of(&codes::META_TRANSPOSED, transposed(shape));
        findings.push(finding.table(view).evidence(evidence));
    }
    Ok(is_turned)
}

/// Compares the table with the metadata.
pub(super) fn metadata(model: &Model, view: &View, findings: &mut Findings) -> Result<()> {
    let table = &view.table;
    let rows = table.n_vocab();
    let tokens = view.vocab().ok().map(|vocab| vocab.len());
    let architecture = match model.text(Fact::Architecture) {
        Err(error) if error.is_missing_part() => return Ok(()),
        architecture => architecture?,
    };
    let shape = [rows, table.d_model() as u64];
    if is_transposed(model, shape, tokens)? {
        return special(model, tokens.unwrap_or(shape[1]), findings);
    }
    if let Some(architecture) = &architecture {
        let is_known = is_known_architecture(architecture);
        if !is_known {
            let shown = clip(&visible(architecture), 64).into_owned();
            let message = format!(
                "llama.cpp does not know the architecture \"{shown}\": how wide its rows should be \
                 is not judged"
            );
            findings.push(Finding::of(&codes::META_ARCHITECTURE, message));
        }
        let key = |fact| clip(&visible(&model.key(fact)), 64).into_owned();
        if let Some(said) = model.whole(Fact::VocabSize)?
            && said != rows
            && Some(said) != tokens
        {
            let message =
                format!("{} says {said}, the table has {rows} rows", key(Fact::VocabSize));
            let evidence = json!({ "vocab_size": said, "rows": rows });
            findings.push(Finding::of(&codes::META_VOCAB_SIZE, message).evidence(evidence));
        }
        let width = width(model);
        if let Some(said) = model.whole(width)?
            && said != table.d_model() as u64
            && is_known
        {
            let d_model = table.d_model();
            let key = key(width);
            let message = format!("{key} says {said}, the table's rows have {d_model}");
            let evidence = json!({ "embedding_length": said, "d_model": d_model });
            let finding = Finding::of(&codes::META_WIDTH, message);
            findings.push(finding.table(view).evidence(evidence));
        }
    }
    special(model, tokens.unwrap_or(rows).min(rows), findings)
}

/// Reports special tokens whose ID is not below `n`.
pub(super) fn special(model: &Model, n: u64, findings: &mut Findings) -> Result<()> {
    let mut told = 0;
    for token in model.special_tokens() {
        // `info` reports values that are not IDs, and duplicate keys.
        let token = token?;
        if let Some(id) = token.id.and_then(|id| i64::try_from(id).ok())
            && id != -1
            && id.unsigned_abs() != NO_TOKEN
            && !(0..n as i64).contains(&id)
            && told < TOLD
        {
            told += 1;
            let key = clip(&visible(&token.key), 64).into_owned();
            let last = n.saturating_sub(1);
            let message = format!("{key} is {id}: tokens with a row are 0 to {last}");
            let evidence = json!({ "id": id, "tokens": n });
            findings.push(Finding::of(&codes::META_SPECIAL, message).evidence(evidence));
        }
    }
    Ok(())
}
