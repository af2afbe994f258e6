//! The answer of `info`.

use serde::Serialize;

use crate::named::named;
use crate::report::{Float, TokenText};

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct InfoReport {
    pub model: String,
    /// `general.name`, or else `general.basename`.
    pub name: Option<String>,
    pub architecture: Option<String>,
    /// The kind of a file without an embedding table, if it is recognised.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seems: Option<&'static str>,
    pub parameters: u64,
    pub n_tensors: u64,
    /// Keys of the metadata; fields of `config.json`.
    pub n_keys: u64,
    /// `general.file_type`: the type that the writer declared for most tensors.
    pub file_type: Option<FileType>,
    pub types: Vec<TypeShare>,
    pub table: Option<InfoTable>,
    pub output_head: OutputKind,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output: Option<InfoTensor>,
    /// The first few other two-dimensional tensors outside the layers.
    pub other_tables: Vec<InfoTensor>,
    pub n_other_tables: u64,
    pub tokenizer: Option<TokenizerInfo>,
    /// Whether the model makes one vector of a text: an encoder, or a model with a
    /// pooling type.
    pub is_embedding_model: bool,
    /// `<architecture>.context_length`.
    pub context_length: Option<u64>,
    pub file_bytes: u64,
    /// `GGUF` or `safetensors`.
    pub format: &'static str,
    /// The version of GGUF.
    pub version: Option<u32>,
    pub alignment: Option<u64>,
    pub header_bytes: u64,
    pub parts: u64,
    pub missing_parts: Vec<String>,
    pub oddities: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub strict: Option<StrictVerdict>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub keys: Option<Vec<KeyInfo>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tensors: Option<Vec<InfoTensor>>,
}

/// `general.file_type`. Its numbers differ from the numbers of tensor types.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FileType {
    pub id: u64,
    pub name: Option<&'static str>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TypeShare {
    /// The ggml type, or its number if ggml does not know it.
    #[serde(rename = "type")]
    pub format: String,
    pub tensors: u64,
    pub parameters: u64,
    pub bytes: Option<u64>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct InfoTensor {
    pub name: String,
    /// The ggml type, or its number if ggml does not know it.
    #[serde(rename = "type")]
    pub format: String,
    /// The dimensions, rows first: the reverse of the file's order.
    pub shape: Vec<u64>,
    pub bytes: Option<u64>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct InfoTable {
    #[serde(flatten)]
    pub tensor: InfoTensor,
    /// Its share of the file. `None` if the file is cut short and has fewer bytes.
    pub share: Option<f64>,
    /// Its share of the parameters.
    pub parameter_share: Option<f64>,
}

named! {
    /// Where the output head is.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
    #[serde(rename_all = "snake_case")]
    pub enum OutputKind {
        Tied = "tied",
        Separate = "separate",
        /// There is none: the file is an encoder, or not a model.
        None = "none",
        /// It may be in a part that is missing.
        Unknown = "unknown",
    }
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TokenizerInfo {
    pub model: Option<String>,
    pub pre: Option<String>,
    pub n_tokens: Option<u64>,
    /// What the key says, `tokenizer.ggml.add_bos_token`.
    pub add_bos: Option<bool>,
    pub add_eos: Option<bool>,
    /// What goes before and after a text, with the defaults where no key says so.
    /// `None` if the tokenizer is not known.
    pub adds: Option<AddedTokens>,
    /// How many tokens have each type, without the fillers.
    pub types: Vec<TokensOfType>,
    pub fillers: Option<Fillers>,
    pub special: Vec<SpecialToken>,
}

/// The roles of the tokens around a text: `bos`, `eos`, `sep`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AddedTokens {
    pub front: Option<String>,
    pub behind: Option<String>,
    /// Whether no key says so.
    pub is_default: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TokensOfType {
    /// `normal`, `control`, `user`, `unused`, `byte`, `unknown`, or `none` for a type that
    /// does not exist.
    #[serde(rename = "type")]
    pub token_type: &'static str,
    pub tokens: u64,
}

/// Tokens at the end that are named after their IDs, `[PAD151646]`: they only fill the
/// vocabulary up to the number of rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Fillers {
    pub from_id: u64,
    pub to_id: u64,
}

/// A token that a key names, such as `tokenizer.ggml.bos_token_id`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SpecialToken {
    /// `bos`, `eos`, `unk`, `sep`, `pad`, `eot`, ...
    pub name: String,
    pub id: u64,
    #[serde(flatten)]
    pub token: TokenText,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct StrictVerdict {
    pub accepted: bool,
    pub problem: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct KeyInfo {
    /// The key. Bytes that are not UTF-8 are replaced.
    pub key: String,
    #[serde(rename = "type")]
    pub value_type: String,
    /// The number of elements of an array, or of bytes of a string.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub length: Option<u64>,
    pub value: KeyValue,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum KeyValue {
    Bool(bool),
    Unsigned(u64),
    Signed(i64),
    F32(Float<f32>),
    F64(Float<f64>),
    Text(String),
    List(Vec<KeyValue>),
    Unreadable(()),
}
