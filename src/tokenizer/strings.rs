//! Many short strings in one piece of memory, and a hash index of them.

use std::hash::{BuildHasher, Hasher};

use hashbrown::hash_table::{Entry, HashTable};

use super::Error;
use crate::model;

/// At most this many strings are read from an array: an [`Index`] of 2^20 places
/// holds them. The largest vocabularies known have 262,144 tokens and 514,906
/// merges.
const MOST: u64 = 7 << 17;

/// A list of byte strings in one buffer.
#[derive(Debug, Default)]
pub(super) struct Strings {
    bytes: Vec<u8>,
    /// The end of each string. Positions in a header fit 32 bits.
    ends: Vec<u32>,
}

impl Strings {
    /// Reads the strings of a list, at most `most_bytes` bytes in all. `named`
    /// gives the text that replaces an empty string, or one that is too long.
    pub fn read(
        list: &model::Strings,
        most_bytes: usize,
        mut named: impl FnMut(u64, &[u8]) -> Option<String>,
    ) -> Result<Self, Error> {
        let (n, key) = (list.len(), list.key());
        if n > MOST {
            let reason = format!("{key} has {n} strings; the limit is {MOST}");
            return Err(Error::Unusable(reason));
        }
        // Unused capacity takes no memory, because its pages are never touched. A
        // growing buffer would take twice as much.
        let mut strings = Self { bytes: Vec::with_capacity(most_bytes), ends: Vec::new() };
        strings.ends.reserve_exact(n as usize);
        list.each(|i, string| {
            // llama.cpp's strings end at a zero byte.
            let string = &string[..memchr::memchr(0, string).unwrap_or(string.len())];
            let name = named(i, string);
            let string = name.as_ref().map_or(string, |name| name.as_bytes());
            if string.len() > most_bytes - strings.bytes.len() {
                let mib = most_bytes >> 20;
                return Err(Error::Unusable(format!(
                    "{key} has more than {mib} MiB of text, the limit"
                )));
            }
            strings.push(string);
            Ok(true)
        })?;
        strings.bytes.shrink_to_fit();
        Ok(strings)
    }

    pub fn push(&mut self, string: &[u8]) {
        self.bytes.extend_from_slice(string);
        self.ends.push(self.bytes.len() as u32);
    }

    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// # Panics
    /// If there is no string `i`.
    #[inline]
    pub fn get(&self, i: u32) -> &[u8] {
        let i = i as usize;
        let start = if i == 0 { 0 } else { self.ends[i - 1] };
        &self.bytes[start as usize..self.ends[i] as usize]
    }
}

impl<T: AsRef<[u8]>> FromIterator<T> for Strings {
    fn from_iter<I: IntoIterator<Item = T>>(all: I) -> Self {
        let mut strings = Self::default();
        all.into_iter().for_each(|string| strings.push(string.as_ref()));
        strings.bytes.shrink_to_fit();
        strings
    }
}

/// Finds the place of a string in [`Strings`].
#[derive(Debug)]
pub(super) struct Index {
    places: HashTable<u32>,
    hasher: hashbrown::DefaultHashBuilder,
}

impl Index {
    pub fn with_capacity(capacity: usize) -> Self {
        Self { places: HashTable::with_capacity(capacity), hasher: Default::default() }
    }

    /// Adds string `i`. Replaces an equal string, and returns its place.
    pub fn insert(&mut self, strings: &Strings, i: u32) -> Option<u32> {
        let Self { places, hasher } = self;
        let hash_at = |&j: &u32| hash(hasher, &[strings.get(j)]);
        match places.entry(hash_at(&i), |&j| strings.get(j) == strings.get(i), hash_at) {
            Entry::Occupied(mut there) => Some(std::mem::replace(there.get_mut(), i)),
            Entry::Vacant(free) => {
                free.insert(i);
                None
            }
        }
    }

    #[inline]
    pub fn get(&self, strings: &Strings, string: &[u8]) -> Option<u32> {
        self.places.find(hash(&self.hasher, &[string]), |&i| strings.get(i) == string).copied()
    }
}

/// The hash of a string that is in parts.
#[inline]
pub(super) fn hash(hasher: &hashbrown::DefaultHashBuilder, parts: &[&[u8]]) -> u64 {
    let mut hasher = hasher.build_hasher();
    parts.iter().for_each(|part| hasher.write(part));
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_of_equal_strings_is_found() {
        let strings: Strings = ["a", "", "bc", "a"].into_iter().collect();
        let mut index = Index::with_capacity(0);
        let before: Vec<_> = (0..4).map(|i| index.insert(&strings, i)).collect();
        assert_eq!(before, [None, None, None, Some(0)]);
        let found = [&b"a"[..], b"", b"bc", b"c"].map(|string| index.get(&strings, string));
        assert_eq!(found, [Some(3), Some(1), Some(2), None]);
    }
}
