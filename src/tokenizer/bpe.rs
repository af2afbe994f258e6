//! Byte-pair encoding: in each word, adjacent symbols merge, the lowest rank first.
//!
//! A [pre-tokenizer](super::pre) cuts the text into words. At first each character
//! of a word is one symbol; in byte-level BPE each byte is one character (`Ġ` is a
//! space). Then the adjacent pair with the lowest rank merges (the leftmost of
//! equals), until no pair has a rank.

use std::borrow::Cow;
use std::convert::Infallible;
use std::sync::OnceLock;

use super::joins::Joins;
use super::merges::Merges;
use super::pre::{Pre, Spelling};
use super::symbols::Symbols;
use super::token_index::TokenIndex;
use super::words::Cutter;
use super::{Family, Fragment, Result, Work, escape_spaces, utf8};
use crate::vocab::char_of;

/// The family `gpt2`, and `gemma4`.
pub(super) struct Bpe {
    pre: Pre,
    cutter: Cutter,
    merges: Merges,
    /// Made for the first long text.
    joins: OnceLock<Joins>,
}

impl Bpe {
    pub fn new(pre: Pre, merges: Merges) -> Self {
        Self { pre, cutter: Cutter::new(pre.rules), merges, joins: OnceLock::new() }
    }

    /// The text, with spaces spelt as in the vocabulary.
    pub fn escaped<'t>(&self, text: &'t [u8]) -> Cow<'t, [u8]> {
        match self.pre.spelling {
            Spelling::Underscores => escape_spaces(text).into(),
            Spelling::Bytes | Spelling::Characters => text.into(),
        }
    }

    /// Appends the IDs of a text that is [`escaped`](Self::escaped).
    pub fn encode_text(
        &self,
        vocabulary: &TokenIndex,
        text: &[u8],
        work: &mut Work,
        ids: &mut Vec<u32>,
    ) {
        let Work { memo, symbols, spelt, is_long } = work;
        let mut encode = |word: &[u8]| match self.pre.spelling {
            Spelling::Bytes => memo.ids(word, ids, |ids| {
                spelt.clear();
                word.iter().for_each(|&byte| utf8::encode(char_of(byte).into(), spelt));
                match self.whole(vocabulary, spelt) {
                    Some(id) => ids.push(id),
                    None => self.merge(vocabulary, spelt, symbols, ids),
                }
                Ok::<_, Infallible>(())
            }),
            // A word may be a line. Its parts come again, it does not.
            _ => {
                let mut merge = |part: &[u8]| {
                    memo.ids(part, ids, |ids| {
                        self.merge(vocabulary, part, symbols, ids);
                        Ok::<_, Infallible>(())
                    })
                };
                match self.whole(vocabulary, word) {
                    Some(id) => ids.push(id),
                    None if *is_long => self.joins().each_part(word, merge)?,
                    None => merge(word)?,
                }
                Ok(())
            }
        };
        self.cutter.cut(&normal(text), &mut |word| {
            let Ok(()) = encode(word);
        });
    }

    /// The token of a word that becomes one without merges.
    fn whole(&self, vocabulary: &TokenIndex, word: &[u8]) -> Option<u32> {
        let is_whole =
            self.pre.ignore_merges || (self.pre.gemma && word.iter().all(|&byte| byte == b'\n'));
        is_whole.then(|| vocabulary.id_of(word)).flatten()
    }

    fn joins(&self) -> &Joins {
        self.joins.get_or_init(|| Joins::of(self.merges.made()))
    }

    /// Appends the IDs of a word that is merged.
    fn merge(
        &self,
        vocabulary: &TokenIndex,
        word: &[u8],
        symbols: &mut Symbols,
        ids: &mut Vec<u32>,
    ) {
        symbols.merge(word, |text, at| self.merges.rank(&text[..at], &text[at..]));
        for text in symbols.texts(word) {
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
    fn encode(
        &self,
        vocabulary: &TokenIndex,
        text: Fragment,
        work: &mut Work,
        ids: &mut Vec<u32>,
    ) -> Result<()> {
        self.encode_text(vocabulary, &self.escaped(text.bytes), work, ids);
        Ok(())
    }

    /// The end of a line, where lines are words. Other rules look at what follows a word.
    fn next_cut(&self, _: &TokenIndex, text: &[u8], from: usize) -> Option<usize> {
        let mut at = from.max(1);
        while self.pre.cuts_lines() && at < text.len() {
            at += memchr::memchr(b'\n', &text[at..])?;
            if text[at - 1] != b'\n' {
                return Some(at);
            }
            at += 1;
        }
        None
    }
}

/// The code points of a text; U+FFFD for one above U+10FFFF (llama.cpp aborts).
pub(super) fn points(text: &[u8]) -> impl Iterator<Item = u32> {
    let known = |point| if point > char::MAX.into() { 0xfffd } else { point };
    utf8::code_points(text).map(known)
}

/// A text with its [`points`] in their shortest form.
pub(super) fn normal(text: &[u8]) -> Cow<'_, [u8]> {
    if std::str::from_utf8(text).is_ok() {
        return text.into();
    }
    let mut normal = Vec::with_capacity(text.len());
    points(text).for_each(|point| utf8::encode(point, &mut normal));
    normal.into()
}
