//! How a tour looks, step by step: the claim, the figures, what they show.

use std::io::Write;

use anyhow::Result;
use serde_json::Value;

use super::figures::{Figure, figures};
use super::markdown::{Markdown, code, prose as escaped};
use super::{Answer, Cell, Column, Grid, List, Notes, Page, Records, lines};
use crate::answer::{TourHead, TourList, TourStep};
use crate::text::visible;

/// The longest line of prose: longer ones are hard to follow.
const PROSE: usize = 96;

impl List for TourHead {
    type Item = TourStep;

    const ITEMS: &'static str = "steps";
    const NOTES: Notes = Notes::Within;
    const LINE_BY_LINE: bool = true;

    fn columns(&self) -> Vec<Column<'_>> {
        vec![
            Column::number("step"),
            Column::text("slug"),
            Column::text("name"),
            Column::text("value"),
        ]
    }

    /// What was measured, a line each: its name is the path to it in JSON.
    fn records(&self, step: &TourStep, out: &mut dyn Records) -> Result<()> {
        let mut json = Vec::new();
        super::json::value(&step.measured, &mut json)?;
        // Through text: there, numbers of more than 64 bits are numbers too.
        let measured: Value = serde_json::from_slice(&json)?;
        leaves(&mut String::new(), &measured, &mut |name, value| {
            let [name, value] = [name, value].map(Cell::text);
            out.record(&[Cell::Number(step.step), Cell::Word(step.slug), name, value])
        })
    }

    fn table_head(&self, page: &mut Page) -> Result<()> {
        head(self, page)
    }

    fn table_item(&self, item: &TourStep, page: &mut Page) -> Result<()> {
        step(item, self.of, page)
    }

    fn markdown_head(&self, page: &mut Page) -> Result<()> {
        let table = &self.table;
        let shape = format!("[{}, {}]", table.n_vocab, table.d_model);
        let [model, tensor] = [&self.model, &table.tensor].map(|text| code(&visible(text)));
        writeln!(
            page,
            "# A tour of {model}\n\n{tensor} ({}), {shape}; {}",
            table.format,
            escaped(&drawn(self))
        )?;
        self.notes.iter().try_for_each(|note| Ok(writeln!(page, "\nNote: {}", escaped(note))?))
    }

    /// A heading, the claim, the figures and what they show.
    fn markdown_item(&self, _: usize, step: &TourStep, page: &mut Page) -> Result<()> {
        writeln!(page, "\n## {} of {}: {}\n", step.step, self.of, step.title)?;
        writeln!(page, "{}", escaped(&step.claim))?;
        for figure in figures(&step.measured) {
            writeln!(page)?;
            match figure {
                Figure::Grid { columns, rows } => {
                    let safe = |Column { name, is_number }| Column {
                        name: escaped(&name).into(),
                        is_number,
                    };
                    let columns: Vec<Column> = columns.into_iter().map(safe).collect();
                    let mut table = Markdown::new(page);
                    table.header(&columns)?;
                    for row in rows {
                        let cells: Vec<String> = row.iter().map(|cell| escaped(cell)).collect();
                        let cells: Vec<Cell> = cells.iter().map(|cell| Cell::Word(cell)).collect();
                        table.record(&cells)?;
                    }
                }
                Figure::Drawing(lines) => writeln!(page, "```text\n{}\n```", lines.join("\n"))?,
                Figure::Line(line) => writeln!(page, "{}", escaped(&line))?,
            }
        }
        for shown in &step.shows {
            writeln!(page, "\n{}", escaped(shown))?;
        }
        step.notes.iter().try_for_each(|note| Ok(writeln!(page, "\nNote: {}", escaped(note))?))
    }
}

impl Answer for TourList {
    fn records(&self, out: &mut dyn Records) -> Result<()> {
        out.header(&[Column::number("step"), Column::text("slug"), Column::text("title")])?;
        self.steps.iter().try_for_each(|title| {
            out.record(&[Cell::Number(title.step), Cell::Word(title.slug), Cell::Word(title.title)])
        })
    }

    fn table(&self, page: &mut Page) -> Result<()> {
        self.steps.iter().try_for_each(|it| Ok(writeln!(page, "{:>2}  {}", it.step, it.title)?))
    }
}

/// What the numbers depend on besides the file.
fn drawn(head: &TourHead) -> String {
    let architecture = match &head.architecture {
        Some(architecture) => format!("architecture {}; ", visible(architecture)),
        None => String::new(),
    };
    format!("{architecture}what is drawn by chance is drawn from seed {}", head.seed)
}

/// What the tour is of.
fn head(head: &TourHead, page: &mut Page) -> Result<()> {
    let table = &head.table;
    prose(
        &format!(
            "A tour of {}: {}, {}, [{}, {}] (n_vocab, d_model)",
            visible(&head.model),
            visible(&table.tensor),
            table.format,
            table.n_vocab,
            table.d_model
        ),
        page,
    )?;
    prose(&drawn(head), page)?;
    page.narrow(PROSE).notes(&head.notes)
}

/// One step.
fn step(step: &TourStep, of: u64, page: &mut Page) -> Result<()> {
    let title = format!("{} of {of}: {}", step.step, step.title);
    writeln!(page, "\n{title}\n{}\n", "─".repeat(title.chars().count()))?;
    prose(&step.claim, page)?;
    for figure in figures(&step.measured) {
        match figure {
            Figure::Grid { columns, rows } => {
                let mut grid = Grid::new(&columns);
                rows.into_iter().for_each(|row| grid.row(row));
                writeln!(page)?;
                grid.print(page)?;
            }
            Figure::Drawing(lines) => {
                writeln!(page)?;
                lines.iter().try_for_each(|line| writeln!(page, "{line}"))?;
            }
            Figure::Line(line) => {
                writeln!(page)?;
                prose(&line, page)?;
            }
        }
    }
    for shown in &step.shows {
        writeln!(page)?;
        prose(shown, page)?;
    }
    page.narrow(PROSE).notes(&step.notes)
}

/// Prints a paragraph. A token that begins with a space is not broken there.
fn prose(text: &str, page: &mut Page) -> Result<()> {
    let text = visible(text).replace(" \" ", " \"\u{a0}").replace("(\" ", "(\"\u{a0}");
    let width = page.width().min(PROSE);
    lines(&text, width).iter().try_for_each(|line| Ok(writeln!(page, "{line}")?))
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
