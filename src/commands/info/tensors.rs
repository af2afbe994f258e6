//! Counts and measures the tensors in one pass.

use std::collections::BTreeMap;
use std::hash::{BuildHasher, RandomState};

use anyhow::Result;

use super::answer::{InfoTensor, TypeShare};
use super::{Oddities, shown};
use crate::commands::layout;
use crate::embedding::TOKEN_EMBEDDING;
use crate::gguf::{Gguf, Layout, Measure};
use crate::model::{Model, Tensor};

/// The answer names at most this many other tables.
const NAMED: usize = 8;

/// At most this many types that ggml does not store are counted separately.
const STRANGE: usize = 16;

#[derive(Default)]
pub(super) struct Tally {
    pub n_tensors: u64,
    pub parameters: u64,
    pub types: Vec<TypeShare>,
    pub table: Option<InfoTensor>,
    pub output: Option<InfoTensor>,
    pub others: Vec<InfoTensor>,
    pub n_others: u64,
    /// By the name of the type.
    counts: BTreeMap<String, TypeShare>,
    strange: Vec<String>,
    names: Names,
}

/// Counts the tensors of GGUF files, and says what is odd about their places.
pub(super) fn tally(files: &[&Gguf], oddities: &mut Oddities) -> Result<Tally> {
    let mut tally = Tally::default();
    for gguf in files {
        let mut measure = Measure::new(gguf);
        for tensor in gguf.tensors() {
            let tensor = tensor?;
            measure.add(&tensor);
            tally.add(tensor, oddities);
        }
        judge(&measure.finish()?, gguf, oddities);
    }
    let names = std::mem::take(&mut tally.names);
    for name in names.repeated(files)? {
        oddities.add(format!("two tensors are named \"{}\"", shown(&name)));
    }
    Ok(tally.finish())
}

/// Counts the tensors of a model whose format keeps their places in order.
pub(super) fn tally_of(model: &Model, oddities: &mut Oddities) -> Result<Tally> {
    let mut tally = Tally::default();
    for tensor in model.tensors()? {
        tally.add(tensor?, oddities);
    }
    Ok(tally.finish())
}

pub(super) fn list(model: &Model, oddities: &mut Oddities) -> Result<Vec<InfoTensor>> {
    oddities.extend(super::unlisted(model.tensors()?.count() as u64, "tensors"));
    model.tensors()?.take(super::LISTED).map(|tensor| Ok(info(&tensor?))).collect()
}

fn info(tensor: &Tensor) -> InfoTensor {
    InfoTensor {
        name: tensor.name.clone(),
        format: type_name(tensor),
        shape: tensor.dims.iter().rev().copied().collect(),
        bytes: tensor.bytes(),
    }
}

fn type_name(tensor: &Tensor) -> String {
    match &tensor.format {
        Ok(format) => format.name.to_owned(),
        Err(error) => error.name.map_or_else(|| format!("type {}", error.id), str::to_owned),
    }
}

impl Tally {
    fn add(&mut self, tensor: Tensor, oddities: &mut Oddities) {
        let (bytes, name) = (tensor.bytes(), type_name(&tensor));
        let values = tensor.n_values().unwrap_or(u64::MAX);
        self.n_tensors += 1;
        self.parameters = self.parameters.saturating_add(values);
        if let Err(error) = &tensor.format
            && !self.strange.contains(&name)
            && self.strange.len() < STRANGE
        {
            self.strange.push(name.clone());
            oddities.add(format!("tensor \"{}\": {error}", shown(&tensor.name)));
        }
        if self.strange.contains(&name) || tensor.format.is_ok() {
            let share = self.counts.entry(name.clone()).or_insert_with(|| TypeShare {
                format: name,
                tensors: 0,
                parameters: 0,
                bytes: Some(0),
            });
            share.tensors += 1;
            share.parameters = share.parameters.saturating_add(values);
            share.bytes = share.bytes.and_then(|sum| sum.checked_add(bytes?));
        }
        self.names.add(&tensor.name);
        self.place(tensor, oddities);
    }

    fn finish(mut self) -> Self {
        self.types = std::mem::take(&mut self.counts).into_values().collect();
        self.types.sort_by_key(|share| std::cmp::Reverse(share.bytes));
        self
    }

    /// Keeps the embedding table, the output head, and the first other tables.
    fn place(&mut self, tensor: Tensor, oddities: &mut Oddities) {
        let usual = tensor.usual.unwrap_or(&tensor.name);
        let slot = match usual {
            TOKEN_EMBEDDING => &mut self.table,
            "output.weight" => &mut self.output,
            name => {
                let is_layer = is_of_layer(name);
                if !is_layer && tensor.matrix().is_some() {
                    self.n_others += 1;
                    if self.others.len() < NAMED {
                        self.others.push(info(&tensor));
                    }
                }
                return;
            }
        };
        if slot.is_some() {
            return;
        }
        let mut info = info(&tensor);
        if let Some([columns, rows]) = tensor.matrix() {
            // Drops trailing dimensions of 1.
            info.shape = vec![rows, columns];
        }
        *slot = Some(info);
        if usual == TOKEN_EMBEDDING {
            check_table(&tensor, oddities);
        }
    }
}

/// Whether a tensor is of one layer of many: `blk.0.attn_q.weight`, or
/// `model.layers.0.self_attn.q_proj.weight` in a checkpoint.
fn is_of_layer(name: &str) -> bool {
    name.split('.').any(|part| part == "blk" || part.parse::<u32>().is_ok())
}

fn check_table(tensor: &Tensor, oddities: &mut Oddities) {
    let Some([columns, rows]) = tensor.matrix() else {
        oddities.add(format!("the table has the shape {:?}, and should have two dimensions", {
            tensor.dims.iter().rev().collect::<Vec<_>>()
        }));
        return;
    };
    let format = tensor.format.as_ref().ok();
    let row = format.and_then(|format| format.row_bytes(columns)).filter(|&bytes| bytes > 0);
    let there = tensor.source.len().saturating_sub(tensor.at.unwrap_or(u64::MAX));
    match row.map(|row| there / row) {
        Some(whole) if whole < rows => {
            oddities.add(format!("the table is cut short: {whole} of its {rows} rows are there"));
        }
        None if format.is_some() => {
            oddities.add(format!("the table's rows of {columns} values are not whole blocks"));
        }
        _ => {}
    }
}

/// Says what is odd about the places of the tensors in one file.
fn judge(layout: &Layout, gguf: &Gguf, oddities: &mut Oddities) {
    oddities.extend(layout::cut(layout, gguf.file_len()));
    layout.faults.iter().for_each(|fault| oddities.add(layout::fault(fault)));
    oddities.extend(layout::askew(layout, gguf.alignment()));
    oddities.extend(layout::rest(layout));
}

/// At most this many names are compared with each other.
const COMPARED: usize = 100_000;

/// Finds duplicate names by their hashes.
#[derive(Default)]
struct Names {
    state: RandomState,
    hashes: Vec<u64>,
}

impl Names {
    fn add(&mut self, name: &str) {
        if self.hashes.len() < COMPARED {
            self.hashes.push(self.state.hash_one(name));
        }
    }

    /// Some of the names that occur more than once.
    fn repeated(mut self, files: &[&Gguf]) -> Result<Vec<String>> {
        self.hashes.sort_unstable();
        let twice = self.hashes.windows(2).filter(|pair| pair[0] == pair[1]);
        let twice: Vec<u64> = twice.map(|pair| pair[0]).take(8).collect();
        let mut names = Vec::new();
        if twice.is_empty() {
            return Ok(names);
        }
        for tensor in files.iter().flat_map(|gguf| gguf.tensors()).take(COMPARED) {
            let name = tensor?.name;
            if twice.contains(&self.state.hash_one(&name)) && !names.contains(&name) {
                names.push(name);
            }
        }
        Ok(names)
    }
}
