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

use super::{CHUNK, Coded, Estimate, Row};
use crate::cpu::Vector;

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

/// Rows of blocks.
pub(super) struct Blocks<B>(PhantomData<B>);

impl<B: Block<BYTES>, const BYTES: usize> Row<BYTES> for Blocks<B> {
    const BY_CODES: bool = true;
    const ROUNDED_TOGETHER: usize = CHUNK;

    #[inline(always)]
    fn estimate<V: Vector>(v: V, row: &[[u8; BYTES]], vector: &Coded) -> Estimate {
        assert_eq!(vector.codes.len(), row.len());
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

/// Rows of super-blocks.
pub(super) struct SuperBlocks<B>(PhantomData<B>);

impl<B: Super<BYTES>, const BYTES: usize> Row<BYTES> for SuperBlocks<B> {
    const BY_CODES: bool = true;
    const ROUNDED_TOGETHER: usize = CHUNKS * CHUNK;

    #[inline(always)]
    fn estimate<V: Vector>(v: V, row: &[[u8; BYTES]], vector: &Coded) -> Estimate {
        assert_eq!(vector.codes.len(), CHUNKS * row.len());
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
