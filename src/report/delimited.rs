//! Values with something between them: a header, then a line a record, for
//! programs.
//!
//! Comma or tab, both are quoted as RFC 4180 has it: a cell with the delimiter,
//! a quote or a line end in it stands in quotes, quotes within doubled. That is
//! what `pandas.read_csv` reads by default, and with `sep="\t"` for tabs.
//!
//! Numbers have every digit, as in JSON. Text is made visible first, so that no
//! control character of a token reaches a terminal, nor ends a line of the
//! file: a line is a record. It can be read back: a backslash is written twice,
//! and bytes that are not UTF-8 as `\xE2`.

use std::borrow::Cow;
use std::io::Write;

use anyhow::Result;
use csv::{ErrorKind, Writer, WriterBuilder};

use super::Form;
use super::records::{Cell, Column, Records};
use crate::text::{harmless, visible};

/// Writes records as delimited values.
pub(super) struct Delimited<W: Write>(Writer<W>);

impl<W: Write> Delimited<W> {
    /// To `out`: buffered, so to be flushed.
    pub(super) fn new(form: Form, out: W) -> Self {
        let delimiter = if form == Form::Tsv { b'\t' } else { b',' };
        // Small, as one is made for each item of a list.
        Self(WriterBuilder::new().delimiter(delimiter).buffer_capacity(512).from_writer(out))
    }

    pub(super) fn flush(&mut self) -> Result<()> {
        Ok(self.0.flush()?)
    }
}

impl<W: Write> Records for Delimited<W> {
    fn header(&mut self, columns: &[Column]) -> Result<()> {
        self.0.write_record(columns.iter().map(|column| column.name.as_bytes())).map_err(as_io)
    }

    fn record(&mut self, cells: &[Cell]) -> Result<()> {
        for cell in cells {
            self.0.write_field(exact(cell).as_bytes()).map_err(as_io)?;
        }
        self.0.write_record(None::<&[u8]>).map_err(as_io)
    }
}

/// The error as an `io::Error`, as csv's own hides which one it was.
fn as_io(error: csv::Error) -> anyhow::Error {
    match error.into_kind() {
        ErrorKind::Io(error) => anyhow::Error::from(error),
        other => anyhow::anyhow!("{other:?}"),
    }
}

fn exact<'a>(cell: &'a Cell) -> Cow<'a, str> {
    match cell {
        Cell::Nothing => "".into(),
        Cell::Word(word) => (*word).into(),
        Cell::Text(text) => visible(text),
        Cell::Shown(text) => harmless(text),
        Cell::Token(token) => token.exact(),
        Cell::Number(n) | Cell::Count(n) => n.to_string().into(),
        Cell::Value(value) => value.digits().into(),
        Cell::Wide(value) => value.digits().into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_reads_back_whatever_is_in_it() {
        let odd = ["a,b", "a\tb", "say \"hi\"", " lead", "a\nb\r", "", "\x1b[2J", "#", "猫"];
        for (form, delimiter) in [(Form::Csv, b','), (Form::Tsv, b'\t')] {
            let mut bytes = Vec::new();
            let mut out = Delimited::new(form, &mut bytes);
            out.header(&odd.map(Column::text)).unwrap();
            out.record(&odd.map(|text| Cell::Text(text.into()))).unwrap();
            out.flush().unwrap();
            drop(out);
            let mut reader = csv::ReaderBuilder::new().delimiter(delimiter).from_reader(&*bytes);
            let record = reader.records().next().unwrap().unwrap();
            assert!(record.iter().eq(odd.iter().map(|text| visible(text))), "{record:?}");
        }
    }
}
