//! From token IDs back to text, as llama.cpp prints them, and the bytes of a text that
//! no token spells.

use std::borrow::Cow;
use std::ops::Range;

use memchr::memmem;

#[cfg(feature = "tokenizers")]
use crate::model;
use crate::model::TokenId;
use crate::vocab;

use super::Tokenizer;
use super::pre::{self, Pre};
use super::settings::{Frame, Kind};
use super::token_index::{Types, byte_of};

/// How a normal token's text is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Spelling {
    /// `▁` for a space.
    Underscores,
    /// One character for each byte.
    Bytes,
    /// As it is read.
    Literal,
    /// RWKV's escapes.
    Escapes,
}

impl Spelling {
    pub fn of(kind: Kind, name: &str, pre: &Pre) -> Self {
        match (kind, pre.spelling) {
            (Kind::Spm | Kind::WordPiece | Kind::Unigram, _) => Self::Underscores,
            (Kind::Bpe, _) if name == "gemma4" => Self::Underscores,
            (Kind::Bpe, pre::Spelling::Bytes) => Self::Bytes,
            (Kind::Bpe, pre::Spelling::Underscores) => Self::Underscores,
            (Kind::Bpe, pre::Spelling::Characters) | (Kind::Plamo2, _) => Self::Literal,
            (Kind::Rwkv, _) => Self::Escapes,
        }
    }

    #[cfg(feature = "tokenizers")]
    pub fn of_texts(spelling: model::Spelling) -> Self {
        match spelling {
            model::Spelling::ByteLevel => Self::Bytes,
            _ => Self::Underscores,
        }
    }

    fn read(self, stored: &[u8]) -> Cow<'_, [u8]> {
        let text = std::str::from_utf8(stored).ok();
        let read = match self {
            Self::Underscores => text.map(|text| text.replace('▁', " ").into_bytes()),
            Self::Bytes => text.and_then(|text| text.chars().map(vocab::byte_of).collect()),
            Self::Literal => None,
            Self::Escapes => vocab::unescape(stored),
        };
        read.map_or(Cow::Borrowed(stored), Cow::Owned)
    }
}

impl Tokenizer {
    /// The number of tokens.
    pub fn n_tokens(&self) -> u64 {
        self.vocabulary.len() as u64
    }

    /// The text of token IDs, in which special tokens have their names, and the part
    /// of the IDs that make it. The others are the tokens that
    /// [`add_special`](super::Options) adds around a text. The spaces that the
    /// tokenizer puts in front are left out too: encoding the text adds both again.
    ///
    /// # Panics
    /// If an ID is not below [`n_tokens`](Self::n_tokens).
    pub fn decode(&self, ids: &[TokenId]) -> (Vec<u8>, Range<usize>) {
        let within = self.within_frame(ids);
        let (mut text, mut leads) = (Vec::new(), true);
        for id in ids[within.clone()].iter().map(|&id| id as u32) {
            let piece = self.piece(id);
            let starts_word = leads && (self.adds_space() || self.settings.kind == Kind::WordPiece);
            let skipped = usize::from(starts_word && piece.first() == Some(&b' '));
            text.extend_from_slice(&piece[skipped..]);
            leads = self.vocabulary.types(id).any(Types::SPECIAL);
        }
        (text, within)
    }

    /// The IDs between those that are added around a text, or all if one of these is not
    /// there.
    fn within_frame(&self, ids: &[TokenId]) -> Range<usize> {
        let (front, behind) = self.settings.frame();
        let is_there = |token: Option<Frame>, id: Option<&TokenId>| match token {
            Some((_, added)) => added.map(TokenId::from).as_ref() == id && id.is_some(),
            None => true,
        };
        let [start, end] = [front, behind].map(|token| usize::from(token.is_some()));
        let all = 0..ids.len();
        let has_room = start + end <= ids.len();
        match has_room && is_there(front, ids.first()) && is_there(behind, ids.last()) {
            true => start..ids.len() - end,
            false => all,
        }
    }

    /// What llama.cpp prints for a token: nothing for one that is unused or of no type
    /// that it knows.
    fn piece(&self, id: u32) -> Cow<'_, [u8]> {
        let (stored, types) = (self.vocabulary.text(id), self.vocabulary.types(id));
        match byte_of(stored) {
            _ if self.spelling == Spelling::Escapes => self.spelling.read(stored),
            Some(byte) if types.any(Types::BYTE) => vec![byte].into(),
            _ if types.any(Types::SPECIAL) => stored.into(),
            _ if types.any(Types::NORMAL) => self.spelling.read(stored),
            _ => Cow::Borrowed(&[]),
        }
    }

    /// Whether a space goes before a text and after each special token in it.
    pub(super) fn adds_space(&self) -> bool {
        self.settings.add_space_prefix && matches!(self.settings.kind, Kind::Spm | Kind::Unigram)
    }

    /// The positions of the bytes that no token spells, in a text without special
    /// tokens and its IDs. Only byte pairs drop any; bytes that are not UTF-8 are
    /// replaced instead.
    pub(super) fn dropped(&self, text: &[u8], ids: &[u32]) -> Vec<usize> {
        if !self.drops_bytes || std::str::from_utf8(text).is_err() {
            return Vec::new();
        }
        // No piece is twice in a text, so if none is missing their lengths add up.
        let length = |id: u32| {
            let stored = self.vocabulary.text(id);
            match self.spelling {
                Spelling::Bytes => stored.iter().filter(|&&byte| byte & 0xc0 != 0x80).count(),
                _ if byte_of(stored).is_some() => 1,
                _ => self.spelling.read(stored).len(),
            }
        };
        if ids.iter().map(|&id| length(id)).sum::<usize>() == text.len() {
            return Vec::new();
        }
        let read = |&id: &u32| match byte_of(self.vocabulary.text(id)) {
            Some(byte) if self.spelling != Spelling::Bytes => vec![byte].into(),
            _ => self.spelling.read(self.vocabulary.text(id)),
        };
        let mut rest = 0;
        let mut dropped = Vec::new();
        for piece in ids.iter().map(read) {
            // Never so: each piece is a part of the text.
            let Some(at) = memmem::find(&text[rest..], &piece) else { return Vec::new() };
            dropped.extend(rest..rest + at);
            rest += at + piece.len();
        }
        dropped.extend(rest..text.len());
        dropped
    }
}
