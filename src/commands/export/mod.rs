//! `export`: rows, or the neighbours of rows, in the files that other tools load.
//!
//! | file | what |
//! |---|---|
//! | `chosen` | which rows, and what is written about each |
//! | `dtype` | rows as F32, F16 or BF16 |
//! | `matrix` | `.npy` and `.safetensors`, with the tokens in a file beside |
//! | `provenance` | where the rows come from, for a file's metadata |
//! | `edges` | neighbour lists, an edge a line |
//! | `parquet` | rows and edges as Parquet, behind the feature `parquet` |
//!
//! All of it streams: memory does not depend on the number of rows.

mod chosen;
mod dtype;
mod edges;
mod matrix;
#[cfg(feature = "parquet")]
mod parquet;
mod provenance;

use std::path::PathBuf;

use anyhow::{Result, bail};

use super::neighbors::NeighborsRequest;
use super::{Filter, Frame, NamedTokens, Opener, Reads, Request};
use crate::report::{Form, Printer};
use crate::similarity::Metric;
use chosen::Chosen;
pub use dtype::Dtype;
use edges::ToEdges;
pub use edges::{Edge, EdgesHead};
use provenance::provenance;

pub struct ExportRequest {
    pub model: PathBuf,
    pub tensor: String,
    /// The rows to write. Empty: all rows of the table.
    pub tokens: NamedTokens,
    /// The type of the values in a safetensors file.
    pub dtype: Dtype,
    /// Compresses a Parquet file.
    pub compress: bool,
    /// Writes the neighbours of the rows.
    pub neighbors: Option<Lists>,
    /// The number of threads. `None`: the number of cores.
    pub threads: Option<usize>,
}

/// Neighbour lists.
pub struct Lists {
    /// The number of neighbours in a list.
    pub k: u64,
    pub metric: Metric,
    /// Writes the rows, each with its list in one column, as embedding-atlas reads them.
    pub atlas: bool,
}

impl Request for ExportRequest {
    fn reads(&self) -> Reads {
        match self.neighbors {
            None if !self.tokens.is_empty() => Reads::Rows(self.tensor.clone()),
            _ => Reads::table(&self.tensor),
        }
    }

    fn forms(&self) -> &'static [Form] {
        match &self.neighbors {
            None => &[Form::Npy, Form::Safetensors, Form::Parquet],
            Some(Lists { atlas: true, .. }) => &[Form::Parquet],
            Some(_) => &[Form::Parquet, Form::Csv, Form::Tsv, Form::Jsonl],
        }
    }

    fn beside(&self, form: Form) -> Option<&'static str> {
        matches!(form, Form::Npy | Form::Safetensors).then_some("jsonl")
    }

    fn answer(&self, open: Opener, out: &mut Printer) -> Result<()> {
        match (&self.neighbors, out.form()) {
            (None, Form::Npy | Form::Safetensors) => matrix::write(self, open, out),
            (_, Form::Parquet) => self.parquet(open, out),
            (Some(lists), _) => {
                let edges = &mut out.list::<EdgesHead>();
                self.lists(lists).run(open, &mut ToEdges::new(edges))
            }
            (None, form) => bail!("rows are not exported as {}", form.name()),
        }
    }
}

impl ExportRequest {
    #[cfg(feature = "parquet")]
    fn parquet(&self, open: Opener, out: &mut Printer) -> Result<()> {
        match &self.neighbors {
            None => parquet::rows(self, open, out),
            Some(lists) if lists.atlas => parquet::atlas(self, lists, open, out),
            Some(lists) => parquet::edges(self, lists, open, out),
        }
    }

    #[cfg(not(feature = "parquet"))]
    fn parquet(&self, _: Opener, _: &mut Printer) -> Result<()> {
        bail!(
            "this embcli is built without Parquet: cargo install embcli --features parquet, or \
             a release binary, has it"
        )
    }

    /// The search for the lists.
    fn lists(&self, lists: &Lists) -> NeighborsRequest {
        NeighborsRequest {
            model: self.model.clone(),
            tensor: self.tensor.clone(),
            tokens: self.tokens.clone(),
            all: true,
            plus: NamedTokens::default(),
            minus: NamedTokens::default(),
            vectors: None,
            filter: Filter::default(),
            k: lists.k,
            metric: lists.metric,
            frame: Frame::Stored,
            as_input: None,
            threads: self.threads,
        }
    }
}
