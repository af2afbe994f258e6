//! What the steps of a tour share: the table, and what several steps compute.

use std::cell::OnceCell;
use std::path::Path;

use anyhow::{Context, Result, ensure};

use super::examples::{self, Examples};
use super::figures::Kind::{Cosine, Count, Id, Token, Word};
use super::figures::{Value, ValueColumn};
use super::{TOUR_STEPS, TourHead, TourToken};
use crate::commands::model::View;
use crate::embedding::Table;
use crate::input::Input;
use crate::model::{Fact, Model};
use crate::similarity::{self, Metric, Query, Rows, Search, norm};
use crate::stats::{self, Moments};
use crate::store::toy;
use crate::threads;
use crate::tour::{Pairs, random_pairs};

/// The seed of every random number. Any number will do that never changes.
pub(super) const SEED: u64 = 2026;

/// The head of the tour of `words`.
const ABOUT_WORDS: &str = "4,000 common words, with rows of all-MiniLM-L6-v2";

/// The number of random pairs. With so many, chance gives a rank correlation of
/// ±0.007, so 0.05 is not chance.
const PAIRS: u64 = 20_000;

/// At most this many values are decoded for the pairs of a wide table.
const PAIR_VALUES: u64 = 1 << 28;

/// The number of the word's neighbours that steps show.
const NEIGHBORS: usize = 5;

/// The table of a tour, its examples, and what is computed once.
pub(super) struct Tour<'g> {
    model: &'g Model,
    path: &'g Path,
    view: View,
    pub examples: Examples,
    /// What the model does to a row before the first block, or why it is unknown.
    pub input: Result<Input, String>,
    /// The number of whole rows in the file. Steps read no others.
    pub present: u64,
    pub threads: usize,
    random_pairs: OnceCell<Pairs>,
    neighbors: OnceCell<(Vec<Near>, u64)>,
}

impl<'g> Tour<'g> {
    pub(super) fn of(model: &'g Model, path: &'g Path) -> Result<Self> {
        let view = View::of_table(model, path)?;
        let present = view.table.rows_present();
        let named = || path.display().to_string();
        ensure!(
            present > 0,
            "{}: not one whole row of the table is in the file (an incomplete download?)",
            named()
        );
        let threads = threads::available();
        let examples = Examples::choose(&view, present, threads).with_context(named)?;
        let input = Input::of(model, view.table.d_model()).map_err(|error| format!("{error:#}"));
        let (random_pairs, neighbors) = (OnceCell::new(), OnceCell::new());
        Ok(Self { model, path, view, examples, input, present, threads, random_pairs, neighbors })
    }

    pub(super) fn head(&self) -> Result<TourHead> {
        let mut notes = self.view.notes.clone();
        if self.present < self.table().n_vocab() {
            notes.push(format!(
                "only rows 0 to {} of {} are in the file (an incomplete download?): the tour \
                 keeps to them",
                self.present - 1,
                self.table().n_vocab()
            ));
        }
        notes.extend(self.examples.notes.clone());
        Ok(TourHead {
            model: self.path.display().to_string(),
            about: (self.path == Path::new(toy::WORDS)).then_some(ABOUT_WORDS),
            architecture: self.architecture()?,
            table: self.view.info(),
            seed: SEED,
            words: self.examples.listed(|id| self.token(id))?,
            words_rule: examples::rule(),
            of: TOUR_STEPS,
            notes,
        })
    }

    /// The architecture; `None` where the file has no metadata.
    pub(super) fn architecture(&self) -> Result<Option<String>> {
        match self.model.text(Fact::Architecture) {
            Err(error) if error.is_missing_part() => Ok(None),
            architecture => Ok(architecture?),
        }
    }

    pub(super) fn table(&self) -> &Table {
        &self.view.table
    }

    pub(super) fn d_model(&self) -> u64 {
        self.table().d_model() as u64
    }

    pub(super) fn token(&self, id: u64) -> Result<TourToken> {
        Ok(TourToken { id, text: self.view.token(id)? })
    }

    /// A call of embcli on this model, to type next.
    pub(super) fn call(&self, command: &str, ids: &[u64], options: &str) -> Result<String> {
        let mut call = format!("embcli {command} {}", pasted(&self.path.to_string_lossy()));
        for id in ids {
            call = format!("{call} {}", self.argument(*id)?);
        }
        Ok(if options.is_empty() { call } else { format!("{call} {options}") })
    }

    /// A token as an argument: the text of a word, and otherwise the ID.
    pub(super) fn argument(&self, id: u64) -> Result<String> {
        let text = self.token(id)?.text.token.unwrap_or_default();
        let letters = text.strip_prefix(' ').unwrap_or(&text);
        let is_word = letters.len() > 1 && letters.bytes().all(|byte| byte.is_ascii_alphabetic());
        // Other tokens may have the same text.
        let Examples { word, alike, unlike, plural, notes, .. } = &self.examples;
        let is_example =
            [word, alike, unlike].into_iter().chain(plural).any(|example| *example == id)
                && notes.is_empty();
        Ok(if is_word && is_example { pasted(&text) } else { id.to_string() })
    }

    pub(super) fn random_pairs(&self) -> Result<&Pairs> {
        once(&self.random_pairs, || {
            let drawn = random_pairs(self.present, self.n_pairs(), SEED);
            Ok(Pairs::of(drawn, |id| self.table().row(id))?)
        })
    }

    /// The rows nearest to the word's row, and how many rows were compared.
    pub(super) fn neighbors(&self) -> Result<&(Vec<Near>, u64)> {
        once(&self.neighbors, || {
            self.near(self.table(), self.table().row(self.examples.word)?, NEIGHBORS)
        })
    }

    /// The `k` rows of a table with the highest cosine with `values`, the word's
    /// row, and how many rows were compared.
    pub(super) fn near(
        &self,
        rows: &dyn Rows,
        values: Vec<f32>,
        k: usize,
    ) -> Result<(Vec<Near>, u64)> {
        let query = Query::of_row(self.examples.word, values);
        let search = Search { metric: Metric::Cosine, k, threads: self.threads };
        let found = similarity::nearest(rows, self.present, &[query], &search)?;
        let left_out = found.left_out.zero + found.left_out.not_finite;
        let near = (1..)
            .zip(found.neighbors.into_iter().flatten())
            .map(|(rank, of)| Ok(Near { rank, token: self.token(of.id)?, cosine: of.score }));
        // The word's own row is not compared.
        Ok((near.collect::<Result<_>>()?, (self.present - left_out).saturating_sub(1)))
    }

    pub(super) fn n_pairs(&self) -> u64 {
        PAIRS.min(PAIR_VALUES / 2 / self.d_model()).max(1)
    }

    /// A row as it enters the first block, or why that is not known.
    pub(super) fn entering(&self, row: &[f32], position: u64) -> Result<Vec<f32>, String> {
        let input = self.input.as_ref().map_err(Clone::clone)?;
        if let Some(unknown) = input.steps.iter().find(|step| step.name == "unknown") {
            return Err(unknown.text.clone());
        }
        let mut values = row.to_vec();
        input.apply(&mut values, position).map_err(|error| format!("{error:#}"))?;
        Ok(values)
    }
}

#[derive(Clone)]
pub(super) struct Near {
    rank: u64,
    pub token: TourToken,
    pub cosine: f64,
}

/// The value of a cell, which is made at its first use.
fn once<T>(cell: &OnceCell<T>, make: impl FnOnce() -> Result<T>) -> Result<&T> {
    if let Some(value) = cell.get() {
        return Ok(value);
    }
    let made = make()?;
    Ok(cell.get_or_init(|| made))
}

/// The columns of [`Near::row`].
pub(super) const NEAR: [ValueColumn; 4] = [
    ("rank", "rank", Id),
    ("id", "ID", Id),
    ("token", "token", Token),
    ("cosine", "cosine", Cosine),
];

impl Near {
    pub(super) fn row(&self) -> Vec<Value> {
        row![self.rank, self.token.id, &self.token, self.cosine]
    }
}

/// The columns of [`sample`].
pub(super) const SAMPLE: [ValueColumn; 8] = [
    ("", "", Word),
    ("", "two rows", Word),
    ("pairs", "pairs", Count),
    ("left_out", "", Count),
    ("mean", "mean cosine", Cosine),
    ("sd", "deviation", Cosine),
    ("min", "least", Cosine),
    ("max", "most", Cosine),
];

/// A table row about a sample of pairs: its name, its label and its cosines.
pub(super) fn sample(name: &str, label: &str, pairs: &Pairs) -> Vec<Value> {
    let [mean, sd, min, max] = match spread(pairs) {
        Some(of) => [of.mean(), of.sd(), of.min(), of.max()].map(Value::from),
        None => [const { Value::Absent }; 4],
    };
    row![name, label, pairs.cosines.len(), pairs.left_out, mean, sd, min, max]
}

/// The moments of the cosines; `None` where there are no pairs.
pub(super) fn spread(pairs: &Pairs) -> Option<Moments> {
    Moments::of(&pairs.cosines)
}

/// The same columns, which only programs get.
pub(super) fn hidden<'a, const N: usize>(columns: [ValueColumn<'a>; N]) -> [ValueColumn<'a>; N] {
    columns.map(|(name, _, kind)| (name, "", kind))
}

pub(super) fn is_usable(row: &[f32]) -> bool {
    stats::is_usable(norm(row))
}

pub(super) fn cosine_of(a: &[f32], b: &[f32]) -> f64 {
    Metric::Cosine.score((a, norm(a)), (b, norm(b)))
}

/// The cosine of two rows; `None` where a row has no direction.
pub(super) fn direction_of(a: &[f32], b: &[f32]) -> Option<f64> {
    (is_usable(a) && is_usable(b)).then(|| cosine_of(a, b))
}

/// A path as it is pasted into a shell.
fn pasted(path: &str) -> String {
    let path = crate::text::visible(path);
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "_./:=,@%+-".contains(c);
    match path.chars().all(is_plain) {
        true => path.into_owned(),
        false => format!("'{}'", path.replace('\'', r"'\''")),
    }
}
