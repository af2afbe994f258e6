//! A run of rows against a few queries. Rows are estimated as they are stored, if their
//! type has an estimator; other rows are decoded first.

use std::ops::Range;

use super::bound::{Bound, Limit, Terms};
use super::kernel;
use super::ranking::Ranking;
use super::top_k::TopK;
use super::work::{LeftOut, Query, Search, Work};
use crate::cpu::Level;
use crate::quant::{Coded, Estimate, Estimator};
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
    /// The cheap scores of the current run, query by query.
    estimates: Vec<Estimate>,
    /// Their relative error, see [`Estimator::rounding`].
    rounding: f64,
    left_out: LeftOut,
}

/// What the cheap score of a row is computed from.
enum Cheap<'a> {
    /// The stored bytes, and the codes of each query.
    Stored(Estimator, Vec<Coded>),
    /// The decoded values, and the values of each query.
    Decoded(&'a [Query]),
}

/// What estimates rows as they are stored; `None` if they are decoded first. Arrays in
/// place of vectors are slower than decoding.
pub(super) fn estimator(level: Level, rows: &dyn Rows) -> Option<Estimator> {
    rows.estimator().filter(|_| level.has_vectors())
}

impl<'a> Few<'a> {
    pub fn new(level: Level, rows: &'a dyn Rows, queries: &'a [Query], search: &Search) -> Self {
        let dim = rows.dim();
        let (cheap, rounding) = match estimator(level, rows) {
            Some(estimator) => {
                let code = |query: &Query| estimator.code(&query.values);
                let coded = queries.iter().map(code).collect();
                (Cheap::Stored(estimator, coded), estimator.rounding(dim))
            }
            None => (Cheap::Decoded(queries), kernel::rounding(dim)),
        };
        let ranking = |(i, query)| {
            let (step, residual) = match &cheap {
                Cheap::Stored(_, coded) => {
                    let coded: &Coded = &coded[i];
                    (coded.step, coded.residual)
                }
                Cheap::Decoded(_) => (1.0, 0.0),
            };
            let bound = Bound::new(search.metric, query, step, residual, rounding);
            Ranking::new(level, search, query, bound)
        };
        let rankings: Vec<_> = queries.iter().enumerate().map(ranking).collect();
        Self {
            level,
            rows,
            search: *search,
            limits: rankings.iter().map(Ranking::limit).collect(),
            rankings,
            cheap,
            values: Vec::new(),
            estimates: Vec::new(),
            rounding,
            left_out: LeftOut::default(),
        }
    }

    fn estimate(&mut self, stored: &[u8]) {
        let n_rows = stored.len() / self.rows.row_bytes();
        self.estimates.resize(self.rankings.len() * n_rows, Estimate::default());
        for (q, out) in self.estimates.chunks_exact_mut(n_rows).enumerate() {
            match &self.cheap {
                Cheap::Stored(estimator, coded) => {
                    estimator.estimate(self.level, stored, &coded[q], out);
                }
                Cheap::Decoded(queries) => {
                    let query = &queries[q].values;
                    for (row, out) in self.values.chunks_exact(query.len()).zip(out) {
                        let (dot, square) = kernel::estimate(self.level, row, query);
                        *out = Estimate { dot, square, mass: square };
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
        let decoded = matches!(self.cheap, Cheap::Decoded(_));
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
                let estimate = &self.estimates[q * n_rows + at];
                let row = Terms::of(estimate, self.rounding);
                if row.is_some_and(|row| !self.limits[q].admits(0, &row, estimate.dot)) {
                    continue;
                }
                if norm.is_none() {
                    if !decoded {
                        self.rows.decode(stored, &mut self.values);
                    }
                    let exact = kernel::norm(level, &self.values[own.clone()]);
                    norm = Some(exact);
                    // A row that can't be ranked has no terms, so it gets here for the
                    // first query. It is counted once.
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
