//! One pass over a table: every row is read once, in runs, on several threads, in
//! bounded memory. All code that reads a whole table uses it.
//!
//! | what | for | how the parts come together |
//! |---|---|---|
//! | [`Pass::fold`] | decoded rows | one result per thread, in no particular order |
//! | [`Pass::fold_stored`] | rows as they are stored | the same |
//!
//! Which thread reads which run depends on timing. A sum of floats over the results
//! of [`Pass::fold`] therefore differs in its last bits from one call to the next.

use std::ops::Range;
use std::time::Instant;

use super::way::Way;
use super::{ReadError, Rows, decode};
use crate::threads::{self, Pieces};

/// At most this many bytes are read at once (and at least one row): see [`way`](super::way).
const RUN_BYTES: usize = 1 << 18;

/// At most this many values are decoded at once: 256 KiB, which a second-level
/// cache holds with room to spare.
const RUN_VALUES: usize = 1 << 16;

/// The number of rows to read at once: at least one.
pub(crate) fn rows_per_run(rows: &dyn Rows) -> usize {
    (RUN_BYTES / rows.row_bytes()).min(RUN_VALUES / rows.dim()).max(1)
}

#[derive(Clone, Copy)]
pub struct Pass<'a> {
    rows: &'a dyn Rows,
    n_rows: u64,
    threads: usize,
    rows_per_run: usize,
}

#[derive(Clone, Debug)]
pub struct RowRun<'a> {
    pub ids: Range<u64>,
    pub stored: &'a [u8],
    pub values: &'a [f32],
    dim: usize,
}

impl<'a> RowRun<'a> {
    pub fn rows(&self) -> impl Iterator<Item = (u64, &'a [f32])> + use<'a> {
        self.ids.clone().zip(self.values.chunks_exact(self.dim))
    }
}

impl<'a> Pass<'a> {
    /// A pass over the first `n_rows` rows. `threads` is the number of threads.
    pub fn new(rows: &'a dyn Rows, n_rows: u64, threads: usize) -> Self {
        Self { rows, n_rows, threads, rows_per_run: rows_per_run(rows) }
    }

    /// Makes runs as long as suits rows that are not decoded.
    #[must_use]
    pub fn stored(self) -> Self {
        Self { rows_per_run: (RUN_BYTES / self.rows.row_bytes()).max(1), ..self }
    }

    /// Makes every run but the last a multiple of `rows` rows.
    #[must_use]
    pub fn in_multiples_of(self, rows: usize) -> Self {
        Self { rows_per_run: self.rows_per_run.next_multiple_of(rows), ..self }
    }

    /// Calls `each` with every run of rows, as it is stored, and the state of the
    /// thread that read it. Returns the states, one per thread, in no particular
    /// order.
    pub fn fold_stored<T: Send>(
        &self,
        start: impl Fn() -> T + Sync,
        each: impl Fn(&mut T, Range<u64>, &[u8]) + Sync,
    ) -> Result<Vec<T>, ReadError> {
        let pieces = self.pieces();
        let has_mapping = self.rows.mapped(0..self.n_rows.min(1)).is_some();
        threads::each(pieces.threads(self.threads), || {
            let mut state = start();
            let (mut stored, mut way) = (Vec::new(), Way::new(has_mapping));
            while let Some(ids) = pieces.next() {
                let start = way.is_trial().then(Instant::now);
                let mapped = if way.is_mapped() { self.rows.mapped(ids.clone()) } else { None };
                if let Some(bytes) = mapped {
                    each(&mut state, ids.clone(), bytes);
                    self.rows.release(ids);
                } else {
                    self.rows.read(ids.clone(), &mut stored)?;
                    each(&mut state, ids, &stored);
                }
                if let Some(start) = start {
                    way.note(mapped.is_some(), start.elapsed());
                }
            }
            Ok(state)
        })
    }

    /// Calls `each` with every run of rows, decoded, and the state of the thread
    /// that read it. Returns the states, one per thread, in no particular order.
    pub fn fold<T: Send>(
        &self,
        start: impl Fn() -> T + Sync,
        each: impl Fn(&mut T, RowRun) + Sync,
    ) -> Result<Vec<T>, ReadError> {
        let start = || (start(), Vec::new());
        let states = self.fold_stored(start, |(state, values), ids, stored| {
            decode(self.rows, stored, values);
            each(state, RowRun { ids, stored, values, dim: self.rows.dim() });
        })?;
        Ok(states.into_iter().map(|(state, _)| state).collect())
    }

    fn pieces(&self) -> Pieces {
        Pieces::new(self.n_rows, self.rows_per_run as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::embedding::Table;

    /// A table whose row `id` holds `1 / (id + 1)` over and over. Rows from
    /// `readable` on can't be read.
    fn table(n_rows: u64, dim: u64, readable: u64) -> Table {
        let row = |id: u64| [(1.0 / (id + 1) as f32).to_le_bytes()].repeat(dim as usize);
        let bytes = (0..readable).flat_map(row).flatten().collect();
        Table::in_memory("F32", [n_rows, dim], bytes)
    }

    #[test]
    fn every_row_is_read_once() {
        let table = table(40_000, 3, 40_000);
        for threads in [1, 3] {
            let each = |ids: &mut Vec<u64>, run: RowRun| {
                for (id, row) in run.rows() {
                    assert_eq!(row, [1.0 / (id + 1) as f32; 3]);
                    ids.push(id);
                }
            };
            let pass = Pass::new(&table, 39_999, threads);
            let mut ids = pass.fold(Vec::new, each).unwrap().concat();
            ids.sort_unstable();
            assert!(ids.into_iter().eq(0..39_999));
        }
    }

    #[test]
    fn a_run_has_whole_multiples() {
        let table = table(40_000, 3, 40_000);
        let each = |_: &mut (), ids: Range<u64>, stored: &[u8]| {
            assert!(ids.start.is_multiple_of(1000));
            assert_eq!(stored.len() as u64, (ids.end - ids.start) * 12);
        };
        Pass::new(&table, 40_000, 2).in_multiples_of(1000).fold_stored(|| (), each).unwrap();
    }

    #[test]
    fn an_error_names_the_rows_that_could_not_be_read() {
        let run = rows_per_run(&table(1, 70, 1)) as u64;
        let table = table(20_000, 70, 2 * run + 5);
        for threads in [1, 4] {
            let read = Pass::new(&table, 20_000, threads).fold(|| (), |(), _| ());
            let rows = read.unwrap_err().rows;
            assert!(rows.start >= 2 * run && rows.end <= 20_000, "{rows:?}");
            assert!(threads > 1 || rows == (2 * run..3 * run), "{rows:?}");
        }
    }
}
