//! The answer of `models` and how it looks: one line per model.

use std::io::Write;

use anyhow::Result;
use serde::Serialize;

use crate::report::number::decimal_size;
use crate::report::{Answer, Cell, Column, Page, Records, json, lines};
use crate::store::Store;
use crate::text::{clip, harmless, visible, width};

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ModelsReport {
    pub models: Vec<ModelInfo>,
    pub places: Vec<PlaceInfo>,
    pub notes: Vec<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ModelInfo {
    /// The name to type.
    pub name: String,
    /// Its store: `built in`, `Ollama`, `HF hub`, `LM Studio` or `llama.cpp`.
    pub store: &'static str,
    /// Its file, or its first file. `None` if it is built in.
    pub path: Option<String>,
    pub bytes: Option<u64>,
    pub architecture: Option<String>,
    /// The shape of the embedding table, `[n_vocab, d_model]`.
    pub shape: Option<[u64; 2]>,
    #[serde(rename = "type")]
    pub format: Option<String>,
    /// Why it can't be used, or why it has no table.
    pub problem: Option<String>,
}

/// A folder where a store may be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PlaceInfo {
    pub store: &'static str,
    /// Its path, with `~` for the user's home folder.
    pub path: String,
    pub found: bool,
}

const HEADER: [&str; 5] = ["store", "size", "architecture", "table", "type"];

const WIDEST: usize = 18;

impl Answer for ModelsReport {
    fn records(&self, out: &mut dyn Records) -> Result<()> {
        let model = ["name", "store", "#bytes", "architecture"].map(Column::of);
        let table = ["#n_vocab", "#d_model", "type", "path", "problem"].map(Column::of);
        out.header(&[&model[..], &table].concat())?;
        for model in &self.models {
            let [rows, columns] = model.shape.map_or([None; 2], |shape| shape.map(Some));
            out.record(&[
                Cell::text(&model.name),
                Cell::Word(model.store),
                Cell::count(model.bytes),
                Cell::maybe(&model.architecture),
                Cell::count(rows),
                Cell::count(columns),
                Cell::maybe(&model.format),
                Cell::maybe(&model.path),
                model.problem.as_deref().map_or(Cell::Nothing, Cell::shown),
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
        // Users type names, so a name is never cut. A name that is too long for its
        // column gets its own line.
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
                for line in lines(&harmless(problem), page.width() - 4) {
                    writeln!(page, "    {}", clip(&line, page.width() - 4))?;
                }
            }
        }
        // More than the built-in table.
        if self.models.iter().all(|model| model.store == Store::BuiltIn.title()) {
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

/// The message if no store has a model.
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
