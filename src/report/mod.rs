//! How an answer looks: to a person, and to a program.
//!
//! Everything here is a function of the answer's plain structs, so the forms
//! can't disagree. Nothing below this module prints.

mod csv;
mod info;
mod json;
mod number;
mod stream;
mod table;
mod tokens;

use std::io::Write;

use anyhow::Result;

use crate::answer::Answer;

pub use stream::{Form, Stream};
pub use tokens::Tokens;

/// The forms an answer can take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// For reading.
    Table,
    /// The answer struct as one JSON object.
    Json,
    /// One JSON object for each row, query or precision, a line each.
    Jsonl,
    /// Comma-separated values with a header.
    Csv,
}

/// What the reader's side can show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Style {
    /// Columns of text.
    pub width: usize,
    /// How many values of a row to print; `None` for what fits a line.
    pub values: Option<usize>,
}

impl Style {
    /// Of standard output: the terminal's width, or `COLUMNS`, or 80 columns.
    pub fn of_stdout() -> Self {
        let columns = || std::env::var("COLUMNS").ok()?.parse().ok();
        let width = terminal_size::terminal_size_of(std::io::stdout())
            .map(|(width, _)| usize::from(width.0))
            .or_else(columns)
            .unwrap_or(80);
        Self { width: width.clamp(40, 400), values: None }
    }
}

/// Writes an answer.
pub fn write(answer: &Answer, format: Format, style: &Style, out: &mut dyn Write) -> Result<()> {
    if let Answer::Tokens(report) = answer {
        return tokens::write(report, format, style, out);
    }
    match format {
        Format::Table => table::write(answer, style, out),
        Format::Json => json::line(answer, out),
        Format::Jsonl => json::lines(answer, out),
        Format::Csv => csv::write(answer, out),
    }
}
