//! An answer as records: a header, then one line of cells per item.
//!
//! A command says what each cell holds. A writer says how it looks: with every
//! digit for a program ([`super::delimited`]), rounded for a person
//! ([`super::markdown`]).

use std::borrow::Cow;

use anyhow::Result;

use super::{Float, TokenText};

/// Receives records, one after another.
pub trait Records {
    /// Receives the columns, before the first record.
    fn header(&mut self, columns: &[Column]) -> Result<()>;

    /// Receives one record, with one cell per column.
    fn record(&mut self, cells: &[Cell]) -> Result<()>;
}

/// A column of records.
#[derive(Clone, Debug)]
pub struct Column<'a> {
    /// The name.
    pub name: Cow<'a, str>,
    /// Whether it holds numbers, which are aligned to the right.
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
    /// Nothing: the value is not known.
    Nothing,
    /// A word of embcli's own.
    Word(&'a str),
    /// A text from the file, which may contain anything.
    Text(Cow<'a, str>),
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
    /// A text from the file.
    pub(crate) fn text(text: impl Into<Cow<'a, str>>) -> Self {
        Self::Text(text.into())
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
