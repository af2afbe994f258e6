//! One-hot vectors times the table, really multiplied.

use crate::rows::{Pass, ReadError, Rows};

#[derive(Clone, Debug)]
pub struct Product {
    /// One row per vector.
    pub rows: Vec<Vec<f32>>,
    pub multiplications: u64,
    pub threads: usize,
    /// The number of rows with a NaN or an infinity. They are left out: 0 times
    /// infinity is NaN, and one such row would make every sum NaN.
    pub left_out: u64,
}

/// Multiplies the one-hot vectors of some IDs, `[ids, n_rows]`, with the first
/// `n_rows` rows of a table: each zero and each one with every value of its row,
/// as a general matrix product does.
///
/// Each thread adds up a part of each sum. The result does not depend on the
/// parts: all terms of a sum but one are zero, and adding zero changes nothing.
pub fn product(
    rows: &dyn Rows,
    n_rows: u64,
    ids: &[u64],
    threads: usize,
) -> Result<Product, ReadError> {
    let zeros = || vec![vec![0.0_f32; rows.dim()]; ids.len()];
    let start = || Product { rows: zeros(), multiplications: 0, threads: 1, left_out: 0 };
    let parts = Pass::new(rows, n_rows, threads).fold(start, |part, run| {
        for (id, row) in run.rows() {
            part.add(ids, id, row);
        }
    })?;
    let mut product = Product { threads: 0, ..start() };
    for part in parts {
        product.multiplications += part.multiplications;
        product.threads += part.threads;
        product.left_out += part.left_out;
        for (total, sums) in product.rows.iter_mut().flatten().zip(part.rows.iter().flatten()) {
            *total += sums;
        }
    }
    Ok(product)
}

impl Product {
    /// Multiplies a row with its column of the one-hot vectors.
    fn add(&mut self, ids: &[u64], id: u64, row: &[f32]) {
        if !is_finite(row) {
            self.left_out += 1;
            return;
        }
        for (&hot, sums) in ids.iter().zip(&mut self.rows) {
            let one_or_zero = f32::from(u8::from(hot == id));
            for (sum, value) in sums.iter_mut().zip(row) {
                *sum += one_or_zero * value;
            }
        }
        self.multiplications += (ids.len() * row.len()) as u64;
    }
}

/// Whether a row has no NaN and no infinity. Both have larger bits than any
/// finite magnitude, and the compiler finds the largest bits with vectors.
fn is_finite(row: &[f32]) -> bool {
    let magnitudes = row.iter().map(|value| value.abs().to_bits());
    magnitudes.fold(0, u32::max) < f32::INFINITY.to_bits()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::embedding::Table;
    use crate::tour::RandomRows;

    #[test]
    fn a_one_hot_vector_picks_its_row() {
        let table = RandomRows { seed: 5, n_rows: 70_000, dim: 3 };
        for threads in [1, 2] {
            let found = product(&table, 70_000, &[0, 69_999, 0], threads).unwrap();
            assert_eq!(found.rows, [0, 69_999, 0].map(|id| table.row(id)));
            assert_eq!((found.multiplications, found.left_out), (3 * 3 * 70_000, 0));
        }
    }

    fn table(rows: [[f32; 2]; 3]) -> Table {
        let bytes = rows.iter().flatten().flat_map(|value| value.to_le_bytes()).collect();
        Table::in_memory("F32", [3, 2], bytes)
    }

    #[test]
    fn a_row_that_would_spoil_the_sums_is_left_out_and_counted() {
        for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
            let table = table([[1.0, -2.0], [bad, 0.0], [f32::MAX, f32::MAX]]);
            let found = product(&table, 3, &[0, 2], 1).unwrap();
            assert_eq!(found.rows, [[1.0, -2.0], [f32::MAX, f32::MAX]]);
            assert_eq!((found.left_out, found.multiplications), (1, 8));
        }
    }

    /// A sum that begins at +0 never becomes -0, so the sign of a zero is lost.
    #[test]
    fn a_negative_zero_comes_out_positive() {
        let table = table([[-0.0, 1.0], [0.0, 0.0], [0.0, 0.0]]);
        let found = product(&table, 3, &[0], 1).unwrap();
        assert_eq!(found.rows[0][0].to_bits(), 0.0_f32.to_bits());
    }
}
