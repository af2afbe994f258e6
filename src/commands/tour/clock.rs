//! Measures times on this machine.

use std::hint::black_box;
use std::time::Instant;

/// Returns the result of `work` and its time in microseconds.
pub(super) fn once<T>(work: impl FnOnce() -> T) -> (T, f64) {
    let start = Instant::now();
    let made = black_box(work());
    (made, start.elapsed().as_secs_f64() * 1e6)
}

/// The median time of several runs of short work, in microseconds. A median
/// ignores the first run, with its cold caches, and runs that are interrupted.
pub(super) fn median(times: usize, mut work: impl FnMut()) -> f64 {
    let mut all: Vec<f64> = (0..times).map(|_| once(&mut work).1).collect();
    all.sort_by(f64::total_cmp);
    all.get(times / 2).copied().unwrap_or(f64::NAN)
}

/// How often work on this many values is repeated within one run: a single time
/// is too short to measure, except for rows wider than any model's.
pub(super) fn batch(values: u64) -> usize {
    ((1 << 22) / values.max(1)).clamp(1, 100) as usize
}
