//! `check`: runs every check of a model, and compares it with another version.

mod answer;
mod codes;
mod compare;
mod file;
mod finding;
mod head;
mod looks;
mod order;
mod original;
mod rows;
mod sarif;
mod sizes;
mod tokens;
mod vocabularies;
mod vocabulary;

use std::path::PathBuf;

use anyhow::{Context, Result};

use super::model::{HEAD, PER_TOKEN};
use super::{Opener, Reads, Request, TableInfo, model};
use crate::embedding::TOKEN_EMBEDDING;
use crate::model::Model;
use crate::report::{Answer as _, Form, Printer};
use crate::text::counted;
use crate::threads;
use crate::vocab::Vocab;

pub use answer::*;
pub use codes::Code;
use finding::Findings;
pub use finding::{About, Finding, NamedToken, OrderPlace};

pub struct CheckRequest {
    pub model: PathBuf,
    /// Another version of the model to compare with: another precision, or before a
    /// merge.
    pub other: Option<PathBuf>,
    /// Only this tensor, instead of all with a row per token.
    pub tensor: Option<String>,
    /// Also fails if the order of the rows can't be judged.
    pub strict: bool,
    /// Findings of these codes are shown, but don't count for the verdict.
    pub allow: Vec<&'static Code>,
}

impl Request for CheckRequest {
    fn reads(&self) -> Reads {
        match &self.tensor {
            Some(tensor) => Reads::table(tensor),
            None => Reads::Tables(PER_TOKEN.map(str::to_owned).to_vec()),
        }
    }

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
        if self.other.is_some() && model.tensor(TOKEN_EMBEDDING)?.is_none() {
            Vocab::open(model)?;
            return Ok(self.report(None));
        }
        let name = self.tensor.as_deref().unwrap_or(TOKEN_EMBEDDING);
        if name == TOKEN_EMBEDDING && is_vocabulary_only(model)? {
            return self.of_vocabulary(model, findings);
        }
        let view = model::View::of(model, name)?;
        if name == TOKEN_EMBEDDING {
            file::check(model, &view, findings)?;
            sizes::metadata(model, &view, findings)?;
        }
        // Mostly one thread works on the tokens, so the rows are looked at beside it.
        let of_tokens = || -> Result<Findings> {
            let mut findings = Findings::default();
            if name == TOKEN_EMBEDDING {
                if let Ok(vocab) = view.vocab() {
                    vocabulary::check(model, vocab, &mut findings)?;
                }
                tokens::check(model, &view, &mut findings)?;
            }
            Ok(findings)
        };
        let mut of_rows = Findings::default();
        let (of_tokens, order) =
            threads::both(of_tokens, || self.of_table(model, &view, &mut of_rows));
        findings.append(of_tokens?);
        let (order, norms) = order?;
        findings.append(of_rows);
        let mut others = Vec::new();
        if self.tensor.is_none() {
            for name in PER_TOKEN.into_iter().filter(|name| *name != TOKEN_EMBEDDING) {
                // `info` tells what is wrong with another tensor.
                let Ok(Some(_)) = model.tensor(name) else { continue };
                let Ok(other) = model::View::of(model, name) else { continue };
                if other.vocab().is_err() && view.vocab().is_ok()
                    || name == HEAD && rows::copy(&view, &other, findings)?
                {
                    continue;
                }
                let (order_there, norms) = self.of_table(model, &other, findings)?;
                if name == HEAD {
                    head::check([&view, &other], [order, order_there], findings)?;
                }
                others.push(CheckedTable { table: other.info(), order: order_there, norms });
            }
        }
        Ok(CheckReport { order, norms, others, ..self.report(Some(view.info())) })
    }

    /// Checks a vocabulary without a table.
    fn of_vocabulary(&self, model: &Model, findings: &mut Findings) -> Result<CheckReport> {
        let vocab = Vocab::open(model)?;
        let n = counted(vocab.len(), "token");
        let message = format!("the file has a vocabulary of {n} and no embedding table");
        findings.push(Finding::of(&codes::TABLE_MISSING, message));
        sizes::special(model, vocab.len(), findings)?;
        vocabulary::check(model, &vocab, findings)?;
        Ok(self.report(None))
    }

    /// An empty report.
    fn report(&self, table: Option<TableInfo>) -> CheckReport {
        CheckReport {
            verdict: Verdict::Ok,
            model: self.model.display().to_string(),
            table,
            findings: Vec::new(),
            order: None,
            norms: None,
            others: Vec::new(),
            comparison: None,
            strict: self.strict,
        }
    }

    /// Checks one table by itself.
    fn of_table(
        &self,
        model: &Model,
        view: &model::View,
        findings: &mut Findings,
    ) -> Result<(Option<OrderInfo>, Option<NormsInfo>)> {
        if sizes::turned(model, view, findings)? {
            return Ok((None, None));
        }
        sizes::check(model, view, findings)?;
        let survey = rows::check(view, findings)?;
        if view.table.usual_name() == TOKEN_EMBEDDING && matches!(model.tensor(HEAD), Ok(Some(_))) {
            rows::short(view, &survey.norms, findings)?;
        }
        let outside: Vec<u64> = survey.outliers.rows.iter().map(|it| it.id).collect();
        let order = order::check(view, &outside, findings)?;
        findings.take_back_within(&codes::ROWS_OUTLIER, &codes::ROWS_MEAN, view);
        // Rows that training hardly touched lie in one direction.
        findings.take_back_within(&codes::ROWS_COLLAPSED, &codes::TOKENS_UNTRAINED, view);
        if findings.has(&codes::ROWS_BYTE_ORDER, view) {
            findings.take_back(WRONG_BYTES, view);
        }
        Ok((order, rows::norms(&survey)))
    }
}

/// Whether a file has a vocabulary and no tensors.
fn is_vocabulary_only(model: &Model) -> Result<bool> {
    Ok(model.missing().is_empty() && model.tensors()?.next().is_none() && model.tokens().is_ok())
}

/// What rows with reversed bytes look like.
const WRONG_BYTES: &[&Code] =
    &[&codes::ROWS_NAN, &codes::ROWS_INFINITE, &codes::ROWS_OUTLIER, &codes::ROWS_COLLAPSED];
