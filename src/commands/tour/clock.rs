//! Times as they are on this machine, now.

use std::hint::black_box;
use std::time::Instant;

/// What `work` made and how long it took, in microseconds.
pub(super) fn once<T>(work: impl FnOnce() -> T) -> (T, f64) {
    let start = Instant::now();
    let made = black_box(work());
    (made, start.elapsed().as_secs_f64() * 1e6)
}

/// The median of `times` runs of something short, in microseconds: the first
/// finds caches cold, and now and then one is interrupted.
pub(super) fn median(times: usize, mut work: impl FnMut()) -> f64 {
    let mut all: Vec<f64> = (0..times).map(|_| once(&mut work).1).collect();
    all.sort_by(f64::total_cmp);
    all.get(times / 2).copied().unwrap_or(f64::NAN)
}

/// How often something that handles so many values is done for one time: it is
/// over too soon to be timed alone, unless the rows are wider than any model's.
pub(super) fn batch(values: u64) -> usize {
    ((1 << 22) / values.max(1)).clamp(1, 100) as usize
}
