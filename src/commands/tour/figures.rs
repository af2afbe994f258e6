//! What a step measured: named values and tables in order, from which JSON, CSV,
//! Markdown and the table on a terminal follow.
//!
//! A column has a name for programs, a heading for people, or both. Programs get
//! an object of everything that has a name, with all digits. People see what has
//! a heading, rounded as its kind says.

use serde::ser::{Serialize, SerializeMap, Serializer};

use super::say::{cosine, microseconds, short};
use super::{TourCall, TourStep, TourToken};
use crate::report::Float;
use crate::report::number::rounded;
use crate::text::grouped;

/// What a step measured, in order.
#[derive(Clone, Debug, Default)]
pub struct Figures(Vec<Item>);

#[derive(Clone, Debug)]
pub(super) enum Item {
    /// Only programs get it.
    Value(&'static str, Value),
    Table(ValueTable),
    /// Lines that only people see, as they are.
    Drawing(Vec<String>),
    /// A sentence that only people see.
    Line(String),
}

/// The name of a column's field, its heading and its kind. An empty name: only
/// people see it. An empty heading: only programs get it.
pub(super) type ValueColumn<'a> = (&'static str, &'a str, Kind);

#[derive(Clone, Debug)]
pub(super) struct ValueTable {
    /// The name of the array of rows. Without one, each row is an object by
    /// itself, and its first cell is its name.
    name: &'static str,
    columns: Vec<(&'static str, String, Kind)>,
    rows: Vec<Vec<Value>>,
}

/// How a value looks to people.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Word,
    /// A token in quotes. Its field has the text alone.
    Token,
    /// A whole number that names something.
    Id,
    /// A number of things, with its thousands marked.
    Count,
    /// A float, rounded.
    Real,
    /// A float with three decimals.
    Cosine,
    /// Microseconds.
    Time,
}

#[derive(Clone, Debug, serde::Serialize)]
#[serde(untagged)]
pub(super) enum Value {
    /// `null` in JSON.
    Null,
    /// No field in JSON.
    Absent,
    Whole(u128),
    Real(Float<f64>),
    Single(Float<f32>),
    Text(String),
    Token(TourToken),
    List(Vec<Value>),
}

macro_rules! value_from {
    ($($of:ty: $value:ident => $made:expr),+ $(,)?) => {$(
        impl From<$of> for Value {
            fn from($value: $of) -> Self {
                $made
            }
        }
    )+};
}

value_from! {
    u64: n => Self::Whole(n.into()),
    u128: n => Self::Whole(n),
    usize: n => Self::Whole(n as u128),
    f64: x => Self::Real(Float(x)),
    f32: x => Self::Single(Float(x)),
    &str: text => Self::Text(text.to_owned()),
    String: text => Self::Text(text),
    &TourToken: token => Self::Token(token.clone()),
    TourToken: token => Self::Token(token),
}

impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, T::into)
    }
}

impl<T: Into<Value>, const N: usize> From<[T; N]> for Value {
    fn from(values: [T; N]) -> Self {
        Self::List(values.map(T::into).into())
    }
}

impl<T: Into<Value> + Copy> From<&[T]> for Value {
    fn from(values: &[T]) -> Self {
        Self::List(values.iter().map(|value| (*value).into()).collect())
    }
}

/// What a step's file calls.
impl TourStep {
    pub(super) fn value(&mut self, name: &'static str, value: impl Into<Value>) {
        self.measured.0.push(Item::Value(name, value.into()));
    }

    pub(super) fn table(
        &mut self,
        name: &'static str,
        columns: &[ValueColumn],
        rows: impl IntoIterator<Item = Vec<Value>>,
    ) {
        let columns = columns.iter().map(|&(name, heading, kind)| (name, heading.to_owned(), kind));
        let (columns, rows) = (columns.collect(), rows.into_iter().collect());
        self.measured.0.push(Item::Table(ValueTable { name, columns, rows }));
    }

    pub(super) fn drawing(&mut self, lines: Vec<String>) {
        self.measured.0.push(Item::Drawing(lines));
    }

    pub(super) fn line(&mut self, line: impl Into<String>) {
        self.measured.0.push(Item::Line(line.into()));
    }

    pub(super) fn show(&mut self, paragraph: impl Into<String>) {
        self.shows.push(paragraph.into());
    }

    pub(super) fn next(&mut self, command: String, why: &'static str) {
        self.next.push(TourCall { command, why });
    }

    pub(super) fn note(&mut self, note: impl Into<String>) {
        self.notes.push(note.into());
    }
}

impl Figures {
    /// What people see.
    pub(super) fn seen(&self) -> impl Iterator<Item = &Item> {
        self.0.iter().filter(|item| match item {
            Item::Value(..) => false,
            Item::Table(table) => table.headings().next().is_some(),
            Item::Drawing(_) | Item::Line(_) => true,
        })
    }
}

impl ValueTable {
    /// The headings that people see, and whether numbers stand below.
    pub(super) fn headings(&self) -> impl Iterator<Item = (&str, bool)> {
        let seen = self.columns.iter().filter(|(_, heading, _)| !heading.is_empty());
        seen.map(|(_, heading, kind)| (&**heading, !matches!(kind, Kind::Word | Kind::Token)))
    }

    /// The cells that people see, row by row.
    pub(super) fn cells(&self) -> impl Iterator<Item = Vec<String>> {
        self.rows.iter().map(|row| {
            let cells = self.columns.iter().zip(row);
            let seen = cells.filter(|((_, heading, _), _)| !heading.is_empty());
            seen.map(|((_, _, kind), value)| value.shown(*kind)).collect()
        })
    }
}

impl Value {
    fn shown(&self, kind: Kind) -> String {
        match self {
            Self::Null | Self::Absent | Self::List(_) => String::new(),
            Self::Text(text) => text.clone(),
            Self::Token(token) => short(token),
            Self::Whole(n) if kind == Kind::Id => n.to_string(),
            Self::Whole(n) => grouped(*n),
            Self::Single(Float(value)) => rounded((*value).into()),
            Self::Real(Float(value)) => match (kind, *value) {
                (Kind::Cosine, value) => cosine(value),
                (Kind::Time, value) => microseconds(value),
                (_, value) => rounded(value),
            },
        }
    }
}

impl Serialize for Figures {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for item in &self.0 {
            match item {
                Item::Value(name, value) => map.serialize_entry(name, value)?,
                Item::Table(ValueTable { columns, .. })
                    if columns.iter().all(|(name, ..)| name.is_empty()) => {}
                Item::Table(ValueTable { name, columns, rows }) => {
                    let mut rows = rows.iter().map(|row| (&row[0], Fields(columns, row)));
                    if name.is_empty() {
                        rows.try_for_each(|(name, fields)| map.serialize_entry(name, &fields))?;
                    } else {
                        map.serialize_entry(name, &Vec::from_iter(rows.map(|(_, fields)| fields)))?;
                    }
                }
                Item::Drawing(_) | Item::Line(_) => {}
            }
        }
        map.end()
    }
}

/// A row as an object.
struct Fields<'a>(&'a [(&'static str, String, Kind)], &'a [Value]);

impl Serialize for Fields<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for ((name, _, kind), value) in self.0.iter().zip(self.1) {
            match (value, kind) {
                _ if name.is_empty() => {}
                (Value::Absent, _) => {}
                (Value::Token(TourToken { text, .. }), Kind::Token) => {
                    map.serialize_entry(name, &text.token)?;
                    if let Some(hex) = &text.token_hex {
                        map.serialize_entry("token_hex", hex)?;
                    }
                }
                _ => map.serialize_entry(name, value)?,
            }
        }
        map.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::TokenText;

    #[test]
    fn programs_get_names_and_people_get_headings() {
        let text = TokenText { token: Some("\u{fffd}".into()), token_hex: Some("ff".into()) };
        let columns = [
            ("", "way", Kind::Word),
            ("n", "", Kind::Count),
            ("none", "none", Kind::Count),
            ("token", "token", Kind::Token),
        ];
        let columns = columns.map(|(name, heading, kind)| (name, heading.to_owned(), kind)).into();
        let row = row!["a", 5000_u64, Value::Absent, TourToken { id: 7, text }];
        let table = ValueTable { name: "", columns, rows: vec![row] };
        assert_eq!(table.cells().next().unwrap(), ["a", "", "(bytes ff)"]);
        let json = serde_json::to_string(&Figures(vec![Item::Table(table)])).unwrap();
        assert_eq!(json, r#"{"a":{"n":5000,"token":"�","token_hex":"ff"}}"#);
    }
}
