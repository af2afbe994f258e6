//! How footprints look: one table's cost in full, or several side by side.

use std::io::Write;

use anyhow::Result;
use serde::Serialize;

use super::answer::{ActualTable, FootprintReport, TableCost};
use crate::footprint::{Footprint, Precision};
use crate::report::markdown::{Markdown, code};
use crate::report::number::{binary_size, decimal_size, grouped, percent};
use crate::report::{Answer, Cell, Column, Float, Grid, Page, Records, json};
use crate::text::{visible, width};

impl Answer for FootprintReport {
    fn records(&self, out: &mut dyn Records) -> Result<()> {
        out.header(&columns())?;
        self.tables().iter().try_for_each(|cost| {
            cost.footprint.precisions.iter().try_for_each(|it| out.record(&cells(cost, it)))
        })
    }

    fn lines(&self, out: &mut dyn Write) -> Result<()> {
        self.tables().iter().try_for_each(|table| {
            let Footprint { n_vocab, d_model, ref precisions, .. } = table.footprint;
            json::lines(precisions.iter().map(|cost| OfShape { n_vocab, d_model, cost }), out)
        })
    }

    fn table(&self, page: &mut Page) -> Result<()> {
        match self.tables() {
            [cost] => one(cost, page),
            costs => several(costs, page),
        }
    }

    fn markdown(&self, page: &mut Page) -> Result<()> {
        for (i, cost) in self.tables().iter().enumerate() {
            let footprint = &cost.footprint;
            let name = cost.like.or(cost.model.as_deref());
            let name = name.map(|name| format!("{} ", code(&visible(name)))).unwrap_or_default();
            let shape = format!("[{}, {}]", footprint.n_vocab, footprint.d_model);
            let parameters = grouped(footprint.parameters);
            let before = if i > 0 { "\n" } else { "" };
            writeln!(page, "{before}{name}{shape}: {parameters} parameters\n")?;
            if let Some(actual) = &cost.actual {
                let (tensor, bytes) = (code(&visible(&actual.tensor)), grouped(actual.bytes));
                writeln!(page, "{tensor} is stored as {}: {bytes} bytes\n", actual.format)?;
            }
            let mut table = Markdown::new(page);
            table.header(&columns()[OF_SHAPE..])?;
            for precision in &footprint.precisions {
                table.record(&cells(cost, precision)[OF_SHAPE..])?;
            }
        }
        Ok(())
    }

    fn notes(&self) -> &[String] {
        // Tables on paper have none.
        self.tables().first().map_or(&[], |cost| &cost.notes)
    }
}

/// A precision, with the shape it is the cost of.
#[derive(Serialize)]
struct OfShape<'a> {
    n_vocab: u64,
    d_model: u64,
    #[serde(flatten)]
    cost: &'a Precision,
}

/// The columns about the shape, which come first.
const OF_SHAPE: usize = 2;

fn columns() -> [Column<'static>; 6] {
    let [rows, columns] = [Column::number("n_vocab"), Column::number("d_model")];
    let [bits, bytes] = [Column::number("bits_per_weight"), Column::number("bytes")];
    [rows, columns, Column::text("type"), bits, bytes, Column::text("storable")]
}

fn cells<'a>(cost: &TableCost, precision: &'a Precision) -> [Cell<'a>; 6] {
    [
        Cell::Count(cost.footprint.n_vocab),
        Cell::Count(cost.footprint.d_model),
        Cell::Word(precision.format),
        Cell::Wide(Float(precision.bits_per_weight)),
        Cell::count(precision.bytes),
        Cell::Word(if precision.storable { "true" } else { "false" }),
    ]
}

fn one(cost: &TableCost, page: &mut Page) -> Result<()> {
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
    page.paragraph(&line)?;
    if let Some(actual) = &cost.actual {
        as_stored(actual, page)?;
    }
    writeln!(page)?;
    let stored = cost.actual.as_ref().map(|actual| actual.format);
    let numbers = ["bits/weight", "bytes", "decimal", "binary", "x F16"].map(Column::number);
    let mut grid = Grid::new(&[&[Column::text("type")], &numbers[..]].concat());
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
        grid.row(cells);
    }
    grid.print(page)?;
    if stored.is_some() {
        page.paragraph("< the type that the file has")?;
    }
    unstorable(cost, page)
}

fn as_stored(actual: &ActualTable, page: &mut Page) -> Result<()> {
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
    page.paragraph(&line)?;
    match (actual.tied, &actual.output) {
        (Some(true), _) => page.paragraph(
            "output head: tied, the same table is used again (the file has no output.weight)",
        ),
        (Some(false), Some(output)) => {
            let bytes = output.bytes.map_or_else(String::new, |bytes| {
                format!(": {} bytes ({})", grouped(bytes), decimal_size(bytes))
            });
            let line =
                format!("output head: a table of its own, output.weight, {}{bytes}", output.format);
            page.paragraph(&line)
        }
        _ => Ok(()),
    }
}

/// Says which types can't store the table, and what llama-quantize does then.
fn unstorable(cost: &TableCost, page: &mut Page) -> Result<()> {
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
    writeln!(page)?;
    let d_model = cost.footprint.d_model;
    for (block, instead, types) in groups {
        let then = match instead {
            Some(instead) => format!("llama-quantize writes {instead} instead"),
            None => "llama-quantize stops with an error".to_owned(),
        };
        let line =
            format!("{}: blocks of {block} do not divide {d_model}; {then}", types.join(", "));
        page.paragraph(&line)?;
    }
    Ok(())
}

/// The sizes of several tables side by side, as many abreast as fit.
fn several(costs: &[TableCost], page: &mut Page) -> Result<()> {
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
                used <= page.width()
            })
            .count()
            .max(1);
        let (shown, more) = rest.split_at(fit);
        abreast(shown).print(page)?;
        rest = more;
        if !rest.is_empty() {
            writeln!(page)?;
        }
    }
    page.paragraph("- a type whose blocks do not divide d_model")
}

fn headings(cost: &TableCost) -> (String, String) {
    let shape = format!("[{}, {}]", cost.footprint.n_vocab, cost.footprint.d_model);
    (cost.like.unwrap_or_default().to_owned(), shape)
}

fn abreast(costs: &[TableCost]) -> Grid {
    let mut header = vec![Column::text("type"), Column::number("bits/weight")];
    header.extend(costs.iter().map(|cost| {
        let name = match headings(cost) {
            (name, shape) if name.is_empty() => shape,
            (name, shape) => format!("{name}\n{shape}"),
        };
        Column { name: name.into(), is_number: true }
    }));
    let mut grid = Grid::new(&header);
    let first = &costs[0].footprint;
    let mut parameters = vec!["(parameters)".to_owned(), String::new()];
    parameters.extend(costs.iter().map(|cost| grouped(cost.footprint.parameters)));
    grid.row(parameters);
    for (i, precision) in first.precisions.iter().enumerate() {
        let mut cells = vec![precision.format.to_owned(), bits(precision.bits_per_weight)];
        cells.extend(costs.iter().map(|cost| {
            cost.footprint.precisions[i].bytes.map_or_else(|| "-".to_owned(), decimal_size)
        }));
        grid.row(cells);
    }
    grid
}

/// Bits per weight without the zeros: `8.5`, `6.5625`.
fn bits(bits: f64) -> String {
    bits.to_string()
}
