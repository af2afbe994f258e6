//! One pass over the table for any number of queries.

use anyhow::Result;

use super::top_k::TopK;
use super::{Metric, Neighbor, Rows, norm};

/// A row to find the neighbours of.
#[derive(Clone, Debug)]
pub struct Query {
    /// The row that is the query itself, left out of its own neighbours.
    pub id: u64,
    /// Its values; finite, and under [`Metric::Cosine`] not all zero.
    pub values: Vec<f32>,
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

/// About as many values as the second-level cache of one core holds with room
/// to spare: 256 KiB.
const TILE: usize = 1 << 16;

/// The `k` nearest of the first `n_rows` rows for each query, exactly.
///
/// Rows are decoded a tile at a time and each tile meets every query, so many
/// queries cost one pass over the table.
pub fn nearest(
    rows: &dyn Rows,
    n_rows: u64,
    queries: &[Query],
    metric: Metric,
    k: usize,
) -> Result<Found> {
    let norms: Vec<f64> = queries.iter().map(|query| norm(&query.values)).collect();
    let mut tops: Vec<TopK> = queries.iter().map(|_| TopK::new(k, metric.descending())).collect();
    let mut left_out = LeftOut::default();

    let dim = rows.dim();
    let tile_rows = (TILE / dim).max(1) as u64;
    let mut stored = Vec::new();
    let mut values = vec![0.0; tile_rows.min(n_rows) as usize * dim];
    let mut first = 0;
    while first < n_rows {
        let end = (first + tile_rows).min(n_rows);
        let tile = &mut values[..(end - first) as usize * dim];
        rows.read(first..end, &mut stored, tile)?;
        for (id, row) in (first..end).zip(tile.chunks_exact(dim)) {
            let row_norm = norm(row);
            if !row_norm.is_finite() {
                left_out.not_finite += 1;
                continue;
            }
            if metric == Metric::Cosine && row_norm == 0.0 {
                left_out.zero += 1;
                continue;
            }
            for ((query, &query_norm), top) in queries.iter().zip(&norms).zip(&mut tops) {
                if query.id != id {
                    top.offer(id, metric.score((&query.values, query_norm), (row, row_norm)));
                }
            }
        }
        first = end;
    }
    Ok(Found { neighbors: tops.into_iter().map(TopK::into_sorted).collect(), left_out })
}
