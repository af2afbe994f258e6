//! 3CosMul: every row is scored by its cosines with all three rows.

use anyhow::Result;

use crate::commands::candidates::Candidates;
use crate::cpu::Level;
use crate::rows::{Pass, Rows};
use crate::similarity::{Metric, Neighbor, Search, kernel, norm};
use crate::stats::is_usable;

/// Keeps the divisor from zero.
const LEAST: f64 = 0.001;

/// The best candidates, best first; the lower ID wins a tie.
pub(super) fn best(
    rows: &dyn Rows,
    n_rows: u64,
    terms: &[Vec<f32>; 3],
    exclude: &[u64],
    candidates: &Candidates,
    search: &Search,
) -> Result<Vec<Neighbor>> {
    let level = Level::detect();
    let terms: Vec<(&[f32], f64)> = terms.iter().map(|row| (&**row, norm(row))).collect();
    let mut wide = search.k;
    loop {
        let parts = Pass::new(rows, n_rows, search.threads).fold(Vec::new, |best, run| {
            for (id, row) in run.rows() {
                let norm = kernel::norm(level, row);
                if !is_usable(norm) || exclude.binary_search(&id).is_ok() {
                    continue;
                }
                let mut shares = [0.0; 3];
                for (share, term) in shares.iter_mut().zip(&terms) {
                    *share = (1.0 + kernel::score(level, Metric::Cosine, *term, (row, norm))) / 2.0;
                }
                let [a, b, c] = shares;
                keep(best, Neighbor { id, score: b * c / (a + LEAST) }, wide);
            }
        })?;
        let mut all = parts.concat();
        all.sort_by(order);
        all.truncate(wide);
        let is_complete = all.len() < wide;
        let mut kept = Vec::new();
        for neighbor in all {
            if kept.len() < search.k && candidates.has(neighbor.id)? {
                kept.push(neighbor);
            }
        }
        if is_complete || kept.len() == search.k {
            return Ok(kept);
        }
        wide = wide.saturating_mul(8).saturating_add(60);
    }
}

fn order(a: &Neighbor, b: &Neighbor) -> std::cmp::Ordering {
    b.score.total_cmp(&a.score).then(a.id.cmp(&b.id))
}

/// Keeps the best `k` or a few more.
fn keep(best: &mut Vec<Neighbor>, neighbor: Neighbor, k: usize) {
    best.push(neighbor);
    if best.len() >= k.saturating_mul(2).max(64) {
        best.sort_by(order);
        best.truncate(k);
    }
}
