//! One query's bound, and its best rows so far.

use super::bound::{Bound, Limit};
use super::kernel;
use super::metric::Metric;
use super::top_k::TopK;
use super::work::{Query, Search};
use crate::cpu::Level;

/// A query, and the nearest rows that one thread has found for it.
#[derive(Debug)]
pub(super) struct Ranking<'q> {
    level: Level,
    metric: Metric,
    query: &'q Query,
    norm: f64,
    bound: Bound,
    top: TopK,
}

impl<'q> Ranking<'q> {
    /// An empty ranking with the bound of its query.
    pub fn new(level: Level, search: &Search, query: &'q Query, bound: Bound) -> Self {
        let &Search { metric, k, .. } = search;
        let norm = kernel::norm(level, &query.values);
        Self { level, metric, query, norm, bound, top: TopK::new(k, metric.descending()) }
    }

    /// What a row must reach to be among the best so far.
    pub fn limit(&self) -> Limit {
        self.bound.limit(self.top.worst())
    }

    /// Scores a row exactly, and keeps it if it is among the best. Returns whether
    /// it was kept; the limit has then changed.
    pub fn offer(&mut self, id: u64, row: &[f32], norm: f64) -> bool {
        if self.query.exclude.contains(&id) {
            return false;
        }
        let query = (self.query.values.as_slice(), self.norm);
        self.top.offer(id, kernel::score(self.level, self.metric, query, (row, norm)))
    }

    pub fn finish(self) -> TopK {
        self.top
    }
}
