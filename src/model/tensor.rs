//! A tensor as a model's header describes it.

use std::sync::Arc;

use crate::quant::{Format, TypeError};
use crate::source::Source;

/// A tensor: its name, shape and type, and the position of its bytes. It keeps its
/// file open.
#[derive(Clone, Debug)]
pub struct Tensor {
    /// The name, lossily decoded if it is not UTF-8.
    pub name: String,
    /// llama.cpp's name for this tensor (`token_embd.weight`), where the format has
    /// another one.
    pub usual: Option<&'static str>,
    /// The dimensions, fastest first: those of a table are `[d_model, n_vocab]`.
    pub dims: Vec<u64>,
    /// The type of its values, or why it has no known type.
    pub format: Result<&'static Format, TypeError>,
    /// The position of its data in the file; `None` if it overflows 64 bits.
    pub at: Option<u64>,
    /// The bytes of its file.
    pub source: Arc<dyn Source>,
    /// The name of its file, if the model has several.
    pub file: Option<Arc<str>>,
}

impl Tensor {
    /// The number of values; 1 for a scalar (no dimensions), `None` on overflow.
    pub fn n_values(&self) -> Option<u64> {
        self.dims.iter().try_fold(1u64, |product, &dim| product.checked_mul(dim))
    }

    /// Its size in bytes; `None` if its type is not known, its rows are not whole
    /// blocks, or the size overflows.
    pub fn bytes(&self) -> Option<u64> {
        let format = self.format.as_ref().ok()?;
        let (columns, rows) = self.dims.split_first().unwrap_or((&1, &[]));
        rows.iter().try_fold(format.row_bytes(*columns)?, |bytes, &rows| bytes.checked_mul(rows))
    }

    /// Whether this is a matrix: `Some([columns, rows])`. Trailing dimensions of 1
    /// are ignored, because ggml gives every tensor four dimensions.
    pub fn matrix(&self) -> Option<[u64; 2]> {
        match *self.dims {
            [columns, rows, ref more @ ..] if more.iter().all(|&dim| dim == 1) => {
                Some([columns, rows])
            }
            _ => None,
        }
    }
}
