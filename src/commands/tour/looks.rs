//! How a tour looks in each form: claims, figures, and what they show.

use std::io::Write;

use anyhow::Result;
use serde_json::Value;

use super::answer::{TourCall, TourHead, TourQuestion, TourStep, TourTitle, TourTitles};
use super::figures::{Item, ValueTable};
use crate::report::markdown::{Markdown, code, prose as escaped};
use crate::report::{Answer, Cell, Column, Grid, List, Notes, Page, Records, json, lines};
use crate::text::{harmless, visible, width};

/// At most this many columns of prose: longer lines are hard to follow.
const PROSE: usize = 96;

impl List for TourHead {
    type Item = TourStep;

    const ITEMS: &'static str = "steps";
    const NOTES: Notes = Notes::Within;
    const LINE_BY_LINE: bool = true;
    const PAGED: bool = true;

    fn columns(&self) -> Vec<Column<'_>> {
        let [slug, name, value] = ["slug", "name", "value"].map(Column::text);
        vec![Column::number("step"), slug, name, value]
    }

    /// One record per number: its name is its path in the JSON.
    fn records(&self, step: &TourStep, out: &mut dyn Records) -> Result<()> {
        let mut bytes = Vec::new();
        json::value(&step.measured, &mut bytes)?;
        // `to_value` fails for numbers of more than 64 bits; JSON text does not.
        let measured: Value = serde_json::from_slice(&bytes)?;
        let TourTitle { step, slug, .. } = step.title;
        leaves(&mut String::new(), &measured, &mut |name, value| {
            let [name, value] = [name, value].map(Cell::text);
            out.record(&[Cell::Number(step), Cell::Word(slug), name, value])
        })
    }

    fn table_head(&self, page: &mut Page) -> Result<()> {
        let (model, table) = (visible(&self.model), &self.table);
        let (tensor, format) = (visible(&table.tensor), table.format);
        let shape = format!("[{}, {}] (n_vocab, d_model)", table.n_vocab, table.d_model);
        plain(&format!("A tour of {model}: {tensor}, {format}, {shape}"), page)?;
        if let Some(about) = self.about {
            plain(about, page)?;
        }
        plain(&self.drawn(), page)?;
        page.narrow(PROSE).notes(&self.notes)
    }

    fn table_item(&self, _: usize, step: &TourStep, page: &mut Page) -> Result<()> {
        let title = format!("{} of {}: {}", step.title.step, self.of, step.title.title);
        writeln!(page, "\n{title}\n{}\n", "─".repeat(title.chars().count()))?;
        body(step, page, plain, grid, ["", ""])?;
        page.narrow(PROSE).notes(&step.notes)
    }

    fn markdown_head(&self, page: &mut Page) -> Result<()> {
        let table = &self.table;
        let [model, tensor] = [&self.model, &table.tensor].map(|text| code(&visible(text)));
        let shape = format!("[{}, {}]", table.n_vocab, table.d_model);
        write!(page, "# A tour of {model}\n\n{tensor} ({}), {shape}; ", table.format)?;
        if let Some(about) = self.about {
            rich(&format!("{about}; "), page)?;
        }
        rich(&self.drawn(), page)?;
        rich_notes(&self.notes, page)
    }

    fn markdown_item(&self, _: usize, step: &TourStep, page: &mut Page) -> Result<()> {
        let TourTitle { step: number, title, .. } = step.title;
        writeln!(page, "\n## {number} of {}: {title}\n", self.of)?;
        body(step, page, rich, rich_table, ["```text\n", "\n```"])?;
        rich_notes(&step.notes, page)
    }
}

impl TourHead {
    /// The line about the architecture and the seed.
    fn drawn(&self) -> String {
        let architecture = self.architecture.as_ref();
        let architecture = architecture.map(|name| format!("architecture {}; ", visible(name)));
        let architecture = architecture.unwrap_or_default();
        format!("{architecture}what is drawn by chance is drawn from seed {}", self.seed)
    }
}

impl Answer for TourTitles {
    fn records(&self, out: &mut dyn Records) -> Result<()> {
        out.header(&[Column::number("step"), Column::text("slug"), Column::text("title")])?;
        self.steps.iter().try_for_each(|&TourTitle { step, slug, title }| {
            out.record(&[Cell::Number(step), Cell::Word(slug), Cell::Word(title)])
        })
    }

    fn table(&self, page: &mut Page) -> Result<()> {
        self.steps.iter().try_for_each(|it| Ok(writeln!(page, "{:>2}  {}", it.step, it.title)?))
    }
}

/// Prints a step below its title, without its notes.
fn body(
    step: &TourStep,
    page: &mut Page,
    prose: fn(&str, &mut Page) -> Result<()>,
    table: fn(&ValueTable, &mut Page) -> Result<()>,
    [above, below]: [&str; 2],
) -> Result<()> {
    let is_quiet = page.is_quiet();
    if !is_quiet {
        prose(step.claim, page)?;
    }
    for (nth, item) in step.measured.seen().enumerate() {
        if nth > 0 || !is_quiet {
            writeln!(page)?;
        }
        match item {
            Item::Table(figures) => table(figures, page)?,
            Item::Drawing(lines) => writeln!(page, "{above}{}{below}", lines.join("\n"))?,
            Item::Line(line) => prose(line, page)?,
            Item::Value(..) => {}
        }
    }
    if is_quiet {
        return Ok(());
    }
    for shown in &step.shows {
        writeln!(page)?;
        prose(shown, page)?;
    }
    if !step.next.is_empty() {
        writeln!(page)?;
        prose("Next, try:", page)?;
        writeln!(page, "{above}{}{below}", calls(&step.next, page.width()).join("\n"))?;
    }
    if !step.quiz.is_empty() {
        writeln!(page)?;
        prose("Three questions, answered by computing:", page)?;
    }
    for TourQuestion { question, answer, .. } in &step.quiz {
        writeln!(page)?;
        prose(&format!("{question} {answer}"), page)?;
    }
    Ok(())
}

/// A line for each command, and what it shows beside it or on the next line.
fn calls(next: &[TourCall], columns: usize) -> Vec<String> {
    let line = |TourCall { command, why }: &TourCall| {
        let (command, why) = (harmless(command), format!("# {why}"));
        match width(&command) + width(&why) + 4 {
            all if all <= columns => vec![format!("  {command}  {why}")],
            _ if width(&command) + 2 <= columns => {
                vec![format!("  {command}"), format!("      {why}")]
            }
            _ => lines(&command, columns - 2)
                .into_iter()
                .chain([format!("    {why}")])
                .map(|line| format!("  {line}"))
                .collect(),
        }
    };
    next.iter().flat_map(line).collect()
}

/// Prints a paragraph. No line breaks at the space that a token begins with.
fn plain(text: &str, page: &mut Page) -> Result<()> {
    let text = harmless(text).replace(" \" ", " \"\u{a0}").replace("(\" ", "(\"\u{a0}");
    let width = page.width().min(PROSE);
    lines(&text, width).iter().try_for_each(|line| Ok(writeln!(page, "{line}")?))
}

fn grid(table: &ValueTable, page: &mut Page) -> Result<()> {
    let headings =
        table.headings().map(|(name, is_number)| Column { name: name.into(), is_number });
    let mut grid = Grid::new(&headings.collect::<Vec<_>>());
    table.cells().for_each(|cells| grid.row(cells));
    grid.print(page)
}

fn rich(text: &str, page: &mut Page) -> Result<()> {
    Ok(writeln!(page, "{}", escaped(text))?)
}

fn rich_notes(notes: &[String], page: &mut Page) -> Result<()> {
    let notes = if page.is_quiet() { &[] } else { notes };
    notes.iter().try_for_each(|note| Ok(writeln!(page, "\nNote: {}", escaped(note))?))
}

fn rich_table(table: &ValueTable, page: &mut Page) -> Result<()> {
    let headings =
        table.headings().map(|(name, is_number)| Column { name: escaped(name).into(), is_number });
    let mut out = Markdown::new(page);
    out.header(&headings.collect::<Vec<_>>())?;
    table.cells().try_for_each(|cells| {
        let cells: Vec<String> = cells.iter().map(|cell| escaped(cell)).collect();
        out.record(&cells.iter().map(|cell| Cell::Word(cell)).collect::<Vec<_>>())
    })
}

/// Calls `visit` with the path and the text of each scalar in a JSON value.
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
