//! Many rows at once, decoded by several threads.

use std::ops::Range;
use std::sync::atomic::AtomicBool;
use std::thread;

use anyhow::{Result, ensure};
use embcli::similarity::norm;
use embcli::{Rows, Table};
use numpy::{PyArray1, PyReadonlyArray2, PyUntypedArrayMethods};
use pyo3::prelude::*;

use crate::work::Stoppable;

/// At most this many values are read at once, and at least so many by each thread.
const RUN_VALUES: usize = 1 << 16;

/// The Euclidean norms of rows.
#[pyfunction]
pub fn norms<'py>(
    py: Python<'py>,
    rows: PyReadonlyArray2<'py, f32>,
) -> PyResult<Bound<'py, PyArray1<f64>>> {
    let (values, dim) = (rows.as_slice()?, rows.shape()[1].max(1));
    let norms = py.detach(|| values.chunks_exact(dim).map(norm).collect());
    Ok(PyArray1::from_vec(py, norms))
}

/// Decodes the rows of IDs into `values`, which has room for exactly these rows.
pub fn read(table: &Table, ids: &[u64], values: &mut [f32], stop: &AtomicBool) -> Result<()> {
    let dim = table.d_model();
    ensure!(values.len() == ids.len() * dim, "the array has another shape than the rows");
    let present = table.rows_present();
    for &id in ids {
        table.check_id(id)?;
        if id >= present {
            // The error says where the file ends.
            table.row(id)?;
        }
    }
    table.prepare(ids)?;
    let most = values.len() / RUN_VALUES;
    // To ask for the number of cores takes longer than to read a row.
    let threads = match most {
        0 | 1 => 1,
        _ => thread::available_parallelism().map_or(1, usize::from).min(most),
    };
    let share = ids.len().div_ceil(threads).max(1);
    let table = Stoppable { table, stop };
    thread::scope(|scope| {
        let parts = ids.chunks(share).zip(values.chunks_mut(share * dim));
        let mut parts: Vec<_> = parts.collect();
        let own = parts.pop();
        let read = |(ids, values)| read_part(&table, ids, values);
        let others: Vec<_> =
            parts.into_iter().map(|part| scope.spawn(move || read(part))).collect();
        own.map_or(Ok(()), read)?;
        for other in others {
            other.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))?;
        }
        Ok(())
    })
}

fn read_part(table: &Stoppable<'_>, mut ids: &[u64], mut values: &mut [f32]) -> Result<()> {
    let most = (RUN_VALUES / table.dim()).max(1);
    let mut stored = Vec::new();
    while let Some(run) = first_run(ids, most) {
        let n = (run.end - run.start) as usize;
        let (of_run, rest) = std::mem::take(&mut values).split_at_mut(n * table.dim());
        table.read(run, &mut stored)?;
        table.decode(&stored, of_run);
        (ids, values) = (&ids[n..], rest);
    }
    Ok(())
}

/// The longest run of consecutive IDs at the start, of at most `most`.
fn first_run(ids: &[u64], most: usize) -> Option<Range<u64>> {
    let first = *ids.first()?;
    let follow = |(id, next): (&u64, u64)| *id == next;
    let n = ids.iter().zip(first..).take(most).take_while(|pair| follow(*pair)).count();
    Some(first..first + n as u64)
}
