//! Neighbours: a table for each query.

use std::io::Write;

use anyhow::Result;
use comfy_table::Cell;

use super::super::Style;
use super::super::number::grouped;
use super::super::words::quoted;
use super::glyphs::{Painter, bar};
use super::{TOKEN_WIDTH, align_right, grid, notes, paragraph};
use crate::answer::{NeighborsReport, QueryAnswer};
use crate::text::width;

pub(super) fn write(report: &NeighborsReport, style: &Style, out: &mut dyn Write) -> Result<()> {
    let (by, column) = match report.metric {
        "cosine" => ("cosine (1 is the same direction)", "cosine"),
        "dot" => ("dot product (larger is nearer)", "dot"),
        _ => ("Euclidean distance (0 is the same)", "distance"),
    };
    let entering = if report.steps.is_some() { ", as the first block receives them" } else { "" };
    for (i, query) in report.queries.iter().enumerate() {
        if i > 0 {
            writeln!(out)?;
        }
        let line = format!(
            "nearest to ID {} {} of {} rows by {by}{entering}",
            query.id,
            quoted(&query.token, TOKEN_WIDTH),
            grouped(report.table.n_vocab)
        );
        paragraph(&line, style, out)?;
        let mut table = grid(["rank", "ID", "token", column]);
        for neighbor in &query.neighbors {
            table.add_row([
                Cell::new(neighbor.rank),
                Cell::new(neighbor.id),
                Cell::new(quoted(&neighbor.token, TOKEN_WIDTH)),
                Cell::new(format!("{:.6}", neighbor.score.0)),
            ]);
        }
        align_right(&mut table, [0, 1, 3]);
        let bars = bars(query, report.metric, style);
        for (i, line) in table.lines().enumerate() {
            // Two lines of header come first.
            let bar = i.checked_sub(2).and_then(|row| bars(row, width(&line))).unwrap_or_default();
            writeln!(out, "{}", format!("{line} {bar}").trim_end())?;
        }
    }
    notes(&report.notes, style, out)
}

/// The narrowest and the widest that bars are.
const BAR: std::ops::RangeInclusive<usize> = 8..=40;

/// The bar of each score, beside a line that is so many columns wide, where
/// there is room for one. A cosine's is a part of 1, others are parts of the
/// largest.
fn bars<'a>(
    query: &'a QueryAnswer,
    metric: &str,
    style: &'a Style,
) -> impl Fn(usize, usize) -> Option<String> + 'a {
    let scores = query.neighbors.iter().map(|neighbor| neighbor.score.0);
    let whole = match metric {
        "cosine" => 1.0,
        _ => scores.map(f64::abs).filter(|score| score.is_finite()).fold(0.0, f64::max),
    };
    let painter = Painter { color: style.color };
    move |row, used| {
        let score = query.neighbors.get(row)?.score.0;
        let columns = style.width.saturating_sub(used + 1).min(*BAR.end());
        let shown = BAR.contains(&columns) && whole > 0.0;
        shown.then(|| bar(score / whole, columns, &painter))
    }
}
