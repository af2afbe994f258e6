//! Rows less the mean row, and rows whitened by half: what cosines should be taken of.
//!
//! In most tables all rows have much in common: the mean row, and a few directions with
//! most of the spread. Cosines of rows as they are stored measure that first. Centring
//! subtracts the mean row. Whitening by half also divides each principal coordinate by
//! the square root of its standard deviation, so that no direction drowns the others,
//! and the directions that hold only noise do not grow as large as the rest.

use super::covariance::{Covariance, Directions};
use super::product::{Matrix, ROWS};
use crate::cpu::{Level, at_each_level};

/// Directions with less than this share of the largest variance hold rounding errors.
const LEAST: f64 = 1e-12;

/// A place from which rows are seen.
#[derive(Debug)]
pub struct Centre {
    mean: Vec<f64>,
    whitening: Option<Matrix>,
}

impl Centre {
    /// Subtracts this mean row.
    pub fn at(mean: Vec<f64>) -> Self {
        Self { mean, whitening: None }
    }

    /// Subtracts the mean row, and divides each principal coordinate by the square root
    /// of its standard deviation. The result is in principal coordinates, which changes no
    /// cosine, no dot product and no distance.
    pub fn whitening(covariance: &Covariance) -> Self {
        let dim = covariance.dim();
        let Directions { values, vectors } = Directions::of(&covariance.centred, dim);
        let least = values.first().map_or(0.0, |largest| largest * LEAST);
        let mut whitening = Matrix::zeros(dim, dim);
        for (at, (value, vector)) in values.iter().zip(&vectors).enumerate() {
            if *value <= least {
                continue;
            }
            let factor = (value / covariance.n as f64).powf(-0.25);
            whitening.set_column(at, vector, factor);
        }
        Self { mean: covariance.mean.clone(), whitening: Some(whitening) }
    }

    /// The norm of the mean row.
    pub fn mean_norm(&self) -> f64 {
        self.mean.iter().map(|x| x * x).sum::<f64>().sqrt()
    }

    /// Moves rows, in place.
    pub fn apply(&self, rows: &mut [f32]) {
        let level = Level::detect();
        match &self.whitening {
            None => {
                rows.chunks_exact_mut(self.mean.len()).for_each(|row| less(level, row, &self.mean))
            }
            Some(whitening) => {
                let mut out = Vec::new();
                for rows in rows.chunks_mut(ROWS * self.mean.len()) {
                    whitening.multiply(level, rows, &self.mean, &mut out);
                    rows.iter_mut().zip(&out).for_each(|(x, out)| *x = *out as f32);
                }
            }
        }
    }
}

at_each_level! {
    /// Subtracts the mean from a row.
    fn less(row: &mut [f32], mean: &[f64]) = less_plain;
}

#[inline(always)]
fn less_plain(row: &mut [f32], mean: &[f64]) {
    row.iter_mut().zip(mean).for_each(|(x, mean)| *x = (f64::from(*x) - mean) as f32);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::embedding::Table;
    use crate::stats::SplitMix64;

    #[test]
    fn whitened_rows_have_the_square_root_of_their_deviations() {
        let (n, dim) = (500, 37);
        let mut random = SplitMix64::new(3);
        let mut values: Vec<f32> = (0..n * dim)
            .map(|i| (2.0 + random.normal() * (1 + i % dim % 7) as f64) as f32)
            .collect();
        let table = |values: &[f32]| {
            let bytes = values.iter().flat_map(|x| x.to_le_bytes()).collect();
            Table::in_memory("F32", [n as u64, dim as u64], bytes)
        };
        let before = Covariance::of(&table(&values), n as u64, 2).unwrap();
        let deviations = Directions::of(&before.centred, dim).values;
        Centre::whitening(&before).apply(&mut values);
        let after = Covariance::of(&table(&values), n as u64, 1).unwrap();
        assert!(after.mean.iter().all(|x| x.abs() < 1e-5));
        for (i, deviation) in deviations.iter().enumerate() {
            for j in 0..dim {
                let expected = if i == j { (deviation / n as f64).sqrt() } else { 0.0 };
                assert!((after.centred[i * dim + j] / n as f64 - expected).abs() < 1e-4);
            }
        }
    }

    #[test]
    fn a_direction_without_spread_becomes_zero() {
        let mut values = vec![1.0, 5.0, 3.0, 5.0, -7.0, 5.0];
        let bytes = values.iter().flat_map(|x: &f32| x.to_le_bytes()).collect();
        let table = Table::in_memory("F32", [3, 2], bytes);
        let covariance = Covariance::of(&table, 3, 1).unwrap();
        Centre::whitening(&covariance).apply(&mut values);
        assert!(values.chunks(2).all(|row| row[0].is_finite() && row[1] == 0.0), "{values:?}");
    }
}
