//! The answers: plain data that a command returns and a report shows.
//!
//! JSON is these structs as they stand, so a field's name is a promise.

mod check;
mod info;
mod models;
mod text;
mod tour;

use std::borrow::Cow;

use anyhow::Result;
use serde::{Serialize, Serializer};

use crate::footprint::Footprint;

pub use check::*;
pub use info::*;
pub use models::*;
pub use text::*;
pub use tour::*;

/// What a command found out.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub enum Answer {
    /// Of `lookup`.
    Lookup(LookupReport),
    /// Of `neighbors`.
    Neighbors(NeighborsReport),
    /// Of `footprint`.
    Footprint(FootprintReport),
    /// Of `tokens`.
    Tokens(TokensReport),
    /// Of `tokens --text`.
    Tokenized(TextReport),
    /// Of `info`.
    Info(Box<InfoReport>),
    /// Of `tour`.
    Tour(Box<TourReport>),
    /// Of `tour --list`.
    TourList(TourList),
    /// Of `models`.
    Models(ModelsReport),
    /// Of `completions` and `man`: what another program reads, as it stands.
    Text(String),
    /// Of `check`.
    Check(Box<CheckReport>),
}

impl Answer {
    /// The exit code of a program that gives this answer: 1 where the answer is
    /// that something is wrong.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Check(report) => report.exit_code(),
            _ => 0,
        }
    }

    /// What a reader should know besides.
    pub fn notes(&self) -> impl Iterator<Item = &str> {
        let notes: Vec<&[String]> = match self {
            Self::Lookup(report) => vec![&report.notes],
            Self::Neighbors(report) => vec![&report.notes],
            Self::Footprint(report) => report.tables().iter().map(|cost| &*cost.notes).collect(),
            Self::Tokens(report) => vec![&report.notes],
            Self::Tokenized(report) => vec![&report.notes],
            Self::Models(report) => vec![&report.notes],
            Self::Tour(report) => {
                let steps = report.steps.iter().map(|step| &*step.notes);
                std::iter::once(&*report.head.notes).chain(steps).collect()
            }
            Self::Info(_) | Self::TourList(_) | Self::Text(_) | Self::Check(_) => vec![],
        };
        notes.into_iter().flatten().map(String::as_str)
    }
}

/// The table that an answer is about.
#[derive(Clone, Debug, Serialize)]
pub struct TableInfo {
    /// The tensor's name.
    pub tensor: String,
    /// The ggml type its rows are stored in.
    #[serde(rename = "type")]
    pub format: &'static str,
    /// Rows.
    pub n_vocab: u64,
    /// Values in a row.
    pub d_model: u64,
    /// Stored size of the whole table.
    pub bytes: u64,
    /// Position of its first byte in the file.
    pub offset: u64,
    /// How many tokens the vocabulary has; `None` where there is none.
    pub n_tokens: Option<u64>,
}

/// A token as an answer names it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TokenText {
    /// The text a person reads; `None` where the row has no token. Lossy where
    /// the token's bytes are not UTF-8.
    pub token: Option<String>,
    /// The token's bytes in hex, only where they are not UTF-8.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token_hex: Option<String>,
}

impl TokenText {
    /// The token's bytes, whether or not they are UTF-8; none where the row has
    /// no token.
    pub fn bytes(&self) -> Cow<'_, [u8]> {
        bytes_of(self.token.as_deref().unwrap_or_default(), self.token_hex.as_deref())
    }
}

/// The bytes of a text, which is lossy where it has them in hex too.
fn bytes_of<'a>(text: &'a str, hex: Option<&str>) -> Cow<'a, [u8]> {
    let Some(hex) = hex else { return text.as_bytes().into() };
    let (pairs, _) = hex.as_bytes().as_chunks();
    let digit = |digit: u8| char::from(digit).to_digit(16).unwrap_or(0) as u8;
    pairs.iter().map(|&[high, low]| digit(high) << 4 | digit(low)).collect()
}

/// The answer of `lookup`.
#[derive(Debug, Serialize)]
pub struct LookupReport {
    /// The model as it was named.
    pub model: String,
    /// The text that the IDs are of, where one was given.
    #[serde(flatten)]
    pub text: Option<TextInput>,
    /// The table the rows come from.
    pub table: TableInfo,
    /// The token IDs as they were asked for.
    pub ids: Vec<u64>,
    /// `[n, d_model]`.
    pub shape: [u64; 2],
    /// Bytes of the table that were read: each row once, however often asked.
    pub bytes_read: u64,
    /// What was done to the rows on their way to the first block, in order.
    /// Only where that was asked for; the rows are then what came of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub steps: Option<Vec<InputStep>>,
    /// One for each ID, in order.
    pub rows: Vec<LookupRow>,
    /// What a reader should know besides.
    pub notes: Vec<String>,
}

/// One row of the matrix.
#[derive(Debug, Serialize)]
pub struct LookupRow {
    /// Which position of the input this is; the first is 0 unless it was named.
    pub position: u64,
    /// The token ID.
    pub id: u64,
    /// The token's text.
    #[serde(flatten)]
    pub token: TokenText,
    /// What the token is, of a text's tokens and where the file says so.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub token_type: Option<&'static str>,
    /// The Euclidean norm of the values.
    pub norm: Float<f64>,
    /// The first position that has the same ID, where there is an earlier one
    /// and nothing that depends on the position was added.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub repeats: Option<u64>,
    /// The decoded values, `d_model` of them.
    pub values: Vec<Float<f32>>,
}

/// One thing done to the rows on their way to the first block.
#[derive(Debug, Serialize)]
pub struct InputStep {
    /// `scale`, `token_type`, `position`, `layer_norm`, `rms_norm`,
    /// `per_layer`, `nothing` or `unknown`.
    pub step: &'static str,
    /// The metadata key or the tensors it came from, or a rule.
    pub from: String,
    /// The factor of a scale, the epsilon of a norm.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<Float<f32>>,
    /// What was done, in words.
    pub text: String,
}

/// The answer of `neighbors`.
#[derive(Debug, Serialize)]
pub struct NeighborsReport {
    /// The model as it was named.
    pub model: String,
    /// The table that was searched.
    pub table: TableInfo,
    /// `cosine`, `dot` or `l2`.
    pub metric: &'static str,
    /// How many neighbours were asked for.
    pub k: u64,
    /// The position of query and candidates, where rows were compared as the
    /// first block receives them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub position: Option<u64>,
    /// What is done to rows on their way there, in order.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub steps: Option<Vec<InputStep>>,
    /// One for each ID, in order.
    pub queries: Vec<QueryAnswer>,
    /// What a reader should know besides.
    pub notes: Vec<String>,
}

/// The neighbours of one row.
#[derive(Debug, Serialize)]
pub struct QueryAnswer {
    /// The token ID.
    pub id: u64,
    /// The token's text.
    #[serde(flatten)]
    pub token: TokenText,
    /// The Euclidean norm of the row.
    pub norm: Float<f64>,
    /// Nearest first.
    pub neighbors: Vec<NeighborAnswer>,
}

/// One neighbour.
#[derive(Debug, Serialize)]
pub struct NeighborAnswer {
    /// 1 for the nearest.
    pub rank: u64,
    /// The neighbour's token ID.
    pub id: u64,
    /// Its text.
    #[serde(flatten)]
    pub token: TokenText,
    /// The cosine, dot product or distance.
    pub score: Float<f64>,
}

/// Takes answers that are too many to hold at once.
pub trait Sink {
    /// Before the first: the metric of the scores, and how many queries there
    /// are.
    fn begin(&mut self, metric: &'static str, total: u64) -> Result<()>;

    /// The next answer.
    fn answer(&mut self, answer: &QueryAnswer) -> Result<()>;

    /// So many queries are done, and the next answers will take a while.
    fn done(&mut self, done: u64) -> Result<()>;
}

/// The answer of `footprint`.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub enum FootprintReport {
    /// One shape.
    One(TableCost),
    /// Several, side by side.
    Several {
        /// In the order they were asked for.
        tables: Vec<TableCost>,
    },
}

/// The cost of one table at each precision.
#[derive(Debug, Serialize)]
pub struct TableCost {
    /// The well-known model it belongs to, where one was named.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub like: Option<&'static str>,
    /// The model file it was found in, where one was named.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// Shape, parameters and the list of precisions.
    #[serde(flatten)]
    pub footprint: Footprint,
    /// The table as it is stored in the file, where one was named.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub actual: Option<ActualTable>,
    /// What a reader should know besides.
    pub notes: Vec<String>,
}

impl FootprintReport {
    /// The tables, whether one or several.
    pub fn tables(&self) -> &[TableCost] {
        match self {
            Self::One(table) => std::slice::from_ref(table),
            Self::Several { tables } => tables,
        }
    }
}

/// A table as a file stores it.
#[derive(Debug, Serialize)]
pub struct ActualTable {
    /// The tensor's name.
    pub tensor: String,
    /// The ggml type.
    #[serde(rename = "type")]
    pub format: &'static str,
    /// Its size.
    pub bytes: u64,
    /// The size of the whole file, all its parts together.
    pub file_bytes: u64,
    /// `bytes / file_bytes`.
    pub share: f64,
    /// Whether the output head uses this same table (the file has no
    /// `output.weight`). `None` where the tensor is not the token embedding.
    pub tied: Option<bool>,
    /// The output head's own tensor, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output: Option<OutputHead>,
}

/// An output head that is stored besides the embedding table.
#[derive(Debug, Serialize)]
pub struct OutputHead {
    /// The ggml type, or its number where ggml has none of that number.
    #[serde(rename = "type")]
    pub format: String,
    /// Its size, where it can be told.
    pub bytes: Option<u64>,
}

/// The answer of `tokens`.
#[derive(Debug, Serialize)]
pub struct TokensReport {
    /// What the tokens are of.
    #[serde(flatten)]
    pub vocab: VocabInfo,
    /// Those that were asked for, in the order of their IDs.
    pub tokens: Vec<TokenAnswer>,
    /// What a reader should know besides.
    #[serde(skip)]
    pub notes: Vec<String>,
}

/// The vocabulary that an answer is about.
#[derive(Clone, Debug, Serialize)]
pub struct VocabInfo {
    /// The model as it was named.
    pub model: String,
    /// How many tokens there are.
    pub n_tokens: u64,
    /// Whether the file has scores.
    #[serde(skip)]
    pub scores: bool,
    /// Whether the file has merges.
    #[serde(skip)]
    pub merges: bool,
    /// Whether norms were asked for.
    #[serde(skip)]
    pub norms: bool,
}

/// One token of a vocabulary.
#[derive(Clone, Debug, Serialize)]
pub struct TokenAnswer {
    /// Its ID.
    pub id: u64,
    /// Its text.
    #[serde(flatten)]
    pub token: TokenText,
    /// `normal`, `control`, `user`, `unused`, `byte` or `unknown`; `None` where
    /// the file does not say.
    #[serde(rename = "type")]
    pub token_type: Option<&'static str>,
    /// Its score, where the file has scores.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub score: Option<Float<f32>>,
    /// The rank of the merge that makes it, where the file has merges and one
    /// of them does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub merge_rank: Option<u64>,
    /// The Euclidean norm of its row, where that was asked for and is there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub norm: Option<Float<f64>>,
}

/// Takes tokens that are too many to hold at once.
pub trait TokenSink {
    /// Before the first.
    fn begin(&mut self, vocab: &VocabInfo) -> Result<()>;

    /// The next token.
    fn token(&mut self, token: TokenAnswer) -> Result<()>;

    /// After the last.
    fn end(&mut self) -> Result<()>;
}

/// A float whose JSON reads back as the same bits.
///
/// Finite values are JSON numbers with the fewest digits that identify them,
/// whether the reader parses to the float's own width or to 64 bits first. JSON
/// has no other numbers, so the rest are the strings `"NaN"`, `"Infinity"` and
/// `"-Infinity"`, which Python's `float` and JavaScript's `Number` read.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Float<T>(pub T);

impl Float<f32> {
    /// The digits that JSON and CSV have.
    pub fn digits(self) -> String {
        match self.0 {
            value if !value.is_finite() => special(value.into()).to_owned(),
            value if self.is_tipped_over() => format!("{:?}", f64::from(value)),
            value => format!("{value:?}"),
        }
    }

    /// Whether the shortest digits that identify this `f32` lie so near the
    /// middle of two of them that rounding to `f64` first gives the other
    /// (those of 7.038531e-26 do). Then the digits of the `f64` are written.
    fn is_tipped_over(self) -> bool {
        let reads_back = |wide: f64| (wide as f32).to_bits() == self.0.to_bits();
        !format!("{:?}", self.0).parse().is_ok_and(reads_back)
    }
}

impl Serialize for Float<f32> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            value if !value.is_finite() => serializer.serialize_str(special(value.into())),
            value if self.is_tipped_over() => serializer.serialize_f64(value.into()),
            value => serializer.serialize_f32(value),
        }
    }
}

impl Serialize for Float<f64> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.0.is_finite() {
            serializer.serialize_f64(self.0)
        } else {
            serializer.serialize_str(special(self.0))
        }
    }
}

/// The name of a value that is no number.
pub fn special(value: f64) -> &'static str {
    if value.is_nan() {
        "NaN"
    } else if value > 0.0 {
        "Infinity"
    } else {
        "-Infinity"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floats_read_back_whatever_the_readers_width() {
        let odd = [7.038531e-26_f32, 1e-45, -0.0, 0.1, f32::MAX, f32::MIN_POSITIVE, 16777216.0];
        let mut state = 1_u64;
        let random = std::iter::repeat_with(|| {
            state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            f32::from_bits((state >> 32) as u32)
        });
        for value in odd.into_iter().chain(random.filter(|v| v.is_finite()).take(100_000)) {
            let json = serde_json::to_string(&Float(value)).unwrap();
            let narrow: f32 = json.parse().unwrap();
            let wide: f64 = json.parse().unwrap();
            assert_eq!(narrow.to_bits(), value.to_bits(), "{json}");
            assert_eq!((wide as f32).to_bits(), value.to_bits(), "{json}");
        }
    }

    #[test]
    fn what_is_no_number_is_a_string() {
        for (value, json) in [
            (f32::NAN, "\"NaN\""),
            (f32::INFINITY, "\"Infinity\""),
            (f32::NEG_INFINITY, "\"-Infinity\""),
        ] {
            assert_eq!(serde_json::to_string(&Float(value)).unwrap(), json);
        }
    }
}
