//! A person who reads an answer at a terminal, page by page.

use std::io::Write;

use anyhow::Result;

/// What the reader wants to see next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    On,
    /// The item before this one.
    Back,
    End,
}

/// A person at a terminal. Prompts go to `out`, which is the terminal.
pub trait Reader {
    /// The number of lines of the screen.
    fn height(&self) -> usize;

    /// Waits until the person turns the page.
    fn turn(&mut self, out: &mut dyn Write) -> Result<Turn>;

    /// Waits for a line that the person types; `None` at the end of the input.
    fn line(&mut self, out: &mut dyn Write) -> Result<Option<String>>;
}
