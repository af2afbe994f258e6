//! `footprint`: the size of a table, by its shape or in a file.

mod answer;

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};

use super::{Opener, Request, model};
use crate::embedding::{TOKEN_EMBEDDING, Table};
use crate::footprint::{Footprint, KNOWN, Known};
use crate::model::{Model, Tensor};
use crate::report::Printer;
use crate::text;

pub use answer::{ActualTable, FootprintReport, OutputHead, TableCost};

pub enum FootprintRequest {
    Model {
        path: PathBuf,
        tensor: String,
    },
    Like(Vec<String>),
    /// One table for each pair of a number of rows and a width.
    Shapes {
        vocab: Vec<u64>,
        dim: Vec<u64>,
    },
}

impl Request for FootprintRequest {
    fn answer(&self, open: Opener, out: &mut Printer) -> Result<()> {
        out.answer(&self.run(open)?)
    }
}

impl FootprintRequest {
    pub fn run(&self, open: Opener) -> Result<FootprintReport> {
        let mut tables = match self {
            Self::Model { path, tensor } => vec![of_model(&open(path)?, path, tensor)?],
            Self::Like(names) => {
                let tables = names.iter().map(|name| {
                    let known = known(name)?;
                    on_paper(known.n_vocab, known.d_model, Some(known.name))
                });
                tables.collect::<Result<_>>()?
            }
            Self::Shapes { vocab, dim } => {
                let shapes = vocab.iter().flat_map(|rows| dim.iter().map(move |it| (rows, it)));
                shapes.map(|(rows, width)| on_paper(*rows, *width, None)).collect::<Result<_>>()?
            }
        };
        Ok(if tables.len() == 1 {
            FootprintReport::One(tables.remove(0))
        } else {
            FootprintReport::Several { tables }
        })
    }
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
    let meant = match text::nearest(name, names.iter().copied()) {
        Some(nearest) => format!("; did you mean {nearest}?"),
        None => ".".to_owned(),
    };
    bail!("unknown table \"{name}\"{meant} The known tables are {}", names.join(", "))
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

/// Whether the output head is the embedding table itself; if not, the output head.
fn output_head(model: &Model, table: &Table) -> Result<(Option<bool>, Option<OutputHead>)> {
    if table.name() != TOKEN_EMBEDDING {
        return Ok((None, None));
    }
    match model.tensor("output.weight") {
        Ok(head) => Ok((Some(head.is_none()), head.map(|tensor| describe(&tensor)))),
        // It may be in the part that is missing.
        Err(_) if !model.missing().is_empty() => Ok((None, None)),
        Err(error) => Err(error.into()),
    }
}

fn describe(tensor: &Tensor) -> OutputHead {
    let bytes = tensor.matrix().and_then(|_| tensor.bytes());
    OutputHead { format: model::type_name(tensor), bytes }
}
