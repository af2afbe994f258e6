//! The plain scan: every row against every query, in order, exactly. Tests hold
//! [`nearest`](super::nearest) to it.

use super::metric::{Metric, norm};
use super::scan::Nearest;
use super::top_k::TopK;
use super::work::{LeftOut, Query, Search};
use crate::rows::{ReadError, Rows};

pub(super) fn nearest(
    rows: &dyn Rows,
    n_rows: u64,
    queries: &[Query],
    search: &Search,
) -> Result<Nearest, ReadError> {
    let &Search { metric, k, .. } = search;
    let norms: Vec<f64> = queries.iter().map(|query| norm(&query.values)).collect();
    let mut tops: Vec<TopK> = queries.iter().map(|_| TopK::new(k, metric.descending())).collect();
    let mut left_out = LeftOut::default();
    let mut stored = Vec::new();
    let mut row = vec![0.0; rows.dim()];
    for id in 0..n_rows {
        rows.read(id..id + 1, &mut stored)?;
        rows.decode(&stored, &mut row);
        let row_norm = norm(&row);
        if !row_norm.is_finite() {
            left_out.not_finite += 1;
            continue;
        }
        if metric == Metric::Cosine && row_norm == 0.0 {
            left_out.zero += 1;
            continue;
        }
        for ((query, &query_norm), top) in queries.iter().zip(&norms).zip(&mut tops) {
            if !query.exclude.contains(&id) {
                top.offer(id, metric.score((&query.values, query_norm), (&row, row_norm)));
            }
        }
    }
    Ok(Nearest { neighbors: tops.into_iter().map(TopK::into_sorted).collect(), left_out })
}
