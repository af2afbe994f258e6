//! Splits a text into special tokens and the text between them.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

use super::prefixes::{Prefix, Prefixes};
use super::token_index::{TokenIndex, Types};
use super::unicode::is_space;

#[derive(Debug)]
pub(super) struct Partition {
    special: Prefixes,
    /// The special tokens of type "user-defined": they are found in any text.
    user_defined: Prefixes,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part<'t> {
    Token(u32),
    /// Never empty.
    Text(&'t [u8]),
}

impl Partition {
    pub fn new(vocabulary: &TokenIndex) -> Self {
        // If several tokens have the same text, only the last is found.
        let is_found = |&id: &u32| {
            vocabulary.types(id).any(Types::SPECIAL)
                && vocabulary.id_of(vocabulary.text(id)) == Some(id)
        };
        let special: Vec<u32> = vocabulary.ids().filter(is_found).collect();
        let unread = Types::CONTROL.with(Types::UNKNOWN);
        let counts = special.iter().copied().filter(|&id| !vocabulary.types(id).any(unread));
        Self {
            user_defined: Prefixes::new(vocabulary.texts(), counts),
            special: Prefixes::new(vocabulary.texts(), special),
        }
    }

    /// Cuts a text at each special token in it. The longest token is cut out first,
    /// at any position, then the next longest in the remaining text. Without
    /// `parse_special`, only user-defined tokens count.
    ///
    /// Tokens of equal length are ordered by ID; llama.cpp leaves their order to its
    /// sort. It matters only if two of them overlap in a text.
    ///
    /// The cost is bounded for any tokens. A position is searched again only if
    /// another token was cut out of the token found there. The other token is at
    /// least as long, so less than half of the room is left. A position is
    /// therefore searched at most 12 times: log2 of the longest token.
    pub fn split<'t>(
        &self,
        vocabulary: &TokenIndex,
        text: &'t [u8],
        parse_special: bool,
    ) -> Vec<Part<'t>> {
        let special = if parse_special { &self.special } else { &self.user_defined };
        // The longest token that starts at `at` and does not reach beyond `end`.
        // Positions fit 32 bits, because texts are shorter.
        let candidate = |at: usize, end: usize| {
            let Prefix { len, place, .. } = special.longest(&text[at..end])?;
            Some((len as u32, Reverse(place), Reverse(at as u32)))
        };
        // The remaining stretches of text (start to end), and the tokens found.
        let mut left: BTreeMap<usize, usize> = BTreeMap::new();
        let mut tokens = Vec::new();
        let keep = |left: &mut BTreeMap<usize, usize>, start, end| {
            if start < end {
                left.insert(start, end);
            }
        };
        keep(&mut left, 0, text.len());

        let mut candidates: BinaryHeap<_> =
            (0..text.len()).filter_map(|at| candidate(at, text.len())).collect();
        while let Some((len, Reverse(id), Reverse(at))) = candidates.pop() {
            let (len, at) = (len as usize, at as usize);
            let Some((&start, &end)) = left.range(..=at).next_back() else { continue };
            if at >= end {
                continue;
            }
            if at + len > end {
                candidates.extend(candidate(at, end));
                continue;
            }
            let types = vocabulary.types(id);
            let (mut before, mut after) = (at, at + len);
            if types.any(Types::LSTRIP) {
                before -= spaces(text[start..before].iter().rev());
            }
            if types.any(Types::RSTRIP) {
                after += spaces(text[after..end].iter());
            }
            left.remove(&start);
            keep(&mut left, start, before);
            keep(&mut left, after, end);
            tokens.push((at, id));
        }

        tokens.sort_unstable();
        let mut parts = Vec::with_capacity(left.len() + tokens.len());
        let mut left = left.into_iter().peekable();
        for (at, id) in tokens {
            while let Some((start, end)) = left.next_if(|&(start, _)| start < at) {
                parts.push(Part::Text(&text[start..end]));
            }
            parts.push(Part::Token(id));
        }
        parts.extend(left.map(|(start, end)| Part::Text(&text[start..end])));
        parts
    }
}

/// The number of leading bytes that are white space.
fn spaces<'t>(bytes: impl Iterator<Item = &'t u8>) -> usize {
    bytes.take_while(|&&byte| is_space(byte)).count()
}

#[cfg(test)]
mod tests {
    use memchr::memmem;

    use super::*;
    use crate::stats::SplitMix64;

    /// The reference, which works like llama.cpp: it searches the remaining text for
    /// one token after another, the longest first.
    fn one_token_after_another<'t>(
        vocabulary: &TokenIndex,
        text: &'t [u8],
        parse_special: bool,
    ) -> Vec<Part<'t>> {
        let mut special: Vec<u32> = vocabulary
            .ids()
            .filter(|&id| vocabulary.types(id).any(Types::SPECIAL))
            .filter(|&id| vocabulary.id_of(vocabulary.text(id)) == Some(id))
            .collect();
        special.sort_by_key(|&id| Reverse(vocabulary.text(id).len()));
        let mut parts = Vec::new();
        if !text.is_empty() {
            parts.push(Part::Text(text));
        }
        for id in special {
            let types = vocabulary.types(id);
            if !parse_special && types.any(Types::CONTROL.with(Types::UNKNOWN)) {
                continue;
            }
            let finder = memmem::Finder::new(vocabulary.text(id));
            let mut cut = Vec::new();
            for part in parts {
                match part {
                    Part::Token(_) => cut.push(part),
                    Part::Text(text) => cut_at(id, types, &finder, text, &mut cut),
                }
            }
            parts = cut;
        }
        parts
    }

    /// Cuts a text at each occurrence of one token, from the left.
    fn cut_at<'t>(
        id: u32,
        types: Types,
        finder: &memmem::Finder<'_>,
        mut text: &'t [u8],
        parts: &mut Vec<Part<'t>>,
    ) {
        while let Some(at) = finder.find(text) {
            let mut before = &text[..at];
            if types.any(Types::LSTRIP) {
                let end = before.iter().rposition(|&byte| !is_space(byte));
                before = &before[..end.map_or(0, |last| last + 1)];
            }
            if !before.is_empty() {
                parts.push(Part::Text(before));
            }
            parts.push(Part::Token(id));
            text = &text[at + finder.needle().len()..];
            if types.any(Types::RSTRIP) {
                let start = text.iter().position(|&byte| !is_space(byte));
                text = &text[start.unwrap_or(text.len())..];
            }
        }
        if !text.is_empty() {
            parts.push(Part::Text(text));
        }
    }

    #[test]
    fn split_equals_a_search_for_one_token_after_another() {
        let mut random = SplitMix64::new(11);
        let mut random = |below: usize| random.below(below as u64) as usize;
        let mut cuts = 0;
        for round in 0..6_000 {
            // Few letters, so that tokens overlap. Some rounds have mostly spaces.
            let letters: &[u8] = [&b"ab \n"[..], b"a ", b"ab", b"a   \x0bb"][round % 4];
            let mut text = |longest: usize| {
                (0..random(longest + 1)).map(|_| letters[random(letters.len())]).collect::<Vec<_>>()
            };
            let tokens: Vec<Vec<u8>> =
                (0..12).map(|_| text(6)).filter(|token| !token.is_empty()).collect();
            let texts: Vec<Vec<u8>> = (0..4).map(|_| text(60)).collect();
            let kinds = [
                Types::NORMAL,
                Types::CONTROL,
                Types::UNKNOWN,
                Types::USER_DEFINED,
                Types::USER_DEFINED.with(Types::LSTRIP),
                Types::USER_DEFINED.with(Types::RSTRIP),
                Types::CONTROL.with(Types::LSTRIP).with(Types::RSTRIP),
            ];
            let tokens = tokens.into_iter().map(|token| (token, 0.0, kinds[random(kinds.len())]));
            let vocabulary = TokenIndex::of(tokens);
            let partition = Partition::new(&vocabulary);
            for text in &texts {
                for parse_special in [false, true] {
                    let expected = one_token_after_another(&vocabulary, text, parse_special);
                    let parts = partition.split(&vocabulary, text, parse_special);
                    assert_eq!(parts, expected, "round {round}: {text:?} in {vocabulary:?}");
                    cuts += expected.iter().filter(|part| matches!(part, Part::Token(_))).count();
                }
            }
        }
        assert!(cuts > 100_000, "only {cuts} tokens were found");
    }
}
