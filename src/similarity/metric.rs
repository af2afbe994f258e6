//! The plain arithmetic of every score.

use crate::named::named;
use crate::stats::is_usable;

named! {
    /// How near two rows are.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum Metric {
        /// The cosine of the angle between them, `a·b / (|a| |b|)`; 1 is nearest.
        Cosine = "cosine",
        /// The dot product `a·b`; the largest is nearest.
        Dot = "dot",
        /// The Euclidean distance `|a - b|`; the smallest is nearest.
        L2 = "l2",
    }
}

impl Metric {
    /// The score of `b` as a neighbour of `a`, each given with its norm.
    #[inline(always)]
    pub fn score(self, a: (&[f32], f64), b: (&[f32], f64)) -> f64 {
        match self {
            // Rounding can carry a cosine past 1 by an ulp.
            Self::Cosine => (dot(a.0, b.0) / (a.1 * b.1)).clamp(-1.0, 1.0),
            Self::Dot => dot(a.0, b.0),
            Self::L2 => distance(a.0, b.0),
        }
    }

    /// Whether a larger score is nearer.
    pub fn descending(self) -> bool {
        self != Self::L2
    }

    /// Whether a row with this norm can be ranked: its values are finite, and
    /// under [`Cosine`](Self::Cosine) it has a direction.
    pub fn ranks(self, norm: f64) -> bool {
        match self {
            Self::Cosine => is_usable(norm),
            Self::Dot | Self::L2 => norm.is_finite(),
        }
    }
}

/// The number of partial sums. Eight let the compiler use vectors.
const LANES: usize = 8;

/// The sum of `term(a, b)` over two rows of one length, in `f64`.
///
/// The order of additions is fixed: value i is added to partial sum i mod 8. The
/// product of two `f32` is exact in `f64`, so only the additions round. The
/// function is always inlined, so that `kernel` can compile it for wider vectors
/// (eight sums fill a vector of AVX-512) without changing the order.
#[inline(always)]
fn sum(a: &[f32], b: &[f32], term: impl Fn(f64, f64) -> f64) -> f64 {
    assert_eq!(a.len(), b.len());
    let mut sums = [0.0; LANES];
    let (a, a_rest) = a.as_chunks::<LANES>();
    let (b, b_rest) = b.as_chunks::<LANES>();
    for (a, b) in a.iter().zip(b) {
        for (sum, (&a, &b)) in sums.iter_mut().zip(a.iter().zip(b)) {
            *sum += term(a.into(), b.into());
        }
    }
    for (sum, (&a, &b)) in sums.iter_mut().zip(a_rest.iter().zip(b_rest)) {
        *sum += term(a.into(), b.into());
    }
    let [s0, s1, s2, s3, s4, s5, s6, s7] = sums;
    ((s0 + s4) + (s2 + s6)) + ((s1 + s5) + (s3 + s7))
}

/// The dot product of two rows of one length.
#[inline(always)]
pub fn dot(a: &[f32], b: &[f32]) -> f64 {
    sum(a, b, |a, b| a * b)
}

/// The Euclidean norm of a row.
#[inline(always)]
pub fn norm(row: &[f32]) -> f64 {
    dot(row, row).sqrt()
}

#[inline(always)]
fn distance(a: &[f32], b: &[f32]) -> f64 {
    sum(a, b, |a, b| (a - b) * (a - b)).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_of_three_and_four_has_norm_five() {
        let row = [3.0, 0.0, 4.0];
        assert_eq!(norm(&row), 5.0);
        assert_eq!(Metric::Cosine.score((&row, 5.0), (&row, 5.0)), 1.0);
        assert_eq!(Metric::L2.score((&row, 5.0), (&[0.0; 3], 0.0)), 5.0);
        assert_eq!(Metric::Dot.score((&row, 5.0), (&[1.0, 1.0, 1.0], 0.0)), 7.0);
    }

    #[test]
    fn every_tail_length_is_summed() {
        for n in 0..40_u32 {
            let row: Vec<f32> = (1..=n).map(|i| i as f32).collect();
            assert_eq!(dot(&row, &row), f64::from(n * (n + 1) * (2 * n + 1) / 6));
        }
    }
}
