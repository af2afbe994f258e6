//! The `[n_vocab, d_model]` view: rows of an embedding table by token ID.

mod find;

pub(crate) use find::kind;

use std::ops::Range;

use anyhow::{Context, Result, bail, ensure};

use crate::gguf::{Gguf, Model, Tensor};
use crate::quant::Format;
use crate::rows::{ReadError, Rows};

/// The name that every GGUF language model gives its embedding table.
pub const TOKEN_EMBEDDING: &str = "token_embd.weight";

/// The widest row that is read: 4 MiB as `f32`. The widest known model has
/// 18,432 columns; a file that claims more than a million is damaged.
const MAX_D_MODEL: u64 = 1 << 20;

/// A matrix of a GGUF file, one row a token, read a row at a time. It keeps its
/// file open.
///
/// GGUF stores dimensions fastest first, `[d_model, n_vocab]`; everything here
/// counts rows first, `[n_vocab, d_model]`.
#[derive(Debug)]
pub struct Table {
    gguf: Gguf,
    name: String,
    format: &'static Format,
    n_vocab: u64,
    d_model: usize,
    row_bytes: usize,
    /// Row 0's first byte in the file.
    at: u64,
}

impl Table {
    /// The tensor `name` of a file, which must be two-dimensional and of a type
    /// that ggml can decode.
    ///
    /// # Errors
    /// Where it is not there (the message says what the file seems to be and
    /// which tensors would do), not a matrix, or not decodable. Whether its
    /// bytes are all in the file is not asked here but row by row: of a partial
    /// download, the rows that are there can be read.
    pub fn open(gguf: &Gguf, name: &str) -> Result<Self> {
        match gguf.tensor(name)? {
            Some(tensor) => Self::of(gguf, &tensor),
            None => Err(find::absent(&[gguf], name)),
        }
    }

    /// The tensor `name` of a model, in whichever of its files it is.
    ///
    /// # Errors
    /// As for [`open`](Self::open), and where a file that may have it is missing.
    pub fn of_model(model: &Model, name: &str) -> Result<Self> {
        match model.tensor(name)? {
            Some((gguf, tensor)) => Self::of(gguf, &tensor),
            None => Err(find::absent(&model.files()?, name)),
        }
    }

    /// The tensor `name` of a model as rows of `width` values, a vector being
    /// one row; `None` where the model has no such tensor. For what is added to
    /// the rows of a table, or multiplied with them.
    ///
    /// # Errors
    /// As for [`of_model`](Self::of_model), and where the width is another.
    pub fn of_width(model: &Model, name: &str, width: usize) -> Result<Option<Self>> {
        let Some((gguf, tensor)) = model.tensor(name)? else { return Ok(None) };
        let table = match *tensor.dims() {
            [values] => Self::of_shape(gguf, &tensor, [values, 1]),
            _ => Self::of(gguf, &tensor),
        }?;
        ensure!(
            table.d_model == width,
            "tensor \"{name}\" has rows of {} values; the embedding table's have {width}",
            table.d_model
        );
        Ok(Some(table))
    }

    fn of(gguf: &Gguf, tensor: &Tensor) -> Result<Self> {
        let name = &tensor.name;
        let Some(shape) = tensor.matrix() else {
            bail!(
                "tensor \"{name}\" has {} ({:?}); a table of rows needs two, [n_vocab, d_model]",
                dimensions(tensor.dims().len()),
                tensor.dims()
            );
        };
        Self::of_shape(gguf, tensor, shape)
    }

    fn of_shape(gguf: &Gguf, tensor: &Tensor, [d_model, n_vocab]: [u64; 2]) -> Result<Self> {
        let name = tensor.name.clone();
        ensure!(
            d_model > 0 && n_vocab > 0,
            "tensor \"{name}\" is empty: its shape is [{n_vocab}, {d_model}]"
        );
        ensure!(
            d_model <= MAX_D_MODEL,
            "tensor \"{name}\" claims rows of {d_model} values; rows of up to {MAX_D_MODEL} are read"
        );
        let format = Format::from_id(tensor.type_id)
            .with_context(|| format!("tensor \"{name}\" can't be decoded"))?;
        let row_bytes = format.row_bytes(d_model).with_context(|| {
            format!(
                "tensor \"{name}\" claims rows of {d_model} values as {format}, \
                 which stores whole blocks of {}",
                format.block_len
            )
        })?;
        let end = n_vocab.checked_mul(row_bytes).and_then(|bytes| tensor.at?.checked_add(bytes));
        ensure!(
            end.is_some(),
            "tensor \"{name}\" claims {n_vocab} rows of {row_bytes} bytes: no file is that large"
        );
        Ok(Self {
            gguf: gguf.clone(),
            name,
            format,
            n_vocab,
            d_model: usize::try_from(d_model)?,
            row_bytes: usize::try_from(row_bytes)?,
            at: tensor.at.unwrap_or(u64::MAX),
        })
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

    /// The file that the table is in.
    pub fn file(&self) -> &Gguf {
        &self.gguf
    }

    /// The stored size of one row in bytes.
    pub fn row_bytes(&self) -> u64 {
        self.row_bytes as u64
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
        (self.gguf.file_len().saturating_sub(self.at) / self.row_bytes()).min(self.n_vocab)
    }

    /// An error that says what is in range, unless `id` is.
    pub fn check_id(&self, id: u64) -> Result<()> {
        let n = self.n_vocab;
        ensure!(
            id < n,
            "token ID {id} is out of range: this table has {n} {}, 0 to {}",
            if n == 1 { "row" } else { "rows" },
            n - 1
        );
        Ok(())
    }

    /// The row of a token ID, decoded.
    ///
    /// # Errors
    /// Where the ID is out of range, or the file ends before the row does.
    pub fn row(&self, id: u64) -> Result<Vec<f32>> {
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
    pub fn read_row(&self, id: u64, values: &mut [f32]) -> Result<()> {
        self.check_id(id)?;
        let at = self.at + id * self.row_bytes();
        let end = at + self.row_bytes();
        ensure!(
            end <= self.gguf.file_len(),
            "row {id} needs bytes up to {end}, the file ends at {}: an incomplete download?",
            self.gguf.file_len()
        );
        let bytes = self.gguf.source().window(at, self.row_bytes)?;
        let bytes =
            bytes.get(..self.row_bytes).context("the file became shorter while it was read")?;
        self.format.decode(bytes, values);
        Ok(())
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
        let at = self.at + rows.start * self.row_bytes();
        let read = self.gguf.source().read_exact_at(at, stored);
        read.map_err(|source| ReadError::new(rows, source))
    }

    fn decode(&self, stored: &[u8], values: &mut [f32]) {
        self.format.decode(stored, values);
    }
}

fn dimensions(n: usize) -> String {
    match n {
        1 => "one dimension".to_owned(),
        n => format!("{n} dimensions"),
    }
}
