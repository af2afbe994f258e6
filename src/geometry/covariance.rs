//! The mean of the rows, how they spread around it, and in which directions.

use nalgebra::DMatrix;

use super::gram::{self, Gram};
use super::spectrum::Spectrum;
use crate::cpu::{Level, at_each_level};
use crate::rows::{ReadError, Rows};
use crate::similarity::kernel;

/// Sums over the rows of a table, from which all of this follows.
#[derive(Clone, Debug, PartialEq)]
pub struct Covariance {
    /// The number of rows.
    pub n: u64,
    /// The mean row.
    pub mean: Vec<f64>,
    /// The Gram matrix of the centred rows, row after row: n times their covariance.
    pub centred: Vec<f64>,
}

impl Covariance {
    /// The covariance of the first `n_rows` rows. Rows with a NaN or an infinity are left
    /// out.
    ///
    /// # Errors
    /// When rows can't be read.
    pub fn of(rows: &dyn Rows, n_rows: u64, threads: usize) -> Result<Self, ReadError> {
        let (mean, gram) = sums(rows, n_rows, threads, true)?;
        Ok(Self::from_gram(gram.into_matrix(), mean.0, &mean.1))
    }

    /// The mean of the first `n_rows` rows. Rows with a NaN or an infinity are left out.
    ///
    /// # Errors
    /// When rows can't be read.
    pub fn mean(rows: &dyn Rows, n_rows: u64, threads: usize) -> Result<Vec<f64>, ReadError> {
        Ok(sums(rows, n_rows, threads, false)?.0.1)
    }

    /// From a Gram matrix of rows as they are.
    pub(super) fn from_gram(mut gram: Vec<f64>, n: u64, mean: &[f64]) -> Self {
        for (row, a) in gram.chunks_exact_mut(mean.len()).zip(mean) {
            row.iter_mut().zip(mean).for_each(|(cell, b)| *cell -= n as f64 * a * b);
        }
        Self { n, mean: mean.to_vec(), centred: gram }
    }

    /// The number of columns.
    pub fn dim(&self) -> usize {
        self.mean.len()
    }

    /// The Gram matrix of the rows as they are: `centred + n mean meanᵀ`.
    pub fn raw(&self) -> Vec<f64> {
        let n = self.n as f64;
        let pairs = self.mean.iter().flat_map(|a| self.mean.iter().map(move |b| n * a * b));
        self.centred.iter().zip(pairs).map(|(cell, pair)| cell + pair).collect()
    }

    /// The directions in which the rows vary most, each with its energy: n times its
    /// variance. The largest coefficient of a direction is positive. Directions that a
    /// narrow table does not have are zeros.
    pub fn axes<const N: usize>(&self) -> [(f64, Vec<f64>); N] {
        let Directions { values, vectors } = Directions::of(&self.centred, self.dim());
        let mut found = values.into_iter().zip(vectors).map(|(energy, mut vector)| {
            let largest =
                vector.iter().fold(0.0_f64, |a, b| if b.abs() > a.abs() { *b } else { a });
            if largest < 0.0 {
                vector.iter_mut().for_each(|x| *x = -*x);
            }
            (energy.max(0.0), vector)
        });
        std::array::from_fn(|_| found.next().unwrap_or_else(|| (0.0, vec![0.0; self.dim()])))
    }

    /// The standard deviation of a column.
    pub fn deviation(&self, column: usize) -> f64 {
        (self.centred[column * (self.dim() + 1)].max(0.0) / self.n as f64).sqrt()
    }
}

/// The number of rows and their mean; and their Gram matrix, if it is wanted.
fn sums(
    rows: &dyn Rows,
    n_rows: u64,
    threads: usize,
    with_gram: bool,
) -> Result<((u64, Vec<f64>), Gram), ReadError> {
    let (dim, level) = (rows.dim(), Level::detect());
    let grams = [Gram::new(if with_gram { dim } else { 0 })];
    let each = |(n, sums): &mut (u64, Vec<f64>), run: gram::Run| {
        for (at, row) in run.values.chunks_exact(dim).enumerate() {
            let is_finite = kernel::norm(level, row).is_finite();
            if is_finite {
                *n += 1;
                add(level, row, 1.0, sums);
            }
            for out in &mut *run.out {
                if is_finite { out.put(level, at, row) } else { out.skip(at) }
            }
        }
        1
    };
    let (mut n, mut mean) = (0, vec![0.0; dim]);
    let used = if with_gram { &grams[..] } else { &[] };
    gram::pass(
        rows,
        n_rows,
        threads,
        used,
        || (0, vec![0.0; dim]),
        each,
        |(own, sums)| {
            n += std::mem::take(own);
            drain(sums, &mut mean);
        },
    )?;
    mean.iter_mut().for_each(|x| *x /= n.max(1) as f64);
    let [gram] = grams;
    Ok(((n, mean), gram))
}

/// Adds sums to others, and leaves zeros.
pub(super) fn drain(sums: &mut [f64], to: &mut [f64]) {
    to.iter_mut().zip(sums).for_each(|(to, sum)| *to += std::mem::take(sum));
}

at_each_level! {
    /// Adds a multiple of a row to sums.
    pub(super) fn add(row: &[f32], by: f64, sums: &mut [f64]) = add_plain;
}

#[inline(always)]
fn add_plain(row: &[f32], by: f64, sums: &mut [f64]) {
    sums.iter_mut().zip(row).for_each(|(sum, x)| *sum += f64::from(*x) * by);
}

/// The principal directions of a symmetric matrix: eigenvectors of unit length, and
/// their eigenvalues, largest first.
pub(super) struct Directions {
    pub values: Vec<f64>,
    /// One after the other.
    pub vectors: Vec<Vec<f64>>,
}

impl Directions {
    pub fn of(matrix: &[f64], dim: usize) -> Self {
        let eigen = DMatrix::from_row_slice(dim, dim, matrix).symmetric_eigen();
        let mut order: Vec<usize> = (0..dim).collect();
        order.sort_by(|a, b| eigen.eigenvalues[*b].total_cmp(&eigen.eigenvalues[*a]));
        Self {
            values: order.iter().map(|at| eigen.eigenvalues[*at]).collect(),
            vectors: order
                .iter()
                .map(|at| eigen.eigenvectors.column(*at).iter().copied().collect())
                .collect(),
        }
    }
}

/// The spectrum of a symmetric matrix.
pub(super) fn spectrum(matrix: &[f64], dim: usize) -> Spectrum {
    let eigenvalues = DMatrix::from_row_slice(dim, dim, matrix).symmetric_eigenvalues();
    Spectrum::of(eigenvalues.iter().copied())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn directions_are_the_axes_of_an_ellipse() {
        let found = Directions::of(&[2.0, 1.0, 1.0, 2.0], 2);
        assert!((found.values[0] - 3.0).abs() < 1e-12 && (found.values[1] - 1.0).abs() < 1e-12);
        let half = 0.5_f64.sqrt();
        assert!(found.vectors[0].iter().all(|x| (x.abs() - half).abs() < 1e-12));
        assert_eq!(spectrum(&[2.0, 1.0, 1.0, 2.0], 2).dimensions(), [1, 2, 2]);
    }
}
