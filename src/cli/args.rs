//! The arguments of each command, and the request that they make.

use std::ffi::OsString;
use std::ops::Range;
use std::path::PathBuf;

use clap::Args;
use clap::builder::NonEmptyStringValueParser;

use super::manual;
use crate::commands::check::CheckRequest;
use crate::commands::footprint::FootprintRequest;
use crate::commands::info::InfoRequest;
use crate::commands::lookup::{LookupRequest, RowsOf};
use crate::commands::neighbors::NeighborsRequest;
use crate::commands::text::{TextRequest, TextToRead};
use crate::commands::tokens::{Pattern, TokensRequest};
use crate::commands::tour::TOUR_STEPS;
use crate::commands::tour::{TitlesRequest, TourRequest};
use crate::commands::{NamedTokens, Request};
use crate::embedding::TOKEN_EMBEDDING;
use crate::similarity::Metric;
use crate::store::toy::TOY;
use crate::vocab::TokenType;

/// A model and the table in it.
#[derive(Debug, Args)]
pub struct ModelArgs {
    /// The model
    #[arg(value_name = "MODEL", help = manual::MODEL, long_help = manual::MODEL_LONG)]
    pub path: PathBuf,

    /// The table to read: any two-dimensional tensor
    #[arg(long, value_name = "NAME", default_value = TOKEN_EMBEDDING)]
    pub tensor: String,
}

/// Arguments of `lookup`.
#[derive(Debug, Args)]
pub struct LookupArgs {
    #[command(flatten)]
    #[allow(missing_docs)]
    pub model: ModelArgs,

    /// Tokens: IDs, ranges a..b of them (b not included), texts (' cat' with its space), - to read
    /// a list of IDs from standard input
    #[arg(value_name = "ID", required_unless_present_any = ["tokens", "text"], conflicts_with = "text", value_parser = NonEmptyStringValueParser::new())]
    pub ids: Vec<String>,

    /// The token with this text, even where that looks like an ID; after the others, repeatable
    #[arg(long = "token", value_name = "TEXT", conflicts_with = "text", allow_hyphen_values = true, value_parser = NonEmptyStringValueParser::new())]
    pub tokens: Vec<String>,

    #[command(flatten)]
    #[allow(missing_docs)]
    pub text: TextArgs,

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

impl LookupArgs {
    pub(super) fn request(&self) -> LookupRequest {
        LookupRequest {
            model: self.model.path.clone(),
            tensor: self.model.tensor.clone(),
            of: match self.text.read() {
                Some(text) => RowsOf::Text(text),
                None => RowsOf::Tokens(named(&self.ids, &self.tokens)),
            },
            values: if self.full { Some(usize::MAX) } else { self.values.map(|n| n as usize) },
            as_input: self.as_input.then(|| self.start.unwrap_or(0).into()),
        }
    }
}

fn named(ids: &[String], texts: &[String]) -> NamedTokens {
    NamedTokens { typed: ids.to_vec(), texts: texts.to_vec() }
}

/// Arguments of `neighbors`.
#[derive(Debug, Args)]
pub struct NeighborsArgs {
    #[command(flatten)]
    #[allow(missing_docs)]
    pub model: ModelArgs,

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

impl NeighborsArgs {
    pub(super) fn request(&self) -> NeighborsRequest {
        NeighborsRequest {
            model: self.model.path.clone(),
            tensor: self.model.tensor.clone(),
            tokens: named(&self.ids, &self.tokens),
            all: self.all,
            k: self.k,
            metric: self.metric,
            as_input: self.as_input.then(|| self.start.unwrap_or(0).into()),
            threads: self.threads.map(usize::from),
        }
    }
}

/// Arguments of `footprint`.
#[derive(Debug, Args)]
#[command(group(clap::ArgGroup::new("shape").args(["path", "vocab", "like"]).required(true).multiple(false)))]
pub struct FootprintArgs {
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

impl FootprintArgs {
    pub(super) fn request(&self) -> FootprintRequest {
        match &self.path {
            Some(path) => {
                FootprintRequest::Model { path: path.clone(), tensor: self.tensor.clone() }
            }
            None if self.like.is_empty() => {
                FootprintRequest::Shapes { vocab: self.vocab.clone(), dim: self.dim.clone() }
            }
            None => FootprintRequest::Like(self.like.clone()),
        }
    }
}

/// Arguments of `tokens`.
#[derive(Debug, Args)]
pub struct TokensArgs {
    /// The model
    #[arg(value_name = "MODEL", help = manual::MODEL, long_help = manual::MODEL_LONG)]
    pub path: PathBuf,

    #[command(flatten)]
    #[allow(missing_docs)]
    pub text: TextArgs,

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

impl TokensArgs {
    pub(super) fn request(&self) -> Box<dyn Request> {
        let model = self.path.clone();
        if let Some(text) = self.text.read() {
            return Box::new(TextRequest { model, text });
        }
        Box::new(TokensRequest {
            model,
            pattern: match self.pattern.clone() {
                None => Pattern::Anything,
                Some(text) if self.exact => Pattern::Is(text),
                Some(text) if self.regex => Pattern::Matches(text),
                Some(text) => Pattern::Holds(text),
            },
            token_type: self.token_type,
            range: self.range.clone(),
            norm: self.norm,
        })
    }
}

/// A text, and how it is read.
#[derive(Debug, Args)]
pub struct TextArgs {
    /// This text in the model's own tokens, as llama.cpp reads it; - takes all of standard input,
    /// byte for byte
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    pub text: Option<OsString>,

    // For help, `[CLS]` must stay as it is.
    #[allow(rustdoc::broken_intra_doc_links)]
    /// Put nothing around the text: no BOS in front, no EOS behind, no [CLS] and [SEP]
    #[arg(long)]
    pub no_bos: bool,

    /// Read special tokens in the text as plain text
    #[arg(long)]
    pub no_parse_special: bool,
}

impl TextArgs {
    /// Whether there is one.
    pub(super) fn is_given(&self) -> bool {
        self.text.is_some()
    }

    fn read(&self) -> Option<TextToRead> {
        self.text.as_ref().map(|text| TextToRead {
            bytes: (text != "-").then(|| text.as_encoded_bytes().to_vec()),
            add_special: !self.no_bos,
            parse_special: !self.no_parse_special,
        })
    }
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
pub struct InfoArgs {
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

impl InfoArgs {
    pub(super) fn request(&self) -> InfoRequest {
        let Self { path, keys, tensors, strict } = self;
        InfoRequest { model: path.clone(), keys: *keys, tensors: *tensors, strict: *strict }
    }
}

/// Arguments of `check`.
#[derive(Debug, Args)]
pub struct CheckArgs {
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

impl CheckArgs {
    pub(super) fn request(&self) -> CheckRequest {
        let Self { path, other, strict } = self;
        CheckRequest { model: path.clone(), other: other.clone(), strict: *strict }
    }
}

/// Arguments of `tour`.
#[derive(Debug, Args)]
pub struct TourArgs {
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

impl TourArgs {
    pub(super) fn request(&self) -> Box<dyn Request> {
        if self.list {
            return Box::new(TitlesRequest);
        }
        let model = self.path.clone().unwrap_or_else(|| TOY.into());
        Box::new(TourRequest { model, steps: self.steps.clone() })
    }
}

/// The number of a step of the tour.
fn tour_step(text: &str) -> Result<u64, String> {
    let number = text.parse().ok().filter(|number| (1..=TOUR_STEPS).contains(number));
    number.ok_or_else(|| format!("the steps are 1 to {TOUR_STEPS} (--list shows them)"))
}

/// Arguments of `completions`.
#[derive(Clone, Debug, Args)]
pub struct CompletionsArgs {
    /// The shell
    #[arg(value_enum)]
    pub shell: clap_complete::Shell,
}

/// Arguments of `man`.
#[derive(Clone, Debug, Args)]
pub struct ManArgs {
    /// The command whose page it is, instead of one of all
    pub command: Option<String>,
}
