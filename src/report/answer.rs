//! The answer of a command, and how it looks in each form.

use std::io::Write;

use anyhow::Result;
use serde::Serialize;

use super::Form;
use super::json;
use super::markdown::Markdown;
use super::page::{Grid, Page};
use super::records::Records;

/// An answer that is complete before it is written. [`records`](Self::records)
/// alone gives all usual forms; an answer overrides those that should look
/// different.
pub trait Answer: Serialize {
    /// Writes the records: a header, then one line per item.
    fn records(&self, out: &mut dyn Records) -> Result<()>;

    /// Writes JSON lines, one object per item.
    fn lines(&self, out: &mut dyn Write) -> Result<()> {
        self.records(&mut json::Lines { columns: Vec::new(), out })
    }

    /// Prints the table that a person reads.
    fn table(&self, page: &mut Page) -> Result<()> {
        let mut grid = Grid::new(&[]);
        self.records(&mut grid)?;
        grid.print(page)
    }

    /// Prints Markdown for an issue or a notebook.
    fn markdown(&self, page: &mut Page) -> Result<()> {
        self.records(&mut Markdown::new(page))
    }

    fn notes(&self) -> &[String] {
        &[]
    }

    /// Whether this form shows the notes: JSON as a field, table and Markdown at
    /// the end. Otherwise they go to standard error.
    fn tells_notes(&self, form: Form) -> bool {
        matches!(form, Form::Table | Form::Json | Form::Md)
    }

    /// The program's exit code: 1 if the answer is that something is wrong.
    fn exit_code(&self) -> u8 {
        0
    }
}
