//! The best k of a stream.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

/// A row and how near it is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Neighbor {
    /// The row's ID.
    pub id: u64,
    /// Its score under the metric of the scan; never NaN.
    pub score: f64,
}

/// Keeps the k nearest of all rows it is shown.
#[derive(Debug)]
pub(super) struct TopK {
    k: usize,
    descending: bool,
    /// The worst of the kept rows is on top.
    heap: BinaryHeap<Ranked>,
}

/// The nearer of two compares as less.
#[derive(Debug, PartialEq)]
struct Ranked {
    key: f64,
    id: u64,
}

impl Eq for Ranked {}

impl Ord for Ranked {
    fn cmp(&self, other: &Self) -> Ordering {
        // `0.0 +` makes a negative zero positive: total_cmp tells them apart.
        (0.0 + self.key).total_cmp(&(0.0 + other.key)).then(self.id.cmp(&other.id))
    }
}

impl PartialOrd for Ranked {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl TopK {
    pub(super) fn new(k: usize, descending: bool) -> Self {
        Self { k, descending, heap: BinaryHeap::new() }
    }

    /// Shows a row. Returns whether it was kept.
    pub(super) fn offer(&mut self, id: u64, score: f64) -> bool {
        self.keep(Ranked { key: self.sign() * score, id })
    }

    fn keep(&mut self, candidate: Ranked) -> bool {
        if self.heap.len() < self.k {
            self.heap.push(candidate);
            return true;
        }
        match self.heap.peek_mut() {
            Some(mut worst) if candidate < *worst => *worst = candidate,
            _ => return false,
        }
        true
    }

    /// The score that the next row has to reach; `None` while every row is kept.
    pub(super) fn worst(&self) -> Option<f64> {
        let worst = self.heap.peek().filter(|_| self.heap.len() == self.k)?;
        Some(self.sign() * worst.key)
    }

    /// Shows it all rows that another thread kept.
    pub(super) fn merge(&mut self, other: Self) {
        for candidate in other.heap {
            self.keep(candidate);
        }
    }

    /// What a score is multiplied with, so that the lowest key is the nearest.
    fn sign(&self) -> f64 {
        if self.descending { -1.0 } else { 1.0 }
    }

    /// The kept rows, nearest first; ties are in the order of their IDs.
    pub(super) fn into_sorted(self) -> Vec<Neighbor> {
        let sign = self.sign();
        let sorted = self.heap.into_sorted_vec();
        // `0.0 +` again, so that no score is printed as -0.
        sorted.into_iter().map(|r| Neighbor { id: r.id, score: 0.0 + sign * r.key }).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ties_go_to_the_lower_id_whatever_the_order_of_arrival() {
        for order in [[5, 3, 9, 1], [1, 3, 5, 9], [9, 5, 3, 1]] {
            let mut top = TopK::new(2, true);
            for id in order {
                top.offer(id, 0.5);
            }
            let ids: Vec<u64> = top.into_sorted().iter().map(|n| n.id).collect();
            assert_eq!(ids, [1, 3]);
        }
    }

    #[test]
    fn distances_rank_upwards() {
        let mut top = TopK::new(9, false);
        for (id, score) in [(0, 2.0), (1, 0.0), (2, 1.0)] {
            top.offer(id, score);
        }
        let ids: Vec<u64> = top.into_sorted().iter().map(|n| n.id).collect();
        assert_eq!(ids, [1, 2, 0]);
    }
}
