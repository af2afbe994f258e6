//! A text as a list of symbols. Adjacent symbols merge.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

use hashbrown::HashMap;

/// Merges the symbols of texts, one text after another. It keeps its memory.
///
/// At first each character of a text is one symbol. Then the adjacent pair with the
/// lowest key merges (the leftmost of equals), until no pair has a key.
///
/// Positions have 32 bits: [`MAX_TEXT`](super::MAX_TEXT) is less than that.
#[derive(Default)]
pub(super) struct Symbols {
    /// The start of each symbol, and at last the end of the text.
    starts: Vec<u32>,
    /// The key of each symbol and the one after it.
    keys: Vec<u64>,
    links: Vec<Link>,
    queue: Queue,
}

/// A text of at most this many characters is searched for its lowest pair again and
/// again. That is faster than a queue.
const FEW: usize = 48;

/// The key of a pair that does not merge.
const NONE: u64 = u64::MAX;

impl Symbols {
    /// Merges the symbols of a text. `key` gets the joint text of a pair and the length
    /// of its left symbol.
    pub fn merge(&mut self, text: &[u8], key: impl Fn(&[u8], usize) -> Option<u32>) {
        self.starts.clear();
        let mut start = 0;
        while start < text.len() {
            self.starts.push(start as u32);
            start += utf8_len(text[start]).min(text.len() - start);
        }
        self.starts.push(text.len() as u32);
        match self.starts.len() - 1 <= FEW {
            true => self.merge_few(text, key),
            false => self.merge_many(text, key),
        }
    }

    /// The text of each symbol, in order.
    pub fn texts<'t>(&self, text: &'t [u8]) -> impl Iterator<Item = &'t [u8]> {
        self.starts.windows(2).map(|pair| &text[pair[0] as usize..pair[1] as usize])
    }

    fn merge_few(&mut self, text: &[u8], key: impl Fn(&[u8], usize) -> Option<u32>) {
        let Self { starts, keys, .. } = self;
        let key = |starts: &[u32], left: usize| match starts.get(left..left + 3) {
            Some(&[start, middle, end]) => {
                let joint = &text[start as usize..end as usize];
                key(joint, (middle - start) as usize).map_or(NONE, u64::from)
            }
            _ => NONE,
        };
        keys.clear();
        keys.extend((0..starts.len() - 1).map(|left| key(starts, left)));
        // The first of equal keys is the leftmost.
        while let Some((left, &lowest)) = keys.iter().enumerate().min_by_key(|(_, key)| **key)
            && lowest != NONE
        {
            starts.remove(left + 1);
            keys.remove(left + 1);
            keys[left] = key(starts, left);
            if let Some(before) = left.checked_sub(1) {
                keys[before] = key(starts, before);
            }
        }
    }

    fn merge_many(&mut self, text: &[u8], key: impl Fn(&[u8], usize) -> Option<u32>) {
        let Self { starts, links, queue, .. } = self;
        links.clear();
        links.extend(starts.windows(2).zip(0_u32..).map(|(pair, place)| Link {
            start: pair[0],
            len: pair[1] - pair[0],
            before: place.wrapping_sub(1),
            after: place + 1,
        }));
        let last = links.len() as u32;
        let put = |links: &[Link], queue: &mut Queue, left: u32| {
            let Link { start, len, after, .. } = links[left as usize];
            if after == last {
                return;
            }
            let both = len + links[after as usize].len;
            if let Some(key) = key(&text[start as usize..][..both as usize], len as usize) {
                queue.put(key, left, both);
            }
        };
        (0..last).for_each(|left| put(links, queue, left));
        while let Some((left, both)) = queue.take() {
            let Link { len, before, after, .. } = links[left as usize];
            // A symbol that has merged since has another length, or none.
            if len == 0 || after == last || len + links[after as usize].len != both {
                continue;
            }
            links[left as usize].len = both;
            links[after as usize].len = 0;
            let beyond = links[after as usize].after;
            links[left as usize].after = beyond;
            if let Some(beyond) = links.get_mut(beyond as usize) {
                beyond.before = left;
            }
            if before != u32::MAX {
                put(links, queue, before);
            }
            put(links, queue, left);
        }
        let end = starts.pop();
        starts.clear();
        starts.extend(links.iter().filter(|link| link.len > 0).map(|link| link.start));
        starts.extend(end);
    }
}

/// A symbol between its neighbours.
#[derive(Clone, Copy)]
struct Link {
    start: u32,
    /// The length in bytes; 0 if it has merged into another symbol.
    len: u32,
    before: u32,
    after: u32,
}

/// Pairs of symbols that may merge, by key. A heap of all pairs takes several times as
/// long for one letter a million times: there all pairs have few keys, and they come
/// from left to right.
#[derive(Default)]
struct Queue {
    /// The keys whose pairs are not all taken, and their places in `pairs`.
    keys: BinaryHeap<Reverse<(u32, u32)>>,
    places: HashMap<u32, u32>,
    pairs: Vec<Pairs>,
}

/// The pairs with one key: the left symbol and the joint length, in one number that sorts
/// like them.
#[derive(Default)]
struct Pairs {
    in_order: VecDeque<u64>,
    /// Those that were put after one farther right.
    others: BinaryHeap<Reverse<u64>>,
}

impl Queue {
    fn put(&mut self, key: u32, left: u32, len: u32) {
        let place = *self.places.entry(key).or_insert_with(|| {
            self.pairs.push(Pairs::default());
            self.pairs.len() as u32 - 1
        });
        let pairs = &mut self.pairs[place as usize];
        if pairs.in_order.is_empty() && pairs.others.is_empty() {
            self.keys.push(Reverse((key, place)));
        }
        let pair = u64::from(left) << 32 | u64::from(len);
        match pairs.in_order.back() {
            Some(&last) if last > pair => pairs.others.push(Reverse(pair)),
            _ => pairs.in_order.push_back(pair),
        }
    }

    /// The leftmost pair with the lowest key. After the last one the queue is as new.
    fn take(&mut self) -> Option<(u32, u32)> {
        let Some(&Reverse((_, place))) = self.keys.peek() else {
            self.places.clear();
            self.pairs.clear();
            return None;
        };
        let Pairs { in_order, others } = &mut self.pairs[place as usize];
        let pair = match (in_order.front(), others.peek()) {
            (Some(&first), Some(&Reverse(other))) if other < first => others.pop().map(|it| it.0),
            (Some(_), _) => in_order.pop_front(),
            (None, _) => others.pop().map(|it| it.0),
        };
        if in_order.is_empty() && others.is_empty() {
            self.keys.pop();
        }
        pair.map(|pair| ((pair >> 32) as u32, pair as u32))
    }
}

/// The length of a UTF-8 character, judged by its first byte alone. A byte that
/// can't start a character has length 1.
pub(super) fn utf8_len(first: u8) -> usize {
    match first >> 4 {
        0b1100 | 0b1101 => 2,
        0b1110 => 3,
        0b1111 => 4,
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::SplitMix64;

    fn merged(text: &[u8], key: impl Fn(&[u8], usize) -> Option<u32>) -> Vec<&[u8]> {
        let mut symbols = Symbols::default();
        symbols.merge(text, key);
        symbols.texts(text).collect()
    }

    #[test]
    fn invalid_utf8_is_cut_by_the_first_byte() {
        let text = b"\x80\xe2a\xffbcd\xc3";
        let expected = [&b"\x80"[..], b"\xe2a\xff", b"b", b"c", b"d", b"\xc3"];
        assert_eq!(merged(text, |_, _| None), expected);
        assert!(merged(b"", |_, _| Some(0)).is_empty());
    }

    #[test]
    fn the_lowest_key_merges_first_and_the_leftmost_of_equals() {
        let key = |text: &[u8], _: usize| match text {
            b"ab" | b"bc" => Some(1),
            b"cd" => Some(0),
            _ => None,
        };
        assert_eq!(merged(b"abcdabc", key), [&b"ab"[..], b"cd", b"ab", b"c"]);
    }

    /// The reference: searches all pairs for the lowest key, again and again.
    fn one_after_another(text: &[u8], key: &dyn Fn(&[u8], usize) -> Option<u32>) -> Vec<Vec<u8>> {
        let mut symbols: Vec<Vec<u8>> = text.iter().map(|&byte| vec![byte]).collect();
        let of = |pair: &[Vec<u8>]| key(&pair.concat(), pair[0].len());
        while let Some((_, at)) =
            symbols.windows(2).zip(0..).filter_map(|(pair, at)| Some((of(pair)?, at))).min()
        {
            let right = symbols.remove(at + 1);
            symbols[at].extend(right);
        }
        symbols
    }

    #[test]
    fn both_ways_equal_one_merge_after_another() {
        let mut random = SplitMix64::new(3);
        let mut few = Symbols::default();
        let mut many = Symbols::default();
        let mut merges = 0;
        for round in 0..3000 {
            let letters = 1 + round % 3;
            let len = random.below(if round % 10 == 0 { 300 } else { 2 * FEW as u64 });
            let text: Vec<u8> = (0..len).map(|_| b'a' + random.below(letters) as u8).collect();
            // A key is one of a few numbers, by the texts of a pair; or by its joint text
            // alone, as in SentencePiece.
            let (seed, by_text) = (random.bits(), round % 2 == 0);
            let key = |joint: &[u8], left: usize| {
                let left = if by_text { 0 } else { left };
                let sum = joint.iter().fold(seed, |sum, &byte| {
                    (sum ^ u64::from(byte) ^ left as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15)
                });
                let key = (sum >> 40) as u32 % 8;
                (key < 5).then_some(key)
            };
            let expected = one_after_another(&text, &key);
            few.merge(&text, key);
            assert!(few.texts(&text).eq(expected.iter().map(Vec::as_slice)), "{text:?}");
            many.starts = (0..=text.len() as u32).collect();
            many.merge_many(&text, key);
            assert!(many.texts(&text).eq(expected.iter().map(Vec::as_slice)), "{text:?}");
            many.starts = (0..=text.len() as u32).collect();
            many.merge_few(&text, key);
            assert!(many.texts(&text).eq(expected.iter().map(Vec::as_slice)), "{text:?}");
            merges += text.len() - expected.len();
        }
        assert!(merges > 20_000, "only {merges} merges");
    }
}
