//! SentencePiece as llama.cpp does it: adjacent symbols merge, the best score first.
//!
//! At first each character of the text is one symbol. Then the adjacent pair whose
//! joined text is the token with the highest score merges (the leftmost of equals),
//! until no pair makes a token. A symbol that then has no token is spelt in byte
//! tokens: `<0xE2>`.
//!
//! A long text is cut where no merge can cross ([`Joins`]).

use std::sync::OnceLock;

use super::joins::Joins;
use super::settings::Settings;
use super::symbols::Symbols;
use super::token_index::TokenIndex;
use super::{Error, Family, Fragment, Result, Work, escape_spaces};

/// The family `llama`.
pub(super) struct Spm {
    add_space_prefix: bool,
    /// Made for the first long text.
    joins: OnceLock<Joins>,
}

impl Spm {
    pub fn new(settings: &Settings) -> Self {
        Self { add_space_prefix: settings.add_space_prefix, joins: OnceLock::new() }
    }

    fn joins(&self, vocabulary: &TokenIndex) -> &Joins {
        self.joins.get_or_init(|| Joins::of(vocabulary.ids().map(|id| vocabulary.text(id))))
    }
}

impl Family for Spm {
    fn encode(
        &self,
        vocabulary: &TokenIndex,
        text: Fragment,
        work: &mut Work,
        ids: &mut Vec<u32>,
    ) -> Result<()> {
        let mut leads = text.leads && self.add_space_prefix;
        let mut encode = |word: &[u8]| {
            if std::mem::take(&mut leads) {
                let word = [b" ", word].concat();
                return encode_word(vocabulary, &word, &mut work.symbols, ids);
            }
            work.memo.ids(word, ids, |ids| encode_word(vocabulary, word, &mut work.symbols, ids))
        };
        match work.is_long {
            true => self.joins(vocabulary).each_part(text.bytes, encode),
            false => encode(text.bytes),
        }
    }

    fn next_cut(&self, vocabulary: &TokenIndex, text: &[u8], from: usize) -> Option<usize> {
        let joins = self.joins(vocabulary);
        (from.max(1)..text.len()).find(|&at| joins.part(text, at))
    }
}

fn encode_word(
    vocabulary: &TokenIndex,
    word: &[u8],
    symbols: &mut Symbols,
    ids: &mut Vec<u32>,
) -> Result<()> {
    let word = escape_spaces(word);
    symbols.merge(&word, |text, _| Some(rank(vocabulary.score(vocabulary.id_of(text)?))));
    for text in symbols.texts(&word) {
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

/// A number that is lower the higher a score is, in the order of [`f32::total_cmp`].
fn rank(score: f32) -> u32 {
    let bits = score.to_bits();
    if bits >> 31 == 0 { !bits & u32::MAX >> 1 } else { bits }
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
