//! Splits a text into special tokens and the text between them.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

use super::prefixes::{Prefix, Prefixes};
use super::token_index::{TokenIndex, Types};
use super::unicode::is_space;

#[derive(Debug)]
pub(super) struct Partition {
    special: Set,
    /// The special tokens of type "user-defined": they are found in any text.
    user_defined: Set,
    /// The length of the longest of all in bytes.
    longest: usize,
}

/// Tokens that are looked for at each place of a text.
#[derive(Debug)]
struct Set {
    texts: Prefixes,
    /// A bit for each pair of bytes: whether a text may begin with it. Few places of a
    /// text need a search then.
    pairs: Vec<u64>,
    /// Whether some token strips the spaces beside it.
    strips: bool,
}

impl Set {
    fn new(vocabulary: &TokenIndex, ids: &[u32]) -> Self {
        let mut pairs = vec![0; 1 << 10];
        for &id in ids {
            let (first, seconds) = match *vocabulary.text(id) {
                [first, second, ..] => (first, second..=second),
                [first] => (first, 0..=u8::MAX),
                [] => continue,
            };
            for second in seconds {
                let pair = usize::from(first) << 8 | usize::from(second);
                pairs[pair / 64] |= 1 << (pair % 64);
            }
        }
        let strips = Types::LSTRIP.with(Types::RSTRIP);
        let strips = ids.iter().any(|&id| vocabulary.types(id).any(strips));
        Self { texts: Prefixes::new(vocabulary.texts(), ids.iter().copied()), pairs, strips }
    }

    /// The longest token that a text begins with.
    #[inline]
    fn longest(&self, text: &[u8]) -> Option<Prefix> {
        // A text of one byte can only be a token of one byte, which begins every pair.
        let second = text.get(1).copied().unwrap_or(0);
        let pair = usize::from(*text.first()?) << 8 | usize::from(second);
        match self.pairs[pair / 64] >> (pair % 64) & 1 {
            0 => None,
            _ => self.texts.longest(text),
        }
    }
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
        let is_read = |id: &u32| !vocabulary.types(*id).any(unread);
        let user_defined: Vec<u32> = special.iter().copied().filter(is_read).collect();
        let longest = special.iter().map(|&id| vocabulary.text(id).len()).max().unwrap_or(0);
        Self {
            longest,
            user_defined: Set::new(vocabulary, &user_defined),
            special: Set::new(vocabulary, &special),
        }
    }

    /// Whether the texts before and after a place have the parts that the whole text has,
    /// and the part before is no token: the whole text has these two as one.
    ///
    /// No token that begins before the place reaches it. Tokens interact only where they
    /// overlap, so those on one side do not depend on the other. The byte before the place
    /// is no white space, so no token strips spaces across it.
    pub fn is_apart(&self, text: &[u8], at: usize, parse_special: bool) -> bool {
        let special = if parse_special { &self.special } else { &self.user_defined };
        let reaches = |from: usize| {
            special.longest(&text[from..]).is_some_and(|found| from + found.len >= at)
        };
        !is_space(text[at - 1]) && !(at.saturating_sub(self.longest)..at).any(reaches)
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
    /// therefore searched at most 12 times: log2 of the longest token, and once more from
    /// left to right.
    pub fn split<'t>(
        &self,
        vocabulary: &TokenIndex,
        text: &'t [u8],
        parse_special: bool,
    ) -> Vec<Part<'t>> {
        let special = if parse_special { &self.special } else { &self.user_defined };
        let parts = special.split_from_left(vocabulary, text);
        parts.unwrap_or_else(|| special.split(vocabulary, text))
    }
}

impl Set {
    /// The parts of a text, found from left to right. Where tokens overlap, and each lies
    /// within the first, that one is the longest and is cut out first. If they compete, the
    /// stretch that they cover is split by itself: no token begins before it and reaches
    /// it, or begins in it and leaves it. `None` if some token strips spaces.
    fn split_from_left<'t>(
        &self,
        vocabulary: &TokenIndex,
        text: &'t [u8],
    ) -> Option<Vec<Part<'t>>> {
        if self.strips {
            return None;
        }
        let mut parts = Vec::new();
        let (mut start, mut at) = (0, 0);
        let text_up_to = |parts: &mut Vec<Part<'t>>, start, end| {
            if start < end {
                parts.push(Part::Text(&text[start..end]));
            }
        };
        while at < text.len() {
            let Some(Prefix { len, place: id, .. }) = self.longest(&text[at..]) else {
                at += 1;
                continue;
            };
            let first_end = at + len;
            let (mut end, mut from) = (first_end, at + 1);
            while from < end {
                end = self.longest(&text[from..]).map_or(end, |it| end.max(from + it.len));
                from += 1;
            }
            let alone = [Part::Token(id)];
            let competing = (end > first_end).then(|| self.split(vocabulary, &text[at..end]));
            for &part in competing.as_deref().unwrap_or(&alone) {
                match part {
                    Part::Text(between) => at += between.len(),
                    Part::Token(id) => {
                        text_up_to(&mut parts, start, at);
                        parts.push(part);
                        at += vocabulary.text(id).len();
                        start = at;
                    }
                }
            }
        }
        text_up_to(&mut parts, start, text.len());
        Some(parts)
    }

    /// The same for all tokens.
    fn split<'t>(&self, vocabulary: &TokenIndex, text: &'t [u8]) -> Vec<Part<'t>> {
        // The longest token that starts at `at` and does not reach beyond `end`.
        // Positions fit 32 bits, because texts are shorter.
        let candidate = |at: usize, end: usize| {
            let Prefix { len, place, .. } = self.longest(&text[at..end])?;
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
        let (mut cuts, mut apart) = (0, 0);
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
            // In half of the rounds no token strips spaces.
            let n_kinds = if round % 8 < 4 { 4 } else { kinds.len() };
            let tokens = tokens.into_iter().map(|token| (token, 0.0, kinds[random(n_kinds)]));
            let vocabulary = TokenIndex::of(tokens);
            let partition = Partition::new(&vocabulary);
            for text in &texts {
                for parse_special in [false, true] {
                    let expected = one_token_after_another(&vocabulary, text, parse_special);
                    let parts = partition.split(&vocabulary, text, parse_special);
                    assert_eq!(parts, expected, "round {round}: {text:?} in {vocabulary:?}");
                    cuts += expected.iter().filter(|part| matches!(part, Part::Token(_))).count();
                    for at in 1..text.len() {
                        if !partition.is_apart(text, at, parse_special) {
                            continue;
                        }
                        apart += 1;
                        let [mut parts, behind] = [&text[..at], &text[at..]]
                            .map(|side| partition.split(&vocabulary, side, parse_special));
                        let mut behind = behind.into_iter();
                        let Some(Part::Text(before)) = parts.pop() else { panic!("{text:?}") };
                        let start = at - before.len();
                        match behind.next() {
                            Some(Part::Text(after)) => {
                                parts.push(Part::Text(&text[start..at + after.len()]));
                            }
                            other => parts
                                .extend([Some(Part::Text(before)), other].into_iter().flatten()),
                        }
                        parts.extend(behind);
                        assert_eq!(parts, expected, "{text:?} apart at {at} in {vocabulary:?}");
                    }
                }
            }
        }
        assert!(cuts > 100_000, "only {cuts} tokens were found");
        assert!(apart > 10_000, "only {apart} places are apart");
    }
}
