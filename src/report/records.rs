//! An answer as records: a header, then a line of cells for each of the things
//! that the answer has many of.
//!
//! What a cell is, and what it looks like, are two questions. The first is
//! answered here, once for each answer; the second by whoever writes: with
//! every digit for a program ([`super::delimited`]), or rounded for a person
//! ([`super::markdown`]).

use std::borrow::Cow;

use anyhow::Result;
use serde_json::Value;

use super::info::{facts, shape, shown};
use crate::answer::{
    Answer, CheckReport, Float, FootprintReport, InfoReport, LookupReport, LookupRow, ModelsReport,
    NeighborAnswer, NeighborsReport, QueryAnswer, TableCost, TextReport, TextToken, TokenAnswer,
    TokenText, TourList, TourReport, TourTitle, VocabInfo,
};
use crate::footprint::Precision;

/// Takes records, one after another.
pub(super) trait Records {
    /// The names of the columns, before the first record.
    fn header(&mut self, columns: &[Column]) -> Result<()>;

    /// One record, with a cell for each column.
    fn record(&mut self, cells: &[Cell]) -> Result<()>;
}

/// A column: its name, and whether numbers are in it.
#[derive(Clone, Debug)]
pub(super) struct Column<'a> {
    pub name: Cow<'a, str>,
    pub is_number: bool,
}

impl Column<'_> {
    /// With a name of its own.
    pub(super) fn into_owned(self) -> Column<'static> {
        Column { name: self.name.into_owned().into(), is_number: self.is_number }
    }
}

/// A column of texts.
pub(super) fn text(name: &str) -> Column<'_> {
    Column { name: name.into(), is_number: false }
}

/// A column of numbers.
pub(super) fn number(name: &str) -> Column<'_> {
    Column { name: name.into(), is_number: true }
}

/// What one cell holds.
#[derive(Clone, Debug)]
pub(super) enum Cell<'a> {
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

impl Cell<'_> {
    fn count(n: Option<u64>) -> Self {
        n.map_or(Self::Nothing, Self::Count)
    }
}

/// Writes all records of an answer; of rows with the first `values` values each,
/// or all.
pub(super) fn write(answer: &Answer, values: Option<usize>, out: &mut impl Records) -> Result<()> {
    match answer {
        Answer::Lookup(report) => {
            let dimensions = (report.shape[1] as usize).min(values.unwrap_or(usize::MAX));
            let dimensions: Vec<_> = (0..dimensions).map(Some).collect();
            lookup(report, &dimensions, out)
        }
        Answer::Neighbors(report) => neighbors(report, out),
        Answer::Footprint(report) => footprint(report, out),
        // Written as they come, see `super::tokens`.
        Answer::Tokens(_) | Answer::Text(_) => Ok(()),
        Answer::Tokenized(report) => tokens_of_text(report, out),
        Answer::Info(report) => info(report, out),
        Answer::Tour(report) => tour(report, out),
        Answer::TourList(list) => titles(list, out),
        Answer::Models(report) => models(report, out),
        Answer::Check(report) => findings(report, out),
    }
}

/// Writes the rows of a lookup with the values of some dimensions; `None` is a
/// gap between two of them.
pub(super) fn lookup(
    report: &LookupReport,
    dimensions: &[Option<usize>],
    out: &mut impl Records,
) -> Result<()> {
    let mut columns = vec![number("position"), number("id"), text("token"), number("norm")];
    columns.extend(dimensions.iter().map(|dimension| match dimension {
        Some(dimension) => Column { name: format!("v{dimension}").into(), is_number: true },
        None => text("…"),
    }));
    out.header(&columns)?;
    let mut cells = Vec::with_capacity(columns.len());
    for LookupRow { position, id, token, norm, values, .. } in &report.rows {
        cells.clear();
        cells.extend([
            Cell::Number(*position),
            Cell::Number(*id),
            Cell::Token(token),
            Cell::Wide(*norm),
        ]);
        let value = |at: usize| values.get(at).map_or(Cell::Nothing, |value| Cell::Value(*value));
        cells.extend(dimensions.iter().map(|at| at.map_or(Cell::Word("…"), value)));
        out.record(&cells)?;
    }
    Ok(())
}

/// The columns of neighbours, those about the query first.
pub(super) fn neighbor_columns(metric: &str) -> [Column<'_>; 6] {
    let [query, token] = [number("query_id"), text("query_token")];
    [query, token, number("rank"), number("id"), text("token"), number(metric)]
}

/// The cells of one neighbour.
pub(super) fn neighbor<'a>(query: &'a QueryAnswer, neighbor: &'a NeighborAnswer) -> [Cell<'a>; 6] {
    [
        Cell::Number(query.id),
        Cell::Token(&query.token),
        Cell::Number(neighbor.rank),
        Cell::Number(neighbor.id),
        Cell::Token(&neighbor.token),
        Cell::Wide(neighbor.score),
    ]
}

fn neighbors(report: &NeighborsReport, out: &mut impl Records) -> Result<()> {
    out.header(&neighbor_columns(report.metric))?;
    report.queries.iter().try_for_each(|query| query_lines(query, out))
}

/// Writes the neighbours of one query.
pub(super) fn query_lines(query: &QueryAnswer, out: &mut impl Records) -> Result<()> {
    query.neighbors.iter().try_for_each(|of| out.record(&neighbor(query, of)))
}

/// The columns of a footprint, those about the shape first.
pub(super) fn precision_columns() -> [Column<'static>; 6] {
    let [rows, columns] = [number("n_vocab"), number("d_model")];
    let [bits, bytes] = [number("bits_per_weight"), number("bytes")];
    [rows, columns, text("type"), bits, bytes, text("storable")]
}

/// The cells of one precision.
pub(super) fn precision<'a>(cost: &TableCost, precision: &'a Precision) -> [Cell<'a>; 6] {
    [
        Cell::Count(cost.footprint.n_vocab),
        Cell::Count(cost.footprint.d_model),
        Cell::Word(precision.format),
        Cell::Wide(Float(precision.bits_per_weight)),
        Cell::count(precision.bytes),
        Cell::Word(if precision.storable { "true" } else { "false" }),
    ]
}

fn footprint(report: &FootprintReport, out: &mut impl Records) -> Result<()> {
    out.header(&precision_columns())?;
    for cost in report.tables() {
        for at in &cost.footprint.precisions {
            out.record(&precision(cost, at))?;
        }
    }
    Ok(())
}

/// Writes the header of a list of tokens.
pub(super) fn tokens_header(vocab: &VocabInfo, out: &mut impl Records) -> Result<()> {
    let mut columns = vec![number("id"), text("token"), text("type")];
    columns.extend(vocab.scores.then(|| number("score")));
    columns.extend(vocab.merges.then(|| number("merge_rank")));
    columns.extend(vocab.norms.then(|| number("norm")));
    out.header(&columns)
}

/// Writes one line of a list of tokens.
pub(super) fn token_line(
    answer: &TokenAnswer,
    vocab: &VocabInfo,
    out: &mut impl Records,
) -> Result<()> {
    let TokenAnswer { id, token, token_type, score, merge_rank, norm } = answer;
    let word = token_type.map_or(Cell::Nothing, Cell::Word);
    let mut cells = vec![Cell::Number(*id), Cell::Token(token), word];
    cells.extend(vocab.scores.then(|| score.map_or(Cell::Nothing, Cell::Value)));
    cells.extend(vocab.merges.then(|| merge_rank.map_or(Cell::Nothing, Cell::Number)));
    cells.extend(vocab.norms.then(|| norm.map_or(Cell::Nothing, Cell::Wide)));
    out.record(&cells)
}

fn models(report: &ModelsReport, out: &mut impl Records) -> Result<()> {
    let [name, store, bytes] = [text("name"), text("store"), number("bytes")];
    let [rows, columns] = [number("n_vocab"), number("d_model")];
    let [kind, path, problem] = [text("type"), text("path"), text("problem")];
    out.header(&[name, store, bytes, text("architecture"), rows, columns, kind, path, problem])?;
    for model in &report.models {
        fn of(text: &Option<String>) -> Cell<'_> {
            text.as_ref().map_or(Cell::Nothing, |text| Cell::Text(text.into()))
        }
        let problem = model.problem.as_ref();
        let [rows, columns] = model.shape.map_or([None; 2], |shape| shape.map(Some));
        out.record(&[
            Cell::Text((&model.name).into()),
            Cell::Word(model.store),
            Cell::count(model.bytes),
            of(&model.architecture),
            Cell::count(rows),
            Cell::count(columns),
            of(&model.format),
            of(&model.path),
            problem.map_or(Cell::Nothing, |problem| Cell::Shown(problem.into())),
        ])?;
    }
    Ok(())
}

fn tokens_of_text(report: &TextReport, out: &mut impl Records) -> Result<()> {
    out.header(&[number("id"), text("token"), text("type")])?;
    for TextToken { id, token, token_type } in &report.tokens {
        let word = token_type.map_or(Cell::Nothing, Cell::Word);
        out.record(&[Cell::Number(*id), Cell::Token(token), word])?;
    }
    Ok(())
}

fn info(report: &InfoReport, out: &mut impl Records) -> Result<()> {
    if let Some(keys) = &report.keys {
        out.header(&[text("key"), text("type"), text("value")])?;
        for key in keys {
            let [name, kind] = [&key.key, &key.value_type].map(|text| Cell::Text(text.into()));
            out.record(&[name, kind, Cell::Shown(shown(key).into())])?;
        }
    } else if let Some(tensors) = &report.tensors {
        out.header(&[text("name"), text("type"), text("shape"), number("bytes")])?;
        for tensor in tensors {
            let [name, kind] = [&tensor.name, &tensor.format].map(|text| Cell::Text(text.into()));
            let shape = Cell::Text(shape(&tensor.shape).into());
            out.record(&[name, kind, shape, Cell::count(tensor.bytes)])?;
        }
    } else {
        out.header(&[text("key"), text("value")])?;
        for (key, value) in facts(report) {
            out.record(&[Cell::Word(key), Cell::Shown(value.into())])?;
        }
    }
    Ok(())
}

fn findings(report: &CheckReport, out: &mut impl Records) -> Result<()> {
    let words = ["kind", "severity", "message", "next"].map(text);
    let places = ["from_id", "to_id", "offset"].map(number);
    out.header(&[&words[..], &places].concat())?;
    for finding in &report.findings {
        let id = |id: Option<u64>| id.map_or(Cell::Nothing, Cell::Number);
        let offset = finding.place.and_then(|place| place.offset);
        out.record(&[
            Cell::Word(finding.kind),
            Cell::Word(finding.severity.name()),
            Cell::Shown(finding.message.as_str().into()),
            Cell::Shown(finding.next.as_str().into()),
            id(finding.place.map(|place| place.from_id)),
            id(finding.place.map(|place| place.to_id)),
            offset.map_or(Cell::Nothing, |offset| Cell::Text(offset.to_string().into())),
        ])?;
    }
    Ok(())
}

fn titles(list: &TourList, out: &mut impl Records) -> Result<()> {
    out.header(&[number("step"), text("slug"), text("title")])?;
    list.steps.iter().try_for_each(|TourTitle { step, slug, title }| {
        out.record(&[Cell::Number(*step), Cell::Word(slug), Cell::Word(title)])
    })
}

/// What was measured, a line each: its name is the path to it in JSON.
fn tour(report: &TourReport, out: &mut impl Records) -> Result<()> {
    out.header(&[number("step"), text("slug"), text("name"), text("value")])?;
    for step in &report.steps {
        let mut json = Vec::new();
        super::json::value(&step.measured, &mut json)?;
        // Through text: there, numbers of more than 64 bits are numbers too.
        let measured: Value = serde_json::from_slice(&json)?;
        leaves(&mut String::new(), &measured, &mut |name, value| {
            let [name, value] = [name, value].map(|text| Cell::Text(text.into()));
            out.record(&[Cell::Number(step.step), Cell::Word(step.slug), name, value])
        })?;
    }
    Ok(())
}

/// Visits everything in a JSON value that holds nothing else, with its path.
fn leaves(
    path: &mut String,
    value: &Value,
    visit: &mut dyn FnMut(&str, &str) -> Result<()>,
) -> Result<()> {
    let length = path.len();
    let mut below = |path: &mut String, name: &str, value: &Value| {
        path.push_str(if length > 0 { "." } else { "" });
        path.push_str(name);
        leaves(path, value, visit)?;
        path.truncate(length);
        Ok(())
    };
    match value {
        Value::Object(fields) => fields.iter().try_for_each(|(name, of)| below(path, name, of)),
        Value::Array(items) => {
            items.iter().enumerate().try_for_each(|(i, of)| below(path, &i.to_string(), of))
        }
        Value::String(text) => visit(path, text),
        Value::Null => visit(path, ""),
        other => visit(path, &other.to_string()),
    }
}
