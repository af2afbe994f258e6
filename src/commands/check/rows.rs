//! Reports bad rows (NaN, zeros, one value), duplicate rows, and types wider than needed.

use anyhow::Result;
use serde_json::{Value, json};

use super::codes;
use super::{Finding, Findings};
use crate::check::{self, MOST_ROWS, RowCount, Survey};
use crate::commands::model::View;
use crate::embedding::Table;
use crate::model::Model;
use crate::rows::Rows as _;
use crate::text::counted;
use crate::threads;
use crate::vocab::{TokenType, Vocab};

/// The kind of a row whose token is a word or a part of one.
const ORDINARY: &str = "ordinary";

/// A share of duplicate rows up to this is normal: rows of words that never occur in
/// training keep their initial values.
const REPEATED: f64 = 0.1;

/// Two tables are compared in pieces of at most this many bytes.
const PIECE: u64 = 1 << 20;

pub(super) fn check(model: &Model, view: &View, findings: &mut Findings) -> Result<()> {
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
        let n = ordinary(rows);
        let of = if is_number { format!(" ({n} of ordinary tokens)") } else { String::new() };
        let message = format!("{} {what}{of}", counted(rows.count, "row"));
        let mut finding = Finding::of(code, message).evidence(evidence(rows));
        if is_number && n == 0 {
            finding = finding.noted().next("usual for tokens that are reserved, unused or padding");
        }
        findings.push(finding.rows(view, Some(rows.count), rows.first.iter().copied())?);
    }
    repeated(view, &survey, findings)?;
    costs(model, view, &survey, findings)
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
        Ok(Some(other)) => other.name(),
        Err(_) => "unknown",
    }
}

/// Whether a token is a placeholder that no text contains, such as `<unused12>` or
/// `[PAD]`.
fn is_placeholder(text: &str) -> bool {
    let text = text.trim();
    let within = |open, close| text.starts_with(open) && text.ends_with(close) && text.len() > 2;
    text.is_empty() || within('<', '>') || within('[', ']')
}

fn ordinary(rows: &RowCount) -> u64 {
    rows.kinds.get(ORDINARY).copied().unwrap_or(0)
}

fn evidence(rows: &RowCount) -> Value {
    json!({ "rows": rows.count, "token_types": rows.kinds })
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

/// Reports a type that is wider than needed, and an output head that repeats the table.
fn costs(model: &Model, view: &View, survey: &Survey, findings: &mut Findings) -> Result<()> {
    let table = &view.table;
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
        let evidence = json!({
            "type": from, "bytes": table.bytes(), "exact_in": to, "exact_in_bytes": bytes,
        });
        findings.push(Finding::of(&codes::TABLE_TYPE, message).table(view).evidence(evidence));
    }
    let head = match model.tensor("output.weight") {
        Ok(Some(_)) => Table::open(model, "output.weight").ok(),
        _ => None,
    };
    if let Some(head) = head
        && same(table, &head)?
    {
        let bytes = head.bytes();
        let message =
            format!("output.weight is the embedding table again, byte for byte: {bytes} bytes");
        let finding = Finding::of(&codes::HEAD_COPY, message).evidence(json!({ "bytes": bytes }));
        findings.push(Finding { tensor: Some(head.name().to_owned()), ..finding });
    }
    Ok(())
}

/// Whether two tables have the same bytes.
fn same(a: &Table, b: &Table) -> Result<bool> {
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
    fn placeholders_are_no_words() {
        for text in ["", " ", "<unused12>", "[PAD]", "<|reserved_special_token_3|>"] {
            assert!(is_placeholder(text), "{text:?}");
        }
        for text in ["<", "a", "<>", "[]", "x > y", " cat"] {
            assert!(!is_placeholder(text), "{text:?}");
        }
    }
}
