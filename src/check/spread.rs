//! How the rows of a table are spread: rows far outside, and groups of rows that
//! have collapsed to one direction.
//!
//! A sample gives the centre, and how far apart rows usually are. The pass over
//! all rows then notes of each row its norm, its distance from the centre, and
//! eight coordinates of its direction, in steps of the table's own deviation.
//! Limits are relative to this table, except the factor of two and the smallest
//! group (8 rows):
//!
//! | what | limit |
//! |---|---|
//! | far outside | beyond the 1 % and 99 % quantiles by more than what lies between them, in logarithms, and by a factor of two; rows beyond an empty gap of a factor of two are left out of the quantiles, up to a third of all |
//! | collapsed | `1 - cosine` to the first row of the group below a 50th of the median over sampled pairs |
//!
//! Rows of one direction have nearly the same eight coordinates, so they are found
//! by sorting: groups in nearly linear time (locality-sensitive hashing, Datar and
//! others 2004).

use std::sync::atomic::{AtomicU64, Ordering};

use hashbrown::HashSet;

use crate::cpu::Level;
use crate::rows::{ReadError, Reader, Rows};
use crate::similarity::{self, kernel};
use crate::stats::{Moments, is_usable, mix, quantile, sample};

/// Rows of the sample at most, their values in all at most, and at least so many
/// usable rows.
const SAMPLE: u64 = 4096;
const VALUES: u64 = 1 << 22;
const FEWEST: usize = 100;

/// The coordinates of a direction, and their steps per standard deviation.
const COORDINATES: usize = 8;
const STEPS: f32 = 8.0;

/// A bin is so many steps wide: half a deviation.
const BIN: i32 = 4;

/// Rows of a group differ in a coordinate by a fifth of a deviation; four times that
/// leaves nobody out.
const AWAY: u8 = 7;

/// Rows are one direction if they are nearer than this share of what is usual.
const NEAR: f64 = 1.0 / 50.0;

/// A group has at least so many rows: some words have a few spellings.
const GROUP: usize = 8;

/// At most this many bins are looked into, and this many groups are told.
const BINS: usize = 256;
const GROUPS: usize = 8;

/// What a sample tells of a table.
pub(super) struct Spread {
    level: Level,
    centre: Vec<f32>,
    /// 1 or -1 for each column, drawn at random.
    signs: Vec<f32>,
    /// The mean of each coordinate, and its standard deviation.
    coordinates: [(f32, f32); COORDINATES],
    /// The median of `1 - cosine` of two rows; `None` where most rows have others
    /// near them by chance.
    apart: Option<f64>,
}

/// What the pass notes of the rows.
pub(super) struct Places {
    /// Norm and distance from the centre, as bits; all bits set for other rows.
    sizes: Vec<AtomicU64>,
    directions: Vec<AtomicU64>,
}

/// Where the values of most rows lie.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Limits {
    /// The 1 % quantile, the median and the 99 % quantile.
    pub quantiles: [f64; 3],
    /// Values outside are far outside.
    pub limits: [f64; 2],
}

/// A row that lies far outside.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Outlier {
    /// The row.
    pub id: u64,
    /// Its norm.
    pub norm: f64,
    /// Its distance from the mean of all rows.
    pub distance: f64,
    /// Whether one of them is too large, not too small.
    pub is_high: bool,
}

/// Rows that lie far outside, ascending.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Outliers {
    /// Where most norms lie.
    pub norm: Limits,
    /// Where most distances from the centre lie.
    pub distance: Limits,
    /// The rows outside.
    pub rows: Vec<Outlier>,
}

impl Places {
    pub(super) fn of(n: usize) -> Self {
        let of = |bits: u64| std::iter::repeat_with(|| AtomicU64::new(bits)).take(n).collect();
        Self { sizes: of(u64::MAX), directions: of(0) }
    }

    /// The norm and the distance of a row.
    fn size(&self, id: usize) -> Option<[f32; 2]> {
        let bits = self.sizes[id].load(Ordering::Relaxed);
        let parts = [(bits >> 32) as u32, bits as u32].map(f32::from_bits);
        (bits != u64::MAX).then_some(parts)
    }

    /// The norm of each row; NaN where there is none.
    pub(super) fn norms(&self) -> Vec<f32> {
        (0..self.sizes.len()).map(|id| self.size(id).map_or(f32::NAN, |size| size[0])).collect()
    }

    fn direction(&self, id: usize) -> [i8; COORDINATES] {
        self.directions[id].load(Ordering::Relaxed).to_le_bytes().map(|byte| byte as i8)
    }
}

impl Spread {
    /// Reads a sample. `None` if there are too few rows to say what is usual.
    pub(super) fn of(rows: &dyn Rows, n_rows: u64) -> Result<Option<Self>, ReadError> {
        let (dim, level) = (rows.dim(), Level::detect());
        if dim < COORDINATES {
            return Ok(None);
        }
        let mut reader = Reader::new(rows);
        let signs: Vec<f32> =
            (0..dim as u64).map(|i| if mix(i) & 1 == 0 { 1.0 } else { -1.0 }).collect();
        let (mut values, mut norms) = (Vec::new(), Vec::new());
        for id in sample(n_rows, SAMPLE.min(VALUES / dim as u64), 23) {
            let row = reader.read(id..id + 1)?;
            let norm = similarity::norm(row);
            if is_usable(norm) {
                values.extend_from_slice(row);
                norms.push(norm);
            }
        }
        let n = norms.len();
        if n < FEWEST {
            return Ok(None);
        }
        let row = |i: usize| &values[i * dim..][..dim];
        // Rows far outside must not pull the centre.
        let mut logs: Vec<f64> = norms.iter().map(|norm| norm.ln()).collect();
        let logs = together(&mut logs);
        let usual = [0.01, 0.99].map(|share| quantile(logs, share).unwrap_or(0.0));
        let (mut centre, mut used) = (vec![0.0_f64; dim], 0.0);
        let mut coordinates: [Vec<f64>; COORDINATES] = Default::default();
        for i in (0..n).filter(|i| (usual[0]..=usual[1]).contains(&norms[*i].ln())) {
            used += 1.0;
            centre.iter_mut().zip(row(i)).for_each(|(sum, x)| *sum += f64::from(*x));
            for (all, sum) in coordinates.iter_mut().zip(signed_sums(row(i), &signs)) {
                all.push(f64::from(sum) / norms[i]);
            }
        }
        let cosine = |i: usize, j: usize| similarity::dot(row(i), row(j)) / (norms[i] * norms[j]);
        // Neighbours in a file may be alike, so a row is compared with one far away.
        let mut apart: Vec<f64> = (0..n / 2).map(|i| 1.0 - cosine(i, i + n / 2)).collect();
        let apart = quantile(&mut apart, 0.5).filter(|apart| *apart > 0.0);
        let apart = apart.filter(|apart| {
            let few: Vec<usize> = (0..n).step_by(n.div_ceil(256)).collect();
            let has_near =
                |i: &&usize| few.iter().any(|j| *j != **i && 1.0 - cosine(**i, *j) < NEAR * apart);
            2 * few.iter().filter(has_near).count() < few.len()
        });
        Ok(Some(Self {
            level,
            centre: centre.into_iter().map(|sum| (sum / used) as f32).collect(),
            signs,
            coordinates: coordinates.map(|it| {
                Moments::of(&it)
                    .map_or((0.0, 1.0), |it| (it.mean() as f32, it.sd().max(1e-12) as f32))
            }),
            apart,
        }))
    }

    /// Notes where a row of finite values lies. `square` is its sum of squares.
    pub(super) fn note(&self, places: &Places, id: u64, row: &[f32], square: f32) {
        let Some(id) = usize::try_from(id).ok().filter(|id| *id < places.sizes.len()) else {
            return;
        };
        let mut norm = square.sqrt();
        if !is_usable(norm.into()) {
            norm = similarity::norm(row) as f32;
        }
        if !is_usable(norm.into()) {
            return;
        }
        let distance = distance(row, &self.centre);
        let bits = u64::from(norm.to_bits()) << 32 | u64::from(distance.to_bits());
        places.sizes[id].store(bits, Ordering::Relaxed);
        if self.apart.is_some() {
            let sums = signed_sums(row, &self.signs);
            let mut steps = [0; COORDINATES];
            for ((step, sum), (mean, sd)) in steps.iter_mut().zip(sums).zip(self.coordinates) {
                let of_sd = (sum / norm - mean) / sd * STEPS;
                *step = (of_sd.round().clamp(-127.0, 127.0) as i8) as u8;
            }
            places.directions[id].store(u64::from_le_bytes(steps), Ordering::Relaxed);
        }
    }

    /// The rows that lie far outside.
    pub(super) fn outliers(&self, places: &Places) -> Outliers {
        let sizes: Vec<(u64, [f32; 2])> =
            (0..places.sizes.len()).filter_map(|id| Some((id as u64, places.size(id)?))).collect();
        let limits = |which: usize| {
            let mut logs: Vec<f64> =
                sizes.iter().map(|(_, size)| f64::from(size[which]).max(1e-30).ln()).collect();
            let logs = together(&mut logs);
            let mut at = |share| quantile(logs, share).unwrap_or(0.0);
            let [low, median, high] = [at(0.01), at(0.5), at(0.99)];
            let away = (high - low).max(std::f64::consts::LN_2);
            Limits {
                quantiles: [low, median, high].map(f64::exp),
                limits: [low - away, high + away].map(f64::exp),
            }
        };
        if sizes.len() < FEWEST {
            return Outliers::default();
        }
        let (norm, distance) = (limits(0), limits(1));
        let rows = sizes.iter().filter_map(|(id, size)| {
            let [n, d] = size.map(f64::from);
            let is_low = n < norm.limits[0] || d < distance.limits[0];
            let is_high = n > norm.limits[1] || d > distance.limits[1];
            (is_low || is_high).then_some(Outlier { id: *id, norm: n, distance: d, is_high })
        });
        Outliers { norm, distance, rows: rows.collect() }
    }

    /// Groups of rows in one direction, the largest first; the rows of each
    /// ascending. `hash` tells rows that are the same apart from those that are not.
    pub(super) fn collapsed(
        &self,
        rows: &dyn Rows,
        places: &Places,
        hash: &dyn Fn(u64) -> u64,
    ) -> Result<Vec<Vec<u64>>, ReadError> {
        let Some(apart) = self.apart else { return Ok(Vec::new()) };
        let bin = |steps: [i8; COORDINATES]| {
            u64::from_le_bytes(steps.map(|it| ((i32::from(it) + BIN / 2).div_euclid(BIN)) as u8))
        };
        let mut bins: Vec<(u64, u64)> = (0..places.sizes.len())
            .filter(|id| places.size(*id).is_some())
            .map(|id| (bin(places.direction(id)), id as u64))
            .collect();
        bins.sort_unstable();
        let mut full: Vec<&[(u64, u64)]> =
            bins.chunk_by(|a, b| a.0 == b.0).filter(|bin| bin.len() >= GROUP / 2).collect();
        full.sort_by_key(|bin| (std::cmp::Reverse(bin.len()), bin[0].1));
        full.truncate(BINS);

        let mut near = Near {
            rows,
            level: self.level,
            least: 1.0 - NEAR * apart,
            leader: Vec::new(),
            norm: 0.0,
        };
        let mut grouped: HashSet<u64> = HashSet::new();
        let mut groups: Vec<Vec<u64>> = Vec::new();
        for bin in full {
            let few: Vec<u64> = bin.iter().map(|(_, id)| *id).take(2 * GROUP).collect();
            for leader in few.iter().step_by(few.len().div_ceil(3)) {
                if groups.len() == GROUPS || grouped.contains(leader) {
                    break;
                }
                near.lead(*leader)?;
                let mut with = 0;
                for id in &few {
                    with += usize::from(near.has(*id)?);
                }
                if with < GROUP / 2 {
                    continue;
                }
                let at = places.direction(*leader as usize);
                let mut group = Vec::new();
                for id in 0..places.sizes.len() {
                    let steps = places.direction(id);
                    let is_close = at.iter().zip(&steps).all(|(a, b)| a.abs_diff(*b) <= AWAY);
                    if is_close && places.size(id).is_some() && near.has(id as u64)? {
                        group.push(id as u64);
                    }
                }
                // Rows that are the same are told as such.
                let hashes: HashSet<u64> = group.iter().map(|id| hash(*id)).collect();
                grouped.extend(&group);
                if group.len() >= GROUP && 2 * hashes.len() > group.len() {
                    groups.push(group);
                }
            }
        }
        groups.sort_by_key(|group| (std::cmp::Reverse(group.len()), group[0]));
        Ok(groups)
    }
}

/// A row, and which others lie in its direction.
struct Near<'a> {
    rows: &'a dyn Rows,
    level: Level,
    least: f64,
    leader: Vec<f32>,
    norm: f64,
}

impl Near<'_> {
    fn lead(&mut self, id: u64) -> Result<(), ReadError> {
        self.leader = Reader::new(self.rows).read(id..id + 1)?.to_vec();
        self.norm = similarity::norm(&self.leader);
        Ok(())
    }

    fn has(&self, id: u64) -> Result<bool, ReadError> {
        let mut reader = Reader::new(self.rows);
        let (product, square) =
            kernel::estimate(self.level, reader.read(id..id + 1)?, &self.leader);
        Ok(f64::from(product) > self.least * f64::from(square).sqrt() * self.norm)
    }
}

/// Sorts logarithms, and gives those that lie between the innermost gaps of a factor
/// of two in the lowest and the highest third: many rows far outside must not move
/// the quantiles.
fn together(logs: &mut [f64]) -> &mut [f64] {
    logs.sort_unstable_by(f64::total_cmp);
    let (n, is_gap) = (logs.len(), |pair: &[f64]| pair[1] - pair[0] > std::f64::consts::LN_2);
    let above = logs[n - n / 3..].windows(2).position(is_gap);
    let below = logs[..n / 3].windows(2).rposition(is_gap);
    let end = above.map_or(n, |i| n - n / 3 + i + 1);
    &mut logs[below.map_or(0, |i| i + 1)..end]
}

/// The sums over eighths of the columns, each value with its sign.
fn signed_sums(row: &[f32], signs: &[f32]) -> [f32; COORDINATES] {
    let each = row.len().div_ceil(COORDINATES);
    let mut sums = [0.0; COORDINATES];
    for ((sum, row), signs) in sums.iter_mut().zip(row.chunks(each)).zip(signs.chunks(each)) {
        *sum = in_lanes(row, signs, |x, sign| x * sign);
    }
    sums
}

/// The Euclidean distance of two rows.
fn distance(a: &[f32], b: &[f32]) -> f32 {
    in_lanes(a, b, |a, b| (a - b) * (a - b)).sqrt()
}

/// A sum over two rows, in eight lanes.
fn in_lanes(a: &[f32], b: &[f32], each: impl Fn(f32, f32) -> f32) -> f32 {
    let ((a, a_rest), (b, b_rest)) = (a.as_chunks::<8>(), b.as_chunks::<8>());
    let mut lanes = [0.0_f32; 8];
    for (a, b) in a.iter().zip(b) {
        for i in 0..8 {
            lanes[i] += each(a[i], b[i]);
        }
    }
    let rest: f32 = a_rest.iter().zip(b_rest).map(|(a, b)| each(*a, *b)).sum();
    lanes.iter().sum::<f32>() + rest
}
