//! Why a table, or a row of it, can't be had.

use std::io;

use thiserror::Error;

use super::MAX_D_MODEL;
use crate::model;
use crate::quant::{Format, TypeError};

/// Why a table, or a row of it, can't be had.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Error {
    /// The model's header can't be read.
    #[error(transparent)]
    Model(#[from] model::Error),
    /// The model has no tensor of that name.
    #[error("{message}")]
    NoTensor {
        /// The name.
        name: String,
        /// What the file seems to be, and which tensors would do.
        message: String,
    },
    /// A tensor that has not two dimensions.
    #[error(
        "tensor \"{name}\" has {} ({dims:?}); a table of rows needs two, [n_vocab, d_model]",
        dimensions(dims.len())
    )]
    NoMatrix {
        /// The tensor.
        name: String,
        /// Its dimensions, fastest first.
        dims: Vec<u64>,
    },
    /// A tensor without values.
    #[error("tensor \"{name}\" is empty: its shape is [{n_vocab}, {d_model}]")]
    Empty {
        /// The tensor.
        name: String,
        /// Its number of rows.
        n_vocab: u64,
        /// The number of values in a row.
        d_model: u64,
    },
    /// Rows that are wider than any model's.
    #[error(
        "tensor \"{name}\" claims rows of {d_model} values; rows of up to {MAX_D_MODEL} are read"
    )]
    TooWide {
        /// The tensor.
        name: String,
        /// The number of values in a row.
        d_model: u64,
    },
    /// A type that has no decoder.
    #[error("tensor \"{name}\" can't be decoded")]
    Type {
        /// The tensor.
        name: String,
        /// What is wrong with its type.
        source: TypeError,
    },
    /// Rows that are not whole blocks of their type.
    #[error(
        "tensor \"{name}\" claims rows of {d_model} values as {format}, which stores whole blocks \
         of {}",
        format.block_len
    )]
    PartOfABlock {
        /// The tensor.
        name: String,
        /// The number of values in a row.
        d_model: u64,
        /// The type.
        format: &'static Format,
    },
    /// A table that is larger than any file.
    #[error("tensor \"{name}\" claims {n_vocab} rows of {row_bytes} bytes: no file is that large")]
    TooLarge {
        /// The tensor.
        name: String,
        /// Its number of rows.
        n_vocab: u64,
        /// The size of one row in bytes.
        row_bytes: u64,
    },
    /// A table that does not fit the embedding table.
    #[error("tensor \"{name}\" has rows of {d_model} values; the embedding table's have {wanted}")]
    Width {
        /// The tensor.
        name: String,
        /// The number of values in a row.
        d_model: usize,
        /// What it should be.
        wanted: usize,
    },
    /// No row has this number.
    #[error(
        "token ID {id} is out of range: this table has {n_vocab} {}, 0 to {}",
        if *n_vocab == 1 { "row" } else { "rows" },
        n_vocab - 1
    )]
    NoRow {
        /// The token ID.
        id: u64,
        /// The number of rows.
        n_vocab: u64,
    },
    /// The file ends before the row does.
    #[error("row {id} needs bytes up to {end}, the file ends at {len}: an incomplete download?")]
    Cut {
        /// The token ID.
        id: u64,
        /// One past the row's last byte.
        end: u64,
        /// The file's length in bytes.
        len: u64,
    },
    /// The bytes of a row can't be read.
    #[error(transparent)]
    Io(#[from] io::Error),
}

fn dimensions(n: usize) -> String {
    match n {
        1 => "one dimension".to_owned(),
        n => format!("{n} dimensions"),
    }
}
