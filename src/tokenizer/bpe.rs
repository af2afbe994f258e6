//! Byte-pair encoding: in each word, adjacent symbols merge, the lowest rank first.
//!
//! A [pre-tokenizer](super::pre) cuts the text into words. At first each character
//! of a word is one symbol; in byte-level BPE each byte is one character (`Ġ` is a
//! space). Then the adjacent pair with the lowest rank merges (the leftmost of
//! equals), until no pair has a rank.

use std::borrow::Cow;

use super::merges::Merges;
use super::pre::{Pre, Spelling};
use super::symbols::Symbols;
use super::token_index::TokenIndex;
use super::words::Cutter;
use super::{Family, Fragment, Result, escape_spaces, utf8};
use crate::vocab::char_of;

/// The family `gpt2`, and `gemma4`.
pub(super) struct Bpe {
    pre: Pre,
    cutter: Cutter,
    merges: Merges,
}

impl Bpe {
    pub fn new(pre: Pre, merges: Merges) -> Self {
        Self { pre, cutter: Cutter::new(pre.rules), merges }
    }

    /// The text, with spaces spelt as in the vocabulary.
    pub fn escaped<'t>(&self, text: &'t [u8]) -> Cow<'t, [u8]> {
        match self.pre.spelling {
            Spelling::Underscores => escape_spaces(text).into(),
            Spelling::Bytes | Spelling::Characters => text.into(),
        }
    }

    /// Appends the IDs of a text that is [`escaped`](Self::escaped).
    pub fn encode_text(&self, vocabulary: &TokenIndex, text: &[u8], ids: &mut Vec<u32>) {
        let points = points(text);
        let (mut word, mut spelt) = (Vec::new(), Vec::new());
        let mut start = 0;
        for end in self.cutter.cut(&points) {
            word.clear();
            for &point in &points[start..end] {
                utf8::encode(point, &mut word);
            }
            if self.pre.spelling == Spelling::Bytes {
                spelt.clear();
                for &byte in &word {
                    utf8::encode(char_of(byte).into(), &mut spelt);
                }
                std::mem::swap(&mut word, &mut spelt);
            }
            self.encode_word(vocabulary, &word, ids);
            start = end;
        }
    }

    fn encode_word(&self, vocabulary: &TokenIndex, word: &[u8], ids: &mut Vec<u32>) {
        let whole =
            self.pre.ignore_merges || (self.pre.gemma && word.iter().all(|&byte| byte == b'\n'));
        if whole && let Some(id) = vocabulary.id_of(word) {
            ids.push(id);
            return;
        }
        let mut symbols = Symbols::of_characters(word);
        symbols.merge_all(|text, at| self.merges.rank(&text[..at], &text[at..]));
        for symbol in symbols.iter() {
            let text = symbols.text(symbol);
            match vocabulary.id_of(text) {
                Some(id) => ids.push(id),
                // A symbol without a token is spelt in byte tokens. A byte without
                // a token is dropped, as llama.cpp silently does.
                None => ids.extend(text.iter().filter_map(|&byte| match self.pre.spelling {
                    Spelling::Bytes => vocabulary.id_of(&[byte]),
                    _ => vocabulary.id_of(format!("<0x{byte:02X}>").as_bytes()),
                })),
            }
        }
    }
}

impl Family for Bpe {
    fn encode(&self, vocabulary: &TokenIndex, text: Fragment, ids: &mut Vec<u32>) -> Result<()> {
        self.encode_text(vocabulary, &self.escaped(text.bytes), ids);
        Ok(())
    }
}

/// The code points of a text; U+FFFD for one above U+10FFFF (llama.cpp aborts).
pub(super) fn points(text: &[u8]) -> Vec<u32> {
    let known = |point| if point > char::MAX.into() { 0xfffd } else { point };
    utf8::code_points(text).map(known).collect()
}
