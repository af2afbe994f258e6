//! The answer of `tokens`.

use serde::Serialize;

use crate::report::{Float, TokenText};

/// What a list of tokens is about.
#[derive(Clone, Debug, Serialize)]
pub struct TokensHead {
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
#[derive(Clone, Debug, PartialEq, Serialize)]
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
