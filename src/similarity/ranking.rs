//! One query's search: its bound, and the best rows so far.

use super::bound::{self, Limit};
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
    bound: bound::Query,
    top: TopK,
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
        let norm = kernel::norm(level, &query.values);
        let bound = bound::Query::new(metric, query.values.len(), norm, step, residual);
        Self { level, metric, query, norm, bound, top: TopK::new(k, metric.descending()) }
    }

    /// What a row must reach at present.
    pub fn limit(&self) -> Limit {
        self.bound.limit(self.top.worst())
    }

    /// Scores a row exactly, and keeps it if it is among the best; whether it
    /// was, and the limit has risen.
    pub fn offer(&mut self, id: u64, row: &[f32], norm: f64) -> bool {
        if id == self.query.id {
            return false;
        }
        let query = (self.query.values.as_slice(), self.norm);
        self.top.offer(id, kernel::score(self.level, self.metric, query, (row, norm)))
    }

    /// The best rows.
    pub fn finish(self) -> TopK {
        self.top
    }
}
