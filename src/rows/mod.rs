//! Rows of one length: the interface of a table for code that computes with rows.
//!
//! [`Rows`] is a table that can be read in runs. [`Pass`] reads all of it once, on
//! several threads. [`Reader`] reads single runs. [`Changed`] rows are those of a table,
//! moved or scaled.

mod changed;
mod pass;
mod way;

use std::io;
use std::ops::Range;

use thiserror::Error;

use crate::quant::Estimator;

pub(crate) use changed::Changed;
pub(crate) use pass::rows_per_run;
pub use pass::{Pass, RowRun};

/// A table of rows of one length, read in runs.
///
/// No method has a default, so a wrapper that changes rows can't forget one.
pub trait Rows: Sync {
    /// The number of rows.
    fn n_rows(&self) -> u64;

    /// The number of values in a row.
    fn dim(&self) -> usize;

    /// The number of bytes that a row is stored in.
    fn row_bytes(&self) -> usize;

    /// What estimates dot products of stored rows, if [`decode`](Self::decode) does no
    /// more than the decoder of its type. A scan can then work on the stored bytes.
    fn estimator(&self) -> Option<Estimator>;

    /// Reads a run of rows as it is stored, into a buffer that a scan keeps.
    fn read(&self, rows: Range<u64>, stored: &mut Vec<u8>) -> Result<(), ReadError>;

    /// A run of rows as it is stored, if the file is mapped into memory and that is what
    /// [`read`](Self::read) would copy.
    fn mapped(&self, rows: Range<u64>) -> Option<&[u8]>;

    /// Tells the system that a mapped run is not needed soon.
    fn release(&self, rows: Range<u64>);

    /// Decodes stored rows into `values`, which has room for exactly these rows.
    fn decode(&self, stored: &[u8], values: &mut [f32]);
}

/// Rows that could not be read.
#[derive(Debug, Error)]
#[error("reading {}", rows_named(.rows))]
#[non_exhaustive]
pub struct ReadError {
    /// The rows of the failed read.
    pub rows: Range<u64>,
    /// The error of the source of the bytes.
    pub source: io::Error,
}

impl ReadError {
    /// Makes the error of a failed read of some rows.
    pub fn new(rows: Range<u64>, source: io::Error) -> Self {
        Self { rows, source }
    }
}

fn rows_named(rows: &Range<u64>) -> String {
    match rows.end.saturating_sub(1) {
        last if last <= rows.start => format!("row {}", rows.start),
        last => format!("rows {} to {last}", rows.start),
    }
}

/// Reads and decodes rows into buffers that are reused.
pub struct Reader<'a> {
    rows: &'a dyn Rows,
    stored: Vec<u8>,
    values: Vec<f32>,
}

impl<'a> Reader<'a> {
    pub fn new(rows: &'a dyn Rows) -> Self {
        Self { rows, stored: Vec::new(), values: Vec::new() }
    }

    pub fn read(&mut self, ids: Range<u64>) -> Result<&[f32], ReadError> {
        self.rows.read(ids, &mut self.stored)?;
        decode(self.rows, &self.stored, &mut self.values);
        Ok(&self.values)
    }
}

/// Decodes a run of rows into a buffer, which is resized to fit.
fn decode(rows: &dyn Rows, stored: &[u8], values: &mut Vec<f32>) {
    values.resize(stored.len() / rows.row_bytes() * rows.dim(), 0.0);
    rows.decode(stored, values);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_names_the_rows() {
        let error = |rows| ReadError::new(rows, io::ErrorKind::UnexpectedEof.into()).to_string();
        assert_eq!(error(3..4), "reading row 3");
        assert_eq!(error(3..6), "reading rows 3 to 5");
        assert_eq!(error(0..0), "reading row 0");
    }
}
