//! The answer of `check`.

use serde::Serialize;
use serde_json::{Map, Value};

use crate::commands::TableInfo;
use crate::report::{Float, TokenText};

/// Whether a table is what its vocabulary says it is.
#[derive(Debug, Serialize)]
pub struct CheckReport {
    /// `ok`, `problems`, or `unknown` where nothing is wrong and the order
    /// can't be judged.
    pub verdict: Verdict,
    /// The model as it was named.
    pub model: String,
    /// Its table.
    pub table: TableInfo,
    /// What was found, worst first.
    pub findings: Vec<Finding>,
    /// How the spellings of words lie; `None` where that was not measured.
    pub order: Option<OrderInfo>,
    /// How the table differs from another, where one was named and can be
    /// compared.
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
    /// Nothing is wrong, as far as can be seen.
    Ok,
    /// Something is wrong.
    Problems,
    /// Nothing seems wrong, and not everything can be judged.
    Unknown,
}

/// How much a finding matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Something is wrong.
    Problem,
    /// Something can't be judged.
    Unknown,
    /// Worth knowing, and nothing wrong.
    Note,
}

impl Severity {
    /// In a word, that of JSON.
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
    /// How much it matters.
    pub severity: Severity,
    /// What was found, where, and how it shows.
    pub message: String,
    /// What to do about it.
    pub next: String,
    /// Which tokens have rows that are not theirs: of `order` only.
    #[serde(flatten)]
    pub place: Option<OrderPlace>,
    /// The numbers behind it.
    pub evidence: Map<String, Value>,
}

/// Tokens whose rows are not theirs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct OrderPlace {
    /// The first of them.
    pub from_id: u64,
    /// The last of them.
    pub to_id: u64,
    /// What to add to a token's ID to find the row that fits it; `None` where
    /// no one offset does.
    pub offset: Option<i64>,
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
    /// How many do so at most, where rows are taken to be in place.
    pub highest: Float<f64>,
    /// How many wrong rows in a row would have shown, on average.
    pub smallest: u64,
}

/// How a model's table differs from another's.
#[derive(Clone, Debug, Serialize)]
pub struct ComparisonInfo {
    /// The other model as it was named.
    pub other: String,
    /// Its table.
    pub other_table: TableInfo,
    /// Tokens that both have.
    pub matched: u64,
    /// Those of them that have another ID.
    pub moved: u64,
    /// Tokens that only the model has.
    pub added: u64,
    /// Tokens that only the other has.
    pub removed: u64,
    /// `sqrt(Σ |row - other's row|² / Σ |other's row|²)`.
    pub relative_error: Float<f64>,
    /// What the coarser of the two types costs usually; `None` where no figure
    /// is known.
    pub usual_error: Option<Float<f64>>,
    /// Of all tokens, then of the types, then of the bands of IDs.
    pub groups: Vec<ComparedGroup>,
    /// The tokens whose rows differ most.
    pub worst: Vec<ComparedToken>,
    /// Of how many tokens the nearest one was looked for in both.
    pub neighbors_asked: u64,
    /// How many of those have another.
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
    /// How many tokens.
    pub tokens: u64,
    /// The median cosine of a token's two rows.
    pub median_cosine: Float<f64>,
    /// The median relative error of a row.
    pub median_error: Float<f64>,
    /// What 99 in 100 rows stay below.
    pub p99_error: Float<f64>,
}

/// How one token's rows differ.
#[derive(Clone, Debug, Serialize)]
pub struct ComparedToken {
    /// Its ID.
    pub id: u64,
    /// Its ID in the other.
    pub other_id: u64,
    /// Its text.
    #[serde(flatten)]
    pub token: TokenText,
    /// The cosine of its two rows.
    pub cosine: Float<f64>,
    /// Their distance, relative to the norm of the other's.
    pub relative_error: Float<f64>,
}
