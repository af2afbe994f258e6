//! Which tokens may be in an answer: whole words, tokens of one script, no variants of
//! the tokens that were asked about.

use std::collections::{HashMap, HashSet};

use anyhow::{Result, anyhow};
use regex::Regex;

use super::model::View;
use crate::rows::Rows;
use crate::similarity::{self, LeftOut, Nearest, Query, Search};
use crate::text::quoted;

/// Whole words: letters after a space, or letters of a script that has no spaces.
const WORD: &str = r"^(?: \p{L}[\p{L}\p{M}'’-]*|[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}ー]+)$";

/// At most this many neighbours of all queries are in memory at a time.
const MAX_NEIGHBORS: usize = 1 << 20;

/// Which candidates to leave out.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Leaves out pieces of words, numbers and signs.
    pub words_only: bool,
    /// Leaves out tokens that have letters of another script than this, or none.
    pub script: Option<String>,
    /// Leaves out tokens that differ from a query only in case or spaces.
    pub no_variants: bool,
}

/// The candidates of a search.
pub(super) struct Candidates<'a> {
    view: &'a View,
    patterns: Vec<Regex>,
    /// The IDs of the tokens that are variants of each other, by what they share.
    variants: HashMap<String, Vec<u64>>,
}

impl<'a> Candidates<'a> {
    /// The candidates for queries about these tokens.
    pub(super) fn new(filter: &Filter, view: &'a View, ids: &[u64]) -> Result<Self> {
        let mut patterns = Vec::new();
        if filter.words_only {
            patterns.push(Regex::new(WORD)?);
        }
        if let Some(script) = &filter.script {
            patterns.push(of_script(script)?);
        }
        if !patterns.is_empty() || filter.no_variants {
            let vocab = view.labels();
            vocab.map_err(|reason| anyhow!("there are no texts to choose tokens by: {reason}"))?;
        }
        let mut found = Self { view, patterns, variants: HashMap::new() };
        if filter.no_variants {
            found.find_variants(ids)?;
        }
        Ok(found)
    }

    fn find_variants(&mut self, ids: &[u64]) -> Result<()> {
        for id in ids {
            if let Some(key) = key(&self.view.token(*id)?.bytes()) {
                self.variants.insert(key, Vec::new());
            }
        }
        let (Ok(vocab), false) = (self.view.labels(), self.variants.is_empty()) else {
            return Ok(());
        };
        let longest = self.variants.keys().map(String::len).max().unwrap_or(0);
        vocab.each(|id, text| -> Result<bool> {
            // Case changes lengths a little, spaces are few.
            if text.len() <= 2 * longest + 8
                && let Some(variants) = key(text).and_then(|key| self.variants.get_mut(&key))
            {
                variants.push(id);
            }
            Ok(true)
        })?;
        // Rows may be of other tokens than their number says.
        for variants in self.variants.values_mut() {
            variants.retain_mut(|id| self.view.row_of(*id).map(|row| *id = row).is_ok());
        }
        Ok(())
    }

    /// These rows and their variants, for [`Query::exclude`].
    pub(super) fn with_variants(&self, rows: &[u64]) -> Result<Vec<u64>> {
        let mut all: HashSet<u64> = rows.iter().copied().collect();
        for row in rows {
            let key = key(&self.view.token(*row)?.bytes());
            all.extend(key.and_then(|key| self.variants.get(&key)).into_iter().flatten());
        }
        let mut all: Vec<u64> = all.into_iter().collect();
        all.sort_unstable();
        Ok(all)
    }

    /// Whether a row is a candidate.
    pub(super) fn has(&self, row: u64) -> Result<bool> {
        if self.patterns.is_empty() {
            return Ok(true);
        }
        let token = self.view.token(row)?;
        let text = token.token.as_deref().filter(|_| token.token_hex.is_none());
        Ok(text.is_some_and(|text| self.patterns.iter().all(|pattern| pattern.is_match(text))))
    }

    /// [`similarity::nearest`] among the candidates. Asks for more neighbours than are
    /// wanted, and for more again where too few of them are candidates.
    pub(super) fn nearest(
        &self,
        rows: &dyn Rows,
        n_rows: u64,
        queries: &[Query],
        search: &Search,
    ) -> Result<Nearest> {
        if self.patterns.is_empty() {
            return Ok(similarity::nearest(rows, n_rows, queries, search)?);
        }
        let mut neighbors = vec![Vec::new(); queries.len()];
        let mut left_out = LeftOut::default();
        let mut pending: Vec<usize> = (0..queries.len()).collect();
        let mut wide = search.k.saturating_mul(4).saturating_add(60);
        while !pending.is_empty() {
            let mut again = Vec::new();
            for some in pending.chunks((MAX_NEIGHBORS / wide).max(1)) {
                let asked: Vec<Query> = some.iter().map(|at| queries[*at].clone()).collect();
                let found =
                    similarity::nearest(rows, n_rows, &asked, &Search { k: wide, ..*search })?;
                left_out = found.left_out;
                for (at, all) in some.iter().zip(found.neighbors) {
                    let is_complete = all.len() < wide;
                    let mut kept = Vec::new();
                    for neighbor in all {
                        if kept.len() < search.k && self.has(neighbor.id)? {
                            kept.push(neighbor);
                        }
                    }
                    if is_complete || kept.len() == search.k {
                        neighbors[*at] = kept;
                    } else {
                        again.push(*at);
                    }
                }
            }
            pending = again;
            wide = wide.saturating_mul(8);
        }
        Ok(Nearest { neighbors, left_out })
    }
}

/// What variants of a token share: its text without spaces around it, in lower case.
fn key(text: &[u8]) -> Option<String> {
    let key = std::str::from_utf8(text).ok()?.trim().to_lowercase();
    (!key.is_empty()).then_some(key)
}

fn of_script(name: &str) -> Result<Regex> {
    let is_name = !name.is_empty() && name.bytes().all(|c| c.is_ascii_alphabetic() || c == b'_');
    let pattern = format!(r"^\P{{L}}*(?:\p{{sc={name}}}\P{{L}}*)+$");
    let regex = if is_name { Regex::new(&pattern).ok() } else { None };
    regex.ok_or_else(|| {
        anyhow!(
            "{} is no script that Unicode knows: write Latin, Cyrillic, Han, ...",
            quoted(name, 64)
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_letters_after_a_space() {
        let word = Regex::new(WORD).unwrap();
        for (text, is_word) in [
            (" cat", true),
            (" Straße", true),
            (" don't", true),
            ("cat", false),
            (" 7", false),
            (" ", false),
            ("猫", true),
            (" a1", false),
            (";", false),
        ] {
            assert_eq!(word.is_match(text), is_word, "{text:?}");
        }
    }

    #[test]
    fn a_script_is_that_of_all_letters() {
        let latin = of_script("Latin").unwrap();
        assert!(latin.is_match(" cat-7") && latin.is_match("é"));
        assert!(!latin.is_match("кот") && !latin.is_match("cкот") && !latin.is_match("77"));
        assert!(of_script("Klingon").is_err() && of_script("L}|.*").is_err());
    }

    #[test]
    fn variants_share_their_letters() {
        assert_eq!(key(b" Cat"), key(b"cAT "));
        assert_ne!(key(b"cat"), key(b"cats"));
        assert_eq!(key(b"  "), None);
        assert_eq!(key(b"\xff"), None);
    }
}
