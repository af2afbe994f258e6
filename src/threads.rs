//! The same work on several threads, each taking the next piece when it is
//! ready for one.

use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use anyhow::Result;

/// As many threads as there are cores.
pub(crate) fn available() -> usize {
    thread::available_parallelism().map_or(1, usize::from)
}

/// Pieces of `0..total`, given out to whoever asks.
pub(crate) struct Pieces {
    next: AtomicU64,
    total: u64,
    each: u64,
}

impl Pieces {
    /// `each` at a time, at least one.
    pub(crate) fn new(total: u64, each: u64) -> Self {
        Self { next: AtomicU64::new(0), total, each: each.max(1) }
    }

    /// How many threads of so many have something to do.
    pub(crate) fn threads(&self, threads: usize) -> usize {
        let pieces = usize::try_from(self.total.div_ceil(self.each)).unwrap_or(usize::MAX);
        threads.min(pieces).max(1)
    }

    /// The next piece; `None` when all are given out.
    pub(crate) fn next(&self) -> Option<Range<u64>> {
        let first = self.next.fetch_add(1, Ordering::Relaxed).checked_mul(self.each)?;
        (first < self.total).then(|| first..first.saturating_add(self.each).min(self.total))
    }
}

/// Does the same on every thread; what each of them came to, in no order that
/// matters.
pub(crate) fn each<T: Send>(threads: usize, work: impl Fn() -> Result<T> + Sync) -> Result<Vec<T>> {
    thread::scope(|scope| {
        let others: Vec<_> = (1..threads).map(|_| scope.spawn(&work)).collect();
        let own = work();
        let join = |thread: thread::ScopedJoinHandle<'_, _>| {
            thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        };
        // All have to end before the first error is told.
        let all: Vec<_> = std::iter::once(own).chain(others.into_iter().map(join)).collect();
        all.into_iter().collect()
    })
}
