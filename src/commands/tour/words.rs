//! Which tokens serve as examples: a cat and a dog where there are any.

use std::collections::HashMap;

use anyhow::{Result, bail};

use crate::answer::{TourToken, TourWord};
use crate::commands::model::View;
use crate::similarity::{self, Metric, Query, Search, norm};
use crate::stats::is_usable;

const FIRST: [&str; 4] = ["The", " The", "the", " the"];
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
const THIRD: [&str; 4] = [" sat", "sat", " on", "on"];
const UNLIKE: [&str; 4] = [";", " ;", ",", "."];

/// As many rows as are tried for one that can serve.
const MAX_TRIED: u64 = 4096;

/// The IDs of the examples. All their rows are finite and have a direction.
pub(super) struct Words {
    /// Of three that are looked up together, the first,
    pub first: u64,
    /// the second, and the one whose neighbours are looked for,
    pub word: u64,
    /// and the third.
    pub third: u64,
    /// One that is like the word, or should be.
    pub alike: u64,
    /// One that should not.
    pub unlike: u64,
    /// What a reader should know of the choice.
    pub notes: Vec<String>,
}

/// By which rule they are chosen, in words.
pub(super) fn rule() -> String {
    let any = |texts: &[&str]| {
        texts.iter().map(|text| format!("\"{text}\"")).collect::<Vec<_>>().join(", ")
    };
    let pairs: Vec<_> = ALIKE.iter().map(|[a, b]| format!("\"{a}\" with \"{b}\"")).collect();
    format!(
        "the first of these that are tokens with a row that is finite and not all zeros; first: \
         {}; word with alike: {}; third: {}; unlike: {}; where none is, the first usable row from \
         1/8 (first), 2/8 (word), 3/8 (third) or 6/8 (unlike) of the table on, and as alike the \
         row nearest to the word's",
        any(&FIRST),
        pairs.join(", "),
        any(&THIRD),
        any(&UNLIKE)
    )
}

impl Words {
    /// Chooses among the first `present` rows of a table.
    pub(super) fn choose(view: &View, present: u64, threads: usize) -> Result<Self> {
        let mut chooser = Chooser { view, present, found: HashMap::new(), taken: Vec::new() };
        chooser.find()?;
        let pair = chooser.pair()?;
        let unlike = chooser.text(&UNLIKE)?;
        let first = chooser.text(&FIRST)?;
        let third = chooser.text(&THIRD)?;

        let mut notes = Vec::new();
        let mut missing = Vec::new();
        let mut or_row = |chooser: &mut Chooser, found, eighths, role| match found {
            Some(id) => Ok(id),
            None => {
                missing.push(role);
                chooser.row(eighths)
            }
        };
        let word = or_row(&mut chooser, pair.map(|[word, _]| word), 2, "word (and alike)")?;
        let first = or_row(&mut chooser, first, 1, "first")?;
        let third = or_row(&mut chooser, third, 3, "third")?;
        let unlike = or_row(&mut chooser, unlike, 6, "unlike")?;
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
        if chooser.is_short() {
            notes.push("so few rows can serve as examples that some serve twice".to_owned());
        }
        Ok(Self { first, word, third, alike, unlike, notes })
    }

    /// The three that are looked up together.
    pub(super) fn three(&self) -> [u64; 3] {
        [self.first, self.word, self.third]
    }

    /// As an answer lists them.
    pub(super) fn listed(&self, token: impl Fn(u64) -> Result<TourToken>) -> Result<Vec<TourWord>> {
        [
            ("first", self.first),
            ("word", self.word),
            ("third", self.third),
            ("alike", self.alike),
            ("unlike", self.unlike),
        ]
        .into_iter()
        .map(|(role, id)| Ok(TourWord { role, token: token(id)? }))
        .collect()
    }
}

struct Chooser<'a> {
    view: &'a View,
    present: u64,
    /// The lowest ID of each text that was looked for.
    found: HashMap<&'static [u8], u64>,
    taken: Vec<u64>,
}

impl Chooser<'_> {
    /// Finds all texts in one pass over the vocabulary, if there is one.
    fn find(&mut self) -> Result<()> {
        let Ok(vocab) = self.view.vocab() else { return Ok(()) };
        let texts = FIRST.iter().chain(&THIRD).chain(&UNLIKE).chain(ALIKE.as_flattened());
        let mut ids: HashMap<&[u8], Option<u64>> =
            texts.map(|text| (text.as_bytes(), None)).collect();
        vocab.each(|id, text| -> Result<bool> {
            if let Some(found @ None) = ids.get_mut(text) {
                *found = Some(id);
            }
            Ok(id + 1 < self.present)
        })?;
        self.found = ids.into_iter().filter_map(|(text, id)| Some((text, id?))).collect();
        Ok(())
    }

    /// The ID of a text that has a row that can serve.
    fn usable(&self, text: &'static str) -> Result<Option<u64>> {
        match self.found.get(text.as_bytes()) {
            Some(&id) if is_usable(norm(&self.view.table.row(id)?)) => Ok(Some(id)),
            _ => Ok(None),
        }
    }

    fn text(&mut self, texts: &[&'static str]) -> Result<Option<u64>> {
        for text in texts {
            if let Some(id) = self.usable(text)?
                && !self.taken.contains(&id)
            {
                self.taken.push(id);
                return Ok(Some(id));
            }
        }
        Ok(None)
    }

    fn pair(&mut self) -> Result<Option<[u64; 2]>> {
        for [a, b] in ALIKE {
            if let (Some(a), Some(b)) = (self.usable(a)?, self.usable(b)?) {
                self.taken.extend([a, b]);
                return Ok(Some([a, b]));
            }
        }
        Ok(None)
    }

    /// The first row from some eighths of the table on that can serve and does
    /// not yet; one that does where there is no other.
    fn row(&mut self, eighths: u64) -> Result<u64> {
        let start = (u128::from(self.present) * u128::from(eighths) / 8) as u64;
        let mut second_best = None;
        for step in 0..self.present.min(MAX_TRIED) {
            let id = (start + step) % self.present;
            if is_usable(norm(&self.view.table.row(id)?)) {
                if !self.taken.contains(&id) {
                    self.taken.push(id);
                    return Ok(id);
                }
                second_best.get_or_insert(id);
            }
        }
        match second_best {
            Some(id) => {
                self.taken.push(id);
                Ok(id)
            }
            None => bail!(
                "of {} rows tried, from {start} on, each is all zeros or has a NaN or an \
                 infinity: there is nothing to tour (lookup shows such rows)",
                self.present.min(MAX_TRIED)
            ),
        }
    }

    /// Whether a row was taken twice.
    fn is_short(&self) -> bool {
        let mut sorted = self.taken.clone();
        sorted.sort_unstable();
        sorted.windows(2).any(|two| two[0] == two[1])
    }
}

/// The row nearest to another.
fn nearest(view: &View, present: u64, id: u64, threads: usize) -> Result<Option<u64>> {
    let query = Query::of_row(id, view.table.row(id)?);
    let search = Search { metric: Metric::Cosine, k: 1, threads };
    let found = similarity::nearest(&view.table, present, &[query], &search)?;
    Ok(found.neighbors.first().and_then(|nearest| nearest.first()).map(|nearest| nearest.id))
}
