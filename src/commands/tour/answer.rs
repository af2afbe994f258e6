//! The answer of `tour`: a head, and steps with a claim, what was measured and
//! what that shows.

use serde::Serialize;

use super::figures::Figures;
use crate::commands::TableInfo;
use crate::report::TokenText;

/// What the steps of a tour are about.
#[derive(Clone, Debug, Serialize)]
pub struct TourHead {
    pub model: String,
    pub architecture: Option<String>,
    pub table: TableInfo,
    pub seed: u64,
    pub words: Vec<TourWord>,
    pub words_rule: String,
    pub of: u64,
    pub notes: Vec<String>,
}

/// A token that serves as an example.
#[derive(Clone, Debug, Serialize)]
pub struct TourWord {
    /// `first`, `word` and `third` are looked up together. `alike` should be near
    /// the word, `unlike` should not.
    pub role: &'static str,
    #[serde(flatten)]
    pub token: TourToken,
}

/// A token by ID and text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TourToken {
    pub id: u64,
    #[serde(flatten)]
    pub text: TokenText,
}

/// The name of a step.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct TourTitle {
    pub step: u64,
    /// Its name for programs.
    pub slug: &'static str,
    /// Its name for people.
    pub title: &'static str,
}

/// The names of all steps.
#[derive(Debug, Serialize)]
pub struct TourTitles {
    pub steps: Vec<TourTitle>,
}

/// One step.
#[derive(Clone, Debug, Serialize)]
pub struct TourStep {
    #[serde(flatten)]
    pub title: TourTitle,
    pub claim: &'static str,
    pub measured: Figures,
    /// What that shows, a paragraph each.
    pub shows: Vec<String>,
    /// Why this model does not show the claim, and what else is unusual.
    pub notes: Vec<String>,
}
