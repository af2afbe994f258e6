//! WordPiece, BERT's tokenizer: words are cut from the text, then each is cut
//! into the longest tokens that it begins with, again and again; a word that
//! can't be is unknown as a whole.
//!
//! In GGUF, a token that begins a word begins with `▁`, and one that goes on
//! with a word (`##ing`) is written without its signs.

use std::sync::Arc;

use anyhow::{Context, Result};
use unicode_normalization::char::decompose_canonical;

use super::prefixes::{Prefix, Prefixes};
use super::settings::Settings;
use super::strings::Strings;
use super::unicode::{self, Category};
use super::utf8;
use super::vocabulary::Vocabulary;
use super::{Family, Fragment};

/// A WordPiece vocabulary and how it reads text.
#[derive(Debug)]
pub(super) struct WordPiece {
    tokens: Prefixes,
    unknown: Option<u32>,
    normalizer: Normalizer,
}

/// What is done to the letters of a text.
#[derive(Clone, Copy, Debug)]
struct Normalizer {
    lowercase: bool,
    /// Combining marks are dropped, be they written apart or with their letter.
    strip_accents: bool,
}

impl WordPiece {
    pub(super) fn of(vocabulary: &Vocabulary, settings: &Settings) -> Self {
        let &Settings { unk, lowercase, strip_accents, .. } = settings;
        Self::new(vocabulary.texts(), unk, Normalizer { lowercase, strip_accents })
    }

    /// From the texts of all tokens.
    fn new(texts: Arc<Strings>, unknown: Option<u32>, normalizer: Normalizer) -> Self {
        let ids = 0..texts.len() as u32;
        Self { tokens: Prefixes::new(texts, ids), unknown, normalizer }
    }

    /// Appends the tokens of a text.
    ///
    /// # Errors
    /// Where a word is unknown and no token stands for that.
    fn tokens_of(&self, text: &[u8], out: &mut Vec<u32>) -> Result<()> {
        let mut words = Words::default();
        self.normalizer.words(text, &mut words);
        for word in words.iter() {
            let begun = out.len();
            let mut rest = word;
            while !rest.is_empty()
                && let Some(Prefix { len, place, .. }) = self.tokens.longest(rest)
            {
                out.push(place);
                rest = &rest[len..];
            }
            if !rest.is_empty() {
                out.truncate(begun);
                let unknown = self.unknown;
                out.push(unknown.context("a word is no token, and none stands for that")?);
            }
        }
        Ok(())
    }
}

impl Family for WordPiece {
    fn encode(&self, _: &Vocabulary, fragment: Fragment<'_>, ids: &mut Vec<u32>) -> Result<()> {
        self.tokens_of(fragment.text, ids)
    }
}

/// Words, each with the sign of its beginning, one after the other.
#[derive(Default)]
struct Words {
    bytes: Vec<u8>,
    /// Where each ends.
    ends: Vec<usize>,
}

/// The sign that a word begins.
const BEGIN: &[u8] = "▁".as_bytes();

impl Words {
    fn push(&mut self, code_point: u32) {
        if self.ends.last().copied().unwrap_or(0) == self.bytes.len() {
            self.bytes.extend_from_slice(BEGIN);
        }
        utf8::encode(code_point, &mut self.bytes);
    }

    /// Ends the word that is being written, if one is.
    fn end(&mut self) {
        let end = self.bytes.len();
        if self.ends.last().copied().unwrap_or(0) < end {
            self.ends.push(end);
        }
    }

    fn iter(&self) -> impl Iterator<Item = &[u8]> {
        let starts = std::iter::once(&0).chain(&self.ends);
        starts.zip(&self.ends).map(|(&start, &end)| &self.bytes[start..end])
    }
}

impl Normalizer {
    /// Cuts a text into words: at spaces, and around punctuation and Chinese
    /// characters, each of which is a word by itself.
    fn words(self, text: &[u8], words: &mut Words) {
        for code_point in utf8::code_points(text) {
            let code_point = if self.strip_accents { base(code_point) } else { code_point };
            if unicode::is_whitespace(code_point) {
                words.end();
                continue;
            }
            let category = Category::of(code_point);
            let is_nothing = code_point == 0
                || code_point == utf8::REPLACEMENT
                || category == Category::Control
                || (self.strip_accents && category == Category::Mark);
            if is_nothing {
                continue;
            }
            let written = if self.lowercase { unicode::lower(code_point) } else { code_point };
            let stands_alone = category == Category::Punctuation
                || (code_point < 0x7f && category == Category::Symbol)
                || is_chinese(code_point);
            if stands_alone {
                words.end();
            }
            words.push(written);
            if stands_alone {
                words.end();
            }
        }
        words.end();
    }
}

/// What a character is without the marks that Unicode's canonical decomposition
/// (NFD) takes off it, which llama.cpp drops rather than keep for later: of
/// `é` an `e`, of a Hangul syllable its first consonant.
fn base(code_point: u32) -> u32 {
    let c = char::from_u32(code_point);
    // What the crate knows may be younger than llama.cpp's tables.
    let known = c.filter(|_| Category::of(code_point) != Category::Unassigned);
    let Some(c) = known else { return code_point };
    let mut first = None;
    decompose_canonical(c, |part| {
        first.get_or_insert(part);
    });
    first.unwrap_or(c).into()
}

/// Whether BERT takes a character for Chinese. The hole before U+2B920 is in
/// its published code too.
fn is_chinese(code_point: u32) -> bool {
    matches!(code_point,
        0x4e00..=0x9fff
        | 0x3400..=0x4dbf
        | 0x2_0000..=0x2_a6df
        | 0x2_a700..=0x2_b73f
        | 0x2_b740..=0x2_b81f
        | 0x2_b920..=0x2_ceaf
        | 0xf900..=0xfaff
        | 0x2_f800..=0x2_fa1f)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(lowercase: bool, text: &[u8]) -> Vec<String> {
        let mut words = Words::default();
        Normalizer { lowercase, strip_accents: lowercase }.words(text, &mut words);
        words.iter().map(|word| String::from_utf8_lossy(word).into_owned()).collect()
    }

    #[test]
    fn a_text_is_cut_into_words() {
        assert_eq!(words(true, b"Hello,  World!"), ["▁hello", "▁,", "▁world", "▁!"]);
        assert_eq!(words(true, "Crème\tBRÛLÉE".as_bytes()), ["▁creme", "▁brulee"]);
        assert_eq!(words(false, "Crème".as_bytes()), ["▁Crème"]);
        assert_eq!(words(true, "a猫b 日本".as_bytes()), ["▁a", "▁猫", "▁b", "▁日", "▁本"]);
        assert_eq!(words(true, b"a\0b\xffc\x1b[2J"), ["▁abc", "▁[", "▁2j"]);
        assert_eq!(words(true, b" \n "), [""; 0]);
    }

    #[test]
    fn a_word_is_cut_into_the_longest_tokens() {
        let tokens = ["[UNK]", "▁un", "aff", "able", "▁", "a", "!", "▁!"];
        let texts = Arc::new(tokens.into_iter().collect());
        let normalizer = Normalizer { lowercase: true, strip_accents: true };
        let bert = WordPiece::new(texts, Some(0), normalizer);
        let ids = |text: &str| {
            let mut out = Vec::new();
            bert.tokens_of(text.as_bytes(), &mut out).unwrap();
            out
        };
        assert_eq!(ids("unaffable!"), [1, 2, 3, 7]);
        assert_eq!(ids("a aa"), [4, 5, 4, 5, 5]);
        assert_eq!(ids("unaffected able"), [0, 4, 3]);
        assert!(ids("").is_empty());
    }
}
