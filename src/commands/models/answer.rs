//! The answer of `models`.

use serde::Serialize;

/// The models that can be named.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ModelsReport {
    /// By store and name.
    pub models: Vec<ModelInfo>,
    /// Where they were looked for.
    pub places: Vec<PlaceInfo>,
    /// What a reader should know besides.
    pub notes: Vec<String>,
}

/// A model by its name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ModelInfo {
    /// What to type for it.
    pub name: String,
    /// Where it is: `built in`, `Ollama`, `HF hub`, `LM Studio` or `llama.cpp`.
    pub store: &'static str,
    /// The file it is in; of several, the first. `None` where it is built in.
    pub path: Option<String>,
    /// The size of all its files that are there.
    pub bytes: Option<u64>,
    /// `general.architecture`.
    pub architecture: Option<String>,
    /// The shape of the embedding table, `[n_vocab, d_model]`.
    pub shape: Option<[u64; 2]>,
    /// The ggml type of the embedding table, or its number where ggml has none.
    #[serde(rename = "type")]
    pub format: Option<String>,
    /// Why it can't be used, or has no table.
    pub problem: Option<String>,
}

/// A folder that was looked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PlaceInfo {
    /// The store that it is of.
    pub store: &'static str,
    /// Where it is, or would be; `~` for the user's folder.
    pub path: String,
    /// Whether it is there.
    pub found: bool,
}
