//! A page for a person to read: paragraphs, grids and notes, fitted to a width.

use std::io::{self, Write};
use std::iter::repeat_n;

use anyhow::Result;
use comfy_table::{Cell as Text, CellAlignment, ContentArrangement, LineStyle, Table, TableStyle};

use super::glyphs::Painter;
use super::number::{grouped, rounded};
use super::records::{Cell, Column, Records};
use crate::text::{clip, harmless, visible, width};

/// At most this many columns for a token in a table.
pub(crate) const TOKEN_WIDTH: usize = 24;

/// At most this many columns for another text in a default table.
const TEXT_WIDTH: usize = 48;

/// What the terminal can show, and what the reader wants to see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Style {
    pub width: usize,
    pub color: bool,
    /// Whether explanations and notes are left out.
    pub quiet: bool,
}

impl Style {
    /// The terminal's width, or `COLUMNS`, or 80 columns; no colour.
    #[cfg(feature = "cli")]
    pub fn of_stdout() -> Self {
        let columns = || std::env::var("COLUMNS").ok()?.parse().ok();
        let width = terminal_size::terminal_size_of(io::stdout())
            .map(|(width, _)| usize::from(width.0))
            .or_else(columns)
            .unwrap_or(80);
        Self { width, color: false, quiet: false }.fitted()
    }

    /// A width that fits every table.
    fn fitted(self) -> Self {
        Self { width: self.width.clamp(40, 400), ..self }
    }
}

/// Text for a person, and the style that it must fit.
pub struct Page<'p> {
    pub(crate) style: Style,
    out: &'p mut dyn Write,
}

impl Write for Page<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.out.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

impl<'p> Page<'p> {
    pub fn new(style: Style, out: &'p mut dyn Write) -> Self {
        Self { style: style.fitted(), out }
    }

    pub(crate) fn width(&self) -> usize {
        self.style.width
    }

    /// The same page with lines of at most `width` columns.
    pub(crate) fn narrow(&mut self, width: usize) -> Page<'_> {
        let style = Style { width: self.style.width.min(width), ..self.style };
        Page::new(style, &mut *self.out)
    }

    pub(crate) fn is_quiet(&self) -> bool {
        self.style.quiet
    }

    pub(crate) fn painter(&self) -> Painter {
        Painter { color: self.style.color }
    }

    /// Prints a paragraph; all lines but the first are indented by two.
    pub(crate) fn paragraph(&mut self, text: &str) -> Result<()> {
        for (i, line) in lines(text, self.width() - 2).iter().enumerate() {
            writeln!(self.out, "{}{line}", if i == 0 { "" } else { "  " })?;
        }
        Ok(())
    }

    /// Prints a paragraph that explains the answer, unless explanations are left out.
    pub(crate) fn explain(&mut self, text: &str) -> Result<()> {
        if self.is_quiet() { Ok(()) } else { self.paragraph(text) }
    }

    /// Prints a label of `indent` columns, and a text that is wrapped beside it.
    pub(crate) fn labelled(&mut self, indent: usize, label: &str, text: &str) -> Result<()> {
        let columns = self.width() - indent;
        for (i, line) in lines(text, columns).iter().enumerate() {
            let label = if i == 0 { label } else { "" };
            writeln!(self.out, "{}", format!("{label:indent$}{}", clip(line, columns)).trim_end())?;
        }
        Ok(())
    }

    pub(crate) fn grid<C: Into<String>>(
        &mut self,
        columns: &[Column],
        rows: impl IntoIterator<Item = impl IntoIterator<Item = C>>,
    ) -> Result<()> {
        let mut grid = Grid::new(columns);
        rows.into_iter().for_each(|row| grid.row(row));
        grid.print(self)
    }

    /// Prints the notes after an empty line, unless explanations are left out.
    pub(crate) fn notes(&mut self, notes: &[String]) -> Result<()> {
        if notes.is_empty() || self.is_quiet() {
            return Ok(());
        }
        writeln!(self.out)?;
        notes.iter().try_for_each(|note| self.paragraph(&format!("note: {}", harmless(note))))
    }
}

/// A space at which no line breaks.
pub(crate) const UNBROKEN: &str = "\u{a0}";

/// Breaks a paragraph into lines, at spaces but not before a percent sign. A word
/// longer than a line gets its own line.
pub(crate) fn lines(text: &str, columns: usize) -> Vec<String> {
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

/// One line under the header and no other lines, so that one row is one line of text.
const PLAIN: TableStyle = TableStyle::new().header_separator(LineStyle::none().fill('─'));

/// Rows under a header. A column is as wide as its contents and two spaces.
pub(crate) struct Grid {
    table: Table,
    /// Whether each column holds numbers.
    numbers: Vec<bool>,
    /// Rows of one line at the end that are measured, but not printed.
    measured: usize,
}

impl Grid {
    /// Aligns texts to the left and numbers to the right.
    pub(crate) fn new(columns: &[Column]) -> Self {
        let mut table = Table::new();
        table
            .load_style(PLAIN)
            .set_content_arrangement(ContentArrangement::Disabled)
            .set_header(columns.iter().map(|column| Text::new(&column.name)));
        for (at, _) in columns.iter().enumerate().filter(|(_, column)| column.is_number) {
            if let Some(column) = table.column_mut(at) {
                column.set_cell_alignment(CellAlignment::Right);
            }
        }
        let numbers = columns.iter().map(|column| column.is_number).collect();
        Self { table, numbers, measured: 0 }
    }

    pub(crate) fn row(&mut self, cells: impl IntoIterator<Item = impl Into<String>>) {
        self.table.add_row(cells.into_iter().map(|cell| Text::new(cell.into())));
    }

    /// Makes room for the first cells of a row that is printed later. No other row may
    /// follow.
    pub(crate) fn measure(&mut self, cells: &[String]) {
        self.row(cells);
        self.measured += 1;
    }

    /// The lines, all of the same width: the header, a line under it, then the rows.
    pub(crate) fn lines(&self) -> impl Iterator<Item = String> {
        let mut lines: Vec<String> = self.table.lines().collect();
        lines.truncate(lines.len() - self.measured);
        lines.into_iter()
    }

    /// The columns as they are now, for rows that are printed one by one.
    pub(crate) fn fitted(&self) -> Fitted {
        let widths = self.table.column_max_content_widths().into_iter().map(usize::from);
        Fitted(widths.zip(self.numbers.iter().copied()).collect())
    }

    pub(crate) fn print(&self, page: &mut Page) -> Result<()> {
        self.lines().try_for_each(|line| Ok(writeln!(page, "{}", line.trim_end())?))
    }
}

/// The columns of a grid: the width of each, and whether it holds numbers. They are fitted
/// to the first rows, so that the others need not be in memory. A longer cell moves the
/// cells after it.
#[derive(Debug)]
pub struct Fitted(Vec<(usize, bool)>);

impl Fitted {
    /// The line of a row.
    pub(crate) fn line(&self, cells: impl IntoIterator<Item = impl AsRef<str>>) -> String {
        let mut line = String::with_capacity(128);
        for (cell, &(column, is_number)) in cells.into_iter().zip(&self.0) {
            let cell = cell.as_ref();
            let room = column.saturating_sub(width(cell));
            let (before, after) = if is_number { (room, 0) } else { (0, room) };
            line.extend(repeat_n(' ', 1 + before));
            line.push_str(cell);
            line.extend(repeat_n(' ', after + 1));
        }
        line.truncate(line.trim_end().len());
        line
    }
}

/// Records as a grid: the default table of an answer.
impl Records for Grid {
    fn header(&mut self, columns: &[Column]) -> Result<()> {
        *self = Self::new(columns);
        Ok(())
    }

    fn record(&mut self, cells: &[Cell]) -> Result<()> {
        self.row(cells.iter().map(|cell| match cell {
            Cell::Nothing => "-".to_owned(),
            Cell::Word(word) => (*word).to_owned(),
            Cell::Text(text) => clip(&visible(text), TEXT_WIDTH).into_owned(),
            Cell::Shown(text) => clip(&harmless(text), TEXT_WIDTH).into_owned(),
            Cell::Token(token) => token.quoted(TOKEN_WIDTH),
            Cell::Number(n) => n.to_string(),
            Cell::Count(n) => grouped(*n),
            Cell::Value(value) => rounded(value.0.into()),
            Cell::Wide(value) => rounded(value.0),
        }));
        Ok(())
    }
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
    #[test]
    fn a_row_printed_later_looks_like_one_of_the_grid() {
        let columns = ["#id", "token", "#n"].map(Column::of);
        let rows = [["1", "猫", "-0.5"], ["20", "\" a\"", ""], ["300", "", "7"]];
        let mut grid = Grid::new(&columns);
        rows.iter().for_each(|row| grid.row(*row));
        let lines: Vec<String> = grid.lines().skip(2).collect();
        for (row, line) in rows.iter().zip(&lines) {
            assert_eq!(grid.fitted().line(row), line.trim_end());
        }
        assert_eq!(grid.fitted().line(["4", "long words", "1"]), "   4  long words     1");
    }
}
