//! The nearest rows that were found so far for every row of a table, shared by the
//! threads.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};

/// The number of rows that share a lock.
const SHARED: usize = 32;

/// For each row, its k best.
pub(super) struct Lists {
    k: usize,
    parts: Vec<Mutex<Part>>,
    /// The bits of what a cosine must reach to enter each list, rounded down. It only
    /// grows, so a value that is out of date rules too little out.
    limits: Vec<AtomicU32>,
}

/// The lists of some rows, one after the other, nearest first. A place that is not taken
/// has a score below every cosine.
struct Part {
    scores: Vec<f64>,
    ids: Vec<u32>,
}

const NONE: f64 = f64::NEG_INFINITY;

impl Lists {
    pub fn new(n: usize, k: usize) -> Self {
        let part = |first| {
            let places = SHARED.min(n - first) * k;
            Mutex::new(Part { scores: vec![NONE; places], ids: vec![u32::MAX; places] })
        };
        let limits = std::iter::repeat_with(|| AtomicU32::new(f32::NEG_INFINITY.to_bits()));
        Self {
            k,
            parts: (0..n).step_by(SHARED).map(part).collect(),
            limits: limits.take(n).collect(),
        }
    }

    /// What a cosine must reach to enter the list of a row.
    pub fn limit(&self, row: usize) -> f32 {
        f32::from_bits(self.limits[row].load(Ordering::Relaxed))
    }

    /// Copies the limits of the rows from `first` on.
    pub fn limits(&self, first: usize, to: &mut [f32]) {
        for (to, limit) in to.iter_mut().zip(&self.limits[first..]) {
            *to = f32::from_bits(limit.load(Ordering::Relaxed));
        }
    }

    /// Shows a row another one, with the cosine of the two.
    pub fn offer(&self, row: usize, id: u32, score: f64) {
        let mut part = self.parts[row / SHARED].lock().unwrap_or_else(PoisonError::into_inner);
        let Part { scores, ids } = &mut *part;
        let places = row % SHARED * self.k..(row % SHARED + 1) * self.k;
        let (scores, ids) = (&mut scores[places.clone()], &mut ids[places]);
        let is_before =
            |other: f64, other_id: u32| score > other || score == other && id < other_id;
        let mut at = self.k;
        while at > 0 && is_before(scores[at - 1], ids[at - 1]) {
            at -= 1;
        }
        if at == self.k {
            return;
        }
        scores.copy_within(at..self.k - 1, at + 1);
        ids.copy_within(at..self.k - 1, at + 1);
        (scores[at], ids[at]) = (score, id);
        let worst = scores[self.k - 1];
        if worst > NONE {
            self.limits[row].store((worst as f32).next_down().to_bits(), Ordering::Relaxed);
        }
    }

    /// The lists, one after the other: IDs, and cosines.
    pub fn finish(self) -> (Vec<u32>, Vec<f32>) {
        drop(self.limits);
        let places = self.parts.len() * SHARED * self.k;
        let (mut ids, mut scores) = (Vec::with_capacity(places), Vec::with_capacity(places));
        for part in self.parts {
            let part = part.into_inner().unwrap_or_else(PoisonError::into_inner);
            ids.extend_from_slice(&part.ids);
            scores.extend(part.scores.iter().map(|score| *score as f32));
        }
        (ids, scores)
    }
}
