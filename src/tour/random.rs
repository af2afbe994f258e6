//! A table of random numbers that are the same in every run.

use std::ops::Range;

use crate::quant::Estimator;
use crate::rows::{ReadError, Rows};
use crate::stats::{SplitMix64, mix};

/// A table of any shape with values from a seeded normal distribution. It takes
/// no memory: what is "stored" of a row is its ID, and decoding makes the values.
#[derive(Clone, Debug)]
pub struct RandomRows {
    /// The seed. It decides every value of the table.
    pub seed: u64,
    pub n_rows: u64,
    pub dim: usize,
}

impl RandomRows {
    /// The row of an ID.
    pub fn row(&self, id: u64) -> Vec<f32> {
        let mut values = vec![0.0; self.dim];
        self.fill(id, &mut values);
        values
    }

    fn fill(&self, id: u64, values: &mut [f32]) {
        // Each row has a generator of its own. The seeds of neighbouring IDs
        // differ in few bits, so they are mixed first.
        let mut random = SplitMix64::new(mix(self.seed ^ id));
        values.iter_mut().for_each(|value| *value = random.normal() as f32);
    }
}

impl Rows for RandomRows {
    fn n_rows(&self) -> u64 {
        self.n_rows
    }

    fn dim(&self) -> usize {
        self.dim
    }

    fn row_bytes(&self) -> usize {
        size_of::<u64>()
    }

    fn estimator(&self) -> Option<Estimator> {
        None
    }

    fn read(&self, rows: Range<u64>, stored: &mut Vec<u8>) -> Result<(), ReadError> {
        stored.clear();
        stored.extend(rows.flat_map(u64::to_le_bytes));
        Ok(())
    }

    fn mapped(&self, _: Range<u64>) -> Option<&[u8]> {
        None
    }

    fn release(&self, _: Range<u64>) {}

    fn decode(&self, stored: &[u8], values: &mut [f32]) {
        let (ids, _) = stored.as_chunks();
        for (id, row) in ids.iter().zip(values.chunks_exact_mut(self.dim)) {
            self.fill(u64::from_le_bytes(*id), row);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rows::Reader;

    #[test]
    fn a_row_is_the_same_however_it_is_read() {
        let table = RandomRows { seed: 3, n_rows: 10, dim: 5 };
        let mut reader = Reader::new(&table);
        let values = reader.read(4..7).unwrap();
        let row = table.row(5);
        assert_eq!(values[5..10], row);
        assert_ne!(values[..5], row);
    }
}
