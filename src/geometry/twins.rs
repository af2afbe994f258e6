//! Rows that are the same as another, or nearly.
//!
//! Two rows with a cosine of 0.999 have nearly the same coordinates in the table's
//! leading directions. Rows with all of eight coordinates in one cell of a grid are
//! compared, in four grids that are shifted against each other, because a cell's edge
//! can lie between two such rows. One pair in a hundred may be missed.

use crate::cpu::{Level, at_each_level};
use crate::rows::{ReadError, Reader, Rows};
use crate::similarity::kernel;
use crate::stats::{is_usable, mix};
use crate::threads::{self, Pieces};

/// The leading coordinates of a row's direction that are compared.
pub(super) const COORDINATES: usize = 8;

pub(super) type Twins = Vec<[f32; COORDINATES]>;

/// Rows with at least this cosine are nearly the same.
const NEAR: f64 = 0.999;

/// The edge of a cell. Coordinates of such rows differ by 0.0018 if their difference has
/// no preferred direction, in 640 dimensions.
const CELL: f32 = 0.05;
const GRIDS: u64 = 4;

/// A row is compared with at most so many that share its cell.
const COMPARED: usize = 32;

/// A hash of stored bytes. Rows that hash alike are compared.
pub(super) fn hash(bytes: &[u8]) -> u64 {
    let (words, rest) = bytes.as_chunks::<8>();
    let mut last = [0; 8];
    last[..rest.len()].copy_from_slice(rest);
    let fold = |hash: u64, word: &[u8; 8]| {
        (hash ^ u64::from_le_bytes(*word)).wrapping_mul(0x9fb2_1c65_1e98_df25).rotate_left(31)
    };
    mix(words.iter().chain([&last]).fold(bytes.len() as u64, fold))
}

/// The leading directions, a column after the other.
pub(super) fn leading(vectors: &[Vec<f64>], dim: usize) -> Vec<[f32; COORDINATES]> {
    let one = |vector: usize, column: usize| vectors.get(vector).map_or(0.0, |x| x[column] as f32);
    (0..dim).map(|column| std::array::from_fn(|vector| one(vector, column))).collect()
}

at_each_level! {
    /// The dot products of a row with the leading directions.
    pub(super) fn along(
        row: &[f32],
        leading: &[[f32; COORDINATES]],
        out: &mut [f32; COORDINATES],
    ) = along_plain;
}

#[inline(always)]
fn along_plain(row: &[f32], leading: &[[f32; COORDINATES]], out: &mut [f32; COORDINATES]) {
    // A processor adds several sums at a time.
    const SUMS: usize = 4;
    let mut sums = [[0.0; COORDINATES]; SUMS];
    let ((row, row_rest), (leading, rest)) = (row.as_chunks::<SUMS>(), leading.as_chunks::<SUMS>());
    for (row, leading) in row.iter().zip(leading) {
        for i in 0..SUMS {
            for at in 0..COORDINATES {
                sums[i][at] += row[i] * leading[i][at];
            }
        }
    }
    for at in 0..COORDINATES {
        let rest: f32 = row_rest.iter().zip(rest).map(|(x, leading)| x * leading[at]).sum();
        out[at] = sums.iter().map(|sums| sums[at]).sum::<f32>() + rest;
    }
}

/// The number of rows that are the same as an earlier one, and of others that are nearly
/// the same as another. Rows of zeros and rows with NaN or infinity do not count.
pub(super) fn count(
    table: &dyn Rows,
    hashes: &[u64],
    norms: &[f64],
    twins: &Twins,
    threads: usize,
) -> Result<(u64, u64), ReadError> {
    let mut is_twin = vec![false; norms.len()];
    let repeated = repeated(table, hashes, norms, &mut is_twin)?;
    if twins.is_empty() {
        return Ok((repeated, 0));
    }
    let mut near =
        Nearness { reader: Reader::new(table), first: Vec::new(), level: Level::detect(), norms };
    let mut is_near = vec![false; norms.len()];
    let in_cells = |grid: std::ops::Range<u64>| {
        // No coordinate is below -1, so the numbers of cells are not negative.
        let offset = 1.0 / CELL + grid.start as f32 / GRIDS as f32;
        let key = |id: u32| {
            let cell = |x: &f32| (x / CELL + offset) as u64;
            twins[id as usize].iter().fold(0, |key, x| mix(key ^ cell(x)))
        };
        let ids = (0..norms.len() as u32)
            .filter(|id| is_usable(norms[*id as usize]) && !is_twin[*id as usize]);
        // The upper half of the key, and the row.
        let mut keys: Vec<u64> = ids.map(|id| key(id) >> 32 << 32 | u64::from(id)).collect();
        keys.sort_unstable();
        Ok(keys)
    };
    threads::to_caller(&Pieces::new(GRIDS, 1), threads, in_cells, |keys: Vec<u64>| {
        for cell in keys.chunk_by(|a, b| a >> 32 == b >> 32) {
            for (i, a) in cell.iter().enumerate() {
                for b in cell[i + 1..].iter().take(COMPARED) {
                    let (a, b) = (*a as u32 as usize, *b as u32 as usize);
                    let apart =
                        twins[a].iter().zip(&twins[b]).map(|(x, y)| (x - y).powi(2)).sum::<f32>();
                    if is_near[a] && is_near[b] || f64::from(apart) > 2.0 * (1.0 - NEAR) + 1e-5 {
                        continue;
                    }
                    if near.are(a, b)? {
                        (is_near[a], is_near[b]) = (true, true);
                    }
                }
            }
        }
        Ok(())
    })?;
    Ok((repeated, is_near.iter().filter(|near| **near).count() as u64))
}

struct Nearness<'a> {
    reader: Reader<'a>,
    first: Vec<f32>,
    level: Level,
    norms: &'a [f64],
}

impl Nearness<'_> {
    fn are(&mut self, a: usize, b: usize) -> Result<bool, ReadError> {
        let one = |id: usize| id as u64..id as u64 + 1;
        self.first.clear();
        self.first.extend_from_slice(self.reader.read(one(a))?);
        let second = self.reader.read(one(b))?;
        let metric = crate::similarity::Metric::Cosine;
        let (a, b) = ((&*self.first, self.norms[a]), (second, self.norms[b]));
        Ok(kernel::score(self.level, metric, a, b) >= NEAR)
    }
}

/// Counts the rows that are the same as an earlier one, byte for byte.
fn repeated(
    table: &dyn Rows,
    hashes: &[u64],
    norms: &[f64],
    is_twin: &mut [bool],
) -> Result<u64, ReadError> {
    let ids = (0..hashes.len()).filter(|id| is_usable(norms[*id]));
    let mut keys: Vec<(u64, usize)> = ids.map(|id| (hashes[id], id)).collect();
    keys.sort_unstable();
    let (mut first, mut other, mut found) = (Vec::new(), Vec::new(), 0);
    for group in keys.chunk_by(|a, b| a.0 == b.0).filter(|group| group.len() > 1) {
        let one = |at: usize| group[at].1 as u64..group[at].1 as u64 + 1;
        table.read(one(0), &mut first)?;
        for at in 1..group.len() {
            table.read(one(at), &mut other)?;
            if first == other {
                is_twin[group[at].1] = true;
                found += 1;
            }
        }
    }
    Ok(found)
}
