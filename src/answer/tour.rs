//! The answer of `tour`: ten steps, each a claim, what was measured, and what
//! that shows.
//!
//! What a step measures is a list of named values and tables. A table has its
//! columns once: with a name for programs, a heading for people, or both.

use serde::ser::{Serialize, SerializeMap, Serializer};

use super::{Float, TableInfo, TokenText};

/// How many steps there are.
pub const TOUR_STEPS: u64 = 10;

/// A tour of one model's table.
#[derive(Debug, serde::Serialize)]
pub struct TourReport {
    /// What the steps are about.
    #[serde(flatten)]
    pub head: TourHead,
    /// Those that were asked for, in the order they were asked for.
    pub steps: Vec<TourStep>,
}

/// What the steps of a tour are about.
#[derive(Clone, Debug, serde::Serialize)]
pub struct TourHead {
    /// The model as it was named.
    pub model: String,
    /// `general.architecture`.
    pub architecture: Option<String>,
    /// The table.
    pub table: TableInfo,
    /// The seed of every random number.
    pub seed: u64,
    /// The tokens that serve as examples.
    pub words: Vec<TourWord>,
    /// The rule that chose them.
    pub words_rule: String,
    /// How many steps a whole tour has.
    pub of: u64,
    /// What a reader should know besides.
    pub notes: Vec<String>,
}

/// A token that serves as an example.
#[derive(Clone, Debug, serde::Serialize)]
pub struct TourWord {
    /// `first`, `word` and `third` are looked up together; `alike` is near the
    /// word, or should be, and `unlike` is not.
    pub role: &'static str,
    /// The token.
    #[serde(flatten)]
    pub token: TourToken,
}

/// A token by ID and text.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct TourToken {
    /// Its ID.
    pub id: u64,
    /// Its text.
    #[serde(flatten)]
    pub text: TokenText,
}

/// The name of a step.
#[derive(Clone, Copy, Debug, serde::Serialize)]
pub struct TourTitle {
    /// Its number, from 1.
    pub step: u64,
    /// Its name for programs.
    pub slug: &'static str,
    /// Its name for people.
    pub title: &'static str,
}

/// One step.
#[derive(Debug, serde::Serialize)]
pub struct TourStep {
    /// Which one.
    #[serde(flatten)]
    pub title: TourTitle,
    /// What it claims.
    pub claim: &'static str,
    /// What was measured on this table.
    pub measured: Measured,
    /// What that shows, a paragraph each.
    pub shows: Vec<String>,
    /// Where this model does not show the claim, and what else was odd.
    pub notes: Vec<String>,
}

/// The titles of all steps.
#[derive(Debug, serde::Serialize)]
pub struct TourList {
    /// In order.
    pub steps: Vec<TourTitle>,
}

/// Takes the steps of a tour as they are taken.
pub trait TourSink {
    /// Before the first.
    fn begin(&mut self, head: &TourHead) -> anyhow::Result<()>;

    /// The next step; whether to go on after it.
    fn step(&mut self, step: TourStep) -> anyhow::Result<bool>;
}

impl TourStep {
    /// Adds a value for programs.
    pub fn value(&mut self, name: &'static str, value: impl Into<Value>) {
        self.measured.0.push(Item::Value(name, value.into()));
    }

    /// Adds a table; each column is its field's name, its heading and its kind.
    pub fn table(
        &mut self,
        name: &'static str,
        columns: &[(&'static str, &str, Kind)],
        rows: impl IntoIterator<Item = Vec<Value>>,
    ) {
        let column =
            |&(name, heading, kind): &_| Column { name, heading: str::to_owned(heading), kind };
        let columns = columns.iter().map(column).collect();
        self.measured.0.push(Item::Table(Table {
            name,
            columns,
            rows: rows.into_iter().collect(),
        }));
    }

    /// Adds lines for people, shown as they are.
    pub fn drawing(&mut self, lines: Vec<String>) {
        self.measured.0.push(Item::Drawing(lines));
    }

    /// Adds a sentence between the tables.
    pub fn line(&mut self, line: String) {
        self.measured.0.push(Item::Line(line));
    }

    /// Adds a paragraph of what the figures show.
    pub fn show(&mut self, paragraph: impl Into<String>) {
        self.shows.push(paragraph.into());
    }

    /// Adds a note.
    pub fn note(&mut self, note: impl Into<String>) {
        self.notes.push(note.into());
    }
}

/// What a step measured, in order. As JSON, an object of all that has a name.
#[derive(Debug, Default)]
pub struct Measured(pub Vec<Item>);

/// One part of what a step measured.
#[derive(Debug)]
pub enum Item {
    /// A value that only programs are shown.
    Value(&'static str, Value),
    /// A table.
    Table(Table),
    /// Lines that only people are shown, as they are.
    Drawing(Vec<String>),
    /// A sentence that only people are shown.
    Line(String),
}

impl Item {
    /// Whether people are shown it.
    pub fn is_seen(&self) -> bool {
        match self {
            Self::Value(..) => false,
            Self::Table(table) => table.columns.iter().any(|column| !column.heading.is_empty()),
            Self::Drawing(_) | Self::Line(_) => true,
        }
    }
}

/// Rows of values under columns.
#[derive(Debug)]
pub struct Table {
    /// The name of the array of its rows. Without one, each row is an object by
    /// itself, which the row's first cell names.
    pub name: &'static str,
    /// The columns, one for each cell of a row.
    pub columns: Vec<Column>,
    /// The rows.
    pub rows: Vec<Vec<Value>>,
}

/// A column of a table.
#[derive(Debug)]
pub struct Column {
    /// The name of the field; empty where programs don't have it.
    pub name: &'static str,
    /// What people read above it; empty where they don't see it.
    pub heading: String,
    /// How people read its values.
    pub kind: Kind,
}

/// How people read a value. Programs read all digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// As it is.
    Word,
    /// A token in quotes. Its ID and text are fields of the row.
    Token,
    /// A whole number that names something: no thousands are marked.
    Id,
    /// A whole number of things.
    Count,
    /// A float, rounded.
    Real,
    /// A cosine: three decimals.
    Cosine,
    /// Microseconds.
    Time,
}

/// A value under a name.
#[derive(Clone, Debug, serde::Serialize)]
#[serde(untagged)]
pub enum Value {
    /// Not known: null.
    Null,
    /// Left out.
    Absent,
    /// A whole number.
    Whole(u128),
    /// A float.
    Real(Float<f64>),
    /// A value of a row.
    Single(Float<f32>),
    /// A text.
    Text(String),
    /// A token.
    Token(TourToken),
    /// Several.
    List(Vec<Value>),
}

macro_rules! value_from {
    ($($of:ty: $value:ident => $made:expr),* $(,)?) => {$(
        impl From<$of> for Value {
            fn from($value: $of) -> Self {
                $made
            }
        }
    )*};
}

value_from! {
    u64: n => Self::Whole(n.into()),
    u128: n => Self::Whole(n),
    f64: x => Self::Real(Float(x)),
    f32: x => Self::Single(Float(x)),
    &str: text => Self::Text(text.to_owned()),
    String: text => Self::Text(text),
    TourToken: token => Self::Token(token),
}

impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, T::into)
    }
}

impl<T: Into<Value>> From<Vec<T>> for Value {
    fn from(values: Vec<T>) -> Self {
        Self::List(values.into_iter().map(T::into).collect())
    }
}

impl<T: Into<Value>, const N: usize> From<[T; N]> for Value {
    fn from(values: [T; N]) -> Self {
        Vec::from(values).into()
    }
}

impl Serialize for Measured {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for item in &self.0 {
            match item {
                Item::Value(name, value) => map.serialize_entry(name, value)?,
                Item::Table(table) if table.columns.iter().all(|column| !column.has_field()) => {}
                Item::Table(Table { name, columns, rows }) => {
                    let fields = rows.iter().map(|row| Fields(columns, row));
                    if name.is_empty() {
                        for (row, fields) in rows.iter().zip(fields) {
                            map.serialize_entry(&row[0], &fields)?;
                        }
                    } else {
                        map.serialize_entry(name, &fields.collect::<Vec<_>>())?;
                    }
                }
                Item::Drawing(_) | Item::Line(_) => {}
            }
        }
        map.end()
    }
}

impl Column {
    fn has_field(&self) -> bool {
        !self.name.is_empty() || self.kind == Kind::Token
    }
}

/// A row as an object.
struct Fields<'a>(&'a [Column], &'a [Value]);

impl Serialize for Fields<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for (Column { name, kind, .. }, value) in self.0.iter().zip(self.1) {
            match value {
                Value::Token(TourToken { id, text }) if *kind == Kind::Token => {
                    map.serialize_entry("id", id)?;
                    map.serialize_entry("token", &text.token)?;
                    if let Some(hex) = &text.token_hex {
                        map.serialize_entry("token_hex", hex)?;
                    }
                }
                Value::Absent => {}
                value if !name.is_empty() => map.serialize_entry(name, value)?,
                _ => {}
            }
        }
        map.end()
    }
}
