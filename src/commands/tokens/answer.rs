//! The answer of `tokens` and how it looks.

use std::io::Write;

use anyhow::Result;
use serde::Serialize;

use crate::report::markdown::{Markdown, code};
use crate::report::number::{exact, grouped, rounded};
use crate::report::{Cell, Column, Float, List, Notes, Page, Records, TOKEN_WIDTH, TokenText};
use crate::text::visible;

#[derive(Clone, Debug, Serialize)]
pub struct TokensHead {
    pub model: String,
    pub n_tokens: u64,
    #[serde(skip)]
    pub scores: bool,
    #[serde(skip)]
    pub merges: bool,
    #[serde(skip)]
    pub norms: bool,
    #[serde(skip)]
    pub lengths: bool,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TokenAnswer {
    pub id: u64,
    #[serde(flatten)]
    pub token: TokenText,
    /// `normal`, `control`, `user`, `unused`, `byte` or `unknown`. `None` if the file
    /// has no types.
    #[serde(rename = "type")]
    pub token_type: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub score: Option<Float<f32>>,
    /// The rank of the merge that makes it. `None` without such a merge.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub merge_rank: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub norm: Option<Float<f64>>,
    /// The number of characters, only if the list is sorted by it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub length: Option<u64>,
}

impl List for TokensHead {
    type Item = TokenAnswer;

    const ITEMS: &'static str = "tokens";
    const NOTES: Notes = Notes::Aside;
    const LINE_BY_LINE: bool = true;

    fn columns(&self) -> Vec<Column<'_>> {
        let mut columns = ["#id", "token", "type"].map(Column::of).to_vec();
        columns.extend(self.scores.then(|| Column::number("score")));
        columns.extend(self.merges.then(|| Column::number("merge_rank")));
        columns.extend(self.norms.then(|| Column::number("norm")));
        columns.extend(self.lengths.then(|| Column::number("length")));
        columns
    }

    fn records(&self, item: &TokenAnswer, out: &mut dyn Records) -> Result<()> {
        let TokenAnswer { id, token, token_type, score, merge_rank, norm, length } = item;
        let mut cells = vec![Cell::Number(*id), Cell::Token(token), Cell::word(*token_type)];
        cells.extend(self.scores.then(|| score.map_or(Cell::Nothing, Cell::Value)));
        cells.extend(self.merges.then(|| Cell::number(*merge_rank)));
        cells.extend(self.norms.then(|| norm.map_or(Cell::Nothing, Cell::Wide)));
        cells.extend(self.lengths.then(|| Cell::number(*length)));
        out.record(&cells)
    }

    fn table_head(&self, page: &mut Page) -> Result<()> {
        let header =
            self.before_token(["ID", "type", "score", "merge rank", "norm", "length"]) + "token";
        let line = "─".repeat((header.len() - 5 + TOKEN_WIDTH).min(page.width()));
        Ok(writeln!(page, "{header}\n{line}")?)
    }

    fn table_item(&self, _: usize, item: &TokenAnswer, page: &mut Page) -> Result<()> {
        let score = item.score.map(|score| exact(score.0)).unwrap_or_default();
        let norm = item.norm.map(|norm| rounded(norm.0)).unwrap_or_default();
        let [id, merge, length] = [Some(item.id), item.merge_rank, item.length]
            .map(|number| number.map(|number| number.to_string()).unwrap_or_default());
        let token_type = item.token_type.unwrap_or("-");
        let numbers = self.before_token([&id, token_type, &score, &merge, &norm, &length]);
        // Leave room for a few letters of the token on any terminal.
        let left = page.width().saturating_sub(numbers.len()).max(8);
        Ok(writeln!(page, "{numbers}{}", item.token.quoted(left))?)
    }

    fn markdown_head(&self, page: &mut Page) -> Result<()> {
        let (n, model) = (grouped(self.n_tokens), code(&visible(&self.model)));
        writeln!(page, "Of the {n} tokens in {model}:\n")?;
        Markdown::new(page).header(&self.columns())
    }
}

impl TokensHead {
    /// The columns before the token: ID, type, score, merge rank, norm, length.
    fn before_token(&self, cells: [&str; 6]) -> String {
        let [id, token_type, score, merge, norm, length] = cells;
        let width = self.n_tokens.saturating_sub(1).to_string().len().max(2);
        let mut line = format!(" {id:>width$}  {token_type:<7}");
        for (shown, cell, width) in [
            (self.scores, score, 10),
            (self.merges, merge, 10),
            (self.norms, norm, 8),
            (self.lengths, length, 6),
        ] {
            if shown {
                line += &format!("  {cell:>width$}");
            }
        }
        line + "  "
    }
}
