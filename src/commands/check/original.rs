//! Compares a GGUF with the checkpoint that it was made from: rows byte for byte (by
//! `check::copy`), and the metadata with `config.json`.
//!
//! What converters change on purpose is no fault: tokens that fill the table are named
//! after their IDs, rows past the vocabulary are dropped or added as zeros, and the tables
//! of some models are multiplied by a factor of their configuration.

use anyhow::Result;
use serde_json::json;

use super::compare::Side;
use super::rows::same;
use super::{CopyInfo, Finding, Findings, codes, finding};
use crate::check::compare::Matching;
use crate::check::copy::{Copied, copied};
use crate::commands::model::{HEAD, View, width};
use crate::embedding::Table;
use crate::gguf::Files;
use crate::model::{Fact, Model};
use crate::report::Float;
use crate::rows::Reader;
use crate::safetensors::Checkpoint;
use crate::text::{counted, grouped};
use crate::threads;
use crate::vocab::Vocab;

/// How many rows of other tokens are told with these tokens.
const TOLD: usize = 4;

/// Whether the one is a GGUF and the other a checkpoint.
pub(super) fn is_copy(this: &Side<'_>, that: &Side<'_>) -> bool {
    this.model.as_format::<Files>().is_some() && that.model.as_format::<Checkpoint>().is_some()
}

/// Tokens of the copy that converters name after their IDs, `[PAD7]`, where the original
/// has a row and no token.
pub(super) fn fillers(
    vocab: &Vocab,
    others: &Vocab,
    rows: u64,
    matching: &Matching,
) -> Result<Vec<u32>> {
    let mut fillers = Vec::new();
    for id in matching.added.iter().copied() {
        let at = u64::from(id);
        if at >= others.len() && at < rows && vocab.stored(at)? == Some(format!("[PAD{id}]").into())
        {
            fillers.push(id);
        }
    }
    Ok(fillers)
}

/// Judges the rows of both tables, and what is beside them. The findings count only if
/// the one is a copy of a checkpoint: two versions of a model may differ.
pub(super) fn judge(
    this: &Side<'_>,
    that: &Side<'_>,
    matching: &Matching,
    is_copy: bool,
    findings: &mut Findings,
) -> Result<Vec<CopyInfo>> {
    let mut copies = Vec::new();
    let mut unused = Findings::default();
    let findings = if is_copy { findings } else { &mut unused };
    let checkpoint = that.model.as_format::<Checkpoint>();
    let factor = checkpoint.and_then(|it| it.config().factor());
    copies.extend(rows(&this.view, &that.view.table, matching, factor, findings)?);
    if is_copy {
        left(this, that, matching, findings)?;
        config(this, that, findings)?;
        copies.extend(head(this, that, matching, findings)?);
    }
    Ok(copies)
}

/// Judges the rows of one table.
fn rows(
    view: &View,
    original: &Table,
    matching: &Matching,
    factor: Option<f32>,
    findings: &mut Findings,
) -> Result<Option<CopyInfo>> {
    let (format, name) = (view.table.format(), view.table.name());
    if !original.format().is_float() {
        let message = format!("the original's rows are {}, which are no floats", original.format());
        findings.push(Finding::of(&codes::COPY_UNJUDGED, message).table(view));
        return Ok(None);
    }
    let present = [view.table.rows_present(), original.rows_present()];
    let is_there = |pair: &&[u32; 2]| (0..2).all(|i| u64::from(pair[i]) < present[i]);
    let pairs: Vec<[u32; 2]> = matching.pairs.iter().filter(is_there).copied().collect();
    let threads = threads::available();
    let Some(found) = copied(&view.table, original, &pairs, factor, threads)? else {
        let message = format!("ggml's quantiser of {format} is not known here");
        findings.push(Finding::of(&codes::COPY_UNJUDGED, message).table(view));
        return Ok(None);
    };
    let n = pairs.len() as u64;
    let Copied { way, exact, tied, near, different, .. } = &found;
    if !different.is_empty() {
        let ids = different.iter().map(|odd| u64::from(odd.ids[0]));
        let finding = Finding::of(&codes::COPY_ROWS, told(view, &found, n)?);
        let of_others: Vec<_> =
            different.iter().filter_map(|odd| Some([odd.ids[0], odd.is_of?])).collect();
        let worst = different[0].error;
        let evidence = json!({
            "rows": n, "different": different.len(), "largest_error": worst,
            "rows_of_others": of_others,
        });
        findings.push(finding.evidence(evidence).rows(view, None, ids)?);
    }
    if !near.is_empty() {
        let scaled = near.len() as u64;
        let message = format!(
            "{} of {} {} other scales than ggml's reference finds, and each value is the nearest \
             by them",
            grouped(scaled.into()),
            counted(n, "row"),
            if scaled == 1 { "has" } else { "have" },
        );
        let ids = near.iter().map(|ids| u64::from(ids[0]));
        let finding = Finding::of(&codes::COPY_SCALES, message).rows(view, None, ids)?;
        findings.push(match found.has_few_scales() {
            true => {
                finding.serious().next("a quantiser does that to more rows: these were changed")
            }
            false => finding,
        });
    }
    Ok(Some(CopyInfo {
        tensor: name.to_owned(),
        through: way.through,
        factor: way.factor.map(Float),
        rows: n,
        exact: *exact,
        tied: *tied,
        scaled: near.len() as u64,
        different: different.len() as u64,
    }))
}

/// The sentence about rows that are not the original's.
fn told(view: &View, found: &Copied, n: u64) -> Result<String> {
    let different = found.different.len();
    let mut message = format!(
        "{} of {} {} not what {} makes of the original's",
        grouped(different as u128),
        counted(n, "row"),
        if different == 1 { "is" } else { "are" },
        view.table.format(),
    );
    let mut others = found.different.iter().filter_map(|odd| Some((odd.ids[0], odd.is_of?)));
    let named: Vec<String> = others
        .by_ref()
        .take(TOLD)
        .map(|(id, of)| {
            let of = finding::named(view, of.into())?;
            Ok(format!("{id} has the row of {of}"))
        })
        .collect::<Result<_>>()?;
    if !named.is_empty() {
        let more = match others.count() {
            0 => String::new(),
            more => format!(", and {more} more are of others"),
        };
        message += &format!(" ({}{more})", named.join(", "));
    }
    Ok(message)
}

/// Reports rows that only one of them has.
fn left(
    this: &Side<'_>,
    that: &Side<'_>,
    matching: &Matching,
    findings: &mut Findings,
) -> Result<()> {
    let [here, there] = [&this.view.table, &that.view.table].map(Table::rows_present);
    let mut reader = Reader::new(&this.view.table);
    let mut strange = Vec::new();
    let untold = matching.added.iter().map(|id| u64::from(*id));
    let tokens = this.view.vocab().map_or(here, Vocab::len);
    for id in untold.chain(tokens.max(there)..here) {
        if id < here && reader.read(id..id + 1)?.iter().any(|x| *x != 0.0) {
            strange.push(id);
        }
    }
    if !strange.is_empty() {
        let n = counted(strange.len() as u64, "row");
        let message = format!("{n} of tokens that the original has not, and not of zeros");
        let finding = Finding::of(&codes::COPY_ADDED, message);
        findings.push(finding.rows(&this.view, None, strange)?);
    }
    if here < there {
        let message = format!(
            "the original has {}, this table {}: rows {here} to {} were left out",
            counted(there, "row"),
            grouped(here.into()),
            there - 1
        );
        findings.push(Finding::of(&codes::COPY_LEFT, message).table(&this.view));
    }
    Ok(())
}

/// Compares the metadata with `config.json`.
fn config(this: &Side<'_>, that: &Side<'_>, findings: &mut Findings) -> Result<()> {
    // Converters may count the tokens of the tokenizer, or the rows.
    let counts = [&this.view, &that.view]
        .map(|view| [Some(view.table.n_vocab()), view.vocab().ok().map(Vocab::len)]);
    for (here, there, may_be) in [
        (width(this.model), Fact::EmbeddingLength, &[][..]),
        (Fact::VocabSize, Fact::VocabSize, counts.as_flattened()),
    ] {
        if let (Some(is), Some(should)) = (this.model.whole(here)?, that.model.whole(there)?)
            && is != should
            && !may_be.contains(&Some(is))
        {
            let [key, original] = [this.model.key(here), that.model.key(there)];
            let message = format!("{key} is {is}, and {original} of config.json is {should}");
            findings.push(Finding::of(&codes::COPY_CONFIG, message));
        }
    }
    Ok(())
}

/// Judges the output head. A tied original has the rows of its table there.
fn head(
    this: &Side<'_>,
    that: &Side<'_>,
    matching: &Matching,
    findings: &mut Findings,
) -> Result<Option<CopyInfo>> {
    // `check` tells elsewhere why a head can't be read.
    let of = |model: &Model| Table::open(model, HEAD).ok();
    match (of(this.model), of(that.model)) {
        (Some(_), original) => {
            let Ok(view) = View::of(this.model, HEAD) else { return Ok(None) };
            let original = original.as_ref().unwrap_or(&that.view.table);
            rows(&view, original, matching, None, findings)
        }
        (None, Some(original)) => {
            if this.model.missing().is_empty() && !same(&original, &that.view.table)? {
                let message = format!(
                    "the original's output head is {}, and this file has none: its table would be \
                     used in place of it",
                    original.name()
                );
                findings.push(Finding::of(&codes::COPY_CONFIG, message));
            }
            Ok(None)
        }
        (None, None) => Ok(None),
    }
}
