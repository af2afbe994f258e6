//! The answer of `tokens --text`, and what `lookup --text` says of its text.

use serde::Serialize;

use crate::report::TokenText;

/// A text that a model reads.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TextInput {
    /// The text; lossy where its bytes are not UTF-8.
    pub text: String,
    /// Its bytes in hex, only where they are not UTF-8.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text_hex: Option<String>,
    /// How many bytes it has.
    #[serde(skip)]
    pub bytes: u64,
    /// How many of its tokens the model put in front of it.
    #[serde(skip)]
    pub in_front: usize,
    /// How many of its tokens the model put behind it.
    #[serde(skip)]
    pub behind: usize,
}

/// A text in tokens.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TextReport {
    /// The text itself.
    #[serde(flatten)]
    pub input: TextInput,
    /// The IDs of its tokens, in order.
    pub ids: Vec<u64>,
    /// The same tokens with their texts.
    pub tokens: Vec<TextToken>,
    /// What a reader should know of the tokenizer.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

/// A token of a text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TextToken {
    /// Its ID.
    pub id: u64,
    /// Its text.
    #[serde(flatten)]
    pub token: TokenText,
    /// `normal`, `control`, `user`, `unused`, `byte` or `unknown`; `None` where
    /// the file does not say.
    #[serde(rename = "type")]
    pub token_type: Option<&'static str>,
}
