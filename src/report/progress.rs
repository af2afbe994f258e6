//! Shows how much of a long task is done: on a terminal, or to whoever embeds the commands.

use std::io::{IsTerminal, Write, stderr};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use super::number::grouped;

/// Is called with what is counted, how many are done, and of how many.
pub type Watcher = fn(&'static str, u64, u64);

static WATCHER: OnceLock<Watcher> = OnceLock::new();

/// Lets a program without a terminal show progress by itself. The first watcher stays.
pub fn watch_progress(watcher: Watcher) {
    let _ = WATCHER.set(watcher);
}

/// Shorter tasks show no progress.
const PATIENCE: Duration = Duration::from_secs(1);

/// What is shown stays at least so long.
const STAY: Duration = Duration::from_millis(100);

/// Shows progress if standard error is a terminal.
pub(crate) struct Progress {
    /// What is counted: `rows`.
    what: &'static str,
    /// `None` where nobody sees it: some systems have no clock.
    started: Option<Instant>,
    /// When it was shown last, from the start.
    shown: Option<Duration>,
}

impl Progress {
    pub(crate) fn new(what: &'static str) -> Self {
        Self { what, started: stderr().is_terminal().then(Instant::now), shown: None }
    }

    /// Shows that `done` of `total` are done; clears the line after the last.
    pub(crate) fn at(&mut self, done: u64, total: u64) {
        if let Some(watcher) = WATCHER.get() {
            watcher(self.what, done, total);
        }
        // An error here does not matter: the work goes on.
        if done >= total {
            self.clear();
        } else if let Some(elapsed) = self.started.map(|started| started.elapsed())
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
