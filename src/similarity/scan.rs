//! One pass over the table for any number of queries.

use std::ops::Range;

use anyhow::Result;

use super::batch::Batch;
use super::few::Few;
use super::kernel::{MAX_CODES, PANEL};
use super::top_k::TopK;
use super::{Metric, Neighbor, Rows};
use crate::cpu::Level;
use crate::threads::{self, Pieces};

/// A row to find the neighbours of.
#[derive(Clone, Debug)]
pub struct Query {
    /// The row that is the query itself, left out of its own neighbours.
    pub id: u64,
    /// Its values; finite, and under [`Metric::Cosine`] not all zero.
    pub values: Vec<f32>,
}

/// What to look for, and how many hands to use.
#[derive(Clone, Copy, Debug)]
pub struct Search {
    /// What "near" means.
    pub metric: Metric,
    /// How many rows each query wants.
    pub k: usize,
    /// Threads at work; the answer is the same for any number of them.
    pub threads: usize,
}

/// What a scan found.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    /// The nearest rows of each query, in the order of the queries.
    pub neighbors: Vec<Vec<Neighbor>>,
    /// The rows that could not be candidates.
    pub left_out: LeftOut,
}

/// Rows that have no place in a ranking.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LeftOut {
    /// Rows of zeros, which have no direction (counted under cosine only).
    pub zero: u64,
    /// Rows with a NaN or an infinity in them.
    pub not_finite: u64,
}

impl LeftOut {
    /// Counts a row, given its norm, if it has no place under `metric`.
    pub(super) fn count(&mut self, metric: Metric, norm: f64) -> bool {
        let not_finite = !norm.is_finite();
        let zero = metric == Metric::Cosine && norm == 0.0;
        self.not_finite += u64::from(not_finite);
        self.zero += u64::from(zero);
        not_finite || zero
    }
}

/// As much as one read asks for. Reading 178 MB that the system has in memory,
/// on a 2-core Zen 5, one thread, in milliseconds (summing the bytes included):
///
/// ```text
///                          cached in large pages   in small ones, an hour later
/// already mapped and touched                   5      5
/// read into a buffer of 256 KiB               10     23    (64 KiB 10, 22; 4 MiB 14, 26)
/// new mapping                                  9     22    the first ever: 245, in page faults
/// the same with madvise                       10     20
/// the same with MAP_POPULATE                  15     29    the first ever: 43
/// ```
///
/// So plain reads cost a copy within the cache and are never bad; they also
/// keep a table that is larger than memory from filling it.
const PIECE_BYTES: usize = 1 << 18;

/// As many values as are decoded together: 256 KiB, which a second-level cache
/// holds with room to spare.
const PIECE_VALUES: usize = 1 << 16;

/// With so many queries or fewer a pass is spent reading rows, not multiplying.
const FEW: usize = 8;

/// A thread's way through the pieces that it is given.
pub(super) trait Work: Send {
    /// Meets a run of rows, given as they are stored.
    fn piece(&mut self, ids: Range<u64>, stored: &[u8]);

    /// What came of it.
    fn finish(self: Box<Self>) -> (Vec<TopK>, LeftOut);
}

/// The `k` nearest of the first `n_rows` rows for each query, exactly: as if
/// every row had been scored, in any order, ties by lower ID.
///
/// # Errors
/// Where rows can't be read.
pub fn nearest(rows: &dyn Rows, n_rows: u64, queries: &[Query], search: &Search) -> Result<Found> {
    nearest_at(Level::detect(), rows, n_rows, queries, search)
}

/// [`nearest`] at a level that the processor may exceed.
pub(super) fn nearest_at(
    level: Level,
    rows: &dyn Rows,
    n_rows: u64,
    queries: &[Query],
    search: &Search,
) -> Result<Found> {
    let few = (1..=FEW).contains(&queries.len()) || rows.dim() > MAX_CODES;
    let prepared = if few { None } else { Some(Batch::prepare(level, queries)) };
    let worker = || -> Box<dyn Work + '_> {
        match &prepared {
            None => Box::new(Few::new(level, rows, queries, search)),
            Some(codes) => Box::new(Batch::new(level, rows, queries, codes, search)),
        }
    };

    let piece_rows = (PIECE_BYTES / rows.row_bytes()).min(PIECE_VALUES / rows.dim());
    // A batch fills whole panels.
    let piece_rows =
        if few { piece_rows.max(1) } else { piece_rows.next_multiple_of(PANEL).max(PANEL) };
    let pieces = Pieces::new(n_rows, piece_rows as u64);
    let parts = threads::each(pieces.threads(search.threads), || {
        let mut worker = worker();
        let mut stored = Vec::new();
        while let Some(ids) = pieces.next() {
            rows.read(ids.clone(), &mut stored)?;
            worker.piece(ids, &stored);
        }
        Ok(worker.finish())
    })?;

    let mut parts = parts.into_iter();
    let (mut tops, mut left_out) = parts.next().expect("this thread worked too");
    for (more, others) in parts {
        for (top, more) in tops.iter_mut().zip(more) {
            top.merge(more);
        }
        left_out.zero += others.zero;
        left_out.not_finite += others.not_finite;
    }
    Ok(Found { neighbors: tops.into_iter().map(TopK::into_sorted).collect(), left_out })
}
