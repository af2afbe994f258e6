//! The token IDs of words that came before in a text. Texts repeat their words.

use hashbrown::hash_table::{Entry, HashTable};

use super::strings::hash;

/// Words and their IDs. Its memory is bounded.
#[derive(Default)]
pub(super) struct Memo {
    /// Whether words are kept.
    is_used: bool,
    words: HashTable<Word>,
    texts: Vec<u8>,
    ids: Vec<u32>,
    hasher: hashbrown::DefaultHashBuilder,
}

struct Word {
    /// Where it ends in `texts`, and its length.
    end: u32,
    len: u32,
    /// Where its IDs are in `ids`.
    first: u32,
    n: u32,
}

/// Longer words are not kept: they seldom come again.
const LONGEST: usize = 64;

/// With so many words it is emptied: some 3 MB.
const MOST: usize = 1 << 16;

impl Memo {
    /// For a long text; for a short one it is a detour.
    pub fn used() -> Self {
        Self { is_used: true, ..Self::default() }
    }

    /// Appends the IDs of a word to `ids`; `find` appends those of a word that is new.
    pub fn ids<E>(
        &mut self,
        word: &[u8],
        ids: &mut Vec<u32>,
        find: impl FnOnce(&mut Vec<u32>) -> Result<(), E>,
    ) -> Result<(), E> {
        if !self.is_used || word.len() > LONGEST {
            return find(ids);
        }
        if self.words.len() == MOST {
            self.words.clear();
            self.texts.clear();
            self.ids.clear();
        }
        let Self { words, texts, ids: known, hasher, .. } = self;
        let text = |it: &Word| &texts[(it.end - it.len) as usize..it.end as usize];
        let found = words.entry(
            hash(hasher, &[word]),
            |it| text(it) == word,
            |it| hash(hasher, &[text(it)]),
        );
        match found {
            Entry::Occupied(it) => {
                let &Word { first, n, .. } = it.get();
                ids.extend_from_slice(&known[first as usize..(first + n) as usize]);
            }
            Entry::Vacant(free) => {
                let before = ids.len();
                find(ids)?;
                let (end, len) = ((texts.len() + word.len()) as u32, word.len() as u32);
                let (first, n) = (known.len() as u32, (ids.len() - before) as u32);
                free.insert(Word { end, len, first, n });
                texts.extend_from_slice(word);
                known.extend_from_slice(&ids[before..]);
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_found_once_until_there_are_too_many() {
        let mut memo = Memo::used();
        let mut found = 0;
        let words = MOST as u32 / 3 * 2;
        for word in (0..words).chain(0..words).chain(words..2 * words) {
            let mut ids = vec![7];
            let find = |ids: &mut Vec<u32>| {
                found += 1;
                ids.extend([word, word + 1]);
                Ok::<_, ()>(())
            };
            memo.ids(&word.to_le_bytes(), &mut ids, find).unwrap();
            assert_eq!(ids, [7, word, word + 1]);
        }
        assert_eq!(found, 2 * words, "those of the second round were known");
        assert!(memo.words.len() < MOST, "it was emptied");
        memo.ids(b"wrong", &mut Vec::new(), |_| Err(1)).unwrap_err();
        let mut ids = Vec::new();
        for _ in 0..2 {
            memo.ids(&[b'a'; LONGEST + 1], &mut ids, |ids| {
                ids.push(1);
                Ok::<_, ()>(())
            })
            .unwrap();
        }
        assert_eq!(ids, [1, 1]);
    }
}
