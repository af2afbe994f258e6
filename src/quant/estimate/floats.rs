//! Sums over rows of floats, and of blocks that become floats in one step: those with a
//! scale and a minimum.

use std::marker::PhantomData;

use super::{CHUNK, Coded, Estimate, Estimator};
use crate::cpu::{Algorithm, Level, Vector, with_vectors};

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

/// The estimator of a type of floats.
pub(super) const fn of_floats<F: Floats<BYTES>, const BYTES: usize>() -> Estimator {
    Estimator {
        run: |level, rows, vector, out| run::<Values<F>, BYTES>(level, rows, vector, out),
        by_codes: false,
        rounded_together: CHUNK,
    }
}

/// The estimator of a type of blocks with a minimum.
pub(super) const fn of_lines<L: Line<BYTES>, const BYTES: usize>() -> Estimator {
    Estimator {
        run: |level, rows, vector, out| run::<Lines<L>, BYTES>(level, rows, vector, out),
        by_codes: false,
        rounded_together: CHUNK,
    }
}

/// How the bytes of a row become floats.
trait Row<const BYTES: usize> {
    /// Adds what a row comes to.
    fn add<V: Vector>(v: V, sums: Sums<V>, row: &[[u8; BYTES]], vector: &Coded) -> Sums<V>;
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
            *out = R::add(vectors, Sums::none(vectors), row, self.vector).estimate(vectors);
        }
    }
}

struct Values<F>(PhantomData<F>);

impl<F: Floats<BYTES>, const BYTES: usize> Row<BYTES> for Values<F> {
    #[inline(always)]
    fn add<V: Vector>(v: V, mut sums: Sums<V>, row: &[[u8; BYTES]], vector: &Coded) -> Sums<V> {
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
        sums
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

struct Lines<L>(PhantomData<L>);

impl<L: Line<BYTES>, const BYTES: usize> Row<BYTES> for Lines<L> {
    #[inline(always)]
    fn add<V: Vector>(v: V, mut sums: Sums<V>, row: &[[u8; BYTES]], vector: &Coded) -> Sums<V> {
        assert_eq!(vector.values.len(), row.len());
        for (block, values) in row.iter().zip(&vector.values) {
            let [d, m] = L::scales(v, block);
            let (d, m) = (v.repeated(d), v.repeated(m));
            let [low, high] = v.to_floats(L::numbers(v, block));
            sums = sums.and(v, [v.fused(m, low, d), v.fused(m, high, d)], values);
        }
        sums
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
