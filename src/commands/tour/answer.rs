//! The answer of `tour`: a head, and steps that claim, measure and show.

use serde::Serialize;

use super::figures::Figures;
use crate::commands::TableInfo;
use crate::report::TokenText;

/// What the steps of a tour are about.
#[derive(Clone, Debug, Serialize)]
pub struct TourHead {
    pub model: String,
    /// Where the rows of a built-in table are from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub about: Option<&'static str>,
    pub architecture: Option<String>,
    pub table: TableInfo,
    pub seed: u64,
    pub words: Vec<TourWord>,
    pub words_rule: String,
    pub of: u64,
    pub notes: Vec<String>,
}

#[derive(Clone, Debug, Serialize)]
pub struct TourWord {
    /// `first`, `word` and `third` are looked up together. `alike` should be near
    /// the word, `unlike` should not.
    pub role: &'static str,
    #[serde(flatten)]
    pub token: TourToken,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TourToken {
    pub id: u64,
    #[serde(flatten)]
    pub text: TokenText,
}

#[derive(Clone, Copy, Debug, Serialize)]
pub struct TourTitle {
    pub step: u64,
    /// Its name for programs.
    pub slug: &'static str,
    /// Its name for people.
    pub title: &'static str,
}

#[derive(Debug, Serialize)]
pub struct TourTitles {
    pub steps: Vec<TourTitle>,
}

#[derive(Clone, Debug, Serialize)]
pub struct TourCall {
    pub command: String,
    /// What it shows.
    pub why: &'static str,
}

#[derive(Clone, Debug)]
pub struct TourQuestion {
    pub question: String,
    pub answer: String,
    /// The numbers of the right answer.
    pub numbers: Vec<u64>,
}

#[derive(Clone, Debug, Serialize)]
pub struct TourStep {
    #[serde(flatten)]
    pub title: TourTitle,
    pub claim: &'static str,
    pub measured: Figures,
    /// What that shows, a paragraph each.
    pub shows: Vec<String>,
    /// Commands to try next.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub next: Vec<TourCall>,
    /// Questions with their answers; programs get them with what was measured.
    #[serde(skip)]
    pub quiz: Vec<TourQuestion>,
    /// Why this model does not show the claim, and what else is unusual.
    pub notes: Vec<String>,
}
