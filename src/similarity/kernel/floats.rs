//! A cheap dot product in `f32`, and the bound on its error.

/// The number of partial sums: two vectors of AVX-512, eight of SSE2.
const LANES: usize = 32;

/// The largest error of an estimate of rows of `len` values, relative to the
/// product of the norms.
///
/// A term passes through one product, `len / 32` additions in its lane, and then
/// at most 32 more across the lanes and the tail. Each rounds by at most 2^-24 of
/// a sum of absolute values. By the Cauchy-Schwarz inequality those sums are at
/// most `|a| |b|`. Twice the count leaves room for the second-order terms. Integer
/// products of groups (each at most 2^28) round when they become `f32` and when
/// they are multiplied with their scale: fewer steps, so the bound holds for them
/// too.
///
/// Underflow adds an error of at most 2^-149 per step. Callers use norms of at
/// least 2^-40, and compared with their products that error is negligible.
pub fn rounding(len: usize) -> f64 {
    ((len / LANES + 2 * LANES) as f64) * f64::exp2(-23.0)
}

#[inline(always)]
pub(super) fn estimate(row: &[f32], query: &[f32]) -> (f32, f32) {
    assert_eq!(row.len(), query.len());
    let (mut dots, mut squares) = ([0.0; LANES], [0.0; LANES]);
    let (rows, row_rest) = row.as_chunks::<LANES>();
    let (queries, query_rest) = query.as_chunks::<LANES>();
    for (row, query) in rows.iter().zip(queries) {
        for i in 0..LANES {
            dots[i] += row[i] * query[i];
            squares[i] += row[i] * row[i];
        }
    }
    for (i, (x, y)) in row_rest.iter().zip(query_rest).enumerate() {
        dots[i] += x * y;
        squares[i] += x * x;
    }
    (across(dots), across(squares))
}

#[inline(always)]
pub(super) fn product(a: &[f32], b: &[f32]) -> f32 {
    // Twice as many sums: each waits for the one before.
    const LANES: usize = 64;
    assert_eq!(a.len(), b.len());
    let mut sums = [0.0; LANES];
    let ((a, a_rest), (b, b_rest)) = (a.as_chunks::<LANES>(), b.as_chunks::<LANES>());
    for (a, b) in a.iter().zip(b) {
        for i in 0..LANES {
            sums[i] += a[i] * b[i];
        }
    }
    for (sum, (a, b)) in sums.iter_mut().zip(a_rest.iter().zip(b_rest)) {
        *sum += a * b;
    }
    across(sums)
}

#[inline(always)]
fn across<const N: usize>(mut lanes: [f32; N]) -> f32 {
    let mut width = N / 2;
    while width > 0 {
        for i in 0..width {
            lanes[i] += lanes[i + width];
        }
        width /= 2;
    }
    lanes[0]
}
