//! Answers that are written while the next ones are computed.
//!
//! What reaches the output is whole lines only, so that whenever the program is
//! stopped, what is there can be used and continued.

use std::io::{IsTerminal, Write};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use super::number::grouped;
use super::{csv, json};
use crate::answer::{QueryAnswer, Sink};

/// The forms that can be written as they come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// A header, then a line a neighbour.
    Csv,
    /// A JSON object a line, one for each query.
    Jsonl,
}

/// Writes answers to `out` as they come, and how far it is to a terminal.
pub struct Stream<W> {
    form: Form,
    out: W,
    /// Whole lines that are not written yet.
    lines: Vec<u8>,
    total: u64,
    started: Instant,
    progress: bool,
}

/// As many bytes of lines as are held back.
const HELD: usize = 1 << 16;

/// Work that takes no longer needs no progress.
const PATIENCE: Duration = Duration::from_secs(1);

impl<W: Write> Stream<W> {
    /// A stream to `out`; progress is shown where standard error is a terminal.
    pub fn new(form: Form, out: W) -> Self {
        let progress = std::io::stderr().is_terminal();
        Self { form, out, lines: Vec::new(), total: 0, started: Instant::now(), progress }
    }

    fn write(&mut self) -> Result<()> {
        let written = self.out.write_all(&self.lines).and_then(|()| self.out.flush());
        written.context("writing to standard output")?;
        self.lines.clear();
        Ok(())
    }
}

impl<W: Write> Sink for Stream<W> {
    fn begin(&mut self, metric: &'static str, total: u64) -> Result<()> {
        self.total = total;
        if self.form == Form::Csv {
            csv::neighbors_header(metric, &mut self.lines)?;
        }
        Ok(())
    }

    fn answer(&mut self, answer: &QueryAnswer) -> Result<()> {
        match self.form {
            Form::Csv => csv::query(answer, &mut self.lines)?,
            Form::Jsonl => json::line(answer, &mut self.lines)?,
        }
        if self.lines.len() < HELD { Ok(()) } else { self.write() }
    }

    fn done(&mut self, done: u64) -> Result<()> {
        self.write()?;
        let elapsed = self.started.elapsed();
        if self.progress && elapsed > PATIENCE {
            if done < self.total {
                let left = elapsed.mul_f64((self.total - done) as f64 / done as f64).as_secs();
                let (done, total) = (grouped(done), grouped(self.total));
                let _ = write!(
                    std::io::stderr(),
                    "\r{done} of {total} rows, {}:{:02} left \x1b[K",
                    left / 60,
                    left % 60
                );
            } else {
                let _ = write!(std::io::stderr(), "\r\x1b[K");
            }
        }
        Ok(())
    }
}
