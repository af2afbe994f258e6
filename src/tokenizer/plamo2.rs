//! PLaMo-2's tokenizer. Of all ways to write a text in tokens, it takes the one
//! with the highest sum of scores. A character without a token becomes its bytes.
//!
//! The original code and llama.cpp walk an automaton over all suffixes of all
//! tokens. At each character the automaton finds the tokens that are a prefix of
//! the remaining text. A trie finds the same tokens. They differ in one case: the
//! automaton uses one score as its own end mark. Vocabularies with that score are
//! refused.

use std::sync::Arc;

use super::Result;

use super::prefixes::{Prefix, Prefixes};
use super::strings::Strings;
use super::token_index::{TokenIndex, Types};
use super::utf8;
use super::{Family, Fragment};

/// A PLaMo-2 vocabulary.
#[derive(Debug)]
pub(super) struct Plamo2 {
    /// Every token with a valid score, except byte tokens.
    tokens: Prefixes,
    /// The score of each token ID, in ten-thousandths.
    scores: Vec<i32>,
    /// The token ID of each byte.
    bytes: [u32; 256],
}

/// The properties of a token that PLaMo-2 uses.
#[derive(Clone, Copy, Debug)]
struct Piece {
    score: f32,
    /// Whether it stands for a byte, as `<0x0A>` does.
    is_byte: bool,
}

/// A token with this score or less is ignored.
const INVALID: i32 = -20_000_000;
/// The score of a character without a token.
const UNKNOWN: i32 = -10_000_000;

/// The best way to write the text from one position to its end.
#[derive(Clone, Copy, Default)]
struct Best {
    /// The negated sum of scores.
    cost: i64,
    /// Its first token; `None` for the bytes of one character.
    token: Option<u32>,
    /// The number of bytes that the token, or the character, covers.
    len: usize,
}

impl Plamo2 {
    /// Reads a vocabulary. The error says why it is not one of PLaMo-2.
    pub(super) fn of(vocabulary: &TokenIndex) -> Result<Self, String> {
        let pieces = vocabulary.ids().map(|id| Piece {
            score: vocabulary.score(id),
            is_byte: vocabulary.types(id).any(Types::BYTE),
        });
        Self::new(vocabulary.texts(), pieces)
    }

    /// Takes the tokens in order of ID. The error is as for `of`.
    fn new(texts: Arc<Strings>, pieces: impl Iterator<Item = Piece>) -> Result<Self, String> {
        // 0 marks a missing byte, as in llama.cpp. So token 0 can't be a byte.
        let mut bytes = [0; 256];
        let mut scores = Vec::new();
        let mut tokens = Vec::new();
        for (Piece { score, is_byte }, id) in pieces.zip(0..) {
            let text = texts.get(id);
            let score = if is_byte { INVALID } else { fixed(score) };
            scores.push(score);
            if is_byte {
                if let Some(byte) = byte_of(text) {
                    bytes[usize::from(byte)] = id;
                }
                continue;
            }
            if std::str::from_utf8(text).is_err() {
                return Err(format!("token {id} is not UTF-8; every PLaMo-2 token must be"));
            }
            if score == UNKNOWN {
                return Err(format!(
                    "token {id} has the score -1000, which PLaMo-2 reserves for a character \
                     without a token"
                ));
            }
            if score > INVALID {
                tokens.push(id);
            }
        }
        if let Some(byte) = bytes.iter().position(|&id| id == 0) {
            return Err(format!("the vocabulary has no token for the byte <0x{byte:02X}>"));
        }
        let tokens = Prefixes::new(texts, tokens);
        tokens.refuse_deep_nesting()?;
        Ok(Self { tokens, scores, bytes })
    }

    /// Appends the tokens of a text.
    fn tokens_of(&self, text: &[u8], out: &mut Vec<u32>) {
        let mut written = Vec::with_capacity(text.len());
        // A byte order mark at the start is skipped.
        let is_mark = |&(at, code_point): &(usize, u32)| at == 0 && code_point == 0xfeff;
        for (_, code_point) in utf8::code_points(text).enumerate().skip_while(is_mark) {
            utf8::encode(code_point, &mut written);
        }

        let mut best = vec![Best::default(); written.len() + 1];
        let mut next = written.len();
        while let Some(before) = written[..next].iter().rposition(|byte| byte & 0xc0 != 0x80) {
            let cost = best[next].cost - i64::from(UNKNOWN);
            let mut here = Best { cost, token: None, len: next - before };
            // At equal cost, a longer token wins, and any token wins over the bytes.
            for Prefix { len, place: id, .. } in self.tokens.all(&written[before..]) {
                let cost = best[before + len].cost - i64::from(self.scores[id as usize]);
                if cost < here.cost || (cost == here.cost && here.token.is_none()) {
                    here = Best { cost, token: Some(id), len };
                }
            }
            best[before] = here;
            next = before;
        }

        let mut at = 0;
        while at < written.len() {
            let Best { token, len, .. } = best[at];
            match token {
                Some(id) => out.push(id),
                None => out.extend(
                    written[at..at + len].iter().map(|byte| self.bytes[usize::from(*byte)]),
                ),
            }
            at += len;
        }
    }
}

impl Family for Plamo2 {
    fn encode(&self, _: &TokenIndex, fragment: Fragment<'_>, ids: &mut Vec<u32>) -> Result<()> {
        self.tokens_of(fragment.text, ids);
        Ok(())
    }
}

/// A score in ten-thousandths. NaN, and a score that does not fit an `i32`, become
/// `INVALID`.
fn fixed(score: f32) -> i32 {
    let scaled = (f64::from(score) * 1e4).round();
    let fits = scaled.abs() <= f64::from(i32::MAX);
    if fits { scaled as i32 } else { INVALID }
}

/// The byte that a token's text names, as in `<0x0A>`.
fn byte_of(text: &[u8]) -> Option<u8> {
    let digits = text.strip_prefix(b"<0x")?.strip_suffix(b">")?;
    let [high, low] = *digits else { return None };
    let digit = |c: u8| Some(char::from(c).to_digit(16)? as u8);
    Some(digit(high)? << 4 | digit(low)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vocabulary(words: &[(&'static str, f32)]) -> Result<Plamo2, String> {
        let names: Vec<String> = (0..=255).map(|byte: u8| format!("<0x{byte:02X}>")).collect();
        let texts = ["<unk>"].into_iter().chain(names.iter().map(|name| &**name));
        let texts = Arc::new(texts.chain(words.iter().map(|(text, _)| *text)).collect());
        let unknown = Piece { score: 0.0, is_byte: false };
        let bytes = [Piece { score: 0.0, is_byte: true }; 256];
        let words = words.iter().map(|&(_, score)| Piece { score, is_byte: false });
        Plamo2::new(texts, [unknown].into_iter().chain(bytes).chain(words))
    }

    fn ids(words: &[(&'static str, f32)], text: &[u8]) -> Vec<u32> {
        let mut out = Vec::new();
        vocabulary(words).unwrap().tokens_of(text, &mut out);
        out
    }

    #[test]
    fn the_best_sum_of_scores_wins() {
        let words = [("a", -3.0), ("ab", -5.0), ("b", -3.0), ("猫", -4.0), ("bb", -2.0)];
        assert_eq!(ids(&words, b"ab"), [258]);
        assert_eq!(ids(&words, b"abb"), [257, 261]);
        assert_eq!(ids(&words, "猫a".as_bytes()), [260, 257]);
        assert!(ids(&words, b"").is_empty());
        // At equal cost, the longer token wins.
        let words = [("a", -2.0), ("aa", -4.0)];
        assert_eq!(ids(&words, b"aa"), [258]);
    }

    #[test]
    fn a_character_without_a_token_becomes_bytes() {
        assert_eq!(ids(&[("a", -3.0)], "aé".as_bytes()), [257, 1 + 0xc3, 1 + 0xa9]);
        assert_eq!(ids(&[], b"\xff"), [1 + 0xef, 1 + 0xbf, 1 + 0xbd]);
        assert_eq!(ids(&[], "\u{feff}\u{feff}".as_bytes()), [1 + 0xef, 1 + 0xbb, 1 + 0xbf]);
        // A score worse than the bytes, and scores that are invalid.
        assert_eq!(ids(&[("a", -1001.0)], b"a"), [1 + 0x61]);
        for score in [-2000.0, f32::NAN, f32::INFINITY, -1e30, 1e30] {
            assert_eq!(ids(&[("a", score)], b"a"), [1 + 0x61]);
        }
    }

    #[test]
    fn vocabularies_that_would_give_other_ids_are_refused() {
        let refused = |words| vocabulary(words).unwrap_err();
        assert!(refused(&[("a", -1000.0)]).contains("token 257 has the score -1000"));
        let none = Plamo2::new(Default::default(), [].into_iter()).unwrap_err();
        assert!(none.contains("<0x00>"), "{none}");
        assert_eq!(byte_of(b"<0x0a>"), Some(10));
        assert_eq!(byte_of(b"<0xg0>"), None);
        assert_eq!(byte_of(b"<0x00"), None);
    }
}
