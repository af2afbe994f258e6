//! One query's search: its bound, and the best rows so far.

use super::bound::{self, Limit};
use super::top_k::TopK;
use super::{Metric, Query, kernel};
use crate::cpu::Level;

/// A query and the nearest rows that one thread has found for it.
#[derive(Debug)]
pub(super) struct Ranking<'q> {
    query: &'q Query,
    norm: f64,
    bound: bound::Query,
    pub top: TopK,
    pub limit: Limit,
}

impl<'q> Ranking<'q> {
    pub fn new(query: &'q Query, norm: f64, bound: bound::Query, top: TopK) -> Self {
        let limit = bound.limit(None);
        Self { query, norm, bound, top, limit }
    }

    /// Scores a row exactly and keeps it if it is among the best.
    pub fn offer(&mut self, level: Level, metric: Metric, id: u64, row: (&[f32], f64)) {
        if id == self.query.id {
            return;
        }
        let score = kernel::score(level, metric, (&self.query.values, self.norm), row);
        if self.top.offer(id, score) {
            self.limit = self.bound.limit(self.top.worst());
        }
    }
}
