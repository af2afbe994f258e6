//! Sums of products of many columns, which a Gram matrix is made of.
//!
//! Every processor gives the same bits. Each sum is taken row after row. A product of
//! `f64` is exact, so it does not matter whether the processor rounds between product
//! and sum: the values have at most 26 significant bits. In `f32` it does matter, and
//! every processor rounds once: the values are multiples of 2⁻²² and at most 2, so that
//! product and sum together are exact in the `f64` of a processor without a fused
//! instruction.

use crate::cpu::{Level, at_each_level};

/// The columns of a panel.
pub(super) const WIDE: usize = 32;

/// The rows of a panel. In `f64` a panel fills two thirds of a first-level cache.
pub(super) const DEEP: usize = 128;

/// A row of a panel. (A load that crosses a cache line takes twice the time.)
#[derive(Clone, Copy, Debug)]
#[repr(align(64))]
pub(super) struct Wide<T>(pub [T; WIDE]);

/// Sums of products of 32 columns with 32 columns.
pub(super) type Block = [[f64; WIDE]; WIDE];

/// The values of panels.
pub(crate) trait Value: Copy + Default + Send + Sync {
    /// Adds to a block the sums of products over the rows of two panels.
    fn add(level: Level, left: &[Wide<Self>], right: &[Wide<Self>], block: &mut Block);
}

impl Value for f64 {
    fn add(level: Level, left: &[Wide<f64>], right: &[Wide<f64>], block: &mut Block) {
        // On x86 the baseline has no fused instruction, and a call would take its place.
        if cfg!(target_arch = "x86_64") && level == Level::BASELINE {
            by::<f64, 4, 4>(left, right, block, |a, b, c| a * b + c);
        } else if level == level.up_to_avx2() {
            narrow(level, left, right, block);
        } else {
            wide(level, left, right, block);
        }
    }
}

impl Value for f32 {
    fn add(level: Level, left: &[Wide<f32>], right: &[Wide<f32>], block: &mut Block) {
        if cfg!(target_arch = "x86_64") && level == Level::BASELINE {
            by::<f32, 4, 4>(left, right, block, fused);
        } else if level == level.up_to_avx2() {
            narrow_single(level, left, right, block);
        } else {
            wide_single(level, left, right, block);
        }
    }
}

/// A product and a sum with one rounding, if both together are exact in `f64`.
#[inline(always)]
fn fused(a: f32, b: f32, c: f32) -> f32 {
    (f64::from(a) * f64::from(b) + f64::from(c)) as f32
}

at_each_level! {
    fn narrow(left: &[Wide<f64>], right: &[Wide<f64>], block: &mut Block) = narrow_plain;
}

at_each_level! {
    fn wide(left: &[Wide<f64>], right: &[Wide<f64>], block: &mut Block) = wide_plain;
}

at_each_level! {
    fn narrow_single(left: &[Wide<f32>], right: &[Wide<f32>], block: &mut Block)
        = narrow_single_plain;
}

at_each_level! {
    fn wide_single(left: &[Wide<f32>], right: &[Wide<f32>], block: &mut Block)
        = wide_single_plain;
}

#[inline(always)]
fn narrow_plain(left: &[Wide<f64>], right: &[Wide<f64>], block: &mut Block) {
    by::<f64, 4, 8>(left, right, block, f64::mul_add);
}

#[inline(always)]
fn wide_plain(left: &[Wide<f64>], right: &[Wide<f64>], block: &mut Block) {
    by::<f64, 4, 32>(left, right, block, f64::mul_add);
}

#[inline(always)]
fn narrow_single_plain(left: &[Wide<f32>], right: &[Wide<f32>], block: &mut Block) {
    by::<f32, 4, 16>(left, right, block, f32::mul_add);
}

#[inline(always)]
fn wide_single_plain(left: &[Wide<f32>], right: &[Wide<f32>], block: &mut Block) {
    by::<f32, 4, 32>(left, right, block, f32::mul_add);
}

/// Computes `TALL` with `N` columns at a time: as many sums as there are registers.
#[inline(always)]
fn by<T: Value + Into<f64>, const TALL: usize, const N: usize>(
    left: &[Wide<T>],
    right: &[Wide<T>],
    block: &mut Block,
    add: impl Fn(T, T, T) -> T,
) {
    for (top, block) in block.as_chunks_mut::<TALL>().0.iter_mut().enumerate() {
        for part in 0..WIDE / N {
            let mut own = [[T::default(); N]; TALL];
            for (left, right) in left.iter().zip(right) {
                let left = &left.0.as_chunks::<TALL>().0[top];
                let right = &right.0.as_chunks::<N>().0[part];
                for row in 0..TALL {
                    for column in 0..N {
                        own[row][column] = add(left[row], right[column], own[row][column]);
                    }
                }
            }
            for (sums, own) in block.iter_mut().zip(&own) {
                let sums = &mut sums.as_chunks_mut::<N>().0[part];
                for column in 0..N {
                    sums[column] += own[column].into();
                }
            }
        }
    }
}

at_each_level! {
    /// Writes a row into panels, from the panels' row `at` on.
    pub(super) fn put(row: &[f32], at: usize, panels: &mut [Wide<f64>]) = put_plain;
}

#[inline(always)]
fn put_plain(row: &[f32], at: usize, panels: &mut [Wide<f64>]) {
    let (parts, rest) = row.as_chunks::<WIDE>();
    let mut panels = panels.iter_mut().skip(at).step_by(DEEP);
    for (part, wide) in parts.iter().zip(&mut panels) {
        for (to, x) in wide.0.iter_mut().zip(part) {
            *to = f64::from(*x);
        }
    }
    for wide in panels.take(1) {
        wide.0.iter_mut().zip(rest).for_each(|(to, x)| *to = f64::from(*x));
    }
}

at_each_level! {
    /// Writes a multiple of a row less a vector, rounded to multiples of 2⁻²². No result
    /// may be larger than 2.
    pub(super) fn put_less(
        row: &[f32],
        by: f64,
        less: &[f64],
        at: usize,
        panels: &mut [Wide<f32>],
    ) = put_less_plain;
}

#[inline(always)]
fn put_less_plain(row: &[f32], by: f64, less: &[f64], at: usize, panels: &mut [Wide<f32>]) {
    let (parts, rest) = row.as_chunks::<WIDE>();
    let (less_parts, less_rest) = less.as_chunks::<WIDE>();
    let mut panels = panels.iter_mut().skip(at).step_by(DEEP);
    for ((part, less), wide) in parts.iter().zip(less_parts).zip(&mut panels) {
        for ((to, x), less) in wide.0.iter_mut().zip(part).zip(less) {
            *to = rounded(f64::from(*x) * by - less);
        }
    }
    for wide in panels.take(1) {
        for ((to, x), less) in wide.0.iter_mut().zip(rest).zip(less_rest) {
            *to = rounded(f64::from(*x) * by - less);
        }
    }
}

/// Rounds to a multiple of 2⁻²².
#[inline(always)]
fn rounded(x: f64) -> f32 {
    // In this binade neighbours are 2⁻²² apart.
    const FAR: f64 = (1_u64 << 30) as f64 * 1.5;
    (x + FAR - FAR) as f32
}

/// Rounds to 26 significant bits (Veltkamp's splitting; Dekker, "A floating-point
/// technique for extending the available precision", 1971).
#[inline(always)]
pub(super) fn short(x: f64) -> f64 {
    let large = x * 134_217_729.0;
    large - (large - x)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::SplitMix64;

    /// The block of two panels at every level.
    fn blocks<T: Value>(mut number: impl FnMut() -> T) -> Vec<Block> {
        let mut panel = || -> Vec<Wide<T>> {
            (0..DEEP).map(|_| Wide(std::array::from_fn(|_| number()))).collect()
        };
        let (left, right) = (panel(), panel());
        let run = |level| {
            let mut block = [[0.0; WIDE]; WIDE];
            T::add(level, &left, &right, &mut block);
            block
        };
        Level::available().into_iter().map(run).collect()
    }

    #[test]
    fn every_level_gives_the_same_bits() {
        let mut random = SplitMix64::new(2);
        let found = blocks(|| f64::from(random.normal() as f32));
        assert!(found.iter().all(|block| *block == found[0]));

        // Of all sizes: large sums have tiny products added.
        let found = blocks(|| rounded(random.normal().clamp(-4.0, 4.0).powi(7) / 8192.0));
        assert!(found.iter().all(|block| *block == found[0]));
        let found = blocks(|| rounded((random.normal() / 2.0).clamp(-2.0, 2.0)));
        assert!(found.iter().all(|block| *block == found[0]));
        let found = blocks(|| 2.0_f32);
        assert!(found.iter().all(|block| block.iter().flatten().all(|sum| *sum == 512.0)));
    }

    #[test]
    fn a_block_has_the_sums_of_products() {
        let panel = |by: f64| -> Vec<Wide<f64>> {
            let value = |at: usize, i: usize| (at * 37 % 11) as f64 - by * i as f64;
            (0..5).map(|at| Wide(std::array::from_fn(|i| value(at, i)))).collect()
        };
        let (left, right) = (panel(1.0), panel(0.5));
        let mut block = [[1.0; WIDE]; WIDE];
        f64::add(Level::detect(), &left, &right, &mut block);
        for (i, row) in block.iter().enumerate() {
            for (j, sum) in row.iter().enumerate() {
                let expected: f64 = left.iter().zip(&right).map(|(a, b)| a.0[i] * b.0[j]).sum();
                assert_eq!(*sum, 1.0 + expected);
            }
        }
    }
}
