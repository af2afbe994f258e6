//! The answer of `info`.

use serde::Serialize;

use crate::report::{Float, TokenText};

/// What a file is and has.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct InfoReport {
    /// The model as it was named.
    pub model: String,
    /// `general.name`, else `general.basename`.
    pub name: Option<String>,
    /// `general.architecture`.
    pub architecture: Option<String>,
    /// What a file without an embedding table seems to be, where that shows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seems: Option<&'static str>,
    /// The values of all tensors together.
    pub parameters: u64,
    /// Tensors, in all parts that are there.
    pub n_tensors: u64,
    /// Metadata keys of the part that has the model's.
    pub n_keys: u64,
    /// `general.file_type`: what the writer meant most of the file to be.
    pub file_type: Option<FileType>,
    /// What the tensors are stored as, the most bytes first.
    pub types: Vec<TypeShare>,
    /// The embedding table; `None` where there is none.
    pub table: Option<InfoTable>,
    /// Where the output head is.
    pub output_head: OutputKind,
    /// The head's own tensor.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output: Option<InfoTensor>,
    /// The first few other two-dimensional tensors that are not a layer's.
    pub other_tables: Vec<InfoTensor>,
    /// How many of those there are.
    pub n_other_tables: u64,
    /// What is known of the vocabulary.
    pub tokenizer: Option<TokenizerInfo>,
    /// `<architecture>.context_length`.
    pub context_length: Option<u64>,
    /// The size of all parts that are there.
    pub file_bytes: u64,
    /// The version of the format.
    pub version: u32,
    /// What tensor data is aligned to.
    pub alignment: u64,
    /// The bytes before tensor data.
    pub header_bytes: u64,
    /// In how many files the model is; 1 where it is not split.
    pub parts: u64,
    /// The parts that are not there.
    pub missing_parts: Vec<String>,
    /// What is not as it should be.
    pub oddities: Vec<String>,
    /// The verdict of another reader, where it was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub strict: Option<StrictVerdict>,
    /// The metadata, where it was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub keys: Option<Vec<KeyInfo>>,
    /// The tensors, where they were asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tensors: Option<Vec<InfoTensor>>,
}

/// `general.file_type`, whose numbers are not those of tensor types.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FileType {
    /// The number.
    pub id: u64,
    /// What it means; `None` where nobody knows.
    pub name: Option<&'static str>,
}

/// The tensors of one type.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TypeShare {
    /// The ggml type, or its number where ggml has none of that number.
    #[serde(rename = "type")]
    pub format: String,
    /// How many there are.
    pub tensors: u64,
    /// Their values.
    pub parameters: u64,
    /// Their size; `None` where it can't be told.
    pub bytes: Option<u64>,
}

/// A tensor as the header describes it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct InfoTensor {
    /// Its name.
    pub name: String,
    /// The ggml type, or its number where ggml has none of that number.
    #[serde(rename = "type")]
    pub format: String,
    /// Rows first: the dimensions as the file stores them, reversed.
    pub shape: Vec<u64>,
    /// Its size; `None` where it can't be told.
    pub bytes: Option<u64>,
}

/// The embedding table.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct InfoTable {
    /// The tensor that it is.
    #[serde(flatten)]
    pub tensor: InfoTensor,
    /// Its part of the file's bytes.
    pub share: Option<f64>,
}

/// Where a model's output head is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum OutputKind {
    /// The embedding table is used again.
    Tied,
    /// A tensor of its own.
    Separate,
    /// The model has none: an encoder, or no model at all.
    None,
    /// It may be in a part that is missing.
    Unknown,
}

/// What is known of a vocabulary without reading it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TokenizerInfo {
    /// `tokenizer.ggml.model`: the family.
    pub model: Option<String>,
    /// `tokenizer.ggml.pre`: how text is cut before it.
    pub pre: Option<String>,
    /// Tokens; `None` where there is no list of them.
    pub n_tokens: Option<u64>,
    /// `tokenizer.ggml.add_bos_token`, where it is said.
    pub add_bos: Option<bool>,
    /// `tokenizer.ggml.add_eos_token`, where it is said.
    pub add_eos: Option<bool>,
    /// The tokens that keys name.
    pub special: Vec<SpecialToken>,
}

/// A token that a key names, `tokenizer.ggml.bos_token_id` say.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SpecialToken {
    /// `bos`, `eos`, `unk`, `sep`, `pad`, `eot`, ...
    pub name: String,
    /// The token ID.
    pub id: u64,
    /// Its text.
    #[serde(flatten)]
    pub token: TokenText,
}

/// What gguf-rs-lib's own reader says of a file.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct StrictVerdict {
    /// Whether it takes the file, all parts of it.
    pub accepted: bool,
    /// What it objects to.
    pub problem: Option<String>,
}

/// A metadata entry, shortened.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct KeyInfo {
    /// The key, lossily decoded where it is not UTF-8.
    pub key: String,
    /// The value's type; `[type]` where it is an array.
    #[serde(rename = "type")]
    pub value_type: String,
    /// The elements of an array; the bytes of a string.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub length: Option<u64>,
    /// The value, or its beginning: of an array the first elements.
    pub value: KeyValue,
}

/// A metadata value.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum KeyValue {
    /// A truth value.
    Bool(bool),
    /// A whole number.
    Unsigned(u64),
    /// A whole number below zero.
    Signed(i64),
    /// A 32-bit float.
    F32(Float<f32>),
    /// A 64-bit float.
    F64(Float<f64>),
    /// A string, or its beginning.
    Text(String),
    /// The first elements of an array.
    List(Vec<KeyValue>),
    /// One that can't be read.
    Unreadable(()),
}
