//! Which tokens serve as examples: a cat and a dog where there are any.

use std::collections::{HashMap, HashSet};

use anyhow::{Result, bail};

use super::shared::is_usable;
use super::{TourToken, TourWord};
use crate::commands::model::View;
use crate::similarity::{self, Metric, Query, Search};

const FIRST: [[&str; 1]; 4] = [["The"], [" The"], ["the"], [" the"]];
const ALIKE: [[&str; 2]; 8] = [
    [" cat", " dog"],
    ["cat", "dog"],
    [" Cat", " Dog"],
    [" chat", " chien"],
    [" Katze", " Hund"],
    [" gato", " perro"],
    ["猫", "犬"],
    [" a", " the"],
];
const THIRD: [[&str; 1]; 4] = [[" sat"], ["sat"], [" on"], ["on"]];
const UNLIKE: [[&str; 1]; 5] = [[";"], [" ;"], [","], ["."], [" government"]];
/// Plurals of the words, for an analogy.
const PLURALS: [[&str; 1]; 5] = [[" cats"], ["cats"], [" Cats"], [" chats"], [" gatos"]];

/// At most this many rows are tried as an example.
const MAX_TRIED: u64 = 4096;

/// The IDs of the examples. Their rows are finite and not all zeros.
pub(super) struct Examples {
    /// The first of the three tokens that are looked up together.
    pub first: u64,
    /// The second one. Steps look for its neighbours.
    pub word: u64,
    pub third: u64,
    /// A token that should be similar to the word.
    pub alike: u64,
    /// A token that should not.
    pub unlike: u64,
    /// The plural of the word, if there is one.
    pub plural: Option<u64>,
    /// What a reader should know about the choice.
    pub notes: Vec<String>,
}

/// The rule of the choice, for the answer.
pub(super) fn rule() -> String {
    fn any<const N: usize>(choices: &[[&str; N]]) -> String {
        let quoted = choices.iter().map(|texts| texts.map(|text| format!("\"{text}\"")));
        quoted.map(|texts| texts.join(" with ")).collect::<Vec<_>>().join(", ")
    }
    format!(
        "the first of these that are tokens with a row that is finite and not all zeros; first: \
         {}; word with alike: {}; third: {}; unlike: {}; where none is, the first usable row from \
         1/8 (first), 2/8 (word), 3/8 (third) or 6/8 (unlike) of the table on, and as alike the \
         row nearest to the word's",
        any(&FIRST),
        any(&ALIKE),
        any(&THIRD),
        any(&UNLIKE)
    )
}

impl Examples {
    /// Chooses among the first `present` rows of a table.
    pub(super) fn choose(view: &View, present: u64, threads: usize) -> Result<Self> {
        let mut chooser = Chooser { view, present, found: HashMap::new(), taken: Vec::new() };
        chooser.find()?;
        let pair = chooser.texts(&ALIKE)?;
        let unlike = chooser.texts(&UNLIKE)?.map(|[id]| id);
        let first = chooser.texts(&FIRST)?.map(|[id]| id);
        let third = chooser.texts(&THIRD)?.map(|[id]| id);

        let plural = chooser.plural(pair)?;
        let mut missing = Vec::new();
        let mut or_row = |found: Option<u64>, eighths, role| {
            if let Some(id) = found {
                return Ok(id);
            }
            missing.push(role);
            chooser.row(eighths)
        };
        let word = or_row(pair.map(|[word, _]| word), 2, "word (and alike)")?;
        let first = or_row(first, 1, "first")?;
        let third = or_row(third, 3, "third")?;
        let unlike = or_row(unlike, 6, "unlike")?;
        let mut notes = Vec::new();
        if !missing.is_empty() {
            notes.push(format!(
                "no token here has a text that the tour looks for as {}: rows serve that are \
                 chosen by their place in the table",
                missing.join(", ")
            ));
        }
        let alike = match pair {
            Some([_, alike]) => alike,
            None => nearest(view, present, word, threads)?.unwrap_or(word),
        };
        if chooser.taken.iter().collect::<HashSet<_>>().len() < chooser.taken.len() {
            notes.push("so few rows can serve as examples that some serve twice".to_owned());
        }
        Ok(Self { first, word, third, alike, unlike, plural, notes })
    }

    /// The three tokens that are looked up together.
    pub(super) fn three(&self) -> [u64; 3] {
        [self.first, self.word, self.third]
    }

    /// The list of the examples, for the answer.
    pub(super) fn listed(&self, token: impl Fn(u64) -> Result<TourToken>) -> Result<Vec<TourWord>> {
        let roles = ["first", "word", "third", "alike", "unlike"];
        let ids = [self.first, self.word, self.third, self.alike, self.unlike];
        let words = roles.into_iter().zip(ids);
        words.map(|(role, id)| Ok(TourWord { role, token: token(id)? })).collect()
    }
}

struct Chooser<'a> {
    view: &'a View,
    present: u64,
    /// The lowest ID of each text above, where the vocabulary has it.
    found: HashMap<&'static [u8], Option<u64>>,
    taken: Vec<u64>,
}

impl Chooser<'_> {
    /// Finds all texts in one pass over the vocabulary.
    fn find(&mut self) -> Result<()> {
        let Ok(vocab) = self.view.vocab() else { return Ok(()) };
        let one = FIRST.iter().chain(&THIRD).chain(&UNLIKE).chain(&PLURALS).flatten();
        let texts = one.chain(ALIKE.as_flattened());
        self.found = texts.map(|text| (text.as_bytes(), None)).collect();
        vocab.each(|id, text| {
            if let Some(found @ None) = self.found.get_mut(text) {
                *found = Some(id);
            }
            Ok(id + 1 < self.present)
        })
    }

    /// The IDs of the first choice whose texts all have a usable row, not taken.
    fn texts<const N: usize>(&mut self, choices: &[[&'static str; N]]) -> Result<Option<[u64; N]>> {
        for texts in choices {
            let mut ids = Vec::new();
            for id in texts.iter().filter_map(|text| *self.found.get(text.as_bytes())?) {
                if !self.taken.contains(&id) && is_usable(&self.view.table.row(id)?) {
                    ids.push(id);
                }
            }
            if let Ok(ids) = <[u64; N]>::try_from(ids) {
                self.taken.extend(ids);
                return Ok(Some(ids));
            }
        }
        Ok(None)
    }

    /// The plural of the first of a pair.
    fn plural(&mut self, pair: Option<[u64; 2]>) -> Result<Option<u64>> {
        let Some([word, _]) = pair else { return Ok(None) };
        let Some(word) = self.view.token(word)?.token else { return Ok(None) };
        let is_plural = |[text]: &&[&'static str; 1]| text.strip_suffix('s') == Some(&*word);
        let Some(text) = PLURALS.iter().find(is_plural) else { return Ok(None) };
        Ok(self.texts(std::slice::from_ref(text))?.map(|[id]| id))
    }

    /// The first usable row that is not taken, beginning at some eighths of the
    /// table; a row that is taken where there is no other.
    fn row(&mut self, eighths: u64) -> Result<u64> {
        let start = (u128::from(self.present) * u128::from(eighths) / 8) as u64;
        let tried = self.present.min(MAX_TRIED);
        let mut second_best = None;
        for id in (0..tried).map(|step| (start + step) % self.present) {
            if is_usable(&self.view.table.row(id)?) {
                if !self.taken.contains(&id) {
                    self.taken.push(id);
                    return Ok(id);
                }
                second_best.get_or_insert(id);
            }
        }
        let Some(id) = second_best else {
            bail!(
                "of {tried} rows tried, from {start} on, each is all zeros or has a NaN or an \
                 infinity: there is nothing to tour (lookup shows such rows)"
            )
        };
        self.taken.push(id);
        Ok(id)
    }
}

fn nearest(view: &View, present: u64, id: u64, threads: usize) -> Result<Option<u64>> {
    let query = Query::of_row(id, view.table.row(id)?);
    let search = Search { metric: Metric::Cosine, k: 1, threads };
    let found = similarity::nearest(&view.table, present, &[query], &search)?;
    Ok(found.neighbors.first().and_then(|nearest| nearest.first()).map(|nearest| nearest.id))
}
