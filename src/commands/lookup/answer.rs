//! The answer of `lookup`.

use serde::Serialize;

use crate::commands::text::TextInput;
use crate::commands::{InputStep, TableInfo};
use crate::report::{Float, TokenText};

/// The head of a lookup: the table, the IDs and the shape of the matrix.
#[derive(Clone, Debug, Serialize)]
pub struct LookupHead {
    pub model: String,
    #[serde(flatten)]
    pub text: Option<TextInput>,
    pub table: TableInfo,
    pub ids: Vec<u64>,
    pub shape: [u64; 2],
    /// The bytes of the table that were read. A repeated row counts once.
    pub bytes_read: u64,
    /// The steps to the first block, only with `--as-input`: rows are the result.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub steps: Option<Vec<InputStep>>,
    /// How many values of a row a table prints. `None`: as many as fit on a line.
    #[serde(skip)]
    pub values: Option<usize>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LookupRow {
    /// The position in the input. The first is 0, or the one from `--start`.
    pub position: u64,
    pub id: u64,
    #[serde(flatten)]
    pub token: TokenText,
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub token_type: Option<&'static str>,
    pub norm: Float<f64>,
    /// The first position with the same ID. `None` if this is the first, or if the
    /// values depend on the position.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub repeats: Option<u64>,
    pub values: Vec<Float<f32>>,
}
