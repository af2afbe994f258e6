//! Compares the numbers of rows and tokens with each other and with the metadata.

use anyhow::Result;
use serde_json::json;

use super::Findings;
use super::Severity::{Note, Problem, Unknown};
use crate::commands::model::View;
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
        findings.add(
            ("cut", Problem),
            format!("the file ends within the table: {present} of its {rows} rows are there"),
            "fetch the file again: the rest of it is missing",
            json!({ "rows": rows, "present": present }),
        );
    }
    let tokens = view.vocab().ok().map(|vocab| vocab.len());
    match (tokens, view.vocab()) {
        (Some(tokens), _) if tokens > rows => findings.add(
            ("rows", Problem),
            format!(
                "the vocabulary has {tokens} tokens and the table {rows} rows: tokens {rows} to \
                 {} have no row",
                tokens - 1
            ),
            "llama.cpp refuses such a file: take table and tokenizer from the same model",
            json!({ "rows": rows, "tokens": tokens }),
        ),
        (Some(tokens), _) if tokens < rows => findings.add(
            ("rows", Note),
            format!(
                "the table has {rows} rows and the vocabulary {tokens} tokens: rows {tokens} to \
                 {} have no token",
                rows - 1
            ),
            "padding is usual; if not so much was meant, tokens are missing",
            json!({ "rows": rows, "tokens": tokens }),
        ),
        (_, Err(reason)) => findings.add(
            ("vocabulary", Unknown),
            format!("nothing says which tokens the rows are of: {reason}"),
            "check the file that has the tokenizer",
            json!({}),
        ),
        _ => {}
    }
    let architecture = match model.text(Fact::Architecture) {
        Err(error) if error.is_missing_part() => return Ok(()),
        architecture => architecture?,
    };
    if architecture.is_some() {
        let key = |fact| clip(&visible(&model.key(fact)), 64).into_owned();
        if let Some(said) = model.whole(Fact::VocabSize)?
            && said != rows
            && Some(said) != tokens
        {
            findings.add(
                ("vocab_size", Note),
                format!("{} says {said}, the table has {rows} rows", key(Fact::VocabSize)),
                "llama.cpp counts the tokens instead; other programs may believe it",
                json!({ "vocab_size": said, "rows": rows }),
            );
        }
        if let Some(said) = model.whole(Fact::EmbeddingLength)?
            && said != table.d_model() as u64
        {
            let d_model = table.d_model();
            findings.add(
                ("embedding_length", Problem),
                format!(
                    "{} says {said}, the table's rows have {d_model}",
                    key(Fact::EmbeddingLength)
                ),
                "the table is of another model than the metadata: take both from the same one",
                json!({ "embedding_length": said, "d_model": d_model }),
            );
        }
    }
    special(model, tokens.unwrap_or(rows).min(rows), findings)
}

/// Reports special tokens whose ID is not below `n`.
fn special(model: &Model, n: u64, findings: &mut Findings) -> Result<()> {
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
            findings.add(
                ("special_token", Problem),
                format!("{key} is {id}: tokens with a row are 0 to {}", n.saturating_sub(1)),
                "set it to the token that is meant, or remove it",
                json!({ "id": id, "tokens": n }),
            );
        }
    }
    Ok(())
}
