//! `check`: checks that a table fits its vocabulary.

mod answer;
mod codes;
mod compare;
mod finding;
mod looks;
mod order;
mod rows;
mod sarif;
mod sizes;
mod vocabulary;

use std::path::PathBuf;

use anyhow::{Context, Result};

use super::{Opener, Request, model};
use crate::embedding::TOKEN_EMBEDDING;
use crate::model::Model;
use crate::report::{Answer as _, Form, Printer};

pub use answer::*;
pub use codes::Code;
use finding::Findings;
pub use finding::{About, Finding, NamedToken, OrderPlace};

pub struct CheckRequest {
    pub model: PathBuf,
    /// Another version of the model to compare with: another precision, or before a
    /// merge.
    pub other: Option<PathBuf>,
    /// Also fails if the order of the rows can't be judged.
    pub strict: bool,
    /// Findings of these codes are shown, but don't count for the verdict.
    pub allow: Vec<&'static Code>,
}

impl Request for CheckRequest {
    fn forms(&self) -> &'static [Form] {
        FORMS
    }

    fn answer(&self, open: Opener, out: &mut Printer) -> Result<()> {
        let report = self.run(open)?;
        match out.form() {
            Form::Sarif => {
                out.exit_code = report.exit_code();
                sarif::write(&report, out.out())
            }
            _ => out.answer(&report),
        }
    }
}

/// The usual forms, and the one for code-scanning pages.
const FORMS: &[Form] =
    &[Form::Table, Form::Json, Form::Jsonl, Form::Csv, Form::Tsv, Form::Md, Form::Sarif];

impl CheckRequest {
    pub fn run(&self, open: Opener) -> Result<CheckReport> {
        let model = open(&self.model)?;
        let mut findings = Findings::default();
        let mut report = self
            .of_model(&model, &mut findings)
            .with_context(|| self.model.display().to_string())?;
        if let Some(other) = &self.other {
            let compared = compare::check(&model, &self.model, other, open, &mut findings);
            report.comparison = compared?;
        }
        (report.verdict, report.findings) = findings.finish(&self.allow);
        Ok(report)
    }

    fn of_model(&self, model: &Model, findings: &mut Findings) -> Result<CheckReport> {
        let view = model::View::of(model, TOKEN_EMBEDDING)?;
        sizes::check(model, &view, findings)?;
        vocabulary::check(model, &view, findings)?;
        rows::check(model, &view, findings)?;
        let order = order::check(&view, findings)?;
        Ok(CheckReport {
            verdict: Verdict::Ok,
            model: self.model.display().to_string(),
            table: view.info(),
            findings: Vec::new(),
            order,
            comparison: None,
            strict: self.strict,
        })
    }
}
