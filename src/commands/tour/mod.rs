//! `tour`: ten steps through one table, each a claim and its measurement.
//!
//! A file a step, which measures, lists what it found (`figures`) and words what
//! that shows (`say`). `words` chooses the tokens that serve as examples,
//! `clock` measures time, `shared` has what several steps need. The arithmetic
//! is in [`crate::tour`].

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
mod shared;
mod start;
mod storing;
mod twice;
mod widths;
mod words;

use std::path::PathBuf;

use anyhow::{Context, Result, ensure};

use super::{Opener, Request};
use crate::report::{Printer, Sink};
use figures::Figures;
use shared::Tour;

pub use answer::*;

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
    fn answer(&self, open: Opener, out: &mut Printer) -> Result<()> {
        self.run(open, &mut out.list())
    }
}

impl Request for TitlesRequest {
    fn answer(&self, _: Opener, out: &mut Printer) -> Result<()> {
        out.answer(&TourTitles { steps: (0..STEPS.len()).map(title).collect() })
    }
}

impl TourRequest {
    /// Takes the steps that are asked for, and gives each to a sink as it is
    /// taken, until whoever reads wants no more.
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
            let step = step(&tour, number).with_context(|| self.model.display().to_string())?;
            notes.extend(step.notes.iter().cloned());
            sink.item(step)?;
            sink.flush()?;
        }
        sink.end(notes)
    }
}

fn step(tour: &Tour, number: u64) -> Result<TourStep> {
    ensure!((1..=TOUR_STEPS).contains(&number), "the steps are 1 to {TOUR_STEPS}");
    let at = (number - 1) as usize;
    let (measured, shows, notes) = (Figures::default(), Vec::new(), Vec::new());
    let mut step = TourStep { title: title(at), claim: "", measured, shows, notes };
    STEPS[at].2(tour, &mut step)?;
    Ok(step)
}
