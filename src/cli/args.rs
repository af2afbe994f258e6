//! The arguments of each command, and the request that they make.

use std::ffi::OsString;
use std::ops::Range;
use std::path::PathBuf;

use clap::Args;
use clap::builder::{NonEmptyStringValueParser, PathBufValueParser, TypedValueParser};

use super::manual;
use crate::commands::analogy::{AnalogyRequest, Method};
use crate::commands::check::{CheckRequest, Code};
use crate::commands::decode::DecodeRequest;
use crate::commands::footprint::{FootprintRequest, Measured};
use crate::commands::info::InfoRequest;
use crate::commands::lookup::{LookupRequest, RowsOf};
use crate::commands::map::{Layout, MapRequest};
use crate::commands::neighbors::NeighborsRequest;
use crate::commands::similarity::SimilarityRequest;
use crate::commands::stats::StatsRequest;
use crate::commands::text::{TextRequest, TextToRead};
use crate::commands::tokens::{Pattern, Sort, TokensRequest};
use crate::commands::tour::TOUR_STEPS;
use crate::commands::tour::{TitlesRequest, TourRequest};
use crate::commands::{Filter, Frame, NamedTokens, Request};
use crate::embedding::TOKEN_EMBEDDING;
use crate::footprint::Preset;
use crate::similarity::Metric;
use crate::store::toy::WORDS;
use crate::vocab::TokenType;

/// The parser of a model's name. The query of an address is not shown from then on.
fn model() -> impl TypedValueParser<Value = PathBuf> {
    #[cfg(feature = "remote")]
    return PathBufValueParser::new().map(crate::remote::without_query);
    #[cfg(not(feature = "remote"))]
    PathBufValueParser::new()
}

#[derive(Debug, Args)]
pub struct ModelArgs {
    #[arg(value_name = "MODEL", value_parser = model(), help = manual::MODEL, long_help = manual::MODEL_LONG)]
    pub path: PathBuf,

    /// The table to read: any two-dimensional tensor
    #[arg(long, value_name = "NAME", default_value = TOKEN_EMBEDDING)]
    pub tensor: String,
}

#[derive(Debug, Args)]
pub struct LookupArgs {
    #[command(flatten)]
    pub model: ModelArgs,

    /// Token IDs, ranges a..b (b not included), lists 7,8,9, token texts (' cat' with its space), or - to read
    /// a list of IDs from standard input
    #[arg(value_name = "ID", required_unless_present_any = ["tokens", "text"], conflicts_with = "text", value_parser = NonEmptyStringValueParser::new())]
    pub ids: Vec<String>,

    /// The token with this text, even if it looks like an ID; repeatable, comes after the others
    #[arg(long = "token", value_name = "TEXT", conflicts_with = "text", allow_hyphen_values = true, value_parser = NonEmptyStringValueParser::new())]
    pub tokens: Vec<String>,

    #[command(flatten)]
    pub text: TextArgs,

    /// Print the first N values of each row with every digit; json, jsonl and npy always hold all
    /// values [default: what fits one line]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..), conflicts_with = "full")]
    pub values: Option<u32>,

    /// Print every value of each row
    #[arg(long)]
    pub full: bool,

    /// Print the rows as the first block receives them, after the scaling, positions and norms of
    /// the model's architecture
    #[arg(long)]
    pub as_input: bool,

    /// The position of the first token, for models that add positions [default: 0]
    #[arg(long, value_name = "P", requires = "as_input")]
    pub start: Option<u32>,

    /// Number of threads; the output does not depend on it [default: the number of cores]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub threads: Option<u16>,
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
            threads: self.threads.map(usize::from),
        }
    }
}

pub(super) fn named(ids: &[String], texts: &[String]) -> NamedTokens {
    NamedTokens { typed: ids.to_vec(), texts: texts.to_vec(), words: None }
}

#[derive(Debug, Args)]
pub struct NeighborsArgs {
    #[command(flatten)]
    pub model: ModelArgs,

    /// Token IDs, ranges a..b (b not included), lists 7,8,9, token texts (' cat' with its space), or - to read
    /// a list of IDs from standard input
    #[arg(value_name = "ID", required_unless_present_any = ["all", "tokens", "vector", "words"], value_parser = NonEmptyStringValueParser::new())]
    pub ids: Vec<String>,

    /// The token with this text, even if it looks like an ID; repeatable, comes after the others
    #[arg(long = "token", value_name = "TEXT", allow_hyphen_values = true, value_parser = NonEmptyStringValueParser::new())]
    pub tokens: Vec<String>,

    /// Token texts from a file, one a line (- for standard input); they come last
    #[arg(long, value_name = "FILE")]
    pub words: Option<PathBuf>,

    /// Search for every row, or for the given IDs, and print results as they are found
    /// (with --format csv, tsv, md or jsonl)
    #[arg(long)]
    pub all: bool,

    /// Add the row of this token to each query; repeatable
    #[arg(long, value_name = "TOKEN", conflicts_with = "all", allow_hyphen_values = true, value_parser = NonEmptyStringValueParser::new())]
    pub plus: Vec<String>,

    /// Subtract the row of this token from each query; repeatable
    #[arg(long, value_name = "TOKEN", conflicts_with = "all", allow_hyphen_values = true, value_parser = NonEmptyStringValueParser::new())]
    pub minus: Vec<String>,

    /// The vectors of this .npy file are the queries: float32 or float64, one or [n, d_model]
    #[arg(long, value_name = "FILE", conflicts_with_all = ["ids", "tokens", "words", "all", "plus", "minus", "as_input", "no_variants"])]
    pub vector: Option<PathBuf>,

    #[command(flatten)]
    pub filter: FilterArgs,

    /// Leave out tokens that differ from the query's only in case or spaces
    #[arg(long)]
    pub no_variants: bool,

    #[command(flatten)]
    pub frame: FrameArgs,

    /// Number of neighbours per query
    #[arg(short, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..))]
    pub k: u64,

    /// How to measure nearness
    #[arg(long, value_enum, default_value_t = Metric::Cosine)]
    pub metric: Metric,

    /// Compare the rows as the first block receives them, after the scaling, positions and norms
    /// of the model's architecture
    #[arg(long, conflicts_with_all = ["centre", "whiten"])]
    pub as_input: bool,

    /// The position of query and candidates, for models that add positions [default: 0]
    #[arg(long, value_name = "P", requires = "as_input")]
    pub start: Option<u32>,

    /// Number of threads; the answer does not depend on it [default: the number of cores]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub threads: Option<u16>,
}

impl NeighborsArgs {
    pub(super) fn request(&self) -> NeighborsRequest {
        NeighborsRequest {
            model: self.model.path.clone(),
            tensor: self.model.tensor.clone(),
            tokens: NamedTokens { words: self.words.clone(), ..named(&self.ids, &self.tokens) },
            all: self.all,
            plus: named(&self.plus, &[]),
            minus: named(&self.minus, &[]),
            vectors: self.vector.clone(),
            filter: self.filter.filter(self.no_variants),
            k: self.k,
            metric: self.metric,
            frame: self.frame.frame(),
            as_input: self.as_input.then(|| self.start.unwrap_or(0).into()),
            threads: self.threads.map(usize::from),
        }
    }
}

/// Which candidates to leave out.
#[derive(Debug, Args)]
pub struct FilterArgs {
    /// Only whole words: leave out pieces of words, numbers and signs
    #[arg(long)]
    pub words_only: bool,

    /// Only tokens whose letters are of this script (Latin, Cyrillic, Han, ...)
    #[arg(long, value_name = "SCRIPT")]
    pub script: Option<String>,
}

impl FilterArgs {
    fn filter(&self, no_variants: bool) -> Filter {
        Filter { words_only: self.words_only, script: self.script.clone(), no_variants }
    }
}

/// What is done to every row before rows are compared.
#[derive(Debug, Args)]
pub struct FrameArgs {
    /// Subtract the mean row from every row first
    #[arg(long, visible_alias = "center", conflicts_with = "whiten")]
    pub centre: bool,

    /// Subtract the mean row, and divide each principal coordinate by the square root of its
    /// standard deviation
    #[arg(long)]
    pub whiten: bool,
}

impl FrameArgs {
    fn frame(&self) -> Frame {
        match self {
            Self { whiten: true, .. } => Frame::Whitened,
            Self { centre: true, .. } => Frame::Centred,
            _ => Frame::Stored,
        }
    }
}

#[derive(Debug, Args)]
pub struct SimilarityArgs {
    #[command(flatten)]
    pub model: ModelArgs,

    /// Token IDs, ranges a..b (b not included), lists 7,8,9, token texts (' cat' with its space), or - to read
    /// a list of IDs from standard input
    #[arg(value_name = "TOKEN", required_unless_present_any = ["tokens", "words"], value_parser = NonEmptyStringValueParser::new())]
    pub ids: Vec<String>,

    /// The token with this text, even if it looks like an ID; repeatable, comes after the others
    #[arg(long = "token", value_name = "TEXT", allow_hyphen_values = true, value_parser = NonEmptyStringValueParser::new())]
    pub tokens: Vec<String>,

    /// Token texts from a file, one a line (- for standard input); they come last
    #[arg(long, value_name = "FILE")]
    pub words: Option<PathBuf>,

    /// How to measure similarity
    #[arg(long, value_enum, default_value_t = Metric::Cosine)]
    pub metric: Metric,

    #[command(flatten)]
    pub frame: FrameArgs,

    /// Number of threads; the answer does not depend on it [default: the number of cores]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub threads: Option<u16>,
}

impl SimilarityArgs {
    pub(super) fn request(&self) -> SimilarityRequest {
        SimilarityRequest {
            model: self.model.path.clone(),
            tensor: self.model.tensor.clone(),
            tokens: NamedTokens { words: self.words.clone(), ..named(&self.ids, &self.tokens) },
            metric: self.metric,
            frame: self.frame.frame(),
            threads: self.threads.map(usize::from),
        }
    }
}

#[derive(Debug, Args)]
pub struct AnalogyArgs {
    #[command(flatten)]
    pub model: ModelArgs,

    /// A, B and C: token texts (' king' with its space) or IDs
    #[arg(value_name = "TOKEN", required_unless_present = "test", num_args = 3, value_parser = NonEmptyStringValueParser::new())]
    pub ids: Vec<String>,

    /// Answer the questions of this file instead: four words a line, and lines `: name` between
    /// sections
    #[arg(long, value_name = "FILE", conflicts_with_all = ["ids", "k", "method"])]
    pub test: Option<PathBuf>,

    /// Number of candidates
    #[arg(short, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..))]
    pub k: u64,

    /// How candidates are scored
    #[arg(long, value_enum, default_value_t = Method::Add)]
    pub method: Method,

    /// Let tokens be answers that differ from A, B or C only in case or spaces
    #[arg(long)]
    pub variants: bool,

    #[command(flatten)]
    pub filter: FilterArgs,

    #[command(flatten)]
    pub frame: FrameArgs,

    /// Number of threads; the answer does not depend on it [default: the number of cores]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub threads: Option<u16>,
}

impl AnalogyArgs {
    pub(super) fn request(&self) -> AnalogyRequest {
        AnalogyRequest {
            model: self.model.path.clone(),
            tensor: self.model.tensor.clone(),
            tokens: named(&self.ids, &[]),
            k: self.k,
            method: self.method,
            filter: self.filter.filter(!self.variants),
            frame: self.frame.frame(),
            test: self.test.clone(),
            threads: self.threads.map(usize::from),
        }
    }
}

#[derive(Debug, Args)]
pub struct MapArgs {
    #[arg(value_name = "MODEL", value_parser = model(), help = manual::MODEL, long_help = manual::MODEL_LONG)]
    pub path: Option<PathBuf>,

    /// The tokens to lay out: IDs, ranges a..b (b not included), token texts (' cat' with its
    /// space), or - to read a list of IDs from standard input [default: the whole table]
    #[arg(value_name = "TOKEN", value_parser = NonEmptyStringValueParser::new())]
    pub ids: Vec<String>,

    /// The table to read: any two-dimensional tensor
    #[arg(long, value_name = "NAME", default_value = TOKEN_EMBEDDING)]
    pub tensor: String,

    /// The token with this text, even if it looks like an ID; repeatable, comes after the others
    #[arg(long = "token", value_name = "TEXT", allow_hyphen_values = true, value_parser = NonEmptyStringValueParser::new())]
    pub tokens: Vec<String>,

    /// Token texts from a file, one a line (- for standard input); they come last
    #[arg(long, value_name = "FILE")]
    pub words: Option<PathBuf>,

    /// How to lay rows out
    #[arg(long, value_enum, default_value_t = Layout::Tsne)]
    pub method: Layout,

    /// How many nearest rows of each token the page and json hold [default: 10; in a page as many
    /// of these as fit in 5 MB; none with pca]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(0..=100))]
    pub neighbors: Option<u8>,

    /// Join the tokens of this text by a line, in their order; - reads the text from standard
    /// input
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    pub text: Option<OsString>,

    /// Name this token on a picture or on the terminal: an ID or a text; repeatable [default: some
    /// common words]
    #[arg(long = "label", value_name = "TOKEN", allow_hyphen_values = true, value_parser = NonEmptyStringValueParser::new())]
    pub labels: Vec<String>,

    /// The width of a picture in pixels
    #[arg(long, value_name = "PIXELS", default_value_t = 1200, value_parser = clap::value_parser!(u32).range(200..=10_000))]
    pub width: u32,

    #[command(flatten)]
    pub frame: FrameArgs,

    /// Number of threads; the map does not depend on it [default: the number of cores]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub threads: Option<u16>,
}

impl MapArgs {
    pub(super) fn request(&self) -> MapRequest {
        let text = self.text.as_ref().map(|text| TextToRead {
            bytes: (text != "-").then(|| text.as_encoded_bytes().to_vec()),
            add_special: false,
            parse_special: true,
        });
        MapRequest {
            model: self.path.clone().unwrap_or_else(|| WORDS.into()),
            tensor: self.tensor.clone(),
            tokens: NamedTokens { words: self.words.clone(), ..named(&self.ids, &self.tokens) },
            layout: self.method,
            neighbors: self.neighbors.map(usize::from),
            text,
            labels: named(&self.labels, &[]),
            width: self.width,
            frame: self.frame.frame(),
            threads: self.threads.map(usize::from),
        }
    }
}

#[derive(Debug, Args)]
pub struct StatsArgs {
    #[command(flatten)]
    pub model: ModelArgs,

    /// Another model, to show beside the first
    #[arg(value_name = "OTHER", value_parser = model())]
    pub other: Option<PathBuf>,

    /// Number of threads; the answer does not depend on it [default: the number of cores]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub threads: Option<u16>,
}

impl StatsArgs {
    pub(super) fn request(&self) -> StatsRequest {
        StatsRequest {
            model: self.model.path.clone(),
            other: self.other.clone(),
            tensor: self.model.tensor.clone(),
            threads: self.threads.map(usize::from),
        }
    }
}

#[derive(Debug, Args)]
#[command(group(clap::ArgGroup::new("shape").args(["path", "vocab", "like"]).required(true).multiple(false)))]
pub struct FootprintArgs {
    #[arg(value_name = "MODEL", value_parser = model(), help = manual::MODEL, long_help = manual::MODEL_LONG)]
    pub path: Option<PathBuf>,

    /// The table to measure: any two-dimensional tensor
    #[arg(long, value_name = "NAME", requires = "path", default_value = TOKEN_EMBEDDING)]
    pub tensor: String,

    /// Rows: the vocabulary size, n_vocab (128000 or 128K; several: 32000,128000)
    #[arg(long, value_name = "N", requires = "dim", value_parser = rows)]
    pub vocab: Vec<Numbers>,

    /// Columns: the model's width, d_model (several: 4096,8192)
    #[arg(long, value_name = "N", value_delimiter = ',', requires = "vocab", value_parser = clap::value_parser!(u64).range(1..))]
    pub dim: Vec<u64>,

    /// A well-known table, such as gpt2 or llama3-8b (an unknown name lists them all)
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    pub like: Vec<String>,

    /// Only what these presets of llama-quantize make of it, such as Q4_K_M [default: all]
    #[arg(long, value_name = "NAME", value_delimiter = ',', value_parser = Preset::named)]
    pub preset: Vec<&'static Preset>,
}

impl FootprintArgs {
    pub(super) fn request(&self) -> FootprintRequest {
        let of = match &self.path {
            Some(path) => Measured::Model { path: path.clone(), tensor: self.tensor.clone() },
            None if self.like.is_empty() => {
                let vocab = self.vocab.iter().flat_map(|numbers| numbers.0.clone()).collect();
                Measured::Shapes { vocab, dim: self.dim.clone() }
            }
            None => Measured::Like(self.like.clone()),
        };
        FootprintRequest { of, presets: self.preset.clone() }
    }
}

#[derive(Debug, Args)]
pub struct TokensArgs {
    #[arg(value_name = "MODEL", value_parser = model(), help = manual::MODEL, long_help = manual::MODEL_LONG)]
    pub path: PathBuf,

    #[command(flatten)]
    pub text: TextArgs,

    /// Only tokens that contain this text
    #[arg(required_if_eq_any = [("exact", "true"), ("regex", "true")], conflicts_with = "text")]
    pub pattern: Option<String>,

    /// Only tokens that equal the pattern
    #[arg(long, conflicts_with_all = ["regex", "text"])]
    pub exact: bool,

    /// The pattern is a regular expression
    #[arg(long, conflicts_with = "text")]
    pub regex: bool,

    /// Only tokens of this type
    #[arg(long = "type", value_name = "TYPE", value_enum, conflicts_with = "text")]
    pub token_type: Option<TokenType>,

    /// Only IDs from A to B, B not included
    #[arg(long, value_name = "A..B", value_parser = range, conflicts_with = "text")]
    pub range: Option<Range<u64>>,

    /// Also print the Euclidean norm of each token's row
    #[arg(long, conflicts_with = "text")]
    pub norm: bool,

    /// Sort the list; tokens without a norm or a score come last (norm implies --norm)
    #[arg(long, value_name = "BY", value_enum, default_value = "id", conflicts_with = "text")]
    pub sort: Sort,

    /// Sort the other way round: the longest rows, the highest scores first
    #[arg(long, conflicts_with = "text")]
    pub reverse: bool,

    /// Print the tokens of these IDs (2,818,5866), the text that they make, and whether it gives
    /// them again; - reads the IDs from standard input
    #[arg(long, value_name = "IDS", value_parser = NonEmptyStringValueParser::new(), conflicts_with_all = ["text", "pattern", "exact", "regex", "token_type", "range", "norm", "sort", "reverse", "count"])]
    pub ids: Option<String>,

    /// Print only how many tokens there are
    #[arg(long)]
    pub count: bool,
}

impl TokensArgs {
    pub(super) fn request(&self) -> Box<dyn Request> {
        let model = self.path.clone();
        if let Some(text) = self.text.read() {
            return Box::new(TextRequest { model, text, count: self.count });
        }
        if let Some(ids) = self.ids.clone() {
            return Box::new(DecodeRequest { model, ids });
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
            sort: self.sort,
            reverse: self.reverse,
            count: self.count,
        })
    }
}

/// A text, and options for its tokenizer.
#[derive(Debug, Args)]
pub struct TextArgs {
    /// Tokenize this text with the model's own tokenizer, as llama.cpp does; - reads all of
    /// standard input, byte for byte
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    pub text: Option<OsString>,

    // The help must show `[CLS]` without escapes.
    #[allow(rustdoc::broken_intra_doc_links)]
    /// Add no tokens around the text: no BOS or EOS, no [CLS] or [SEP]
    #[arg(long)]
    pub no_bos: bool,

    /// Read special tokens in the text as plain text
    #[arg(long)]
    pub no_parse_special: bool,
}

impl TextArgs {
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

/// Numbers of rows: `128000`, `128_000`, `128,000`, `128K`, or several, `32000,128000`.
fn rows(text: &str) -> Result<Numbers, String> {
    let is_group = |part: &str| part.len() == 3 && part.bytes().all(|c| c.is_ascii_digit());
    let mut parts = text.split(',');
    let first = parts.next().unwrap_or_default();
    // Groups of three digits are one number.
    if text.contains(',') && (1..=3).contains(&first.len()) && parts.all(is_group) {
        return Ok(Numbers(vec![number(&text.replace(',', ""))?]));
    }
    text.split(',').map(number).collect::<Result<_, _>>().map(Numbers)
}

fn number(text: &str) -> Result<u64, String> {
    let text = text.trim().replace('_', "");
    let (digits, unit) = match text.strip_suffix(['k', 'K']) {
        Some(digits) => (digits, 1000),
        None => (&*text, 1),
    };
    let n = digits.parse::<u64>().ok().and_then(|n| n.checked_mul(unit)).filter(|n| *n > 0);
    n.ok_or_else(|| "write a number such as 128000 or 128K".to_owned())
}

/// The numbers of one argument.
#[derive(Clone, Debug)]
pub struct Numbers(Vec<u64>);

/// A range `a..b` that is not empty.
fn range(text: &str) -> Result<Range<u64>, String> {
    let end_of = |end: &str, open: u64| if end.is_empty() { Some(open) } else { end.parse().ok() };
    let parsed = text
        .split_once("..")
        .filter(|(first, end)| !first.is_empty() || !end.is_empty())
        .and_then(|(first, end)| Some(end_of(first, 0)?..end_of(end, u64::MAX)?));
    match parsed {
        Some(range) if range.is_empty() => {
            Err("the range is empty: a..b does not include b".to_owned())
        }
        Some(range) => Ok(range),
        None => Err("write a range as two numbers, such as 0..100".to_owned()),
    }
}

#[derive(Debug, Args)]
pub struct InfoArgs {
    #[arg(value_name = "MODEL", value_parser = model(), help = manual::MODEL, long_help = manual::MODEL_LONG)]
    pub path: PathBuf,

    /// List the metadata instead: key, type, value (long values are shortened)
    #[arg(long, conflicts_with = "tensors")]
    pub keys: bool,

    /// List the tensors instead: name, type, shape (rows first), bytes
    #[arg(long)]
    pub tensors: bool,

    /// Also check the file with gguf-rs-lib's strict reader
    #[arg(long)]
    pub strict: bool,
}

impl InfoArgs {
    pub(super) fn request(&self) -> InfoRequest {
        let Self { path, keys, tensors, strict } = self;
        InfoRequest { model: path.clone(), keys: *keys, tensors: *tensors, strict: *strict }
    }
}

#[derive(Debug, Args)]
pub struct CheckArgs {
    #[arg(value_name = "MODEL", value_parser = model(), help = manual::MODEL, long_help = manual::MODEL_LONG)]
    pub path: PathBuf,

    /// Another version of the model to compare with: another precision, or before a merge
    #[arg(value_name = "OTHER", value_parser = model())]
    pub other: Option<PathBuf>,

    /// Check only this tensor [default: every one with a row per token]
    #[arg(long, value_name = "NAME", conflicts_with = "other")]
    pub tensor: Option<String>,

    /// Also fail if the order of the rows can't be judged
    #[arg(long)]
    pub strict: bool,

    /// Accept findings of this code: they are shown but don't count (several: rows.zero,file.cut)
    #[arg(long, value_name = "CODE", value_delimiter = ',', value_parser = Code::named)]
    pub allow: Vec<&'static Code>,
}

impl CheckArgs {
    pub(super) fn request(&self) -> CheckRequest {
        CheckRequest {
            model: self.path.clone(),
            other: self.other.clone(),
            tensor: self.tensor.clone(),
            strict: self.strict,
            allow: self.allow.clone(),
        }
    }
}

#[derive(Debug, Args)]
pub struct TourArgs {
    #[arg(value_name = "MODEL", value_parser = model(), help = manual::MODEL, long_help = manual::MODEL_LONG)]
    pub path: Option<PathBuf>,

    /// Only this step, 1 to 10 (several: 1,5,6)
    #[arg(long = "step", value_name = "N", value_delimiter = ',', value_parser = tour_step)]
    pub steps: Vec<u64>,

    /// List the titles of the steps instead
    #[arg(long, conflicts_with = "steps")]
    pub list: bool,
}

impl TourArgs {
    pub(super) fn request(&self) -> Box<dyn Request> {
        if self.list {
            return Box::new(TitlesRequest);
        }
        let model = self.path.clone().unwrap_or_else(|| WORDS.into());
        Box::new(TourRequest { model, steps: self.steps.clone() })
    }
}

fn tour_step(text: &str) -> Result<u64, String> {
    let number = text.parse().ok().filter(|number| (1..=TOUR_STEPS).contains(number));
    number.ok_or_else(|| format!("the steps are 1 to {TOUR_STEPS} (--list shows their titles)"))
}

#[derive(Clone, Debug, Args)]
pub struct CompletionsArgs {
    /// The shell
    #[arg(value_enum)]
    pub shell: clap_complete::Shell,
}

#[derive(Clone, Debug, Args)]
pub struct ManArgs {
    /// The command to describe; without one, all commands
    pub command: Option<String>,
}
