//! A tour that is read as it is taken: a step, and the next one on Enter.

use std::io::{self, BufRead, IsTerminal, Write};

use anyhow::{Context, Result};

use super::Style;
use super::table::tour;
use crate::answer::{TourHead, TourSink, TourStep};

/// Writes steps to `out` as they come.
pub struct Tour<W> {
    out: W,
    style: Style,
    /// How many steps there are to come; none where nobody is asked.
    left: Option<usize>,
    of: u64,
}

impl<W: Write> Tour<W> {
    /// To `out`. Where that is a terminal, `steps` may say how many there are to
    /// come: then each waits for Enter, if standard input is a terminal too.
    pub fn new(style: Style, steps: Option<usize>, out: W) -> Self {
        let left = steps.filter(|_| io::stdin().is_terminal());
        Self { out, style, left, of: 0 }
    }
}

impl<W: Write> TourSink for Tour<W> {
    fn begin(&mut self, head: &TourHead) -> Result<()> {
        self.of = head.of;
        tour::head(head, &self.style, &mut self.out)?;
        Ok(self.out.flush()?)
    }

    fn step(&mut self, step: TourStep) -> Result<bool> {
        tour::step(&step, self.of, &self.style, &mut self.out)?;
        self.out.flush()?;
        let Some(left) = &mut self.left else { return Ok(true) };
        *left = left.saturating_sub(1);
        if *left == 0 {
            return Ok(true);
        }
        goes_on(&mut io::stdin().lock(), &mut io::stderr())
    }
}

/// Asks whether to go on: Enter does; `q`, or the end of the input, does not.
fn goes_on(input: &mut dyn BufRead, prompt: &mut dyn Write) -> Result<bool> {
    // Who can't see it is waiting all the same.
    let _ = write!(prompt, "\n(Enter goes on, q ends) ").and_then(|()| prompt.flush());
    let mut line = String::new();
    let read = input.read_line(&mut line).context("reading standard input")?;
    if read == 0 {
        let _ = writeln!(prompt);
    }
    Ok(read > 0 && !line.trim().to_lowercase().starts_with('q'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn enter_goes_on_and_q_ends() {
        for (typed, on) in
            [("\n", true), ("yes\n", true), ("q\n", false), ("Quit\n", false), ("", false)]
        {
            let mut prompt = Vec::new();
            assert_eq!(goes_on(&mut typed.as_bytes(), &mut prompt).unwrap(), on, "{typed:?}");
            assert!(!prompt.is_empty());
        }
    }
}
