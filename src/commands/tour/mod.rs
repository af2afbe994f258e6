//! `tour`: ten steps through one table, each a claim and its measurement.
//!
//! A file a step, which measures, lists what it found and words what that shows.
//! `words` chooses the tokens that serve as examples, `say` has what the
//! sentences are made of, `clock` measures time. The arithmetic is in
//! [`crate::tour`]. Steps compute when they are asked for; what several of them
//! need is computed once, by the first.

/// A row of a table: a value for each column.
macro_rules! row {
    ($($value:expr),+ $(,)?) => { vec![$($crate::commands::tour::figures::Value::from($value)),+] };
}

/// Adds values to a step, each under its own name or as `name = value`.
macro_rules! values {
    ($step:ident, $($name:ident $(= $value:expr)?),+ $(,)?) => {
        $($step.value(stringify!($name), values!(@ $name $(= $value)?));)+
    };
    (@ $name:ident) => { $name };
    (@ $name:ident = $value:expr) => { $value };
}

mod answer;
mod chance;
mod clock;
mod figures;
mod geometry;
mod labels;
mod looks;
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
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};

use super::{Opener, Request, model};
use crate::embedding::{TOKEN_EMBEDDING, Table};
use crate::gguf::Model;
use crate::input::Input;
use crate::report::{Printer, Sink};
use crate::similarity::{self, Metric, Query, Rows, Search, norm};
use crate::threads;
use crate::tour::{Pairs, Spread, random_pairs};
use figures::Kind::{Cosine, Count, Id, Token, Word};
use figures::{Column, Figures, Value};
use words::Words;

pub use answer::*;

/// The seed of every random number: any will do, if it is always the same.
const SEED: u64 = 2026;

/// Pairs of rows that are drawn: then chance makes 0.007 of a rank correlation,
/// and 0.05 can be told from it.
const PAIRS: u64 = 20_000;

/// The most values that are decoded for pairs: wide tables have fewer.
const PAIR_VALUES: u64 = 1 << 28;

/// Neighbours of the word that steps show.
const NEIGHBORS: usize = 5;

/// Takes a step: fills in the claim, what it measures and what that shows.
type Take = fn(&Tour, &mut TourStep) -> Result<()>;

/// The steps: the name for programs, the name for people, the work.
const STEPS: [(&str, &str, Take); 10] = [
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

/// How many steps there are.
pub const TOUR_STEPS: u64 = STEPS.len() as u64;

/// The name of a step, by its place in the list.
fn title(at: usize) -> TourTitle {
    let (slug, title, _) = STEPS[at];
    TourTitle { step: at as u64 + 1, slug, title }
}

/// Asks for a tour of a table.
#[derive(Clone, Debug)]
pub struct TourRequest {
    /// The model.
    pub model: PathBuf,
    /// Only these steps, from 1; all where there are none.
    pub steps: Vec<u64>,
}

/// Asks for the titles of the steps.
#[derive(Clone, Debug)]
pub struct TitlesRequest;

impl Request for TourRequest {
    fn name(&self) -> &'static str {
        "tour"
    }

    fn answer(&self, open: Opener, out: &mut Printer) -> Result<()> {
        self.run(open, &mut out.list())
    }
}

impl Request for TitlesRequest {
    fn name(&self) -> &'static str {
        "tour --list"
    }

    fn answer(&self, _: Opener, out: &mut Printer) -> Result<()> {
        out.answer(&TourTitles { steps: (0..STEPS.len()).map(title).collect() })
    }
}

impl TourRequest {
    /// Takes the steps that are asked for, and gives each to a sink as it is
    /// taken, until whoever reads wants no more.
    ///
    /// # Errors
    /// Those of the model and of the sink.
    pub fn run(&self, open: Opener, sink: &mut dyn Sink<TourHead>) -> Result<()> {
        let model = open(&self.model)?;
        let tour = Tour::of(&model, &self.model)?;
        let head = tour.head()?;
        let mut notes = head.notes.clone();
        sink.head(head)?;
        sink.flush()?;
        let all: Vec<u64> = (1..=TOUR_STEPS).collect();
        let is_whole = self.steps.is_empty();
        for (i, &number) in if is_whole { &all } else { &self.steps }.iter().enumerate() {
            // Steps that were named are not waited between.
            if i > 0 && is_whole && !sink.goes_on()? {
                break;
            }
            let step = tour.step(number)?;
            notes.extend(step.notes.iter().cloned());
            sink.item(step)?;
            sink.flush()?;
        }
        sink.end(notes)
    }
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
        ensure!((1..=TOUR_STEPS).contains(&number), "the steps are 1 to {TOUR_STEPS}");
        let at = (number - 1) as usize;
        let (shows, notes) = (Vec::new(), Vec::new());
        let measured = Figures::default();
        let mut step = TourStep { title: title(at), claim: "", measured, shows, notes };
        STEPS[at].2(self, &mut step).with_context(|| self.path.display().to_string())?;
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

/// The same columns for programs alone.
fn hidden<'a, const N: usize>(columns: [Column<'a>; N]) -> [Column<'a>; N] {
    columns.map(|(name, _, kind)| (name, "", kind))
}

/// The columns of samples of pairs: a row's name, what it is, and its cosines.
const SAMPLE: [Column; 8] = [
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
    rank: u64,
    token: TourToken,
    cosine: f64,
}

/// The columns of near rows.
const NEAR: [Column; 4] = [
    ("rank", "rank", Id),
    ("id", "ID", Id),
    ("token", "token", Token),
    ("cosine", "cosine", Cosine),
];

impl Near {
    /// Its rank, ID, token and cosine.
    fn row(&self) -> Vec<Value> {
        row![self.rank, self.token.id, &self.token, self.cosine]
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
    let near = (1..)
        .zip(near)
        .map(|(rank, of)| Ok(Near { rank, token: tour.token(of.id)?, cosine: of.score }));
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
