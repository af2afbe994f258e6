//! Markdown tables as GitHub reads them, for an issue or a notebook.
//!
//! Text from a file is put in a code span, where Markdown and HTML have no
//! effect: no emphasis, no link, no mention of a user.

use std::io::Write;

use anyhow::Result;

use super::number::{exact, grouped, rounded};
use super::page::Page;
use super::records::{Cell, Column, Records};
use super::token::TokenText;
use crate::text::{clip, harmless, visible};

/// At most this many columns for a token.
const WIDEST: usize = 120;

/// At most this many columns for a text, which may be one or two sentences.
const LONGEST: usize = 600;

/// Writes records as lines of a table.
pub(crate) struct Markdown<'p, 'w> {
    page: &'p mut Page<'w>,
    /// Whether values have every digit.
    exact: bool,
}

impl<'p, 'w> Markdown<'p, 'w> {
    pub(crate) fn new(page: &'p mut Page<'w>) -> Self {
        Self { page, exact: false }
    }

    /// Writes the values of rows with every digit if `exact` is true.
    pub(crate) fn exact(self, exact: bool) -> Self {
        Self { exact, ..self }
    }

    fn cell(&self, cell: &Cell) -> String {
        match cell {
            Cell::Nothing => String::new(),
            Cell::Word(word) => (*word).to_owned(),
            Cell::Text(text) | Cell::Shown(text) if text.is_empty() => String::new(),
            Cell::Text(text) => code(&clip(&visible(text), LONGEST)),
            Cell::Shown(text) => code(&clip(&harmless(text), LONGEST)),
            Cell::Token(token) => named(token),
            Cell::Number(n) => n.to_string(),
            Cell::Count(n) => grouped(*n),
            Cell::Value(value) if self.exact => exact(value.0),
            Cell::Value(value) => rounded(value.0.into()),
            Cell::Wide(value) => rounded(value.0),
        }
    }
}

impl Records for Markdown<'_, '_> {
    fn header(&mut self, columns: &[Column]) -> Result<()> {
        for column in columns {
            write!(self.page, "| {} ", column.name)?;
        }
        writeln!(self.page, "|")?;
        for column in columns {
            write!(self.page, "{}", if column.is_number { "|--:" } else { "|---" })?;
        }
        Ok(writeln!(self.page, "|")?)
    }

    fn record(&mut self, cells: &[Cell]) -> Result<()> {
        for cell in cells {
            write!(self.page, "| {} ", self.cell(cell))?;
        }
        Ok(writeln!(self.page, "|")?)
    }
}

/// Escapes a sentence that quotes tokens: nothing in it is read as Markdown.
pub(crate) fn prose(text: &str) -> String {
    let mut shown = String::new();
    for c in harmless(text).chars() {
        match c {
            // A backslash does not prevent a mention.
            '@' => shown.push_str("&#64;"),
            '<' | '>' | '&' | '`' | '|' | '*' | '_' | '~' | '[' | ']' | '\\' | '#' => {
                shown.extend(['\\', c]);
            }
            c => shown.push(c),
        }
    }
    shown
}

pub(crate) fn notes(notes: &[String], page: &mut Page) -> Result<()> {
    for note in notes {
        writeln!(page, "\nNote: {}", code(&harmless(note)))?;
    }
    Ok(())
}

/// A token in a code span.
pub(crate) fn named(token: &TokenText) -> String {
    match token.token {
        Some(_) => code(&token.quoted(WIDEST)),
        None => "(no token)".to_owned(),
    }
}

/// A visible text as a code span. In backticks everything is literal except a
/// backtick and, in a table, a pipe (written `\|`). A text with a backtick, or with
/// a backslash before a pipe, is written as `<code>` with entities.
pub(crate) fn code(text: &str) -> String {
    if text.contains('`') || text.contains("\\|") {
        let mut html = String::from("<code>");
        for c in text.chars() {
            match c {
                ' ' => html.push(' '),
                c if c.is_ascii_alphanumeric() || !c.is_ascii() => html.push(c),
                c => html.push_str(&format!("&#{};", u32::from(c))),
            }
        }
        return html + "</code>";
    }
    format!("`{}`", text.replace('|', "\\|"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_token_ends_its_cell_or_its_span() {
        assert_eq!(code("\" cat\""), "`\" cat\"`");
        assert_eq!(code("a|b"), "`a\\|b`");
        assert_eq!(code("<img src=x> @you"), "`<img src=x> @you`");
        assert_eq!(code("`"), "<code>&#96;</code>");
        assert_eq!(code("\\|"), "<code>&#92;&#124;</code>");
    }
}
