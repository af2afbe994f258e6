//! Answers as a person reads them, fitted to the width of a terminal.

mod check;
mod footprint;
mod glyphs;
mod info;
mod lookup;
mod models;
mod neighbors;
mod text;
pub(super) mod tour;

use std::io::Write;

use anyhow::Result;
use comfy_table::{Cell, CellAlignment, ContentArrangement, LineStyle, Table, TableStyle};

use super::Style;
use crate::answer::Answer;
use crate::text::{harmless, width};

/// Writes an answer as tables and lines of text.
pub(super) fn write(answer: &Answer, style: &Style, out: &mut dyn Write) -> Result<()> {
    match answer {
        Answer::Lookup(report) => lookup::write(report, style, out),
        Answer::Neighbors(report) => neighbors::write(report, style, out),
        Answer::Footprint(report) => footprint::write(report, style, out),
        Answer::Tokens(_) | Answer::Text(_) => Ok(()),
        Answer::Tokenized(report) => text::write(report, style, out),
        Answer::Info(report) => info::write(report, style, out),
        Answer::Tour(report) => tour::write(report, style, out),
        Answer::TourList(list) => tour::list(list, out),
        Answer::Models(report) => models::write(report, style, out),
        Answer::Check(report) => check::write(report, style, out),
    }
}

/// The widest that a token is shown in a column of its own.
pub(super) const TOKEN_WIDTH: usize = 24;

/// A line under the header and nothing else: a row is one line of text.
const PLAIN: TableStyle = TableStyle::new().header_separator(LineStyle::none().fill('─'));

/// A table whose columns are as wide as their contents and two spaces.
fn grid(header: impl IntoIterator<Item = impl Into<Cell>>) -> Table {
    let mut table = Table::new();
    table
        .load_style(PLAIN)
        .set_content_arrangement(ContentArrangement::Disabled)
        .set_header(header.into_iter().map(Into::into).collect::<Vec<Cell>>());
    table
}

fn align_right(table: &mut Table, columns: impl IntoIterator<Item = usize>) {
    for column in columns {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
}

/// Prints a table without the spaces that comfy-table leaves at line ends.
fn print(table: &Table, out: &mut dyn Write) -> Result<()> {
    for line in table.lines() {
        writeln!(out, "{}", line.trim_end())?;
    }
    Ok(())
}

/// The lines of a paragraph, broken at spaces but not before a percent sign; a
/// word that is longer than a line has one of its own.
fn lines(text: &str, columns: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let text = text.replace(" %", "\u{a0}%");
    for word in text.split(' ') {
        let word = word.replace('\u{a0}', " ");
        match lines.last_mut() {
            Some(line) if width(line) + 1 + width(&word) <= columns => {
                line.push(' ');
                line.push_str(&word);
            }
            _ => lines.push(word),
        }
    }
    lines
}

/// Prints a paragraph, every line but the first indented by two.
fn paragraph(text: &str, style: &Style, out: &mut dyn Write) -> Result<()> {
    for (i, line) in lines(text, style.width - 2).iter().enumerate() {
        writeln!(out, "{}{line}", if i == 0 { "" } else { "  " })?;
    }
    Ok(())
}

/// Prints what a reader should know besides.
fn notes(notes: &[String], style: &Style, out: &mut dyn Write) -> Result<()> {
    if !notes.is_empty() {
        writeln!(out)?;
    }
    for note in notes {
        paragraph(&format!("note: {}", harmless(note)), style, out)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_break_at_spaces_and_fit() {
        assert_eq!(lines("one two three", 7), ["one two", "three"]);
        assert_eq!(lines("incomprehensible x", 5), ["incomprehensible", "x"]);
        assert_eq!(lines("", 5), [""]);
        assert_eq!(lines("about 70.4 % of it", 10), ["about", "70.4 % of", "it"]);
    }
}
