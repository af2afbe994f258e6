//! A view of a table with the bytes of each value reversed, to test for a wrong byte
//! order.

use std::ops::Range;

use crate::quant::Estimator;
use crate::rows::{ReadError, Rows};

/// The same rows with the bytes of each value reversed.
pub struct Swapped<'a> {
    rows: &'a dyn Rows,
    /// Bytes of a value.
    width: usize,
}

impl<'a> Swapped<'a> {
    /// A view of a table that stores each value in as many bytes. `None` if it stores
    /// values in blocks, or in single bytes.
    pub fn of(rows: &'a dyn Rows) -> Option<Self> {
        let width = rows.row_bytes() / rows.dim();
        let is_plain = width * rows.dim() == rows.row_bytes() && [2, 4, 8].contains(&width);
        is_plain.then_some(Self { rows, width })
    }
}

impl Rows for Swapped<'_> {
    fn n_rows(&self) -> u64 {
        self.rows.n_rows()
    }

    fn dim(&self) -> usize {
        self.rows.dim()
    }

    fn row_bytes(&self) -> usize {
        self.rows.row_bytes()
    }

    fn estimator(&self) -> Option<Estimator> {
        None
    }

    fn read(&self, rows: Range<u64>, stored: &mut Vec<u8>) -> Result<(), ReadError> {
        self.rows.read(rows, stored)?;
        stored.chunks_exact_mut(self.width).for_each(<[u8]>::reverse);
        Ok(())
    }

    fn mapped(&self, _: Range<u64>) -> Option<&[u8]> {
        None
    }

    fn release(&self, _: Range<u64>) {}

    fn decode(&self, stored: &[u8], values: &mut [f32]) {
        self.rows.decode(stored, values);
    }
}
