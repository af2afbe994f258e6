//! Token ID to the text that a person reads.
//!
//! A vocabulary stores a token's text in the way of its tokenizer family, and
//! none of the ways is what a person types. Here each is undone:
//!
//! | `tokenizer.ggml.model` | stored | read |
//! |---|---|---|
//! | `llama`, `t5`, `bert`, `plamo2`, `gemma4`, ... | `▁cat` (U+2581 for a space) | ` cat` |
//! | `gpt2`, `hybriddna` (byte-level BPE) | `Ġcat` (each byte as one printable character) | ` cat` |
//! | `rwkv` | `\x20cat` (escaped bytes) | ` cat` |
//!
//! A few pre-tokenizers of `gpt2` (`tokenizer.ggml.pre`) are not byte-level: theirs
//! is `▁cat` too.

use std::borrow::Cow;
use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};

use anyhow::Result;

use crate::gguf::{Array, Error, Gguf, ValueType, is_integer};

const TOKENS: &str = "tokenizer.ggml.tokens";

/// The tokens of a model, read one at a time from its metadata. It keeps the
/// file open.
#[derive(Debug)]
pub struct Vocab {
    gguf: Gguf,
    tokens: Array,
    types: Option<Array>,
    spelling: Spelling,
}

/// How a tokenizer family spells token text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Spelling {
    Underscores,
    ByteLevel,
    Escapes,
}

/// One token's text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// As a person reads it; lossy where the bytes are not UTF-8.
    pub text: String,
    /// The bytes, where they are not UTF-8.
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

/// What `tokenizer.ggml.token_type` says of a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenType {
    /// Ordinary text.
    Normal,
    /// Stands for what the vocabulary can't spell.
    Unknown,
    /// Steers the model; never part of plain text.
    Control,
    /// Added by whoever trained the model; matched before anything else.
    UserDefined,
    /// Reserved, never trained.
    Unused,
    /// A single byte, for text that no other token covers.
    Byte,
}

impl TokenType {
    /// From the number in the file, `LLAMA_TOKEN_TYPE_*`.
    pub fn from_id(id: i64) -> Option<Self> {
        Some(match id {
            1 => Self::Normal,
            2 => Self::Unknown,
            3 => Self::Control,
            4 => Self::UserDefined,
            5 => Self::Unused,
            6 => Self::Byte,
            _ => return None,
        })
    }

    /// In a word, as `--type` takes it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Normal => "normal",
            Self::Unknown => "unknown",
            Self::Control => "control",
            Self::UserDefined => "user",
            Self::Unused => "unused",
            Self::Byte => "byte",
        }
    }
}

/// The numbers a tokenizer ranks its tokens by.
#[derive(Debug)]
pub struct Scores(Array);

impl Scores {
    /// Of one token; `None` past the last.
    pub fn of(&self, id: u64) -> Result<Option<f32>, Error> {
        Ok(self.0.scalar(id)?.and_then(|value| value.as_f64()).map(|score| score as f32))
    }
}

/// As many merges as are ranked: 32 MiB of them. The largest vocabulary known
/// has 514,906.
const MOST_MERGES: u64 = 1 << 20;

/// When the tokens of a byte-pair vocabulary are made: each by a merge of two
/// others, and of all merges that a text allows the one with the lowest rank
/// comes first.
#[derive(Debug)]
pub struct Ranks {
    tokens: Array,
    merges: Array,
    /// From a hash of what a merge makes to the merge.
    by_hash: HashMap<u64, u32>,
    hasher: RandomState,
}

impl Ranks {
    fn new(tokens: Array, merges: Array) -> Result<Self, Error> {
        let hasher = RandomState::new();
        let most = merges.len().min(MOST_MERGES) as usize;
        let mut by_hash = HashMap::with_capacity(most);
        merges.each_string(|rank, merge| {
            if let (Some(made), Ok(rank)) = (made_by(merge), u32::try_from(rank)) {
                by_hash.entry(hasher.hash_one(made)).or_insert(rank);
            }
            by_hash.len() < most
        })?;
        Ok(Self { tokens, merges, by_hash, hasher })
    }

    /// The rank of the first merge that makes a token; `None` for those that no
    /// merge makes, single bytes and special tokens say.
    pub fn of(&self, id: u64) -> Result<Option<u64>, Error> {
        let Some(token) = self.tokens.string(id)? else { return Ok(None) };
        let Some(&rank) = self.by_hash.get(&self.hasher.hash_one(&*token)) else {
            return Ok(None);
        };
        let merge = self.merges.string(rank.into())?;
        let is_it = merge.and_then(|merge| made_by(&merge)).is_some_and(|made| made == *token);
        Ok(is_it.then_some(rank.into()))
    }
}

/// What a merge, `left right`, makes.
fn made_by(merge: &[u8]) -> Option<Vec<u8>> {
    let (left, right) = halves(merge)?;
    Some([left, right].concat())
}

/// What stands before and behind the first space of a merge, the first
/// character aside.
pub(crate) fn halves(merge: &[u8]) -> Option<(&[u8], &[u8])> {
    let space = memchr::memchr(b' ', merge.get(1..)?)? + 1;
    Some((&merge[..space], &merge[space + 1..]))
}

impl Vocab {
    /// The vocabulary of a file, or the reason why it has none to show.
    pub fn open(gguf: &Gguf) -> Result<Result<Self, &'static str>, Error> {
        let Some(tokens) = gguf.array(TOKENS)? else {
            return Ok(Err(match gguf.entry(TOKENS)? {
                None => "the file has no vocabulary (no tokenizer.ggml.tokens)",
                Some(_) => "tokenizer.ggml.tokens is not an array",
            }));
        };
        if tokens.element_type() != ValueType::String {
            return Ok(Err("tokenizer.ggml.tokens is not an array of strings"));
        }
        let [model, pre] = ["tokenizer.ggml.model", "tokenizer.ggml.pre"].map(|key| gguf.text(key));
        let spelling = Spelling::of(model?.as_deref(), pre?.as_deref());
        // Types of an unexpected type say nothing.
        let types = gguf.array("tokenizer.ggml.token_type")?;
        let types = types.filter(|types| is_integer(types.element_type()));
        Ok(Ok(Self { gguf: gguf.clone(), tokens, types, spelling }))
    }

    /// The file that it is of.
    pub fn gguf(&self) -> &Gguf {
        &self.gguf
    }

    /// How many tokens there are. The table may have more rows, or fewer.
    pub fn len(&self) -> u64 {
        self.tokens.len()
    }

    /// Whether there are no tokens at all.
    pub fn is_empty(&self) -> bool {
        self.tokens.is_empty()
    }

    /// The token with an ID; `None` past the last.
    pub fn token(&self, id: u64) -> Result<Option<Token>, Error> {
        let Some(stored) = self.tokens.string(id)? else { return Ok(None) };
        let spelt = self.is_spelt(id)?;
        Ok(Some(Token::from(match spelt {
            true => self.spelling.read(&stored).into_owned(),
            false => stored,
        })))
    }

    /// Reads past every token, so that a file with one that can't be read is
    /// refused before anything is printed of it.
    ///
    /// # Errors
    /// With the first token that [`Vocab::each`] would stop at.
    pub fn check(&self) -> Result<(), Error> {
        self.tokens.check_strings()
    }

    /// Every token in order, handed to `visit` as its ID and the bytes of its
    /// text; stops at the first `false`. One pass over the file.
    pub fn each(&self, mut visit: impl FnMut(u64, &[u8]) -> Result<bool>) -> Result<()> {
        let mut result = Ok(());
        self.tokens.each_string(|id, stored| {
            let spelt = self.is_spelt(id).map_err(anyhow::Error::from);
            let go_on = spelt.and_then(|spelt| match spelt {
                true => visit(id, &self.spelling.read(stored)),
                false => visit(id, stored),
            });
            go_on.unwrap_or_else(|error| {
                result = Err(error);
                false
            })
        })?;
        result
    }

    /// Whether a token is stored in the spelling of its family: all are, but of
    /// byte-level ones only ordinary text is. `<|end|>` means itself.
    fn is_spelt(&self, id: u64) -> Result<bool, Error> {
        Ok(self.spelling != Spelling::ByteLevel
            || matches!(self.token_type(id)?, None | Some(TokenType::Normal)))
    }

    /// Whether the file says what type each token has.
    pub fn has_types(&self) -> bool {
        self.types.is_some()
    }

    /// The tokens' scores, where the file has any.
    pub fn scores(&self) -> Result<Option<Scores>, Error> {
        let scores = self.gguf.array("tokenizer.ggml.scores")?;
        Ok(scores.filter(|scores| scores.element_type().is_float()).map(Scores))
    }

    /// The ranks of the merges that make the tokens, where the file has any.
    pub fn merge_ranks(&self) -> Result<Option<Ranks>, Error> {
        let merges = self.gguf.array("tokenizer.ggml.merges")?;
        let merges = merges.filter(|merges| merges.element_type() == ValueType::String);
        merges.map(|merges| Ranks::new(self.tokens.clone(), merges)).transpose()
    }

    /// The type of a token; `None` where the file does not say.
    pub fn token_type(&self, id: u64) -> Result<Option<TokenType>, Error> {
        let Some(types) = &self.types else { return Ok(None) };
        Ok(types.scalar(id)?.and_then(|value| match value.as_i64() {
            Some(id) => TokenType::from_id(id),
            None => value.as_u64().and_then(|id| TokenType::from_id(id.try_into().ok()?)),
        }))
    }
}

/// Pre-tokenizers of byte-pair vocabularies that spell as SentencePiece does.
pub(crate) const UNDERSCORES: [&str; 3] = ["gemma4", "granite-embed-multi-311m", "sarvam-moe"];

impl Spelling {
    /// Of a kind of tokenizer and a pre-tokenizer.
    fn of(model: Option<&str>, pre: Option<&str>) -> Self {
        match (model, pre) {
            (Some("gpt2" | "hybriddna"), Some(pre)) if UNDERSCORES.contains(&pre) => {
                Self::Underscores
            }
            (Some("gpt2" | "hybriddna"), _) => Self::ByteLevel,
            (Some("rwkv"), _) => Self::Escapes,
            _ => Self::Underscores,
        }
    }

    /// Stored bytes to the bytes that they stand for.
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

/// GPT-2's byte-level alphabet, read backwards.
///
/// A printable byte of Latin-1 stands for itself; the other 68, in order, are
/// U+0100 and up (so a space, 0x20, is `Ġ`, U+0120).
/// Source: `bytes_to_unicode` in OpenAI's gpt-2 `encoder.py`.
fn byte_of(c: char) -> Option<u8> {
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

/// RWKV's spelling: `\t`, `\n`, `\r`, `\xHH`, and a backslash before anything
/// else that stands for itself. `None` where it is cut short.
fn unescape(stored: &[u8]) -> Option<Vec<u8>> {
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
