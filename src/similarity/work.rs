//! The queries of a scan, and the state of each thread.

use std::ops::Range;

use super::metric::Metric;
use super::top_k::TopK;
use crate::threads;

/// A vector to find the nearest rows of.
#[derive(Clone, Debug)]
pub struct Query {
    /// IDs of rows that are not candidates, a few in any order: the query's own
    /// row, or the words that an analogy is made of. Empty for a vector that is
    /// no row.
    pub exclude: Vec<u64>,
    /// The values; finite, and under [`Metric::Cosine`] not all zero.
    pub values: Vec<f32>,
}

impl Query {
    /// A query with a row of the table, which is left out of its own neighbours.
    pub fn of_row(id: u64, values: Vec<f32>) -> Self {
        Self { exclude: vec![id], values }
    }
}

/// What to look for.
#[derive(Clone, Copy, Debug)]
pub struct Search {
    /// What "near" means.
    pub metric: Metric,
    /// The number of rows to find for each query.
    pub k: usize,
    /// The number of threads. The answer is the same for any number.
    pub threads: usize,
}

/// The ten nearest by cosine, on all cores.
impl Default for Search {
    fn default() -> Self {
        Self { metric: Metric::Cosine, k: 10, threads: threads::available() }
    }
}

/// Rows that can't be in a ranking.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LeftOut {
    /// Rows of zeros, which have no direction. Counted under
    /// [`Metric::Cosine`] only.
    pub zero: u64,
    /// Rows with a NaN or an infinity.
    pub not_finite: u64,
}

impl LeftOut {
    /// Counts a row with this norm if it can't be in a ranking under `metric`.
    /// Returns whether it was counted.
    pub(super) fn count(&mut self, metric: Metric, norm: f64) -> bool {
        if metric.ranks(norm) {
            return false;
        }
        let kind = if norm.is_finite() { &mut self.zero } else { &mut self.not_finite };
        *kind += 1;
        true
    }

    pub(super) fn merge(&mut self, other: Self) {
        self.zero += other.zero;
        self.not_finite += other.not_finite;
    }
}

/// One thread's part of a scan.
pub(super) trait Work: Send {
    /// Compares a run of rows, given as they are stored, with the queries.
    fn piece(&mut self, ids: Range<u64>, stored: &[u8]);

    /// The best rows for each query, and the rows that could not be ranked.
    fn finish(self: Box<Self>) -> (Vec<TopK>, LeftOut);
}
