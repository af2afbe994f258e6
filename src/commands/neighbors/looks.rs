//! How neighbours look: a table for each query; for `--all` records alone.

use std::io::Write;

use anyhow::Result;

use super::answer::{NeighborAnswer, NeighborsHead, QueryAnswer};
use crate::report::glyphs::bar;
use crate::report::markdown::{self, Markdown, code};
use crate::report::number::grouped;
use crate::report::{Cell, Column, Grid, List, Page, Records, TOKEN_WIDTH};
use crate::text::{visible, width};

/// The columns about the query, which come first.
const OF_QUERY: usize = 2;

impl List for NeighborsHead {
    type Item = QueryAnswer;

    const ITEMS: &'static str = "queries";

    fn columns(&self) -> Vec<Column<'_>> {
        let [query, token] = [Column::number("query_id"), Column::text("query_token")];
        vec![
            query,
            token,
            Column::number("rank"),
            Column::number("id"),
            Column::text("token"),
            Column::number(self.metric),
        ]
    }

    fn records(&self, query: &QueryAnswer, out: &mut dyn Records) -> Result<()> {
        query.neighbors.iter().try_for_each(|neighbor| out.record(&cells(query, neighbor)))
    }

    fn table(&self, queries: &[QueryAnswer], page: &mut Page) -> Result<()> {
        let (by, column) = match self.metric {
            "cosine" => ("cosine (1 is the same direction)", "cosine"),
            "dot" => ("dot product (larger is nearer)", "dot"),
            _ => ("Euclidean distance (0 is the same)", "distance"),
        };
        let entering = if self.steps.is_some() { ", as the first block receives them" } else { "" };
        for (i, query) in queries.iter().enumerate() {
            if i > 0 {
                writeln!(page)?;
            }
            page.paragraph(&format!(
                "nearest to ID {} {} of {} rows by {by}{entering}",
                query.id,
                query.token.quoted(TOKEN_WIDTH),
                grouped(self.table.n_vocab)
            ))?;
            let mut grid = Grid::new(&[
                Column::number("rank"),
                Column::number("ID"),
                Column::text("token"),
                Column::number(column),
            ]);
            for neighbor in &query.neighbors {
                grid.row([
                    neighbor.rank.to_string(),
                    neighbor.id.to_string(),
                    neighbor.token.quoted(TOKEN_WIDTH),
                    format!("{:.6}", neighbor.score.0),
                ]);
            }
            let bars = self.bars(query, page);
            for (i, line) in grid.lines().enumerate() {
                // Two lines of header come first.
                let bar = i.checked_sub(2).and_then(|row| bars(row, width(&line)));
                writeln!(page, "{}", format!("{line} {}", bar.unwrap_or_default()).trim_end())?;
            }
        }
        Ok(())
    }

    fn markdown_head(&self, page: &mut Page) -> Result<()> {
        if self.all { Markdown::new(page).header(&self.columns()) } else { Ok(()) }
    }

    fn markdown_item(&self, nth: usize, query: &QueryAnswer, page: &mut Page) -> Result<()> {
        if self.all {
            return self.records(query, &mut Markdown::new(page));
        }
        let before = if nth > 0 { "\n" } else { "" };
        writeln!(
            page,
            "{before}Nearest to ID {} {} of {} rows in {}, by {}:\n",
            query.id,
            markdown::named(&query.token),
            grouped(self.table.n_vocab),
            code(&visible(&self.model)),
            self.metric
        )?;
        let mut table = Markdown::new(page);
        table.header(&self.columns()[OF_QUERY..])?;
        query.neighbors.iter().try_for_each(|it| table.record(&cells(query, it)[OF_QUERY..]))
    }
}

fn cells<'a>(query: &'a QueryAnswer, neighbor: &'a NeighborAnswer) -> [Cell<'a>; 6] {
    [
        Cell::Number(query.id),
        Cell::Token(&query.token),
        Cell::Number(neighbor.rank),
        Cell::Number(neighbor.id),
        Cell::Token(&neighbor.token),
        Cell::Wide(neighbor.score),
    ]
}

/// The narrowest and the widest that bars are.
const BAR: std::ops::RangeInclusive<usize> = 8..=40;

impl NeighborsHead {
    /// The bar of each score, beside a line that is so many columns wide, where
    /// there is room for one. A cosine's is a part of 1, others are parts of the
    /// largest.
    fn bars(
        &self,
        query: &QueryAnswer,
        page: &Page,
    ) -> impl Fn(usize, usize) -> Option<String> + use<> {
        let scores: Vec<f64> = query.neighbors.iter().map(|neighbor| neighbor.score.0).collect();
        let finite = scores.iter().map(|score| score.abs()).filter(|score| score.is_finite());
        let whole = if self.metric == "cosine" { 1.0 } else { finite.fold(0.0, f64::max) };
        let (painter, width) = (page.painter(), page.width());
        move |row, used| {
            let score = scores.get(row)?;
            let columns = width.saturating_sub(used + 1).min(*BAR.end());
            let shown = BAR.contains(&columns) && whole > 0.0;
            shown.then(|| bar(score / whole, columns, &painter))
        }
    }
}
