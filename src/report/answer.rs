//! What a command returns, and how it looks in each form.

use std::io::Write;

use anyhow::Result;
use serde::Serialize;

use super::Form;
use super::json;
use super::markdown::Markdown;
use super::page::{Grid, Page};
use super::records::Records;

/// What can be written as JSON. Every struct that derives `Serialize` can.
pub trait Json {
    /// Writes it on one line, without the line end.
    fn json(&self, out: &mut dyn Write) -> Result<()>;
}

impl<T: Serialize + ?Sized> Json for T {
    fn json(&self, out: &mut dyn Write) -> Result<()> {
        json::value(self, out)
    }
}

/// An answer that is there as a whole. One that has [`records`](Self::records)
/// has all usual forms; what is better said in another way is overridden.
pub trait Answer: Json {
    /// The records: a header, then a line for each of the things that the answer
    /// has many of.
    fn records(&self, out: &mut dyn Records) -> Result<()>;

    /// The same as JSON, an object a line.
    fn lines(&self, out: &mut dyn Write) -> Result<()> {
        self.records(&mut json::Lines::new(out))
    }

    /// What a person reads.
    fn table(&self, page: &mut Page) -> Result<()> {
        let mut grid = Grid::new(&[]);
        self.records(&mut grid)?;
        grid.print(page)
    }

    /// What a person reads in an issue or a notebook.
    fn markdown(&self, page: &mut Page) -> Result<()> {
        self.records(&mut Markdown::new(page))
    }

    /// What a reader should know besides.
    fn notes(&self) -> &[String] {
        &[]
    }

    /// Whether a form has a place for the notes: JSON among the fields, table
    /// and Markdown at the end. Elsewhere they go to standard error.
    fn tells_notes(&self, form: Form) -> bool {
        matches!(form, Form::Table | Form::Json | Form::Md)
    }

    /// The exit code of a program that gives this answer: 1 where the answer is
    /// that something is wrong.
    fn exit_code(&self) -> u8 {
        0
    }
}
