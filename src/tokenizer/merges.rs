//! The merges of a byte-pair vocabulary: which pairs merge, in which order.

use hashbrown::hash_table::{Entry, HashTable};

use crate::model::Model;
use crate::vocab::{halves, made_by};

use super::Error;
use super::pre::Pre;
use super::strings::{Strings, hash};

/// The most bytes of all merges of a file. The largest known vocabulary has 5 MB.
const MOST_BYTES: usize = 16 << 20;

/// The merges as they are stored, `left right`, found by their two halves.
#[derive(Debug, Default)]
pub(super) struct Merges {
    texts: Strings,
    /// Ranks, which are places in `texts`.
    ranks: HashTable<u32>,
    hasher: hashbrown::DefaultHashBuilder,
}

impl Merges {
    pub fn of(model: &Model, pre: &Pre) -> Result<Self, Error> {
        match model.merges().map_err(super::unfit)? {
            Some(merges) => Ok(Self::new(Strings::read(&merges, MOST_BYTES, |_, _| None)?)),
            None if pre.needs_merges => {
                let reason = "its tokenizer has no merges (no tokenizer.ggml.merges)";
                Err(Error::Unusable(reason.to_owned()))
            }
            None => Ok(Self::default()),
        }
    }

    fn new(texts: Strings) -> Self {
        let hasher = hashbrown::DefaultHashBuilder::default();
        let mut ranks = HashTable::with_capacity(texts.len());
        let hash_at = |&rank: &u32| {
            let (left, right) = halves(texts.get(rank)).unwrap_or_default();
            hash(&hasher, &[left, right])
        };
        for rank in 0..texts.len() as u32 {
            let merge = texts.get(rank);
            // Skip a merge without two halves: it merges nothing.
            let Some((left, right)) = halves(merge) else { continue };
            let is_it = |&rank: &u32| texts.get(rank) == merge;
            // Of two equal merges, the first counts.
            if let Entry::Vacant(free) = ranks.entry(hash(&hasher, &[left, right]), is_it, hash_at)
            {
                free.insert(rank);
            }
        }
        Self { texts, ranks, hasher }
    }

    /// What each merge makes.
    pub fn made(&self) -> impl Iterator<Item = Vec<u8>> {
        (0..self.texts.len() as u32).filter_map(|rank| made_by(self.texts.get(rank)))
    }

    /// The rank of the merge of two neighbours: the lowest is first. `None` for none.
    #[inline]
    pub fn rank(&self, left: &[u8], right: &[u8]) -> Option<u32> {
        let is_it = |&rank: &u32| {
            let merge = self.texts.get(rank);
            merge.len() == left.len() + 1 + right.len()
                && merge.starts_with(left)
                && merge[left.len()] == b' '
                && merge.ends_with(right)
        };
        self.ranks.find(hash(&self.hasher, &[left, right]), is_it).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_merge_is_found_by_its_halves() {
        let texts = ["a b", "ab c", "a b", "  x", "none", "", "a bc"];
        let merges = Merges::new(texts.into_iter().collect());
        let rank = |left: &str, right: &str| merges.rank(left.as_bytes(), right.as_bytes());
        assert_eq!(rank("a", "b"), Some(0), "the first of two");
        assert_eq!(rank("ab", "c"), Some(1));
        assert_eq!(rank("a", "bc"), Some(6), "of the same text, cut elsewhere");
        assert_eq!(rank("", "none"), None);
        assert_eq!(rank("abc", ""), None);
    }
}
