//! `footprint`: what a table costs, on paper or in a file.

use std::path::Path;

use anyhow::{Result, bail};

use super::{Opener, model};
use crate::answer::{ActualTable, FootprintReport, OutputHead, TableCost};
use crate::cli;
use crate::embedding::{TOKEN_EMBEDDING, Table};
use crate::footprint::{Footprint, KNOWN, Known};
use crate::gguf::{Model, Tensor};
use crate::quant::Format;
use crate::text;

pub(super) fn run(args: &cli::Footprint, open: Opener) -> Result<FootprintReport> {
    if let Some(path) = &args.path {
        return Ok(FootprintReport::One(of_model(&open(path)?, path, &args.tensor)?));
    }
    let mut tables = Vec::new();
    for name in &args.like {
        let known = known(name)?;
        tables.push(on_paper(known.n_vocab, known.d_model, Some(known.name))?);
    }
    for &n_vocab in &args.vocab {
        for &d_model in &args.dim {
            tables.push(on_paper(n_vocab, d_model, None)?);
        }
    }
    Ok(if tables.len() == 1 {
        FootprintReport::One(tables.remove(0))
    } else {
        FootprintReport::Several { tables }
    })
}

fn on_paper(n_vocab: u64, d_model: u64, like: Option<&'static str>) -> Result<TableCost> {
    let footprint = Footprint::new(n_vocab, d_model)?;
    Ok(TableCost { like, model: None, footprint, actual: None, notes: Vec::new() })
}

fn known(name: &str) -> Result<&'static Known> {
    if let Some(known) = KNOWN.iter().find(|known| known.name.eq_ignore_ascii_case(name)) {
        return Ok(known);
    }
    let names: Vec<_> = KNOWN.iter().map(|known| known.name).collect();
    match text::nearest(name, names.iter().copied()) {
        Some(nearest) => bail!(
            "no table is known as \"{name}\"; did you mean {nearest}? Known: {}",
            names.join(", ")
        ),
        None => bail!("no table is known as \"{name}\". Known: {}", names.join(", ")),
    }
}

fn of_model(model: &Model, path: &Path, tensor: &str) -> Result<TableCost> {
    let view = model::View::new(model, path, tensor)?;
    let table = &view.table;
    let file_bytes = model.file_len();
    let (tied, output) = output_head(model, table)?;
    let mut notes = view.notes;
    if let [name, more @ ..] = &model.missing()[..] {
        let are = match more.len() {
            0 => "is".to_owned(),
            n => format!("and {n} more are"),
        };
        notes.push(format!("{name} {are} not there: the file size is that of the other parts"));
    }
    Ok(TableCost {
        like: None,
        model: Some(path.display().to_string()),
        footprint: Footprint::new(table.n_vocab(), table.d_model() as u64)?,
        actual: Some(ActualTable {
            tensor: table.name().to_owned(),
            format: table.format().name,
            bytes: table.bytes(),
            file_bytes,
            share: table.bytes() as f64 / file_bytes as f64,
            tied,
            output,
        }),
        notes,
    })
}

/// Whether the output head is the embedding table itself, and what it is if not.
fn output_head(model: &Model, table: &Table) -> Result<(Option<bool>, Option<OutputHead>)> {
    if table.name() != TOKEN_EMBEDDING {
        return Ok((None, None));
    }
    match model.tensor("output.weight") {
        Ok(head) => Ok((Some(head.is_none()), head.map(|(_, tensor)| describe(&tensor)))),
        // It may be in the part that is missing.
        Err(_) if !model.missing().is_empty() => Ok((None, None)),
        Err(error) => Err(error.into()),
    }
}

fn describe(tensor: &Tensor) -> OutputHead {
    let format = Format::from_id(tensor.type_id);
    let bytes = format.as_ref().ok().and_then(|format| {
        let [columns, rows] = tensor.matrix()?;
        format.row_bytes(columns)?.checked_mul(rows)
    });
    OutputHead {
        format: format.map_or_else(|_| format!("type {}", tensor.type_id), |f| f.name.to_owned()),
        bytes,
    }
}
