//! Why a table or a row can't be read.

use std::io;

use thiserror::Error;

use crate::model;
use crate::quant::TypeError;

/// Why a table or a row can't be read.
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
        /// What the file seems to be, and which tensors can be used.
        message: String,
    },
    /// The tensor can't be used as a table.
    #[error("tensor \"{name}\" {problem}")]
    NoTable {
        /// The tensor.
        name: String,
        /// What is wrong with its shape.
        problem: String,
    },
    /// The type of the tensor has no decoder.
    #[error("tensor \"{name}\" can't be decoded")]
    Type {
        /// The tensor.
        name: String,
        /// What is wrong with its type.
        source: TypeError,
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
