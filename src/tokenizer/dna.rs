//! Byte-pair encoding, but between `<dna>` and `</dna>` each six bases are a token.

use memchr::memmem;

use super::bpe::Bpe;
use super::token_index::TokenIndex;
use super::{Family, Fragment, Result, Work};

/// The family `hybriddna`.
pub(super) struct Dna {
    bpe: Bpe,
    tokens: Option<Tokens>,
}

/// The tokens that DNA needs. A vocabulary without them uses plain BPE.
struct Tokens {
    begin: u32,
    end: u32,
    /// Stands for six letters that have no token.
    unknown: u32,
}

const BEGIN: &[u8] = b"<dna>";
const END: &[u8] = b"</dna>";

const K: usize = 6;

/// The text of a DNA token ends with U+E000, because `CCCCCC` may be a word too.
const MARK: &[u8] = "\u{e000}".as_bytes();

impl Dna {
    pub fn new(bpe: Bpe, vocabulary: &TokenIndex) -> Self {
        let tokens = || {
            Some(Tokens {
                begin: vocabulary.id_of(BEGIN)?,
                end: vocabulary.id_of(END)?,
                unknown: vocabulary.id_of(b"<oov>")?,
            })
        };
        Self { bpe, tokens: tokens() }
    }
}

impl Family for Dna {
    fn encode(
        &self,
        vocabulary: &TokenIndex,
        text: Fragment,
        work: &mut Work,
        ids: &mut Vec<u32>,
    ) -> Result<()> {
        let text = self.bpe.escaped(text.bytes);
        let mut text = &*text;
        if let Some(tokens) = &self.tokens {
            while let Some(at) = memmem::find(text, BEGIN) {
                self.bpe.encode_text(vocabulary, &text[..at], work, ids);
                let inside = &text[at + BEGIN.len()..];
                ids.push(tokens.begin);
                let end = memmem::find(inside, END);
                let (bases, rest) = match end {
                    Some(end) => (&inside[..end], &inside[end + END.len()..]),
                    None => (inside, &[][..]),
                };
                ids.extend(bases.chunks(K).map(|bases| tokens.of_bases(vocabulary, bases)));
                ids.extend(end.map(|_| tokens.end));
                text = rest;
            }
        }
        self.bpe.encode_text(vocabulary, text, work, ids);
        Ok(())
    }
}

impl Tokens {
    /// The token of at most six bases. Missing bases count as A.
    fn of_bases(&self, vocabulary: &TokenIndex, bases: &[u8]) -> u32 {
        let mut text = bases.to_ascii_uppercase();
        text.resize(K, b'A');
        text.extend_from_slice(MARK);
        vocabulary.id_of(&text).unwrap_or(self.unknown)
    }
}
