//! Whether the rows use all directions alike.
//!
//! Mu and Viswanath ("All-but-the-top", 2018): with Z(c) = Σ exp(c·x) over the rows x,
//! the least Z(c) over the largest, where c runs through the eigenvectors of the Gram
//! matrix, each with both signs. 1 is the same in all directions.
//!
//! A sample of the rows tells which directions can be the least or the largest, and Z is
//! computed over all rows for these alone.

use super::covariance::Directions;
use super::product::{Matrix, ROWS};
use crate::cpu::{Level, at_each_level};
use crate::rows::{ReadError, Reader, Rows};
use crate::stats::{Moments, sample};

/// The rows of the sample, and the longest rows, which can weigh more than all others.
const SAMPLED: u64 = 2048;
const LONGEST: usize = 256;
const SEED: u64 = 2018;

/// Directions are kept that come within so many standard errors of the extremes.
const ERRORS: f64 = 8.0;

/// The directions that can have the least or the largest Z, and the sums of each.
#[derive(Clone, Debug)]
pub(super) struct Candidates {
    /// Which of the eigenvectors.
    pub at: Vec<usize>,
    /// For each of them Z(c) and Z(-c).
    sums: Vec<[Exponentials; 2]>,
    n: u64,
}

/// A sum of exponentials, as a multiple of the largest.
#[derive(Clone, Copy, Debug)]
struct Exponentials {
    largest: f64,
    sum: f64,
}

impl Exponentials {
    const NONE: Self = Self { largest: f64::NEG_INFINITY, sum: 0.0 };

    fn add(&mut self, x: f64) {
        self.merge(Self { largest: x, sum: 1.0 });
    }

    fn merge(&mut self, other: Self) {
        if other.largest > self.largest {
            self.sum = self.sum * (self.largest - other.largest).exp() + other.sum;
            self.largest = other.largest;
        } else if other.sum > 0.0 {
            self.sum += other.sum * (other.largest - self.largest).exp();
        }
    }

    fn logarithm(self) -> f64 {
        self.largest + self.sum.ln()
    }
}

impl Candidates {
    pub fn among(
        table: &dyn Rows,
        directions: &Directions,
        norms: &[f64],
    ) -> Result<Self, ReadError> {
        let dim = table.dim();
        let mut longest: Vec<usize> =
            (0..norms.len()).filter(|id| norms[*id].is_finite()).collect();
        let by_norm = |a: &usize, b: &usize| norms[*b].total_cmp(&norms[*a]).then(a.cmp(b));
        if longest.len() > LONGEST {
            longest.select_nth_unstable_by(LONGEST, by_norm);
            longest.truncate(LONGEST);
        }
        longest.sort_unstable();
        let n = norms.len() as u64;
        let drawn = sample(n, SAMPLED, SEED).into_iter().map(|id| id as usize);
        let drawn = drawn.filter(|id| norms[*id].is_finite() && longest.binary_search(id).is_err());
        let ids: Vec<usize> = drawn.chain(longest.iter().copied()).collect();
        let drawn = ids.len() - longest.len();
        let others = norms.iter().filter(|norm| norm.is_finite()).count() - longest.len();
        // Exponents are taken relative to the largest possible.
        let most = longest.iter().map(|id| norms[*id]).fold(0.0, f64::max);
        let mut vectors = Matrix::zeros(dim, dim);
        for (at, vector) in directions.vectors.iter().enumerate() {
            vectors.set_column(at, vector, 1.0);
        }
        let (zeros, mut rows, mut along) = (vec![0.0; dim], Vec::new(), Vec::new());
        let mut reader = Reader::new(table);
        // For each direction and each sign: Z over the drawn rows, and over the longest.
        let mut sums = vec![[(Moments::default(), 0.0); 2]; dim];
        for (run, ids) in ids.chunks(ROWS).enumerate() {
            rows.clear();
            for id in ids {
                rows.extend_from_slice(reader.read(*id as u64..*id as u64 + 1)?);
            }
            vectors.multiply(Level::detect(), &rows, &zeros, &mut along);
            for (at, along) in (run * ROWS..).zip(along.chunks_exact(dim)) {
                for (sums, x) in sums.iter_mut().zip(along) {
                    for ((z, of_longest), sign) in sums.iter_mut().zip([1.0, -1.0]) {
                        let own = (sign * x - most).exp();
                        if at < drawn { z.add(own) } else { *of_longest += own }
                    }
                }
            }
        }
        let others = others as f64;
        let estimate = |(drawn, longest): (Moments, f64)| {
            let error = drawn.sd() / (drawn.n().max(1) as f64).sqrt();
            (drawn.mean() * others + longest, ERRORS * error * others)
        };
        let estimates: Vec<[(f64, f64); 2]> =
            sums.into_iter().map(|signs| signs.map(estimate)).collect();
        let all = || estimates.iter().flatten();
        let lowest = all().map(|(z, error)| z + error).fold(f64::INFINITY, f64::min);
        let highest = all().map(|(z, error)| z - error).fold(0.0, f64::max);
        let can_be = |(z, error): &(f64, f64)| z - error <= lowest || z + error >= highest;
        let at: Vec<usize> =
            (0..estimates.len()).filter(|at| estimates[*at].iter().any(can_be)).collect();
        Ok(Self { sums: vec![[Exponentials::NONE; 2]; at.len()], at, n: 0 })
    }

    /// Adds a row, given by its products with the candidates' vectors.
    pub fn add(&mut self, along: impl Iterator<Item = f64>) {
        self.n += 1;
        for ([plus, minus], x) in self.sums.iter_mut().zip(along) {
            plus.add(x);
            minus.add(-x);
        }
    }

    pub fn merge(&mut self, other: &Self) {
        self.n += other.n;
        for (own, other) in self.sums.as_flattened_mut().iter_mut().zip(other.sums.as_flattened()) {
            own.merge(*other);
        }
    }

    pub fn n(&self) -> u64 {
        self.n
    }

    /// The least Z over the largest.
    pub fn ratio(&self) -> f64 {
        let logarithms = || self.sums.as_flattened().iter().map(|sum| sum.logarithm());
        let (least, most) = (
            logarithms().fold(f64::INFINITY, f64::min),
            logarithms().fold(f64::NEG_INFINITY, f64::max),
        );
        (least - most).exp()
    }
}

at_each_level! {
    /// The dot product of a row with a direction.
    pub(super) fn along(row: &[f32], direction: &[f64]) -> f64 = along_plain;
}

#[inline(always)]
fn along_plain(row: &[f32], direction: &[f64]) -> f64 {
    const LANES: usize = 32;
    let mut sums = [0.0; LANES];
    let ((row, row_rest), (direction, rest)) =
        (row.as_chunks::<LANES>(), direction.as_chunks::<LANES>());
    for (row, direction) in row.iter().zip(direction) {
        for i in 0..LANES {
            sums[i] += f64::from(row[i]) * direction[i];
        }
    }
    let mut width = LANES / 2;
    while width > 0 {
        for i in 0..width {
            sums[i] += sums[i + width];
        }
        width /= 2;
    }
    let rest: f64 = row_rest.iter().zip(rest).map(|(x, y)| f64::from(*x) * y).sum();
    sums[0] + rest
}
