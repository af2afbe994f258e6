//! The arguments of each command.

use std::ffi::OsString;
use std::ops::Range;
use std::path::PathBuf;

use clap::builder::NonEmptyStringValueParser;
use clap::{Args, ValueEnum};

use super::manual;
use crate::answer::TOUR_STEPS;
use crate::embedding::TOKEN_EMBEDDING;

/// A model and the table in it.
#[derive(Debug, Args)]
pub struct Model {
    /// The model
    #[arg(value_name = "MODEL", help = manual::MODEL, long_help = manual::MODEL_LONG)]
    pub path: PathBuf,

    /// The table to read: any two-dimensional tensor
    #[arg(long, value_name = "NAME", default_value = TOKEN_EMBEDDING)]
    pub tensor: String,
}

/// Arguments of `lookup`.
#[derive(Debug, Args)]
pub struct Lookup {
    #[command(flatten)]
    #[allow(missing_docs)]
    pub model: Model,

    /// Tokens: IDs, ranges a..b of them (b not included), texts (' cat' with its space), - to read
    /// a list of IDs from standard input
    #[arg(value_name = "ID", required_unless_present_any = ["tokens", "text"], conflicts_with = "text", value_parser = NonEmptyStringValueParser::new())]
    pub ids: Vec<String>,

    /// The token with this text, even where that looks like an ID; after the others, repeatable
    #[arg(long = "token", value_name = "TEXT", conflicts_with = "text", allow_hyphen_values = true, value_parser = NonEmptyStringValueParser::new())]
    pub tokens: Vec<String>,

    #[command(flatten)]
    #[allow(missing_docs)]
    pub text: Text,

    /// Print the first N values of each row, every digit; json, jsonl and npy hold all of them
    /// [default: what fits a line]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..), conflicts_with = "full")]
    pub values: Option<u32>,

    /// Print every value of each row
    #[arg(long)]
    pub full: bool,

    /// Print the rows as the first block receives them: scaled, with positions,
    /// normalised, as the model's architecture does
    #[arg(long)]
    pub as_input: bool,

    /// The position of the first token, for models that add positions [default: 0]
    #[arg(long, value_name = "P", requires = "as_input")]
    pub start: Option<u32>,
}

/// Arguments of `neighbors`.
#[derive(Debug, Args)]
pub struct Neighbors {
    #[command(flatten)]
    #[allow(missing_docs)]
    pub model: Model,

    /// Tokens: IDs, ranges a..b of them (b not included), texts (' cat' with its space), - to read
    /// a list of IDs from standard input
    #[arg(value_name = "ID", required_unless_present_any = ["all", "tokens"], value_parser = NonEmptyStringValueParser::new())]
    pub ids: Vec<String>,

    /// The token with this text, even where that looks like an ID; after the others, repeatable
    #[arg(long = "token", value_name = "TEXT", allow_hyphen_values = true, value_parser = NonEmptyStringValueParser::new())]
    pub tokens: Vec<String>,

    /// Every row's neighbours, or those of the IDs given, as they are found
    /// (with --format csv, tsv, md or jsonl)
    #[arg(long)]
    pub all: bool,

    /// How many neighbours of each
    #[arg(short, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..))]
    pub k: u64,

    /// What "near" means
    #[arg(long, value_enum, default_value_t = Metric::Cosine)]
    pub metric: Metric,

    /// Compare the rows as the first block receives them: scaled, with
    /// positions, normalised, as the model's architecture does
    #[arg(long)]
    pub as_input: bool,

    /// The position of query and candidates, for models that add positions [default: 0]
    #[arg(long, value_name = "P", requires = "as_input")]
    pub start: Option<u32>,

    /// Threads to use, if not as many as there are cores; the answer is the same
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub threads: Option<u16>,
}

/// Ways to measure how near two rows are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Metric {
    /// The cosine of the angle between two rows, 1 the nearest
    Cosine,
    /// The dot product, the largest the nearest
    Dot,
    /// The Euclidean distance, the smallest the nearest
    L2,
}

/// Arguments of `footprint`.
#[derive(Debug, Args)]
#[command(group(clap::ArgGroup::new("shape").args(["path", "vocab", "like"]).required(true).multiple(false)))]
pub struct Footprint {
    /// The model whose table is measured
    #[arg(value_name = "MODEL", help = manual::MODEL, long_help = manual::MODEL_LONG)]
    pub path: Option<PathBuf>,

    /// The file's table to measure: any two-dimensional tensor
    #[arg(long, value_name = "NAME", requires = "path", default_value = TOKEN_EMBEDDING)]
    pub tensor: String,

    /// Rows: the size of the vocabulary (several: 32000,128000)
    #[arg(long, value_name = "N", value_delimiter = ',', requires = "dim", value_parser = clap::value_parser!(u64).range(1..))]
    pub vocab: Vec<u64>,

    /// Columns: the width of the model, d_model (several: 4096,8192)
    #[arg(long, value_name = "N", value_delimiter = ',', requires = "vocab", value_parser = clap::value_parser!(u64).range(1..))]
    pub dim: Vec<u64>,

    /// A well-known table, such as gpt2 or llama3-8b (a wrong name lists them)
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    pub like: Vec<String>,
}

/// Arguments of `tokens`.
#[derive(Debug, Args)]
pub struct Tokens {
    /// The model
    #[arg(value_name = "MODEL", help = manual::MODEL, long_help = manual::MODEL_LONG)]
    pub path: PathBuf,

    #[command(flatten)]
    #[allow(missing_docs)]
    pub text: Text,

    /// Only tokens that hold this text
    #[arg(required_if_eq_any = [("exact", "true"), ("regex", "true")], conflicts_with = "text")]
    pub pattern: Option<String>,

    /// Only tokens that are the pattern, all of it
    #[arg(long, conflicts_with_all = ["regex", "text"])]
    pub exact: bool,

    /// The pattern is a regular expression
    #[arg(long, conflicts_with = "text")]
    pub regex: bool,

    /// Only tokens of a type
    #[arg(long = "type", value_name = "TYPE", value_enum, conflicts_with = "text")]
    pub token_type: Option<TokenType>,

    /// Only IDs from A to B, B not included
    #[arg(long, value_name = "A..B", value_parser = range, conflicts_with = "text")]
    pub range: Option<Range<u64>>,

    /// With the Euclidean norm of each token's row
    #[arg(long, conflicts_with = "text")]
    pub norm: bool,
}

/// A text, and how it is read.
#[derive(Debug, Args)]
pub struct Text {
    /// This text in the model's own tokens, as llama.cpp reads it; - takes all of standard input,
    /// byte for byte
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    pub text: Option<OsString>,

    /// Put nothing around the text: no BOS in front, no EOS behind, no [CLS] and [SEP]
    #[arg(long)]
    pub no_bos: bool,

    /// Read special tokens in the text as plain text
    #[arg(long)]
    pub no_parse_special: bool,
}

impl Text {
    /// Whether there is one.
    pub fn is_given(&self) -> bool {
        self.text.is_some()
    }
}

/// What a file says that a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum TokenType {
    /// Ordinary text
    Normal,
    /// Steers the model
    Control,
    /// Added by whoever trained the model
    User,
    /// Reserved, never trained
    Unused,
    /// A single byte, for what no other token covers
    Byte,
    /// Stands for what can't be spelt
    Unknown,
}

/// A range `a..b` that is not empty.
fn range(text: &str) -> Result<Range<u64>, String> {
    let parsed =
        text.split_once("..").and_then(|(first, end)| Some(first.parse().ok()?..end.parse().ok()?));
    match parsed {
        Some(range) if range.is_empty() => {
            Err("it is empty: a..b is a up to b, b not included".to_owned())
        }
        Some(range) => Ok(range),
        None => Err("a range is two numbers, such as 0..100".to_owned()),
    }
}

/// Arguments of `info`.
#[derive(Debug, Args)]
pub struct Info {
    /// The model
    #[arg(value_name = "MODEL", help = manual::MODEL, long_help = manual::MODEL_LONG)]
    pub path: PathBuf,

    /// List the metadata instead: key, type, value (long ones shortened)
    #[arg(long, conflicts_with = "tensors")]
    pub keys: bool,

    /// List the tensors instead: name, type, shape (rows first), bytes
    #[arg(long)]
    pub tensors: bool,

    /// Ask gguf-rs-lib's own strict reader too
    #[arg(long)]
    pub strict: bool,
}

/// Arguments of `check`.
#[derive(Debug, Args)]
pub struct Check {
    /// The model
    #[arg(value_name = "MODEL", help = manual::MODEL, long_help = manual::MODEL_LONG)]
    pub path: PathBuf,

    /// The same model again, to compare with: in another precision, or before a merge
    #[arg(value_name = "OTHER")]
    pub other: Option<PathBuf>,

    /// Fail also where the order of the rows can't be judged
    #[arg(long)]
    pub strict: bool,
}

/// Arguments of `tour`.
#[derive(Debug, Args)]
pub struct Tour {
    /// The model; the toy where there is none
    #[arg(value_name = "MODEL", help = manual::MODEL, long_help = manual::MODEL_LONG)]
    pub path: Option<PathBuf>,

    /// Only this step, 1 to 10 (several: 1,5,6)
    #[arg(long = "step", value_name = "N", value_delimiter = ',', value_parser = tour_step)]
    pub steps: Vec<u64>,

    /// List the titles of the steps instead
    #[arg(long, conflicts_with_all = ["path", "steps"])]
    pub list: bool,
}

/// The number of a step of the tour.
fn tour_step(text: &str) -> Result<u64, String> {
    let number = text.parse().ok().filter(|number| (1..=TOUR_STEPS).contains(number));
    number.ok_or_else(|| format!("the steps are 1 to {TOUR_STEPS} (--list shows them)"))
}

/// Arguments of `completions`.
#[derive(Debug, Args)]
pub struct Completions {
    /// The shell
    #[arg(value_enum)]
    pub shell: clap_complete::Shell,
}

/// Arguments of `man`.
#[derive(Debug, Args)]
pub struct Man {
    /// The command whose page it is, instead of one of all
    pub command: Option<String>,
}
