//! The answer of `similarity`.

use serde::Serialize;

use crate::commands::TableInfo;
use crate::commands::frame::Frame;
use crate::report::{Float, TokenText};

#[derive(Clone, Debug, Serialize)]
pub struct SimilarityReport {
    pub model: String,
    pub table: TableInfo,
    /// `cosine`, `dot` or `l2`.
    pub metric: &'static str,
    /// What was done to every row.
    pub frame: Frame,
    pub tokens: Vec<ComparedToken>,
    /// The score of each token with each.
    pub matrix: Vec<Vec<Float<f64>>>,
    /// Of two tokens: how many in 100 pairs at random are not as near.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub percentile: Option<Float<f64>>,
    /// The IDs of the closest pair, of more than two tokens.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub closest: Option<[u64; 2]>,
    /// The ID of the token that is least like the others, of more than two.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub odd_one_out: Option<u64>,
    pub at_random: Option<RandomPairs>,
    /// The same for the rows as they are stored, if they were moved.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub as_stored: Option<AsStored>,
    pub notes: Vec<String>,
}

#[derive(Clone, Debug, Serialize)]
pub struct ComparedToken {
    pub id: u64,
    #[serde(flatten)]
    pub token: TokenText,
    pub norm: Float<f64>,
    /// The mean score with the other tokens.
    pub mean: Float<f64>,
}

/// The scores of pairs of rows that were drawn at random from a fixed seed.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct RandomPairs {
    pub mean: Float<f64>,
    pub sd: Float<f64>,
    pub pairs: u64,
}

#[derive(Clone, Copy, Debug, Serialize)]
pub struct AsStored {
    /// Of two tokens.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub score: Option<Float<f64>>,
    pub at_random: Option<RandomPairs>,
}

impl SimilarityReport {
    /// Where a score lies between 0 and 1, for a colour: cosines as they are, others
    /// between the least and the largest.
    pub(super) fn level(&self, score: f64) -> f64 {
        if self.metric == "cosine" {
            return score;
        }
        let all = || self.matrix.iter().flatten().map(|x| x.0);
        let (least, most) = (all().fold(f64::MAX, f64::min), all().fold(f64::MIN, f64::max));
        let level = if most > least { (score - least) / (most - least) } else { 1.0 };
        if self.metric == "l2" { 1.0 - level } else { level }
    }

    pub(super) fn token(&self, id: u64) -> Option<&ComparedToken> {
        self.tokens.iter().find(|token| token.id == id)
    }
}
