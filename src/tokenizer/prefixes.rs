//! Finds which of many texts another text begins with.
//!
//! The texts are a sorted list. Each text knows its parent: the longest other text
//! of the list that it begins with. Let `t` be the text that is searched. Every
//! text of the list that `t` begins with sorts before `t`, and the last text before
//! `t` begins with all of them. So a binary search for that last text finds them:
//! they are this text and its ancestors, if they are no longer than the part that
//! it shares with `t`.
//!
//! The search compares long texts by blocks of bytes. A trie needs a step for
//! each byte: a vocabulary made to be slow (`a`, `aa`, `aaa`, ...) takes two
//! thousand steps at each place of a text.

use std::sync::Arc;

use super::strings::Strings;

#[derive(Debug)]
pub(super) struct Prefixes {
    texts: Arc<Strings>,
    /// The texts of the set, sorted. No two are equal, and none is empty.
    keys: Vec<Key>,
    /// The parent of each key, or [`NONE`].
    parents: Vec<u32>,
    /// For each key, an ancestor farther up, or [`NONE`]: with these, a long
    /// way up takes few steps. Empty if no way is long.
    jumps: Vec<u32>,
    /// The keys that begin with byte b are `first[b]..first[b + 1]`.
    first: [u32; 257],
    /// The most keys that one text can begin with.
    nesting: usize,
}

/// A text of the set that another text begins with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Prefix {
    pub len: usize,
    /// Its place among all texts.
    pub place: u32,
    /// Its place in the sorted list.
    key: u32,
}

/// Packed into 12 bytes instead of 16, because a vocabulary has many keys.
#[derive(Clone, Copy, Debug)]
#[repr(Rust, packed(4))]
struct Key {
    /// The first bytes of the text, then zeros. Most comparisons need only these,
    /// which avoids random reads.
    start: u64,
    place: u32,
}

/// At most this many texts of a set may begin one text
/// ([`Prefixes::refuse_deep_nesting`]). The most known in a vocabulary is 86.
const MOST_NESTED: usize = 256;

const NONE: u32 = u32::MAX;

/// A key with at most this many ancestors needs no jumps.
const FEW: usize = 4;

/// The number of bytes in [`Key::start`].
const START: usize = 8;

impl Prefixes {
    /// The set of the texts at `places`. Of equal texts the last one is in the
    /// set. The empty text is not.
    pub(super) fn new(texts: Arc<Strings>, places: impl IntoIterator<Item = u32>) -> Self {
        let text = |key: &Key| texts.get(key.place);
        let key = |place| Key { start: start_of(texts.get(place)), place };
        let mut keys: Vec<Key> =
            places.into_iter().map(key).filter(|key| !text(key).is_empty()).collect();
        // The later of equal texts comes first, so it is the one that is kept.
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
        let mut prefixes =
            Self { texts, keys, parents: Vec::new(), jumps: Vec::new(), first, nesting: 0 };
        prefixes.find_parents();
        prefixes
    }

    fn find_parents(&mut self) {
        // The keys that the last one begins with, and itself.
        let mut open: Vec<u32> = Vec::new();
        self.parents = Vec::with_capacity(self.keys.len());
        for key in 0..self.keys.len() as u32 {
            let text = self.text(key);
            while let Some(&last) = open.last()
                && !text.starts_with(self.text(last))
            {
                open.pop();
            }
            self.parents.push(open.last().copied().unwrap_or(NONE));
            open.push(key);
            self.nesting = self.nesting.max(open.len());
        }
        if self.nesting <= FEW {
            return;
        }
        // A jump is twice as long as the one before it, if that fits. So the steps
        // to any ancestor are about twice the logarithm of the distance.
        let mut levels: Vec<u32> = Vec::with_capacity(self.keys.len());
        for &parent in &self.parents {
            let (jump, level) = match parent {
                NONE => (NONE, 0),
                parent => {
                    let level_of = |key: u32| levels.get(key as usize).map_or(0, |at| at + 1);
                    let jump = self.jumps[parent as usize];
                    let beyond = self.jumps.get(jump as usize).copied().unwrap_or(NONE);
                    let is_double =
                        level_of(parent) - level_of(jump) == level_of(jump) - level_of(beyond);
                    (if is_double { beyond } else { parent }, level_of(parent))
                }
            };
            self.jumps.push(jump);
            levels.push(level);
        }
    }

    fn text(&self, key: u32) -> &[u8] {
        self.texts.get(self.keys[key as usize].place)
    }

    fn prefix(&self, key: u32) -> Prefix {
        let place = self.keys[key as usize].place;
        Prefix { len: self.texts.get(place).len(), place, key }
    }

    /// Refuses a set in which one text begins with very many others: some
    /// families weigh all of them at each place of a text.
    pub(super) fn refuse_deep_nesting(&self) -> Result<(), String> {
        if self.nesting <= MOST_NESTED {
            return Ok(());
        }
        Err(format!(
            "{} of its tokens begin with one another (as a, ab, abc do), and at most \
             {MOST_NESTED} are weighed",
            self.nesting
        ))
    }

    /// All texts of the set that `text` begins with, longest first.
    pub(super) fn all(&self, text: &[u8]) -> impl Iterator<Item = Prefix> {
        std::iter::successors(self.longest(text), |prefix| self.parent(*prefix))
    }

    #[inline]
    pub(super) fn longest(&self, text: &[u8]) -> Option<Prefix> {
        let (key, shared) = self.last_before(text)?;
        self.up_to(self.prefix(key), shared)
    }

    /// The longest of a prefix and its ancestors that has at most `most` bytes.
    #[inline]
    pub(super) fn up_to(&self, mut prefix: Prefix, most: usize) -> Option<Prefix> {
        while prefix.len > most {
            let jump = self.jumps.get(prefix.key as usize).filter(|&&key| key != NONE);
            let far = jump.map(|&key| self.prefix(key)).filter(|far| far.len > most);
            prefix = far.or_else(|| self.parent(prefix))?;
        }
        Some(prefix)
    }

    fn parent(&self, prefix: Prefix) -> Option<Prefix> {
        let parent = self.parents[prefix.key as usize];
        (parent != NONE).then(|| self.prefix(parent))
    }

    /// The length of the longest start of `text` that starts a text of the set.
    pub(super) fn depth(&self, text: &[u8]) -> usize {
        let Some((low, _)) = text.first().map(|&byte| self.beginning_with(byte)) else { return 0 };
        let next = self.last_before(text).map_or(low, |(key, _)| key as usize + 1);
        let beside = [next.checked_sub(1), Some(next)].into_iter().flatten();
        let shared = |key: usize| shared(self.text(key as u32), text);
        beside.filter(|&key| key < self.keys.len()).map(shared).max().unwrap_or(0)
    }

    fn beginning_with(&self, byte: u8) -> (usize, usize) {
        let byte = usize::from(byte);
        (self.first[byte] as usize, self.first[byte + 1] as usize)
    }

    /// The last key that does not sort after `text` and has the same first byte,
    /// and how many bytes the two share.
    #[inline]
    fn last_before(&self, text: &[u8]) -> Option<(u32, usize)> {
        let (least, mut high) = self.beginning_with(*text.first()?);
        let mut low = least;
        let start = start_of(text);
        // How many bytes `text` shares with the keys at both ends of the range.
        // The keys between share at least the smaller number of bytes, so these
        // are not compared again.
        let (mut shared_low, mut shared_high) = (0, 0);
        while low < high {
            let middle = low + (high - low) / 2;
            let key = self.keys[middle];
            let (is_before, shared) = if key.start != start {
                let same = (key.start ^ start).leading_zeros() as usize / 8;
                (key.start < start, same.min(text.len()))
            } else {
                let key = self.texts.get(key.place);
                let known = shared_low.min(shared_high).min(key.len());
                let shared = known + shared(&key[known..], &text[known..]);
                let is_before =
                    shared == key.len() || (shared < text.len() && key[shared] < text[shared]);
                (is_before, shared)
            };
            if is_before {
                (low, shared_low) = (middle + 1, shared);
            } else {
                (high, shared_high) = (middle, shared);
            }
        }
        (low > least).then(|| (low as u32 - 1, shared_low))
    }
}

/// The first bytes of a text as a number that sorts like them.
#[inline]
fn start_of(text: &[u8]) -> u64 {
    if let Some(start) = text.first_chunk::<START>() {
        return u64::from_be_bytes(*start);
    }
    let mut start = [0; START];
    start[..text.len()].copy_from_slice(text);
    u64::from_be_bytes(start)
}

/// The length of the longest start that two texts share.
#[inline]
fn shared(a: &[u8], b: &[u8]) -> usize {
    const WIDE: usize = 8;
    let mut at = 0;
    // `memcmp` compares these blocks many times as fast.
    for block in [256, 32] {
        while let (Some(x), Some(y)) = (a.get(at..at + block), b.get(at..at + block))
            && x == y
        {
            at += block;
        }
    }
    while let (Some(x), Some(y)) = (a[at..].first_chunk::<WIDE>(), b[at..].first_chunk::<WIDE>()) {
        let unlike = u64::from_le_bytes(*x) ^ u64::from_le_bytes(*y);
        if unlike != 0 {
            return at + unlike.trailing_zeros() as usize / 8;
        }
        at += WIDE;
    }
    at + a[at..].iter().zip(&b[at..]).take_while(|(x, y)| x == y).count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::SplitMix64;

    fn prefixes<T: AsRef<[u8]>>(texts: impl IntoIterator<Item = T>) -> Prefixes {
        let texts: Strings = texts.into_iter().collect();
        let places = 0..texts.len() as u32;
        Prefixes::new(Arc::new(texts), places)
    }

    /// Length and place of each, shortest first.
    fn found(prefixes: &Prefixes, text: &[u8]) -> Vec<(usize, u32)> {
        let mut found: Vec<_> =
            prefixes.all(text).map(|Prefix { len, place, .. }| (len, place)).collect();
        found.reverse();
        found
    }

    #[test]
    fn the_texts_that_a_text_begins_with() {
        let words = ["cat", "c", "category", "dog", "", "catalogues", "cat"];
        let prefixes = prefixes(words);
        let found = |text: &str| found(&prefixes, text.as_bytes());
        assert_eq!(found("categorical"), [(1, 1), (3, 6)]);
        assert_eq!(found("catalogues!"), [(1, 1), (3, 6), (10, 5)]);
        assert!(found("do").is_empty());
        assert!(found("").is_empty());
        let longest = |text: &[u8]| prefixes.longest(text).map(|found| (found.len, found.place));
        assert_eq!(longest(b"category"), Some((8, 2)));
        assert_eq!(longest(b"x"), None);
        assert_eq!(prefixes.depth(b"catalan"), 5);
        assert_eq!(prefixes.depth(b"x"), 0);
        assert_eq!(prefixes.depth(b""), 0);
        assert_eq!(prefixes.nesting, 3);
        assert!(prefixes.refuse_deep_nesting().is_ok());
    }

    #[test]
    fn it_equals_a_search_through_all_texts() {
        // Few letters, so that many words begin alike; and bytes past 127.
        let letters = [0, b'a', b'b', 0xff];
        let mut random = SplitMix64::new(7);
        let mut random = |below: usize| random.below(below as u64) as usize;
        for (letters, longest) in [(&letters[..], 12), (&letters[..2], 30), (&letters[1..2], 90)] {
            let mut word = |longest: usize| {
                (0..1 + random(longest)).map(|_| letters[random(letters.len())]).collect()
            };
            let words: Vec<Vec<u8>> = (0..400).map(|_| word(longest)).collect();
            let prefixes = prefixes(&words);
            for _ in 0..2000 {
                let text = word(longest + 2);
                let mut expected: Vec<(usize, u32)> = words
                    .iter()
                    .zip(0..)
                    .filter(|(word, _)| text.starts_with(word))
                    .map(|(word, place)| (word.len(), place))
                    .collect();
                expected.sort_by_key(|&(len, place)| (len, std::cmp::Reverse(place)));
                expected.dedup_by_key(|(len, _)| *len);
                assert_eq!(found(&prefixes, &text), expected, "{text:?} in {words:?}");
                let depth = words.iter().map(|word| shared(word, &text)).max();
                assert_eq!(Some(prefixes.depth(&text)), depth, "{text:?} in {words:?}");
                let Some(longest) = prefixes.longest(&text) else { continue };
                for most in 0..=longest.len {
                    let within = expected.iter().rev().find(|(len, _)| *len <= most);
                    let found = prefixes.up_to(longest, most).map(|found| (found.len, found.place));
                    assert_eq!(found, within.copied(), "up to {most} of {text:?} in {words:?}");
                }
            }
        }
    }

    #[test]
    fn a_long_way_up_is_a_few_steps() {
        let words: Vec<Vec<u8>> = (1..2000).map(|len| vec![b'a'; len]).collect();
        let prefixes = prefixes(&words);
        let refused = prefixes.refuse_deep_nesting().unwrap_err();
        assert!(refused.starts_with("1999 of its tokens"), "{refused}");
        let far = prefixes.longest(&[b'a'; 3000]).unwrap();
        assert_eq!(far.len, 1999);
        for most in [1, 2, 3, 500, 1234, 1998] {
            let (mut key, mut steps) = (far.key, 0);
            while prefixes.prefix(key).len > most {
                let jump = prefixes.jumps[key as usize];
                let jumps = jump != NONE && prefixes.prefix(jump).len > most;
                key = if jumps { jump } else { prefixes.parents[key as usize] };
                steps += 1;
            }
            assert!(steps < 32, "{steps} steps to {most}");
            assert_eq!(prefixes.up_to(far, most).unwrap().len, most);
        }
    }
}
