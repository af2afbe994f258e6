//! `tour`: ten steps through one table, each a claim and its measurement.
//!
//! A file a step, which measures, lists what it found and words what that shows.
//! `words` chooses the tokens that serve as examples, `say` has what the
//! sentences are made of, `clock` measures time. The arithmetic is in
//! [`crate::tour`]. Steps compute when they are asked for; what several of them
//! need is computed once, by the first.

/// A row of a table: a value for each column.
macro_rules! row {
    ($($value:expr),+ $(,)?) => { vec![$($crate::answer::Value::from($value)),+] };
}

mod chance;
mod clock;
mod geometry;
mod labels;
mod one_hot_product;
mod one_hots;
mod row_read;
mod say;
mod start;
mod storing;
mod twice;
mod widths;
mod words;

use std::cell::OnceCell;
use std::path::Path;

use anyhow::{Context, Result, ensure};

use super::{Opener, model};
use crate::answer::Kind::{self, Cosine, Count, Word};
use crate::answer::{
    Measured, TOUR_STEPS, TourHead, TourList, TourReport, TourSink, TourStep, TourTitle, TourToken,
    Value,
};
use crate::cli;
use crate::embedding::{TOKEN_EMBEDDING, Table};
use crate::gguf::Model;
use crate::input::Input;
use crate::similarity::{self, Metric, Query, Rows, Search, norm};
use crate::store::toy::TOY;
use crate::threads;
use crate::tour::{Pairs, Spread, random_pairs};
use words::Words;

/// The seed of every random number: any will do, if it is always the same.
const SEED: u64 = 2026;

/// Pairs of rows that are drawn: then chance makes 0.007 of a rank correlation,
/// and 0.05 can be told from it.
const PAIRS: u64 = 20_000;

/// The most values that are decoded for pairs: wide tables have fewer.
const PAIR_VALUES: u64 = 1 << 28;

/// Neighbours of the word that steps show.
const NEIGHBORS: usize = 5;

/// What takes a step: it fills in the claim, what it measures and what that
/// shows.
type Take = fn(&Tour, &mut TourStep) -> Result<()>;

/// The steps: the name for programs, the name for people, the work.
const STEPS: [(&str, &str, Take); TOUR_STEPS as usize] = [
    ("labels", "Labels, not measurements", labels::take),
    ("row_read", "A lookup is a row read", row_read::take),
    ("one_hot", "One-hot times table is the same", one_hot_product::take),
    ("why_not_one_hot", "Why not one-hot", one_hots::take),
    ("why_not_random", "Why not random", chance::take),
    ("geometry", "Learned geometry", geometry::take),
    ("twice", "The same ID twice is the same row", twice::take),
    ("width", "d_model is a choice", widths::take),
    ("storing", "The cost is in storing", storing::take),
    ("start", "A starting point, not an identity", start::take),
];

/// The titles of the steps.
pub(super) fn list() -> TourList {
    let titles = (1..).zip(&STEPS);
    TourList {
        steps: titles.map(|(step, &(slug, title, _))| TourTitle { step, slug, title }).collect(),
    }
}

/// Takes the steps that were asked for, all if none was, and hands each to
/// `sink` as it is taken.
pub(super) fn run(args: &cli::Tour, open: Opener, sink: &mut dyn TourSink) -> Result<()> {
    let path = args.path.as_deref().unwrap_or(Path::new(TOY));
    let model = open(path)?;
    let tour = Tour::of(&model, path)?;
    sink.begin(&tour.head()?)?;
    let all: Vec<u64> = (1..=TOUR_STEPS).collect();
    for &number in if args.steps.is_empty() { &all } else { &args.steps } {
        if !sink.step(tour.step(number)?)? {
            break;
        }
    }
    Ok(())
}

/// The whole tour as one answer.
pub(super) fn collect(args: &cli::Tour, open: Opener) -> Result<TourReport> {
    struct Collected(Option<TourHead>, Vec<TourStep>);
    impl TourSink for Collected {
        fn begin(&mut self, head: &TourHead) -> Result<()> {
            self.0 = Some(head.clone());
            Ok(())
        }
        fn step(&mut self, step: TourStep) -> Result<bool> {
            self.1.push(step);
            Ok(true)
        }
    }
    let mut collected = Collected(None, Vec::new());
    run(args, open, &mut collected)?;
    let Collected(head, steps) = collected;
    Ok(TourReport { head: head.context("a tour that did not begin")?, steps })
}

/// A table under way, and what its steps share.
struct Tour<'g> {
    model: &'g Model,
    path: &'g Path,
    view: model::View,
    words: Words,
    /// What is done to rows before the first block, or why that can't be told.
    input: Result<Input, String>,
    /// Whole rows that are in the file: the ones that steps may read.
    present: u64,
    threads: usize,
    random_pairs: OnceCell<Pairs>,
    neighbors: OnceCell<(Vec<Near>, u64)>,
}

impl<'g> Tour<'g> {
    fn of(model: &'g Model, path: &'g Path) -> Result<Self> {
        let view = model::View::new(model, path, TOKEN_EMBEDDING)?;
        let present = view.table.rows_present();
        let named = || path.display().to_string();
        ensure!(
            present > 0,
            "{}: not one whole row of the table is in the file (an incomplete download?)",
            named()
        );
        let threads = threads::available();
        let words = Words::choose(&view, present, threads).with_context(named)?;
        let input = Input::of(model, view.table.d_model()).map_err(|error| format!("{error:#}"));
        let (random_pairs, neighbors) = (OnceCell::new(), OnceCell::new());
        Ok(Self { model, path, view, words, input, present, threads, random_pairs, neighbors })
    }

    fn head(&self) -> Result<TourHead> {
        let mut notes = self.view.notes.clone();
        if self.present < self.table().n_vocab() {
            notes.push(format!(
                "only rows 0 to {} of {} are in the file (an incomplete download?): the tour \
                 keeps to them",
                self.present - 1,
                self.table().n_vocab()
            ));
        }
        notes.extend(self.words.notes.clone());
        Ok(TourHead {
            model: self.path.display().to_string(),
            architecture: self.architecture()?,
            table: self.view.info(),
            seed: SEED,
            words: self.words.listed(|id| self.token(id))?,
            words_rule: words::rule(),
            of: TOUR_STEPS,
            notes,
        })
    }

    /// What the file says; nothing where that part of it is missing.
    fn architecture(&self) -> Result<Option<String>> {
        match self.model.metadata() {
            Ok(metadata) => Ok(metadata.text("general.architecture")?),
            Err(_) => Ok(None),
        }
    }

    fn step(&self, number: u64) -> Result<TourStep> {
        let at = usize::try_from(number)?.checked_sub(1);
        let step = at.and_then(|at| STEPS.get(at)).context("there is no such step")?;
        let &(slug, title, take) = step;
        let mut step = TourStep {
            title: TourTitle { step: number, slug, title },
            claim: "",
            measured: Measured::default(),
            shows: Vec::new(),
            notes: Vec::new(),
        };
        take(self, &mut step).with_context(|| self.path.display().to_string())?;
        Ok(step)
    }

    fn table(&self) -> &Table {
        &self.view.table
    }

    fn d_model(&self) -> u64 {
        self.table().d_model() as u64
    }

    fn token(&self, id: u64) -> Result<TourToken> {
        Ok(TourToken { id, text: self.view.token(id)? })
    }

    /// Pairs of rows drawn by chance.
    fn random_pairs(&self) -> Result<&Pairs> {
        if let Some(pairs) = self.random_pairs.get() {
            return Ok(pairs);
        }
        let row = |id| self.table().row(id);
        let drawn = random_pairs(self.present, self.n_pairs(), SEED, &row)?;
        Ok(self.random_pairs.get_or_init(|| drawn))
    }

    /// The word's nearest rows, and how many were compared.
    fn neighbors(&self) -> Result<&(Vec<Near>, u64)> {
        if let Some(neighbors) = self.neighbors.get() {
            return Ok(neighbors);
        }
        let word = self.words.word;
        let near = near(self, self.table(), word, self.table().row(word)?, NEIGHBORS)?;
        Ok(self.neighbors.get_or_init(|| near))
    }

    fn n_pairs(&self) -> u64 {
        PAIRS.min(PAIR_VALUES / 2 / self.d_model()).max(1)
    }

    /// A row as it enters the first block, or why that can't be told.
    fn entering(&self, row: &[f32], position: u64) -> Result<Vec<f32>, String> {
        let input = self.input.as_ref().map_err(Clone::clone)?;
        if let Some(unknown) = input.steps.iter().find(|step| step.name == "unknown") {
            return Err(unknown.text.clone());
        }
        let mut values = row.to_vec();
        input.apply(&mut values, position).map_err(|error| format!("{error:#}"))?;
        Ok(values)
    }
}

/// The columns of samples of pairs: a row's name, what it is, and its cosines.
const SAMPLE: [(&str, &str, Kind); 8] = [
    ("", "", Word),
    ("", "two rows", Word),
    ("pairs", "pairs", Count),
    ("left_out", "", Count),
    ("mean", "mean cosine", Cosine),
    ("sd", "deviation", Cosine),
    ("min", "least", Cosine),
    ("max", "most", Cosine),
];

/// Where the cosines of many pairs of rows lie.
struct Sample {
    pairs: u64,
    /// Pairs without a cosine: a row of zeros, or one with a NaN or an infinity.
    left_out: u64,
    cosines: Option<Spread>,
}

impl Sample {
    fn of(pairs: &Pairs) -> Self {
        let cosines = Spread::of(&pairs.cosines());
        Self { pairs: pairs.pairs.len() as u64, left_out: pairs.left_out, cosines }
    }

    fn row(&self, name: &str, label: &str) -> Vec<Value> {
        let of = |of: fn(Spread) -> f64| self.cosines.map_or(Value::Absent, |all| of(all).into());
        let [mean, sd] = [of(|all| all.mean), of(|all| all.sd)];
        row![name, label, self.pairs, self.left_out, mean, sd, of(|all| all.min), of(|all| all.max)]
    }
}

/// A near row.
#[derive(Clone)]
struct Near {
    token: TourToken,
    cosine: f64,
}

impl Near {
    /// Its rank, ID, token and cosine.
    fn row(&self, rank: u64) -> Vec<Value> {
        row![rank, self.token.id, self.token.clone(), self.cosine]
    }
}

/// The rows nearest to a row by cosine, and how many were compared.
fn near(
    tour: &Tour,
    rows: &dyn Rows,
    id: u64,
    values: Vec<f32>,
    k: usize,
) -> Result<(Vec<Near>, u64)> {
    let search = Search { metric: Metric::Cosine, k, threads: tour.threads };
    let found = similarity::nearest(rows, tour.present, &[Query { id, values }], &search)?;
    let left_out = found.left_out.zero + found.left_out.not_finite;
    let near = found.neighbors.into_iter().flatten();
    let near = near.map(|of| Ok(Near { token: tour.token(of.id)?, cosine: of.score }));
    // The query is no neighbour of its own.
    Ok((near.collect::<Result<_>>()?, (tour.present - left_out).saturating_sub(1)))
}

/// Whether a row has a direction.
fn is_usable(row: &[f32]) -> bool {
    let norm = norm(row);
    norm.is_finite() && norm > 0.0
}

fn cosine_of(a: &[f32], b: &[f32]) -> f64 {
    Metric::Cosine.score((a, norm(a)), (b, norm(b)))
}

/// The cosine of two rows; none where one has no direction.
fn direction_of(a: &[f32], b: &[f32]) -> Option<f64> {
    (is_usable(a) && is_usable(b)).then(|| cosine_of(a, b))
}
