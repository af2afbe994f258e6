//! The answers of `analogy`.

use serde::Serialize;

use crate::commands::TableInfo;
use crate::commands::frame::Frame;
use crate::report::{Float, TokenText};

#[derive(Clone, Debug, Serialize)]
pub struct AnalogyReport {
    pub model: String,
    pub table: TableInfo,
    /// `add` or `mul`.
    pub method: &'static str,
    /// What was done to every row.
    pub frame: Frame,
    pub a: Term,
    pub b: Term,
    pub c: Term,
    pub candidates: Vec<Candidate>,
    /// The nearest candidate to C alone, with its cosine.
    pub nearest_to_c: Option<Candidate>,
    pub notes: Vec<String>,
}

#[derive(Clone, Debug, Serialize)]
pub struct Term {
    pub id: u64,
    #[serde(flatten)]
    pub token: TokenText,
}

#[derive(Clone, Debug, Serialize)]
pub struct Candidate {
    pub rank: u64,
    pub id: u64,
    #[serde(flatten)]
    pub token: TokenText,
    pub score: Float<f64>,
}

/// The answer of `analogy --test`.
#[derive(Clone, Debug, Serialize)]
pub struct TestReport {
    pub model: String,
    pub table: TableInfo,
    pub method: &'static str,
    pub frame: Frame,
    /// The file of questions.
    pub questions: String,
    /// Whether variants of the question's words may be answers.
    pub variants: bool,
    pub sections: Vec<SectionScore>,
    pub total: SectionScore,
    pub notes: Vec<String>,
}

/// How many questions of a section were answered. Shares are of the questions that were
/// asked, and `None` if there were none.
#[derive(Clone, Debug, Serialize)]
pub struct SectionScore {
    pub section: String,
    pub questions: u64,
    /// Questions with a word that is no token.
    pub skipped: u64,
    pub top1: Option<Float<f64>>,
    pub top5: Option<Float<f64>>,
    /// The same for the nearest to C alone.
    pub alone_top1: Option<Float<f64>>,
    pub alone_top5: Option<Float<f64>>,
    #[serde(skip)]
    counts: [u64; 4],
}

impl SectionScore {
    pub(super) fn new(name: &str) -> Self {
        Self {
            section: name.to_owned(),
            questions: 0,
            skipped: 0,
            top1: None,
            top5: None,
            alone_top1: None,
            alone_top5: None,
            counts: [0; 4],
        }
    }

    /// Counts the place of the right answer among five, from 0.
    pub(super) fn add(&mut self, place: Option<usize>) {
        self.counts[0] += u64::from(place == Some(0));
        self.counts[1] += u64::from(place.is_some());
    }

    pub(super) fn add_alone(&mut self, place: Option<usize>) {
        self.counts[2] += u64::from(place == Some(0));
        self.counts[3] += u64::from(place.is_some());
    }

    pub(super) fn count(&mut self, other: &Self) {
        self.questions += other.questions;
        self.skipped += other.skipped;
        self.counts.iter_mut().zip(other.counts).for_each(|(own, other)| *own += other);
    }

    pub(super) fn finish(&mut self) {
        let asked = self.questions;
        let share = |count: u64| (asked > 0).then(|| Float(count as f64 / asked as f64));
        [self.top1, self.top5, self.alone_top1, self.alone_top5] = self.counts.map(share);
    }
}
