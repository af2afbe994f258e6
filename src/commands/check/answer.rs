//! The answer of `check`.

use serde::Serialize;

use super::Finding;
use crate::commands::TableInfo;
use crate::report::{Float, TokenText};

/// Whether a table fits its vocabulary.
#[derive(Debug, Serialize)]
pub struct CheckReport {
    /// `ok`, `problems`, or `unknown` if there is no problem but the order can't be
    /// judged.
    pub verdict: Verdict,
    pub model: String,
    /// `None` if a vocabulary without a table is compared with another one.
    pub table: Option<TableInfo>,
    pub findings: Vec<Finding>,
    pub order: Option<OrderInfo>,
    /// `None` if there are too few rows.
    pub norms: Option<NormsInfo>,
    /// The other tensors with a row per token.
    #[serde(rename = "tensors", skip_serializing_if = "Vec::is_empty")]
    pub others: Vec<CheckedTable>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub comparison: Option<ComparisonInfo>,
    /// Whether a verdict of `unknown` counts as a failure.
    #[serde(skip)]
    pub strict: bool,
}

/// Another tensor with a row per token.
#[derive(Clone, Debug, Serialize)]
pub struct CheckedTable {
    pub table: TableInfo,
    pub order: Option<OrderInfo>,
    pub norms: Option<NormsInfo>,
}

/// Where the norms of the rows of a table lie; rows of zeros and rows that are not
/// finite are left out.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct NormsInfo {
    pub least: Float<f64>,
    /// The 1 % quantile.
    pub p01: Float<f64>,
    pub median: Float<f64>,
    /// The 99 % quantile.
    pub p99: Float<f64>,
    pub most: Float<f64>,
}

/// The summary of all findings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    Ok,
    Problems,
    Unknown,
}

/// How much a finding matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    Problem,
    Unknown,
    Note,
}

impl Severity {
    pub fn name(self) -> &'static str {
        match self {
            Self::Problem => "problem",
            Self::Unknown => "unknown",
            Self::Note => "note",
        }
    }
}

/// How well rows show the spelling of their tokens.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct OrderInfo {
    /// Tokens whose spelling their rows should show.
    pub judged: u64,
    /// The sum of the squared canonical correlations of rows and spelling.
    pub sum_r2: Float<f64>,
    /// How many nats have to speak against a stretch of rows.
    pub bar: Float<f64>,
    /// How many do so at most where rows are taken to be in place.
    pub highest: Float<f64>,
    /// How many wrong rows in a row would have shown, nine times in ten.
    pub smallest: u64,
}

/// The difference between the tables of two models.
#[derive(Clone, Debug, Serialize)]
pub struct ComparisonInfo {
    pub other: String,
    pub other_table: TableInfo,
    pub matched: u64,
    pub moved: u64,
    pub added: u64,
    pub removed: u64,
    /// Whether the two tables are the same, byte for byte.
    pub is_identical: bool,
    /// `sqrt(Σ |row - other's row|² / Σ |other's row|²)`.
    pub relative_error: Float<f64>,
    /// The usual error of the coarser type. `None` if it is not known.
    pub usual_error: Option<Float<f64>>,
    pub groups: Vec<ComparedGroup>,
    pub worst: Vec<ComparedToken>,
    pub neighbors_asked: u64,
    pub neighbors_lost: u64,
    /// Whether the rows are what their type makes of the other's, if they can be.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub copies: Vec<CopyInfo>,
}

/// The rows of a tensor beside those that they were made of.
#[derive(Clone, Debug, Serialize)]
pub struct CopyInfo {
    pub tensor: String,
    /// The type that the other's values were rounded to first, if any.
    pub through: Option<&'static str>,
    /// The factor that they were multiplied with.
    pub factor: Option<Float<f32>>,
    pub rows: u64,
    /// The same byte for byte.
    pub exact: u64,
    /// The same but for values in the middle of two quants.
    pub tied: u64,
    /// With other scales, by which each value is the nearest.
    pub scaled: u64,
    pub different: u64,
}

/// The difference for a group of tokens.
#[derive(Clone, Debug, Serialize)]
pub struct ComparedGroup {
    /// `all`, `type` or `ids`.
    pub by: &'static str,
    /// The type, or a range of the other model's IDs. The order of IDs is roughly the
    /// order of frequency.
    pub name: String,
    pub tokens: u64,
    pub median_cosine: Float<f64>,
    pub median_error: Float<f64>,
    /// The 99th percentile of the errors.
    pub p99_error: Float<f64>,
}

/// The difference for one token.
#[derive(Clone, Debug, Serialize)]
pub struct ComparedToken {
    pub id: u64,
    pub other_id: u64,
    #[serde(flatten)]
    pub token: TokenText,
    pub cosine: Float<f64>,
    pub relative_error: Float<f64>,
}
