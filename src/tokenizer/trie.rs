//! Finds which of many texts are a prefix of a given text.
//!
//! This trie is a sorted list. Texts with a common prefix are adjacent, so a node
//! is a range of the list, and a step narrows it by binary search. Building the
//! trie is a sort: for a vocabulary of 250,000 it takes some tens of milliseconds,
//! without an allocation per node.

use std::sync::Arc;

use super::strings::Strings;

/// A set of texts, to be found as prefixes of other texts.
#[derive(Debug)]
pub(super) struct Trie {
    texts: Arc<Strings>,
    /// The texts in the set, sorted. No two are equal, and none is empty.
    keys: Vec<Key>,
    /// The keys that start with byte b are `first[b]..first[b + 1]`.
    first: [u32; 257],
}

/// Packed to 12 bytes instead of 16, because a vocabulary has many keys.
#[derive(Clone, Copy, Debug)]
#[repr(Rust, packed(4))]
struct Key {
    /// The first bytes of the text, padded with zeros. Most comparisons need only
    /// these, so they jump about less in memory.
    start: u64,
    /// The index of the text.
    place: u32,
}

/// The number of bytes in [`Key::start`].
const START: usize = 8;

impl Trie {
    /// A trie of the texts at `places`. If texts are equal, the last one counts. The
    /// empty text is never found.
    pub(super) fn new(texts: Arc<Strings>, places: impl IntoIterator<Item = u32>) -> Self {
        let text = |key: &Key| texts.get(key.place);
        let key = |place| {
            let mut start = [0; START];
            let n = texts.get(place).len().min(START);
            start[..n].copy_from_slice(&texts.get(place)[..n]);
            Key { start: u64::from_be_bytes(start), place }
        };
        let mut keys: Vec<Key> =
            places.into_iter().map(key).filter(|key| !text(key).is_empty()).collect();
        // The later of two equal texts comes first, so `dedup_by` keeps it.
        keys.sort_unstable_by(|left, right| {
            let (a, b) = (left.start, right.start);
            a.cmp(&b)
                .then_with(|| text(left).cmp(text(right)))
                .then_with(|| { right.place }.cmp(&{ left.place }))
        });
        keys.dedup_by(|left, right| { left.start } == right.start && text(left) == text(right));
        keys.shrink_to_fit();
        let first = std::array::from_fn(|byte| {
            keys.partition_point(|key| usize::from(text(key)[0]) < byte) as u32
        });
        Self { texts, keys, first }
    }

    /// The texts that are a prefix of `text`, shortest first: length and index.
    pub(super) fn prefixes(&self, text: &[u8]) -> impl Iterator<Item = (usize, u32)> {
        let mut walk = Walk::new(self);
        let mut rest = text.iter();
        std::iter::from_fn(move || {
            for &byte in rest.by_ref() {
                if !walk.step(byte) {
                    break;
                }
                if let Some(place) = walk.place() {
                    return Some((walk.depth, place));
                }
            }
            rest = [].iter();
            None
        })
    }

    /// The longest text that is a prefix of `text`.
    pub(super) fn longest(&self, text: &[u8]) -> Option<(usize, u32)> {
        self.prefixes(text).last()
    }

    /// The length of the longest prefix that `text` shares with any text of the trie.
    pub(super) fn depth(&self, text: &[u8]) -> usize {
        let mut walk = Walk::new(self);
        text.iter().take_while(|&&byte| walk.step(byte)).count()
    }
}

/// A walk down the trie: the keys `low..high` share their first `depth` bytes.
struct Walk<'t> {
    trie: &'t Trie,
    low: usize,
    high: usize,
    depth: usize,
}

impl<'t> Walk<'t> {
    fn new(trie: &'t Trie) -> Self {
        Self { trie, low: 0, high: trie.keys.len(), depth: 0 }
    }

    /// Descends by one byte. Returns whether any key continues with it.
    fn step(&mut self, byte: u8) -> bool {
        let Self { trie, depth, .. } = *self;
        if depth == 0 {
            let byte = usize::from(byte);
            self.low = trie.first[byte] as usize;
            self.high = trie.first[byte + 1] as usize;
        } else {
            // The key that ends here does not continue.
            self.low += usize::from(self.place().is_some());
            if depth < START {
                let shift = 8 * (START - 1 - depth);
                self.narrow(|key| (key.start >> shift) as u8, byte);
            } else {
                self.narrow(|key| trie.texts.get(key.place)[depth], byte);
            }
        }
        self.depth += 1;
        self.low < self.high
    }

    /// Keeps only the keys that have `byte` at the current depth.
    fn narrow(&mut self, byte_of: impl Fn(&Key) -> u8, byte: u8) {
        let keys = &self.trie.keys[self.low..self.high];
        let (Some(first), Some(last)) = (keys.first(), keys.last()) else { return };
        let (least, most) = (byte_of(first), byte_of(last));
        // All keys continue with this byte, so there is nothing to search.
        if least == byte && most == byte {
            return;
        }
        let start = count(keys, |key| byte_of(key) < byte);
        let len = count(&keys[start..], |key| byte_of(key) == byte);
        self.low += start;
        self.high = self.low + len;
    }

    /// The index of the key that ends here. It can only be the first of the range.
    fn place(&self) -> Option<u32> {
        let key = self.trie.keys[self.low..self.high].first()?;
        // If `start` has more bytes, the key does not end here. This saves a lookup.
        if self.depth < START && key.start << (8 * self.depth) != 0 {
            return None;
        }
        let ends = self.trie.texts.get(key.place).len() == self.depth;
        ends.then_some(key.place)
    }
}

/// The number of leading keys for which `holds` is true.
///
/// It computes the same as `slice::partition_point`, which is branchless. Here
/// branches are predicted well, because texts take the same few paths again and
/// again. So this loop is twice as fast.
fn count(keys: &[Key], holds: impl Fn(&Key) -> bool) -> usize {
    let (mut low, mut high) = (0, keys.len());
    while low < high {
        let middle = low + (high - low) / 2;
        if holds(&keys[middle]) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    low
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trie<T: AsRef<[u8]>>(texts: impl IntoIterator<Item = T>) -> Trie {
        let texts: Strings = texts.into_iter().collect();
        let places = 0..texts.len() as u32;
        Trie::new(Arc::new(texts), places)
    }

    #[test]
    fn prefixes_longest_and_depth() {
        let words = ["cat", "c", "category", "dog", "", "catalogues", "cat"];
        let trie = trie(words);
        let found = |text: &str| trie.prefixes(text.as_bytes()).collect::<Vec<_>>();
        assert_eq!(found("categorical"), [(1, 1), (3, 6)]);
        assert_eq!(found("catalogues!"), [(1, 1), (3, 6), (10, 5)]);
        assert!(found("do").is_empty());
        assert!(found("").is_empty());
        assert_eq!(trie.longest(b"category"), Some((8, 2)));
        assert_eq!(trie.longest(b"x"), None);
        assert_eq!(trie.depth(b"catalan"), 5);
        assert_eq!(trie.depth(b"x"), 0);
    }

    #[test]
    fn it_finds_the_same_as_a_linear_search() {
        // Few letters, so that many words share a prefix; and a byte above 127.
        let letters = [0, b'a', b'b', 0xff];
        let mut state = 7_usize;
        let mut random = |below: usize| {
            state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            (state >> 33) % below
        };
        let mut word = |longest: usize| {
            (0..1 + random(longest)).map(|_| letters[random(4)]).collect::<Vec<u8>>()
        };
        let words: Vec<Vec<u8>> = (0..400).map(|_| word(12)).collect();
        let trie = trie(&words);
        for _ in 0..2000 {
            let text = word(14);
            let mut expected: Vec<(usize, u32)> = words
                .iter()
                .zip(0..)
                .filter(|(word, _)| text.starts_with(word))
                .map(|(word, place)| (word.len(), place))
                .collect();
            expected.sort_by_key(|&(len, place)| (len, std::cmp::Reverse(place)));
            expected.dedup_by_key(|(len, _)| *len);
            assert_eq!(trie.prefixes(&text).collect::<Vec<_>>(), expected);
        }
    }
}
