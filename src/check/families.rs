//! The spellings of a word: tokens that differ only in case or leading space.
//!
//! ` cat`, `cat`, ` Cat` and `CAT` are a family. A learned table keeps them
//! together, whatever the language, because they are used alike; nothing but
//! the vocabulary says which rows they are.

use std::ops::Range;

use anyhow::Result;
use regex::bytes::Regex;

use super::stats;
use crate::vocab::{TokenType, Vocab};

/// As many tokens as are looked at: what keeps a file from taking more than
/// 16 MiB for them. The largest vocabulary known has 262,144.
pub const MOST_TOKENS: u64 = 1 << 20;

/// As many members of one family as are kept: words have up to six or so.
const MOST_MEMBERS: usize = 8;

/// Families of two and more tokens.
///
/// They are in the order of a hash of what they have in common, which is to
/// say shuffled: a family and the next have nothing to do with each other.
#[derive(Debug, Default)]
pub struct Families {
    /// The tokens, family by family, ascending in each.
    ids: Vec<u32>,
    /// Where each family ends.
    ends: Vec<u32>,
}

impl Families {
    /// Those of the first tokens of a vocabulary, up to ID `end`: words of
    /// three letters or more, of any script.
    pub fn of(vocab: &Vocab, end: u64) -> Result<Self> {
        let words = Words::new()?;
        let mut tokens: Vec<(u64, u32)> = Vec::new();
        vocab.each(|id, text| {
            if id >= end.min(MOST_TOKENS) {
                return Ok(false);
            }
            if let Some(word) = words.key(text)
                && matches!(vocab.token_type(id)?, None | Some(TokenType::Normal))
            {
                tokens.push((word, u32::try_from(id)?));
            }
            Ok(true)
        })?;
        tokens.sort_unstable();
        let mut families = Self::default();
        for family in tokens.chunk_by(|a, b| a.0 == b.0).filter(|family| family.len() > 1) {
            families.ids.extend(family.iter().take(MOST_MEMBERS).map(|(_, id)| id));
            families.ends.push(u32::try_from(families.ids.len())?);
        }
        Ok(families)
    }

    /// How many families there are.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// The tokens of all families, one family after the other.
    pub fn ids(&self) -> &[u32] {
        &self.ids
    }

    /// Where in [`ids`](Self::ids) a family is.
    pub fn span(&self, family: usize) -> Range<usize> {
        let start = family.checked_sub(1).map_or(0, |before| self.ends[before] as usize);
        start..self.ends[family] as usize
    }

    /// How many pairs of a family's first token and another of it there are:
    /// a family of n has n - 1, so that large ones don't count for more than
    /// their size.
    pub fn pairs(&self) -> usize {
        self.ids.len() - self.ends.len()
    }
}

/// Tells words from what else a token can be.
struct Words {
    letters: Regex,
}

impl Words {
    fn new() -> Result<Self> {
        Ok(Self { letters: Regex::new(r"^\p{L}{3,}$")? })
    }

    /// What all spellings of a word have in common, hashed; `None` for what is
    /// no word of three letters.
    fn key(&self, text: &[u8]) -> Option<u64> {
        let word = text.strip_prefix(b" ").unwrap_or(text);
        if word.iter().all(u8::is_ascii_alphabetic) {
            return (word.len() >= 3).then(|| stats::hash(&word.to_ascii_lowercase()));
        }
        // Letters are all above the punctuation of ASCII.
        if word.first().is_none_or(|first| *first < b'A') || !self.letters.is_match(word) {
            return None;
        }
        let word = std::str::from_utf8(word).ok()?;
        Some(stats::hash(word.to_lowercase().as_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_have_a_key_in_common() {
        let words = Words::new().unwrap();
        let key = |text: &str| words.key(text.as_bytes());
        assert!(key(" cat").is_some());
        for text in ["cat", " Cat", "CAT"] {
            assert_eq!(key(text), key(" cat"), "{text}");
        }
        assert_eq!(key(" Дом"), key("дом"));
        assert_ne!(key("dog"), key("cat"));
        for text in ["", " ", "at", "cat's", "c4t", "  cat", "<s>", "cat ", "\u{301}cat", "猫"] {
            assert_eq!(key(text), None, "{text:?}");
        }
        assert_eq!(words.key(b"\xffcat"), None);
    }
}
