//! Sums of products of many columns, which a Gram matrix is made of.
//!
//! All values have at most 26 significant bits, so a product is exact in `f64`, and it
//! does not matter whether the processor rounds between product and sum. Each sum is
//! taken row after row. So the bits are the same on every processor.

use crate::cpu::{Level, at_each_level};

/// The columns of a panel.
pub(super) const WIDE: usize = 32;

/// The rows of a panel. A panel fills two thirds of a first-level cache.
pub(super) const DEEP: usize = 128;

/// A row of a panel. (A load that crosses a cache line takes twice the time.)
#[derive(Clone, Copy, Debug)]
#[repr(align(64))]
pub(super) struct Wide(pub [f64; WIDE]);

/// Sums of products of 32 columns with 32 columns.
pub(super) type Block = [[f64; WIDE]; WIDE];

/// Adds to a block the sums of products over the rows of two panels.
pub(super) fn add_products(level: Level, left: &[Wide], right: &[Wide], block: &mut Block) {
    // On x86 the baseline has no fused instruction, and a call would take its place.
    if cfg!(target_arch = "x86_64") && level == Level::BASELINE {
        by::<4>(left, right, block, |a, b, c| a * b + c);
    } else if level == level.up_to_avx2() {
        narrow(level, left, right, block);
    } else {
        wide(level, left, right, block);
    }
}

at_each_level! {
    fn narrow(left: &[Wide], right: &[Wide], block: &mut Block) = narrow_plain;
}

at_each_level! {
    fn wide(left: &[Wide], right: &[Wide], block: &mut Block) = wide_plain;
}

#[inline(always)]
fn narrow_plain(left: &[Wide], right: &[Wide], block: &mut Block) {
    by::<8>(left, right, block, f64::mul_add);
}

#[inline(always)]
fn wide_plain(left: &[Wide], right: &[Wide], block: &mut Block) {
    by::<16>(left, right, block, f64::mul_add);
}

/// Computes four with `N` columns at a time: their sums fill eight registers. With more,
/// the compiler keeps them in memory if it sees the whole program.
#[inline(always)]
fn by<const N: usize>(
    left: &[Wide],
    right: &[Wide],
    block: &mut Block,
    add: impl Fn(f64, f64, f64) -> f64,
) {
    const TALL: usize = 4;
    for (top, block) in block.as_chunks_mut::<TALL>().0.iter_mut().enumerate() {
        for part in 0..WIDE / N {
            let mut own = [[0.0; N]; TALL];
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
                    sums[column] += own[column];
                }
            }
        }
    }
}

at_each_level! {
    /// Writes a row into panels, from the panels' row `at` on.
    pub(super) fn put(row: &[f32], at: usize, panels: &mut [Wide]) = put_plain;
}

#[inline(always)]
fn put_plain(row: &[f32], at: usize, panels: &mut [Wide]) {
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
    /// Writes a multiple of a row less a vector, rounded to 26 significant bits.
    pub(super) fn put_less(
        row: &[f32],
        by: f64,
        less: &[f64],
        at: usize,
        panels: &mut [Wide],
    ) = put_less_plain;
}

#[inline(always)]
fn put_less_plain(row: &[f32], by: f64, less: &[f64], at: usize, panels: &mut [Wide]) {
    let (parts, rest) = row.as_chunks::<WIDE>();
    let (less_parts, less_rest) = less.as_chunks::<WIDE>();
    let mut panels = panels.iter_mut().skip(at).step_by(DEEP);
    for ((part, less), wide) in parts.iter().zip(less_parts).zip(&mut panels) {
        for ((to, x), less) in wide.0.iter_mut().zip(part).zip(less) {
            *to = short(f64::from(*x) * by - less);
        }
    }
    for wide in panels.take(1) {
        for ((to, x), less) in wide.0.iter_mut().zip(rest).zip(less_rest) {
            *to = short(f64::from(*x) * by - less);
        }
    }
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

    #[test]
    fn every_level_gives_the_same_bits() {
        let mut random = SplitMix64::new(2);
        let mut panel = || -> Vec<Wide> {
            (0..DEEP).map(|_| Wide(std::array::from_fn(|_| short(random.normal())))).collect()
        };
        let (left, right) = (panel(), panel());
        let run = |level| {
            let mut block = [[0.0; WIDE]; WIDE];
            add_products(level, &left, &right, &mut block);
            block
        };
        let first = run(Level::BASELINE);
        assert!(Level::available().into_iter().all(|level| run(level) == first));
    }

    #[test]
    fn a_block_has_the_sums_of_products() {
        let panel = |by: f64| -> Vec<Wide> {
            let value = |at: usize, i: usize| (at * 37 % 11) as f64 - by * i as f64;
            (0..5).map(|at| Wide(std::array::from_fn(|i| value(at, i)))).collect()
        };
        let (left, right) = (panel(1.0), panel(0.5));
        let mut block = [[1.0; WIDE]; WIDE];
        add_products(Level::detect(), &left, &right, &mut block);
        for (i, row) in block.iter().enumerate() {
            for (j, sum) in row.iter().enumerate() {
                let expected: f64 = left.iter().zip(&right).map(|(a, b)| a.0[i] * b.0[j]).sum();
                assert_eq!(*sum, 1.0 + expected);
            }
        }
    }
}
