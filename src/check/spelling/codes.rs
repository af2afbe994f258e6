//! Products of rows with directions, in 16-bit codes.
//!
//! Each value of a row is weighed by how much the directions make of it, and each value
//! of a direction by the inverse. Then both are scaled to the length 32,767 and rounded.
//!
//! The product of two vectors of codes is at most 2³⁰ (Cauchy and Schwarz), and so is
//! each part of the sum, so 32 bits hold it. Sums of integers have no order, so the bits
//! are the same on every processor.
//!
//! A code is off by `1 / sqrt(12)` (standard deviation), so the cosine of two vectors is
//! off by `1 / (32767 sqrt(6))`. That is 0.0003 of the standard deviation that the
//! cosine of random vectors of 640 values has.

use super::matrix;
use crate::cpu::{Algorithm, Level, Vector, at_each_level, with_vectors};

/// The length of a vector of codes.
const LENGTH: f32 = 32_767.0;

/// Codes that are multiplied at once.
const WIDE: usize = 32;

/// Directions that two rows are multiplied with together.
const TOGETHER: usize = 4;

/// Directions as codes.
#[derive(Debug, Default)]
pub struct Codes {
    /// What each value of a row is multiplied with.
    weights: Vec<f32>,
    codes: Vec<[i16; WIDE]>,
    /// The length of each direction, over the square of [`LENGTH`].
    lengths: Vec<f32>,
}

/// Rows as codes, and their products.
#[derive(Debug, Default)]
pub struct Scratch {
    weighed: Vec<f32>,
    codes: Vec<[i16; WIDE]>,
    lengths: Vec<f32>,
    sums: Vec<i32>,
    products: Vec<f32>,
}

impl Codes {
    /// Directions of `len` values, one after the other: a multiple of four of them.
    pub fn of(level: Level, directions: &[f32], len: usize) -> Self {
        let mut weights = vec![0.0; len];
        for direction in directions.chunks_exact(len) {
            weights.iter_mut().zip(direction).for_each(|(weight, x)| *weight += x * x);
        }
        weights.iter_mut().for_each(|weight| *weight = weight.sqrt());
        let mut of = Self { weights, codes: Vec::new(), lengths: Vec::new() };
        let inverse: Vec<f32> =
            of.weights.iter().map(|x| if *x > 0.0 { 1.0 / x } else { 0.0 }).collect();
        let mut weighed = vec![0.0; len];
        for direction in directions.chunks_exact(len) {
            let length = weigh(level, direction, &inverse, &mut weighed);
            encode(level, &weighed, length, &mut of.codes);
            of.lengths.push(length / (LENGTH * LENGTH));
        }
        assert!(of.lengths.len().is_multiple_of(TOGETHER));
        of
    }

    /// The products of rows with all directions, row after row.
    pub fn place<'s>(&self, level: Level, rows: &[f32], scratch: &'s mut Scratch) -> &'s [f32] {
        let len = self.weights.len();
        scratch.codes.clear();
        scratch.lengths.clear();
        scratch.weighed.resize(len, 0.0);
        for row in rows.chunks_exact(len) {
            let length = weigh(level, row, &self.weights, &mut scratch.weighed);
            encode(level, &scratch.weighed, length, &mut scratch.codes);
            scratch.lengths.push(length);
        }
        let n = self.lengths.len();
        scratch.sums.resize(scratch.lengths.len() * n, 0);
        let wide = len.div_ceil(WIDE);
        let rows = scratch.codes.chunks(2 * wide).zip(scratch.sums.chunks_mut(2 * n));
        for (rows, sums) in rows {
            let (first, second) = rows.split_at(wide);
            let second = if second.is_empty() { first } else { second };
            with_vectors(level, Products { rows: [first, second], directions: &self.codes, sums });
        }
        scratch.products.clear();
        for (sums, length) in scratch.sums.chunks_exact(n).zip(&scratch.lengths) {
            let products = sums.iter().zip(&self.lengths);
            scratch.products.extend(products.map(|(sum, of)| *sum as f32 * (length * of)));
        }
        &scratch.products
    }
}

/// Weighs a vector's values, and returns its length.
fn weigh(level: Level, of: &[f32], weights: &[f32], weighed: &mut [f32]) -> f32 {
    for ((weighed, x), weight) in weighed.iter_mut().zip(of).zip(weights) {
        *weighed = x * weight;
    }
    matrix::dot(level, weighed, weighed).sqrt()
}

/// Appends a vector of a length as codes. One that has no length, or is not finite, is
/// all zeros.
fn encode(level: Level, of: &[f32], length: f32, codes: &mut Vec<[i16; WIDE]>) {
    let start = codes.len();
    codes.resize(start + of.len().div_ceil(WIDE), [0; WIDE]);
    if length > 0.0 && length.is_finite() {
        let scale = LENGTH / length;
        round(level, of, scale, codes[start..].as_flattened_mut());
    }
}

at_each_level! {
    /// The nearest integers of `scale` times values.
    fn round(of: &[f32], scale: f32, codes: &mut [i16]) = round_plain;
}

#[inline(always)]
fn round_plain(of: &[f32], scale: f32, codes: &mut [i16]) {
    // Numbers from 2²³ to 2²⁴ have no fraction: their low bits are the integer.
    const WHOLE: f32 = 12_582_912.0;
    for (code, x) in codes.iter_mut().zip(of) {
        *code = (x * scale + WHOLE).to_bits() as i16;
    }
}

/// The products of two rows with all directions; of one row if there is space for one.
struct Products<'a> {
    rows: [&'a [[i16; WIDE]]; 2],
    directions: &'a [[i16; WIDE]],
    sums: &'a mut [i32],
}

impl Algorithm for Products<'_> {
    #[inline(always)]
    fn run(self, v: impl Vector) {
        let wide = self.rows[0].len();
        let rows = [&self.rows[0][..wide], &self.rows[1][..wide]];
        let n = self.directions.len() / wide;
        for (i, directions) in self.directions.chunks_exact(TOGETHER * wide).enumerate() {
            let mut sums = [[v.none(); TOGETHER]; 2];
            for at in 0..wide {
                let [first, second] = [v.words(&rows[0][at]), v.words(&rows[1][at])];
                for direction in 0..TOGETHER {
                    let words = v.words(&directions[direction * wide + at]);
                    sums[0][direction] = v.add_products(sums[0][direction], first, words);
                    sums[1][direction] = v.add_products(sums[1][direction], second, words);
                }
            }
            for (products, sums) in self.sums.chunks_exact_mut(n).zip(sums) {
                let products = &mut products[i * TOGETHER..][..TOGETHER];
                for (product, sums) in products.iter_mut().zip(sums) {
                    *product = v.count(sums);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::SplitMix64;

    #[test]
    fn products_are_near_those_of_the_values() {
        let (len, n_rows, n) = (77, 5, 8);
        let mut random = SplitMix64::new(5);
        let mut values = |n: usize| -> Vec<f32> {
            (0..n * len)
                .map(|i| (random.unit() as f32 - 0.5) * if i % len == 3 { 1e3 } else { 1.0 })
                .collect()
        };
        let (mut rows, mut directions) = (values(n_rows), values(n));
        // What varies a thousand times as much counts a thousandth in a direction.
        directions.chunks_exact_mut(len).for_each(|of| of[3] /= 1e6);
        rows[2 * len..3 * len].fill(0.0);
        let mut all = Vec::new();
        for level in Level::available() {
            let mut scratch = Scratch::default();
            let coded = Codes::of(level, &directions, len);
            all.push(coded.place(level, &rows, &mut scratch).to_vec());
        }
        assert!(all.iter().all(|at_level| *at_level == all[0]));
        for (i, row) in rows.chunks_exact(len).enumerate() {
            for (j, direction) in directions.chunks_exact(len).enumerate() {
                let terms = row.iter().zip(direction).map(|(a, b)| f64::from(*a) * f64::from(*b));
                let (is, should) = (f64::from(all[0][i * n + j]), terms.sum::<f64>());
                assert!((is - should).abs() < 2e-3, "{is} and {should} of {i} and {j}");
            }
        }
        // A product is as long as the two vectors if they are the same.
        let coded = Codes::of(Level::BASELINE, &directions, len);
        let mut scratch = Scratch::default();
        let own = coded.place(Level::BASELINE, &directions[..len], &mut scratch)[0];
        let square: f32 = directions[..len].iter().map(|x| x * x).sum();
        assert!((own / square - 1.0).abs() < 1e-3);
    }

    #[test]
    fn the_longest_vectors_do_not_overflow() {
        for len in [1, 31, 1024] {
            let rows = vec![1e18 / len as f32; 2 * len];
            let directions: Vec<f32> =
                (0..4 * len).map(|i| if i / len % 2 == 0 { 1.0 } else { -1.0 }).collect();
            for level in Level::available() {
                let mut scratch = Scratch::default();
                let coded = Codes::of(level, &directions, len);
                let products = coded.place(level, &rows, &mut scratch);
                for (i, product) in products.iter().enumerate() {
                    let should = rows[0] * len as f32 * if i % 2 == 0 { 1.0 } else { -1.0 };
                    assert!((product / should - 1.0).abs() < 1e-2, "{product} and {should}");
                }
            }
        }
    }
}
