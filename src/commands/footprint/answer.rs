//! The answer of `footprint` and how it looks: one table, or several side by side.

use std::io::Write;

use anyhow::Result;
use serde::Serialize;

use crate::commands::model::HEAD;
use crate::footprint::{Footprint, Head, PRESETS, Precision};
use crate::report::markdown::{Markdown, code};
use crate::report::number::{binary_size, decimal_size, grouped, percent};
use crate::report::{Answer, Cell, Column, Float, Grid, Page, Records, json};
use crate::text::{visible, width};

#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum FootprintReport {
    One(Box<TableCost>),
    Several { tables: Vec<TableCost> },
}

/// The size of one table at each precision.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TableCost {
    /// The name given with `--like`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub like: Option<&'static str>,
    /// The model argument, if there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    #[serde(flatten)]
    pub footprint: Footprint,
    /// Where the output head is: `tied`, `separate` or `none`.
    #[serde(rename = "output_head", skip_serializing_if = "Option::is_none")]
    pub head: Option<Head>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub actual: Option<ActualTable>,
    /// What llama-quantize makes of the table. Empty if it never quantises this tensor.
    pub presets: Vec<PresetCost>,
    pub notes: Vec<String>,
}

/// What one preset of llama-quantize makes of a table.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PresetCost {
    pub preset: &'static str,
    /// Whether llama-quantize takes the table for the output, as it does if the file
    /// has no `output.weight`.
    pub is_output: bool,
    /// The type. `None` if llama-quantize stops with an error.
    #[serde(rename = "type")]
    pub format: Option<&'static str>,
    pub bytes: Option<u64>,
}

impl FootprintReport {
    pub fn tables(&self) -> &[TableCost] {
        match self {
            Self::One(table) => std::slice::from_ref(&**table),
            Self::Several { tables } => tables,
        }
    }
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ActualTable {
    pub tensor: String,
    #[serde(rename = "type")]
    pub format: &'static str,
    pub bytes: u64,
    /// The size of the whole file, all its parts together.
    pub file_bytes: u64,
    /// `None` if the file is cut short and has fewer bytes than the table.
    pub share: Option<f64>,
    /// Whether the output head uses this table too (the file has no `output.weight`).
    /// `None` if the tensor is not the token embedding.
    pub tied: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output: Option<OutputHead>,
}

/// An output head with its own tensor.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct OutputHead {
    #[serde(rename = "type")]
    pub format: String,
    pub bytes: Option<u64>,
}

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
            for is_output in [true, false] {
                let groups = by_type(cost, is_output);
                if let Some(heading) = heading(cost, is_output).filter(|_| !groups.is_empty()) {
                    writeln!(page, "\n{heading}:\n")?;
                    for Group { format, bytes, presets } in groups {
                        let (format, presets) = (format.unwrap_or("-"), presets.join(", "));
                        let size =
                            bytes.map_or_else(String::new, |n| format!(", {} bytes", grouped(n)));
                        writeln!(page, "- {format}{size}: {presets}")?;
                    }
                }
            }
        }
        Ok(())
    }

    fn notes(&self) -> &[String] {
        // Only tables in a file have notes.
        self.tables().first().map_or(&[], |cost| &cost.notes)
    }
}

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
    ["#n_vocab", "#d_model", "type", "#bits_per_weight", "#bytes", "storable"].map(Column::of)
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
    let Footprint { n_vocab, d_model, parameters, .. } = *footprint;
    let name = cost.like.map(|name| format!("{name} ")).unwrap_or_default();
    let [rows, columns, parameters] = [n_vocab, d_model, parameters].map(grouped);
    page.paragraph(&format!(
        "{name}[{n_vocab}, {d_model}]: {rows} rows (n_vocab) x {columns} values (d_model) = \
         {parameters} parameters"
    ))?;
    if let Some(actual) = &cost.actual {
        as_stored(actual, page)?;
    }
    writeln!(page)?;
    let stored = cost.actual.as_ref().map(|actual| actual.format);
    let columns = ["type", "#bits/weight", "#bytes", "#decimal", "#binary", "#x F16"];
    let rows = footprint.precisions.iter().map(|precision| {
        // Mark the type of the file.
        let mark = if stored == Some(precision.format) { " <" } else { "" };
        let (name, bits) = (format!("{}{mark}", precision.format), bits(precision));
        let [bytes, decimal, binary, ratio] = match (precision.bytes, precision.ratio_to_f16) {
            (Some(n), Some(ratio)) => {
                [grouped(n), decimal_size(n), binary_size(n), format!("{ratio:.3}")]
            }
            _ => ["-"; 4].map(str::to_owned),
        };
        [name, bits, bytes, decimal, binary, ratio]
    });
    page.grid(&columns.map(Column::of), rows)?;
    if stored.is_some() {
        page.explain("< the type that the file has")?;
    }
    if !page.is_quiet() {
        unstorable(cost, page)?;
    }
    match cost.head.filter(|_| cost.actual.is_none()) {
        Some(Head::Separate) => {
            page.paragraph("output head: a second table of this size, so count each line twice")?;
        }
        Some(Head::Tied) => page.paragraph("output head: tied, the same table is used again")?,
        Some(Head::None) => page.paragraph("output head: none, an encoder")?,
        None => {}
    }
    [true, false].into_iter().try_for_each(|is_output| by_preset(cost, is_output, page))
}

/// The presets of llama-quantize that give a table one type.
struct Group {
    format: Option<&'static str>,
    bytes: Option<u64>,
    presets: Vec<&'static str>,
}

/// The presets that quantise, grouped by the type of the table.
fn by_type(cost: &TableCost, is_output: bool) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    for &PresetCost { preset, format, bytes, .. } in
        cost.presets.iter().filter(|it| it.is_output == is_output)
    {
        match groups.iter_mut().find(|group| group.format == format) {
            _ if has_all(cost) && FLOATS.contains(&preset) => {}
            Some(group) => group.presets.push(preset),
            None => groups.push(Group { format, bytes, presets: vec![preset] }),
        }
    }
    groups
}

/// Whether every preset is told, not only some that were asked for.
fn has_all(cost: &TableCost) -> bool {
    cost.presets.len() >= PRESETS.len()
}

/// The presets that do not quantise: the table gets the type that they name.
const FLOATS: [&str; 3] = ["F32", "F16", "BF16"];

/// What a list of presets is about. `None` if llama-quantize does not quantise the
/// tensor.
fn heading(cost: &TableCost, is_output: bool) -> Option<&'static str> {
    let tensor = cost.actual.as_ref().map(|actual| &*actual.tensor);
    Some(match (cost.head, is_output) {
        (Some(Head::Tied), _) => "llama-quantize takes a tied table for the output; by preset",
        (Some(Head::None), _) => {
            "llama-quantize takes the table for the output, as there is no other; by preset"
        }
        (Some(Head::Separate), _) => "what llama-quantize makes of the table, by preset",
        (None, _) if tensor == Some(HEAD) => "what llama-quantize makes of the head, by preset",
        (None, true) => "what llama-quantize makes of a table that is tied to the head, by preset",
        (None, false) => "of one beside a head of its own",
    })
}

fn by_preset(cost: &TableCost, is_output: bool, page: &mut Page) -> Result<()> {
    let groups = by_type(cost, is_output);
    let Some(heading) = heading(cost, is_output).filter(|_| !groups.is_empty()) else {
        return Ok(());
    };
    writeln!(page)?;
    page.paragraph(&format!("{heading}:"))?;
    let is_all = groups.len() == 1 && has_all(cost);
    for Group { format, bytes, presets } in groups {
        let presets = match is_all {
            true => format!("every preset but {}", FLOATS.join(", ")),
            false => presets.join(", "),
        };
        let text = match (format, bytes) {
            (Some(_), Some(bytes)) => format!("{} bytes: {presets}", grouped(bytes)),
            _ => format!("it stops with an error: {presets}"),
        };
        page.labelled(INDENT, &format!(" {}", format.unwrap_or("-")), &text)?;
    }
    Ok(())
}

/// The columns before the size that a preset gives, as wide as ` IQ4_NL  `.
const INDENT: usize = 9;

fn as_stored(actual: &ActualTable, page: &mut Page) -> Result<()> {
    let (tensor, format) = (visible(&actual.tensor), actual.format);
    let [bytes, of] = [actual.bytes, actual.file_bytes].map(grouped);
    let sizes = [decimal_size(actual.bytes), binary_size(actual.bytes)].join(", ");
    let share = match actual.share {
        Some(share) => format!("{} of the file's {of}", percent(share)),
        None => format!("more than the file's {of}: it is cut short"),
    };
    page.paragraph(&format!("{tensor} is stored as {format}: {bytes} bytes ({sizes}), {share}"))?;
    match (actual.tied, &actual.output) {
        (Some(true), _) => page.paragraph(
            "output head: tied, the same table is used again (the file has no output.weight)",
        ),
        (Some(false), None) => page.paragraph("output head: none, an encoder"),
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
    // A tied table gets the type of the output, whatever the preset names.
    let replaces = cost.head == Some(Head::Separate);
    let mut groups: Vec<(usize, Option<&str>, Vec<&str>)> = Vec::new();
    for Precision { format, block, instead, .. } in
        cost.footprint.precisions.iter().filter(|precision| !precision.storable)
    {
        let instead = instead.filter(|_| replaces);
        match groups.iter_mut().find(|group| (group.0, group.1) == (*block, instead)) {
            Some(group) => group.2.push(format),
            None => groups.push((*block, instead, vec![format])),
        }
    }
    if groups.is_empty() {
        return Ok(());
    }
    writeln!(page)?;
    let d_model = cost.footprint.d_model;
    for (block, instead, types) in groups {
        let then = match instead {
            Some(instead) => format!("; llama-quantize writes {instead} instead"),
            None if replaces => "; llama-quantize stops with an error".to_owned(),
            None => String::new(),
        };
        let types = types.join(", ");
        page.paragraph(&format!("{types}: blocks of {block} do not divide {d_model}{then}"))?;
    }
    if cost.presets.is_empty() {
        return Ok(());
    }
    page.paragraph("llama-quantize aborts if --token-embedding-type names one of them")
}

/// Prints the sizes of several tables side by side, as many as fit.
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
    page.explain("- a type whose blocks do not divide d_model")?;
    if costs.iter().any(|cost| cost.head == Some(Head::Separate)) {
        page.explain("(head) \"as large\": a second table of this size; tied: the same table")?;
    }
    Ok(())
}

fn headings(cost: &TableCost) -> (String, String) {
    let shape = format!("[{}, {}]", cost.footprint.n_vocab, cost.footprint.d_model);
    (cost.like.unwrap_or_default().to_owned(), shape)
}

fn abreast(costs: &[TableCost]) -> Grid {
    let mut header = ["type", "#bits/weight"].map(Column::of).to_vec();
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
    if costs.iter().any(|cost| cost.head.is_some()) {
        let mut heads = vec!["(head)".to_owned(), String::new()];
        heads.extend(costs.iter().map(|cost| {
            let head = match cost.head {
                Some(Head::Separate) => "as large",
                Some(head) => head.name(),
                None => "",
            };
            head.to_owned()
        }));
        grid.row(heads);
    }
    for (i, precision) in first.precisions.iter().enumerate() {
        let mut cells = vec![precision.format.to_owned(), bits(precision)];
        cells.extend(costs.iter().map(|cost| {
            cost.footprint.precisions[i].bytes.map_or_else(|| "-".to_owned(), decimal_size)
        }));
        grid.row(cells);
    }
    grid
}

/// Bits per weight without the zeros: `8.5`, `6.5625`.
fn bits(precision: &Precision) -> String {
    precision.bits_per_weight.to_string()
}
