//! The vocabulary as a model states it.

use super::{Numbers, Strings};

/// The tokens of a model.
#[derive(Clone, Debug)]
pub struct TokenList {
    /// The stored texts by token ID.
    pub texts: Strings,
    /// The spelling of the texts.
    pub spelling: Spelling,
    /// The types by token ID, as numbers that [`TokenType::from_id`] knows.
    pub types: Option<Numbers>,
}

/// How a tokenizer family spells token texts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spelling {
    /// A space is `▁`.
    Underscores,
    /// Each byte is one printable character, as in GPT-2.
    ByteLevel,
    /// Some bytes are escaped with a backslash.
    Escapes,
}

/// Pre-tokenizers of byte-pair vocabularies that spell as SentencePiece does.
pub(crate) const UNDERSCORES: [&str; 3] = ["gemma4", "granite-embed-multi-311m", "sarvam-moe"];

impl Spelling {
    /// The spelling of a tokenizer family and a pre-tokenizer, by llama.cpp's
    /// names.
    pub fn of(family: Option<&str>, pre: Option<&str>) -> Self {
        match (family, pre) {
            (Some("gpt2" | "hybriddna"), Some(pre)) if UNDERSCORES.contains(&pre) => {
                Self::Underscores
            }
            (Some("gpt2" | "hybriddna"), _) => Self::ByteLevel,
            (Some("rwkv"), _) => Self::Escapes,
            _ => Self::Underscores,
        }
    }
}

/// The type of a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenType {
    /// Ordinary text.
    Normal,
    /// Replaces text that the vocabulary can't spell.
    Unknown,
    /// Steers the model; never part of plain text.
    Control,
    /// Added by the model's authors; matched before any other token.
    UserDefined,
    /// Reserved, never trained.
    Unused,
    /// A single byte, for text that no other token covers.
    Byte,
}

impl TokenType {
    /// The type with a number in the file, `LLAMA_TOKEN_TYPE_*`.
    pub fn from_id(id: i64) -> Option<Self> {
        Some(match id {
            1 => Self::Normal,
            2 => Self::Unknown,
            3 => Self::Control,
            4 => Self::UserDefined,
            5 => Self::Unused,
            6 => Self::Byte,
            _ => return None,
        })
    }

    /// The name, as `--type` takes it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Normal => "normal",
            Self::Unknown => "unknown",
            Self::Control => "control",
            Self::UserDefined => "user",
            Self::Unused => "unused",
            Self::Byte => "byte",
        }
    }
}
