//! How a text in tokens looks: from top to bottom the text, its tokens, their
//! IDs.

use std::io::Write;

use anyhow::Result;

use super::answer::{TextInput, TextReport};
use crate::report::{Answer, Cell, Column, Form, Grid, Page, Records, TOKEN_WIDTH, TokenText};
use crate::text::{counted, quoted};

impl Answer for TextReport {
    fn records(&self, out: &mut dyn Records) -> Result<()> {
        out.header(&[Column::number("id"), Column::text("token"), Column::text("type")])?;
        self.tokens.iter().try_for_each(|token| {
            let token_type = Cell::word(token.token_type);
            out.record(&[Cell::Number(token.id), Cell::Token(&token.token), token_type])
        })
    }

    fn table(&self, page: &mut Page) -> Result<()> {
        let n = self.ids.len() as u64;
        let shown = shown(&self.input, page.width().saturating_sub(8));
        let (size, tokens) = (size(&self.input), counted(n, "token"));
        writeln!(page, "text    {shown}\n        {size}\n  ▼\ntokens  {tokens}")?;
        if n > 0 {
            writeln!(page)?;
            let token_width = TOKEN_WIDTH.max(page.width().saturating_sub(32));
            let mut grid = Grid::new(&[
                Column::number("position"),
                Column::number("ID"),
                Column::text("type"),
                Column::text("token"),
            ]);
            for (position, token) in self.tokens.iter().enumerate() {
                grid.row([
                    position.to_string(),
                    token.id.to_string(),
                    token.token_type.unwrap_or("-").to_owned(),
                    token.token.quoted(token_width),
                ]);
            }
            grid.print(page)?;
        }
        let tokens: Vec<_> = self.tokens.iter().map(|token| &token.token).collect();
        added(&self.input, &tokens).map_or(Ok(()), |added| page.paragraph(&added))
    }

    fn notes(&self) -> &[String] {
        &self.notes
    }

    fn tells_notes(&self, form: Form) -> bool {
        form == Form::Json
    }
}

/// A text in quotes, at most `columns` wide.
pub(in crate::commands) fn shown(input: &TextInput, columns: usize) -> String {
    quoted(&input.text, columns.saturating_sub(2))
}

/// How long a text is.
pub(in crate::commands) fn size(input: &TextInput) -> String {
    let bytes = counted(input.bytes, "byte");
    if input.text_hex.is_some() {
        return format!("{bytes}, not all of them UTF-8: what is not is shown as \u{fffd}");
    }
    format!("{bytes}, {}", counted(input.text.chars().count() as u64, "character"))
}

/// What the model put around a text, if anything; `tokens` are those of all.
pub(in crate::commands) fn added(input: &TextInput, tokens: &[&TokenText]) -> Option<String> {
    let name = |token: &&TokenText| token.quoted(TOKEN_WIDTH);
    let front = tokens.first().filter(|_| input.in_front > 0).map(name);
    let behind = tokens.last().filter(|_| input.behind > 0).map(name);
    let added = match (front, behind) {
        (Some(front), Some(behind)) => format!("{front} in front and {behind} behind are"),
        (Some(front), None) => format!("{front} in front is"),
        (None, Some(behind)) => format!("{behind} behind is"),
        (None, None) => return None,
    };
    Some(format!("{added} put there by the model: --no-bos leaves that out"))
}
