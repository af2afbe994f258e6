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

#[derive(Clone, Debug)]
pub struct Column<'a> {
    pub name: Cow<'a, str>,
    /// Whether it holds numbers, which are aligned to the right.
    pub is_number: bool,
}

impl<'a> Column<'a> {
    pub(crate) fn text(name: &'a str) -> Self {
        Self { name: name.into(), is_number: false }
    }

    pub(crate) fn number(name: &'a str) -> Self {
        Self { name: name.into(), is_number: true }
    }

    /// A column of numbers if the name begins with `#`, otherwise of texts.
    pub(crate) fn of(name: &'a str) -> Self {
        name.strip_prefix('#').map_or(Self::text(name), Self::number)
    }
}

#[derive(Clone, Debug)]
pub enum Cell<'a> {
    /// Nothing: the value is not known.
    Nothing,
    /// A fixed word of embcli.
    Word(&'a str),
    /// A text from the file, which may contain anything.
    Text(Cow<'a, str>),
    /// A sentence of embcli, or a text that is already visible.
    Shown(Cow<'a, str>),
    /// A token of the vocabulary.
    Token(&'a TokenText),
    /// A number that is a name: an ID, a rank.
    Number(u64),
    Count(u64),
    /// A value of a row.
    Value(Float<f32>),
    /// A computed number.
    Wide(Float<f64>),
}

impl<'a> Cell<'a> {
    pub(crate) fn text(text: impl Into<Cow<'a, str>>) -> Self {
        Self::Text(text.into())
    }

    pub(crate) fn shown(text: impl Into<Cow<'a, str>>) -> Self {
        Self::Shown(text.into())
    }

    /// The same, or nothing for `None`.
    pub(crate) fn maybe(text: &'a Option<String>) -> Self {
        text.as_ref().map_or(Self::Nothing, Self::text)
    }

    pub(crate) fn word(word: Option<&'a str>) -> Self {
        word.map_or(Self::Nothing, Self::Word)
    }

    pub(crate) fn count(n: Option<u64>) -> Self {
        n.map_or(Self::Nothing, Self::Count)
    }

    pub(crate) fn number(n: Option<u64>) -> Self {
        n.map_or(Self::Nothing, Self::Number)
    }
}
