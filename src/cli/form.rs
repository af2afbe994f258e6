//! The forms of an answer, and its colours.

use std::ffi::OsString;

use anstream::ColorChoice;
use clap::ValueEnum;

use crate::report;

/// When to use colour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Color {
    /// On a terminal, unless NO_COLOR is set; CLICOLOR_FORCE is for pipes too
    #[default]
    Auto,
    /// Everywhere
    Always,
    /// Nowhere
    Never,
}

impl Color {
    /// What arguments say of colour that may not parse as a whole.
    pub(super) fn among(args: &[OsString]) -> Self {
        let mut said = None;
        let mut words = args.iter().filter_map(|arg| arg.to_str()).take_while(|arg| *arg != "--");
        while let Some(word) = words.next() {
            said = match word {
                "--color" => words.next(),
                word => word.strip_prefix("--color=").or(said),
            };
        }
        said.and_then(|said| Self::from_str(said, false).ok()).unwrap_or_default()
    }
}

impl From<Color> for ColorChoice {
    fn from(color: Color) -> Self {
        match color {
            Color::Auto => Self::Auto,
            Color::Always => Self::Always,
            Color::Never => Self::Never,
        }
    }
}

/// The forms an answer can take.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For reading, fitted to the terminal
    Table,
    /// One JSON object, every digit
    Json,
    /// JSON lines: an object for each row, query, token or precision
    Jsonl,
    /// Comma-separated values with a header; controls in texts as escapes (\n)
    Csv,
    /// The same, separated by tabs
    Tsv,
    /// A Markdown table, for an issue or a notebook
    Md,
    /// NumPy's file format: the [n, d_model] float32 matrix of a lookup
    Npy,
}

impl Format {
    /// The form that files with an extension have.
    pub(super) fn of_extension(extension: &str) -> Option<Self> {
        Some(match &*extension.to_ascii_lowercase() {
            "txt" => Self::Table,
            "json" => Self::Json,
            "jsonl" => Self::Jsonl,
            "csv" => Self::Csv,
            "tsv" => Self::Tsv,
            "md" => Self::Md,
            "npy" => Self::Npy,
            _ => return None,
        })
    }
}

impl From<Format> for report::Format {
    fn from(format: Format) -> Self {
        match format {
            Format::Table => Self::Table,
            Format::Json => Self::Json,
            Format::Jsonl => Self::Jsonl,
            Format::Csv => Self::Csv,
            Format::Tsv => Self::Tsv,
            Format::Md => Self::Md,
            Format::Npy => Self::Npy,
        }
    }
}
