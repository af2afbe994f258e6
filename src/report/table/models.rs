//! The models that can be named, a line each.

use std::io::Write;

use anyhow::Result;

use super::super::Style;
use super::super::number::decimal_size;
use super::{lines, notes, paragraph};
use crate::answer::{ModelInfo, ModelsReport};
use crate::text::{clip, harmless, visible, width};

const HEADER: [&str; 5] = ["store", "size", "architecture", "table", "type"];

/// The widest that a cell is shown.
const WIDEST: usize = 18;

pub(super) fn write(report: &ModelsReport, style: &Style, out: &mut dyn Write) -> Result<()> {
    let rows: Vec<[String; 5]> = report.models.iter().map(cells).collect();
    let mut columns = HEADER.map(width);
    for row in &rows {
        for (column, cell) in columns.iter_mut().zip(row) {
            *column = (*column).max(width(cell));
        }
    }
    let rest: usize = columns.iter().map(|column| 2 + column).sum();
    // A name is there to be typed, so it is never cut: one that is too long for
    // its column has a line of its own.
    let room = style.width.saturating_sub(1 + rest);
    let names = report.models.iter().map(|model| width(&visible(&model.name)));
    let first = names.filter(|&name| name <= room).max().unwrap_or(0).max("name".len());
    writeln!(out, "{}", line("name", first, HEADER, &columns))?;
    writeln!(out, "{}", "─".repeat((1 + first + rest).min(style.width)))?;
    for (model, row) in report.models.iter().zip(&rows) {
        let name = visible(&model.name);
        let name = if width(&name) <= first {
            &*name
        } else {
            writeln!(out, " {name}")?;
            ""
        };
        writeln!(out, "{}", line(name, first, row.each_ref().map(String::as_str), &columns))?;
        if let Some(problem) = &model.problem {
            for line in lines(&harmless(problem), style.width - 4) {
                writeln!(out, "    {}", clip(&line, style.width - 4))?;
            }
        }
    }
    // More than what is built in.
    if report.models.len() <= 1 {
        writeln!(out)?;
        paragraph(&nothing(report), style, out)?;
    }
    notes(&report.notes, style, out)
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
