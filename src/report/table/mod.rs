//! Answers as a person reads them, fitted to the width of a terminal.

mod footprint;
mod lookup;
mod neighbors;

use std::io::Write;

use anyhow::Result;
use comfy_table::{Cell, CellAlignment, ContentArrangement, Table, presets};

use super::Style;
use crate::answer::{Answer, TokenText};
use crate::text::{clip, visible, width};

/// Writes an answer as tables and lines of text.
pub(super) fn write(answer: &Answer, style: &Style, out: &mut dyn Write) -> Result<()> {
    match answer {
        Answer::Lookup(report) => lookup::write(report, style, out),
        Answer::Neighbors(report) => neighbors::write(report, style, out),
        Answer::Footprint(report) => footprint::write(report, style, out),
    }
}

/// A token in quotes, so that its spaces show; at most `columns` wide.
fn quoted(token: &TokenText, columns: usize) -> String {
    match &token.token {
        None => "(no token)".to_owned(),
        Some(text) => {
            let text = visible(text);
            match &token.token_hex {
                None => format!("\"{}\"", clip(&text, columns.saturating_sub(2))),
                Some(hex) => clip(&format!("(bytes {hex})"), columns).into_owned(),
            }
        }
    }
}

/// The widest that a token is shown in a column of its own.
const TOKEN_WIDTH: usize = 24;

/// A table whose columns are as wide as their contents.
fn grid(header: &[&str]) -> Table {
    let mut table = Table::new();
    table
        .load_style(presets::UTF8_HORIZONTAL_ONLY)
        .set_content_arrangement(ContentArrangement::Disabled)
        .set_header(header.iter().map(Cell::new));
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

/// Prints a paragraph wrapped at spaces, every line but the first indented.
fn wrapped(text: &str, indent: usize, style: &Style, out: &mut dyn Write) -> Result<()> {
    let mut column = 0;
    for word in text.split(' ') {
        let needed = width(word);
        if column > 0 && column + 1 + needed > style.width {
            write!(out, "\n{:indent$}", "")?;
            column = indent;
        } else if column > 0 {
            write!(out, " ")?;
            column += 1;
        }
        write!(out, "{word}")?;
        column += needed;
    }
    writeln!(out)?;
    Ok(())
}

/// Prints what a reader should know besides.
fn notes(notes: &[String], style: &Style, out: &mut dyn Write) -> Result<()> {
    for note in notes {
        writeln!(out)?;
        wrapped(&format!("note: {}", visible(note)), 6, style, out)?;
    }
    Ok(())
}
