//! Parquet files, written column after column in row groups.
//!
//! The crate keeps a page of a column in memory, not a row group: what it has written
//! is passed on after each call.

use std::io::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, Result};
use parquet::basic::{Compression, Encoding};
use parquet::data_type::{ByteArray, ByteArrayType, DataType};
use parquet::file::metadata::KeyValue;
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::file::writer::{
    SerializedColumnWriter, SerializedFileWriter, SerializedRowGroupWriter,
};
use parquet::schema::parser::parse_message_type;
use parquet::schema::types::ColumnPath;

pub(crate) use parquet::data_type::{DoubleType, FloatType, Int32Type, Int64Type};

/// What a file holds, and how.
pub(crate) struct Sheet<'a> {
    /// The columns, in Parquet's own language.
    pub schema: &'a str,
    /// The only column that has statistics.
    pub sorted: &'a str,
    /// A column of floats without a dictionary, most of the file.
    pub floats: Option<&'a str>,
    /// Compresses pages by zstd, and floats byte by byte.
    pub compress: bool,
    pub metadata: Vec<(String, String)>,
}

/// A file that is being written.
pub(crate) struct Writer<'o> {
    file: SerializedFileWriter<Written>,
    written: Written,
    out: &'o mut dyn Write,
}

/// Bytes that the crate has written and that are not passed on yet. The crate wants a
/// writer that may move to another thread.
#[derive(Clone, Default)]
struct Written(Arc<Mutex<Vec<u8>>>);

impl Write for Written {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Written {
    fn pass_on(&self, out: &mut dyn Write) -> Result<()> {
        let mut bytes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        out.write_all(&bytes)?;
        bytes.clear();
        Ok(out.flush()?)
    }
}

impl<'o> Writer<'o> {
    pub fn new(sheet: Sheet, out: &'o mut dyn Write) -> Result<Self> {
        let schema = Arc::new(parse_message_type(sheet.schema)?);
        let column =
            |name: &str| ColumnPath::from(name.split('.').map(str::to_owned).collect::<Vec<_>>());
        let pairs = sheet.metadata.into_iter().map(|(key, text)| KeyValue::new(key, text));
        let mut properties = WriterProperties::builder()
            .set_key_value_metadata(Some(pairs.collect()))
            .set_statistics_enabled(EnabledStatistics::None)
            .set_column_statistics_enabled(column(sheet.sorted), EnabledStatistics::Chunk)
            .set_column_dictionary_enabled(column(sheet.sorted), false);
        if let Some(floats) = sheet.floats {
            properties = properties.set_column_dictionary_enabled(column(floats), false);
            if sheet.compress {
                properties =
                    properties.set_column_encoding(column(floats), Encoding::BYTE_STREAM_SPLIT);
            }
        }
        if sheet.compress {
            properties = properties.set_compression(Compression::ZSTD(Default::default()));
        }
        let written = Written::default();
        let file =
            SerializedFileWriter::new(written.clone(), schema, Arc::new(properties.build()))?;
        Ok(Self { file, written, out })
    }

    /// Writes a row group: `write` writes all columns, in their order.
    pub fn group(&mut self, write: impl FnOnce(&mut Group) -> Result<()>) -> Result<()> {
        let row_group = self.file.next_row_group()?;
        let mut group = Group { row_group, written: &self.written, out: &mut *self.out };
        write(&mut group)?;
        let Group { row_group, written, out } = group;
        row_group.close()?;
        written.pass_on(out)
    }

    /// Writes the end of the file.
    pub fn finish(self) -> Result<()> {
        self.file.close()?;
        self.written.pass_on(self.out)
    }
}

/// A row group that is being written.
pub(crate) struct Group<'g> {
    row_group: SerializedRowGroupWriter<'g, Written>,
    written: &'g Written,
    out: &'g mut dyn Write,
}

impl Group<'_> {
    /// Writes the next column, which has a value in each row.
    pub fn values<T: DataType>(&mut self, values: &[T::T]) -> Result<()> {
        let mut column = self.row_group.next_column()?.context("a column too many")?;
        column.typed::<T>().write_batch(values, None, None)?;
        column.close()?;
        self.written.pass_on(self.out)
    }

    /// Writes the next column: texts, the same in each row.
    pub fn repeated(&mut self, text: &str, n: usize) -> Result<()> {
        self.values::<ByteArrayType>(&vec![ByteArray::from(text); n])
    }

    /// Writes the next column: texts that may be missing.
    pub fn texts<'t>(&mut self, texts: impl Iterator<Item = Option<&'t str>>) -> Result<()> {
        self.some::<ByteArrayType>(texts.map(|text| text.map(ByteArray::from)))
    }

    /// Writes the next column: values that may be missing.
    pub fn some<T: DataType>(&mut self, all: impl Iterator<Item = Option<T::T>>) -> Result<()> {
        let mut column = self.row_group.next_column()?.context("a column too many")?;
        let (mut values, mut levels) = (Vec::new(), Vec::new());
        for value in all {
            levels.push(i16::from(value.is_some()));
            values.extend(value);
        }
        column.typed::<T>().write_batch(&values, Some(&levels), None)?;
        column.close()?;
        self.written.pass_on(self.out)
    }

    /// Writes the next column, whose rows are lists: `write` gives them in pieces.
    pub fn lists(&mut self, write: impl FnOnce(&mut Lists) -> Result<()>) -> Result<()> {
        let column = self.row_group.next_column()?.context("a column too many")?;
        let mut lists = Lists { column, written: self.written, out: &mut *self.out };
        write(&mut lists)?;
        let Lists { column, written, out } = lists;
        column.close()?;
        written.pass_on(out)
    }
}

/// A column of lists that is being written.
pub(crate) struct Lists<'l> {
    column: SerializedColumnWriter<'l>,
    written: &'l Written,
    out: &'l mut dyn Write,
}

impl Lists<'_> {
    /// Writes lists of these lengths; `values` are those of all.
    pub fn add<T: DataType>(
        &mut self,
        values: &[T::T],
        lengths: impl Iterator<Item = usize>,
    ) -> Result<()> {
        // A list of n values has n levels, of which the first says that a list begins. An
        // empty one has one level, which says that no value is there.
        let (mut there, mut goes_on) = (Vec::new(), Vec::new());
        for length in lengths {
            there.resize(there.len() + length, 1);
            there.extend((length == 0).then_some(0));
            goes_on.push(0);
            goes_on.resize(there.len(), 1);
        }
        self.column.typed::<T>().write_batch(values, Some(&there), Some(&goes_on))?;
        self.written.pass_on(self.out)
    }
}
