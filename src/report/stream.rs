//! Answers that are written while the next ones are computed.
//!
//! What reaches the output is whole lines only, so that whenever the program is
//! stopped, what is there can be used and continued.

use std::io::{IsTerminal, Write};
use std::time::{Duration, Instant};

use anyhow::Result;

use super::delimited::Delimited;
use super::json;
use super::markdown::Markdown;
use super::number::grouped;
use super::records::{Records, neighbor_columns, query_lines};
use crate::answer::{QueryAnswer, Sink};

/// The forms that can be written as they come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// A header, then a line a neighbour.
    Csv,
    /// The same with tabs.
    Tsv,
    /// The same as a Markdown table.
    Md,
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
        self.out.write_all(&self.lines)?;
        self.out.flush()?;
        self.lines.clear();
        Ok(())
    }
}

impl<W: Write> Sink for Stream<W> {
    fn begin(&mut self, metric: &'static str, total: u64) -> Result<()> {
        self.total = total;
        let header = neighbor_columns(metric);
        match self.form {
            Form::Csv => Delimited::new(b',', &mut self.lines).line(|out| out.header(&header)),
            Form::Tsv => Delimited::new(b'\t', &mut self.lines).line(|out| out.header(&header)),
            Form::Md => Markdown::new(&mut self.lines).header(&header),
            Form::Jsonl => Ok(()),
        }
    }

    fn answer(&mut self, answer: &QueryAnswer) -> Result<()> {
        match self.form {
            Form::Csv => {
                Delimited::new(b',', &mut self.lines).line(|out| query_lines(answer, out))?
            }
            Form::Tsv => {
                Delimited::new(b'\t', &mut self.lines).line(|out| query_lines(answer, out))?
            }
            Form::Md => query_lines(answer, &mut Markdown::new(&mut self.lines))?,
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
