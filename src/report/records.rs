//! An answer as records: a header, then a line of cells for each of the things
//! that the answer has many of.
//!
//! What a cell is, and what it looks like, are two questions. The first is
//! answered here, once for each answer; the second by whoever writes: with
//! every digit for a program ([`super::delimited`]), or rounded for a person
//! ([`super::markdown`]).

use std::borrow::Cow;

use anyhow::Result;

use super::{Float, TokenText};

/// Takes records, one after another.
pub trait Records {
    /// The names of the columns, before the first record.
    fn header(&mut self, columns: &[Column]) -> Result<()>;

    /// One record, with a cell for each column.
    fn record(&mut self, cells: &[Cell]) -> Result<()>;
}

/// A column: its name, and whether numbers are in it.
#[derive(Clone, Debug)]
pub struct Column<'a> {
    /// The name.
    pub name: Cow<'a, str>,
    /// Whether there are numbers in it, which stand to the right.
    pub is_number: bool,
}

impl<'a> Column<'a> {
    /// A column of texts.
    pub(crate) fn text(name: &'a str) -> Self {
        Self { name: name.into(), is_number: false }
    }

    /// A column of numbers.
    pub(crate) fn number(name: &'a str) -> Self {
        Self { name: name.into(), is_number: true }
    }
}

/// What one cell holds.
#[derive(Clone, Debug)]
pub enum Cell<'a> {
    /// Nothing: what the answer does not know.
    Nothing,
    /// A word of embcli's own.
    Word(&'a str),
    /// A text that may come from the file, and so hold anything.
    Text(Cow<'a, str>),
    /// A sentence of embcli's own, or a text that is already visible.
    Shown(Cow<'a, str>),
    /// A token of the vocabulary.
    Token(&'a TokenText),
    /// A number that names something: an ID, a rank.
    Number(u64),
    /// A number of things.
    Count(u64),
    /// A value of a row.
    Value(Float<f32>),
    /// What was computed.
    Wide(Float<f64>),
}

impl<'a> Cell<'a> {
    /// A text that may come from the file.
    pub(crate) fn text(text: impl Into<Cow<'a, str>>) -> Self {
        Self::Text(text.into())
    }

    /// A sentence, or a text that is already visible.
    pub(crate) fn shown(text: impl Into<Cow<'a, str>>) -> Self {
        Self::Shown(text.into())
    }

    /// A word, where there is one.
    pub(crate) fn word(word: Option<&'a str>) -> Self {
        word.map_or(Self::Nothing, Self::Word)
    }

    /// A number of things, where it is known.
    pub(crate) fn count(n: Option<u64>) -> Self {
        n.map_or(Self::Nothing, Self::Count)
    }

    /// A number that names something, where there is one.
    pub(crate) fn number(n: Option<u64>) -> Self {
        n.map_or(Self::Nothing, Self::Number)
    }
}
