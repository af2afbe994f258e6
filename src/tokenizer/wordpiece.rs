//! WordPiece, BERT's tokenizer. It cuts the text into words. From each word it takes
//! the longest token that is a prefix of the rest, again and again. If that fails,
//! the whole word becomes the unknown token.
//!
//! In GGUF, a token at the start of a word starts with `▁`. A token inside a word
//! (`##ing`) is stored without the `##`.

use std::sync::Arc;

use unicode_normalization::char::decompose_canonical;

use super::prefixes::{Prefix, Prefixes};
use super::settings::Settings;
use super::strings::Strings;
use super::token_index::TokenIndex;
use super::unicode::{self, Category};
use super::utf8;
use super::{Error, Family, Fragment, Result};

/// A WordPiece vocabulary and its normalisation.
#[derive(Debug)]
pub(super) struct WordPiece {
    tokens: Prefixes,
    unknown: Option<u32>,
    normalizer: Normalizer,
}

/// The normalisation of the letters of a text.
#[derive(Clone, Copy, Debug)]
struct Normalizer {
    lowercase: bool,
    /// Drops combining marks, whether separate or part of their letter.
    strip_accents: bool,
}

impl WordPiece {
    pub(super) fn of(vocabulary: &TokenIndex, settings: &Settings) -> Self {
        let &Settings { unk, lowercase, strip_accents, .. } = settings;
        Self::new(vocabulary.texts(), unk, Normalizer { lowercase, strip_accents })
    }

    /// Takes the texts of all tokens, in order of ID.
    fn new(texts: Arc<Strings>, unknown: Option<u32>, normalizer: Normalizer) -> Self {
        let ids = 0..texts.len() as u32;
        Self { tokens: Prefixes::new(texts, ids), unknown, normalizer }
    }

    /// Appends the tokens of a text.
    ///
    /// # Errors
    /// If a word has no token and the vocabulary has no unknown token.
    fn tokens_of(&self, text: &[u8], out: &mut Vec<u32>) -> Result<()> {
        let mut words = PrefixedWords::default();
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
                out.push(self.unknown.ok_or_else(|| {
                    let what = "a word has no token, and the vocabulary has no unknown token";
                    Error::Unspellable(what.to_owned())
                })?);
            }
        }
        Ok(())
    }
}

impl Family for WordPiece {
    fn encode(&self, _: &TokenIndex, fragment: Fragment<'_>, ids: &mut Vec<u32>) -> Result<()> {
        self.tokens_of(fragment.text, ids)
    }
}

/// Words, one after another, each with `▁` in front.
#[derive(Default)]
struct PrefixedWords {
    bytes: Vec<u8>,
    /// The end of each word.
    ends: Vec<usize>,
}

/// The mark at the start of a word.
const BEGIN: &[u8] = "▁".as_bytes();

impl PrefixedWords {
    fn push(&mut self, code_point: u32) {
        if self.ends.last().copied().unwrap_or(0) == self.bytes.len() {
            self.bytes.extend_from_slice(BEGIN);
        }
        utf8::encode(code_point, &mut self.bytes);
    }

    /// Ends the current word, if there is one.
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
    /// Cuts a text into words at white space. Each punctuation or Chinese character is
    /// a word of its own.
    fn words(self, text: &[u8], words: &mut PrefixedWords) {
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

/// The first character of a character's canonical decomposition (NFD). llama.cpp
/// drops the rest: `é` becomes `e`, and a Hangul syllable becomes its first
/// consonant.
fn base(code_point: u32) -> u32 {
    let c = char::from_u32(code_point);
    // The crate may have a newer Unicode version than llama.cpp's tables.
    let known = c.filter(|_| Category::of(code_point) != Category::Unassigned);
    let Some(c) = known else { return code_point };
    let mut first = None;
    decompose_canonical(c, |part| {
        first.get_or_insert(part);
    });
    first.unwrap_or(c).into()
}

/// Whether BERT treats a character as Chinese. The gap before U+2B920 is in its
/// published code too.
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
        let mut words = PrefixedWords::default();
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
