//! WordPiece, BERT's tokenizer. It cuts the text into words. From each word it takes
//! the longest token that is a prefix of the rest, again and again. If that fails,
//! the whole word becomes the unknown token.
//!
//! In GGUF, a token at the start of a word starts with `▁`. A token inside a word
//! (`##ing`) is stored without the `##`.

use unicode_normalization::char::decompose_canonical;

use super::prefixes::{Prefix, Prefixes};
use super::settings::Settings;
use super::token_index::TokenIndex;
use super::unicode::{self, Category};
use super::utf8;
use super::{Error, Family, Fragment, Result, Work};

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
    pub(super) fn new(vocabulary: &TokenIndex, settings: &Settings) -> Self {
        let &Settings { unk: unknown, lowercase, strip_accents, .. } = settings;
        let tokens = Prefixes::new(vocabulary.texts(), vocabulary.ids());
        Self { tokens, unknown, normalizer: Normalizer { lowercase, strip_accents } }
    }
}

impl Family for WordPiece {
    fn encode(
        &self,
        _: &TokenIndex,
        text: Fragment,
        _: &mut Work,
        ids: &mut Vec<u32>,
    ) -> Result<()> {
        self.normalizer.words(text.bytes, |word| {
            let begun = ids.len();
            let mut rest = word;
            while !rest.is_empty()
                && let Some(Prefix { len, place, .. }) = self.tokens.longest(rest)
            {
                ids.push(place);
                rest = &rest[len..];
            }
            if !rest.is_empty() {
                ids.truncate(begun);
                ids.push(self.unknown.ok_or_else(|| {
                    let what = "a word has no token, and the vocabulary has no unknown token";
                    Error::Unspellable(what.to_owned())
                })?);
            }
            Ok(())
        })
    }

    /// A word is cut into the longest tokens, so every token is reached that can be
    /// the beginning, or the rest, of a word.
    fn reaches(&self, stored: &[u8]) -> Option<bool> {
        let text = stored.strip_prefix(BEGIN);
        let (mut words, mut is_word) = (0, false);
        let read = self.normalizer.words(text.unwrap_or(stored), |word| {
            words += 1;
            is_word = word.strip_prefix(BEGIN) == Some(text.unwrap_or(stored));
            Ok(())
        });
        let mut chars = utf8::code_points(stored);
        let is_alone = chars.next().is_some_and(stands_alone) && chars.next().is_none();
        Some(read.is_err() || words == 1 && is_word && (text.is_some() || !is_alone))
    }
}

/// The mark at the start of a word.
const BEGIN: &[u8] = "▁".as_bytes();

impl Normalizer {
    /// Cuts a text into words at white space, and passes each to `take`, with `▁` in
    /// front. Each punctuation or Chinese character is a word of its own.
    fn words(self, text: &[u8], mut take: impl FnMut(&[u8]) -> Result<()>) -> Result<()> {
        let mut word = Vec::new();
        let mut end = |word: &mut Vec<u8>| {
            let taken = if word.is_empty() { Ok(()) } else { take(word) };
            word.clear();
            taken
        };
        for code_point in utf8::code_points(text) {
            let code_point = if self.strip_accents { base(code_point) } else { code_point };
            if unicode::is_whitespace(code_point) {
                end(&mut word)?;
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
            let stands_alone = stands_alone(code_point);
            if stands_alone {
                end(&mut word)?;
            }
            if word.is_empty() {
                word.extend_from_slice(BEGIN);
            }
            let written = if self.lowercase { unicode::lower(code_point) } else { code_point };
            utf8::encode(written, &mut word);
            if stands_alone {
                end(&mut word)?;
            }
        }
        end(&mut word)
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

/// Whether a character is a word by itself.
fn stands_alone(code_point: u32) -> bool {
    let category = Category::of(code_point);
    category == Category::Punctuation
        || (code_point < 0x7f && category == Category::Symbol)
        || is_chinese(code_point)
}

/// Whether a character is Chinese for BERT, whose code has the gap at U+2B820 too.
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
    use crate::tokenizer::settings::Kind;
    use crate::tokenizer::token_index::Types;

    fn words(lowercase: bool, text: &[u8]) -> Vec<String> {
        let mut words = Vec::new();
        let take = |word: &[u8]| {
            words.push(String::from_utf8_lossy(word).into_owned());
            Ok(())
        };
        Normalizer { lowercase, strip_accents: lowercase }.words(text, take).unwrap();
        words
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
    fn tokens_that_no_word_has_are_known() {
        let texts = ["▁the", "ing", "▁!", "!", "▁Ab", "é", "a!", "猫", "▁猫", "▁"];
        let vocabulary = TokenIndex::of(texts.map(|token| (token, 0.0, Types::NORMAL)));
        let reached = |lowercase| {
            let settings = Settings {
                lowercase,
                strip_accents: lowercase,
                ..Settings::defaults(Kind::WordPiece)
            };
            let bert = WordPiece::new(&vocabulary, &settings);
            texts.map(|text| bert.reaches(text.as_bytes()).unwrap())
        };
        let lower = [true, true, true, false, false, false, false, false, true, false];
        assert_eq!(reached(true), lower);
        let cased = [true, true, true, false, true, true, false, false, true, false];
        assert_eq!(reached(false), cased);
    }

    #[test]
    fn a_word_is_cut_into_the_longest_tokens() {
        let tokens = ["[UNK]", "▁un", "aff", "able", "▁", "a", "!", "▁!"];
        let vocabulary = TokenIndex::of(tokens.map(|token| (token, 0.0, Types::NORMAL)));
        let settings = Settings { unk: Some(0), ..Settings::defaults(Kind::WordPiece) };
        let bert = WordPiece::new(&vocabulary, &settings);
        let ids = |text: &str| bert.ids(&vocabulary, text.as_bytes()).unwrap();
        assert_eq!(ids("unaffable!"), [1, 2, 3, 7]);
        assert_eq!(ids("a aa"), [4, 5, 4, 5, 5]);
        assert_eq!(ids("unaffected able"), [0, 4, 3]);
        assert!(ids("").is_empty());
    }
}
