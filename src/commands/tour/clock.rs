//! Measures times on this machine.

use std::hint::black_box;
use std::sync::OnceLock;
use std::time::Instant;

/// The microseconds since any one moment.
pub type Clock = fn() -> f64;

static CLOCK: OnceLock<Clock> = OnceLock::new();

/// Gives the tour a clock where the standard library has none, as in a browser. The first
/// one stays.
pub fn measure_by(clock: Clock) {
    let _ = CLOCK.set(clock);
}

/// Returns the result of `work` and its time in microseconds.
pub(super) fn once<T>(work: impl FnOnce() -> T) -> (T, f64) {
    match CLOCK.get() {
        Some(clock) => {
            let start = clock();
            let made = black_box(work());
            (made, clock() - start)
        }
        None => {
            let start = Instant::now();
            let made = black_box(work());
            (made, start.elapsed().as_secs_f64() * 1e6)
        }
    }
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
