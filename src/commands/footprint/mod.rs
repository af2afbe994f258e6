//! `footprint`: the size of a table, by its shape or in a file.

mod answer;

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};

use super::model::HEAD;
use super::{Opener, Reads, Request, model};
use crate::embedding::{TOKEN_EMBEDDING, Table};
use crate::footprint::{Footprint, Head, KNOWN, Known, PRESETS, Preset};
use crate::model::{Fact, Model, Tensor};
use crate::quant::Format;
use crate::report::Printer;
use crate::text;

pub use answer::{ActualTable, FootprintReport, OutputHead, PresetCost, TableCost};

pub struct FootprintRequest {
    pub of: Measured,
    /// Only what these presets of llama-quantize make of the table; empty for all.
    pub presets: Vec<&'static Preset>,
}

/// What is measured.
pub enum Measured {
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
    fn reads(&self) -> Reads {
        Reads::Header
    }

    fn answer(&self, open: Opener, out: &mut Printer) -> Result<()> {
        out.answer(&self.run(open)?)
    }
}

impl FootprintRequest {
    pub fn run(&self, open: Opener) -> Result<FootprintReport> {
        let mut tables = match &self.of {
            Measured::Model { path, tensor } => vec![of_model(&open(path)?, path, tensor)?],
            Measured::Like(names) => {
                let tables = names.iter().map(|name| {
                    let known = known(name)?;
                    on_paper(known.n_vocab, known.d_model, Some(known))
                });
                tables.collect::<Result<_>>()?
            }
            Measured::Shapes { vocab, dim } => {
                let shapes = vocab.iter().flat_map(|rows| dim.iter().map(move |it| (rows, it)));
                shapes.map(|(rows, width)| on_paper(*rows, *width, None)).collect::<Result<_>>()?
            }
        };
        if !self.presets.is_empty() {
            let is_asked =
                |it: &PresetCost| self.presets.iter().any(|asked| asked.name == it.preset);
            tables.iter_mut().for_each(|table| table.presets.retain(is_asked));
        }
        Ok(if tables.len() == 1 {
            FootprintReport::One(Box::new(tables.remove(0)))
        } else {
            FootprintReport::Several { tables }
        })
    }
}

fn on_paper(n_vocab: u64, d_model: u64, like: Option<&Known>) -> Result<TableCost> {
    let head = like.map(|known| known.head);
    let as_output: &[bool] = match head {
        Some(Head::Separate) => &[false],
        Some(_) => &[true],
        None => &[true, false],
    };
    Ok(TableCost {
        like: like.map(|known| known.name),
        model: None,
        footprint: Footprint::new(n_vocab, d_model)?,
        head,
        actual: None,
        presets: presets(as_output, None, n_vocab, d_model),
        notes: Vec::new(),
    })
}

/// What llama-quantize makes of a table that is the output head too, or is not.
fn presets(
    as_output: &[bool],
    architecture: Option<&str>,
    n_vocab: u64,
    d_model: u64,
) -> Vec<PresetCost> {
    let cost = |is_output: bool| {
        PRESETS.iter().map(move |preset| {
            let format = preset.writes(is_output, architecture, d_model);
            let row = format.and_then(Format::from_name).and_then(|it| it.row_bytes(d_model));
            let bytes = row.map(|row| n_vocab * row);
            PresetCost { preset: preset.name, is_output, format, bytes }
        })
    };
    as_output.iter().flat_map(|&is_output| cost(is_output)).collect()
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
    let (head, output) = output_head(model, table)?;
    let architecture = model.text(Fact::Architecture).ok().flatten();
    let as_output: &[bool] = match (table.usual_name(), head) {
        (HEAD, _) | (_, Some(Head::Tied | Head::None)) => &[true],
        (_, Some(Head::Separate)) => &[false],
        (TOKEN_EMBEDDING, None) => &[true, false],
        _ => &[],
    };
    let (n_vocab, d_model) = (table.n_vocab(), table.d_model() as u64);
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
        footprint: Footprint::new(n_vocab, d_model)?,
        head,
        presets: presets(as_output, architecture.as_deref(), n_vocab, d_model),
        actual: Some(ActualTable {
            tensor: table.name().to_owned(),
            format: table.format().name,
            bytes: table.bytes(),
            file_bytes,
            share: Some(table.bytes() as f64 / file_bytes as f64).filter(|share| *share <= 1.0),
            tied: head.map(|head| head == Head::Tied),
            output,
        }),
        notes,
    })
}

/// Where the output head of the embedding table is, and what it is stored as if it has
/// a table of its own.
fn output_head(model: &Model, table: &Table) -> Result<(Option<Head>, Option<OutputHead>)> {
    if table.usual_name() != TOKEN_EMBEDDING {
        return Ok((None, None));
    }
    match model.tensor(HEAD) {
        Ok(Some(head)) => Ok((Some(Head::Separate), Some(describe(&head)))),
        // It may be in a part that is missing.
        Ok(None) if model::may_lack_parts(model) => Ok((None, None)),
        Ok(None) => {
            let architecture = model.text(Fact::Architecture).ok().flatten();
            let is_encoder = architecture.as_deref().is_some_and(model::is_encoder);
            Ok((Some(if is_encoder { Head::None } else { Head::Tied }), None))
        }
        Err(_) if !model.missing().is_empty() => Ok((None, None)),
        Err(error) => Err(error.into()),
    }
}

fn describe(tensor: &Tensor) -> OutputHead {
    let bytes = tensor.matrix().and_then(|_| tensor.bytes());
    OutputHead { format: model::type_name(tensor), bytes }
}
