//! The exact nearest rows of every row.

use super::{Chosen, Error, Progress};
use crate::rows::Rows;
use crate::similarity;

/// The nearest rows of every row by cosine.
#[derive(Clone, Debug, PartialEq)]
pub struct Graph {
    /// The number of neighbours of a row: what was asked for, or all other rows.
    pub k: usize,
    /// For each row the positions of its `k` nearest, nearest first; of two with one
    /// cosine the lower comes first.
    pub ids: Vec<u32>,
    /// Their cosines.
    pub scores: Vec<f32>,
}

impl Graph {
    /// The `k` nearest of every row, exactly. The answer is the same for any number of
    /// threads.
    ///
    /// # Errors
    /// When rows can't be read.
    pub fn of(rows: &Chosen, k: usize, threads: usize, progress: Progress) -> Result<Self, Error> {
        let k = k.min(rows.n_rows() as usize - 1);
        let (ids, scores) = similarity::nearest_of_all(rows, k, threads, progress)?;
        Ok(Self { k, ids, scores })
    }

    /// The number of rows.
    pub fn n(&self) -> usize {
        if self.k == 0 { 1 } else { self.ids.len() / self.k }
    }

    /// The nearest of a row.
    pub fn nearest(&self, row: usize) -> &[u32] {
        &self.ids[row * self.k..][..self.k]
    }
}
