//! `check`: checks that a table fits its vocabulary.

mod answer;
mod compare;
mod looks;
mod order;
mod rows;
mod sizes;

use std::path::PathBuf;

use anyhow::{Context, Result};
use serde_json::Value;

use super::{Opener, Request, model};
use crate::embedding::TOKEN_EMBEDDING;
use crate::model::Model;
use crate::report::Printer;

pub use answer::*;

pub struct CheckRequest {
    pub model: PathBuf,
    /// Another version of the model to compare with: another precision, or before a
    /// merge.
    pub other: Option<PathBuf>,
    /// Also fails if the order of the rows can't be judged.
    pub strict: bool,
}

impl Request for CheckRequest {
    fn answer(&self, open: Opener, out: &mut Printer) -> Result<()> {
        out.answer(&self.run(open)?)
    }
}

impl CheckRequest {
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
        let mut findings = Findings::default();
        sizes::check(model, &view, &mut findings)?;
        rows::check(model, &view, &mut findings)?;
        let order = order::check(&view, &mut findings)?;
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

/// The ID and text of a token, for a message.
fn named(view: &model::View, id: u64) -> Result<String> {
    Ok(format!("{id} {}", view.token(id)?.named(24)))
}

/// The verdict of the worst finding.
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
        evidence: Value,
    ) {
        self.place((kind, severity), None, message, next, evidence);
    }

    /// Adds a finding about the order of a range of tokens.
    fn place(
        &mut self,
        (kind, severity): (&'static str, Severity),
        place: Option<OrderPlace>,
        message: String,
        next: &str,
        evidence: Value,
    ) {
        let next = next.to_owned();
        self.0.push(Finding { kind, severity, message, next, place, evidence });
    }

    fn finish(mut self) -> Vec<Finding> {
        // The sort is stable: within a severity, findings keep the order of the checks.
        self.0.sort_by_key(|finding| finding.severity);
        self.0
    }
}
