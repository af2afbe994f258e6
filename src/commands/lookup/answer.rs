//! The answer of `lookup`.

use serde::Serialize;

use crate::commands::text::TextInput;
use crate::commands::{InputStep, TableInfo};
use crate::report::{Float, TokenText};

/// What the rows are of.
#[derive(Clone, Debug, Serialize)]
pub struct LookupHead {
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
    /// How many values of a row are printed for a person; `None` for as many as
    /// fit on a line.
    #[serde(skip)]
    pub values: Option<usize>,
}

/// One row of the matrix.
#[derive(Clone, Debug, PartialEq, Serialize)]
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
