//! The answer of `neighbors` and how it looks: a table per query, or records.

use std::io::Write;

use anyhow::Result;
use serde::Serialize;

use crate::commands::frame::Frame;
use crate::commands::model::View;
use crate::commands::{InputStep, TableInfo};
use crate::report::glyphs::bar;
use crate::report::markdown::{self, Markdown, code};
use crate::report::number::{grouped, rounded};
use crate::report::{Cell, Column, Float, Grid, List, Page, Records, TOKEN_WIDTH, TokenText};
use crate::text::{counted, visible, width};

#[derive(Clone, Debug, Serialize)]
pub struct NeighborsHead {
    pub model: String,
    pub table: TableInfo,
    /// `cosine`, `dot` or `l2`.
    pub metric: &'static str,
    pub k: u64,
    /// The position of query and candidates, only with `--as-input`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub position: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub steps: Option<Vec<InputStep>>,
    /// What was done to every row. Not if rows are compared as they are stored.
    #[serde(skip_serializing_if = "Frame::is_stored")]
    pub frame: Frame,
    /// The tokens whose rows were added to each query.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub plus: Vec<TermAnswer>,
    /// The tokens whose rows were subtracted from each query.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub minus: Vec<TermAnswer>,
    /// The mean score of two rows at random. Not with `--all`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at_random: Option<AtRandom>,
    /// Whether `--all` was given: the answer is for a program.
    #[serde(skip)]
    pub all: bool,
}

/// The mean score of pairs of rows that were drawn at random from a fixed seed.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct AtRandom {
    pub score: Float<f64>,
    pub pairs: u64,
}

/// A token of a sum.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TermAnswer {
    pub id: u64,
    #[serde(flatten)]
    pub token: TokenText,
}

impl TermAnswer {
    pub(super) fn of(id: u64, view: &View) -> Result<Self> {
        Ok(Self { id, token: view.token(id)? })
    }
}

impl NeighborsHead {
    /// What a query is, for a sentence: `ID 5866 " cat" + " dog" - " a"`.
    fn asked(
        &self,
        nth: usize,
        query: &QueryAnswer,
        token: impl Fn(&TokenText) -> String,
    ) -> String {
        let mut asked = match query.id {
            Some(id) => format!("ID {id} {}", token(&query.token)),
            None => format!("vector {nth}"),
        };
        let signs = self
            .plus
            .iter()
            .map(|term| ('+', term))
            .chain(self.minus.iter().map(|term| ('-', term)));
        for (sign, term) in signs {
            asked += &format!(" {sign} {}", token(&term.token));
        }
        asked
    }

    fn at_random(&self) -> Option<String> {
        let AtRandom { score, pairs } = self.at_random?;
        let score = match self.metric {
            // No cosine is -0.00.
            "cosine" => format!("{:.2}", (score.0 * 100.0).round() / 100.0 + 0.0),
            _ => rounded(score.0),
        };
        Some(format!(
            "two tokens at random here: {score} (estimated from {})",
            counted(pairs, "pair")
        ))
    }
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct QueryAnswer {
    /// `None` for a vector from a file.
    pub id: Option<u64>,
    #[serde(flatten)]
    pub token: TokenText,
    pub norm: Float<f64>,
    pub neighbors: Vec<NeighborAnswer>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct NeighborAnswer {
    pub rank: u64,
    pub id: u64,
    #[serde(flatten)]
    pub token: TokenText,
    pub score: Float<f64>,
}

/// The columns about the query, which come first.
const OF_QUERY: usize = 2;

impl List for NeighborsHead {
    type Item = QueryAnswer;

    const ITEMS: &'static str = "queries";

    fn columns(&self) -> Vec<Column<'_>> {
        let mut columns =
            ["#query_id", "query_token", "#rank", "#id", "token"].map(Column::of).to_vec();
        columns.push(Column::number(self.metric));
        columns
    }

    fn records(&self, query: &QueryAnswer, out: &mut dyn Records) -> Result<()> {
        query.neighbors.iter().try_for_each(|neighbor| out.record(&cells(query, neighbor)))
    }

    fn table(&self, queries: &[QueryAnswer], page: &mut Page) -> Result<()> {
        let (by, column) = match self.metric {
            "cosine" => ("cosine (1 is the same direction)", "#cosine"),
            "dot" => ("dot product (larger is nearer)", "#dot"),
            _ => ("Euclidean distance (0 is the same)", "#distance"),
        };
        let entering = match self.frame {
            _ if self.steps.is_some() => ", as the first block receives them",
            frame => frame.told(),
        };
        for (i, query) in queries.iter().enumerate() {
            if i > 0 {
                writeln!(page)?;
            }
            page.paragraph(&format!(
                "nearest to {} of {} rows by {by}{entering}",
                self.asked(i, query, |token| token.quoted(TOKEN_WIDTH)),
                grouped(self.table.n_vocab)
            ))?;
            let mut grid = Grid::new(&["#rank", "#ID", "token", column].map(Column::of));
            for NeighborAnswer { rank, id, token, score } in &query.neighbors {
                let [rank, id] = [rank, id].map(u64::to_string);
                grid.row([rank, id, token.quoted(TOKEN_WIDTH), format!("{:.6}", score.0)]);
            }
            // The bar of a cosine is its share of 1, other bars are shares of the largest.
            let scores: Vec<f64> = query.neighbors.iter().map(|it| it.score.0).collect();
            let finite = scores.iter().map(|score| score.abs()).filter(|score| score.is_finite());
            let whole = if column == "#cosine" { 1.0 } else { finite.fold(0.0, f64::max) };
            for (i, line) in grid.lines().enumerate() {
                let room = page.width().saturating_sub(width(&line) + 1).min(*BAR.end());
                // The header has two lines.
                let bar = match i.checked_sub(2).and_then(|row| scores.get(row)) {
                    Some(score) if BAR.contains(&room) && whole > 0.0 => {
                        bar(score / whole, room, &page.painter())
                    }
                    _ => String::new(),
                };
                writeln!(page, "{}", format!("{line} {bar}").trim_end())?;
            }
        }
        self.at_random().map_or(Ok(()), |line| page.paragraph(&line))
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
            "{before}Nearest to {} of {} rows in {}, by {}{}:\n",
            self.asked(nth, query, markdown::named),
            grouped(self.table.n_vocab),
            code(&visible(&self.model)),
            self.metric,
            self.frame.told()
        )?;
        let mut table = Markdown::new(page);
        table.header(&self.columns()[OF_QUERY..])?;
        query.neighbors.iter().try_for_each(|it| table.record(&cells(query, it)[OF_QUERY..]))?;
        let at_random = self.at_random().filter(|_| nth == 0);
        at_random.map_or(Ok(()), |line| Ok(writeln!(page, "\n{line}")?))
    }
}

fn cells<'a>(query: &'a QueryAnswer, neighbor: &'a NeighborAnswer) -> [Cell<'a>; 6] {
    [
        Cell::number(query.id),
        Cell::Token(&query.token),
        Cell::Number(neighbor.rank),
        Cell::Number(neighbor.id),
        Cell::Token(&neighbor.token),
        Cell::Wide(neighbor.score),
    ]
}

/// The minimum and maximum width of a bar.
const BAR: std::ops::RangeInclusive<usize> = 8..=40;
