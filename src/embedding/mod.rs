//! The embedding table, `[n_vocab, d_model]`: reads rows by token ID.

mod error;
mod find;

use std::io;
use std::ops::Range;
use std::sync::Arc;

pub use error::Error;
pub use find::TABLES;

use crate::model::{Model, Tensor, TokenId};
use crate::quant::{Estimator, Format};
use crate::rows::{ReadError, Rows};
use crate::source::Source;

/// llama.cpp's name of the embedding table. Every format accepts it.
pub const TOKEN_EMBEDDING: &str = "token_embd.weight";

/// The most values in a row: 4 MiB as `f32`. The widest known model has 18,432
/// columns; a file that claims more than a million is damaged.
const MAX_D_MODEL: u64 = 1 << 20;

/// A matrix with one row per token, read a row at a time. It keeps its file open.
///
/// Files store dimensions fastest first, `[d_model, n_vocab]`; everything here
/// counts rows first, `[n_vocab, d_model]`.
#[derive(Clone, Debug)]
pub struct Table {
    source: Arc<dyn Source>,
    file: Option<Arc<str>>,
    name: String,
    usual: Option<&'static str>,
    format: &'static Format,
    n_vocab: u64,
    d_model: usize,
    row_bytes: usize,
    /// The position of row 0 in the file.
    at: u64,
}

impl Table {
    /// The tensor `name` of a model: two-dimensional, of a type that ggml can decode.
    ///
    /// # Errors
    /// If it does not exist (the message says what the file seems to be and which
    /// tensors can be used), is not a matrix, or can't be decoded; and if a file
    /// that may have it is missing. The file's length is checked row by row, so the
    /// rows of a partial download can be read.
    pub fn open(model: &Model, name: &str) -> Result<Self, Error> {
        match model.tensor(name)? {
            Some(tensor) => Self::of(tensor),
            None => {
                let message = find::absent(model, name)?;
                Err(Error::NoTensor { name: name.to_owned(), message })
            }
        }
    }

    /// The tensor `name` of a model as rows of `width` values; a vector is one row.
    /// `None` if the model has no such tensor. Used for tensors that are added to
    /// the rows of a table or multiplied with them.
    ///
    /// # Errors
    /// As for [`open`](Self::open), and if the width differs.
    pub fn of_width(model: &Model, name: &str, width: usize) -> Result<Option<Self>, Error> {
        let Some(tensor) = model.tensor(name)? else { return Ok(None) };
        let table = match *tensor.dims {
            [values] => Self::of_shape(tensor, [values, 1]),
            _ => Self::of(tensor),
        }?;
        match table.d_model {
            d_model if d_model == width => Ok(Some(table)),
            d_model => {
                let problem =
                    format!("has rows of {d_model} values; the embedding table's have {width}");
                Err(Error::NoTable { name: table.name, problem })
            }
        }
    }

    fn of(tensor: Tensor) -> Result<Self, Error> {
        let Some(shape) = tensor.matrix() else {
            let dimensions = match tensor.dims.len() {
                1 => "one dimension".to_owned(),
                n => format!("{n} dimensions"),
            };
            let dims = &tensor.dims;
            let problem = format!(
                "has {dimensions} ({dims:?}); a table of rows needs two, [n_vocab, d_model]"
            );
            return Err(Error::NoTable { name: tensor.name, problem });
        };
        Self::of_shape(tensor, shape)
    }

    fn of_shape(tensor: Tensor, [d_model, n_vocab]: [u64; 2]) -> Result<Self, Error> {
        let Tensor { name, usual, format, at, source, file, .. } = tensor;
        let problem = match d_model {
            _ if d_model == 0 || n_vocab == 0 => {
                Some(format!("is empty: its shape is [{n_vocab}, {d_model}]"))
            }
            ..=MAX_D_MODEL => None,
            _ => Some(format!("claims rows of {d_model} values; the limit is {MAX_D_MODEL}")),
        };
        if let Some(problem) = problem {
            return Err(Error::NoTable { name, problem });
        }
        let format = match format {
            Ok(format) => format,
            Err(source) => return Err(Error::Type { name, source }),
        };
        let Some(row_bytes) = format.row_bytes(d_model) else {
            let problem = format!(
                "claims rows of {d_model} values as {format}, which stores whole blocks of {}",
                format.block_len
            );
            return Err(Error::NoTable { name, problem });
        };
        let end = n_vocab.checked_mul(row_bytes).and_then(|bytes| at?.checked_add(bytes));
        let (Some(at), Some(_), Ok(row), Ok(d_model)) =
            (at, end, usize::try_from(row_bytes), usize::try_from(d_model))
        else {
            let problem =
                format!("claims {n_vocab} rows of {row_bytes} bytes: no file is that large");
            return Err(Error::NoTable { name, problem });
        };
        Ok(Self { source, file, name, usual, format, n_vocab, d_model, row_bytes: row, at })
    }

    /// A table in memory, for tests. It may have fewer rows than it claims.
    #[cfg(test)]
    pub(crate) fn in_memory(format: &str, [n_vocab, d_model]: [u64; 2], bytes: Vec<u8>) -> Self {
        let (name, dims) = ("test".to_owned(), vec![d_model, n_vocab]);
        let format = Ok(Format::from_name(format).unwrap());
        let (at, source) = (Some(0), Arc::new(bytes));
        Self::of(Tensor { name, usual: None, dims, format, at, source, file: None }).unwrap()
    }

    /// The tensor's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What the tensor is, by llama.cpp's name for it ([`TOKEN_EMBEDDING`]), whatever the
    /// format calls it.
    pub fn usual_name(&self) -> &str {
        self.usual.unwrap_or(&self.name)
    }

    /// The ggml type that the rows are stored in.
    pub fn format(&self) -> &'static Format {
        self.format
    }

    /// The number of rows.
    pub fn n_vocab(&self) -> u64 {
        self.n_vocab
    }

    /// The number of values in a row.
    pub fn d_model(&self) -> usize {
        self.d_model
    }

    /// The name of the table's file, if the model has several.
    pub fn file(&self) -> Option<&str> {
        self.file.as_deref()
    }

    /// The stored size of the table in bytes.
    pub fn bytes(&self) -> u64 {
        self.n_vocab * self.row_bytes as u64
    }

    /// The position of row 0 in its file.
    pub fn offset(&self) -> u64 {
        self.at
    }

    /// The number of complete rows in the file: all, unless the file is cut.
    pub fn rows_present(&self) -> u64 {
        let there = self.source.len().saturating_sub(self.at);
        (there / self.row_bytes as u64).min(self.n_vocab)
    }

    /// Checks that `id` is in range.
    ///
    /// # Errors
    /// [`Error::NoRow`].
    pub fn check_id(&self, id: TokenId) -> Result<(), Error> {
        match self.n_vocab {
            n_vocab if id < n_vocab => Ok(()),
            n_vocab => Err(Error::NoRow { id, n_vocab }),
        }
    }

    /// The row of a token ID, decoded.
    ///
    /// # Errors
    /// If the ID is out of range, or the file ends before the row does.
    pub fn row(&self, id: TokenId) -> Result<Vec<f32>, Error> {
        let mut values = vec![0.0; self.d_model];
        self.read_row(id, &mut values)?;
        Ok(values)
    }

    /// The row of a token ID, decoded into the caller's `d_model` values.
    ///
    /// # Errors
    /// As for [`row`](Self::row).
    ///
    /// # Panics
    /// If `values` does not have exactly `d_model` values.
    pub fn read_row(&self, id: TokenId, values: &mut [f32]) -> Result<(), Error> {
        self.check_id(id)?;
        let at = self.row_at(id);
        let (end, len) = (at + self.row_bytes as u64, self.source.len());
        if end > len {
            return Err(Error::Cut { id, end, len });
        }
        let bytes = self.source.window(at, self.row_bytes)?;
        let bytes = bytes.get(..self.row_bytes).ok_or_else(|| {
            let shorter = "the file became shorter while it was read";
            io::Error::new(io::ErrorKind::UnexpectedEof, shorter)
        })?;
        self.format.decode(bytes, values);
        Ok(())
    }

    /// Tells which rows are read next. A remote table fetches them in few requests.
    ///
    /// # Errors
    /// If they can't be fetched.
    pub fn prepare(&self, ids: &[TokenId]) -> io::Result<()> {
        if self.source.mapped(self.at, 0).is_some() {
            return Ok(());
        }
        let row = |id: &TokenId| self.row_at(*id)..self.row_at(*id) + self.row_bytes as u64;
        self.source.prepare(&ids.iter().map(row).collect::<Vec<_>>())
    }

    fn row_at(&self, id: TokenId) -> u64 {
        self.at + id * self.row_bytes as u64
    }
}

impl Rows for Table {
    fn n_rows(&self) -> u64 {
        self.n_vocab
    }

    fn dim(&self) -> usize {
        self.d_model
    }

    fn row_bytes(&self) -> usize {
        self.row_bytes
    }

    fn estimator(&self) -> Option<Estimator> {
        self.format.estimator()
    }

    fn read(&self, rows: Range<u64>, stored: &mut Vec<u8>) -> Result<(), ReadError> {
        let n = (rows.end - rows.start) as usize;
        stored.resize(n * self.row_bytes, 0);
        let read = self.source.read_exact_at(self.row_at(rows.start), stored);
        read.map_err(|source| ReadError::new(rows, source))
    }

    fn mapped(&self, rows: Range<u64>) -> Option<&[u8]> {
        let len = (rows.end - rows.start) as usize * self.row_bytes;
        self.source.mapped(self.row_at(rows.start), len)
    }

    fn release(&self, rows: Range<u64>) {
        self.source.release(self.row_at(rows.start)..self.row_at(rows.end));
    }

    fn decode(&self, stored: &[u8], values: &mut [f32]) {
        self.format.decode(stored, values);
    }
}
