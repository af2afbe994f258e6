//! One pass over the rows of a table: rows that are not ordinary numbers, rows
//! that are the same, and values that a narrower type holds exactly.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};

use half::f16;

use super::hash::hash;
use super::spread::{Outliers, Places, Spread};
use crate::cpu::Level;
use crate::embedding::Table;
use crate::rows::{Pass, ReadError, Rows};
use crate::similarity::kernel;

/// At most this many rows are compared with each other. Their hashes take 8 MiB.
pub const MOST_ROWS: u64 = 1 << BITS;
const BITS: u32 = 20;

/// At most this many rows of a kind are named.
const NAMED: usize = 10_000;

/// At most this many groups of duplicates are named.
const GROUPS: usize = 16;

/// A kind of row: how many there are, and which.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RowCount {
    /// The number of rows.
    pub count: u64,
    /// The lowest IDs, ascending.
    pub first: Vec<u64>,
    /// The number of rows by kind of token. The caller names these kinds.
    pub kinds: BTreeMap<&'static str, u64>,
}

impl RowCount {
    fn add(&mut self, id: u64, kind: &'static str) {
        self.count += 1;
        *self.kinds.entry(kind).or_default() += 1;
        self.first.push(id);
        if self.first.len() >= 4 * NAMED {
            self.settle();
        }
    }

    fn merge(&mut self, other: Self) {
        self.count += other.count;
        for (kind, count) in other.kinds {
            *self.kinds.entry(kind).or_default() += count;
        }
        self.first.extend(other.first);
        self.settle();
    }

    /// Keeps only the lowest IDs.
    fn settle(&mut self) {
        self.first.sort_unstable();
        self.first.truncate(NAMED);
    }
}

/// Rows that are the same, byte for byte.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Duplicate {
    /// The first of them, and the second.
    pub first: [u64; 2],
    /// How many there are.
    pub rows: u64,
}

/// What a pass over the rows finds.
#[derive(Debug, Default)]
pub struct Survey {
    /// Rows with a NaN and no infinity.
    pub nan: RowCount,
    /// Rows with an infinity. An infinite scale makes NaN of the zeros of its block, so
    /// a row may have both.
    pub infinite: RowCount,
    /// Rows of zeros.
    pub zero: RowCount,
    /// Rows in which all values are the same, and not zero.
    pub constant: RowCount,
    /// Rows that are the same as an earlier row, rows of zeros excepted. Only the
    /// first [`MOST_ROWS`] rows are compared.
    pub repeated: RowCount,
    /// The largest groups of such rows, largest first.
    pub duplicates: Vec<Duplicate>,
    /// Rows that ggml's quantiser can't have written.
    pub unlike_ggml: RowCount,
    /// The narrower types that hold every value exactly.
    pub exact: Exact,
    /// The norms of the rows, NaN where there is none; empty if there are too few rows.
    pub norms: Vec<f32>,
    /// Rows far outside.
    pub outliers: Outliers,
    /// Groups of rows in one direction that are not the same.
    pub collapsed: Vec<Vec<u64>>,
}

/// Narrower types that hold every value of a table exactly.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exact {
    /// Whether BF16 does.
    pub bf16: bool,
    /// Whether F16 does.
    pub f16: bool,
}

impl Default for Exact {
    fn default() -> Self {
        Self { bf16: true, f16: true }
    }
}

/// Looks at the first `n_rows` rows. `kind` names the kind of token that a row
/// has.
///
/// # Errors
/// When rows can't be read.
pub fn survey(
    table: &Table,
    n_rows: u64,
    threads: usize,
    kind: &(dyn Fn(u64) -> &'static str + Sync),
) -> Result<Survey, ReadError> {
    let compared = n_rows.min(MOST_ROWS) as usize;
    let hashes: Vec<AtomicU64> =
        std::iter::repeat_with(AtomicU64::default).take(compared).collect();
    let level = Level::detect();
    let spread = Spread::of(table, n_rows)?;
    let places = Places::of(if spread.is_some() { compared } else { 0 });
    let parts = Pass::new(table, n_rows, threads).fold(Survey::default, |found, run| {
        for ((id, row), stored) in run.rows().zip(run.stored.chunks_exact(table.row_bytes())) {
            let (compared, square) = found.look_at(level, id, row, kind);
            if compared && !table.format().can_be_ggmls(stored) {
                found.unlike_ggml.add(id, kind(id));
            }
            if let Some(of_row) = hashes.get(id as usize) {
                let hash_or_none = if compared { hash(stored) | 1 << BITS } else { 0 };
                of_row.store(hash_or_none, Ordering::Relaxed);
            }
            if let Some(spread) = spread.as_ref().filter(|_| compared) {
                spread.note(&places, id, row, square);
            }
        }
    })?;
    let mut found = parts.into_iter().fold(Survey::default(), Survey::merge);
    let hashes: Vec<u64> = hashes.into_iter().map(AtomicU64::into_inner).collect();
    if let Some(spread) = spread {
        found.norms = places.norms();
        found.outliers = spread.outliers(&places);
        found.collapsed = spread.collapsed(table, &places, &|id| hashes[id as usize])?;
    }
    repeated(table, hashes.into_iter(), kind, &mut found)?;
    Ok(found)
}

impl Survey {
    fn merge(mut self, other: Self) -> Self {
        self.nan.merge(other.nan);
        self.infinite.merge(other.infinite);
        self.zero.merge(other.zero);
        self.constant.merge(other.constant);
        self.unlike_ggml.merge(other.unlike_ggml);
        self.exact.bf16 &= other.exact.bf16;
        self.exact.f16 &= other.exact.f16;
        self
    }

    /// Looks at a row. Returns whether to compare it with others, and its sum of
    /// squares.
    fn look_at(
        &mut self,
        level: Level,
        id: u64,
        row: &[f32],
        kind: &dyn Fn(u64) -> &'static str,
    ) -> (bool, f32) {
        let exact = &mut self.exact;
        // NaN has many bit patterns, so no NaN counts as exact.
        let bf16 = |value: &f32| value.to_bits() & 0xffff == 0 && !value.is_nan();
        let f16 = |value: &f32| f16::from_f32(*value).to_f32() == *value;
        exact.bf16 = exact.bf16 && row.iter().all(bf16);
        exact.f16 = exact.f16 && row.iter().all(f16);
        // The sum of squares alone shows that most rows are ordinary.
        let (_, square) = kernel::estimate(level, row, row);
        let odd = if !square.is_finite() && row.iter().any(|value| value.is_infinite()) {
            &mut self.infinite
        } else if !square.is_finite() && row.iter().any(|value| value.is_nan()) {
            &mut self.nan
        } else if square == 0.0 && row.iter().all(|value| *value == 0.0) {
            &mut self.zero
        } else if row.len() > 1 && row[1..].iter().all(|value| *value == row[0]) {
            self.constant.add(id, kind(id));
            return (true, square);
        } else {
            return (true, square);
        };
        odd.add(id, kind(id));
        (false, square)
    }
}

/// Finds rows that are the same: by their hashes first, then by their bytes.
fn repeated(
    rows: &dyn Rows,
    hashes: impl Iterator<Item = u64>,
    kind: &dyn Fn(u64) -> &'static str,
    found: &mut Survey,
) -> Result<(), ReadError> {
    const ID: u64 = MOST_ROWS - 1;
    // A row that is not compared has the hash 0; no other row has.
    let keys = (0..).zip(hashes).filter(|(_, hash)| *hash != 0);
    let mut keys: Vec<u64> = keys.map(|(id, hash)| hash & !ID | id).collect();
    keys.sort_unstable();
    let (mut same, mut other) = (Vec::new(), Vec::new());
    for group in keys.chunk_by(|a, b| a & !ID == b & !ID).filter(|group| group.len() > 1) {
        let first = group[0] & ID;
        rows.read(one(first), &mut same)?;
        let mut duplicate = Duplicate { first: [first; 2], rows: 1 };
        for id in group[1..].iter().map(|key| key & ID) {
            rows.read(one(id), &mut other)?;
            if same == other {
                found.repeated.add(id, kind(id));
                duplicate.rows += 1;
                duplicate.first[1] = if duplicate.rows == 2 { id } else { duplicate.first[1] };
            }
        }
        if duplicate.rows > 1 {
            found.duplicates.push(duplicate);
        }
    }
    found.repeated.settle();
    found.duplicates.sort_by_key(|group| (Reverse(group.rows), group.first));
    found.duplicates.truncate(GROUPS);
    Ok(())
}

fn one(id: u64) -> Range<u64> {
    id..id + 1
}
