//! A GitHub table, for an issue or a notebook: what the answer is of, then the
//! records as people read them.
//!
//! Whatever comes from a file stands in a code span, where nothing has a
//! meaning: no HTML, no emphasis, no mention of anyone.

use std::io::Write;

use anyhow::Result;

use super::Style;
use super::figures::{Figure, figures};
use super::number::{exact, grouped, rounded};
use super::records::{self, Cell, Column, Records};
use super::words::{drawn, quoted};
use crate::answer::{
    Answer, FootprintReport, LookupReport, NeighborsReport, TokenText, TourReport, VocabInfo,
};
use crate::text::{clip, harmless, visible};

/// As many values of a row as a line of a table takes: the first, the last.
const VALUES: (usize, usize) = (5, 2);

/// The most columns of a token.
const WIDEST: usize = 120;

/// The most columns of a text, which may be a sentence or two.
const LONGEST: usize = 600;

/// Writes records as lines of a table.
pub(super) struct Markdown<W> {
    out: W,
    /// Whether values have every digit.
    exact: bool,
}

impl<W: Write> Markdown<W> {
    /// To `out`, with rounded values.
    pub(super) fn new(out: W) -> Self {
        Self { out, exact: false }
    }

    fn cell(&self, cell: &Cell) -> String {
        match cell {
            Cell::Nothing => String::new(),
            Cell::Word(word) => (*word).to_owned(),
            Cell::Text(text) | Cell::Shown(text) if text.is_empty() => String::new(),
            Cell::Text(text) => code(&clip(&visible(text), LONGEST)),
            Cell::Shown(text) => code(&clip(&harmless(text), LONGEST)),
            Cell::Token(token) => named(token),
            Cell::Number(n) => n.to_string(),
            Cell::Count(n) => grouped(*n),
            Cell::Value(value) if self.exact => exact(value.0),
            Cell::Value(value) => rounded(value.0.into()),
            Cell::Wide(value) => rounded(value.0),
        }
    }
}

impl<W: Write> Records for Markdown<W> {
    fn header(&mut self, columns: &[Column]) -> Result<()> {
        for column in columns {
            write!(self.out, "| {} ", column.name)?;
        }
        writeln!(self.out, "|")?;
        for column in columns {
            write!(self.out, "{}", if column.is_number { "|--:" } else { "|---" })?;
        }
        Ok(writeln!(self.out, "|")?)
    }

    fn record(&mut self, cells: &[Cell]) -> Result<()> {
        for cell in cells {
            write!(self.out, "| {} ", self.cell(cell))?;
        }
        Ok(writeln!(self.out, "|")?)
    }
}

/// Writes an answer.
pub(super) fn write(answer: &Answer, style: &Style, mut out: &mut dyn Write) -> Result<()> {
    match answer {
        Answer::Lookup(report) => lookup(report, style, out),
        Answer::Neighbors(report) => neighbors(report, out),
        Answer::Footprint(report) => footprint(report, out),
        Answer::Tour(report) => tour(report, out),
        _ => records::write(answer, None, &mut Markdown::new(&mut out)),
    }
}

fn lookup(report: &LookupReport, style: &Style, mut out: &mut dyn Write) -> Result<()> {
    let (table, [n, d_model]) = (&report.table, report.shape);
    let model = code(&visible(&report.model));
    let tensor = code(&visible(&table.tensor));
    let shape = format!("[{}, {}]", table.n_vocab, table.d_model);
    writeln!(out, "{n} of the rows {shape} of {tensor} ({}) in {model}:", table.format)?;
    writeln!(out, "a matrix [{n}, {d_model}].\n")?;
    for step in report.steps.iter().flatten() {
        writeln!(out, "- {}: {}", step.step.replace('_', " "), code(&harmless(&step.text)))?;
    }
    if report.steps.as_ref().is_some_and(|steps| !steps.is_empty()) {
        writeln!(out)?;
    }

    let d_model = d_model as usize;
    let dimensions: Vec<_> = match style.values {
        Some(n) => (0..d_model.min(n)).map(Some).collect(),
        None if d_model <= VALUES.0 + VALUES.1 + 1 => (0..d_model).map(Some).collect(),
        None => {
            let last = d_model - VALUES.1..d_model;
            (0..VALUES.0).map(Some).chain([None]).chain(last.map(Some)).collect()
        }
    };
    let mut table = Markdown { out: &mut out, exact: style.values.is_some() };
    records::lookup(report, &dimensions, &mut table)?;
    notes(&report.notes, out)
}

fn neighbors(report: &NeighborsReport, mut out: &mut dyn Write) -> Result<()> {
    let of = grouped(report.table.n_vocab);
    let model = code(&visible(&report.model));
    let by = report.metric;
    for (i, query) in report.queries.iter().enumerate() {
        let token = named(&query.token);
        let before = if i > 0 { "\n" } else { "" };
        writeln!(
            out,
            "{before}Nearest to ID {} {token} of {of} rows in {model}, by {by}:\n",
            query.id
        )?;
        let mut table = Markdown::new(&mut out);
        table.header(&records::neighbor_columns(report.metric)[2..])?;
        for neighbor in &query.neighbors {
            table.record(&records::neighbor(query, neighbor)[2..])?;
        }
    }
    notes(&report.notes, out)
}

fn footprint(report: &FootprintReport, mut out: &mut dyn Write) -> Result<()> {
    for (i, cost) in report.tables().iter().enumerate() {
        let footprint = &cost.footprint;
        let name = cost.like.or(cost.model.as_deref());
        let name = name.map(|name| format!("{} ", code(&visible(name)))).unwrap_or_default();
        let shape = format!("[{}, {}]", footprint.n_vocab, footprint.d_model);
        let parameters = grouped(footprint.parameters);
        let before = if i > 0 { "\n" } else { "" };
        writeln!(out, "{before}{name}{shape}: {parameters} parameters\n")?;
        if let Some(actual) = &cost.actual {
            let (tensor, bytes) = (code(&visible(&actual.tensor)), grouped(actual.bytes));
            writeln!(out, "{tensor} is stored as {}: {bytes} bytes\n", actual.format)?;
        }
        let mut table = Markdown::new(&mut out);
        table.header(&records::precision_columns()[2..])?;
        for precision in &footprint.precisions {
            table.record(&records::precision(cost, precision)[2..])?;
        }
        notes(&cost.notes, out)?;
    }
    Ok(())
}

/// Writes a tour: a heading, the claim, the figures and what they show, step by
/// step.
fn tour(report: &TourReport, out: &mut dyn Write) -> Result<()> {
    let (head, table) = (&report.head, &report.head.table);
    let shape = format!("[{}, {}]", table.n_vocab, table.d_model);
    let [model, tensor] = [&head.model, &table.tensor].map(|text| code(&visible(text)));
    writeln!(
        out,
        "# A tour of {model}\n\n{tensor} ({}), {shape}; {}",
        table.format,
        prose(&drawn(head))
    )?;
    head.notes.iter().try_for_each(|note| writeln!(out, "\nNote: {}", prose(note)))?;
    for step in &report.steps {
        writeln!(out, "\n## {} of {}: {}\n", step.step, head.of, step.title)?;
        writeln!(out, "{}", prose(&step.claim))?;
        for figure in figures(&step.measured) {
            writeln!(out)?;
            match figure {
                Figure::Grid { columns, rows } => {
                    let safe = |Column { name, is_number }| Column {
                        name: prose(&name).into(),
                        is_number,
                    };
                    let columns: Vec<Column> = columns.into_iter().map(safe).collect();
                    let mut table = Markdown::new(&mut *out);
                    table.header(&columns)?;
                    for row in rows {
                        let cells: Vec<String> = row.iter().map(|cell| prose(cell)).collect();
                        let cells: Vec<Cell> = cells.iter().map(|cell| Cell::Word(cell)).collect();
                        table.record(&cells)?;
                    }
                }
                Figure::Drawing(lines) => writeln!(out, "```text\n{}\n```", lines.join("\n"))?,
                Figure::Line(line) => writeln!(out, "{}", prose(&line))?,
            }
        }
        for shown in &step.shows {
            writeln!(out, "\n{}", prose(shown))?;
        }
        step.notes.iter().try_for_each(|note| writeln!(out, "\nNote: {}", prose(note)))?;
    }
    Ok(())
}

/// A text of our own with tokens in it, which may hold anything: whatever means
/// something to Markdown is made to mean itself.
fn prose(text: &str) -> String {
    let mut shown = String::new();
    for c in harmless(text).chars() {
        match c {
            // No backslash keeps a name from being called.
            '@' => shown.push_str("&#64;"),
            '<' | '>' | '&' | '`' | '|' | '*' | '_' | '~' | '[' | ']' | '\\' | '#' => {
                shown.extend(['\\', c]);
            }
            c => shown.push(c),
        }
    }
    shown
}

/// Writes what a list of tokens is of, and its header.
pub(super) fn tokens_header(vocab: &VocabInfo, mut out: impl Write) -> Result<()> {
    let (n, model) = (grouped(vocab.n_tokens), code(&visible(&vocab.model)));
    writeln!(out, "Of the {n} tokens in {model}:\n")?;
    records::tokens_header(vocab, &mut Markdown::new(out))
}

fn notes(notes: &[String], out: &mut dyn Write) -> Result<()> {
    for note in notes {
        writeln!(out, "\nNote: {}", code(&harmless(note)))?;
    }
    Ok(())
}

fn named(token: &TokenText) -> String {
    match token.token {
        Some(_) => code(&quoted(token, WIDEST)),
        None => "(no token)".to_owned(),
    }
}

/// A visible text as code. In a span of backticks everything stands for itself
/// but a backtick, and in a table a pipe, which `\|` means: then only entities
/// can say what a backslash before a pipe means.
fn code(text: &str) -> String {
    if text.contains('`') || text.contains("\\|") {
        let mut html = String::from("<code>");
        for c in text.chars() {
            match c {
                ' ' => html.push(' '),
                c if c.is_ascii_alphanumeric() || !c.is_ascii() => html.push(c),
                c => html.push_str(&format!("&#{};", u32::from(c))),
            }
        }
        return html + "</code>";
    }
    format!("`{}`", text.replace('|', "\\|"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_token_ends_its_cell_or_its_span() {
        assert_eq!(code("\" cat\""), "`\" cat\"`");
        assert_eq!(code("a|b"), "`a\\|b`");
        assert_eq!(code("<img src=x> @you"), "`<img src=x> @you`");
        assert_eq!(code("`"), "<code>&#96;</code>");
        assert_eq!(code("\\|"), "<code>&#92;&#124;</code>");
    }
}
