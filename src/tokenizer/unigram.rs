//! Unigram tokenizers, as SentencePiece trains them for T5 and XLM-R: of all
//! the ways to write a text in tokens, the one with the highest sum of scores.

use super::charsmap::{self, Charsmap};
use super::prefixes::{Prefix, Prefixes};
use super::settings::Settings;
use super::symbols::utf8_len;
use super::token_index::{TokenIndex, Types};
use super::{Error, Family, Fragment, Result, Work, utf8};
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
    /// Whether all scores are finite, so that every character is reached.
    is_finite: bool,
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
            is_finite: (lowest - UNKNOWN_PENALTY).is_finite()
                && of(tokens).all(|id| vocabulary.score(id).is_finite()),
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
    fn encode(
        &self,
        vocabulary: &TokenIndex,
        text: Fragment,
        _: &mut Work,
        ids: &mut Vec<u32>,
    ) -> Result<()> {
        let text = self.normalized(text.bytes)?;
        if text.is_empty() {
            return Ok(());
        }
        let score_of = |id| match vocabulary.types(id).any(Types::USER_DEFINED) {
            // Scores are logarithms of probabilities, so 0 is the best.
            true => 0.0,
            false => f64::from(vocabulary.score(id)),
        };
        // Viterbi's algorithm: finds the best way to the end of each character, from `base`
        // on. If no token begins before a place and ends after it, every way leads through
        // that place, so the tokens up to there are known, and it becomes the base.
        let none = Best { token: None, start: 0, score: -f64::MAX };
        let mut best = vec![Best { score: 0.0, ..none }];
        let (mut base, mut at, mut reach) = (0, 0, 0);
        let mut after_unknown = false;
        while at < text.len() {
            if at == reach && self.is_finite {
                after_unknown = self.append(&best, base, after_unknown, ids)?;
                let last = best[at - base];
                best.clear();
                best.push(last);
                base = at;
            }
            let rest = &text[at..];
            let character = utf8_len(rest[0]).min(rest.len());
            let so_far = best[at - base].score;
            let mut offer = |len: usize, token, by: f64| {
                let (end, score) = (at + len, so_far + by);
                reach = reach.max(end);
                if best.len() <= end - base {
                    best.resize(end - base + 1, none);
                }
                if score > best[end - base].score {
                    best[end - base] = Best { token, start: at, score };
                }
            };
            let mut is_token = false;
            for Prefix { len, place: id, .. } in self.tokens.all(rest) {
                is_token |= len == character;
                offer(len, Some(id), score_of(id));
            }
            if !is_token {
                offer(character, None, self.unknown_score);
            }
            at += character;
        }
        self.append(&best, base, after_unknown, ids)?;
        Ok(())
    }
}

impl Unigram {
    /// Appends the tokens of the best way from a base to the end of `best`. Unknown
    /// characters side by side become one token; `after_unknown` says whether the last
    /// token so far is one. Returns whether it is now.
    fn append(
        &self,
        best: &[Best],
        base: usize,
        after_unknown: bool,
        ids: &mut Vec<u32>,
    ) -> Result<bool> {
        let begun = ids.len();
        let is_unknown = |token: Option<u32>| token.is_none() || token == self.unknown;
        let ends_unknown = best.len() > 1 && is_unknown(best[best.len() - 1].token);
        let mut at = base + best.len() - 1;
        let mut follows_unknown = false;
        // Goes back from the end.
        while at > base {
            let Best { token, start, .. } = best[at - base];
            if !(is_unknown(token) && follows_unknown) {
                let token = token.or(self.unknown);
                ids.push(token.ok_or_else(|| {
                    let what = "a character has no token, and the vocabulary has no unknown token";
                    Error::Unspellable(what.to_owned())
                })?);
            }
            follows_unknown = is_unknown(token);
            at = start;
        }
        ids[begun..].reverse();
        if after_unknown && follows_unknown {
            ids.remove(begun);
        }
        Ok(if best.len() > 1 { ends_unknown } else { after_unknown })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::SplitMix64;
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
        unigram
            .encode(
                &vocabulary,
                Fragment { bytes: text, leads: true },
                &mut Work::of(text),
                &mut ids,
            )
            .unwrap();
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
    /// Without a base on the way, the whole text is one.
    #[test]
    fn a_new_base_changes_no_token() {
        let mut random = SplitMix64::new(23);
        let mut tokens = 0;
        for round in 0..3000 {
            let letters = ["a", "b", "é", "猫", " "];
            let mut word = |most: u64| -> String {
                let n = 1 + random.below(most);
                (0..n).map(|_| letters[random.below(letters.len() as u64) as usize]).collect()
            };
            let texts: Vec<String> = (0..12).map(|_| word(4).replace(' ', "▁")).collect();
            let text = word(60);
            let unknown = ("<unk>".to_owned(), 0.0, Types::UNKNOWN);
            let pieces = texts.into_iter().map(|text| {
                // Some scores are equal, and some sums are.
                (text, -(random.below(4) as f32) / 3.0, Types::NORMAL)
            });
            let vocabulary = TokenIndex::of([unknown].into_iter().chain(pieces));
            let settings = Settings { unk: Some(0), ..Settings::defaults(Kind::Unigram) };
            let settings = Settings { add_space_prefix: round % 2 == 0, ..settings };
            let mut unigram = Unigram::new(&vocabulary, &settings, None);
            let with_bases = unigram.ids(&vocabulary, text.as_bytes()).unwrap();
            assert!(std::mem::replace(&mut unigram.is_finite, false));
            let whole = unigram.ids(&vocabulary, text.as_bytes()).unwrap();
            assert_eq!(with_bases, whole, "{text:?} in {vocabulary:?}");
            tokens += whole.len();
        }
        assert!(tokens > 30_000, "{tokens}");
    }
}
