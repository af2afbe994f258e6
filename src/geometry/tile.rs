//! Sums of products of many columns, which a Gram matrix is made of.
//!
//! Panels in `f64` give exact products: all values have at most 26 significant bits, so it
//! does not matter whether the processor rounds between product and sum.
//!
//! Panels in `f32` take half the time. The sum over a chain of rows has about seven digits;
//! over thousands of rows the errors cancel, and about nine remain. The values are multiples
//! of 2^-23, and those of a row have a norm of at most 1.41. So a sum of the products of 64
//! rows is a multiple of 2^-46 below 2^7 (64 · 1.41² = 127.3): a product and a sum together
//! are exact in `f64`, and rounded to `f32` they are what a fused instruction gives.
//!
//! Each sum is taken row after row. So the bits are the same on every processor. (simd128 of
//! WebAssembly has no fused instruction: its panels in `f32` differ in the last digits.)

use crate::cpu::{Algorithm, Level, Vector, at_each_level, with_vectors};

/// The columns of a panel.
pub(super) const WIDE: usize = 32;

/// The rows of a panel.
pub(super) const DEEP: usize = 128;

/// So many rows are summed in `f32`.
const CHAIN: usize = 64;

/// A row of a panel. (A load that crosses a cache line takes twice the time.)
#[derive(Clone, Copy, Debug)]
#[repr(align(64))]
pub(super) struct Wide<T = f64>(pub [T; WIDE]);

/// Sums of products of 32 columns with 32 columns.
pub(super) type Block = [[f64; WIDE]; WIDE];

/// Adds to a block the sums of products over the rows of two panels.
pub(super) fn add_products(level: Level, left: &[Wide], right: &[Wide], block: &mut Block) {
    if !level.has_vectors() {
        plain(left, right, block, |sum| sum);
    } else if level == level.up_to_avx2() {
        with_vectors(level, Doubles::<4, 1> { left, right, block });
    } else {
        with_vectors(level, Doubles::<4, 4> { left, right, block });
    }
}

/// The same for panels in `f32`.
pub(super) fn add_short_products(
    level: Level,
    left: &[Wide<f32>],
    right: &[Wide<f32>],
    block: &mut Block,
) {
    for (left, right) in left.chunks(CHAIN).zip(right.chunks(CHAIN)) {
        if !level.has_vectors() {
            plain(left, right, block, |sum| f64::from(sum as f32));
        } else if level == level.up_to_avx2() {
            with_vectors(level, Floats::<4, 1> { left, right, block });
        } else {
            with_vectors(level, Floats::<8, 2> { left, right, block });
        }
    }
}

/// Adds products, by columns of the left panel and vectors of the right one: so many have
/// their sums in registers.
struct Doubles<'a, const COLUMNS: usize, const VECTORS: usize> {
    left: &'a [Wide],
    right: &'a [Wide],
    block: &'a mut Block,
}

impl<const COLUMNS: usize, const VECTORS: usize> Algorithm for Doubles<'_, COLUMNS, VECTORS> {
    #[inline(always)]
    fn run(self, v: impl Vector) {
        let blocks = self.block.as_chunks_mut::<COLUMNS>().0;
        for (top, block) in blocks.iter_mut().enumerate() {
            for part in 0..WIDE / 8 / VECTORS {
                let mut own = [[v.each_double(0.0); VECTORS]; COLUMNS];
                for (left, right) in self.left.iter().zip(self.right) {
                    let left = &left.0.as_chunks::<COLUMNS>().0[top];
                    let right = &right.0.as_chunks::<8>().0.as_chunks::<VECTORS>().0[part];
                    for column in 0..COLUMNS {
                        let one = v.each_double(left[column]);
                        for i in 0..VECTORS {
                            let sums = &mut own[column][i];
                            *sums = v.fused_doubles(*sums, one, v.doubles(&right[i]));
                        }
                    }
                }
                for (sums, own) in block.iter_mut().zip(&own) {
                    let sums = &mut sums.as_chunks_mut::<8>().0.as_chunks_mut::<VECTORS>().0[part];
                    for i in 0..VECTORS {
                        add(v, &mut sums[i], own[i]);
                    }
                }
            }
        }
    }
}

#[inline(always)]
fn add<V: Vector>(v: V, to: &mut [f64; 8], doubles: V::Doubles) {
    *to = v.stored(v.fused_doubles(v.doubles(to), v.each_double(1.0), doubles));
}

/// As [`Doubles`].
struct Floats<'a, const COLUMNS: usize, const VECTORS: usize> {
    left: &'a [Wide<f32>],
    right: &'a [Wide<f32>],
    block: &'a mut Block,
}

impl<const COLUMNS: usize, const VECTORS: usize> Algorithm for Floats<'_, COLUMNS, VECTORS> {
    #[inline(always)]
    fn run(self, v: impl Vector) {
        let blocks = self.block.as_chunks_mut::<COLUMNS>().0;
        for (top, block) in blocks.iter_mut().enumerate() {
            for part in 0..WIDE / 16 / VECTORS {
                let mut own = [[v.floats(&[0.0; 16]); VECTORS]; COLUMNS];
                for (left, right) in self.left.iter().zip(self.right) {
                    let left = &left.0.as_chunks::<COLUMNS>().0[top];
                    let right = &right.0.as_chunks::<16>().0.as_chunks::<VECTORS>().0[part];
                    for column in 0..COLUMNS {
                        let one = v.repeated(v.each(left[column]));
                        for i in 0..VECTORS {
                            let sums = &mut own[column][i];
                            *sums = v.fused(*sums, one, v.floats(&right[i]));
                        }
                    }
                }
                for (sums, own) in block.iter_mut().zip(&own) {
                    let sums = &mut sums.as_chunks_mut::<16>().0.as_chunks_mut::<VECTORS>().0[part];
                    for i in 0..VECTORS {
                        let [low, high] = v.widen_floats(own[i]);
                        let (sums, _) = sums[i].as_chunks_mut::<8>();
                        add(v, &mut sums[0], low);
                        add(v, &mut sums[1], high);
                    }
                }
            }
        }
    }
}

/// Adds products without vectors, four columns with four at a time. On x86 the baseline
/// has no fused instruction, and a call would take its place.
fn plain<T: Copy + Into<f64>>(
    left: &[Wide<T>],
    right: &[Wide<T>],
    block: &mut Block,
    rounded: impl Fn(f64) -> f64,
) {
    const N: usize = 4;
    for (top, block) in block.as_chunks_mut::<N>().0.iter_mut().enumerate() {
        for part in 0..WIDE / N {
            let mut own = [[0.0; N]; N];
            for (left, right) in left.iter().zip(right) {
                let left = left.0.as_chunks::<N>().0[top].map(Into::into);
                let right = right.0.as_chunks::<N>().0[part].map(Into::into);
                for row in 0..N {
                    for column in 0..N {
                        own[row][column] = rounded(left[row] * right[column] + own[row][column]);
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
    /// Writes `(by * row - less) * times`, rounded to 26 significant bits.
    pub(super) fn put_less(
        row: &[f32],
        by: f64,
        less: &[f64],
        times: f64,
        at: usize,
        panels: &mut [Wide],
    ) = put_less_plain;
}

at_each_level! {
    /// Writes `(by * row - less) * times`, which has a norm of at most 1.41, rounded to
    /// multiples of 2^-23.
    pub(super) fn put_less_short(
        row: &[f32],
        by: f64,
        less: &[f64],
        times: f64,
        at: usize,
        panels: &mut [Wide<f32>],
    ) = put_less_short_plain;
}

#[inline(always)]
fn put_less_plain(row: &[f32], by: f64, less: &[f64], times: f64, at: usize, panels: &mut [Wide]) {
    put_as(row, by, less, times, at, panels, short);
}

#[inline(always)]
fn put_less_short_plain(
    row: &[f32],
    by: f64,
    less: &[f64],
    times: f64,
    at: usize,
    panels: &mut [Wide<f32>],
) {
    // The last bit of a number of this size is 2^-23.
    const LARGE: f64 = (3_u64 << 28) as f64;
    put_as(row, by, less, times, at, panels, |x| ((x + LARGE) - LARGE) as f32);
}

#[inline(always)]
fn put_as<T>(
    row: &[f32],
    by: f64,
    less: &[f64],
    times: f64,
    at: usize,
    panels: &mut [Wide<T>],
    rounded: impl Fn(f64) -> T,
) {
    let (parts, rest) = row.as_chunks::<WIDE>();
    let (less_parts, less_rest) = less.as_chunks::<WIDE>();
    let mut panels = panels.iter_mut().skip(at).step_by(DEEP);
    for ((part, less), wide) in parts.iter().zip(less_parts).zip(&mut panels) {
        for ((to, x), less) in wide.0.iter_mut().zip(part).zip(less) {
            *to = rounded((f64::from(*x) * by - less) * times);
        }
    }
    for wide in panels.take(1) {
        for ((to, x), less) in wide.0.iter_mut().zip(rest).zip(less_rest) {
            *to = rounded((f64::from(*x) * by - less) * times);
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
    fn every_level_gives_the_same_bits_in_single_precision() {
        let mut random = SplitMix64::new(3);
        for scale in [0.04, 1e-6] {
            let mut panel = || {
                let mut panel = vec![Wide([0.0; WIDE]); DEEP];
                for at in 0..DEEP {
                    let row: Vec<f32> = (0..WIDE).map(|_| random.normal() as f32).collect();
                    put_less_short(
                        Level::BASELINE,
                        &row,
                        scale,
                        &[0.01; WIDE],
                        1.0,
                        at,
                        &mut panel,
                    );
                }
                panel
            };
            let (left, right) = (panel(), panel());
            let run = |level| {
                let mut block = [[0.0; WIDE]; WIDE];
                add_short_products(level, &left, &right, &mut block);
                block
            };
            let first = run(Level::BASELINE);
            assert!(Level::available().into_iter().all(|level| run(level) == first));
            for (i, row) in first.iter().enumerate() {
                for (j, sum) in row.iter().enumerate() {
                    let products = || {
                        left.iter().zip(&right).map(|(a, b)| f64::from(a.0[i]) * f64::from(b.0[j]))
                    };
                    let (exact, size): (f64, f64) =
                        (products().sum(), products().map(f64::abs).sum());
                    assert!((sum - exact).abs() <= size * 1e-6, "{sum} is not {exact}");
                }
            }
        }
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
