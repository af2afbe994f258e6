//! The few directions of the largest eigenvalues of a symmetric matrix. All of them take
//! minutes in a wide table; these take seconds.

use nalgebra::DMatrix;

use crate::stats::SplitMix64;

/// After so many steps the search starts again from the best direction.
const STEPS: usize = 120;

/// So many starts. Two eigenvalues that are still not told apart then are as good as equal.
const STARTS: usize = 20;

/// The eigenvector of unit length with the largest eigenvalue, among those at right angles
/// to `others`; `None` if there is no such direction. The matrix has no negative
/// eigenvalues, but for rounding.
///
/// By the method of Lanczos ("An iteration method for the solution of the eigenvalue problem
/// of linear differential and integral operators", 1950), with all directions kept at right
/// angles.
pub(super) fn leading(matrix: &[f64], dim: usize, others: &[Vec<f64>]) -> Option<(f64, Vec<f64>)> {
    let most = STEPS.min(dim.checked_sub(others.len()).filter(|left| *left > 0)?);
    let mut random = SplitMix64::new(others.len() as u64);
    let mut start: Vec<f64> = (0..dim).map(|_| random.unit() - 0.5).collect();
    let mut best = 0.0;
    for _ in 0..STARTS {
        straighten(&mut start, &[others]);
        let mut basis = vec![start];
        let (mut diagonal, mut beside) = (Vec::new(), Vec::new());
        let is_done = loop {
            let last = &basis[basis.len() - 1];
            let mut next: Vec<f64> = matrix.chunks_exact(dim).map(|row| dot(row, last)).collect();
            diagonal.push(dot(&next, last));
            let size = straighten(&mut next, &[others, &basis]);
            beside.push(size);
            let n = diagonal.len();
            if n == most || n.is_multiple_of(20) || size <= 1e-14 * diagonal[0].abs() {
                let small = DMatrix::from_fn(n, n, |i, j| match i.abs_diff(j) {
                    0 => diagonal[i],
                    1 => beside[i.min(j)],
                    _ => 0.0,
                });
                let eigen = small.symmetric_eigen();
                let at = eigen.eigenvalues.imax();
                let weights = eigen.eigenvectors.column(at);
                let off = size * weights[n - 1].abs();
                best = eigen.eigenvalues[at];
                if n == most || off <= 1e-12 * best.abs() || size <= 1e-14 * diagonal[0].abs() {
                    start = vec![0.0; dim];
                    for (weight, direction) in weights.iter().zip(&basis) {
                        start.iter_mut().zip(direction).for_each(|(x, y)| *x += weight * y);
                    }
                    straighten(&mut start, &[others]);
                    break most < STEPS || off <= 1e-12 * best.abs() || n < most;
                }
            }
            basis.push(next);
        };
        if is_done {
            break;
        }
    }
    Some((best, start))
}

/// Makes a vector of unit length, at right angles to others. Returns what its length was
/// after the second.
fn straighten(vector: &mut [f64], others: &[&[Vec<f64>]]) -> f64 {
    // What rounding leaves after the first time is gone after the second.
    for other in [others, others].into_iter().flatten().copied().flatten() {
        let along = dot(vector, other);
        vector.iter_mut().zip(other).for_each(|(x, y)| *x -= along * y);
    }
    let length = dot(vector, vector).sqrt();
    if length > 0.0 {
        vector.iter_mut().for_each(|x| *x /= length);
    }
    length
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    // A processor adds several sums at a time.
    const SUMS: usize = 8;
    let ((a, a_rest), (b, b_rest)) = (a.as_chunks::<SUMS>(), b.as_chunks::<SUMS>());
    let mut sums = [0.0; SUMS];
    for (a, b) in a.iter().zip(b) {
        for i in 0..SUMS {
            sums[i] += a[i] * b[i];
        }
    }
    let rest: f64 = a_rest.iter().zip(b_rest).map(|(a, b)| a * b).sum();
    sums.iter().sum::<f64>() + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `Σ values[i] v_i v_iᵀ`, with random directions at right angles.
    fn matrix(values: &[f64]) -> (Vec<f64>, Vec<Vec<f64>>) {
        let (dim, mut random) = (values.len(), SplitMix64::new(4));
        let mut vectors: Vec<Vec<f64>> = Vec::new();
        for _ in 0..dim {
            let mut vector: Vec<f64> = (0..dim).map(|_| random.unit() - 0.5).collect();
            straighten(&mut vector, &[&vectors]);
            vectors.push(vector);
        }
        let cell = |i: usize, j: usize| -> f64 {
            vectors.iter().zip(values).map(|(v, value)| value * v[i] * v[j]).sum()
        };
        let cells = (0..dim * dim).map(|at| cell(at / dim, at % dim)).collect();
        (cells, vectors)
    }

    #[test]
    fn the_largest_two_are_found() {
        let falling = |n: usize| (0..n).map(|i| 1.0 / (i + 1) as f64).collect::<Vec<f64>>();
        let close = |n: usize| (0..n).map(|i| 2.0 - 1e-3 * i as f64).collect::<Vec<f64>>();
        for values in [falling(2), falling(7), falling(150), close(150), close(300)] {
            let dim = values.len();
            let (cells, vectors) = matrix(&values);
            let mut found = Vec::new();
            for at in 0..2 {
                let (value, vector) = leading(&cells, dim, &found).unwrap();
                assert!((value - values[at]).abs() < 1e-9, "{value} {}", values[at]);
                assert!((dot(&vector, &vectors[at]).abs() - 1.0).abs() < 1e-6);
                found.push(vector);
            }
        }
    }

    #[test]
    fn equal_and_no_eigenvalues_have_directions_too() {
        for values in [[1.0, 1.0, 1.0], [3.0, 3.0, 1.0], [1.0, 0.0, 0.0], [0.0; 3]] {
            let (cells, _) = matrix(&values);
            let mut found: Vec<Vec<f64>> = Vec::new();
            for expected in values {
                let (value, vector) = leading(&cells, 3, &found).unwrap();
                assert!((value - expected).abs() < 1e-12, "{value} {expected}");
                assert!((dot(&vector, &vector) - 1.0).abs() < 1e-12);
                assert!(found.iter().all(|other| dot(other, &vector).abs() < 1e-12));
                found.push(vector);
            }
            assert!(leading(&cells, 3, &found).is_none());
        }
    }
}
