//! How the models that can be named look: a line each.

use std::io::Write;

use anyhow::Result;

use super::answer::{ModelInfo, ModelsReport};
use crate::report::number::decimal_size;
use crate::report::{Answer, Cell, Column, Page, Records, json, lines};
use crate::text::{clip, visible, width};

const HEADER: [&str; 5] = ["store", "size", "architecture", "table", "type"];

/// The widest that a cell is shown.
const WIDEST: usize = 18;

impl Answer for ModelsReport {
    fn records(&self, out: &mut dyn Records) -> Result<()> {
        let [name, store, bytes] =
            [Column::text("name"), Column::text("store"), Column::number("bytes")];
        let [rows, columns] = [Column::number("n_vocab"), Column::number("d_model")];
        let [kind, path, problem] =
            [Column::text("type"), Column::text("path"), Column::text("problem")];
        let architecture = Column::text("architecture");
        out.header(&[name, store, bytes, architecture, rows, columns, kind, path, problem])?;
        for model in &self.models {
            fn of(text: &Option<String>) -> Cell<'_> {
                text.as_ref().map_or(Cell::Nothing, Cell::text)
            }
            let [rows, columns] = model.shape.map_or([None; 2], |shape| shape.map(Some));
            out.record(&[
                Cell::text(&model.name),
                Cell::Word(model.store),
                Cell::count(model.bytes),
                of(&model.architecture),
                Cell::count(rows),
                Cell::count(columns),
                of(&model.format),
                of(&model.path),
                of(&model.problem),
            ])?;
        }
        Ok(())
    }

    fn lines(&self, out: &mut dyn Write) -> Result<()> {
        json::lines(&self.models, out)
    }

    fn notes(&self) -> &[String] {
        &self.notes
    }

    fn table(&self, page: &mut Page) -> Result<()> {
        let rows: Vec<[String; 5]> = self.models.iter().map(cells).collect();
        let mut columns = HEADER.map(width);
        for row in &rows {
            for (column, cell) in columns.iter_mut().zip(row) {
                *column = (*column).max(width(cell));
            }
        }
        let rest: usize = columns.iter().map(|column| 2 + column).sum();
        // A name is there to be typed, so it is never cut: one that is too long for
        // its column has a line of its own.
        let room = page.width().saturating_sub(1 + rest);
        let names = self.models.iter().map(|model| width(&visible(&model.name)));
        let first = names.filter(|&name| name <= room).max().unwrap_or(0).max("name".len());
        writeln!(page, "{}", line("name", first, HEADER, &columns))?;
        writeln!(page, "{}", "─".repeat((1 + first + rest).min(page.width())))?;
        for (model, row) in self.models.iter().zip(&rows) {
            let name = visible(&model.name);
            let name = if width(&name) <= first {
                &*name
            } else {
                writeln!(page, " {name}")?;
                ""
            };
            writeln!(page, "{}", line(name, first, row.each_ref().map(String::as_str), &columns))?;
            if let Some(problem) = &model.problem {
                for line in lines(&visible(problem), page.width() - 4) {
                    writeln!(page, "    {}", clip(&line, page.width() - 4))?;
                }
            }
        }
        // More than what is built in.
        if self.models.len() <= 1 {
            writeln!(page)?;
            page.paragraph(&nothing(self))?;
        }
        Ok(())
    }
}

fn cells(model: &ModelInfo) -> [String; 5] {
    let none = || "-".to_owned();
    let shape = model.shape.map_or_else(none, |[rows, columns]| format!("[{rows}, {columns}]"));
    [
        model.store.to_owned(),
        model.bytes.map_or_else(none, decimal_size),
        model.architecture.as_deref().map_or_else(none, |name| visible(name).into_owned()),
        shape,
        model.format.clone().unwrap_or_else(none),
    ]
    .map(|cell| clip(&cell, WIDEST).into_owned())
}

fn line(name: &str, first: usize, cells: [&str; 5], columns: &[usize; 5]) -> String {
    let mut line = format!(" {name}{}", " ".repeat(first - width(name)));
    for (i, (cell, column)) in cells.iter().zip(columns).enumerate() {
        let gap = " ".repeat(column - width(cell));
        // The size is a number.
        let cell = if i == 1 { format!("{gap}{cell}") } else { format!("{cell}{gap}") };
        line += &format!("  {cell}");
    }
    line.trim_end().to_owned()
}

/// What to say where no store has a model.
fn nothing(report: &ModelsReport) -> String {
    let mut places: Vec<String> = Vec::new();
    for place in &report.places {
        let there = if place.found { "" } else { " (not there)" };
        let place = format!("{}{there}", visible(&place.path));
        if !places.contains(&place) {
            places.push(place);
        }
    }
    let looked = match places.is_empty() {
        true => "Nowhere to look: HOME is not set.".to_owned(),
        false => format!("No other model in {}.", places.join(", ")),
    };
    format!(
        "{looked} To get one: `ollama pull gemma3:270m`, or download a .gguf file and name its path."
    )
}
