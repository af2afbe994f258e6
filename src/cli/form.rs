//! The values of options with a fixed set of choices, and their help.

use std::ffi::OsString;

use anstream::ColorChoice;
use clap::ValueEnum;
use clap::builder::PossibleValue;

use crate::commands::analogy::Method;
use crate::commands::map::Layout;
use crate::commands::tokens::Sort;
use crate::report::Form;
use crate::similarity::Metric;
use crate::vocab::TokenType;

/// When to use colour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Color {
    /// On a terminal, unless NO_COLOR is set; CLICOLOR_FORCE also colours pipes
    #[default]
    Auto,
    /// Everywhere
    Always,
    /// Nowhere
    Never,
}

impl Color {
    /// Finds `--color` in arguments that may be invalid as a whole.
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
        Self::ALL
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(PossibleValue::new(self.name()).help(match self {
            Self::Table => "For people, fitted to the terminal",
            Self::Json => "One JSON object, every digit",
            Self::Jsonl => "JSON lines: one object per row, query, token or precision",
            Self::Csv => {
                "Comma-separated values with a header; control characters as escapes (\\n)"
            }
            Self::Tsv => "The same, separated by tabs",
            Self::Md => "A Markdown table, for an issue or a notebook",
            Self::Npy => "NumPy's file format: a float32 matrix, of rows or of similarities",
            Self::Svg => "A picture of lines and letters: a heat map of similarities, a map",
            Self::Safetensors => "One tensor, with its origin in the metadata (export)",
            Self::Parquet => "A table for DuckDB, pandas, polars, ... (export)",
            Self::Sarif => "SARIF 2.1.0: the findings of a check, for code-scanning pages",
            Self::Html => "A page for a browser: a map",
            Self::Png => "A picture of pixels: a map",
        }))
    }
}

impl ValueEnum for Metric {
    fn value_variants<'a>() -> &'a [Self] {
        Self::ALL
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(PossibleValue::new(self.name()).help(match self {
            Self::Cosine => "The cosine of the angle between two rows; 1 is nearest",
            Self::Dot => "The dot product; the largest is nearest",
            Self::L2 => "The Euclidean distance; the smallest is nearest",
        }))
    }
}

impl ValueEnum for Method {
    fn value_variants<'a>() -> &'a [Self] {
        Self::ALL
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(PossibleValue::new(self.name()).help(match self {
            Self::Add => "3CosAdd: the cosine with B - A + C, each of unit length",
            Self::Mul => "3CosMul: near B and near C and far from A, as a product",
        }))
    }
}

impl ValueEnum for Layout {
    fn value_variants<'a>() -> &'a [Self] {
        Self::ALL
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(PossibleValue::new(self.name()).help(match self {
            Self::Tsne => {
                "t-SNE: keeps rows together that are near; takes minutes for a large table"
            }
            Self::Pca => "Two principal directions: at once, but neighbours are lost",
        }))
    }
}

impl ValueEnum for Sort {
    fn value_variants<'a>() -> &'a [Self] {
        &[Self::Id, Self::Norm, Self::Score, Self::Length]
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(match self {
            Self::Id => PossibleValue::new("id").help("The order of the IDs"),
            Self::Norm => PossibleValue::new("norm").help("The shortest rows first"),
            Self::Score => PossibleValue::new("score").help("The lowest scores first"),
            Self::Length => PossibleValue::new("length").help("The fewest characters first"),
        })
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
            Self::Control => "Control sign, such as the start of a text",
            Self::UserDefined => "Added by the model's authors",
            Self::Unused => "Reserved, never trained",
            Self::Byte => "A single byte, for text without a token",
            Self::Unknown => "Stands for text that can't be encoded",
        }))
    }
}
