//! A tour that is read as it is taken.

use std::io::Write;

use anyhow::Result;

use super::Style;
use super::table::tour;
use crate::answer::{TourHead, TourSink, TourStep};

/// Writes steps to `out` as they come.
pub struct Tour<W, F> {
    out: W,
    style: Style,
    goes_on: F,
    of: u64,
}

impl<W: Write, F: FnMut() -> Result<bool>> Tour<W, F> {
    /// To `out`. Whoever reads is asked after each step whether to go on.
    pub fn new(style: Style, goes_on: F, out: W) -> Self {
        Self { out, style: style.fitted(), goes_on, of: 0 }
    }
}

impl<W: Write, F: FnMut() -> Result<bool>> TourSink for Tour<W, F> {
    fn begin(&mut self, head: &TourHead) -> Result<()> {
        self.of = head.of;
        tour::head(head, &self.style, &mut self.out)?;
        Ok(self.out.flush()?)
    }

    fn step(&mut self, step: TourStep) -> Result<bool> {
        tour::step(&step, self.of, &self.style, &mut self.out)?;
        self.out.flush()?;
        (self.goes_on)()
    }
}
