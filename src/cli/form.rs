//! What options that choose one of several take, and how the help says it.

use std::ffi::OsString;

use anstream::ColorChoice;
use clap::ValueEnum;
use clap::builder::PossibleValue;

use crate::report::Form;
use crate::similarity::Metric;
use crate::vocab::TokenType;

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

impl ValueEnum for Form {
    fn value_variants<'a>() -> &'a [Self] {
        &Self::ALL
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(PossibleValue::new(self.name()).help(match self {
            Self::Table => "For reading, fitted to the terminal",
            Self::Json => "One JSON object, every digit",
            Self::Jsonl => "JSON lines: an object for each row, query, token or precision",
            Self::Csv => "Comma-separated values with a header; controls in texts as escapes (\\n)",
            Self::Tsv => "The same, separated by tabs",
            Self::Md => "A Markdown table, for an issue or a notebook",
            Self::Npy => "NumPy's file format: the [n, d_model] float32 matrix of a lookup",
        }))
    }
}

impl ValueEnum for Metric {
    fn value_variants<'a>() -> &'a [Self] {
        &[Self::Cosine, Self::Dot, Self::L2]
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(PossibleValue::new(self.name()).help(match self {
            Self::Cosine => "The cosine of the angle between two rows, 1 the nearest",
            Self::Dot => "The dot product, the largest the nearest",
            Self::L2 => "The Euclidean distance, the smallest the nearest",
        }))
    }
}

impl ValueEnum for TokenType {
    fn value_variants<'a>() -> &'a [Self] {
        use TokenType::{Byte, Control, Normal, Unknown, Unused, UserDefined};
        &[Normal, Control, UserDefined, Unused, Byte, Unknown]
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(PossibleValue::new(self.name()).help(match self {
            Self::Normal => "Ordinary text",
            Self::Control => "Steers the model",
            Self::UserDefined => "Added by whoever trained the model",
            Self::Unused => "Reserved, never trained",
            Self::Byte => "A single byte, for what no other token covers",
            Self::Unknown => "Stands for what can't be spelt",
        }))
    }
}
