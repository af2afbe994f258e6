//! `footprint`: what a table costs, on paper or in a file.

use std::path::Path;

use anyhow::{Result, bail};

use super::model;
use crate::answer::{ActualTable, FootprintReport, OutputHead, TableCost};
use crate::cli;
use crate::embedding::{TOKEN_EMBEDDING, Table};
use crate::footprint::{Footprint, KNOWN, Known};
use crate::gguf::{Gguf, Tensor};
use crate::quant::Format;
use crate::text;

pub(super) fn run(args: &cli::Footprint) -> Result<FootprintReport> {
    if let Some(path) = &args.path {
        return Ok(FootprintReport::One(of_file(path, &args.tensor)?));
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

fn of_file(path: &Path, tensor: &str) -> Result<TableCost> {
    let gguf = model::open(path)?;
    let view = model::View::new(&gguf, path, tensor)?;
    let table = &view.table;
    let file_bytes = gguf.file_len();
    let (tied, output) = output_head(&gguf, table)?;
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
        notes: view.notes,
    })
}

/// Whether the output head is the embedding table itself, and what it is if not.
fn output_head(gguf: &Gguf, table: &Table) -> Result<(Option<bool>, Option<OutputHead>)> {
    if table.name() != TOKEN_EMBEDDING {
        return Ok((None, None));
    }
    let head = gguf.tensor("output.weight")?;
    Ok((Some(head.is_none()), head.as_ref().map(describe)))
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
