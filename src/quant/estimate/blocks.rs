//! Sums over rows of blocks: whole numbers with a scale, and in some types minima.
//!
//! ```text
//! value   x = d q              d        a block's scale, a float
//!                              q        the stored number
//!         x = d s q - e m      d, e     a super-block's scales, floats
//!                              s, m     a sub-block's scale and minimum, integers
//!
//! x·y   = Σ over blocks of  d Σ s q y  -  e Σ m Σ y
//! |x|²  = Σ over blocks of  d² Σ (s q)²  -  2 d e Σ s q m  +  e² Σ m²
//! ```
//!
//! The sums over the numbers of a block are of integers, and exact.

use std::marker::PhantomData;

use super::{CHUNK, Coded, Estimate, Estimator};
use crate::cpu::{Algorithm, Level, Vector, with_vectors};

/// A type of blocks of 32 values with one scale, in this number of bytes.
pub(super) trait Block<const BYTES: usize>: 'static {
    /// `d`.
    fn scale<V: Vector>(v: V, block: &[u8; BYTES]) -> V::Totals;

    /// The stored numbers, as signed bytes.
    fn numbers<V: Vector>(v: V, block: &[u8; BYTES]) -> V::Bytes;
}

/// A type of super-blocks of 256 values, in this number of bytes.
pub(super) trait Super<const BYTES: usize>: 'static {
    /// The number of values that share a scale: 16 or 32.
    const TOGETHER: usize;
    /// Whether there are minima.
    const MINIMA: bool;

    /// The scales and minima of a super-block.
    fn scales<V: Vector>(v: V, block: &[u8; BYTES]) -> Scales<V::Totals>;

    /// The stored numbers of one of its eight chunks, as signed bytes. The product of a
    /// number with the scale of its sub-block is at most 4096.
    fn numbers<V: Vector>(v: V, block: &[u8; BYTES], chunk: usize) -> V::Bytes;
}

/// The scales and minima of a super-block.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scales<T> {
    pub d: T,
    pub e: T,
    /// `s` of each sub-block; zeros past the last.
    pub s: [i8; 16],
    /// `m` of each sub-block; zeros past the last.
    pub m: [i8; 16],
}

/// Chunks in a super-block.
const CHUNKS: usize = 8;

/// The estimator of a type of blocks.
pub(super) const fn of_blocks<B: Block<BYTES>, const BYTES: usize>() -> Estimator {
    Estimator {
        run: |level, rows, vector, out| run::<Blocks<B>, BYTES>(level, rows, vector, out),
        by_codes: true,
        rounded_together: CHUNK,
    }
}

/// The estimator of a type of super-blocks.
pub(super) const fn of_super_blocks<B: Super<BYTES>, const BYTES: usize>() -> Estimator {
    Estimator {
        run: |level, rows, vector, out| run::<SuperBlocks<B>, BYTES>(level, rows, vector, out),
        by_codes: true,
        rounded_together: CHUNK * CHUNKS,
    }
}

/// The sums over a row of one kind of blocks.
trait Row<const BYTES: usize> {
    /// Chunks in a block.
    const CHUNKS: usize;

    fn estimate<V: Vector>(v: V, row: &[[u8; BYTES]], vector: &Coded) -> Estimate;
}

fn run<R: Row<BYTES>, const BYTES: usize>(
    level: Level,
    rows: &[u8],
    vector: &Coded,
    out: &mut [Estimate],
) {
    let (rows, rest) = rows.as_chunks();
    let blocks = vector.codes.len() / R::CHUNKS;
    assert!(rest.is_empty() && blocks * R::CHUNKS == vector.codes.len());
    assert!(rows.len() == blocks * out.len());
    with_vectors(level, Run::<R, BYTES> { rows, blocks, vector, out, of: PhantomData });
}

struct Run<'a, R, const BYTES: usize> {
    rows: &'a [[u8; BYTES]],
    blocks: usize,
    vector: &'a Coded,
    out: &'a mut [Estimate],
    of: PhantomData<R>,
}

impl<R: Row<BYTES>, const BYTES: usize> Algorithm for Run<'_, R, BYTES> {
    #[inline(always)]
    fn run(self, vectors: impl Vector) {
        for (row, out) in self.rows.chunks_exact(self.blocks.max(1)).zip(self.out) {
            *out = R::estimate(vectors, row, self.vector);
        }
    }
}

struct Blocks<B>(PhantomData<B>);

impl<B: Block<BYTES>, const BYTES: usize> Row<BYTES> for Blocks<B> {
    const CHUNKS: usize = 1;

    #[inline(always)]
    fn estimate<V: Vector>(v: V, row: &[[u8; BYTES]], vector: &Coded) -> Estimate {
        let (mut dots, mut squares) = (v.no_totals(), v.no_totals());
        for (block, codes) in row.iter().zip(&vector.codes) {
            let d = B::scale(v, block);
            let x = v.widen(B::numbers(v, block));
            dots = v.add_scaled(dots, v.add_products(v.none(), x, v.words(codes)), d);
            squares = v.add_scaled(squares, v.add_products(v.none(), x, x), v.product(d, d));
        }
        let square = v.total(squares);
        Estimate { dot: v.total(dots), square, mass: square }
    }
}

struct SuperBlocks<B>(PhantomData<B>);

impl<B: Super<BYTES>, const BYTES: usize> Row<BYTES> for SuperBlocks<B> {
    const CHUNKS: usize = CHUNKS;

    #[inline(always)]
    fn estimate<V: Vector>(v: V, row: &[[u8; BYTES]], vector: &Coded) -> Estimate {
        let (mut dots, mut squares, mut crossed) = (v.no_totals(), v.no_totals(), v.no_totals());
        let mut dots_of_minima = v.floats(&[0.0; 16]);
        let mut squares_of_minima = dots_of_minima;
        let codes = vector.codes.as_chunks::<CHUNKS>().0;
        let sums = if B::TOGETHER == 16 { &vector.sums_of_16 } else { &vector.sums_of_32 };
        for ((block, codes), sums) in row.iter().zip(codes).zip(sums) {
            let Scales { d, e, s, m } = B::scales(v, block);
            let (s, m) = (v.scales(&s), v.scales(&m));
            let (mut dot, mut square, mut cross) = (v.none(), v.none(), v.none());
            for (chunk, codes) in codes.iter().enumerate() {
                let own = if B::TOGETHER == 16 { [2 * chunk, 2 * chunk + 1] } else { [chunk; 2] };
                let x = v.times(v.widen(B::numbers(v, block, chunk)), v.pair(s, own));
                dot = v.add_products(dot, x, v.words(codes));
                square = v.add_products(square, x, x);
                if B::MINIMA {
                    cross = v.add_products(cross, x, v.pair(m, own));
                }
            }
            dots = v.add_scaled(dots, dot, d);
            squares = v.add_scaled(squares, square, v.product(d, d));
            if B::MINIMA {
                crossed = v.add_scaled(crossed, cross, v.product(d, e));
                let minima = v.scaled(m, e);
                dots_of_minima = v.fused(dots_of_minima, minima, v.floats(sums));
                squares_of_minima = v.fused(squares_of_minima, minima, minima);
            }
        }
        let mass = v.total(squares) + B::TOGETHER as f32 * v.sum(squares_of_minima);
        Estimate {
            dot: v.total(dots) - v.sum(dots_of_minima),
            square: if B::MINIMA { mass - 2.0 * v.total(crossed) } else { mass },
            mass,
        }
    }
}
