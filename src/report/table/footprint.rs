//! Footprints: one table's cost in full, or several side by side.

use std::io::Write;

use anyhow::Result;
use comfy_table::{Cell, Table};

use super::super::Style;
use super::super::number::{binary_size, decimal_size, grouped, percent};
use super::{align_right, grid, notes, paragraph, print};
use crate::answer::{ActualTable, FootprintReport, TableCost};
use crate::footprint::Precision;
use crate::text::{visible, width};

pub(super) fn write(report: &FootprintReport, style: &Style, out: &mut dyn Write) -> Result<()> {
    match report.tables() {
        [cost] => one(cost, style, out),
        costs => several(costs, style, out),
    }
}

fn one(cost: &TableCost, style: &Style, out: &mut dyn Write) -> Result<()> {
    let footprint = &cost.footprint;
    let line = format!(
        "{}[{}, {}]: {} rows (n_vocab) x {} values (d_model) = {} parameters",
        cost.like.map(|name| format!("{name} ")).unwrap_or_default(),
        footprint.n_vocab,
        footprint.d_model,
        grouped(footprint.n_vocab),
        grouped(footprint.d_model),
        grouped(footprint.parameters)
    );
    paragraph(&line, style, out)?;
    if let Some(actual) = &cost.actual {
        as_stored(actual, style, out)?;
    }
    writeln!(out)?;
    let stored = cost.actual.as_ref().map(|actual| actual.format);
    let mut table = grid(["type", "bits/weight", "bytes", "decimal", "binary", "x F16"]);
    for precision in &footprint.precisions {
        // The type the file has is marked among the others.
        let mark = if stored == Some(precision.format) { " <" } else { "" };
        let mut cells =
            vec![format!("{}{mark}", precision.format), bits(precision.bits_per_weight)];
        match (precision.bytes, precision.ratio_to_f16) {
            (Some(bytes), Some(ratio)) => cells.extend([
                grouped(bytes),
                decimal_size(bytes),
                binary_size(bytes),
                format!("{ratio:.3}"),
            ]),
            _ => cells.extend(["-", "-", "-", "-"].map(str::to_owned)),
        }
        table.add_row(cells);
    }
    align_right(&mut table, 1..6);
    print(&table, out)?;
    if stored.is_some() {
        paragraph("< the type that the file has", style, out)?;
    }
    unstorable(cost, style, out)?;
    notes(&cost.notes, style, out)
}

fn as_stored(actual: &ActualTable, style: &Style, out: &mut dyn Write) -> Result<()> {
    let line = format!(
        "{} is stored as {}: {} bytes ({}, {}), {} of the file's {}",
        visible(&actual.tensor),
        actual.format,
        grouped(actual.bytes),
        decimal_size(actual.bytes),
        binary_size(actual.bytes),
        percent(actual.share),
        grouped(actual.file_bytes)
    );
    paragraph(&line, style, out)?;
    match (actual.tied, &actual.output) {
        (Some(true), _) => paragraph(
            "output head: tied, the same table is used again (the file has no output.weight)",
            style,
            out,
        ),
        (Some(false), Some(output)) => {
            let bytes = output.bytes.map_or_else(String::new, |bytes| {
                format!(": {} bytes ({})", grouped(bytes), decimal_size(bytes))
            });
            let line =
                format!("output head: a table of its own, output.weight, {}{bytes}", output.format);
            paragraph(&line, style, out)
        }
        _ => Ok(()),
    }
}

/// Says which types can't store the table, and what llama-quantize does then.
fn unstorable(cost: &TableCost, style: &Style, out: &mut dyn Write) -> Result<()> {
    let mut groups: Vec<(usize, Option<&str>, Vec<&str>)> = Vec::new();
    for Precision { format, block, instead, .. } in
        cost.footprint.precisions.iter().filter(|precision| !precision.storable)
    {
        match groups.iter_mut().find(|group| (group.0, group.1) == (*block, *instead)) {
            Some(group) => group.2.push(format),
            None => groups.push((*block, *instead, vec![format])),
        }
    }
    if groups.is_empty() {
        return Ok(());
    }
    writeln!(out)?;
    let d_model = cost.footprint.d_model;
    for (block, instead, types) in groups {
        let then = match instead {
            Some(instead) => format!("llama-quantize writes {instead} instead"),
            None => "llama-quantize stops with an error".to_owned(),
        };
        let line =
            format!("{}: blocks of {block} do not divide {d_model}; {then}", types.join(", "));
        paragraph(&line, style, out)?;
    }
    Ok(())
}

/// The sizes of several tables side by side, as many abreast as fit.
fn several(costs: &[TableCost], style: &Style, out: &mut dyn Write) -> Result<()> {
    let fixed = 2 + "IQ3_XXS".len() + 2 + "bits/weight".len();
    let mut rest = costs;
    while !rest.is_empty() {
        let column = |cost: &TableCost| {
            let heading = width(&headings(cost).1).max(headings(cost).0.len());
            2 + heading.max(grouped(cost.footprint.parameters).len()).max("1000 MiB".len())
        };
        let mut used = fixed;
        let fit = rest
            .iter()
            .take_while(|cost| {
                used += column(cost);
                used <= style.width
            })
            .count()
            .max(1);
        let (shown, more) = rest.split_at(fit);
        print(&abreast(shown), out)?;
        rest = more;
        if !rest.is_empty() {
            writeln!(out)?;
        }
    }
    paragraph("- a type whose blocks do not divide d_model", style, out)
}

fn headings(cost: &TableCost) -> (String, String) {
    let shape = format!("[{}, {}]", cost.footprint.n_vocab, cost.footprint.d_model);
    (cost.like.unwrap_or_default().to_owned(), shape)
}

fn abreast(costs: &[TableCost]) -> Table {
    let mut header = vec!["type".to_owned(), "bits/weight".to_owned()];
    header.extend(costs.iter().map(|cost| match headings(cost) {
        (name, shape) if name.is_empty() => shape,
        (name, shape) => format!("{name}\n{shape}"),
    }));
    let mut table = grid(&header);
    let first = &costs[0].footprint;
    let mut parameters = vec!["(parameters)".to_owned(), String::new()];
    parameters.extend(costs.iter().map(|cost| grouped(cost.footprint.parameters)));
    table.add_row(parameters);
    for (i, precision) in first.precisions.iter().enumerate() {
        let mut cells = vec![precision.format.to_owned(), bits(precision.bits_per_weight)];
        cells.extend(costs.iter().map(|cost| {
            cost.footprint.precisions[i].bytes.map_or_else(|| "-".to_owned(), decimal_size)
        }));
        table.add_row(cells.into_iter().map(Cell::new));
    }
    align_right(&mut table, 1..2 + costs.len());
    table
}

/// Bits per weight without the zeros: `8.5`, `6.5625`.
fn bits(bits: f64) -> String {
    bits.to_string()
}
