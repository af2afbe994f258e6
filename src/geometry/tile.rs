//! Sums of products of many columns, which a Gram matrix is made of.
//!
//! All values have at most 26 significant bits, so a product is exact in `f64`, and it
//! does not matter whether the processor rounds between product and sum. Each sum is
//! taken row after row. So the bits are the same on every processor.

use crate::cpu::{Level, at_each_level};

/// The columns of a panel on the right, and of one on the left.
pub(super) const WIDE: usize = 32;
pub(super) const TALL: usize = 4;

/// The rows of a panel. One on the right fills two thirds of a first-level cache.
pub(super) const DEEP: usize = 128;

/// A row of a panel on the right. (A load that crosses a cache line takes twice the
/// time.)
#[derive(Clone, Copy, Debug)]
#[repr(align(64))]
pub(super) struct Wide(pub [f64; WIDE]);

/// A row of a panel on the left.
pub(super) type Tall = [f64; TALL];

/// Sums of products of four columns with 32 columns.
pub(super) type Sums = [[f64; WIDE]; TALL];

/// The sums of products over the rows of two panels.
pub(super) fn tile(level: Level, left: &[Tall], right: &[Wide], sums: &mut Sums) {
    // On x86 the baseline has no fused instruction, and a call would take its place.
    if cfg!(target_arch = "x86_64") && level == Level::BASELINE {
        by::<4>(left, right, sums, |a, b, c| a * b + c);
    } else if level == level.up_to_avx2() {
        narrow(level, left, right, sums);
    } else {
        wide(level, left, right, sums);
    }
}

at_each_level! {
    fn narrow(left: &[Tall], right: &[Wide], sums: &mut Sums) = narrow_plain;
}

at_each_level! {
    fn wide(left: &[Tall], right: &[Wide], sums: &mut Sums) = wide_plain;
}

#[inline(always)]
fn narrow_plain(left: &[Tall], right: &[Wide], sums: &mut Sums) {
    by::<8>(left, right, sums, f64::mul_add);
}

#[inline(always)]
fn wide_plain(left: &[Tall], right: &[Wide], sums: &mut Sums) {
    by::<WIDE>(left, right, sums, f64::mul_add);
}

/// Computes `N` columns of the tile at a time: as many sums as there are registers.
#[inline(always)]
fn by<const N: usize>(
    left: &[Tall],
    right: &[Wide],
    sums: &mut Sums,
    add: impl Fn(f64, f64, f64) -> f64,
) {
    for part in 0..WIDE / N {
        let mut own = [[0.0; N]; TALL];
        for (left, right) in left.iter().zip(right) {
            let right = &right.0.as_chunks::<N>().0[part];
            for row in 0..TALL {
                for column in 0..N {
                    own[row][column] = add(left[row], right[column], own[row][column]);
                }
            }
        }
        for (sums, own) in sums.iter_mut().zip(own) {
            sums.as_chunks_mut::<N>().0[part] = own;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::SplitMix64;

    #[test]
    fn every_level_gives_the_same_bits() {
        let mut random = SplitMix64::new(2);
        let mut number = || f64::from(random.normal() as f32);
        let left: Vec<Tall> = (0..DEEP).map(|_| std::array::from_fn(|_| number())).collect();
        let right: Vec<Wide> = (0..DEEP).map(|_| Wide(std::array::from_fn(|_| number()))).collect();
        let run = |level| {
            let mut sums = [[0.0; WIDE]; TALL];
            tile(level, &left, &right, &mut sums);
            sums
        };
        let first = run(Level::BASELINE);
        assert!(Level::available().into_iter().all(|level| run(level) == first));
        let sum: f64 = left.iter().zip(&right).map(|(a, b)| a[3] * b.0[20]).sum();
        assert_eq!(first[3][20], sum);
    }
}
