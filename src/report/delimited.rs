//! Comma- or tab-separated values for programs: a header, then a line per record.
//!
//! Cells are quoted as RFC 4180 says: a cell that contains the delimiter, a quote
//! or a line end is put in quotes, and quotes inside it are doubled.
//! `pandas.read_csv` reads that by default (tabs with `sep="\t"`).
//!
//! Numbers have every digit, as in JSON. Characters in texts that can't be seen
//! are written as escapes, so that none reaches a terminal and one line is one
//! record. A text can be read back: a backslash is written twice, and bytes that
//! are not UTF-8 as `\xE2`.

use std::borrow::Cow;
use std::io::Write;

use anyhow::Result;
use csv::{ErrorKind, Writer, WriterBuilder};

use super::Form;
use super::records::{Cell, Column, Records};
use crate::text::{harmless, visible};

pub(super) struct Delimited<W: Write>(Writer<W>);

impl<W: Write> Delimited<W> {
    /// Writes to `out` through a buffer: call `flush` at the end.
    pub(super) fn new(form: Form, out: W) -> Self {
        let delimiter = if form == Form::Tsv { b'\t' } else { b',' };
        // The buffer is small because a list makes one for each item.
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
        let mut buffer = zmij::Buffer::new();
        for cell in cells {
            match cell {
                Cell::Value(value) => self.0.write_field(value.written(&mut buffer)),
                _ => self.0.write_field(exact(cell).as_bytes()),
            }
            .map_err(as_io)?;
        }
        self.0.write_record(None::<&[u8]>).map_err(as_io)
    }
}

/// The error as an `io::Error`: csv's own error hides its kind.
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
