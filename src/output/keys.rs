//! The keys of a person at a terminal: a key works without Enter.
//!
//! On Unix the terminal gives single keys only while this program waits for one. It is
//! as before at any other time, and also after a signal or a panic, see `signals`.
//! Elsewhere each key needs Enter.

use std::io::{self, Write};

use anyhow::{Context, Result};

use crate::report::{Reader, Turn};

/// The screen of a terminal that does not tell its height.
const HEIGHT: usize = 24;

/// The person at this process's terminal.
#[derive(Debug)]
pub struct Keys;

impl Reader for Keys {
    fn height(&self) -> usize {
        let size = terminal_size::terminal_size_of(io::stdout());
        size.map_or(HEIGHT, |(_, height)| height.0.into())
    }

    fn turn(&mut self, out: &mut dyn Write) -> Result<Turn> {
        if let Some(mut keys) = single::Keys::new() {
            const PROMPT: &str = "(Enter goes on, b goes back, q ends) ";
            write!(out, "{PROMPT}")?;
            out.flush()?;
            let turn = turn(|| keys.next()).context(READING)?;
            drop(keys);
            write!(out, "\r{:1$}\r", "", PROMPT.len())?;
            return Ok(turn);
        }
        write!(out, "(Enter goes on; b and Enter goes back; q and Enter ends) ")?;
        out.flush()?;
        Ok(typed()?.map_or(Turn::End, |line| match line.trim_start().chars().next() {
            Some('q' | 'Q') => Turn::End,
            Some('b' | 'B') => Turn::Back,
            _ => Turn::On,
        }))
    }

    fn line(&mut self, out: &mut dyn Write) -> Result<Option<String>> {
        write!(out, "> ")?;
        out.flush()?;
        typed()
    }
}

const READING: &str = "reading standard input";

fn typed() -> Result<Option<String>> {
    let mut line = String::new();
    let read = io::stdin().read_line(&mut line).context(READING)?;
    Ok((read > 0).then(|| line.trim().to_owned()))
}

/// The first key that means something. Other keys are ignored, and so are the escape
/// sequences of keys such as F1.
fn turn(mut next: impl FnMut() -> io::Result<Option<u8>>) -> io::Result<Turn> {
    const ESCAPE: u8 = 0x1b;
    const END_OF_INPUT: u8 = 4;
    const BACKSPACE: u8 = 0x7f;
    let mut is_escaped = false;
    while let Some(mut key) = next()? {
        if is_escaped && matches!(key, b'[' | b'O') {
            let arrow = loop {
                match next()? {
                    Some(last @ b'@'..=b'~') => break last,
                    Some(_) => {}
                    None => return Ok(Turn::End),
                }
            };
            key = match arrow {
                b'B' | b'C' => b' ',
                b'A' | b'D' => b'b',
                _ => 0,
            };
        }
        is_escaped = key == ESCAPE;
        match key {
            b'\n' | b'\r' | b' ' | b'n' => return Ok(Turn::On),
            b'b' | b'B' | BACKSPACE => return Ok(Turn::Back),
            b'q' | b'Q' | END_OF_INPUT => return Ok(Turn::End),
            _ => {}
        }
    }
    Ok(Turn::End)
}

#[cfg(unix)]
mod single {
    use std::io;

    use rustix::stdio::stdin;
    use rustix::termios::{
        LocalModes, OptionalActions, SpecialCodeIndex, Termios, tcgetattr, tcsetattr,
    };

    use super::super::signals::Terminal;

    /// While it lives, the terminal gives single keys and does not show them.
    pub(super) struct Keys {
        before: Termios,
        _restore: Terminal,
    }

    impl Keys {
        pub(super) fn new() -> Option<Self> {
            let before = tcgetattr(stdin()).ok()?;
            let mut now = before.clone();
            // Ctrl-C stays a signal.
            now.local_modes.remove(LocalModes::ICANON | LocalModes::ECHO);
            now.special_codes[SpecialCodeIndex::VMIN] = 1;
            now.special_codes[SpecialCodeIndex::VTIME] = 0;
            let keys = Self { _restore: Terminal::changes_from(&before), before };
            tcsetattr(stdin(), OptionalActions::Now, &now).ok().map(|()| keys)
        }

        /// Waits for a key; `None` at the end of the input.
        pub(super) fn next(&mut self) -> io::Result<Option<u8>> {
            let mut key = [0];
            loop {
                match rustix::io::read(stdin(), &mut key) {
                    Ok(read) => return Ok((read > 0).then_some(key[0])),
                    Err(rustix::io::Errno::INTR) => {}
                    Err(error) => return Err(error.into()),
                }
            }
        }
    }

    impl Drop for Keys {
        fn drop(&mut self) {
            let _ = tcsetattr(stdin(), OptionalActions::Now, &self.before);
        }
    }
}

#[cfg(not(unix))]
mod single {
    use std::io;

    pub(super) struct Keys;

    impl Keys {
        pub(super) fn new() -> Option<Self> {
            None
        }

        pub(super) fn next(&mut self) -> io::Result<Option<u8>> {
            Ok(None)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_turn_pages() {
        for (keys, expected) in [
            (&b"\n"[..], Turn::On),
            (b" ", Turn::On),
            (b"xyz\r", Turn::On),
            (b"b", Turn::Back),
            (b"q", Turn::End),
            (b"\x04", Turn::End),
            (b"", Turn::End),
            (b"\x1b[C", Turn::On),
            (b"\x1bOD", Turn::Back),
            (b"\x1b[15~b", Turn::Back),
            (b"\x1bq", Turn::End),
            (b"\x1b[", Turn::End),
        ] {
            let mut rest = keys.iter().copied();
            assert_eq!(turn(|| Ok(rest.next())).unwrap(), expected, "{keys:?}");
        }
    }
}
