//! One query's search: its bounds, and the best rows so far.

use super::bound::{self, Limit, SAFE_SQUARES, Terms};
use super::top_k::TopK;
use super::{Metric, Query, kernel};
use crate::cpu::Level;

/// A query and the nearest rows that one thread has found for it.
#[derive(Debug)]
pub(super) struct Ranking<'q> {
    level: Level,
    metric: Metric,
    query: &'q Query,
    norm: f64,
    /// The bound of the codes, and what it says at present.
    coded: bound::Query,
    pub limit: Limit,
    /// The same for the values themselves in `f32`: 20 times the cost of the
    /// codes, a quarter of that of an exact score, and a much closer bound.
    floats: bound::Query,
    fine: Limit,
    pub top: TopK,
}

impl<'q> Ranking<'q> {
    /// An empty ranking. `step` and `residual` are those of the query's codes.
    pub fn new(
        level: Level,
        (metric, k): (Metric, usize),
        query: &'q Query,
        step: f64,
        residual: f64,
    ) -> Self {
        let (dim, norm) = (query.values.len(), kernel::norm(level, &query.values));
        let coded = bound::Query::new(metric, dim, norm, step, residual);
        let floats = bound::Query::new(metric, dim, norm, 1.0, 0.0);
        let (limit, fine) = (coded.limit(None), floats.limit(None));
        let top = TopK::new(k, metric.descending());
        Self { level, metric, query, norm, coded, limit, floats, fine, top }
    }

    /// Keeps a row if it is among the best by its exact score, looking first
    /// whether that can be.
    pub fn consider(&mut self, id: u64, row: &[f32], norm: f64) {
        let square = norm * norm;
        if SAFE_SQUARES.contains(&square) {
            let (dot, _) = kernel::estimate(self.level, row, &self.query.values);
            let terms = Terms {
                step: [1.0],
                norm: [norm as f32],
                square: [square as f32],
                residual: [0.0],
            };
            if !self.fine.admits(0, &terms, dot) {
                return;
            }
        }
        self.offer(id, row, norm);
    }

    /// Keeps a row if it is among the best by its exact score.
    pub fn offer(&mut self, id: u64, row: &[f32], norm: f64) {
        if id == self.query.id {
            return;
        }
        let query = (self.query.values.as_slice(), self.norm);
        let score = kernel::score(self.level, self.metric, query, (row, norm));
        if self.top.offer(id, score) {
            let worst = self.top.worst();
            self.limit = self.coded.limit(worst);
            self.fine = self.floats.limit(worst);
        }
    }
}
