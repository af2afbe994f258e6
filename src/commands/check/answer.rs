//! The answer of `check`.

use serde::Serialize;
use serde_json::Value;

use crate::commands::TableInfo;
use crate::report::{Float, TokenText};

/// Whether a table is what its vocabulary says it is.
#[derive(Debug, Serialize)]
pub struct CheckReport {
    /// `ok`, `problems`, or `unknown` where nothing is wrong and the order
    /// can't be judged.
    pub verdict: Verdict,
    pub model: String,
    pub table: TableInfo,
    pub findings: Vec<Finding>,
    pub order: Option<OrderInfo>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub comparison: Option<ComparisonInfo>,
    /// Whether a verdict of `unknown` counts as a failure.
    #[serde(skip)]
    pub strict: bool,
}

/// What all findings come to.
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

/// One thing that was found.
#[derive(Clone, Debug, Serialize)]
pub struct Finding {
    /// What it is about, in a word that does not change.
    pub kind: &'static str,
    pub severity: Severity,
    pub message: String,
    pub next: String,
    #[serde(flatten)]
    pub place: Option<OrderPlace>,
    pub evidence: Value,
}

/// Tokens whose rows are not theirs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct OrderPlace {
    pub from_id: u64,
    pub to_id: u64,
    /// What to add to a token's ID to find the row that fits it; `None` where
    /// no one offset does.
    pub offset: Option<i64>,
}

/// How much nearer the spellings of a word are than words at random.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct OrderInfo {
    pub pairs: u64,
    pub mean_cosine: Float<f64>,
    pub shuffled: Float<f64>,
    /// The standard deviation of the latter.
    pub shuffled_sd: Float<f64>,
    /// How far the means are apart, in that standard deviation.
    pub effect: Float<f64>,
    /// The same in standard errors.
    pub z: Float<f64>,
    /// The chance of so large a `z` where pairs mean nothing.
    pub p: Float<f64>,
    /// The first and the last token that was judged; what is beyond has no
    /// spellings that could tell.
    pub judged_ids: [u64; 2],
}

/// How a model's table differs from another's.
#[derive(Clone, Debug, Serialize)]
pub struct ComparisonInfo {
    pub other: String,
    pub other_table: TableInfo,
    pub matched: u64,
    pub moved: u64,
    pub added: u64,
    pub removed: u64,
    /// `sqrt(Σ |row - other's row|² / Σ |other's row|²)`.
    pub relative_error: Float<f64>,
    /// What the coarser of the two types costs usually; `None` where no figure
    /// is known.
    pub usual_error: Option<Float<f64>>,
    pub groups: Vec<ComparedGroup>,
    pub worst: Vec<ComparedToken>,
    pub neighbors_asked: u64,
    pub neighbors_lost: u64,
}

/// How the rows of some tokens differ.
#[derive(Clone, Debug, Serialize)]
pub struct ComparedGroup {
    /// `all`, `type` or `ids`.
    pub by: &'static str,
    /// Which type, or which IDs of the other: their order is roughly that of
    /// how often tokens occur.
    pub name: String,
    pub tokens: u64,
    pub median_cosine: Float<f64>,
    pub median_error: Float<f64>,
    /// What 99 in 100 rows stay below.
    pub p99_error: Float<f64>,
}

/// How one token's rows differ.
#[derive(Clone, Debug, Serialize)]
pub struct ComparedToken {
    pub id: u64,
    pub other_id: u64,
    #[serde(flatten)]
    pub token: TokenText,
    pub cosine: Float<f64>,
    pub relative_error: Float<f64>,
}
