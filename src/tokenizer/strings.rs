//! Many short strings in one piece of memory, and a hash index of them.

use std::hash::{BuildHasher, Hasher};

use hashbrown::hash_table::{Entry, HashTable};

/// Strings of bytes, one after another.
#[derive(Debug, Default)]
pub(super) struct Strings {
    bytes: Vec<u8>,
    /// Where each one ends. A header is never longer than 32 bits can count.
    ends: Vec<u32>,
}

impl Strings {
    pub fn push(&mut self, string: &[u8]) {
        self.bytes.extend_from_slice(string);
        self.ends.push(self.bytes.len() as u32);
    }

    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// # Panics
    /// Past the last.
    #[inline]
    pub fn get(&self, i: u32) -> &[u8] {
        let i = i as usize;
        let start = if i == 0 { 0 } else { self.ends[i - 1] };
        &self.bytes[start as usize..self.ends[i] as usize]
    }
}

/// From a string to its place in [`Strings`].
#[derive(Debug)]
pub(super) struct Index {
    places: HashTable<u32>,
    hasher: hashbrown::DefaultHashBuilder,
}

impl Index {
    pub fn with_capacity(capacity: usize) -> Self {
        Self { places: HashTable::with_capacity(capacity), hasher: Default::default() }
    }

    #[inline]
    fn hash(&self, string: &[u8]) -> u64 {
        let mut hasher = self.hasher.build_hasher();
        hasher.write(string);
        hasher.finish()
    }

    /// Adds one of the strings; where an equal one is there, takes its place and
    /// returns it.
    pub fn insert(&mut self, strings: &Strings, i: u32) -> Option<u32> {
        let hash = self.hash(strings.get(i));
        let Self { places, hasher } = self;
        let rehash = |&j: &u32| {
            let mut hasher = hasher.build_hasher();
            hasher.write(strings.get(j));
            hasher.finish()
        };
        match places.entry(hash, |&j| strings.get(j) == strings.get(i), rehash) {
            Entry::Occupied(mut there) => Some(std::mem::replace(there.get_mut(), i)),
            Entry::Vacant(free) => {
                free.insert(i);
                None
            }
        }
    }

    #[inline]
    pub fn get(&self, strings: &Strings, string: &[u8]) -> Option<u32> {
        self.places.find(self.hash(string), |&i| strings.get(i) == string).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_of_equal_strings_is_found() {
        let mut strings = Strings::default();
        for string in ["a", "", "bc", "a"] {
            strings.push(string.as_bytes());
        }
        let mut index = Index::with_capacity(0);
        let before: Vec<_> = (0..4).map(|i| index.insert(&strings, i)).collect();
        assert_eq!(before, [None, None, None, Some(0)]);
        let found = [&b"a"[..], b"", b"bc", b"c"].map(|string| index.get(&strings, string));
        assert_eq!(found, [Some(3), Some(1), Some(2), None]);
    }
}
