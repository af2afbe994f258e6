//! Reads a vocabulary: texts as a person reads them, IDs by text, types, scores and
//! merge ranks.
//!
//! Each tokenizer family stores token texts in its own spelling. This module
//! decodes them:
//!
//! | tokenizer | stored | read |
//! |---|---|---|
//! | `llama`, `t5`, `bert`, `plamo2`, `gemma4`, ... | `▁cat` (U+2581 for a space) | ` cat` |
//! | `gpt2`, `hybriddna` (byte-level BPE) | `Ġcat` (each byte as one printable character) | ` cat` |
//! | `rwkv` | `\x20cat` (escaped bytes) | ` cat` |
//!
//! A few pre-tokenizers of `gpt2` are not byte-level: their vocabularies have
//! `▁cat` too.

use std::borrow::Cow;
use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};

use crate::model::{Error, Model, Numbers, Spelling, Strings, TokenId, TokenList};

pub use crate::model::TokenType;

/// The tokens of a model, read one at a time. It keeps the model open.
///
/// Every method that reads a token fails if the token can't be read.
#[derive(Clone, Debug)]
pub struct Vocab {
    model: Model,
    tokens: Strings,
    types: Option<Numbers>,
    spelling: Spelling,
}

/// One token's text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// The text as a person reads it; lossy if the bytes are not UTF-8.
    pub text: String,
    /// The bytes, if they are not UTF-8.
    pub bytes: Option<Vec<u8>>,
}

impl From<Vec<u8>> for Token {
    fn from(bytes: Vec<u8>) -> Self {
        match String::from_utf8(bytes) {
            Ok(text) => Self { text, bytes: None },
            Err(error) => Self {
                text: String::from_utf8_lossy(error.as_bytes()).into_owned(),
                bytes: Some(error.into_bytes()),
            },
        }
    }
}

/// The scores by which a tokenizer ranks its tokens.
#[derive(Debug)]
pub struct Scores(Numbers);

impl Scores {
    /// The score of a token; `None` past the last.
    pub fn of(&self, id: TokenId) -> Result<Option<f32>, Error> {
        Ok(self.0.get(id)?.and_then(|value| value.float()).map(|score| score as f32))
    }
}

/// At most this many merges are ranked, in 32 MiB. The most known are 514,906.
const MOST_MERGES: u64 = 1 << 20;

/// The merge ranks of a byte-pair vocabulary. A merge makes a token from two
/// others; of all merges that a text allows, the one with the lowest rank is done
/// first.
#[derive(Debug)]
pub struct Ranks {
    tokens: Strings,
    merges: Strings,
    /// From the hash of the token that a merge makes to the merge.
    by_hash: HashMap<u64, u32>,
    hasher: RandomState,
}

impl Ranks {
    fn new(tokens: Strings, merges: Strings) -> Result<Self, Error> {
        let hasher = RandomState::new();
        let most = merges.len().min(MOST_MERGES) as usize;
        let mut by_hash = HashMap::with_capacity(most);
        merges.each(|rank, merge| {
            if let (Some(made), Ok(rank)) = (made_by(merge), u32::try_from(rank)) {
                by_hash.entry(hasher.hash_one(made)).or_insert(rank);
            }
            Ok::<_, Error>(by_hash.len() < most)
        })?;
        Ok(Self { tokens, merges, by_hash, hasher })
    }

    /// The rank of the first merge that makes a token; `None` for tokens that no
    /// merge makes, such as single bytes and special tokens.
    pub fn of(&self, id: TokenId) -> Result<Option<u64>, Error> {
        let Some(token) = self.tokens.get(id)? else { return Ok(None) };
        let Some(&rank) = self.by_hash.get(&self.hasher.hash_one(&*token)) else {
            return Ok(None);
        };
        let merge = self.merges.get(rank.into())?;
        let is_it = merge.and_then(|merge| made_by(&merge)).is_some_and(|made| made == *token);
        Ok(is_it.then_some(rank.into()))
    }
}

/// The token that a merge, `left right`, makes.
pub(crate) fn made_by(merge: &[u8]) -> Option<Vec<u8>> {
    let (left, right) = halves(merge)?;
    Some([left, right].concat())
}

/// The two halves of a merge: the bytes before and after its first space. A space
/// at the very start belongs to the left half.
pub(crate) fn halves(merge: &[u8]) -> Option<(&[u8], &[u8])> {
    let space = memchr::memchr(b' ', merge.get(1..)?)? + 1;
    Some((&merge[..space], &merge[space + 1..]))
}

impl Vocab {
    /// The vocabulary of a model.
    ///
    /// # Errors
    /// If there is none ([`Error::NoVocabulary`]), or it can't be read.
    pub fn open(model: &Model) -> Result<Self, Error> {
        let TokenList { texts, spelling, types } = model.tokens()?;
        // Ignore token types that are not whole numbers.
        let types = types.filter(|types| types.element().is_integer());
        Ok(Self { model: model.clone(), tokens: texts, types, spelling })
    }

    /// The model that the vocabulary belongs to.
    pub fn model(&self) -> &Model {
        &self.model
    }

    /// The number of tokens. The table may have more or fewer rows.
    pub fn len(&self) -> u64 {
        self.tokens.len()
    }

    /// Whether there are no tokens at all.
    pub fn is_empty(&self) -> bool {
        self.tokens.is_empty()
    }

    /// The token with an ID; `None` past the last.
    pub fn token(&self, id: TokenId) -> Result<Option<Token>, Error> {
        let Some(stored) = self.tokens.get(id)? else { return Ok(None) };
        Ok(Some(Token::from(match self.is_spelt(id)? {
            true => self.spelling.read(&stored).into_owned(),
            false => stored,
        })))
    }

    /// Reads every token, to refuse a bad file before anything is printed.
    pub fn check(&self) -> Result<(), Error> {
        self.tokens.check()
    }

    /// Calls `visit` with the ID and the text's bytes of every token, in order;
    /// stops at the first `false`. One pass over the vocabulary.
    pub fn each<E: From<Error>>(
        &self,
        visit: impl FnMut(TokenId, &[u8]) -> Result<bool, E>,
    ) -> Result<(), E> {
        self.each_from(0, visit)
    }

    /// The same from the token `first` on.
    pub fn each_from<E: From<Error>>(
        &self,
        first: TokenId,
        mut visit: impl FnMut(TokenId, &[u8]) -> Result<bool, E>,
    ) -> Result<(), E> {
        self.tokens.each_from(first, |id, stored| match self.is_spelt(id)? {
            true => visit(id, &self.spelling.read(stored)),
            false => visit(id, stored),
        })
    }

    /// The token whose decoded text is `text`, such as `" cat"` with its space; the
    /// lowest ID if there are several. One pass over the vocabulary.
    pub fn find(&self, text: &str) -> Result<Option<TokenId>, Error> {
        let mut found = None;
        self.each(|id, read| {
            found = (read == text.as_bytes()).then_some(id);
            Ok::<_, Error>(found.is_none())
        })?;
        Ok(found)
    }

    /// What a text in the file's own spelling reads as; `None` if it reads as itself.
    pub fn reading(&self, stored: &str) -> Option<Vec<u8>> {
        let read = self.spelling.read(stored.as_bytes());
        (*read != *stored.as_bytes()).then(|| read.into_owned())
    }

    /// A token's text as it is stored; `None` past the last.
    pub fn stored(&self, id: TokenId) -> Result<Option<Vec<u8>>, Error> {
        self.tokens.get(id)
    }

    /// Whether a token is stored in the spelling of its family. In byte-level
    /// families only normal tokens are: `<|end|>` is stored as it is read.
    fn is_spelt(&self, id: TokenId) -> Result<bool, Error> {
        Ok(self.spelling != Spelling::ByteLevel
            || matches!(self.token_type(id)?, None | Some(TokenType::Normal)))
    }

    /// Whether the model says what type each token has.
    pub fn has_types(&self) -> bool {
        self.types.is_some()
    }

    /// The tokens' scores, if the model has any.
    pub fn scores(&self) -> Result<Option<Scores>, Error> {
        let scores = self.model.scores()?;
        Ok(scores.filter(|scores| scores.element().is_float()).map(Scores))
    }

    /// The ranks of the merges that make the tokens, if the model has any.
    pub fn merge_ranks(&self) -> Result<Option<Ranks>, Error> {
        let merges = match self.model.merges() {
            Ok(merges) => merges,
            // Ignore merges that are not a list of strings.
            Err(Error::Unfit(_)) => None,
            Err(error) => return Err(error),
        };
        merges.map(|merges| Ranks::new(self.tokens.clone(), merges)).transpose()
    }

    /// The type of a token; `None` if the model does not state it.
    pub fn token_type(&self, id: TokenId) -> Result<Option<TokenType>, Error> {
        let Some(types) = &self.types else { return Ok(None) };
        Ok(types.get(id)?.and_then(|value| TokenType::from_id(value.integer()?.try_into().ok()?)))
    }
}

impl Spelling {
    fn read(self, stored: &[u8]) -> Cow<'_, [u8]> {
        match self {
            Self::Underscores => match std::str::from_utf8(stored) {
                Ok(text) if text.contains('▁') => text.replace('▁', " ").into_bytes().into(),
                _ => stored.into(),
            },
            Self::ByteLevel => std::str::from_utf8(stored)
                .ok()
                .and_then(|text| text.chars().map(byte_of).collect::<Option<Vec<u8>>>())
                .map_or(stored.into(), Cow::Owned),
            Self::Escapes => unescape(stored).map_or(stored.into(), Cow::Owned),
        }
    }
}

/// The byte that a character stands for in GPT-2's alphabet.
///
/// A printable byte of Latin-1 stands for itself; the other 68, in order, are
/// U+0100 and up (so a space, 0x20, is `Ġ`, U+0120).
/// Source: `bytes_to_unicode` in OpenAI's gpt-2 `encoder.py`.
pub(crate) fn byte_of(c: char) -> Option<u8> {
    match c {
        '!'..='~' | '\u{a1}'..='\u{ac}' | '\u{ae}'..='\u{ff}' => Some(c as u8),
        '\u{100}'..='\u{120}' => Some((c as u32 - 0x100) as u8),
        '\u{121}'..='\u{142}' => Some((c as u32 - 0x121 + 0x7f) as u8),
        '\u{143}' => Some(0xad),
        _ => None,
    }
}

/// The character that stands for a byte in GPT-2's alphabet.
pub(crate) fn char_of(byte: u8) -> char {
    let place = match byte {
        b'!'..=b'~' | 0xa1..=0xac | 0xae..=0xff => return byte.into(),
        0..=b' ' => u32::from(byte),
        0x7f..=0xa0 => u32::from(byte) - 0x7f + 0x21,
        0xad => 0x43,
    };
    char::from_u32(0x100 + place).expect("U+0100 to U+0143 are letters")
}

/// RWKV's spelling: `\t`, `\n`, `\r`, `\xHH`, and a backslash before anything else
/// that stands for itself. `None` if it is cut short.
pub(crate) fn unescape(stored: &[u8]) -> Option<Vec<u8>> {
    let mut read = Vec::with_capacity(stored.len());
    let mut bytes = stored.iter().copied();
    while let Some(byte) = bytes.next() {
        read.push(match byte {
            b'\\' => match bytes.next()? {
                b't' => b'\t',
                b'n' => b'\n',
                b'r' => b'\r',
                b'x' => {
                    let digit = |byte| char::from(byte).to_digit(16).map(|digit| digit as u8);
                    digit(bytes.next()?)? << 4 | digit(bytes.next()?)?
                }
                other => other,
            },
            other => other,
        });
    }
    Some(read)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_byte_alphabet_covers_each_byte_once() {
        let mut bytes: Vec<u8> =
            (0..0x200).filter_map(char::from_u32).filter_map(byte_of).collect();
        bytes.sort_unstable();
        assert_eq!(bytes, (0..=255).collect::<Vec<u8>>());
        assert!((0..=255).all(|byte| byte_of(char_of(byte)) == Some(byte)));
        assert_eq!(byte_of('Ġ'), Some(b' '));
        assert_eq!(byte_of('Ċ'), Some(b'\n'));
    }

    #[test]
    fn each_family_reads_as_text() {
        assert_eq!(*Spelling::Underscores.read("▁cat".as_bytes()), *b" cat");
        assert_eq!(*Spelling::ByteLevel.read("Ġcat".as_bytes()), *b" cat");
        assert_eq!(*Spelling::ByteLevel.read("Ã©".as_bytes()), *"é".as_bytes());
        assert_eq!(*Spelling::ByteLevel.read("猫".as_bytes()), *"猫".as_bytes());
        assert_eq!(*Spelling::Escapes.read(br"\x20c\n"), *b" c\n");
        assert_eq!(*Spelling::Escapes.read(br"\x2"), *br"\x2");
    }
}
