//! Rows times a matrix.

use super::tile::{Block, DEEP, WIDE, Wide, add_products, short};
use crate::cpu::Level;

/// So many rows are multiplied at a time: a panel is then used often enough.
pub(super) const ROWS: usize = 64;

/// A matrix with as many rows as a table has columns, in panels of 32 columns.
#[derive(Debug)]
pub(super) struct Matrix {
    dim: usize,
    columns: usize,
    panels: Vec<Wide>,
}

impl Matrix {
    pub fn zeros(dim: usize, columns: usize) -> Self {
        Self { dim, columns, panels: vec![Wide([0.0; WIDE]); columns.div_ceil(WIDE) * dim] }
    }

    /// Sets a column to a multiple of a vector, rounded to 26 significant bits.
    pub fn set_column(&mut self, at: usize, vector: &[f64], by: f64) {
        let panel = &mut self.panels[at / WIDE * self.dim..][..self.dim];
        for (cells, x) in panel.iter_mut().zip(vector) {
            cells.0[at % WIDE] = short(x * by);
        }
    }

    /// The products of at most [`ROWS`] rows less a vector, row after row. The rows less
    /// the vector are rounded to 26 significant bits.
    pub fn multiply(&self, level: Level, rows: &[f32], less: &[f64], out: &mut Vec<f64>) {
        let dim = self.dim;
        let n = rows.len() / dim;
        let mut left = vec![Wide([0.0; WIDE]); n.div_ceil(WIDE) * dim];
        for (at, row) in rows.chunks_exact(dim).enumerate() {
            let left = &mut left[at / WIDE * dim..][..dim];
            for ((cells, x), less) in left.iter_mut().zip(row).zip(less) {
                cells.0[at % WIDE] = short(f64::from(*x) - less);
            }
        }
        out.clear();
        out.resize(n * self.columns, 0.0);
        let mut blocks: Vec<Block> = vec![[[0.0; WIDE]; WIDE]; n.div_ceil(WIDE)];
        for (panel, right) in self.panels.chunks_exact(dim).enumerate() {
            blocks.fill([[0.0; WIDE]; WIDE]);
            for from in (0..dim).step_by(DEEP) {
                let to = dim.min(from + DEEP);
                for (block, left) in blocks.iter_mut().zip(left.chunks_exact(dim)) {
                    add_products(level, &left[from..to], &right[from..to], block);
                }
            }
            let columns = panel * WIDE..self.columns.min((panel + 1) * WIDE);
            for (out, sums) in out.chunks_exact_mut(self.columns).zip(blocks.as_flattened()) {
                let out = &mut out[columns.clone()];
                out.copy_from_slice(&sums[..out.len()]);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_times_a_matrix() {
        let (dim, columns, n) = (35, 40, 50);
        let row = |at: usize| (0..dim).map(move |i| ((at * 37 + i * 11) % 13) as f32);
        let vector = |at: usize| -> Vec<f64> { (0..dim).map(|i| (at * i % 7) as f64).collect() };
        let mut matrix = Matrix::zeros(dim, columns);
        (0..columns).for_each(|at| matrix.set_column(at, &vector(at), 0.5));
        let rows: Vec<f32> = (0..n).flat_map(row).collect();
        let mut out = Vec::new();
        matrix.multiply(Level::detect(), &rows, &vec![2.0; dim], &mut out);
        for (at, found) in out.iter().enumerate() {
            let pairs = row(at / columns).zip(vector(at % columns));
            let expected: f64 = pairs.map(|(x, y)| (f64::from(x) - 2.0) * y * 0.5).sum();
            assert_eq!(*found, expected);
        }
        assert_eq!(out.len(), n * columns);
    }
}
