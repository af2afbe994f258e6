//! Sums over rows of floats, and of blocks that become floats in one step: those with a
//! scale and a minimum.

use std::marker::PhantomData;

use super::{CHUNK, Coded, Estimate, Row};
use crate::cpu::Vector;

/// Floats that are widened together.
pub(super) const HALF: usize = CHUNK / 2;

/// A type whose values have this number of bytes.
pub(super) trait Floats<const BYTES: usize>: 'static {
    /// Widens 16 values.
    fn widen<V: Vector>(v: V, values: &[[u8; BYTES]; HALF]) -> V::Floats;
}

/// A type of blocks of 32 values `d q + m`, in this number of bytes.
///
/// `q` has at most 5 bits and `d` 11, so `d q` is exact, and the sum is rounded as the
/// decoder rounds it.
pub(super) trait Line<const BYTES: usize>: 'static {
    /// `d` and `m`.
    fn scales<V: Vector>(v: V, block: &[u8; BYTES]) -> [V::Totals; 2];

    /// The stored numbers, as signed bytes.
    fn numbers<V: Vector>(v: V, block: &[u8; BYTES]) -> V::Bytes;
}

/// Rows of floats.
pub(super) struct Values<F>(PhantomData<F>);

impl<F: Floats<BYTES>, const BYTES: usize> Row<BYTES> for Values<F> {
    const BY_CODES: bool = false;
    const ROUNDED_TOGETHER: usize = CHUNK;

    #[inline(always)]
    fn estimate<V: Vector>(v: V, row: &[[u8; BYTES]], vector: &Coded) -> Estimate {
        let mut sums = Sums::none(v);
        let (chunks, rest) = row.as_chunks::<CHUNK>();
        assert_eq!(vector.values.len(), row.len().div_ceil(CHUNK));
        for (chunk, values) in chunks.iter().zip(&vector.values) {
            sums = sums.and(v, widen::<F, V, BYTES>(v, chunk), values);
        }
        if let (false, Some(values)) = (rest.is_empty(), vector.values.last()) {
            let mut last = [[0; BYTES]; CHUNK];
            last[..rest.len()].copy_from_slice(rest);
            sums = sums.and(v, widen::<F, V, BYTES>(v, &last), values);
        }
        sums.estimate(v)
    }
}

#[inline(always)]
fn widen<F: Floats<BYTES>, V: Vector, const BYTES: usize>(
    v: V,
    chunk: &[[u8; BYTES]; CHUNK],
) -> [V::Floats; 2] {
    let halves = chunk.as_chunks::<HALF>().0;
    [F::widen(v, &halves[0]), F::widen(v, &halves[1])]
}

/// Rows of blocks with a minimum.
pub(super) struct Lines<L>(PhantomData<L>);

impl<L: Line<BYTES>, const BYTES: usize> Row<BYTES> for Lines<L> {
    const BY_CODES: bool = false;
    const ROUNDED_TOGETHER: usize = CHUNK;

    #[inline(always)]
    fn estimate<V: Vector>(v: V, row: &[[u8; BYTES]], vector: &Coded) -> Estimate {
        let mut sums = Sums::none(v);
        assert_eq!(vector.values.len(), row.len());
        for (block, values) in row.iter().zip(&vector.values) {
            let [d, m] = L::scales(v, block);
            let (d, m) = (v.repeated(d), v.repeated(m));
            let [low, high] = v.to_floats(L::numbers(v, block));
            sums = sums.and(v, [v.fused(m, low, d), v.fused(m, high, d)], values);
        }
        sums.estimate(v)
    }
}

/// Two sums of each kind, so that one addition need not wait for the last.
#[derive(Clone, Copy)]
struct Sums<V: Vector> {
    dots: [V::Floats; 2],
    squares: [V::Floats; 2],
}

impl<V: Vector> Sums<V> {
    #[inline(always)]
    fn none(v: V) -> Self {
        let none = [v.floats(&[0.0; HALF]); 2];
        Self { dots: none, squares: none }
    }

    /// Adds a chunk of a row.
    #[inline(always)]
    fn and(mut self, v: V, chunk: [V::Floats; 2], values: &[f32; CHUNK]) -> Self {
        let values = values.as_chunks::<HALF>().0;
        for half in 0..2 {
            let x = chunk[half];
            self.dots[half] = v.fused(self.dots[half], x, v.floats(&values[half]));
            self.squares[half] = v.fused(self.squares[half], x, x);
        }
        self
    }

    #[inline(always)]
    fn estimate(self, v: V) -> Estimate {
        let dot = v.sum(self.dots[0]) + v.sum(self.dots[1]);
        let square = v.sum(self.squares[0]) + v.sum(self.squares[1]);
        Estimate { dot, square, mass: square }
    }
}
