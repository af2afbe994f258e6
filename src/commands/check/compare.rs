//! Compares a model with another one of the same kind, and reports the findings.

use std::path::Path;

use anyhow::{Context, Result};
use serde_json::json;

use super::{ComparedGroup, ComparedToken, ComparisonInfo, Finding, Findings, codes, rows};
use crate::check::compare::{
    Comparison, Difference, Group, Matching, compare, lost_neighbors, usual_error,
};
use crate::commands::Opener;
use crate::commands::model::View;
use crate::embedding::TOKEN_EMBEDDING;
use crate::model::Model;
use crate::report::Float;
use crate::rows::Rows;
use crate::text::counted;
use crate::threads;

/// Multiples of the type's usual error: above UNUSUAL a note, above WRONG a
/// problem. Tables with a few large values in each row differ more than others.
const UNUSUAL: f64 = 1.5;
const WRONG: f64 = 2.0;

/// A row whose error is above this multiple of the median is damaged.
const DAMAGED: f64 = 4.0;

/// A row with an error up to this is never damaged: rounding can cause it.
const ANY: f64 = 0.05;

/// Tables of one model have at least this median cosine, and most of their rows
/// have the same nearest row, if their types have at least BITS bits per weight.
const SAME: f64 = 0.9;
const BITS: f64 = 2.5;

/// In tables of one model, a row with a lower cosine belongs to another token.
const ANOTHER: f64 = 0.6;

/// The nearest rows of at least this many tokens are needed for a judgement.
const FEWEST_ASKED: u64 = 50;

pub(super) fn check(
    model: &Model,
    path: &Path,
    other_path: &Path,
    open: Opener,
    findings: &mut Findings,
) -> Result<Option<ComparisonInfo>> {
    let one = View::new(model, path, TOKEN_EMBEDDING)?;
    let other_model = open(other_path)?;
    let other = View::new(&other_model, other_path, TOKEN_EMBEDDING)?;
    let info = of_views(&one, &other, findings)
        .with_context(|| format!("comparing with {}", other_path.display()))?;
    Ok(info.map(|info| ComparisonInfo { other: other_path.display().to_string(), ..info }))
}

fn of_views(one: &View, other: &View, findings: &mut Findings) -> Result<Option<ComparisonInfo>> {
    let tables = [&one.table, &other.table];
    let [a, b] = tables.map(|table| table.d_model());
    if a != b {
        let message =
            format!("the tables can't be compared: d_model is {a} here and {b} in the other");
        let evidence = json!({ "d_model": a, "other_d_model": b });
        findings.push(Finding::of(&codes::OTHER_MODEL, message).evidence(evidence));
        return Ok(None);
    }
    let present = tables.map(|table| table.rows_present());
    let matching = match (one.vocab(), other.vocab()) {
        (Ok(vocab), Ok(others)) => Matching::by_text((vocab, present[0]), (others, present[1]))?,
        _ => {
            let message = "rows are compared by ID alone: one of the files says no tokens";
            findings.push(Finding::of(&codes::OTHER_BY_ID, message));
            Matching::by_id(present[0], present[1])
        }
    };
    if matching.pairs.is_empty() {
        let message = "the tables can't be compared: no token of the one is in the other";
        findings.push(Finding::of(&codes::OTHER_MODEL, message).next("these are different models"));
        return Ok(None);
    }
    tokens(one, other, &matching, findings)?;

    let formats = tables.map(|table| table.format().name);
    let [x, y] = tables.map(|table| table.format());
    let coarser = if x.bits_per_weight() < y.bits_per_weight() { x } else { y };
    let usual = usual_error(coarser.name);
    let limits = |error: f64, cosine: f64| {
        [(DAMAGED * error).max(ANY), if cosine >= SAME { ANOTHER } else { -1.0 }]
    };
    let kind = |id| rows::kind(other.vocab().ok(), id);
    let rows = tables.map(|table| table as &dyn Rows);
    let compared = compare(rows, &matching, &kind, limits, threads::available())?;
    let [lost, asked] = lost_neighbors(rows, present, &matching, threads::available())?;
    let median = compared.all.cosine;
    if coarser.bits_per_weight() >= BITS
        && (median < SAME || asked >= FEWEST_ASKED && 2 * lost > asked)
    {
        let message = format!(
            "these are not the same rows: the median cosine of a token's two rows is {median:.3}, \
             and {lost} of {asked} tokens have another nearest one"
        );
        findings.push(Finding::of(&codes::OTHER_ROWS, message).evidence(json!({
            "median_cosine": median, "neighbors_lost": lost, "neighbors_asked": asked,
        })));
    } else {
        damage(one, &compared, findings)?;
        whole(&compared, usual, formats, findings);
    }
    let group = |by| {
        move |group: &Group| ComparedGroup {
            by,
            name: group.name.clone(),
            tokens: group.tokens,
            median_cosine: Float(group.cosine),
            median_error: Float(group.error[0]),
            p99_error: Float(group.error[1]),
        }
    };
    let groups = std::iter::once(group("all")(&compared.all))
        .chain(compared.by_type.iter().map(group("type")))
        .chain(compared.by_band.iter().map(group("ids")));
    Ok(Some(ComparisonInfo {
        other: String::new(),
        other_table: other.info(),
        matched: matching.pairs.len() as u64,
        moved: matching.moved().count() as u64,
        added: matching.added.len() as u64,
        removed: matching.removed.len() as u64,
        relative_error: Float(compared.error),
        usual_error: usual.map(Float),
        groups: groups.collect(),
        worst: compared.worst.iter().map(|it| token(one, it)).collect::<Result<_>>()?,
        neighbors_asked: asked,
        neighbors_lost: lost,
    }))
}

fn token(view: &View, difference: &Difference) -> Result<ComparedToken> {
    let [id, other_id] = difference.ids.map(u64::from);
    Ok(ComparedToken {
        id,
        other_id,
        token: view.token(id)?,
        cosine: Float(difference.cosine.into()),
        relative_error: Float(difference.error.into()),
    })
}

/// Reports tokens that moved, were added or were removed.
fn tokens(one: &View, other: &View, matching: &Matching, findings: &mut Findings) -> Result<()> {
    let moved: Vec<_> = matching.moved().collect();
    if let Some([id, before]) = moved.first() {
        let n = counted(moved.len() as u64, "token");
        let message = format!("{n} moved, the first from {before} in the other to {id}");
        let ids = moved.iter().map(|[id, _]| u64::from(*id));
        findings.push(
            Finding::of(&codes::OTHER_MOVED, message)
                .evidence(json!({ "tokens": moved.len(), "first": [id, before] }))
                .rows(one, None, ids)?,
        );
    }
    for (code, view, ids, whose) in [
        (&codes::OTHER_ADDED, one, &matching.added, "the other has not"),
        (&codes::OTHER_REMOVED, other, &matching.removed, "only the other has"),
    ] {
        if !ids.is_empty() {
            let message = format!("{} that {whose}", counted(ids.len() as u64, "token"));
            let ids = ids.iter().map(|id| u64::from(*id));
            findings.push(Finding::of(code, message).rows(view, None, ids)?);
        }
    }
    Ok(())
}

/// Reports rows that differ more than rounding explains.
fn damage(one: &View, compared: &Comparison, findings: &mut Findings) -> Result<()> {
    let (damaged, limit) = compared.damaged;
    if damaged == 0 {
        return Ok(());
    }
    let worst = compared.worst.iter().take(damaged as usize);
    let worst: Vec<u64> = worst.map(|it| it.ids[0].into()).collect();
    let message = format!(
        "{damaged} of {} differ by more than {limit:.3} of their norm, or point elsewhere, where \
         half differ by {:.4} or less",
        counted(compared.all.tokens, "row"),
        compared.all.error[0]
    );
    findings.push(
        Finding::of(&codes::OTHER_DAMAGE, message)
            .evidence(json!({ "rows": damaged, "limit": limit }))
            .rows(one, Some(damaged), worst)?,
    );
    Ok(())
}

/// Compares the error of the whole table with the usual error of its type.
fn whole(compared: &Comparison, usual: Option<f64>, formats: [&str; 2], findings: &mut Findings) {
    let Some(usual) = usual else { return };
    // If both tables have the same type, training may explain the difference.
    let is_wrong = formats[0] != formats[1] && compared.error > WRONG * usual + 1e-6;
    if compared.error > UNUSUAL * usual + 1e-6 {
        let message = format!(
            "the tables differ by {:.4} of their norm; {} beside {} usually costs {usual}",
            compared.error, formats[0], formats[1]
        );
        let evidence = json!({ "relative_error": compared.error, "usual_error": usual });
        let finding = Finding::of(&codes::OTHER_ERROR, message).evidence(evidence);
        findings.push(if is_wrong { finding } else { finding.noted() });
    }
}
