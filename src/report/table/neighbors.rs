//! Neighbours: a table for each query.

use std::io::Write;

use anyhow::Result;
use comfy_table::Cell;

use super::super::Style;
use super::super::number::grouped;
use super::{TOKEN_WIDTH, align_right, grid, notes, paragraph, print, quoted};
use crate::answer::NeighborsReport;

pub(super) fn write(report: &NeighborsReport, style: &Style, out: &mut dyn Write) -> Result<()> {
    let (by, column) = match report.metric {
        "cosine" => ("cosine (1 is the same direction)", "cosine"),
        "dot" => ("dot product (larger is nearer)", "dot"),
        _ => ("Euclidean distance (0 is the same)", "distance"),
    };
    for (i, query) in report.queries.iter().enumerate() {
        if i > 0 {
            writeln!(out)?;
        }
        let line = format!(
            "nearest to ID {} {} of {} rows by {by}",
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
        print(&table, out)?;
    }
    notes(&report.notes, style, out)
}
