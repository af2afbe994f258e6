//! Compares two versions of one model (by `check::compare`), and reports the findings.

use std::path::Path;

use anyhow::{Context, Result};
use serde_json::json;

use super::{
    ComparedGroup, ComparedToken, ComparisonInfo, Finding, Findings, Severity, codes, original,
    rows, vocabularies,
};
use crate::check::compare::{
    Comparison, Difference, Group, Matching, compare, lost_neighbors, retexted, usual_error,
};
use crate::commands::Opener;
use crate::commands::model::View;
use crate::embedding::TOKEN_EMBEDDING;
use crate::model::{Error, Model};
use crate::report::Float;
use crate::report::number::rounded;
use crate::rows::Rows;
use crate::text::{counted, grouped};
use crate::threads;
use crate::vocab::Vocab;

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
    let other_model = open(other_path)?;
    let has_table = |model: &Model| Ok::<_, Error>(model.tensor(TOKEN_EMBEDDING)?.is_some());
    let info = match [has_table(model)?, has_table(&other_model)?] {
        [true, true] => {
            let one = View::new(model, path, TOKEN_EMBEDDING)?;
            let other = View::new(&other_model, other_path, TOKEN_EMBEDDING)?;
            let one = Side { model, view: one };
            let other = Side { model: &other_model, view: other };
            of_views(&one, &other, findings)
        }
        tables => {
            let which = if tables[0] { "the other file" } else { "this file" };
            let message = format!("{which} has no table: the vocabularies alone are compared");
            findings.push(Finding::of(&codes::OTHER_NO_TABLE, message));
            let one = Vocab::open(model).with_context(|| path.display().to_string())?;
            let other =
                Vocab::open(&other_model).with_context(|| other_path.display().to_string())?;
            vocabularies::alone(&one, &other, findings).map(|()| None)
        }
    };
    let info = info.with_context(|| format!("comparing with {}", other_path.display()))?;
    Ok(info.map(|info| ComparisonInfo { other: other_path.display().to_string(), ..info }))
}

/// A model and its table.
pub(super) struct Side<'a> {
    pub model: &'a Model,
    pub view: View,
}

fn of_views(
    this: &Side<'_>,
    that: &Side<'_>,
    findings: &mut Findings,
) -> Result<Option<ComparisonInfo>> {
    let (one, other) = (&this.view, &that.view);
    let is_copy = original::is_copy(this, that);
    let tables = [&one.table, &other.table];
    let [a, b] = tables.map(|table| table.d_model());
    if a != b {
        let message =
            format!("the tables can't be compared: d_model is {a} here and {b} in the other");
        let evidence = json!({ "d_model": a, "other_d_model": b });
        findings.push(Finding::of(&codes::OTHER_MODEL, message).evidence(evidence));
        if let (Ok(vocab), Ok(others)) = (one.vocab(), other.vocab()) {
            vocabularies::alone(vocab, others, findings)?;
        }
        return Ok(None);
    }
    let present = tables.map(|table| table.rows_present());
    let rows = tables.map(|table| table as &dyn Rows);
    let matching = match (one.vocab(), other.vocab()) {
        (Ok(vocab), Ok(others)) => {
            let mut matching = Matching::by_text((vocab, present[0]), (others, present[1]))?;
            if !matching.pairs.is_empty() {
                let retexted = retexted(rows, present[0].min(present[1]), &matching)?;
                vocabularies::texts([vocab, others], &retexted, is_copy, findings)?;
                matching.by_their_ids(&retexted);
                if is_copy {
                    let fillers = original::fillers(vocab, others, present[1], &matching)?;
                    matching.by_their_ids(&fillers);
                }
                vocabularies::beside([vocab, others], &matching, is_copy, findings)?;
            }
            matching
        }
        _ => {
            let message = "rows are compared by ID alone: one of the files has no tokens";
            findings.push(Finding::of(&codes::OTHER_BY_ID, message));
            Matching::by_id(present[0], present[1])
        }
    };
    if matching.pairs.is_empty() {
        let message = "the tables can't be compared: no token of the one is in the other";
        findings.push(Finding::of(&codes::OTHER_MODEL, message).next("these are different models"));
        return Ok(None);
    }
    tokens(one, other, &matching, is_copy, findings)?;
    let copies = original::judge(this, that, &matching, is_copy, findings)?;

    let formats = tables.map(|table| table.format().name);
    let [x, y] = tables.map(|table| table.format());
    let coarser = if x.bits_per_weight() < y.bits_per_weight() { x } else { y };
    let usual = usual_error(coarser.name);
    let limits = |error: f64, cosine: f64| {
        [(DAMAGED * error).max(ANY), if cosine >= SAME { ANOTHER } else { -1.0 }]
    };
    let kind = |id| rows::kind(other.vocab().ok(), id);
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
    } else if let Some(factor) = factor(&compared, usual) {
        let message = format!(
            "all rows are those of the other file times {}, with a cosine of {median:.4}",
            rounded(factor)
        );
        let evidence = json!({ "factor": factor, "median_cosine": median });
        findings.push(Finding::of(&codes::OTHER_FACTOR, message).evidence(evidence).table(one));
    } else if copies.is_empty() || !is_copy {
        damage(one, &compared, findings)?;
        let is_told = whole(&compared, usual, formats, findings);
        if formats[0] == formats[1] && !is_told {
            changed(one, &compared, usual, findings)?;
        }
    }
    let is_identical = x.id == y.id && rows::same(&one.table, &other.table)?;
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
        is_identical,
        worst: compared.worst.iter().map(|it| token(one, it)).collect::<Result<_>>()?,
        neighbors_asked: asked,
        neighbors_lost: lost,
        copies,
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

/// Reports tokens that moved, were added or were removed. A converter does none of that,
/// but for tokens that it adds to fill the table.
fn tokens(
    one: &View,
    other: &View,
    matching: &Matching,
    is_copy: bool,
    findings: &mut Findings,
) -> Result<()> {
    let moved: Vec<_> = matching.moved().collect();
    if let Some([id, before]) = moved.first() {
        let n = counted(moved.len() as u64, "token");
        let message = format!("{n} moved, the first from {before} in the other to {id}");
        let ids = moved.iter().map(|[id, _]| u64::from(*id));
        let finding = Finding::of(&codes::OTHER_MOVED, message)
            .evidence(json!({ "tokens": moved.len(), "first": [id, before] }))
            .rows(one, None, ids)?;
        findings.push(if is_copy { finding.serious() } else { finding });
    }
    for (code, view, ids, whose) in [
        (&codes::OTHER_ADDED, one, &matching.added, "the other has not"),
        (&codes::OTHER_REMOVED, other, &matching.removed, "only the other has"),
    ] {
        if !ids.is_empty() {
            let mut message = format!("{} that {whose}", counted(ids.len() as u64, "token"));
            let ids: Vec<u64> = ids.iter().map(|id| u64::from(*id)).collect();
            let mut severity = Severity::Note;
            for (odd, worst, n) in odd_rows(view, &ids)? {
                severity = severity.min(worst);
                message += &format!("; {n} of them: {odd}");
            }
            if is_copy && code == &codes::OTHER_REMOVED {
                severity = Severity::Problem;
            }
            let finding = Finding::of(code, message).rows(view, None, ids)?;
            findings.push(Finding { severity, ..finding });
        }
    }
    Ok(())
}

/// What a table by itself tells of some of its rows: codes, severities, and how many
/// of the rows.
fn odd_rows(view: &View, ids: &[u64]) -> Result<Vec<(&'static str, Severity, usize)>> {
    let mut own = Findings::default();
    rows::check(view, &mut own)?;
    let of = |finding: Finding| {
        let about = finding.about?;
        let n = about.ids.iter().filter(|id| ids.binary_search(id).is_ok()).count();
        (n > 0).then_some((finding.code, finding.severity, n))
    };
    Ok(own.finish(&[]).1.into_iter().filter_map(of).collect())
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

/// Compares the error of the whole table with the usual error of its type. Returns
/// whether it reported a finding.
fn whole(
    compared: &Comparison,
    usual: Option<f64>,
    formats: [&str; 2],
    findings: &mut Findings,
) -> bool {
    let Some(usual) = usual else { return false };
    let is_unusual = compared.error > UNUSUAL * usual + 1e-6;
    // Few rows can be far off; the whole table is if most rows are.
    if is_unusual && 2 * compared.changed.len() as u64 > compared.all.tokens {
        let message = format!(
            "the tables differ by {:.4} of their norm; {} beside {} usually costs {usual}",
            compared.error, formats[0], formats[1]
        );
        let evidence = json!({ "relative_error": compared.error, "usual_error": usual });
        let finding = Finding::of(&codes::OTHER_ERROR, message).evidence(evidence);
        let is_wrong = compared.error > WRONG * usual + 1e-6;
        findings.push(if is_wrong { finding } else { finding.noted() });
        return true;
    }
    false
}

/// The factor between two tables, if one factor explains their difference.
fn factor(compared: &Comparison, usual: Option<f64>) -> Option<f64> {
    let usual = usual?;
    let [low, median, high] = compared.factors;
    let rounding = WRONG * usual + 1e-4;
    let is_common = high - low < 2.0 * rounding * median.abs() && compared.residual < rounding;
    (is_common && (median - 1.0).abs() > 2.0 * rounding).then_some(median)
}

/// Reports rows that are not the same in two tables of one type.
fn changed(
    one: &View,
    compared: &Comparison,
    usual: Option<f64>,
    findings: &mut Findings,
) -> Result<()> {
    let changed = &compared.changed;
    if changed.is_empty() || changed.len() as u64 == compared.damaged.0 {
        return Ok(());
    }
    let worst = compared.worst.first().map_or(0.0, |it| f64::from(it.error));
    let message = format!(
        "{} of {} not the same in both files, though both have one type; they differ by at most \
         {} of their norm",
        grouped(changed.len() as u128),
        counted(compared.all.tokens, "row"),
        rounded(worst)
    );
    let finding = Finding::of(&codes::OTHER_CHANGED, message)
        .evidence(json!({ "rows": changed.len(), "largest_error": worst }))
        .rows(one, None, changed.iter().map(|id| u64::from(*id)))?;
    let is_rounding = usual.is_some_and(|usual| worst <= usual);
    findings.push(if is_rounding { finding.noted() } else { finding });
    Ok(())
}
