//! Sums over rows of floats.

use super::{CHUNK, Coded, Estimate, Estimator};
use crate::cpu::{Algorithm, Level, Vector, with_vectors};

/// Floats that are widened together.
pub(super) const HALF: usize = CHUNK / 2;

/// A type whose values have this number of bytes.
pub(super) trait Floats<const BYTES: usize>: 'static {
    /// Widens 16 values.
    fn widen<V: Vector>(v: V, values: &[[u8; BYTES]; HALF]) -> V::Floats;
}

/// The estimator of a type.
pub(super) const fn of_floats<F: Floats<BYTES>, const BYTES: usize>() -> Estimator {
    Estimator {
        run: |level, rows, vector, out| {
            estimate::<F, BYTES>(level, rows.as_chunks().0, vector, out);
        },
        by_codes: false,
        rounded_together: CHUNK,
    }
}

fn estimate<F: Floats<BYTES>, const BYTES: usize>(
    level: Level,
    values: &[[u8; BYTES]],
    vector: &Coded,
    out: &mut [Estimate],
) {
    if out.is_empty() {
        return;
    }
    let dim = values.len() / out.len();
    assert!(values.len() == dim * out.len() && vector.values.len() == dim.div_ceil(CHUNK));
    with_vectors(level, Run::<F, BYTES> { values, dim, vector, out, of: std::marker::PhantomData });
}

struct Run<'a, F, const BYTES: usize> {
    values: &'a [[u8; BYTES]],
    dim: usize,
    vector: &'a Coded,
    out: &'a mut [Estimate],
    of: std::marker::PhantomData<F>,
}

impl<F: Floats<BYTES>, const BYTES: usize> Algorithm for Run<'_, F, BYTES> {
    #[inline(always)]
    fn run(self, vectors: impl Vector) {
        for (row, out) in self.values.chunks_exact(self.dim).zip(self.out) {
            *out = of_row::<F, _, BYTES>(vectors, row, self.vector);
        }
    }
}

#[inline(always)]
fn of_row<F: Floats<BYTES>, V: Vector, const BYTES: usize>(
    v: V,
    row: &[[u8; BYTES]],
    vector: &Coded,
) -> Estimate {
    let mut sums = Sums { dots: [v.floats(&[0.0; HALF]); 2], squares: [v.floats(&[0.0; HALF]); 2] };
    let (chunks, rest) = row.as_chunks::<CHUNK>();
    for (chunk, values) in chunks.iter().zip(&vector.values) {
        sums = add::<F, _, BYTES>(v, sums, chunk, values);
    }
    if let (false, Some(values)) = (rest.is_empty(), vector.values.last()) {
        let mut last = [[0; BYTES]; CHUNK];
        last[..rest.len()].copy_from_slice(rest);
        sums = add::<F, _, BYTES>(v, sums, &last, values);
    }
    let [dot, square] =
        [sums.dots, sums.squares].map(|[first, second]| v.sum(first) + v.sum(second));
    Estimate { dot, square, mass: square }
}

/// Two sums of each kind, so that one addition need not wait for the last.
#[derive(Clone, Copy)]
struct Sums<V: Vector> {
    dots: [V::Floats; 2],
    squares: [V::Floats; 2],
}

#[inline(always)]
fn add<F: Floats<BYTES>, V: Vector, const BYTES: usize>(
    v: V,
    mut sums: Sums<V>,
    chunk: &[[u8; BYTES]; CHUNK],
    values: &[f32; CHUNK],
) -> Sums<V> {
    let (chunk, values) = (chunk.as_chunks::<HALF>().0, values.as_chunks::<HALF>().0);
    for half in 0..2 {
        let x = F::widen(v, &chunk[half]);
        sums.dots[half] = v.fused(sums.dots[half], x, v.floats(&values[half]));
        sums.squares[half] = v.fused(sums.squares[half], x, x);
    }
    sums
}
