//! SentencePiece as llama.cpp does it: adjacent symbols merge, the best score first.
//!
//! At first each character of the text is one symbol. Then the adjacent pair whose
//! joined text is the token with the highest score merges (the leftmost of equals),
//! until no pair makes a token. A symbol that then has no token is spelt in byte
//! tokens: `<0xE2>`.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

use super::{Error, Result};

use super::settings::Settings;
use super::symbols::Symbols;
use super::token_index::TokenIndex;
use super::{Family, Fragment, escape_spaces};

/// The family `llama`.
pub(super) struct Spm {
    add_space_prefix: bool,
}

impl Spm {
    pub fn new(settings: &Settings) -> Self {
        Self { add_space_prefix: settings.add_space_prefix }
    }
}

/// Two adjacent symbols that make a token.
struct Pair {
    score: f32,
    left: u32,
    right: u32,
    /// Their joint length when the pair was found. If it has changed since, one of
    /// them has merged with another symbol.
    len: usize,
}

impl Family for Spm {
    fn encode(
        &self,
        vocabulary: &TokenIndex,
        fragment: Fragment<'_>,
        ids: &mut Vec<u32>,
    ) -> Result<()> {
        let prefix: &[u8] = if self.add_space_prefix && fragment.leads { b" " } else { b"" };
        let text = escape_spaces(&[prefix, fragment.text].concat());
        let mut symbols = Symbols::of_characters(&text);
        let mut pairs = BinaryHeap::new();
        let pair = |symbols: &Symbols<'_>, left: Option<u32>| {
            let left = left?;
            let right = symbols.after(left)?;
            let text = symbols.text_of_both(left, right);
            let score = vocabulary.score(vocabulary.id_of(text)?);
            Some(Pair { score, left, right, len: text.len() })
        };
        for left in symbols.iter() {
            pairs.extend(pair(&symbols, Some(left)));
        }
        while let Some(Pair { left, right, len, .. }) = pairs.pop() {
            if symbols.merge(left, right, len) {
                pairs.extend(pair(&symbols, symbols.before(left)));
                pairs.extend(pair(&symbols, Some(left)));
            }
        }
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

/// The token of a byte: `<0x0A>`, or else the one whose text is the byte itself.
fn byte_token(vocabulary: &TokenIndex, byte: u8) -> Result<u32> {
    let itself = || (byte != 0).then(|| vocabulary.id_of(&[byte])).flatten();
    vocabulary.id_of(format!("<0x{byte:02X}>").as_bytes()).or_else(itself).ok_or_else(|| {
        Error::Unspellable(format!(
            "the text has the byte 0x{byte:02X}, and the vocabulary has no token for it"
        ))
    })
}

impl Ord for Pair {
    fn cmp(&self, other: &Self) -> Ordering {
        self.score.total_cmp(&other.score).then_with(|| other.left.cmp(&self.left))
    }
}

impl PartialOrd for Pair {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Pair {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Pair {}
