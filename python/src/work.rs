//! Long work: without the GIL, and stopped by Ctrl-C.

use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

use embcli::quant::Estimator;
use embcli::{ReadError, Rows, Table};
use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;

/// How often Python is asked whether Ctrl-C was pressed.
const ASKED_EVERY: Duration = Duration::from_millis(50);

/// Does work on a thread of its own while other Python threads run. After Ctrl-C, the
/// flag that the work is given is set, and the exception is raised when the work returns.
pub fn work<T: Send>(py: Python<'_>, work: impl FnOnce(&AtomicBool) -> T + Send) -> PyResult<T> {
    let stop = AtomicBool::new(false);
    let (done, mut is_done) = channel::<()>();
    let (worked, signalled) = thread::scope(|scope| {
        let worker = scope.spawn(|| {
            // Dropped at the end, in a panic too.
            let _done = done;
            work(&stop)
        });
        let mut signalled = Ok(());
        let mut is_running = true;
        while is_running {
            let is_done = &mut is_done;
            let waited = py.detach(move || is_done.recv_timeout(ASKED_EVERY));
            is_running = waited == Err(RecvTimeoutError::Timeout);
            if is_running && signalled.is_ok() {
                signalled = py.check_signals();
                stop.store(signalled.is_err(), Ordering::Relaxed);
            }
        }
        (py.detach(|| worker.join()), signalled)
    });
    signalled?;
    worked.map_err(|_| PyRuntimeError::new_err("embcli failed: this is a bug, please report it"))
}

/// A table whose next read fails when a flag is set.
pub struct Stoppable<'a> {
    pub table: &'a Table,
    pub stop: &'a AtomicBool,
}

impl Rows for Stoppable<'_> {
    fn n_rows(&self) -> u64 {
        self.table.n_rows()
    }

    fn dim(&self) -> usize {
        self.table.dim()
    }

    fn row_bytes(&self) -> usize {
        self.table.row_bytes()
    }

    fn estimator(&self) -> Option<Estimator> {
        self.table.estimator()
    }

    fn read(&self, rows: Range<u64>, stored: &mut Vec<u8>) -> Result<(), ReadError> {
        if self.stop.load(Ordering::Relaxed) {
            return Err(ReadError::new(rows, std::io::ErrorKind::Interrupted.into()));
        }
        self.table.read(rows, stored)
    }

    fn mapped(&self, _rows: Range<u64>) -> Option<&[u8]> {
        None
    }

    fn release(&self, _rows: Range<u64>) {}

    fn decode(&self, stored: &[u8], values: &mut [f32]) {
        self.table.decode(stored, values);
    }
}
