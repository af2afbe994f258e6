//! PLaMo-2's tokenizer. Of all ways to write a text in tokens, it takes the one
//! with the highest sum of scores. A character without a token becomes its bytes.
//!
//! The original code and llama.cpp walk an automaton over all suffixes of all
//! tokens. At each character the automaton finds the tokens that are a prefix of
//! the remaining text. A trie finds the same tokens. They differ in one case: the
//! automaton uses one score as its own end mark. Vocabularies with that score are
//! refused.

use super::prefixes::{Prefix, Prefixes};
use super::token_index::{TokenIndex, Types, byte_of};
use super::{Family, Fragment, Result, Work, utf8};

pub(super) struct Plamo2 {
    /// Every token with a valid score, except byte tokens.
    tokens: Prefixes,
    /// The score of each token ID, in ten-thousandths.
    scores: Vec<i32>,
    /// The token ID of each byte.
    bytes: [u32; 256],
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
    pub(super) fn new(vocabulary: &TokenIndex) -> Result<Self, String> {
        // 0 marks a missing byte, as in llama.cpp. So token 0 can't be a byte.
        let mut bytes = [0; 256];
        let mut scores = Vec::new();
        let mut tokens = Vec::new();
        for id in vocabulary.ids() {
            let text = vocabulary.text(id);
            let is_byte = vocabulary.types(id).any(Types::BYTE);
            let score = if is_byte { INVALID } else { fixed(vocabulary.score(id)) };
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
        let tokens = Prefixes::new(vocabulary.texts(), tokens);
        tokens.refuse_deep_nesting()?;
        Ok(Self { tokens, scores, bytes })
    }
}

impl Family for Plamo2 {
    fn encode(
        &self,
        _: &TokenIndex,
        text: Fragment,
        _: &mut Work,
        ids: &mut Vec<u32>,
    ) -> Result<()> {
        let text = text.bytes;
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
                Some(id) => ids.push(id),
                None => ids.extend(
                    written[at..at + len].iter().map(|byte| self.bytes[usize::from(*byte)]),
                ),
            }
            at += len;
        }
        Ok(())
    }
}

/// A score in ten-thousandths; `INVALID` if it is NaN or does not fit an `i32`.
fn fixed(score: f32) -> i32 {
    let scaled = (f64::from(score) * 1e4).round();
    let fits = scaled.abs() <= f64::from(i32::MAX);
    if fits { scaled as i32 } else { INVALID }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A token for nothing, then one for each byte, then the words.
    fn vocabulary(words: &[(&'static str, f32)]) -> TokenIndex {
        let bytes = (0..=255_u8).map(|byte| (format!("<0x{byte:02X}>"), 0.0, Types::BYTE));
        let words = words.iter().map(|&(text, score)| (text.to_owned(), score, Types::NORMAL));
        let unknown = ("<unk>".to_owned(), 0.0, Types::NORMAL);
        TokenIndex::of([unknown].into_iter().chain(bytes).chain(words))
    }

    fn ids(words: &[(&'static str, f32)], text: &[u8]) -> Vec<u32> {
        let vocabulary = vocabulary(words);
        Plamo2::new(&vocabulary).unwrap().ids(&vocabulary, text).unwrap()
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
        let refused = |words| Plamo2::new(&vocabulary(words)).err().unwrap();
        assert!(refused(&[("a", -1000.0)]).contains("token 257 has the score -1000"));
        let empty = TokenIndex::of(Vec::<(&str, f32, Types)>::new());
        let none = Plamo2::new(&empty).err().unwrap();
        assert!(none.contains("<0x00>"), "{none}");
        assert_eq!(byte_of(b"<0x0a>"), Some(10));
        assert_eq!(byte_of(b"<0xg0>"), None);
        assert_eq!(byte_of(b"<0x00"), None);
    }
}
