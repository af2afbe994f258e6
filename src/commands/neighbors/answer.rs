//! The answer of `neighbors`.

use serde::Serialize;

use crate::commands::{InputStep, TableInfo};
use crate::report::{Float, TokenText};

/// What was searched, and how.
#[derive(Clone, Debug, Serialize)]
pub struct NeighborsHead {
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
    /// Whether the queries are all rows, or as many that they are read by a
    /// program.
    #[serde(skip)]
    pub all: bool,
}

/// The neighbours of one row.
#[derive(Clone, Debug, PartialEq, Serialize)]
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
#[derive(Clone, Debug, PartialEq, Serialize)]
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
