//! `check`: whether a table is what its vocabulary says it is.

mod answer;
mod compare;
mod looks;
mod order;
mod rows;
mod sizes;

use std::path::PathBuf;

use anyhow::{Context, Result};
use serde_json::{Map, Value};

use super::{Opener, Request, model};
use crate::embedding::TOKEN_EMBEDDING;
use crate::model::Model;
use crate::report::Printer;
use crate::threads;

pub use answer::*;

/// Asks whether a table is what its vocabulary says it is.
#[derive(Clone, Debug)]
pub struct CheckRequest {
    /// The model.
    pub model: PathBuf,
    /// The same model again, to compare with: in another precision, or before a
    /// merge.
    pub other: Option<PathBuf>,
    /// Fails also where the order of the rows can't be judged.
    pub strict: bool,
}

impl Request for CheckRequest {
    fn answer(&self, open: Opener, out: &mut Printer) -> Result<()> {
        out.answer(&self.run(open)?)
    }
}

impl CheckRequest {
    /// What was found.
    pub fn run(&self, open: Opener) -> Result<CheckReport> {
        let model = open(&self.model)?;
        let mut report = self.of_model(&model).with_context(|| self.model.display().to_string())?;
        if let Some(other) = &self.other {
            compare::check(&model, &self.model, other, open, &mut report)?;
            report.findings.sort_by_key(|finding| finding.severity);
            report.verdict = verdict(&report.findings);
        }
        Ok(report)
    }

    fn of_model(&self, model: &Model) -> Result<CheckReport> {
        let view = model::View::of(model, TOKEN_EMBEDDING)?;
        let threads = threads::available();
        let mut findings = Findings::default();
        sizes::check(model, &view, &mut findings)?;
        rows::check(model, &view, threads, &mut findings)?;
        let order = order::check(&view, threads, &mut findings)?;
        let findings = findings.finish();
        Ok(CheckReport {
            verdict: verdict(&findings),
            model: self.model.display().to_string(),
            table: view.info(),
            findings,
            order,
            comparison: None,
            strict: self.strict,
        })
    }
}

/// What the worst of the findings comes to.
fn verdict(findings: &[Finding]) -> Verdict {
    match findings.iter().map(|finding| finding.severity).min() {
        Some(Severity::Problem) => Verdict::Problems,
        Some(Severity::Unknown) => Verdict::Unknown,
        Some(Severity::Note) | None => Verdict::Ok,
    }
}

/// The findings so far.
#[derive(Default)]
struct Findings(Vec<Finding>);

impl Findings {
    fn add(
        &mut self,
        (kind, severity): (&'static str, Severity),
        message: String,
        next: &str,
        evidence: impl IntoIterator<Item = (&'static str, Value)>,
    ) {
        self.place((kind, severity), None, message, next, evidence);
    }

    /// One that is about the order of some tokens.
    fn place(
        &mut self,
        (kind, severity): (&'static str, Severity),
        place: Option<OrderPlace>,
        message: String,
        next: &str,
        evidence: impl IntoIterator<Item = (&'static str, Value)>,
    ) {
        let evidence: Map<String, Value> =
            evidence.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        let next = next.to_owned();
        self.0.push(Finding { kind, severity, message, next, place, evidence });
    }

    fn finish(mut self) -> Vec<Finding> {
        // Stable: the order of the checks within a severity.
        self.0.sort_by_key(|finding| finding.severity);
        self.0
    }
}
