//! One pass over the rows: what no row should be, and rows that are the same.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::Result;
use half::f16;

use super::stats;
use crate::cpu::Level;
use crate::embedding::Table;
use crate::similarity::{Rows as _, kernel};
use crate::threads::{self, Pieces};

/// As many rows as are compared with each other: 8 MiB of hashes.
pub const MOST_ROWS: u64 = 1 << BITS;
const BITS: u32 = 20;

/// As much as is read at a time; see the notes at the scan in `similarity`.
const PIECE_BYTES: usize = 1 << 18;
const PIECE_VALUES: usize = 1 << 16;

/// As many rows of a kind as are named.
const NAMED: usize = 16;

/// Rows that have something in common.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rows {
    /// How many.
    pub count: u64,
    /// The first few.
    pub first: Vec<u64>,
    /// How many of each kind of token; the kinds are the caller's.
    pub kinds: BTreeMap<&'static str, u64>,
}

impl Rows {
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

    /// Keeps the first few only.
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
    /// Rows with a NaN.
    pub nan: Rows,
    /// Rows with an infinity and no NaN.
    pub infinite: Rows,
    /// Rows of zeros.
    pub zero: Rows,
    /// Rows of one value that is not zero, over and over.
    pub constant: Rows,
    /// Rows that are the same as one before them, zeros aside; among the first
    /// [`MOST_ROWS`].
    pub repeated: Rows,
    /// The largest groups of such rows, largest first.
    pub duplicates: Vec<Duplicate>,
    /// Whether every value is one of BF16, and of F16.
    pub exact: Exact,
}

/// Narrower types that hold every value of a table exactly.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exact {
    /// BF16 does.
    pub bf16: bool,
    /// F16 does.
    pub f16: bool,
}

impl Default for Exact {
    fn default() -> Self {
        Self { bf16: true, f16: true }
    }
}

/// Looks at every row that is in the file. `kind` says what kind of token a
/// row has.
///
/// # Errors
/// Where rows can't be read.
pub fn survey(
    table: &Table,
    threads: usize,
    kind: &(dyn Fn(u64) -> &'static str + Sync),
) -> Result<Survey> {
    let present = table.rows_present();
    let compared = usize::try_from(present.min(MOST_ROWS))?;
    let hashes: Vec<AtomicU64> =
        std::iter::repeat_with(AtomicU64::default).take(compared).collect();
    let piece = (PIECE_BYTES / table.row_bytes() as usize).min(PIECE_VALUES / table.d_model());
    let pieces = Pieces::new(present, piece as u64);
    let parts = threads::each(threads, || {
        let mut pass = Pass { found: Survey::default(), level: Level::detect(), kind };
        let (mut stored, mut values) = (Vec::new(), Vec::new());
        while let Some(ids) = pieces.next() {
            table.read(ids.clone(), &mut stored)?;
            values.resize(stored.len() / table.row_bytes() as usize * table.d_model(), 0.0);
            table.decode(&stored, &mut values);
            let rows = values.chunks_exact(table.d_model());
            let stored = stored.chunks_exact(table.row_bytes() as usize);
            for ((id, row), stored) in ids.zip(rows).zip(stored) {
                let compared = pass.row(id, row);
                if let Some(hash) = hashes.get(id as usize) {
                    let hash_or_none = if compared { stats::hash(stored) | 1 << BITS } else { 0 };
                    hash.store(hash_or_none, Ordering::Relaxed);
                }
            }
        }
        Ok(pass.found)
    })?;
    let mut found = parts.into_iter().fold(Survey::default(), Survey::merge);
    let hashes = hashes.into_iter().map(AtomicU64::into_inner);
    repeated(table, hashes, kind, &mut found)?;
    Ok(found)
}

impl Survey {
    fn merge(mut self, other: Self) -> Self {
        self.nan.merge(other.nan);
        self.infinite.merge(other.infinite);
        self.zero.merge(other.zero);
        self.constant.merge(other.constant);
        self.exact.bf16 &= other.exact.bf16;
        self.exact.f16 &= other.exact.f16;
        self
    }
}

/// One thread's pass.
struct Pass<'a> {
    found: Survey,
    level: Level,
    kind: &'a (dyn Fn(u64) -> &'static str + Sync),
}

impl Pass<'_> {
    /// Looks at a row; whether it is one to compare with others.
    fn row(&mut self, id: u64, row: &[f32]) -> bool {
        let exact = &mut self.found.exact;
        // NaN has many forms, so none of them is called exact.
        let bf16 = |value: &f32| value.to_bits() & 0xffff == 0 && !value.is_nan();
        let f16 = |value: &f32| f16::from_f32(*value).to_f32() == *value;
        exact.bf16 = exact.bf16 && row.iter().all(bf16);
        exact.f16 = exact.f16 && row.iter().all(f16);
        // One sum tells most rows to be ordinary.
        let (_, square) = kernel::estimate(self.level, row, row);
        let odd = if !square.is_finite() && row.iter().any(|value| value.is_nan()) {
            &mut self.found.nan
        } else if !square.is_finite() && row.iter().any(|value| value.is_infinite()) {
            &mut self.found.infinite
        } else if square == 0.0 && row.iter().all(|value| *value == 0.0) {
            &mut self.found.zero
        } else if row.len() > 1 && row[1..].iter().all(|value| *value == row[0]) {
            self.found.constant.add(id, (self.kind)(id));
            return true;
        } else {
            return true;
        };
        odd.add(id, (self.kind)(id));
        false
    }
}

/// Finds rows that are the same, by their hashes first and then by their bytes.
fn repeated(
    table: &Table,
    hashes: impl Iterator<Item = u64>,
    kind: &dyn Fn(u64) -> &'static str,
    found: &mut Survey,
) -> Result<()> {
    const ID: u64 = MOST_ROWS - 1;
    // Rows of zeros have the hash 0, others never.
    let keys = (0..).zip(hashes).filter(|(_, hash)| *hash != 0);
    let mut keys: Vec<u64> = keys.map(|(id, hash)| hash & !ID | id).collect();
    keys.sort_unstable();
    let (mut same, mut other) = (Vec::new(), Vec::new());
    for group in keys.chunk_by(|a, b| a & !ID == b & !ID).filter(|group| group.len() > 1) {
        let first = group[0] & ID;
        table.read(one(first), &mut same)?;
        let mut duplicate = Duplicate { first: [first; 2], rows: 1 };
        for id in group[1..].iter().map(|key| key & ID) {
            table.read(one(id), &mut other)?;
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
    found.duplicates.sort_by_key(|group| (std::cmp::Reverse(group.rows), group.first));
    found.duplicates.truncate(NAMED);
    Ok(())
}

fn one(id: u64) -> Range<u64> {
    id..id + 1
}
