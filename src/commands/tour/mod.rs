//! `tour`: ten steps through one table, each a claim and its measurement.
//!
//! A file a step; `words` chooses the tokens that serve as examples, `say` has
//! what the sentences are made of, `clock` measures. The arithmetic itself is
//! in [`crate::tour`]. Steps compute when they are asked for; what several of
//! them need is computed once, by the first.

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
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};

use super::{Opener, Request, model};
use crate::answer::{
    CosineSpread, Float, Measured, PairSample, TOUR_STEPS, TourHead, TourList, TourNeighbor,
    TourStep, TourTitle, TourToken,
};
use crate::embedding::{TOKEN_EMBEDDING, Table};
use crate::input::Input;
use crate::model::{Fact, Model};
use crate::report::{Printer, Sink};
use crate::stats::Moments;
use crate::threads;
use crate::tour::{Pairs, random_pairs};
use words::Words;

/// What all that is drawn by chance depends on: any number will do, if it is
/// always the same.
const SEED: u64 = 2026;

/// As many pairs of rows as are drawn: then chance makes 0.007 of a rank
/// correlation, and 0.05 can be told from it.
const PAIRS: u64 = 20_000;

/// As many values as are decoded for pairs: wide tables have fewer.
const PAIR_VALUES: u64 = 1 << 28;

/// A step before it is taken.
struct Step {
    slug: &'static str,
    title: &'static str,
    take: fn(&Tour) -> Result<Taken>,
}

/// Neighbours of the word that steps show.
const NEIGHBORS: usize = 5;

/// What comes of a step.
struct Taken {
    claim: &'static str,
    measured: Measured,
    shows: Vec<String>,
    notes: Vec<String>,
}

const STEPS: [Step; TOUR_STEPS as usize] = [
    Step { slug: "labels", title: "Labels, not measurements", take: labels::take },
    Step { slug: "row_read", title: "A lookup is a row read", take: row_read::take },
    Step { slug: "one_hot", title: "One-hot times table is the same", take: one_hot_product::take },
    Step { slug: "why_not_one_hot", title: "Why not one-hot", take: one_hots::take },
    Step { slug: "why_not_random", title: "Why not random", take: chance::take },
    Step { slug: "geometry", title: "Learned geometry", take: geometry::take },
    Step { slug: "twice", title: "The same ID twice is the same row", take: twice::take },
    Step { slug: "width", title: "d_model is a choice", take: widths::take },
    Step { slug: "storing", title: "The cost is in storing", take: storing::take },
    Step { slug: "start", title: "A starting point, not an identity", take: start::take },
];

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
        let title =
            |(step, Step { slug, title, .. }): (u64, &Step)| TourTitle { step, slug, title };
        out.answer(&TourList { steps: (1..).zip(&STEPS).map(title).collect() })
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
        let (steps, is_read) =
            if self.steps.is_empty() { (&all, true) } else { (&self.steps, false) };
        for (i, &number) in steps.iter().enumerate() {
            // Steps that were named are not waited between.
            if i > 0 && is_read && !sink.goes_on()? {
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
    neighbors: OnceCell<(Vec<TourNeighbor>, u64)>,
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
        match self.model.text(Fact::Architecture) {
            Err(error) if error.is_missing_part() => Ok(None),
            architecture => Ok(architecture?),
        }
    }

    fn step(&self, number: u64) -> Result<TourStep> {
        let at = usize::try_from(number)?.checked_sub(1);
        let step = at.and_then(|at| STEPS.get(at)).context("there is no such step")?;
        let taken = (step.take)(self).with_context(|| self.path.display().to_string())?;
        Ok(TourStep {
            step: number,
            slug: step.slug,
            title: step.title,
            claim: taken.claim.to_owned(),
            measured: taken.measured,
            shows: taken.shows,
            notes: taken.notes,
        })
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
    fn neighbors(&self) -> Result<&(Vec<TourNeighbor>, u64)> {
        if let Some(neighbors) = self.neighbors.get() {
            return Ok(neighbors);
        }
        let word = self.words.word;
        let near = chance::near(self, self.table(), word, self.table().row(word)?, NEIGHBORS)?;
        Ok(self.neighbors.get_or_init(|| near))
    }

    fn n_pairs(&self) -> u64 {
        PAIRS.min(PAIR_VALUES / 2 / self.d_model()).max(1)
    }
}

/// Pairs as an answer shows them.
fn sample(pairs: &Pairs) -> PairSample {
    PairSample {
        pairs: pairs.pairs.len() as u64,
        left_out: pairs.left_out,
        cosines: Moments::of(&pairs.cosines()).map(|moments| CosineSpread {
            mean: Float(moments.mean()),
            sd: Float(moments.sd()),
            min: Float(moments.min()),
            max: Float(moments.max()),
        }),
    }
}

/// How many values of two rows have the same bits.
fn identical(a: &[f32], b: &[f32]) -> u64 {
    a.iter().zip(b).filter(|(a, b)| a.to_bits() == b.to_bits()).count() as u64
}
