//! Every argument, default and help text.

use std::ffi::OsString;
use std::ops::Range;
use std::path::PathBuf;

use clap::builder::NonEmptyStringValueParser;
use clap::error::ErrorKind;
use clap::{Args, CommandFactory, Parser, Subcommand, ValueEnum};

use crate::embedding::TOKEN_EMBEDDING;
use crate::report;

/// Look at the first matrix of a language model: its token embedding table.
///
/// Before a language model does any mathematics, each token ID picks one row of
/// a learned table of n_vocab rows and d_model columns. embcli finds that table
/// in a GGUF file (llama.cpp, Ollama, LM Studio), reads the rows asked for,
/// whatever they are quantised to, and shows their shape, cost and geometry.
#[derive(Debug, Parser)]
#[command(
    name = "embcli",
    version,
    subcommand_required = true,
    arg_required_else_help = true,
    after_help = "Start with:  embcli lookup MODEL.gguf 791 2368 3290"
)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,

    /// How to print the answer
    #[arg(long, global = true, display_order = 100, value_enum, default_value_t = Format::Table)]
    pub format: Format,
}

/// The forms an answer can take.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For reading, fitted to the terminal
    Table,
    /// One JSON object, every digit
    Json,
    /// JSON lines: an object for each row, query or precision
    Jsonl,
    /// Comma-separated values with a header
    Csv,
}

impl From<Format> for report::Format {
    fn from(format: Format) -> Self {
        match format {
            Format::Table => Self::Table,
            Format::Json => Self::Json,
            Format::Jsonl => Self::Jsonl,
            Format::Csv => Self::Csv,
        }
    }
}

/// What embcli can do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Token IDs to rows: the matrix a model starts from
    #[command(after_help = "\
Examples:
  embcli lookup model.gguf 791 2368 3290      three IDs, a [3, d_model] matrix
  embcli lookup model.gguf The ' cat' ' sat'  tokens by their text
  embcli lookup model.gguf --token 7          the token that reads 7, not ID 7
  embcli lookup model.gguf 450 --values 10    the first ten values of row 450
  embcli lookup model.gguf 0..5 --full        every value of rows 0 to 4
  embcli lookup model.gguf 791 --as-input     as the first block receives it
  echo 1,2,3 | embcli lookup model.gguf -     IDs from standard input")]
    Lookup(Lookup),

    /// The rows nearest to a token's row, over the whole table
    #[command(after_help = "\
Examples:
  embcli neighbors model.gguf 2368                      the ten nearest by cosine
  embcli neighbors model.gguf ' cat'                    by the token's text
  embcli neighbors model.gguf 2368 5765 -k 5            two IDs, one pass
  embcli neighbors model.gguf 2368 --metric l2          by Euclidean distance
  embcli neighbors model.gguf --all --format csv        of every row, as they come
  embcli neighbors model.gguf --all 0..50000 --format jsonl     of a part of them

A row of zeros has no direction: under cosine it is an error as a query, and
left out and counted as a candidate. Rows with a NaN or an infinity are left
out and counted under every metric.

--all writes whole lines as it goes, in at most 150 MB of memory whatever the
table's size (beside the pages of the file, which the system keeps as it likes). Rows come in the order of their IDs: to continue after a stop, give
the range that is missing. Rows that can't be queries are skipped and counted on
standard error.")]
    Neighbors(Neighbors),

    /// What a table costs at each precision
    #[command(after_help = "\
Examples:
  embcli footprint --vocab 128000 --dim 4096            a table on paper
  embcli footprint --vocab 128000 --dim 4096,8192       two, side by side
  embcli footprint --like llama3-8b                     a well-known one
  embcli footprint model.gguf                           the one in a file")]
    Footprint(Footprint),

    /// The vocabulary: every token, or those that match
    #[command(after_help = "\
Examples:
  embcli tokens model.gguf cat                     every token that holds cat
  embcli tokens model.gguf ' cat' --exact          the one that is ' cat'
  embcli tokens model.gguf '^ ?[0-9]+$' --regex    all numbers, with a space or not
  embcli tokens model.gguf '(?i)cat' --regex       cat, Cat, CAT
  embcli tokens model.gguf --type control          what steers the model
  embcli tokens model.gguf --range 0..100 --norm   with the norms of their rows
  embcli tokens model.gguf --format csv            the whole vocabulary

Texts are as people read them: a space, not the sign that stands for one in the
file. No table is needed but for --norm.")]
    Tokens(Tokens),
    /// What a file is and has: types, table, tokenizer, and what is odd
    #[command(after_help = "\
Examples:
  embcli info model.gguf                                all on one screen
  embcli info model.gguf --keys                         its metadata, a line each
  embcli info model.gguf --tensors --format csv         its tensors, for a program
  embcli info model.gguf --strict                       a second reader's opinion too

A file without an embedding table (an adapter, a projector, a vocabulary) has
its info too. `general.file_type` is what the writer meant; types are counted
over the tensors themselves.")]
    Info(Info),
}

impl Command {
    /// How many values of a row to print; `None` for what fits a line.
    pub fn values(&self) -> Option<usize> {
        match self {
            Self::Lookup(Lookup { full: true, .. }) => Some(usize::MAX),
            Self::Lookup(Lookup { values, .. }) => values.map(|n| n as usize),
            _ => None,
        }
    }
}

/// A model and the table in it.
#[derive(Debug, Args)]
pub struct Model {
    /// A GGUF file
    #[arg(value_name = "MODEL")]
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
    #[arg(value_name = "ID", required_unless_present = "tokens", value_parser = NonEmptyStringValueParser::new())]
    pub ids: Vec<String>,

    /// The token with this text, even where that looks like an ID; after the others, repeatable
    #[arg(long = "token", value_name = "TEXT", allow_hyphen_values = true, value_parser = NonEmptyStringValueParser::new())]
    pub tokens: Vec<String>,

    /// Print the first N values of each row, every digit [default: first and last few]
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
    /// (with --format csv or jsonl)
    #[arg(long)]
    pub all: bool,

    /// How many neighbours of each
    #[arg(short, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..))]
    pub k: u64,

    /// What "near" means
    #[arg(long, value_enum, default_value_t = Metric::Cosine)]
    pub metric: Metric,

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
    /// A GGUF file, to measure the table that is in it
    #[arg(value_name = "MODEL")]
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
    /// A GGUF file
    #[arg(value_name = "MODEL")]
    pub path: PathBuf,

    /// Only tokens that hold this text
    #[arg(required_if_eq_any = [("exact", "true"), ("regex", "true")])]
    pub pattern: Option<String>,

    /// Only tokens that are the pattern, all of it
    #[arg(long, conflicts_with = "regex")]
    pub exact: bool,

    /// The pattern is a regular expression
    #[arg(long)]
    pub regex: bool,

    /// Only tokens of a type
    #[arg(long = "type", value_name = "TYPE", value_enum)]
    pub token_type: Option<TokenType>,

    /// Only IDs from A to B, B not included
    #[arg(long, value_name = "A..B", value_parser = range)]
    pub range: Option<Range<u64>>,

    /// With the Euclidean norm of each token's row
    #[arg(long)]
    pub norm: bool,
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
    /// A GGUF file
    #[arg(value_name = "MODEL")]
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

/// What there is to print when no command runs.
pub struct Stop {
    /// The text, without a line end.
    pub text: String,
    /// Whether someone asked for it (help, version): standard output, exit 0.
    pub asked: bool,
}

impl Cli {
    /// Parses a command line.
    ///
    /// # Errors
    /// With help or version where they were asked for, and with one line on
    /// what is wrong where the usage is.
    pub fn parse_from_args(args: impl IntoIterator<Item = OsString>) -> Result<Self, Stop> {
        let parsed = Self::try_parse_from(args).and_then(Self::check);
        parsed.map_err(|error| match error.kind() {
            ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => {
                Stop { text: error.to_string().trim_end().to_owned(), asked: true }
            }
            ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
                Stop { text: error.to_string().trim_end().to_owned(), asked: false }
            }
            _ => Stop { text: one_line(&error), asked: false },
        })
    }

    /// What clap's own rules can't say.
    fn check(self) -> Result<Self, clap::Error> {
        if self.streams() && self.stream_form().is_none() {
            return Err(Self::command().error(
                ErrorKind::ArgumentConflict,
                "--all writes as it goes: it needs --format csv or --format jsonl",
            ));
        }
        if let Command::Lookup(Lookup { as_input: true, model, .. }) = &self.command
            && model.tensor != TOKEN_EMBEDDING
        {
            return Err(Self::command().error(
                ErrorKind::ArgumentConflict,
                format!(
                    "--as-input is about {TOKEN_EMBEDDING}: rows of \"{}\" do not enter the \
                     first block",
                    crate::text::clip(&model.tensor, 64)
                ),
            ));
        }
        Ok(self)
    }

    fn streams(&self) -> bool {
        matches!(&self.command, Command::Neighbors(Neighbors { all: true, .. }))
    }

    /// The form of an answer that is written as it is found; `None` where the
    /// answer comes as a whole.
    pub fn stream_form(&self) -> Option<report::Form> {
        match self.format {
            Format::Csv if self.streams() => Some(report::Form::Csv),
            Format::Jsonl if self.streams() => Some(report::Form::Jsonl),
            _ => None,
        }
    }
}

/// A usage error without the usage: what is wrong, the tip if there is one, and
/// where to read on.
fn one_line(error: &clap::Error) -> String {
    let rendered = error.to_string();
    let mut line = String::new();
    for part in rendered.lines().map(str::trim).filter(|part| !part.is_empty()) {
        if part.starts_with("Usage:") || part.starts_with("For more information") {
            break;
        }
        let (joint, part) = match part.strip_prefix("tip: ") {
            Some(tip) => ("; ", tip),
            None => (if line.is_empty() { "" } else { " " }, part),
        };
        line += joint;
        line += part;
    }
    // It quotes arguments, which may be pasted from anywhere.
    crate::text::visible(&line).into_owned() + " (--help shows the usage)"
}
