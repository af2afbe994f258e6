//! JSON: an answer as one object, or one object per line.

use std::io::{self, Write};

use anyhow::Result;
use serde::Serialize;
use serde_json::ser::Formatter;

use super::records::{Cell, Column, Records};

/// Writes records as JSON, one object per line, with the column names as keys.
pub(super) struct Lines<'o> {
    pub columns: Vec<String>,
    pub out: &'o mut dyn Write,
}

impl Records for Lines<'_> {
    fn header(&mut self, columns: &[Column]) -> Result<()> {
        self.columns = columns.iter().map(|column| column.name.to_string()).collect();
        Ok(())
    }

    fn record(&mut self, cells: &[Cell]) -> Result<()> {
        for (i, (name, cell)) in self.columns.iter().zip(cells).enumerate() {
            self.out.write_all(if i == 0 { b"{" } else { b"," })?;
            value(name, self.out)?;
            self.out.write_all(b":")?;
            match cell {
                Cell::Nothing => value(&(), self.out)?,
                Cell::Word(text) => value(text, self.out)?,
                Cell::Text(text) | Cell::Shown(text) => value(text, self.out)?,
                Cell::Token(token) => {
                    value(&token.token, self.out)?;
                    if let Some(hex) = &token.token_hex {
                        write!(self.out, ",\"{name}_hex\":\"{hex}\"")?;
                    }
                }
                Cell::Number(n) | Cell::Count(n) => value(n, self.out)?,
                Cell::Value(number) => value(number, self.out)?,
                Cell::Wide(number) => value(number, self.out)?,
            }
        }
        Ok(self.out.write_all(b"}\n")?)
    }
}

/// Writes values as JSON, one per line.
pub(crate) fn lines<T: Serialize>(
    things: impl IntoIterator<Item = T>,
    out: &mut dyn Write,
) -> Result<()> {
    things.into_iter().try_for_each(|thing| line(&thing, out))
}

/// Writes a value as one line of JSON.
pub(crate) fn line(value: &impl Serialize, out: &mut dyn Write) -> Result<()> {
    self::value(value, out)?;
    writeln!(out)?;
    Ok(())
}

/// Writes a value as JSON, without a line end.
pub(crate) fn value(value: &(impl Serialize + ?Sized), out: &mut dyn Write) -> Result<()> {
    // Returns an `io::Error`: serde_json's own error hides its kind.
    value
        .serialize(&mut serde_json::Serializer::with_formatter(&mut *out, Careful))
        .map_err(io::Error::from)?;
    Ok(())
}

/// JSON that is safe on a terminal. serde_json escapes only the controls below U+0020,
/// but other characters act on a terminal too. A `\u` escape means the same character,
/// so nothing is lost.
struct Careful;

impl Formatter for Careful {
    fn write_string_fragment<W: ?Sized + Write>(
        &mut self,
        writer: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        let mut plain = 0;
        for (at, c) in fragment.char_indices() {
            if crate::text::acts(c) {
                writer.write_all(&fragment.as_bytes()[plain..at])?;
                for unit in c.encode_utf16(&mut [0; 2]) {
                    write!(writer, "\\u{unit:04x}")?;
                }
                plain = at + c.len_utf8();
            }
        }
        writer.write_all(&fragment.as_bytes()[plain..])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_acts_on_a_terminal_is_escaped_and_comes_back() {
        let text = "a\x1b\u{9b}\u{202e}\u{e0001}猫\"\\\n";
        let mut json = Vec::new();
        text.serialize(&mut serde_json::Serializer::with_formatter(&mut json, Careful)).unwrap();
        let json = String::from_utf8(json).unwrap();
        assert_eq!(json, r#""a\u001b\u009b\u202e\udb40\udc01猫\"\\\n""#);
        assert_eq!(serde_json::from_str::<String>(&json).unwrap(), text);
    }
}
