//! Rows as a stream of Arrow record batches, through Arrow's PyCapsule interface.

use std::ops::Range;
use std::sync::Arc;

use anyhow::Result;
use arrow_array::builder::StringBuilder;
use arrow_array::ffi_stream::FFI_ArrowArrayStream;
use arrow_array::{
    ArrayRef, FixedSizeListArray, Float32Array, Float64Array, Int64Array, RecordBatch,
    RecordBatchReader,
};
use arrow_schema::{ArrowError, DataType, Field, FieldRef, Schema, SchemaRef};
use embcli::commands::View;
use embcli::similarity::norm;
use pyo3::prelude::*;
use pyo3::types::PyCapsule;
use std::sync::atomic::AtomicBool;

use crate::errors::{io_kind, words};
use crate::rows;

/// Rows of a table, which are read while the stream is.
#[pyclass(frozen, module = "embcli._native")]
pub struct Batches {
    view: Arc<View>,
    ids: Range<u64>,
    size: u64,
}

impl Batches {
    pub fn new(view: Arc<View>, ids: Range<u64>, size: u64) -> Self {
        Self { view, ids, size: size.max(1) }
    }
}

#[pymethods]
impl Batches {
    /// Arrow's interface. Each call begins a new stream.
    #[pyo3(signature = (requested_schema=None))]
    fn __arrow_c_stream__<'py>(
        &self,
        py: Python<'py>,
        requested_schema: Option<Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyCapsule>> {
        // The interface lets a producer ignore a schema that it can't make.
        drop(requested_schema);
        let dim = self.view.table.d_model() as i32;
        let value: FieldRef = Field::new("item", DataType::Float32, false).into();
        let schema = Arc::new(Schema::new(vec![
            Field::new("id", DataType::Int64, false),
            Field::new("token", DataType::Utf8, true),
            Field::new("norm", DataType::Float64, false),
            Field::new("embedding", DataType::FixedSizeList(Arc::clone(&value), dim), false),
        ]));
        let (view, ids, size) = (Arc::clone(&self.view), self.ids.clone(), self.size);
        let stream = Stream { view, ids, size, schema, value };
        let stream = FFI_ArrowArrayStream::new(Box::new(stream));
        PyCapsule::new_with_value(py, stream, c"arrow_array_stream")
    }
}

struct Stream {
    view: Arc<View>,
    ids: Range<u64>,
    size: u64,
    schema: SchemaRef,
    value: FieldRef,
}

impl Stream {
    fn batch(&self, ids: Range<u64>) -> Result<RecordBatch> {
        let table = &self.view.table;
        let all: Vec<u64> = ids.clone().collect();
        let mut values = vec![0.0; all.len() * table.d_model()];
        rows::read(table, &all, &mut values, &AtomicBool::new(false))?;
        let mut tokens = StringBuilder::new();
        for id in ids.clone() {
            tokens.append_option(self.view.token(id)?.token);
        }
        let norms = values.chunks_exact(table.d_model()).map(norm);
        let columns: Vec<ArrayRef> = vec![
            Arc::new(Int64Array::from_iter_values(ids.map(|id| id as i64))),
            Arc::new(tokens.finish()),
            Arc::new(Float64Array::from_iter_values(norms)),
            Arc::new(FixedSizeListArray::try_new(
                Arc::clone(&self.value),
                table.d_model() as i32,
                Arc::new(Float32Array::from(values)),
                None,
            )?),
        ];
        Ok(RecordBatch::try_new(Arc::clone(&self.schema), columns)?)
    }
}

impl Iterator for Stream {
    type Item = Result<RecordBatch, ArrowError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ids.is_empty() {
            return None;
        }
        let end = self.ids.end.min(self.ids.start.saturating_add(self.size));
        let ids = self.ids.start..end;
        self.ids.start = end;
        // Arrow passes on a number and a text. Of errors of the system, Python libraries make
        // an `OSError`.
        Some(self.batch(ids).map_err(|error| match io_kind(&error) {
            Some(kind) => ArrowError::IoError(words(&error), kind.into()),
            None => ArrowError::ExternalError(words(&error).into()),
        }))
    }
}

impl RecordBatchReader for Stream {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }
}
