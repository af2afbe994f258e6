//! One pass over the table for any number of queries.

use super::batch::Batch;
use super::few::{self, Few};
use super::kernel::{MAX_CODES, PANEL};
use super::top_k::{Neighbor, TopK};
use super::work::{LeftOut, Query, Search, Work};
use crate::cpu::Level;
use crate::rows::{Pass, ReadError, Rows};

/// What a scan found.
#[derive(Clone, Debug, PartialEq)]
pub struct Nearest {
    /// The nearest rows of each query, in the order of the queries.
    pub neighbors: Vec<Vec<Neighbor>>,
    /// The rows that could not be candidates.
    pub left_out: LeftOut,
}

/// Up to this number of queries, a pass reads more than it multiplies.
const FEW: usize = 8;

/// The `k` nearest of the first `n_rows` rows for each query. The answer is
/// exact: it is the same as if every row had been scored, in any order, with
/// ties broken by the lower ID.
///
/// # Errors
/// When rows can't be read.
pub fn nearest(
    rows: &dyn Rows,
    n_rows: u64,
    queries: &[Query],
    search: &Search,
) -> Result<Nearest, ReadError> {
    nearest_at(Level::detect(), rows, n_rows, queries, search)
}

/// [`nearest`] with the instructions of a level that the processor may exceed.
pub(super) fn nearest_at(
    level: Level,
    rows: &dyn Rows,
    n_rows: u64,
    queries: &[Query],
    search: &Search,
) -> Result<Nearest, ReadError> {
    let few = (1..=FEW).contains(&queries.len()) || rows.dim() > MAX_CODES;
    let prepared = if few { None } else { Some(Batch::prepare(level, queries)) };
    let worker = || -> Box<dyn Work + '_> {
        match &prepared {
            None => Box::new(Few::new(level, rows, queries, search)),
            Some(codes) => Box::new(Batch::new(level, rows, queries, codes, search)),
        }
    };
    let pass = Pass::new(rows, n_rows, search.threads);
    let pass = match few {
        true if few::estimator(level, rows).is_some() => pass.stored(),
        true => pass,
        // A batch fills whole panels.
        false => pass.in_multiples_of(PANEL),
    };
    let parts = pass.fold_stored(worker, |worker, ids, stored| worker.piece(ids, stored))?;

    let mut parts = parts.into_iter().map(Work::finish);
    let (mut tops, mut left_out) = parts.next().expect("there is at least one thread");
    for (more, others) in parts {
        for (top, more) in tops.iter_mut().zip(more) {
            top.merge(more);
        }
        left_out.merge(others);
    }
    Ok(Nearest { neighbors: tops.into_iter().map(TopK::into_sorted).collect(), left_out })
}
