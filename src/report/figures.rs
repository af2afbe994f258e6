//! The tables of a tour's steps as people read them (see `table::tour` and
//! `markdown`).

use super::number::{grouped, rounded};
use super::records::Column;
use super::words::quoted;
use crate::answer::{Float, Kind, Table, TourToken, Value};

/// The columns of a table that people see, and their cells in each row.
pub(super) fn seen(table: &Table) -> (Vec<Column<'_>>, Vec<Vec<String>>) {
    let seen = || table.columns.iter().enumerate().filter(|(_, column)| !column.heading.is_empty());
    let columns = seen().map(|(_, column)| Column {
        name: column.heading.as_str().into(),
        is_number: !matches!(column.kind, Kind::Word | Kind::Token),
    });
    let cells = |row: &Vec<Value>| seen().map(|(i, column)| shown(&row[i], column.kind)).collect();
    (columns.collect(), table.rows.iter().map(cells).collect())
}

/// A value as people read it.
fn shown(value: &Value, kind: Kind) -> String {
    match (value, kind) {
        (Value::Null | Value::Absent | Value::List(_), _) => String::new(),
        (Value::Text(text), _) => text.clone(),
        (Value::Token(token), _) => named(token),
        (Value::Whole(n), Kind::Id) => n.to_string(),
        (Value::Whole(n), _) => crate::text::grouped(*n),
        (Value::Real(Float(value)), Kind::Cosine) => cosine(*value),
        (Value::Real(Float(value)), Kind::Time) => microseconds(*value),
        (Value::Real(Float(value)), _) => rounded(*value),
        (Value::Single(Float(value)), _) => rounded((*value).into()),
    }
}

/// The widest that a token is shown in a table.
const TOKEN: usize = 16;

fn named(token: &TourToken) -> String {
    match token.text.token {
        Some(_) => quoted(&token.text, TOKEN),
        None => format!("row {}", token.id),
    }
}

fn cosine(value: f64) -> String {
    format!("{:.3}", value + 0.0).replace("-0.000", "0.000")
}

fn microseconds(value: f64) -> String {
    match value {
        v if v < 0.1 => format!("{v:.3}"),
        v if v < 10.0 => format!("{v:.2}"),
        v => grouped(v.round() as u64),
    }
}
