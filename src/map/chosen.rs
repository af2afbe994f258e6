//! The rows that are laid out: those of a list that have a direction.

use std::ops::Range;

use super::Error;
use crate::cpu::Level;
use crate::quant::Estimator;
use crate::rows::{Pass, ReadError, RowRun, Rows};
use crate::similarity::{LeftOut, kernel};
use crate::stats::is_usable;

/// Rows of a table, in ascending order of their IDs, each of which has a direction. The
/// position of a row in this list is its number in everything that is made of it.
pub struct Chosen<'a> {
    rows: &'a dyn Rows,
    ids: Vec<u32>,
    left_out: LeftOut,
}

impl<'a> Chosen<'a> {
    /// The first `n_rows` rows of a table, without the rows that have no direction.
    ///
    /// # Errors
    /// When rows can't be read, or no row has a direction.
    pub fn all(rows: &'a dyn Rows, n_rows: u64, threads: usize) -> Result<Self, Error> {
        let n = u32::try_from(n_rows).map_err(|_| Error::TooMany { rows: n_rows })?;
        Self::with_direction(rows, (0..n).collect(), threads)
    }

    /// The rows of a list of IDs, each taken once, without those that have no direction.
    ///
    /// # Errors
    /// When rows can't be read, or no row has a direction.
    pub fn some(rows: &'a dyn Rows, ids: &[u64], threads: usize) -> Result<Self, Error> {
        let narrow = |id: &u64| {
            let narrow = u32::try_from(*id).ok().filter(|id| *id < u32::MAX);
            narrow.ok_or(Error::TooMany { rows: *id })
        };
        let mut ids = ids.iter().map(narrow).collect::<Result<Vec<u32>, _>>()?;
        ids.sort_unstable();
        ids.dedup();
        Self::with_direction(rows, ids, threads)
    }

    fn with_direction(rows: &'a dyn Rows, ids: Vec<u32>, threads: usize) -> Result<Self, Error> {
        let mut chosen = Self { rows, ids, left_out: LeftOut::default() };
        let level = Level::detect();
        let each = |bad: &mut Vec<(u64, f64)>, run: RowRun| {
            let norms = run.rows().map(|(at, row)| (at, kernel::norm(level, row)));
            bad.extend(norms.filter(|(_, norm)| !is_usable(*norm)));
        };
        let bad = Pass::new(&chosen, chosen.n_rows(), threads).fold(Vec::new, each)?.concat();
        for (at, norm) in bad {
            let out = &mut chosen.left_out;
            *(if norm.is_finite() { &mut out.zero } else { &mut out.not_finite }) += 1;
            // No row has this ID: see `TooMany`.
            chosen.ids[at as usize] = u32::MAX;
        }
        chosen.ids.retain(|id| *id != u32::MAX);
        if chosen.ids.is_empty() {
            let LeftOut { zero, not_finite } = chosen.left_out;
            return Err(Error::NoRows { zero, not_finite });
        }
        Ok(chosen)
    }

    /// The IDs of the rows.
    pub fn ids(&self) -> &[u32] {
        &self.ids
    }

    /// The rows of the list that have no direction.
    pub fn left_out(&self) -> LeftOut {
        self.left_out
    }

    /// The IDs of some of the rows, if they follow each other.
    fn as_range(&self, rows: Range<u64>) -> Option<Range<u64>> {
        let ids = &self.ids[rows.start as usize..rows.end as usize];
        let (Some(first), Some(last)) = (ids.first(), ids.last()) else { return Some(0..0) };
        let range = u64::from(*first)..u64::from(*last) + 1;
        (range.end - range.start == ids.len() as u64).then_some(range)
    }
}

impl Rows for Chosen<'_> {
    fn n_rows(&self) -> u64 {
        self.ids.len() as u64
    }

    fn dim(&self) -> usize {
        self.rows.dim()
    }

    fn row_bytes(&self) -> usize {
        self.rows.row_bytes()
    }

    fn estimator(&self) -> Option<Estimator> {
        self.rows.estimator()
    }

    fn read(&self, rows: Range<u64>, stored: &mut Vec<u8>) -> Result<(), ReadError> {
        if let Some(ids) = self.as_range(rows.clone()) {
            return self.rows.read(ids, stored);
        }
        stored.clear();
        let mut part = Vec::new();
        let ids = &self.ids[rows.start as usize..rows.end as usize];
        for run in ids.chunk_by(|a, b| a + 1 == *b) {
            self.rows.read(u64::from(run[0])..u64::from(run[0]) + run.len() as u64, &mut part)?;
            stored.extend_from_slice(&part);
        }
        Ok(())
    }

    fn mapped(&self, rows: Range<u64>) -> Option<&[u8]> {
        self.rows.mapped(self.as_range(rows)?)
    }

    fn release(&self, rows: Range<u64>) {
        if let Some(ids) = self.as_range(rows) {
            self.rows.release(ids);
        }
    }

    fn decode(&self, stored: &[u8], values: &mut [f32]) {
        self.rows.decode(stored, values);
    }
}
