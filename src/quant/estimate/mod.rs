//! Dot products of stored rows with a vector, without decoding the rows.
//!
//! A scan needs, for each row, an estimate of its dot product with the query and of its
//! norm, each with a bound on its error. Most types store whole numbers and the scale
//! of each block, so a block's part of both is a sum of integers, times its scale.
//!
//! | file | what |
//! |---|---|
//! | [`blocks`] | the sums over blocks of whole numbers |
//! | [`floats`] | the sums over rows of floats, and of blocks with a minimum |
//! | [`types`] | one description per type: how to unpack its numbers |
//!
//! Both algorithms are written once, over the vectors of the processor
//! ([`Vector`](crate::cpu::Vector)). To add a type, describe it in `types` and add it to
//! [`ESTIMATORS`].

mod blocks;
mod floats;
#[cfg(test)]
mod tests;
mod types;

use std::marker::PhantomData;

use super::Format;
use crate::cpu::{Algorithm, Level, Vector, with_vectors};
use blocks::{Blocks, SuperBlocks};
use floats::{Lines, Values};

/// The number of values that are multiplied together.
const CHUNK: usize = 32;

/// The largest code of a vector. A sum then fits 32 bits: a lane adds at most 64
/// products of a code with a row's number, which is at most 4096 (see
/// [`blocks::Super`]).
const LARGEST: i16 = 8191;

/// Estimates dot products of rows of one type.
#[derive(Clone, Copy, Debug)]
pub struct Estimator {
    run: fn(Level, &[u8], &Coded, &mut [Estimate]),
    /// Whether rows are multiplied with the codes of a vector, not with its values.
    by_codes: bool,
    /// The number of values whose sum is rounded to `f32` at once.
    rounded_together: usize,
}

/// What rows can be multiplied with: a vector, also in whole multiples of one step.
#[derive(Clone, Debug)]
pub struct Coded {
    /// The values, filled up with zeros to a whole number of chunks.
    values: Vec<[f32; CHUNK]>,
    codes: Vec<[i16; CHUNK]>,
    /// For each super-block, the sums of the codes of its 16 half chunks.
    sums_of_16: Vec<[f32; 16]>,
    /// The sums of its 8 chunks, then zeros.
    sums_of_32: Vec<[f32; 16]>,
    /// The value of code 1, and of an [`Estimate::dot`] of 1.
    pub step: f64,
    /// The norm of what the codes leave out.
    pub residual: f64,
}

/// A row's dot product with a vector, and its norm, within a bound.
///
/// A value of a row is a product `p`, less a minimum `m` in super-blocks. Write `M` for
/// `sqrt(Σ p² + Σ m²)`. The errors are at most
///
/// ```text
/// dot      sqrt(2) ε M |y|     y is the vector that the codes stand for
/// square   2 ε M²
/// ```
///
/// with `ε` = [`Estimator::rounding`]: by Cauchy and Schwarz, the absolute values that
/// are summed add up to no more than `sqrt(2) M |y|` and `2 M²`. Values are taken as
/// exact. A decoder rounds them, which moves each by at most `2^-22 (|p| + |m|)`.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Estimate {
    /// The dot product, in steps of the vector's codes.
    pub dot: f32,
    /// `|x|²`.
    pub square: f32,
    /// `M²`: equal to `square` if the type has no minimum.
    pub mass: f32,
}

/// Every type that has an estimator, with ggml's number for it.
#[rustfmt::skip]
static ESTIMATORS: &[(u32, Estimator)] = &[
    ( 0, of::<Values<types::F32>, 4>()),
    ( 1, of::<Values<types::F16>, 2>()),
    ( 2, of::<Blocks<types::Q4_0>, 18>()),
    ( 3, of::<Lines<types::Q4_1>, 20>()),
    ( 6, of::<Blocks<types::Q5_0>, 22>()),
    ( 7, of::<Lines<types::Q5_1>, 24>()),
    ( 8, of::<Blocks<types::Q8_0>, 34>()),
    (10, of::<SuperBlocks<types::Q2K>, 84>()),
    (11, of::<SuperBlocks<types::Q3K>, 110>()),
    (12, of::<SuperBlocks<types::Q4K>, 144>()),
    (13, of::<SuperBlocks<types::Q5K>, 176>()),
    (14, of::<SuperBlocks<types::Q6K>, 210>()),
    (20, of::<Blocks<types::Iq4Nl>, 18>()),
    (23, of::<SuperBlocks<types::Iq4Xs>, 136>()),
    (30, of::<Values<types::Bf16>, 2>()),
    (39, of::<Blocks<types::Mxfp4>, 17>()),
];

/// How a row becomes an estimate. `BYTES` is the size of a block, or of a
/// float.
trait Row<const BYTES: usize> {
    /// [`Estimator::by_codes`].
    const BY_CODES: bool;
    /// [`Estimator::rounded_together`].
    const ROUNDED_TOGETHER: usize;

    /// The estimate of a row.
    fn estimate<V: Vector>(v: V, row: &[[u8; BYTES]], vector: &Coded) -> Estimate;
}

/// The estimator of a kind of rows.
const fn of<R: Row<BYTES>, const BYTES: usize>() -> Estimator {
    let (by_codes, rounded_together) = (R::BY_CODES, R::ROUNDED_TOGETHER);
    Estimator { run: run::<R, BYTES>, by_codes, rounded_together }
}

fn run<R: Row<BYTES>, const BYTES: usize>(
    level: Level,
    rows: &[u8],
    vector: &Coded,
    out: &mut [Estimate],
) {
    let (rows, rest) = rows.as_chunks();
    let len = rows.len() / out.len().max(1);
    assert!(rest.is_empty() && rows.len() == len * out.len());
    with_vectors(level, Run::<R, BYTES> { rows, len, vector, out, of: PhantomData });
}

struct Run<'a, R, const BYTES: usize> {
    rows: &'a [[u8; BYTES]],
    len: usize,
    vector: &'a Coded,
    out: &'a mut [Estimate],
    of: PhantomData<R>,
}

impl<R: Row<BYTES>, const BYTES: usize> Algorithm for Run<'_, R, BYTES> {
    #[inline(always)]
    fn run(self, vectors: impl Vector) {
        for (row, out) in self.rows.chunks_exact(self.len.max(1)).zip(self.out) {
            *out = R::estimate(vectors, row, self.vector);
        }
    }
}

impl Estimator {
    /// The estimator of a type, if it has one.
    pub(super) fn of(format: &Format) -> Option<Self> {
        ESTIMATORS.iter().find(|(id, _)| *id == format.id).map(|(_, estimator)| *estimator)
    }

    /// A vector in the form that rows of this type are multiplied with.
    pub fn code(self, values: &[f32]) -> Coded {
        let largest = values.iter().fold(0.0_f64, |largest, x| largest.max(f64::from(*x).abs()));
        let mut coded = Coded {
            values: values.chunks(CHUNK).map(filled).collect(),
            codes: Vec::new(),
            sums_of_16: Vec::new(),
            sums_of_32: Vec::new(),
            step: 1.0,
            residual: 0.0,
        };
        if !self.by_codes {
            return coded;
        }
        coded.step = if largest > 0.0 { largest / f64::from(LARGEST) } else { 1.0 };
        let mut left = 0.0;
        for values in &coded.values {
            let codes = values.map(|x| (f64::from(x) / coded.step).round() as i16);
            let each = values.iter().zip(codes);
            let rest = each.map(|(x, code)| f64::from(*x) - f64::from(code) * coded.step);
            left += rest.map(|rest| rest * rest).sum::<f64>();
            coded.codes.push(codes);
        }
        coded.residual = left.sqrt();
        for block in coded.codes.chunks_exact(16 * 16 / CHUNK) {
            // Whole numbers below 2^24, so the sums are exact.
            let sums = |len| {
                let mut sums = [0.0; 16];
                for (sum, codes) in sums.iter_mut().zip(block.as_flattened().chunks(len)) {
                    *sum = codes.iter().map(|code| f32::from(*code)).sum();
                }
                sums
            };
            coded.sums_of_16.push(sums(16));
            coded.sums_of_32.push(sums(32));
        }
        coded
    }

    /// Estimates rows, given as they are stored: one row for each of `out`.
    ///
    /// # Panics
    /// When the lengths don't agree.
    pub fn estimate(self, level: Level, rows: &[u8], vector: &Coded, out: &mut [Estimate]) {
        (self.run)(level, rows, vector, out);
    }

    /// The largest relative error `ε` of a sum over a row of `len` values: see
    /// [`Estimate`].
    ///
    /// A term is rounded when it becomes `f32` and when it is multiplied with its scale,
    /// then once for each later term of its lane, and in at most 16 additions across the
    /// lanes. Each rounds by at most 2^-24. Twice the count leaves room for second-order
    /// terms.
    pub fn rounding(self, len: usize) -> f64 {
        (len.div_ceil(self.rounded_together) + 32) as f64 * f64::exp2(-23.0)
    }
}

/// A chunk, filled up with zeros.
fn filled(values: &[f32]) -> [f32; CHUNK] {
    let mut chunk = [0.0; CHUNK];
    chunk[..values.len()].copy_from_slice(values);
    chunk
}
