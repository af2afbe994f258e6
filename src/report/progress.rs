//! Shows on a terminal how much of a long task is done.

use std::io::{IsTerminal, Write, stderr};
use std::time::{Duration, Instant};

use super::number::grouped;

/// Shorter tasks show no progress.
const PATIENCE: Duration = Duration::from_secs(1);

/// What is shown stays at least so long.
const STAY: Duration = Duration::from_millis(100);

/// Shows progress if standard error is a terminal.
pub(crate) struct Progress {
    /// What is counted: `rows`.
    what: &'static str,
    started: Instant,
    is_seen: bool,
    /// When it was shown last, from the start.
    shown: Option<Duration>,
}

impl Progress {
    pub(crate) fn new(what: &'static str) -> Self {
        let is_seen = stderr().is_terminal();
        Self { what, started: Instant::now(), is_seen, shown: None }
    }

    /// Shows that `done` of `total` are done; clears the line after the last.
    pub(crate) fn at(&mut self, done: u64, total: u64) {
        let elapsed = self.started.elapsed();
        // An error here does not matter: the work goes on.
        if done >= total {
            self.clear();
        } else if self.is_seen
            && elapsed > PATIENCE
            && self.shown.is_none_or(|at| elapsed > at + STAY)
        {
            self.shown = Some(elapsed);
            let left = elapsed.mul_f64((total - done) as f64 / done.max(1) as f64).as_secs();
            let (done, total) = (grouped(done), grouped(total));
            let (minutes, seconds) = (left / 60, left % 60);
            let what = self.what;
            let _ =
                write!(stderr(), "\r{done} of {total} {what}, {minutes}:{seconds:02} left \x1b[K");
        }
    }

    fn clear(&mut self) {
        if self.shown.take().is_some() {
            let _ = write!(stderr(), "\r\x1b[K");
        }
    }
}

/// A message that follows begins a line of its own.
impl Drop for Progress {
    fn drop(&mut self) {
        self.clear();
    }
}
