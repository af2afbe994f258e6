//! The answer structs as JSON: one object, or one a line.

use std::io::{self, Write};

use anyhow::Result;
use serde::Serialize;
use serde_json::ser::{CharEscape, Formatter};

use crate::answer::Answer;
use crate::footprint::{Footprint, Precision};

/// Writes the parts of an answer that there are many of, a line each.
pub(super) fn lines(answer: &Answer, out: &mut dyn Write) -> Result<()> {
    match answer {
        Answer::Lookup(report) => report.rows.iter().try_for_each(|row| line(row, out)),
        Answer::Neighbors(report) => report.queries.iter().try_for_each(|query| line(query, out)),
        Answer::Footprint(report) => report.tables().iter().try_for_each(|table| {
            let Footprint { n_vocab, d_model, ref precisions, .. } = table.footprint;
            precisions.iter().try_for_each(|cost| line(&OfShape { n_vocab, d_model, cost }, out))
        }),
        Answer::Tokens(_) | Answer::Text(_) => Ok(()),
        Answer::Tokenized(report) => report.tokens.iter().try_for_each(|token| line(token, out)),
        Answer::Info(report) => match (&report.keys, &report.tensors) {
            (Some(keys), _) => keys.iter().try_for_each(|key| line(key, out)),
            (_, Some(tensors)) => tensors.iter().try_for_each(|tensor| line(tensor, out)),
            _ => line(report, out),
        },
        Answer::Check(report) => report.findings.iter().try_for_each(|it| line(it, out)),
        Answer::Tour(report) => report.steps.iter().try_for_each(|step| line(step, out)),
        Answer::TourList(list) => list.steps.iter().try_for_each(|title| line(title, out)),
        Answer::Models(report) => report.models.iter().try_for_each(|model| line(model, out)),
    }
}

/// A precision, with the shape it is the cost of.
#[derive(Serialize)]
struct OfShape<'a> {
    n_vocab: u64,
    d_model: u64,
    #[serde(flatten)]
    cost: &'a Precision,
}

/// Writes a value as one line of JSON.
pub(super) fn line(value: &impl Serialize, out: &mut dyn Write) -> Result<()> {
    self::value(value, out)?;
    writeln!(out)?;
    Ok(())
}

/// Writes a value as JSON, without a line end.
pub(super) fn value(value: &impl Serialize, out: &mut dyn Write) -> Result<()> {
    // As an `io::Error`, as serde_json's own hides which one it was.
    value
        .serialize(&mut serde_json::Serializer::with_formatter(&mut *out, Careful))
        .map_err(io::Error::from)?;
    Ok(())
}

/// JSON that can be shown on a terminal: serde_json escapes the controls below
/// U+0020 only, and others act on a terminal too. A `\u` escape of any
/// character means the same character, so nothing is lost.
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

    fn write_char_escape<W: ?Sized + Write>(
        &mut self,
        writer: &mut W,
        escape: CharEscape,
    ) -> io::Result<()> {
        serde_json::ser::CompactFormatter.write_char_escape(writer, escape)
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
