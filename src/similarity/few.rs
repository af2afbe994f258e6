//! A run of rows against a few queries. Rows of scaled bytes are estimated as
//! they are stored; other rows are decoded first.

use std::ops::Range;

use super::bound::{Limit, SAFE_SQUARES, Terms};
use super::kernel::{self, GROUP};
use super::ranking::Ranking;
use super::top_k::TopK;
use super::work::{LeftOut, Query, Search, Work};
use crate::cpu::Level;
use crate::rows::Rows;

/// One thread's search for a few queries.
pub(super) struct Few<'a> {
    level: Level,
    rows: &'a dyn Rows,
    search: Search,
    rankings: Vec<Ranking<'a>>,
    limits: Vec<Limit>,
    cheap: Cheap<'a>,
    /// Decoded rows: a whole run, or one at a time when it is needed.
    values: Vec<f32>,
    /// The cheap scores of the current run, query by query: each row's dot product
    /// with the query, and its square.
    estimates: Vec<(f32, f32)>,
    left_out: LeftOut,
}

/// What the cheap score of a row is computed from.
enum Cheap<'a> {
    /// The stored bytes, and each query in 16-bit codes.
    Groups(Vec<Vec<i16>>),
    /// The decoded values, and the values of each query.
    Floats(&'a [Query]),
}

impl<'a> Few<'a> {
    pub fn new(level: Level, rows: &'a dyn Rows, queries: &'a [Query], search: &Search) -> Self {
        let &Search { metric, k, .. } = search;
        let mut codes = Vec::new();
        let rankings = queries.iter().map(|query| {
            let (step, residual) = if rows.is_scaled_bytes() {
                let (coded, step, residual) = encode(&query.values);
                codes.push(coded);
                (step, residual)
            } else {
                (1.0, 0.0)
            };
            Ranking::new(level, (metric, k), query, step, residual)
        });
        let rankings: Vec<_> = rankings.collect();
        let limits = rankings.iter().map(Ranking::limit).collect();
        let cheap =
            if rows.is_scaled_bytes() { Cheap::Groups(codes) } else { Cheap::Floats(queries) };
        Self {
            level,
            rows,
            search: *search,
            rankings,
            limits,
            cheap,
            values: Vec::new(),
            estimates: Vec::new(),
            left_out: LeftOut::default(),
        }
    }

    fn estimate(&mut self, stored: &[u8]) {
        let n_rows = stored.len() / self.rows.row_bytes();
        self.estimates.resize(self.rankings.len() * n_rows, (0.0, 0.0));
        for (q, out) in self.estimates.chunks_exact_mut(n_rows).enumerate() {
            match &self.cheap {
                Cheap::Groups(codes) => {
                    kernel::estimate_groups(self.level, stored, &codes[q], out);
                }
                Cheap::Floats(queries) => {
                    let query = &queries[q].values;
                    for (row, out) in self.values.chunks_exact(query.len()).zip(out) {
                        *out = kernel::estimate(self.level, row, query);
                    }
                }
            }
        }
    }
}

impl Work for Few<'_> {
    fn piece(&mut self, ids: Range<u64>, stored: &[u8]) {
        let (dim, level, metric) = (self.rows.dim(), self.level, self.search.metric);
        let row_bytes = self.rows.row_bytes();
        let decoded = matches!(self.cheap, Cheap::Floats(_));
        self.values.resize(if decoded { stored.len() / row_bytes * dim } else { dim }, 0.0);
        if decoded {
            self.rows.decode(stored, &mut self.values);
        }
        self.estimate(stored);
        let n_rows = stored.len() / row_bytes;
        for ((at, id), stored) in ids.enumerate().zip(stored.chunks_exact(row_bytes)) {
            // Where the decoded row is, when it is needed.
            let own = if decoded { at * dim..(at + 1) * dim } else { 0..dim };
            let mut norm = None;
            for q in 0..self.rankings.len() {
                let (dot, square) = self.estimates[q * n_rows + at];
                let row =
                    Terms { step: [1.0], norm: [square.sqrt()], square: [square], residual: [0.0] };
                let safe = SAFE_SQUARES.contains(&f64::from(square));
                if safe && !self.limits[q].admits(0, &row, dot) {
                    continue;
                }
                if norm.is_none() {
                    if !decoded {
                        self.rows.decode(stored, &mut self.values);
                    }
                    let exact = kernel::norm(level, &self.values[own.clone()]);
                    norm = Some(exact);
                    // A row that can't be ranked has no safe square, so it gets
                    // here for the first query. It is counted once.
                    if self.left_out.count(metric, exact) {
                        break;
                    }
                }
                if let Some(norm) = norm {
                    let ranking = &mut self.rankings[q];
                    if ranking.offer(id, &self.values[own.clone()], norm) {
                        self.limits[q] = ranking.limit();
                    }
                }
            }
        }
    }

    fn finish(self: Box<Self>) -> (Vec<TopK>, LeftOut) {
        (self.rankings.into_iter().map(Ranking::finish).collect(), self.left_out)
    }
}

/// A query in 16-bit codes, their step, and the norm of what they leave out.
fn encode(values: &[f32]) -> (Vec<i16>, f64, f64) {
    let largest = values.iter().fold(0.0_f64, |largest, x| largest.max(f64::from(*x).abs()));
    if largest == 0.0 {
        return (vec![0; values.len()], 0.0, 0.0);
    }
    let step = largest / f64::from(i16::MAX);
    let codes: Vec<i16> = values.iter().map(|x| (f64::from(*x) / step).round() as i16).collect();
    let left = |(x, code): (&f32, &i16)| (f64::from(*x) - f64::from(*code) * step).powi(2);
    let residual = values.iter().zip(&codes).map(left).sum::<f64>().sqrt();
    debug_assert!(values.len().is_multiple_of(GROUP));
    (codes, step, residual)
}
