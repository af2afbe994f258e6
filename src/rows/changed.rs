//! Rows that are changed after they are decoded.

use std::ops::Range;

use super::{ReadError, Rows};
use crate::quant::Estimator;

/// Rows of another table that are changed after they are decoded. What is stored says
/// little of them, so nothing is estimated from it.
pub(crate) trait Changed: Sync {
    /// The table that is read.
    fn table(&self) -> &dyn Rows;

    /// Changes decoded rows in place.
    fn change(&self, rows: &mut [f32]);
}

impl<T: Changed> Rows for T {
    fn n_rows(&self) -> u64 {
        self.table().n_rows()
    }

    fn dim(&self) -> usize {
        self.table().dim()
    }

    fn row_bytes(&self) -> usize {
        self.table().row_bytes()
    }

    fn estimator(&self) -> Option<Estimator> {
        None
    }

    fn read(&self, rows: Range<u64>, stored: &mut Vec<u8>) -> Result<(), ReadError> {
        self.table().read(rows, stored)
    }

    fn mapped(&self, rows: Range<u64>) -> Option<&[u8]> {
        self.table().mapped(rows)
    }

    fn release(&self, rows: Range<u64>) {
        self.table().release(rows);
    }

    fn decode(&self, stored: &[u8], values: &mut [f32]) {
        self.table().decode(stored, values);
        self.change(values);
    }
}
