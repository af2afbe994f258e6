//! The `[n_vocab, d_model]` view: rows of an embedding table by token ID.

mod error;
mod find;

use std::fmt;
use std::io;
use std::ops::Range;
use std::sync::Arc;

pub use error::Error;

use crate::model::{Model, Tensor, TokenId};
use crate::quant::Format;
use crate::rows::{ReadError, Rows};
use crate::source::Source;

/// The name of the embedding table, as llama.cpp has it. Every format answers to it.
pub const TOKEN_EMBEDDING: &str = "token_embd.weight";

/// The widest row that is read: 4 MiB as `f32`. The widest known model has
/// 18,432 columns; a file that claims more than a million is damaged.
const MAX_D_MODEL: u64 = 1 << 20;

/// A matrix of a model, one row per token, read a row at a time. It keeps its file
/// open.
///
/// Files store dimensions fastest first, `[d_model, n_vocab]`; everything here
/// counts rows first, `[n_vocab, d_model]`.
#[derive(Clone)]
pub struct Table {
    source: Arc<dyn Source>,
    file: Option<Arc<str>>,
    name: String,
    format: &'static Format,
    n_vocab: u64,
    d_model: usize,
    row_bytes: usize,
    /// Row 0's first byte in the file.
    at: u64,
}

impl Table {
    /// The tensor `name` of a model, which must be two-dimensional and of a type
    /// that ggml can decode.
    ///
    /// # Errors
    /// Where it is not there (the message says what the file seems to be and which
    /// tensors would do), is not a matrix, or can't be decoded; and where a file
    /// that may have it is missing. Whether its bytes are all in the file is checked
    /// row by row: the rows that a partial download has can be read.
    pub fn open(model: &Model, name: &str) -> Result<Self, Error> {
        match model.tensor(name)? {
            Some(tensor) => Self::of(tensor),
            None => {
                let message = find::absent(model, name)?;
                Err(Error::NoTensor { name: name.to_owned(), message })
            }
        }
    }

    /// The tensor `name` of a model as rows of `width` values, a vector being one
    /// row; `None` where the model has no such tensor. For what is added to the rows
    /// of a table, or multiplied with them.
    ///
    /// # Errors
    /// As for [`open`](Self::open), and where the width is another.
    pub fn of_width(model: &Model, name: &str, width: usize) -> Result<Option<Self>, Error> {
        let Some(tensor) = model.tensor(name)? else { return Ok(None) };
        let table = match *tensor.dims {
            [values] => Self::of_shape(tensor, [values, 1]),
            _ => Self::of(tensor),
        }?;
        let Self { d_model, .. } = table;
        if d_model != width {
            return Err(Error::Width { name: table.name, d_model, wanted: width });
        }
        Ok(Some(table))
    }

    fn of(tensor: Tensor) -> Result<Self, Error> {
        match tensor.matrix() {
            Some(shape) => Self::of_shape(tensor, shape),
            None => Err(Error::NoMatrix { name: tensor.name, dims: tensor.dims }),
        }
    }

    fn of_shape(tensor: Tensor, [d_model, n_vocab]: [u64; 2]) -> Result<Self, Error> {
        let Tensor { name, format, at, source, file, .. } = tensor;
        if d_model == 0 || n_vocab == 0 {
            return Err(Error::Empty { name, n_vocab, d_model });
        }
        if d_model > MAX_D_MODEL {
            return Err(Error::TooWide { name, d_model });
        }
        let format = match format {
            Ok(format) => format,
            Err(source) => return Err(Error::Type { name, source }),
        };
        let Some(row_bytes) = format.row_bytes(d_model) else {
            return Err(Error::PartOfABlock { name, d_model, format });
        };
        let end = n_vocab.checked_mul(row_bytes).and_then(|bytes| at?.checked_add(bytes));
        let (Some(at), Some(_), Ok(row), Ok(d_model)) =
            (at, end, usize::try_from(row_bytes), usize::try_from(d_model))
        else {
            return Err(Error::TooLarge { name, n_vocab, row_bytes });
        };
        Ok(Self { source, file, name, format, n_vocab, d_model, row_bytes: row, at })
    }

    /// The tensor's name.
    pub fn name(&self) -> &str {
        &self.name
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

    /// The name of the file that the table is in, where the model has several.
    pub fn file(&self) -> Option<&str> {
        self.file.as_deref()
    }

    /// The stored size of the table in bytes.
    pub fn bytes(&self) -> u64 {
        self.n_vocab * self.row_bytes as u64
    }

    /// Where row 0 begins in its file.
    pub fn offset(&self) -> u64 {
        self.at
    }

    /// How many rows are whole in the file: all, unless it was cut.
    pub fn rows_present(&self) -> u64 {
        let there = self.source.len().saturating_sub(self.at);
        (there / self.row_bytes as u64).min(self.n_vocab)
    }

    /// An error that says what is in range, unless `id` is.
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
    /// Where the ID is out of range, or the file ends before the row does.
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
    /// Where there is not room for exactly the row.
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

    fn is_scaled_bytes(&self) -> bool {
        self.format.is_scaled_bytes()
    }

    fn read(&self, rows: Range<u64>, stored: &mut Vec<u8>) -> Result<(), ReadError> {
        let n = (rows.end - rows.start) as usize;
        stored.resize(n * self.row_bytes, 0);
        let read = self.source.read_exact_at(self.row_at(rows.start), stored);
        read.map_err(|source| ReadError::new(rows, source))
    }

    fn decode(&self, stored: &[u8], values: &mut [f32]) {
        self.format.decode(stored, values);
    }
}

impl fmt::Debug for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, format, n_vocab, d_model, .. } = self;
        write!(f, "Table({name}, [{n_vocab}, {d_model}] {format})")
    }
}
