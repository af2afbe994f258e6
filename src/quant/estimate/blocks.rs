//! Sums over rows of blocks: whole numbers with a scale, and in some types a minimum.
//!
//! ```text
//! value   x = d s q - e m      d, e     a block's scales, floats
//!                              s, m     a sub-block's scale and minimum, integers
//!                              q        the stored number
//!
//! x·y   = Σ over blocks of  d Σ s q y  -  e Σ m Σ y
//! |x|²  = Σ over blocks of  d² Σ (s q)²  -  2 d e Σ s q m  +  e² Σ m²
//! ```
//!
//! Each inner sum is over the integers of one block, and exact.

use super::{CHUNK, Coded, Estimate, Estimator};
use crate::cpu::{Algorithm, Level, Vector, with_vectors};

/// The most chunks in a block.
const MOST: usize = 8;

/// A type whose blocks have this number of bytes.
pub(super) trait Blocks<const BYTES: usize>: 'static {
    /// Chunks of 32 values in a block.
    const CHUNKS: usize;
    /// Whether sub-blocks have scales of their own.
    const SCALED: bool;
    /// Whether there are minima.
    const MINIMA: bool;

    /// The scales and minima of a block.
    fn scales(block: &[u8; BYTES]) -> Scales;

    /// The stored numbers of a chunk, as signed bytes. The product of one with the scale
    /// of its sub-block is at most 4096.
    fn numbers<V: Vector>(v: V, block: &[u8; BYTES], chunk: usize) -> V::Bytes;
}

/// The scales and minima of a block, see the [module](self).
#[derive(Clone, Copy, Debug)]
pub(super) struct Scales {
    pub d: f32,
    pub e: f32,
    /// `s` and `m`, for both halves of each chunk.
    pub s: [[i16; 2]; MOST],
    pub m: [[i16; 2]; MOST],
}

impl Scales {
    /// A block with one scale and no minimum.
    #[inline(always)]
    pub fn one(d: f32) -> Self {
        Self { d, e: 0.0, s: [[1; 2]; MOST], m: [[0; 2]; MOST] }
    }
}

/// The estimator of a type.
pub(super) const fn estimator<B: Blocks<BYTES>, const BYTES: usize>() -> Estimator {
    assert!(B::CHUNKS <= MOST);
    Estimator {
        run: |level, rows, vector, out| {
            estimate::<B, BYTES>(level, rows.as_chunks().0, vector, out);
        },
        by_codes: true,
        rounded_together: CHUNK * B::CHUNKS,
    }
}

fn estimate<B: Blocks<BYTES>, const BYTES: usize>(
    level: Level,
    rows: &[[u8; BYTES]],
    vector: &Coded,
    out: &mut [Estimate],
) {
    let blocks = vector.codes.len() / B::CHUNKS;
    assert!(blocks * B::CHUNKS == vector.codes.len() && rows.len() == blocks * out.len());
    with_vectors(level, Run::<B, BYTES> { rows, vector, out, of: std::marker::PhantomData });
}

struct Run<'a, B, const BYTES: usize> {
    rows: &'a [[u8; BYTES]],
    vector: &'a Coded,
    out: &'a mut [Estimate],
    of: std::marker::PhantomData<B>,
}

impl<B: Blocks<BYTES>, const BYTES: usize> Algorithm for Run<'_, B, BYTES> {
    #[inline(always)]
    fn run(self, vectors: impl Vector) {
        let blocks = self.vector.codes.len() / B::CHUNKS;
        for (row, out) in self.rows.chunks_exact(blocks.max(1)).zip(self.out) {
            *out = of_row::<B, BYTES>(vectors, row, self.vector);
        }
    }
}

#[inline(always)]
fn of_row<B: Blocks<BYTES>, const BYTES: usize>(
    v: impl Vector,
    row: &[[u8; BYTES]],
    vector: &Coded,
) -> Estimate {
    let (mut dots, mut squares, mut crossed) = (v.no_totals(), v.no_totals(), v.no_totals());
    let (mut dot_of_minima, mut square_of_minima) = (0.0, 0.0);
    let codes = vector.codes.chunks_exact(B::CHUNKS).zip(vector.sums.chunks_exact(B::CHUNKS));
    for (block, (codes, sums)) in row.iter().zip(codes) {
        let Scales { d, e, s, m } = B::scales(block);
        let (mut dot, mut square, mut cross) = (v.none(), v.none(), v.none());
        for chunk in 0..B::CHUNKS {
            let mut x = v.widen(B::numbers(v, block, chunk));
            if B::SCALED {
                x = v.times(x, v.halves(s[chunk]));
            }
            dot = v.add_products(dot, x, v.words(&codes[chunk]));
            square = v.add_products(square, x, x);
            if B::MINIMA {
                cross = v.add_products(cross, x, v.halves(m[chunk]));
            }
        }
        dots = v.add_scaled(dots, dot, d);
        squares = v.add_scaled(squares, square, d * d);
        if B::MINIMA {
            crossed = v.add_scaled(crossed, cross, d * e);
            let (mut dot, mut square) = (0, 0);
            for chunk in 0..B::CHUNKS {
                for half in 0..2 {
                    let m = i32::from(m[chunk][half]);
                    dot += m * sums[chunk][half];
                    square += m * m;
                }
            }
            dot_of_minima += e * dot as f32;
            square_of_minima += e * e * (CHUNK as i32 / 2 * square) as f32;
        }
    }
    let mass = v.total(squares) + square_of_minima;
    Estimate {
        dot: v.total(dots) - dot_of_minima,
        square: if B::MINIMA { mass - 2.0 * v.total(crossed) } else { mass },
        mass,
    }
}
