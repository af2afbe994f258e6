//! The best k of a stream.

use std::collections::BinaryHeap;

/// A row and how near it is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Neighbor {
    /// The row's ID.
    pub id: u64,
    /// Its score under the metric of the scan; never NaN.
    pub score: f64,
}

#[derive(Debug)]
pub(super) struct TopK {
    k: usize,
    descending: bool,
    /// For each kept row, the [`key`](Self::key) of its score, and its ID; the worst row
    /// on top.
    heap: BinaryHeap<(i64, u64)>,
}

impl TopK {
    pub(super) fn new(k: usize, descending: bool) -> Self {
        Self { k, descending, heap: BinaryHeap::new() }
    }

    /// Shows a row. Returns whether it was kept.
    pub(super) fn offer(&mut self, id: u64, score: f64) -> bool {
        self.keep((self.key(score), id))
    }

    fn keep(&mut self, candidate: (i64, u64)) -> bool {
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
        let (key, _) = self.heap.peek().filter(|_| self.heap.len() == self.k)?;
        Some(self.score(*key))
    }

    /// Shows it all rows that another thread kept.
    pub(super) fn merge(&mut self, other: Self) {
        for candidate in other.heap {
            self.keep(candidate);
        }
    }

    /// A whole number for a score, the lowest for the nearest row. It sorts as the
    /// score does under [`f64::total_cmp`].
    fn key(&self, score: f64) -> i64 {
        // `0.0 +` makes a negative zero positive.
        sortable((0.0 + if self.descending { -score } else { score }).to_bits().cast_signed())
    }

    /// The score of a key. No score is -0.
    fn score(&self, key: i64) -> f64 {
        let score = f64::from_bits(sortable(key).cast_unsigned());
        0.0 + if self.descending { -score } else { score }
    }

    /// The kept rows, nearest first; ties are in the order of their IDs.
    pub(super) fn into_sorted(mut self) -> Vec<Neighbor> {
        let sorted = std::mem::take(&mut self.heap).into_sorted_vec();
        sorted.into_iter().map(|(key, id)| Neighbor { id, score: self.score(key) }).collect()
    }
}

/// The bits of a float as a number that sorts as the float does, and back.
fn sortable(bits: i64) -> i64 {
    if bits < 0 { bits ^ i64::MAX } else { bits }
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
