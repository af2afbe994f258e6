//! How an answer looks: to a person, and to a program.
//!
//! Everything here is a function of the answer's plain structs, so the forms
//! can't disagree. Nothing below this module prints.

mod delimited;
mod figures;
mod info;
mod json;
mod markdown;
mod npy;
mod number;
mod records;
mod stream;
mod table;
mod tokens;
mod tour;
mod words;

use std::io::Write;

use anyhow::Result;

use crate::answer::Answer;

pub use stream::{Form, Stream};
pub use tokens::Tokens;
pub use tour::Tour;

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
    /// The same, separated by tabs.
    Tsv,
    /// A Markdown table.
    Md,
    /// NumPy's file format, for the matrix of a lookup.
    Npy,
}

/// What the reader's side can show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Style {
    /// Columns of text.
    pub width: usize,
    /// How many values of a row to print; `None` for what fits a line.
    pub values: Option<usize>,
    /// Whether tables are coloured.
    pub color: bool,
}

impl Style {
    /// Of standard output: the terminal's width, or `COLUMNS`, or 80 columns.
    pub fn of_stdout() -> Self {
        let columns = || std::env::var("COLUMNS").ok()?.parse().ok();
        let width = terminal_size::terminal_size_of(std::io::stdout())
            .map(|(width, _)| usize::from(width.0))
            .or_else(columns)
            .unwrap_or(80);
        Self { width, values: None, color: false }.fitted()
    }

    /// With a width that every table can be laid out in.
    fn fitted(self) -> Self {
        Self { width: self.width.clamp(40, 400), ..self }
    }
}

/// Writes an answer.
pub fn write(answer: &Answer, format: Format, style: &Style, out: &mut dyn Write) -> Result<()> {
    if let Answer::Tokens(report) = answer {
        return tokens::write(report, format, style, out);
    }
    if let Answer::Text(text) = answer {
        return Ok(out.write_all(text.as_bytes())?);
    }
    let style = &style.fitted();
    match format {
        Format::Table => table::write(answer, style, out),
        Format::Json => json::line(answer, out),
        Format::Jsonl => json::lines(answer, out),
        Format::Csv => delimited(answer, b',', style, out),
        Format::Tsv => delimited(answer, b'\t', style, out),
        Format::Md => markdown::write(answer, style, out),
        Format::Npy => npy::write(answer, out),
    }
}

/// What a reader should know besides an answer, where its form has no place for
/// that.
pub fn remarks(answer: &Answer, format: Format) -> impl Iterator<Item = &str> {
    let has_place = match format {
        Format::Json => true,
        Format::Table => !matches!(answer, Answer::Tokenized(_)),
        Format::Md => !matches!(answer, Answer::Tokenized(_) | Answer::Models(_)),
        Format::Jsonl | Format::Csv | Format::Tsv | Format::Npy => false,
    };
    answer.notes().filter(move |_| !has_place)
}

fn delimited(answer: &Answer, delimiter: u8, style: &Style, out: &mut dyn Write) -> Result<()> {
    let mut out = delimited::Delimited::new(delimiter, out);
    records::write(answer, style.values, &mut out)?;
    out.flush()
}
