//! The answer of `footprint`.

use serde::Serialize;

use crate::footprint::Footprint;

/// The answer of `footprint`.
#[derive(Clone, Debug, PartialEq, Serialize)]
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
#[derive(Clone, Debug, PartialEq, Serialize)]
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
#[derive(Clone, Debug, PartialEq, Serialize)]
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
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct OutputHead {
    /// The ggml type, or its number where ggml has none of that number.
    #[serde(rename = "type")]
    pub format: String,
    /// Its size, where it can be told.
    pub bytes: Option<u64>,
}
