//! SentencePiece as llama.cpp does it: adjacent symbols merge, the best score first.
//!
//! At first each character of the text is one symbol. Then the adjacent pair whose
//! joined text is the token with the highest score merges (the leftmost of equals),
//! until no pair makes a token. A symbol that then has no token is spelt in byte
//! tokens: `<0xE2>`.

use std::cmp::Reverse;

use super::settings::Settings;
use super::symbols::Symbols;
use super::token_index::TokenIndex;
use super::{Error, Family, Fragment, Result, escape_spaces};

/// The family `llama`.
pub(super) struct Spm {
    add_space_prefix: bool,
}

impl Spm {
    pub fn new(settings: &Settings) -> Self {
        Self { add_space_prefix: settings.add_space_prefix }
    }
}

impl Family for Spm {
    fn encode(&self, vocabulary: &TokenIndex, text: Fragment, ids: &mut Vec<u32>) -> Result<()> {
        let prefix: &[u8] = if self.add_space_prefix && text.leads { b" " } else { b"" };
        let text = escape_spaces(&[prefix, text.bytes].concat());
        let mut symbols = Symbols::of_characters(&text);
        symbols.merge_all(|text, _| {
            let score = vocabulary.score(vocabulary.id_of(text)?);
            Some(Reverse(sortable(score)))
        });
        for symbol in symbols.iter() {
            let text = symbols.text(symbol);
            match vocabulary.id_of(text) {
                Some(id) => ids.push(id),
                None => {
                    for &byte in text {
                        ids.push(byte_token(vocabulary, byte)?);
                    }
                }
            }
        }
        Ok(())
    }
}

/// A whole number that sorts as a score does under [`f32::total_cmp`].
fn sortable(score: f32) -> i32 {
    let bits = score.to_bits().cast_signed();
    if bits < 0 { bits ^ i32::MAX } else { bits }
}

/// The token of a byte: `<0x0A>`, or else the one whose text is the byte itself.
fn byte_token(vocabulary: &TokenIndex, byte: u8) -> Result<u32> {
    let itself = || (byte != 0).then(|| vocabulary.id_of(&[byte])).flatten();
    vocabulary.id_of(format!("<0x{byte:02X}>").as_bytes()).or_else(itself).ok_or_else(|| {
        Error::Unspellable(format!(
            "the text has the byte 0x{byte:02X}, and the vocabulary has no token for it"
        ))
    })
}
