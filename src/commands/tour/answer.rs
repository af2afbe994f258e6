//! The answer of `tour`: a head, and steps with a claim, what was measured and
//! what that shows.

use serde::Serialize;

use super::figures::Figures;
use crate::commands::TableInfo;
use crate::report::TokenText;

/// What the steps of a tour are about.
#[derive(Clone, Debug, Serialize)]
pub struct TourHead {
    /// The model as it was named.
    pub model: String,
    /// `general.architecture`.
    pub architecture: Option<String>,
    /// The table.
    pub table: TableInfo,
    /// The seed of every random number.
    pub seed: u64,
    /// The tokens that serve as examples.
    pub words: Vec<TourWord>,
    /// The rule that chose them.
    pub words_rule: String,
    /// How many steps a whole tour has.
    pub of: u64,
    /// What else a reader should know.
    pub notes: Vec<String>,
}

/// A token that serves as an example.
#[derive(Clone, Debug, Serialize)]
pub struct TourWord {
    /// `first`, `word` and `third` are looked up together. `alike` should be near
    /// the word, `unlike` should not.
    pub role: &'static str,
    /// The token.
    #[serde(flatten)]
    pub token: TourToken,
}

/// A token by ID and text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TourToken {
    /// Its ID.
    pub id: u64,
    /// Its text.
    #[serde(flatten)]
    pub text: TokenText,
}

/// The name of a step.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct TourTitle {
    /// Its number, from 1.
    pub step: u64,
    /// Its name for programs.
    pub slug: &'static str,
    /// Its name for people.
    pub title: &'static str,
}

/// The names of all steps.
#[derive(Debug, Serialize)]
pub struct TourTitles {
    /// In order.
    pub steps: Vec<TourTitle>,
}

/// One step.
#[derive(Clone, Debug, Serialize)]
pub struct TourStep {
    /// Which one.
    #[serde(flatten)]
    pub title: TourTitle,
    /// What it claims.
    pub claim: &'static str,
    /// What was measured on this table.
    pub measured: Figures,
    /// What that shows, a paragraph each.
    pub shows: Vec<String>,
    /// Why this model does not show the claim, and what else is unusual.
    pub notes: Vec<String>,
}
