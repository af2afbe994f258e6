//! Which of many texts another text begins with.
//!
//! A trie that is a sorted list: the texts that share a beginning lie side by
//! side, so a node is a range of them and a step narrows it by binary search.
//! To build one is to sort, which for a vocabulary of 250,000 takes some tens
//! of milliseconds and no allocation a node.

/// Texts, each with a value.
#[derive(Debug, Default)]
pub(super) struct Trie {
    /// The texts, one after the other, as they came.
    bytes: Vec<u8>,
    /// Where each lies, sorted by its text; no two alike.
    keys: Vec<Key>,
    /// The keys that begin with byte b are `first[b]..first[b + 1]`.
    first: Vec<usize>,
}

#[derive(Clone, Copy, Debug)]
struct Key {
    start: usize,
    len: usize,
    value: u32,
}

impl Trie {
    /// A trie of some texts. Of those alike the last one's value counts, and
    /// the empty text is never found.
    pub(super) fn new<T: AsRef<[u8]>>(entries: impl IntoIterator<Item = (T, u32)>) -> Self {
        let mut bytes = Vec::new();
        // Beside its place, the first eight bytes of each: most comparisons
        // need no more.
        let mut order: Vec<(u64, Key)> = Vec::new();
        for (text, value) in entries {
            let text = text.as_ref();
            if text.is_empty() {
                continue;
            }
            let mut start = [0; 8];
            let n = text.len().min(8);
            start[..n].copy_from_slice(&text[..n]);
            let key = Key { start: bytes.len(), len: text.len(), value };
            order.push((u64::from_be_bytes(start), key));
            bytes.extend_from_slice(text);
        }
        let text = |key: &Key| &bytes[key.start..key.start + key.len];
        // The later of two alike comes first, so that it is the one kept.
        order.sort_unstable_by(|(a, left), (b, right)| {
            a.cmp(b)
                .then_with(|| text(left).cmp(text(right)))
                .then_with(|| right.start.cmp(&left.start))
        });
        order.dedup_by(|(a, left), (b, right)| a == b && text(left) == text(right));
        let keys: Vec<Key> = order.into_iter().map(|(_, key)| key).collect();
        let first = (0..=256)
            .map(|byte| keys.partition_point(|key| usize::from(bytes[key.start]) < byte))
            .collect();
        Self { bytes, keys, first }
    }

    /// The texts that `text` begins with, shortest first: length and value.
    pub(super) fn prefixes(&self, text: &[u8]) -> impl Iterator<Item = (usize, u32)> {
        let mut walk = Walk::new(self);
        let mut rest = text.iter();
        std::iter::from_fn(move || {
            for &byte in rest.by_ref() {
                if !walk.step(byte) {
                    break;
                }
                if let Some(value) = walk.value() {
                    return Some((walk.depth, value));
                }
            }
            rest = [].iter();
            None
        })
    }

    /// The longest text that `text` begins with.
    pub(super) fn longest(&self, text: &[u8]) -> Option<(usize, u32)> {
        self.prefixes(text).last()
    }

    /// How many bytes of `text` begin some text here, whole or not.
    pub(super) fn depth(&self, text: &[u8]) -> usize {
        let mut walk = Walk::new(self);
        text.iter().take_while(|&&byte| walk.step(byte)).count()
    }

    /// The byte of a key at a depth; `None` past its end.
    fn byte(&self, key: &Key, depth: usize) -> Option<u8> {
        (depth < key.len).then(|| self.bytes[key.start + depth])
    }
}

/// A way down: the keys `low..high` share their first `depth` bytes.
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

    /// Whether any key goes on with this byte.
    fn step(&mut self, byte: u8) -> bool {
        let Self { trie, low, high, depth } = *self;
        let (start, end) = match (depth, trie.first.get(usize::from(byte)..)) {
            (0, Some([start, end, ..])) => (*start, *end),
            (0, _) => (0, 0),
            _ => {
                let keys = &trie.keys[low..high];
                let start = keys.partition_point(|key| trie.byte(key, depth) < Some(byte));
                let same = |key: &Key| trie.byte(key, depth) == Some(byte);
                (low + start, low + start + keys[start..].partition_point(same))
            }
        };
        (self.low, self.high, self.depth) = (start, end, depth + 1);
        start < end
    }

    /// The value of the key that ends here, which is the first of the range.
    fn value(&self) -> Option<u32> {
        let key = self.trie.keys.get(self.low..self.high)?.first()?;
        (key.len == self.depth).then_some(key.value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_texts_that_a_text_begins_with() {
        let words = ["cat", "c", "category", "dog", "", "catalogues", "cat"];
        let trie = Trie::new(words.iter().zip(0..));
        let found = |text: &str| trie.prefixes(text.as_bytes()).collect::<Vec<_>>();
        assert_eq!(found("categorical"), [(1, 1), (3, 6)]);
        assert_eq!(found("catalogues!"), [(1, 1), (3, 6), (10, 5)]);
        assert!(found("do").is_empty());
        assert!(found("").is_empty());
        assert_eq!(trie.longest(b"category"), Some((8, 2)));
        assert_eq!(trie.longest(b"x"), None);
        assert_eq!(trie.depth(b"catalan"), 5);
        assert_eq!(trie.depth(b"x"), 0);
        assert_eq!(Trie::default().depth(b"x"), 0);
        assert_eq!(Trie::default().longest(b"x"), None);
    }

    #[test]
    fn it_finds_what_a_search_through_all_finds() {
        // Few letters, so that many words begin alike; and bytes past 127.
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
        let trie = Trie::new(words.iter().zip(0..));
        for _ in 0..2000 {
            let text = word(14);
            let mut expected: Vec<(usize, u32)> = words
                .iter()
                .zip(0..)
                .filter(|(word, _)| text.starts_with(word))
                .map(|(word, value)| (word.len(), value))
                .collect();
            expected.sort_by_key(|&(len, value)| (len, std::cmp::Reverse(value)));
            expected.dedup_by_key(|(len, _)| *len);
            assert_eq!(trie.prefixes(&text).collect::<Vec<_>>(), expected);
        }
    }
}
