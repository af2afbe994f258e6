//! Rows that are the same as another, or nearly.
//!
//! Two rows with a cosine of 0.999 have nearly the same coordinates in the table's
//! leading directions. Rows with all of eight coordinates in one cell of a grid are
//! compared, in four grids that are shifted against each other, because a cell's edge
//! can lie between two such rows. One pair in a hundred may be missed.

use std::sync::atomic::{AtomicBool, Ordering};

use crate::cpu::{Algorithm, Level, Vector, with_vectors};
use crate::rows::{ReadError, Reader, Rows};
use crate::similarity::{Metric, kernel};
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

/// The leading directions. Those that a narrow table does not have are zeros.
pub(super) fn leading(vectors: &[Vec<f64>], dim: usize) -> [Vec<f32>; COORDINATES] {
    std::array::from_fn(|at| {
        vectors.get(at).map_or(vec![0.0; dim], |it| it.iter().map(|x| *x as f32).collect())
    })
}

/// The dot products of a row with the leading directions, with the same bits on every
/// processor.
pub(super) fn along(
    level: Level,
    row: &[f32],
    leading: &[Vec<f32>; COORDINATES],
) -> [f32; COORDINATES] {
    let mut out = [0.0; COORDINATES];
    with_vectors(level, Along { row, leading, out: &mut out });
    out
}

struct Along<'a> {
    row: &'a [f32],
    leading: &'a [Vec<f32>; COORDINATES],
    out: &'a mut [f32; COORDINATES],
}

impl Algorithm for Along<'_> {
    #[inline(always)]
    fn run(self, v: impl Vector) {
        let n = self.row.len() / 16;
        let mut sums = [v.floats(&[0.0; 16]); COORDINATES];
        for at in 0..n {
            let row = v.floats(&self.row.as_chunks().0[at]);
            for (sum, direction) in sums.iter_mut().zip(self.leading) {
                *sum = v.unfused(*sum, row, v.floats(&direction.as_chunks().0[at]));
            }
        }
        for ((out, sum), direction) in self.out.iter_mut().zip(sums).zip(self.leading) {
            let rest = self.row[n * 16..].iter().zip(&direction[n * 16..]);
            let rest: f32 = rest.map(|(x, y)| x * y).sum();
            *out = v.stored_floats(sum).iter().sum::<f32>() + rest;
        }
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
    let is_near: Vec<_> = norms.iter().map(|_| AtomicBool::new(false)).collect();
    let are_near =
        |a: u32, b: u32| [a, b].iter().all(|id| is_near[*id as usize].load(Ordering::Relaxed));
    let (grids, level) = (Pieces::new(GRIDS, 1), Level::detect());
    threads::each(grids.threads(threads), || {
        let mut near =
            Nearness { reader: Reader::new(table), first: (None, Vec::new()), level, norms };
        while let Some(grid) = grids.next() {
            for cell in cells(grid.start, norms, &is_twin, twins).chunk_by(|a, b| a.0 == b.0) {
                for (i, (_, a)) in cell.iter().enumerate() {
                    for (_, b) in cell[i + 1..].iter().take(COMPARED) {
                        let [x, y] = [a, b].map(|id| &twins[*id as usize]);
                        let apart = x.iter().zip(y).map(|(x, y)| (x - y).powi(2)).sum::<f32>();
                        // Coordinates of huge rows can be NaN, which says nothing.
                        let is_far = f64::from(apart) > 2.0 * (1.0 - NEAR) + 1e-5;
                        if !is_far && !are_near(*a, *b) && near.are(*a, *b)? {
                            for id in [a, b] {
                                is_near[*id as usize].store(true, Ordering::Relaxed);
                            }
                        }
                    }
                }
            }
        }
        Ok(())
    })?;
    Ok((repeated, is_near.iter().filter(|near| near.load(Ordering::Relaxed)).count() as u64))
}

/// The cell (a hash) and the ID of each row that has a direction and is not the same as an
/// earlier one, sorted.
fn cells(grid: u64, norms: &[f64], is_twin: &[bool], twins: &Twins) -> Vec<(u32, u32)> {
    // No coordinate is below -1, so the numbers of cells are not negative.
    let offset = 1.0 / CELL + grid as f32 / GRIDS as f32;
    let cell = |id: u32| {
        let cell = |x: &f32| (x / CELL + offset) as u64;
        (twins[id as usize].iter().fold(0, |key, x| mix(key ^ cell(x))) >> 32) as u32
    };
    let ids = (0..norms.len() as u32)
        .filter(|id| is_usable(norms[*id as usize]) && !is_twin[*id as usize]);
    let mut cells: Vec<(u32, u32)> = ids.map(|id| (cell(id), id)).collect();
    cells.sort_unstable();
    cells
}

struct Nearness<'a> {
    reader: Reader<'a>,
    /// The first row of the last pair.
    first: (Option<u32>, Vec<f32>),
    level: Level,
    norms: &'a [f64],
}

impl Nearness<'_> {
    fn are(&mut self, a: u32, b: u32) -> Result<bool, ReadError> {
        let one = |id: u32| u64::from(id)..u64::from(id) + 1;
        if self.first.0 != Some(a) {
            self.first.1.clear();
            self.first.1.extend_from_slice(self.reader.read(one(a))?);
            self.first.0 = Some(a);
        }
        let second = self.reader.read(one(b))?;
        let [a, b] =
            [(&*self.first.1, a), (second, b)].map(|(row, id)| (row, self.norms[id as usize]));
        Ok(kernel::score(self.level, Metric::Cosine, a, b) >= NEAR)
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
