//! The vocabulary as a model states it.

use super::{Numbers, Strings};
use crate::named::named;

#[derive(Clone, Debug)]
pub struct TokenList {
    /// The stored texts by token ID.
    pub texts: Strings,
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
    /// The spelling of a family and a pre-tokenizer, by llama.cpp's names.
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

named! {
    /// The type of a token, in the order of the numbers in the file,
    /// `LLAMA_TOKEN_TYPE_*`.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum TokenType {
        /// Ordinary text.
        Normal = "normal",
        /// Replaces text that the vocabulary can't spell.
        Unknown = "unknown",
        /// Steers the model; never part of plain text.
        Control = "control",
        /// Added by the model's authors; matched before any other token.
        UserDefined = "user",
        /// Reserved, never trained.
        Unused = "unused",
        /// A single byte, for text that no other token covers.
        Byte = "byte",
    }
}

impl TokenType {
    /// The type with a number in the file, which counts from 1.
    pub fn from_id(id: i64) -> Option<Self> {
        Self::ALL.get(usize::try_from(id).ok()?.checked_sub(1)?).copied()
    }
}
