//! Unigram tokenizers, as SentencePiece trains them for T5 and XLM-R: of all
//! the ways to write a text in tokens, the one with the highest sum of scores.

use std::sync::Arc;

use super::charsmap::{self, Charsmap};
use super::prefixes::{Prefix, Prefixes};
use super::settings::Settings;
use super::strings::Strings;
use super::symbols::utf8_len;
use super::token_index::{TokenIndex, Types};
use super::{Error, Family, Fragment, Result, utf8};
use crate::model::Model;

/// A unigram vocabulary and how it reads text.
#[derive(Debug)]
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
    spaces: Spaces,
}

/// How spaces are written.
#[derive(Clone, Copy, Debug)]
struct Spaces {
    /// Whether one is added before the text.
    prefix: bool,
    /// Whether runs become one, and those at the end are removed.
    merge: bool,
}

/// A token as a unigram vocabulary sees it.
#[derive(Clone, Copy, Debug)]
struct Piece {
    score: f32,
    types: Types,
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
    /// Made from a vocabulary and the model's normalisation.
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
        let pieces = vocabulary
            .ids()
            .map(|id| Piece { score: vocabulary.score(id), types: vocabulary.types(id) });
        let spaces =
            Spaces { prefix: settings.add_space_prefix, merge: settings.remove_extra_whitespaces };
        let unigram = Self::new(&vocabulary.texts(), pieces, settings.unk, charsmap, spaces);
        unigram.tokens.refuse_deep_nesting().map_err(Error::Unusable)?;
        Ok(unigram)
    }

    /// Made from the tokens in the order of their IDs. `unknown` is the token for a
    /// character without one.
    fn new(
        texts: &Arc<Strings>,
        pieces: impl Iterator<Item = Piece> + Clone,
        unknown: Option<u32>,
        charsmap: Option<Charsmap>,
        spaces: Spaces,
    ) -> Self {
        let of = |types| {
            let pieces = pieces.clone().zip(0..).filter(|(piece, _)| piece.types.any(types));
            Prefixes::new(Arc::clone(texts), pieces.map(|(_, id)| id))
        };
        let normal = pieces.clone().filter(|piece| piece.types.any(Types::NORMAL));
        // A NaN is never the lowest score.
        let lowest = normal.fold(f32::MAX, |lowest, piece| lowest.min(piece.score));
        Self {
            tokens: of(Types::NORMAL.with(Types::USER_DEFINED).with(Types::UNUSED)),
            user_defined: of(Types::USER_DEFINED),
            unknown_score: (lowest - UNKNOWN_PENALTY).into(),
            unknown,
            charsmap,
            spaces,
        }
    }

    /// Appends the tokens of a text. `score_of` gives each token's score.
    ///
    /// # Errors
    /// If the normalisation in the file is damaged, or if the text needs an unknown
    /// token and there is none.
    fn tokens_of(
        &self,
        text: &[u8],
        score_of: impl Fn(u32) -> f64,
        out: &mut Vec<u32>,
    ) -> Result<()> {
        let text = self.normalized(text)?;
        if text.is_empty() {
            return Ok(());
        }
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
        let begun = out.len();
        let mut after_unknown = false;
        let mut at = text.len();
        while at > 0 {
            let Best { token, start, .. } = best[at];
            let is_unknown = token.is_none() || token == self.unknown;
            if !(is_unknown && after_unknown) {
                let token = token.or(self.unknown);
                out.push(token.ok_or_else(|| {
                    let what = "a character has no token, and the vocabulary has no unknown token";
                    Error::Unspellable(what.to_owned())
                })?);
            }
            after_unknown = is_unknown;
            at = start;
        }
        out[begun..].reverse();
        Ok(())
    }

    /// The normalized text, in the vocabulary's spelling.
    ///
    /// # Errors
    /// If the normalisation in the file is damaged or makes the text too long.
    fn normalized(&self, text: &[u8]) -> Result<Vec<u8>> {
        let Spaces { prefix, merge } = self.spaces;
        let mut normalized = Vec::with_capacity(text.len() + SPACE.len());
        let (mut begun, mut in_word) = (false, false);
        let mut rest = text;
        while !rest.is_empty() {
            let (part, consumed) = self.normalized_start(rest)?;
            for &byte in part {
                if byte != b' ' {
                    if !in_word && (merge || (prefix && !begun)) {
                        normalized.extend_from_slice(SPACE);
                        begun = true;
                    }
                    in_word = true;
                    normalized.push(byte);
                } else {
                    in_word = false;
                    if !merge {
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
    fn encode(
        &self,
        vocabulary: &TokenIndex,
        fragment: Fragment<'_>,
        ids: &mut Vec<u32>,
    ) -> Result<()> {
        let score_of = |id| match vocabulary.types(id).any(Types::USER_DEFINED) {
            // Scores are logarithms of probabilities, so 0 is the best.
            true => 0.0,
            false => vocabulary.score(id).into(),
        };
        self.tokens_of(fragment.text, score_of, ids)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: Spaces = Spaces { prefix: true, merge: false };

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

    fn ids_of(text: &[u8], spaces: Spaces) -> Vec<u32> {
        let texts = Arc::new(PIECES.iter().map(|&(text, ..)| text).collect());
        let pieces = PIECES.iter().map(|&(_, score, types)| Piece { score, types });
        let mut out = vec![7];
        let score_of = |id: u32| PIECES[id as usize].1.into();
        let unigram = Unigram::new(&texts, pieces, Some(0), None, spaces);
        unigram.tokens_of(text, score_of, &mut out).unwrap();
        assert_eq!(out.remove(0), 7, "what was there stays");
        out
    }

    fn ids(text: &str, spaces: Spaces) -> Vec<u32> {
        ids_of(text.as_bytes(), spaces)
    }

    #[test]
    fn the_best_sum_of_scores_wins() {
        assert_eq!(ids("the", PLAIN), [2]);
        assert_eq!(ids("cat", PLAIN), [1, 5]);
        assert_eq!(ids("the the", PLAIN), [2, 2]);
        assert!(ids("", PLAIN).is_empty());
        assert_eq!(ids("t<x>", PLAIN), [1, 3, 8]);
    }

    #[test]
    fn spaces_are_kept_or_merged() {
        assert_eq!(ids("  the  cat ", PLAIN), [1, 1, 2, 1, 1, 5, 1]);
        let merge = Spaces { prefix: true, merge: true };
        assert_eq!(ids("  the  cat ", merge), [2, 1, 5]);
        let bare = Spaces { prefix: false, merge: false };
        assert_eq!(ids("the the", bare), [3, 4, 2]);
    }

    #[test]
    fn unknown_characters_side_by_side_are_one_token() {
        assert_eq!(ids("t猫犬t猫", PLAIN), [1, 3, 0, 3, 0]);
        assert_eq!(ids_of(b"\xff\xfe", PLAIN), [1, 0]);
        // A token with a NaN score is found, but is never the better one.
        assert_eq!(ids("é", PLAIN), [0]);
    }
}
