//! The spellings of a word: tokens that differ only in case or leading space.
//!
//! ` cat`, `cat`, ` Cat` and `CAT` are a family. Their rows are near each other in
//! a trained table, in any language, because the tokens are used alike. Only the
//! vocabulary says which rows these are.

use std::ops::Range;
use std::sync::LazyLock;

use regex::bytes::Regex;

use super::hash::hash;
use crate::model::Error;
use crate::vocab::{TokenType, Vocab};

/// At most this many tokens are looked at, so a file can't make this take more
/// than 16 MiB. The largest known vocabulary has 262,144.
pub const MOST_TOKENS: u64 = 1 << 20;

/// At most this many members of a family are kept. Most words have up to six
/// spellings.
const MOST_MEMBERS: usize = 8;

/// Families of two or more tokens.
///
/// They are in the order of the hash of their word, which is a random order: a
/// family and the next are unrelated words.
#[derive(Debug, Default)]
pub struct Families {
    /// The tokens, family by family, ascending in each.
    ids: Vec<u32>,
    /// Where each family ends.
    ends: Vec<u32>,
}

impl Families {
    /// The families among the tokens below ID `end`: words of three letters or
    /// more, in any script.
    ///
    /// # Errors
    /// Where a token can't be read.
    pub fn of(vocab: &Vocab, end: u64) -> Result<Self, Error> {
        let mut tokens: Vec<(u64, u32)> = Vec::new();
        vocab.each(|id, text| {
            if id >= end.min(MOST_TOKENS) {
                return Ok(false);
            }
            if let Some(word) = word_key(text)
                && matches!(vocab.token_type(id)?, None | Some(TokenType::Normal))
            {
                tokens.push((word, id as u32));
            }
            Ok::<_, Error>(true)
        })?;
        tokens.sort_unstable();
        let mut families = Self::default();
        for family in tokens.chunk_by(|a, b| a.0 == b.0).filter(|family| family.len() > 1) {
            families.ids.extend(family.iter().take(MOST_MEMBERS).map(|(_, id)| id));
            families.ends.push(families.ids.len() as u32);
        }
        Ok(families)
    }

    /// The number of families.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there are no families.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// The token IDs of all families, one family after the other.
    pub fn ids(&self) -> &[u32] {
        &self.ids
    }

    /// The range of a family in [`ids`](Self::ids).
    pub fn span(&self, family: usize) -> Range<usize> {
        let start = family.checked_sub(1).map_or(0, |before| self.ends[before] as usize);
        start..self.ends[family] as usize
    }

    /// The number of pairs of a family's first token and another of its tokens.
    /// A family of n has n - 1 such pairs.
    pub fn pairs(&self) -> usize {
        self.ids.len() - self.ends.len()
    }
}

/// A hash that all spellings of a word have in common; `None` for a text that is
/// not a word of three letters or more.
fn word_key(text: &[u8]) -> Option<u64> {
    static LETTERS: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"^\p{L}{3,}$").expect("a valid expression"));
    let word = text.strip_prefix(b" ").unwrap_or(text);
    if word.iter().all(u8::is_ascii_alphabetic) {
        return (word.len() >= 3).then(|| hash(&word.to_ascii_lowercase()));
    }
    // No letter is below `A`, so most other texts need no regular expression.
    if word.first().is_none_or(|first| *first < b'A') || !LETTERS.is_match(word) {
        return None;
    }
    let word = std::str::from_utf8(word).ok()?;
    Some(hash(word.to_lowercase().as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_have_a_key_in_common() {
        let key = |text: &str| word_key(text.as_bytes());
        assert!(key(" cat").is_some());
        for text in ["cat", " Cat", "CAT"] {
            assert_eq!(key(text), key(" cat"), "{text}");
        }
        assert_eq!(key(" Дом"), key("дом"));
        assert_ne!(key("dog"), key("cat"));
        for text in ["", " ", "at", "cat's", "c4t", "  cat", "<s>", "cat ", "\u{301}cat", "猫"] {
            assert_eq!(key(text), None, "{text:?}");
        }
        assert_eq!(word_key(b"\xffcat"), None);
    }
}
