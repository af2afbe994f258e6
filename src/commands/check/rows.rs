//! Reports what the values of rows show: bad, duplicate, outlying, collapsed and
//! short rows, a copied head, and a type wider than needed.

use anyhow::Result;
use serde_json::{Value, json};

use super::codes;
use super::{Finding, Findings, NormsInfo};
use crate::check::{self, Limits, MOST_ROWS, Outlier, Outliers, RowCount, Survey};
use crate::commands::model::View;
use crate::embedding::Table;
use crate::report::Float;
use crate::report::number::rounded;
use crate::rows::Rows as _;
use crate::stats::quantile;
use crate::text::{counted, grouped};
use crate::threads;
use crate::vocab::{TokenType, Vocab};

/// The kind of a row whose token is a word or a part of one.
pub(super) const ORDINARY: &str = "ordinary";

/// The kind of a row of a user-defined token.
pub(super) const ADDED: &str = TokenType::UserDefined.name();

/// A share of duplicate rows up to this is normal: rows of words that never occur in
/// training keep their initial values.
const REPEATED: f64 = 0.1;

/// Two tables are compared in pieces of at most this many bytes.
const PIECE: u64 = 1 << 20;

/// Reports all of it.
pub(super) fn check(view: &View, findings: &mut Findings) -> Result<Survey> {
    let vocab = view.vocab().ok();
    let kind = |id: u64| kind(vocab, id);
    let survey =
        check::survey(&view.table, view.table.rows_present(), threads::available(), &kind)?;
    for (code, what, rows, is_number) in [
        (&codes::ROWS_NAN, "with a NaN", &survey.nan, false),
        (&codes::ROWS_INFINITE, "with an infinity", &survey.infinite, false),
        (&codes::ROWS_ZERO, "of zeros", &survey.zero, true),
        (&codes::ROWS_CONSTANT, "of one value over and over", &survey.constant, true),
    ] {
        if rows.count == 0 {
            continue;
        }
        let n = added_or_ordinary(rows);
        let of = match (is_number, n - ordinary(rows)) {
            (false, _) => String::new(),
            (true, 0) => format!(" ({n} of ordinary tokens)"),
            (true, added) => format!(" ({} of ordinary tokens, {added} of added ones)", n - added),
        };
        let message = format!("{} {what}{of}", counted(rows.count, "row"));
        let mut finding = Finding::of(code, message).evidence(evidence(rows));
        if is_number && n == 0 {
            finding = finding.noted().next("usual for tokens that are reserved, unused or padding");
        }
        findings.push(finding.rows(view, Some(rows.count), rows.first.iter().copied())?);
    }
    repeated(view, &survey, findings)?;
    outliers(view, &survey, findings)?;
    collapsed(view, &survey, findings)?;
    requantised(view, &survey, findings)?;
    costs(&view.table, &survey, |finding| findings.push(finding.table(view)));
    Ok(survey)
}

/// Where the norms of the rows lie.
pub(super) fn norms(survey: &Survey) -> Option<NormsInfo> {
    let usable = survey.norms.iter().filter(|norm| !norm.is_nan());
    let mut norms: Vec<f64> = usable.map(|norm| f64::from(*norm)).collect();
    let [least, p01, median, p99, most] =
        [0.0, 0.01, 0.5, 0.99, 1.0].map(|it| quantile(&mut norms, it));
    let of = |value: Option<f64>| value.map(Float);
    Some(NormsInfo {
        least: of(least)?,
        p01: of(p01)?,
        median: of(median)?,
        p99: of(p99)?,
        most: of(most)?,
    })
}

/// The kind of a row's token.
pub(super) fn kind(vocab: Option<&Vocab>, id: u64) -> &'static str {
    let Some(vocab) = vocab else { return "unnamed" };
    if id >= vocab.len() {
        return "padding";
    }
    match vocab.token_type(id) {
        Ok(None | Some(TokenType::Normal)) => match vocab.token(id) {
            Ok(Some(token)) if !is_placeholder(&token.text) => ORDINARY,
            _ => "placeholder",
        },
        Ok(Some(TokenType::UserDefined)) => match vocab.token(id) {
            Ok(Some(token)) if !is_filler(&token.text) => ADDED,
            _ => "placeholder",
        },
        Ok(Some(other)) => other.name(),
        Err(_) => "unknown",
    }
}

/// Whether a token has no text, or is a placeholder such as `<unused12>` or `[PAD]`.
fn is_placeholder(text: &str) -> bool {
    text.trim().is_empty() || check::spelling::is_placeholder(text)
}

/// Whether a token only fills the vocabulary up, such as `[PAD151646]`.
fn is_filler(text: &str) -> bool {
    let text = text.trim().to_ascii_lowercase();
    let is_numbered = text.bytes().any(|byte| byte.is_ascii_digit());
    let fills = ["pad", "unused", "reserved", "extra", "dummy", "fill", "blank"];
    text.is_empty()
        || is_placeholder(&text) && is_numbered && fills.iter().any(|part| text.contains(part))
}

fn ordinary(rows: &RowCount) -> u64 {
    rows.kinds.get(ORDINARY).copied().unwrap_or(0)
}

/// Rows of tokens that texts contain: of ordinary ones, and of those that somebody
/// added.
fn added_or_ordinary(rows: &RowCount) -> u64 {
    ordinary(rows) + rows.kinds.get(ADDED).copied().unwrap_or(0)
}

fn evidence(rows: &RowCount) -> Value {
    json!({ "rows": rows.count, "token_types": rows.kinds })
}

/// Rows that another program than ggml's quantiser wrote.
fn requantised(view: &View, survey: &Survey, findings: &mut Findings) -> Result<()> {
    let rows = &survey.unlike_ggml;
    if rows.count > 0 {
        let message = format!(
            "ggml's quantiser gives each block a code of 127 or -127, and {} of {} {}",
            grouped(rows.count.into()),
            counted(view.table.rows_present(), "row"),
            if rows.count == 1 { "has a block without" } else { "have blocks without" },
        );
        let finding = Finding::of(&codes::ROWS_REQUANTISED, message).evidence(evidence(rows));
        findings.push(finding.rows(view, Some(rows.count), rows.first.iter().copied())?);
    }
    Ok(())
}

fn repeated(view: &View, survey: &Survey, findings: &mut Findings) -> Result<()> {
    let rows = &survey.repeated;
    if rows.count == 0 {
        return Ok(());
    }
    let compared = view.table.rows_present().min(MOST_ROWS);
    let ordinary = ordinary(rows);
    let groups = survey.duplicates.iter().map(|group| {
        let [first, second] = group.first;
        json!({ "first": first, "second": second, "rows": group.rows })
    });
    let mut evidence = evidence(rows);
    evidence["compared"] = compared.into();
    evidence["groups"] = groups.collect();
    let largest = survey.duplicates.first();
    let largest = largest.map_or_else(String::new, |group| {
        let [first, second] = group.first;
        format!("; the largest group has {} rows, {first} and {second} the first", group.rows)
    });
    let message = format!(
        "{} the same as an earlier one, byte for byte ({ordinary} of ordinary tokens{largest})",
        counted(rows.count, "row")
    );
    let mut finding = Finding::of(&codes::ROWS_DUPLICATE, message).evidence(evidence);
    if ordinary as f64 <= REPEATED * compared as f64 {
        finding = finding.noted().next("usual for tokens that were never seen in training");
    }
    findings.push(finding.rows(view, Some(rows.count), rows.first.iter().copied())?);
    Ok(())
}

/// Reports rows far outside the table's own distribution.
fn outliers(view: &View, survey: &Survey, findings: &mut Findings) -> Result<()> {
    let vocab = view.vocab().ok();
    let Outliers { norm, distance, rows } = &survey.outliers;
    let is_told = |it: &&Outlier| [ORDINARY, ADDED].contains(&kind(vocab, it.id));
    let mut rows: Vec<&Outlier> = rows.iter().filter(is_told).collect();
    // The farthest outside first.
    let away = |it: &Outlier| {
        let of = |value: f64, limits: &Limits| (value.max(1e-30) / limits.quantiles[1]).ln().abs();
        of(it.norm, norm).max(of(it.distance, distance))
    };
    rows.sort_by(|a, b| away(b).total_cmp(&away(a)).then(a.id.cmp(&b.id)));
    let Some(first) = rows.first() else { return Ok(()) };
    let by_norm = |it: &Outlier| !(norm.limits[0]..=norm.limits[1]).contains(&it.norm);
    let (what, limits, values): (_, _, Vec<f64>) = match by_norm(first) {
        true => ("norm", norm, rows.iter().map(|it| it.norm).collect()),
        false => ("distance from the mean", distance, rows.iter().map(|it| it.distance).collect()),
    };
    let [low, median, high] = limits.quantiles.map(rounded);
    let (least, most) = values.iter().fold((f64::MAX, 0.0_f64), |(a, b), x| (a.min(*x), b.max(*x)));
    let values = match rows.len() {
        1 => format!("a {what} of {}", rounded(least)),
        _ => format!("a {what} from {} to {}", rounded(least), rounded(most)),
    };
    let message = format!(
        "{} far outside, with {values}, where the median is {median} and 98 in 100 lie between \
         {low} and {high}",
        counted(rows.len() as u64, "row")
    );
    let told: Vec<Value> = rows
        .iter()
        .take(16)
        .map(|it| json!({ "id": it.id, "norm": it.norm, "distance": it.distance }))
        .collect();
    let evidence = json!({
        "rows": told,
        "norm": { "quantiles": norm.quantiles, "limits": norm.limits },
        "distance": { "quantiles": distance.quantiles, "limits": distance.limits },
    });
    let mut finding = Finding::of(&codes::ROWS_OUTLIER, message).evidence(evidence);
    if !rows.iter().any(|it| it.is_high) {
        // Training may hardly have touched short rows.
        finding = finding.noted();
    }
    findings.push(finding.rows(view, None, rows.iter().map(|it| it.id))?);
    Ok(())
}

/// Known unused tokens from which the usual norm of such rows can be told.
const FEWEST_UNUSED: usize = 8;

/// Reports ordinary tokens whose rows are as short as those of unused tokens,
/// in a table that is not the output head too. (Land and Bartolo 2024, "Fishing for
/// Magikarp": the norm of the input row is their indicator there.)
pub(super) fn short(view: &View, norms: &[f32], findings: &mut Findings) -> Result<()> {
    let vocab = view.vocab().ok();
    let (mut unused, mut ordinary) = (Vec::new(), Vec::new());
    let mut words = Vec::new();
    for (id, norm) in (0..).zip(norms).filter(|(_, norm)| !norm.is_nan()) {
        match kind(vocab, id) {
            "unused" | "placeholder" | "padding" => unused.push(f64::from(*norm)),
            ORDINARY => {
                ordinary.push(f64::from(*norm));
                words.push((*norm, id));
            }
            _ => {}
        }
    }
    let limit = quantile(&mut unused, 0.95).unwrap_or(0.0);
    // Rows of no use must be shorter than nearly all others, else the norm tells nothing.
    let low = quantile(&mut ordinary, 0.05).unwrap_or(0.0);
    if unused.len() < FEWEST_UNUSED || limit >= low {
        return Ok(());
    }
    words.retain(|(norm, _)| f64::from(*norm) <= limit);
    words.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    if words.is_empty() {
        return Ok(());
    }
    let n = counted(words.len() as u64, "ordinary token");
    let message = format!(
        "{n} with rows no longer than those of {} that no text has (norms up to {}, where the \
         median is {})",
        counted(unused.len() as u64, "token"),
        rounded(limit),
        rounded(quantile(&mut ordinary, 0.5).unwrap_or(0.0))
    );
    let evidence = json!({ "limit": limit, "unused": unused.len() });
    let finding = Finding::of(&codes::TOKENS_SHORT, message).evidence(evidence);
    findings.push(finding.rows(view, None, words.into_iter().map(|(_, id)| id))?);
    Ok(())
}

/// Reports groups of rows in one direction.
fn collapsed(view: &View, survey: &Survey, findings: &mut Findings) -> Result<()> {
    let vocab = view.vocab().ok();
    for group in &survey.collapsed {
        let of = |what: &str| group.iter().filter(|id| kind(vocab, **id) == what).count() as u64;
        let (ordinary, added, n) = (of(ORDINARY), of(ADDED), group.len() as u64);
        // Tokens that no text has lie in one direction, and ordinary ones that training
        // hardly touched with them. Such tokens are few elsewhere.
        if 10 * (ordinary + added) < 9 * n {
            continue;
        }
        let message = format!(
            "{} nearly in one direction ({ordinary} of ordinary tokens, {added} of added ones)",
            counted(n, "row")
        );
        let evidence = json!({ "rows": n, "ordinary": ordinary, "added": added });
        let finding = Finding::of(&codes::ROWS_COLLAPSED, message).evidence(evidence);
        let compared = view.table.rows_present().min(MOST_ROWS);
        let is_usual = added < ordinary && ordinary as f64 <= REPEATED * compared as f64;
        let finding = if is_usual { finding.noted() } else { finding };
        findings.push(finding.rows(view, Some(n), group.iter().copied())?);
    }
    Ok(())
}

/// Reports a type that is wider than needed.
fn costs(table: &Table, survey: &Survey, push: impl FnOnce(Finding)) {
    let from = table.format().name;
    // F64 can't be checked, because decoding rounds it to F32.
    let narrower = match from {
        "F32" if survey.exact.bf16 => Some("BF16"),
        "F32" if survey.exact.f16 => Some("F16"),
        _ => None,
    };
    if let Some(to) = narrower {
        let bytes = table.n_vocab() * table.d_model() as u64 * 2;
        let message = format!("every value of the {from} table is exact in {to}");
        push(Finding::of(&codes::TABLE_TYPE, message).evidence(json!({
            "type": from, "bytes": table.bytes(), "exact_in": to, "exact_in_bytes": bytes,
        })));
    }
}

/// Reports an output head that repeats the table.
pub(super) fn copy(view: &View, head: &View, findings: &mut Findings) -> Result<bool> {
    let is_copy = same(&view.table, &head.table)?;
    if is_copy {
        let bytes = head.table.bytes();
        let message = format!(
            "{} is the embedding table again, byte for byte: {bytes} bytes",
            head.table.name()
        );
        let finding = Finding::of(&codes::HEAD_COPY, message).evidence(json!({ "bytes": bytes }));
        findings.push(finding.table(head));
    }
    Ok(is_copy)
}

/// Whether two tables have the same bytes.
pub(super) fn same(a: &Table, b: &Table) -> Result<bool> {
    let shape = |table: &Table| (table.n_vocab(), table.d_model(), table.format().id);
    if shape(a) != shape(b) || a.rows_present() < a.n_vocab() || b.rows_present() < b.n_vocab() {
        return Ok(false);
    }
    let step = (PIECE / a.row_bytes().max(1) as u64).max(1);
    let (mut left, mut right) = (Vec::new(), Vec::new());
    let mut start = 0;
    while start < a.n_vocab() {
        let rows = start..a.n_vocab().min(start + step);
        start = rows.end;
        a.read(rows.clone(), &mut left)?;
        b.read(rows, &mut right)?;
        if left != right {
            return Ok(false);
        }
    }
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fillers_are_known_by_their_names() {
        for text in ["[PAD151646]", "<unused7>", "<|reserved_special_token_3|>", "<extra_id_1>"] {
            assert!(is_filler(text), "{text:?}");
        }
        for text in ["<tool_call>", "[PAD]", "pad1", "<h1>", "</b>"] {
            assert!(!is_filler(text), "{text:?}");
        }
    }

    #[test]
    fn placeholders_are_no_words() {
        for text in ["", " ", "<unused12>", "[PAD]", "<|reserved_special_token_3|>"] {
            assert!(is_placeholder(text), "{text:?}");
        }
        for text in ["<", "a", "<>", "[]", "x > y", " cat"] {
            assert!(!is_placeholder(text), "{text:?}");
        }
    }
}
