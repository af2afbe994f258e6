//! `tour`: ten steps through one table, each a claim and its measurement.
//!
//! Each step has a file, which uses the names of this one. It measures, adds
//! figures (`figures`) and says in words what they show (`say`). `examples` chooses
//! tokens, `clock` measures times, `shared` has what several steps need. The
//! arithmetic is in [`crate::tour`].

/// Makes a table row: one value for each column.
macro_rules! row {
    ($($value:expr),+ $(,)?) => { vec![$($crate::commands::tour::figures::Value::from($value)),+] };
}

/// Adds values to a step. `values!(step, a, b = c)` adds `a` and, as `b`, `c`.
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
mod examples;
mod figures;
mod geometry;
mod labels;
mod looks;
mod one_hot_product;
mod one_hots;
mod row_read;
mod say;
mod shared;
mod start;
mod storing;
mod twice;
mod widths;

use std::path::PathBuf;

use anyhow::{Context, Result, ensure};

use super::{Opener, Request};
use crate::report::{Printer, Sink, Turn};
use crate::rows::Rows;
use crate::similarity::norm;
use crate::text::{counted, grouped};
use figures::Kind::{Cosine, Count, Id, Real, Time, Token, Word};
use figures::{Figures, Value};
use say::{cosine, decimal, factor, microseconds, name, rounded, short};
use shared::*;

pub use answer::*;
pub use clock::{Clock, measure_by};

/// Fills in a step: its claim, its figures and what they show.
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

pub const TOUR_STEPS: u64 = STEPS.len() as u64;

/// The names of a step, by its index in [`STEPS`].
fn title(at: usize) -> TourTitle {
    let (slug, title, _) = STEPS[at];
    TourTitle { step: at as u64 + 1, slug, title }
}

#[derive(Clone, Debug)]
pub struct TourRequest {
    pub model: PathBuf,
    /// The numbers of the steps, from 1; empty for all.
    pub steps: Vec<u64>,
}

#[derive(Clone, Debug)]
pub struct TitlesRequest;

impl Request for TourRequest {
    fn answer(&self, open: Opener, out: &mut Printer) -> Result<()> {
        self.run(open, &mut out.list())
    }
}

impl Request for TitlesRequest {
    fn answer(&self, _: Opener, out: &mut Printer) -> Result<()> {
        out.answer(&self.run())
    }
}

impl TitlesRequest {
    pub fn run(&self) -> TourTitles {
        TourTitles { steps: (0..STEPS.len()).map(title).collect() }
    }
}

impl TourRequest {
    /// Gives the head and each step to a sink as soon as it is computed, until
    /// the reader wants no more.
    pub fn run(&self, open: Opener, sink: &mut dyn Sink<TourHead>) -> Result<()> {
        let model = open(&self.model)?;
        let tour = Tour::of(&model, &self.model)?;
        let head = tour.head()?;
        let mut notes = head.notes.clone();
        sink.head(head)?;
        sink.flush()?;
        let all: Vec<u64> = (1..=TOUR_STEPS).collect();
        let is_whole = self.steps.is_empty();
        let steps = if is_whole { &all } else { &self.steps };
        let mut at = 0;
        while let Some(&number) = steps.get(at) {
            let mut step = step(&tour, number).with_context(|| self.model.display().to_string())?;
            notes.extend(step.notes.iter().cloned());
            // A reader answers the questions before the answers appear.
            let quiz = if sink.is_read() { std::mem::take(&mut step.quiz) } else { Vec::new() };
            sink.item(step)?;
            sink.flush()?;
            let mut turn = sink.turn(false)?;
            if turn == Turn::On && !quiz.is_empty() {
                turn = start::ask(&quiz, sink)?;
            }
            // There is no pause between steps that were chosen by number.
            if turn == Turn::On && is_whole && at + 1 < steps.len() {
                turn = sink.turn(true)?;
            }
            match turn {
                Turn::On => at += 1,
                Turn::Back => at = at.saturating_sub(1),
                Turn::End => break,
            }
        }
        sink.end(notes)
    }
}

fn step(tour: &Tour, number: u64) -> Result<TourStep> {
    ensure!((1..=TOUR_STEPS).contains(&number), "the steps are 1 to {TOUR_STEPS}");
    let at = (number - 1) as usize;
    let mut step = TourStep {
        title: title(at),
        claim: "",
        measured: Figures::default(),
        shows: Vec::new(),
        next: Vec::new(),
        quiz: Vec::new(),
        notes: Vec::new(),
    };
    STEPS[at].2(tour, &mut step)?;
    Ok(step)
}
