//! Unigram tokenizers, as SentencePiece trains them for T5 and XLM-R: of all
//! the ways to write a text in tokens, the one with the highest sum of scores.

use super::charsmap::{self, Charsmap};
use super::prefixes::{Prefix, Prefixes};
use super::settings::Settings;
use super::symbols::utf8_len;
use super::token_index::{TokenIndex, Types};
use super::{Error, Family, Fragment, Result, utf8};
use crate::model::Model;

/// A unigram vocabulary and how it reads text.
pub(super) struct Unigram {
    /// Normal, user-defined and unused tokens.
    tokens: Prefixes,
    /// The user-defined tokens among them. The start of a text that is also a start
    /// of one of these is not normalized.
    user_defined: Prefixes,
    /// The score of a character without a token.
    unknown_score: f64,
    unknown: Option<u32>,
    charsmap: Option<Charsmap>,
    /// Whether a space is added before the text.
    add_space: bool,
    /// Whether runs of spaces become one, and those at the end are removed.
    merge_spaces: bool,
}

/// How a space is written in a vocabulary.
const SPACE: &[u8] = "▁".as_bytes();

/// An unknown character scores this much below the worst token.
const UNKNOWN_PENALTY: f32 = 10.0;

/// The normalisation may make a text at most this many times as long. Unicode's
/// longest case is U+FDFA: three bytes become 39.
const MOST_TIMES: usize = 16;

/// The best way to write a text up to a position.
#[derive(Clone, Copy)]
struct Best {
    /// The last token of it; `None` for the unknown one.
    token: Option<u32>,
    /// The position where that token starts.
    start: usize,
    score: f64,
}

impl Unigram {
    pub(super) fn of(
        model: &Model,
        vocabulary: &TokenIndex,
        settings: &Settings,
    ) -> Result<Self, Error> {
        let charsmap = match model.charsmap().map_err(super::unfit)? {
            Some(bytes) => Some(
                Charsmap::parse(&bytes.bytes()?)
                    .map_err(|reason| Error::Unusable(format!("{}: {reason}", bytes.key())))?,
            ),
            None => None,
        };
        let unigram = Self::new(vocabulary, settings, charsmap);
        unigram.tokens.refuse_deep_nesting().map_err(Error::Unusable)?;
        Ok(unigram)
    }

    fn new(vocabulary: &TokenIndex, settings: &Settings, charsmap: Option<Charsmap>) -> Self {
        let of = |types| vocabulary.ids().filter(move |&id| vocabulary.types(id).any(types));
        let tokens = Types::NORMAL.with(Types::USER_DEFINED).with(Types::UNUSED);
        // A NaN is never the lowest score.
        let lowest = of(Types::NORMAL).map(|id| vocabulary.score(id)).fold(f32::MAX, f32::min);
        Self {
            tokens: Prefixes::new(vocabulary.texts(), of(tokens)),
            user_defined: Prefixes::new(vocabulary.texts(), of(Types::USER_DEFINED)),
            unknown_score: (lowest - UNKNOWN_PENALTY).into(),
            unknown: settings.unk,
            charsmap,
            add_space: settings.add_space_prefix,
            merge_spaces: settings.remove_extra_whitespaces,
        }
    }

    /// The normalized text, in the vocabulary's spelling. An error if the normalisation
    /// in the file is damaged or makes the text too long.
    fn normalized(&self, text: &[u8]) -> Result<Vec<u8>> {
        let mut normalized = Vec::with_capacity(text.len() + SPACE.len());
        let (mut begun, mut in_word) = (false, false);
        let mut rest = text;
        while !rest.is_empty() {
            let (part, consumed) = self.normalized_start(rest)?;
            for &byte in part {
                if byte != b' ' {
                    if !in_word && (self.merge_spaces || (self.add_space && !begun)) {
                        normalized.extend_from_slice(SPACE);
                        begun = true;
                    }
                    in_word = true;
                    normalized.push(byte);
                } else {
                    in_word = false;
                    if !self.merge_spaces {
                        normalized.extend_from_slice(SPACE);
                    }
                }
            }
            if normalized.len() > text.len() * MOST_TIMES {
                let key = charsmap::KEY;
                let what = format!("{key} makes the text more than {MOST_TIMES} times as long");
                return Err(Error::Normalisation(what));
            }
            rest = &rest[consumed..];
        }
        Ok(normalized)
    }

    /// Normalizes the start of a text, which is not empty. Returns the result, and
    /// how many bytes of the text it replaces.
    fn normalized_start<'t>(&'t self, text: &'t [u8]) -> Result<(&'t [u8], usize)> {
        // The longest start that the text shares with a user-defined token.
        let kept = self.user_defined.depth(text);
        if kept > 0 {
            return Ok((&text[..kept], kept));
        }
        if let Some(charsmap) = &self.charsmap
            && let Some(replaced) = charsmap.replace(text)?
        {
            return Ok(replaced);
        }
        Ok(match utf8::decode(text) {
            Some((_, len)) => (&text[..len], len),
            None => ("\u{fffd}".as_bytes(), 1),
        })
    }
}

impl Family for Unigram {
    fn encode(&self, vocabulary: &TokenIndex, text: Fragment, ids: &mut Vec<u32>) -> Result<()> {
        let text = self.normalized(text.bytes)?;
        if text.is_empty() {
            return Ok(());
        }
        let score_of = |id| match vocabulary.types(id).any(Types::USER_DEFINED) {
            // Scores are logarithms of probabilities, so 0 is the best.
            true => 0.0,
            false => f64::from(vocabulary.score(id)),
        };
        // Viterbi's algorithm: finds the best way to the end of each character.
        let none = Best { token: None, start: 0, score: -f64::MAX };
        let mut best = vec![none; text.len() + 1];
        best[0].score = 0.0;
        let mut at = 0;
        while at < text.len() {
            let rest = &text[at..];
            let character = utf8_len(rest[0]).min(rest.len());
            let so_far = best[at].score;
            let mut is_token = false;
            for Prefix { len, place: id, .. } in self.tokens.all(rest) {
                is_token |= len == character;
                let score = so_far + score_of(id);
                if score > best[at + len].score {
                    best[at + len] = Best { token: Some(id), start: at, score };
                }
            }
            if !is_token {
                let score = so_far + self.unknown_score;
                if score > best[at + character].score {
                    best[at + character] = Best { token: None, start: at, score };
                }
            }
            at += character;
        }

        // Goes back from the end. Unknown characters side by side become one token.
        let begun = ids.len();
        let mut after_unknown = false;
        let mut at = text.len();
        while at > 0 {
            let Best { token, start, .. } = best[at];
            let is_unknown = token.is_none() || token == self.unknown;
            if !(is_unknown && after_unknown) {
                let token = token.or(self.unknown);
                ids.push(token.ok_or_else(|| {
                    let what = "a character has no token, and the vocabulary has no unknown token";
                    Error::Unspellable(what.to_owned())
                })?);
            }
            after_unknown = is_unknown;
            at = start;
        }
        ids[begun..].reverse();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tokenizer::settings::Kind;

    const PIECES: [(&str, f32, Types); 10] = [
        ("<unk>", 0.0, Types::UNKNOWN),
        ("▁", -2.0, Types::NORMAL),
        ("▁the", -3.0, Types::NORMAL),
        ("t", -4.0, Types::NORMAL),
        ("he", -5.0, Types::NORMAL),
        ("cat", -6.0, Types::NORMAL),
        ("c", -7.0, Types::NORMAL),
        ("at", -1.0, Types::NORMAL),
        ("<x>", 0.0, Types::USER_DEFINED),
        ("é", f32::NAN, Types::UNUSED),
    ];

    fn ids_of(text: &[u8], add_space_prefix: bool, remove_extra_whitespaces: bool) -> Vec<u32> {
        let (unk, vocabulary) = (Some(0), TokenIndex::of(PIECES));
        let defaults = Settings::defaults(Kind::Unigram);
        let settings = Settings { unk, add_space_prefix, remove_extra_whitespaces, ..defaults };
        let unigram = Unigram::new(&vocabulary, &settings, None);
        let mut ids = vec![7];
        unigram.encode(&vocabulary, Fragment { bytes: text, leads: true }, &mut ids).unwrap();
        assert_eq!(ids.remove(0), 7, "what was there stays");
        ids
    }

    fn ids(text: &str) -> Vec<u32> {
        ids_of(text.as_bytes(), true, false)
    }

    #[test]
    fn the_best_sum_of_scores_wins() {
        assert_eq!(ids("the"), [2]);
        assert_eq!(ids("cat"), [1, 5]);
        assert_eq!(ids("the the"), [2, 2]);
        assert!(ids("").is_empty());
        assert_eq!(ids("t<x>"), [1, 3, 8]);
    }

    #[test]
    fn spaces_are_kept_or_merged() {
        assert_eq!(ids("  the  cat "), [1, 1, 2, 1, 1, 5, 1]);
        assert_eq!(ids_of(b"  the  cat ", true, true), [2, 1, 5]);
        assert_eq!(ids_of(b"the the", false, false), [3, 4, 2]);
    }

    #[test]
    fn unknown_characters_side_by_side_are_one_token() {
        assert_eq!(ids("t猫犬t猫"), [1, 3, 0, 3, 0]);
        assert_eq!(ids_of(b"\xff\xfe", true, false), [1, 0]);
        // A token with a NaN score is found, but is never the better one.
        assert_eq!(ids("é"), [0]);
    }
}
