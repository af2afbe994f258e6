//! Products, triangular factors and leading directions of small dense
//! matrices: all that canonical correlations need.
//!
//! Matrices are slices, row after row. Every sum is taken in an order that
//! depends on the shapes alone, and a product and a sum are never contracted,
//! so the bits are the same on every processor.

use crate::cpu::{Algorithm, Level, Vector, at_each_level, with_vectors};
use crate::stats::mix;

/// Rows and columns that are multiplied together.
const TALL: usize = 4;
const WIDE: usize = 16;

/// Terms of each sum that are taken together: 16 columns of so many are
/// 20 KiB, which a first-level cache holds.
const DEEP: usize = 320;

/// A matrix laid out to be multiplied from the left: panels of 16 columns.
#[derive(Debug)]
pub struct Panels {
    depth: usize,
    columns: usize,
    /// Whether all below the diagonal is zero, and can be left out.
    is_upper: bool,
    cells: Vec<[f32; WIDE]>,
}

impl Panels {
    /// Lays out a matrix of `columns` columns.
    pub fn of(matrix: &[f32], columns: usize) -> Self {
        let mut panels = Self { depth: 0, columns, is_upper: false, cells: Vec::new() };
        panels.lay(matrix, columns);
        panels
    }

    /// Lays out the transpose of a lower triangular matrix of `n` columns: rows
    /// times these panels are whitened by a [`whitener`].
    pub fn whitening(whitener: &[f32], n: usize) -> Self {
        Self { is_upper: true, ..Self::of(&transposed(whitener, n), n) }
    }

    /// Lays out another in its place.
    pub fn lay(&mut self, matrix: &[f32], columns: usize) {
        let depth = matrix.len() / columns;
        (self.depth, self.columns) = (depth, columns);
        self.cells.clear();
        self.cells.resize(depth * columns.div_ceil(WIDE), [0.0; WIDE]);
        for (row, values) in matrix.chunks_exact(columns).enumerate() {
            for (panel, values) in values.chunks(WIDE).enumerate() {
                self.cells[panel * depth + row][..values.len()].copy_from_slice(values);
            }
        }
    }
}

/// The left side of a product.
#[derive(Clone, Copy, Debug)]
pub enum Left<'a> {
    /// Rows as they lie.
    Rows(&'a [f32]),
    /// The transpose of what lies there.
    Columns(&'a [f32]),
}

/// Adds `left right` to `out`, a matrix of `right`'s columns.
pub fn multiply(level: Level, left: Left, right: &Panels, out: &mut [f32]) {
    multiply_above(level, left, right, out, usize::MAX);
}

/// Adds the products of all pairs of columns, of which `panels` is the layout,
/// to `out`: on its diagonal and above. Below, not all are there.
pub fn square(level: Level, columns: &[f32], panels: &Panels, out: &mut [f32]) {
    multiply_above(level, Left::Columns(columns), panels, out, 0);
}

/// As [`multiply`], without tiles that lie more than `below` below the diagonal.
fn multiply_above(level: Level, left: Left, right: &Panels, out: &mut [f32], below: usize) {
    let (depth, columns, right_is_upper) = (right.depth, right.columns, right.is_upper);
    let height = match left {
        Left::Rows(rows) | Left::Columns(rows) => rows.len() / depth,
    };
    assert_eq!(out.len(), height * columns);
    let mut cells = vec![[0.0; TALL]; DEEP * height.div_ceil(TALL)];
    for from in (0..depth).step_by(DEEP) {
        let deep = DEEP.min(depth - from);
        for (block, cells) in cells.chunks_mut(DEEP).enumerate() {
            lay_left(left, [height, depth], block * TALL, from, &mut cells[..deep]);
        }
        for (panel, right) in right.cells.chunks_exact(depth).enumerate() {
            let start = panel * WIDE;
            let deep =
                if right_is_upper { deep.min((start + WIDE).saturating_sub(from)) } else { deep };
            let right = &right[from..from + deep];
            let wide = WIDE.min(columns - start);
            let tiles = (start + WIDE).saturating_add(below).div_ceil(TALL);
            for (block, cells) in cells.chunks(DEEP).enumerate().take(tiles) {
                let sums = tile(level, &cells[..deep], right);
                for (row, sums) in sums.iter().enumerate() {
                    let row = block * TALL + row;
                    if row < height {
                        let out = &mut out[row * columns + start..][..wide];
                        out.iter_mut().zip(sums).for_each(|(out, sum)| *out += sum);
                    }
                }
            }
        }
    }
}

/// Lays out four rows of the left side from the term `from` on. Rows past the last
/// keep their zeros.
fn lay_left(
    left: Left,
    [height, depth]: [usize; 2],
    first: usize,
    from: usize,
    cells: &mut [[f32; TALL]],
) {
    let tall = TALL.min(height - first);
    match left {
        Left::Rows(rows) => {
            for (i, row) in rows[first * depth..].chunks_exact(depth).take(tall).enumerate() {
                let terms = cells.iter_mut().zip(&row[from..]);
                terms.for_each(|(cell, x)| cell[i] = *x);
            }
        }
        Left::Columns(columns) => {
            for (cell, row) in cells.iter_mut().zip(columns.chunks_exact(height).skip(from)) {
                cell.iter_mut().zip(&row[first..first + tall]).for_each(|(cell, x)| *cell = *x);
            }
        }
    }
}

/// Sums of products of four rows with 16 columns.
fn tile(level: Level, left: &[[f32; TALL]], right: &[[f32; WIDE]]) -> [[f32; WIDE]; TALL] {
    let mut sums = [[0.0; WIDE]; TALL];
    let out = &mut sums;
    // Engines of WebAssembly have 16 registers of four values.
    if cfg!(target_arch = "wasm32") {
        with_vectors(level, Tile::<2> { left, right, out });
    } else {
        with_vectors(level, Tile::<4> { left, right, out });
    }
    sums
}

/// Sums of so many rows at once, which the registers hold.
struct Tile<'a, const ROWS: usize> {
    left: &'a [[f32; TALL]],
    right: &'a [[f32; WIDE]],
    out: &'a mut [[f32; WIDE]; TALL],
}

impl<const ROWS: usize> Algorithm for Tile<'_, ROWS> {
    #[inline(always)]
    fn run(self, v: impl Vector) {
        for (part, out) in self.out.as_chunks_mut::<ROWS>().0.iter_mut().enumerate() {
            let mut sums = [v.floats(&[0.0; WIDE]); ROWS];
            for (left, right) in self.left.iter().zip(self.right) {
                let (left, right) = (&left.as_chunks::<ROWS>().0[part], v.floats(right));
                for row in 0..ROWS {
                    sums[row] = v.unfused(sums[row], v.repeated(v.each(left[row])), right);
                }
            }
            for row in 0..ROWS {
                out[row] = v.stored_floats(sums[row]);
            }
        }
    }
}

/// `left right` of a fresh matrix.
pub fn product(level: Level, left: Left, right: &[f32], columns: usize) -> Vec<f32> {
    let depth = right.len() / columns;
    let height = match left {
        Left::Rows(rows) | Left::Columns(rows) => rows.len() / depth,
    };
    let mut out = vec![0.0; height * columns];
    multiply(level, left, &Panels::of(right, columns), &mut out);
    out
}

/// The inverse of the Cholesky factor of a symmetric matrix: the lower
/// triangular `w` with `w m wᵀ = 1`. So `w` whitens what has the covariance
/// `m`.
///
/// `None` where the matrix is not positive definite.
pub fn whitener(level: Level, matrix: &[f32], n: usize) -> Option<Vec<f32>> {
    let mut factor = vec![0.0_f32; n * n];
    for i in 0..n {
        for j in 0..=i {
            let (a, b) = (&factor[i * n..i * n + j], &factor[j * n..j * n + j]);
            let rest = matrix[i * n + j] - dot(level, a, b);
            factor[i * n + j] = if i > j {
                rest / factor[j * n + j]
            } else if rest > 0.0 {
                rest.sqrt()
            } else {
                return None;
            };
        }
    }
    // Row i of the inverse: (e_i - sum of factor[i][j] row j) / factor[i][i].
    let mut inverse = vec![0.0_f32; n * n];
    for i in 0..n {
        let (above, row) = inverse.split_at_mut(i * n);
        let row = &mut row[..n];
        row[i] = 1.0;
        for (j, above) in above.chunks_exact(n).enumerate() {
            add_scaled(level, &mut row[..=j], -factor[i * n + j], &above[..=j]);
        }
        let scale = 1.0 / factor[i * n + i];
        row[..=i].iter_mut().for_each(|x| *x *= scale);
    }
    Some(inverse)
}

at_each_level! {
    /// The sum of products, in 16 lanes.
    pub fn dot(a: &[f32], b: &[f32]) -> f32 = dot_plain;
}

#[inline(always)]
fn dot_plain(a: &[f32], b: &[f32]) -> f32 {
    const LANES: usize = 16;
    let mut lanes = [0.0_f32; LANES];
    let ((a, a_rest), (b, b_rest)) = (a.as_chunks::<LANES>(), b.as_chunks::<LANES>());
    for (a, b) in a.iter().zip(b) {
        for i in 0..LANES {
            lanes[i] += a[i] * b[i];
        }
    }
    let rest: f32 = a_rest.iter().zip(b_rest).map(|(a, b)| a * b).sum();
    lanes.iter().sum::<f32>() + rest
}

at_each_level! {
    /// Adds `scale` times one vector to another.
    pub fn add_scaled(to: &mut [f32], scale: f32, of: &[f32]) = add_scaled_plain;
}

#[inline(always)]
fn add_scaled_plain(to: &mut [f32], scale: f32, of: &[f32]) {
    for (to, of) in to.iter_mut().zip(of) {
        *to += scale * of;
    }
}

/// The leading singular directions of a matrix of `columns` columns.
#[derive(Debug)]
pub struct Leading {
    /// One a row: as long as the matrix has rows.
    pub left: Vec<f32>,
    /// One a row: as long as the matrix has columns.
    pub right: Vec<f32>,
    /// The singular values, descending.
    pub values: Vec<f32>,
}

/// Directions more than are asked for, and rounds: by then the block's
/// subspace holds the leading directions as well as data can tell them
/// (Halko, Martinsson and Tropp 2011, section 4.5).
const MORE: usize = 8;
const ROUNDS: usize = 5;

impl Leading {
    /// By subspace iteration from seeded directions.
    pub fn of(level: Level, matrix: &[f32], columns: usize, wanted: usize, seed: u64) -> Self {
        let rows = matrix.len() / columns;
        let n = wanted.min(columns).min(rows);
        let block = (n + MORE).min(columns).min(rows);
        let across = transposed(matrix, columns);
        let (matrix_panels, across_panels) =
            (Panels::of(matrix, columns), Panels::of(&across, rows));
        let uniform = |i: u64| (mix(seed ^ i) >> 40) as f32 / 16_777_216.0 - 0.5;
        let mut right: Vec<f32> = (0..(block * columns) as u64).map(uniform).collect();
        orthonormalise(level, &mut right, columns);
        let mut left = vec![0.0; block * rows];
        for _ in 0..ROUNDS {
            left.fill(0.0);
            multiply(level, Left::Rows(&right), &across_panels, &mut left);
            orthonormalise(level, &mut left, rows);
            right.fill(0.0);
            multiply(level, Left::Rows(&left), &matrix_panels, &mut right);
            orthonormalise(level, &mut right, columns);
        }
        left.fill(0.0);
        multiply(level, Left::Rows(&right), &across_panels, &mut left);
        // Within the subspace, exactly.
        let mut square: Vec<f64> = Vec::with_capacity(block * block);
        for a in left.chunks_exact(rows) {
            square.extend(left.chunks_exact(rows).map(|b| f64::from(dot(level, a, b))));
        }
        let (values, vectors) = symmetric(&mut square, block);
        let mut order: Vec<usize> = (0..block).collect();
        order.sort_by(|a, b| values[*b].total_cmp(&values[*a]));
        order.truncate(n);
        let mut leading =
            Self { left: Vec::new(), right: Vec::new(), values: Vec::with_capacity(n) };
        for direction in order {
            let value = values[direction].max(0.0).sqrt() as f32;
            let mix = |of: &[f32], len: usize, scale: f32| {
                let mut mixed = vec![0.0; len];
                for (i, of) in of.chunks_exact(len).enumerate() {
                    let share = vectors[i * block + direction] as f32 * scale;
                    add_scaled(level, &mut mixed, share, of);
                }
                mixed
            };
            leading.right.extend(mix(&right, columns, 1.0));
            leading.left.extend(mix(&left, rows, if value > 0.0 { 1.0 / value } else { 0.0 }));
            leading.values.push(value);
        }
        leading
    }
}

/// Rows become columns.
pub fn transposed(matrix: &[f32], columns: usize) -> Vec<f32> {
    let rows = matrix.len() / columns;
    let mut across = vec![0.0; matrix.len()];
    for (i, row) in matrix.chunks_exact(columns).enumerate() {
        for (j, x) in row.iter().enumerate() {
            across[j * rows + i] = *x;
        }
    }
    across
}

/// Makes rows of a length orthogonal and of unit length; those that depend on
/// the ones before become zeros. (Gram and Schmidt, twice.)
fn orthonormalise(level: Level, matrix: &mut [f32], columns: usize) {
    for i in 0..matrix.len() / columns {
        let (before, row) = matrix.split_at_mut(i * columns);
        let row = &mut row[..columns];
        let was = dot(level, row, row).sqrt();
        for _ in 0..2 {
            for before in before.chunks_exact(columns) {
                let share = dot(level, before, row);
                add_scaled(level, row, -share, before);
            }
        }
        let norm = dot(level, row, row).sqrt();
        let scale = if norm > 1e-5 * was { 1.0 / norm } else { 0.0 };
        row.iter_mut().for_each(|x| *x *= scale);
    }
}

/// Eigenvalues of a symmetric matrix, and the eigenvectors as columns.
/// (Jacobi's rotations, in cyclic order.)
fn symmetric(matrix: &mut [f64], n: usize) -> (Vec<f64>, Vec<f64>) {
    let mut vectors = vec![0.0; n * n];
    (0..n).for_each(|i| vectors[i * n + i] = 1.0);
    let scale: f64 = matrix.iter().map(|x| x * x).sum();
    for _sweep in 0..30 {
        let off: f64 = (0..n)
            .flat_map(|i| (0..i).map(move |j| (i, j)))
            .map(|(i, j)| matrix[i * n + j].powi(2))
            .sum();
        if off <= 1e-22 * scale {
            break;
        }
        for p in 0..n {
            for q in p + 1..n {
                let (app, aqq, apq) = (matrix[p * n + p], matrix[q * n + q], matrix[p * n + q]);
                if apq == 0.0 {
                    continue;
                }
                let theta = (aqq - app) / (2.0 * apq);
                let t = theta.signum() / (theta.abs() + theta.hypot(1.0));
                let c = 1.0 / t.hypot(1.0);
                let s = t * c;
                for i in 0..n {
                    let (x, y) = (matrix[i * n + p], matrix[i * n + q]);
                    (matrix[i * n + p], matrix[i * n + q]) = (c * x - s * y, s * x + c * y);
                }
                for i in 0..n {
                    let (x, y) = (matrix[p * n + i], matrix[q * n + i]);
                    (matrix[p * n + i], matrix[q * n + i]) = (c * x - s * y, s * x + c * y);
                    let (x, y) = (vectors[i * n + p], vectors[i * n + q]);
                    (vectors[i * n + p], vectors[i * n + q]) = (c * x - s * y, s * x + c * y);
                }
            }
        }
    }
    ((0..n).map(|i| matrix[i * n + i]).collect(), vectors)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn random(n: usize, seed: u64) -> Vec<f32> {
        (0..n as u64).map(|i| (mix(seed << 32 | i) >> 40) as f32 / 8_388_608.0 - 1.0).collect()
    }

    #[test]
    fn products_are_the_sums_that_they_should_be() {
        let (height, depth, columns) = (7, 333, 45);
        let (a, b) = (random(height * depth, 1), random(depth * columns, 2));
        let out = product(Level::BASELINE, Left::Rows(&a), &b, columns);
        for i in 0..height {
            for j in 0..columns {
                let sum: f32 = (0..depth).map(|k| a[i * depth + k] * b[k * columns + j]).sum();
                assert!((out[i * columns + j] - sum).abs() < 1e-3);
            }
        }
        let mut square = vec![0.0; depth * depth];
        super::square(Level::BASELINE, &a, &Panels::of(&a, depth), &mut square);
        let all = product(Level::BASELINE, Left::Columns(&a), &a, depth);
        for i in 0..depth {
            assert_eq!(square[i * depth + i..][..depth - i], all[i * depth + i..][..depth - i]);
        }
        let across = transposed(&a, depth);
        for level in Level::available() {
            assert_eq!(product(level, Left::Columns(&across), &b, columns), out);
            assert_eq!(product(level, Left::Rows(&a), &b, columns), out);
        }
    }

    #[test]
    fn whitening_a_covariance_leaves_unit_variances() {
        let (n, rows) = (20, 60);
        let x = random(rows * n, 3);
        let level = Level::detect();
        let covariance = product(level, Left::Columns(&x), &x, n);
        let w = whitener(level, &covariance, n).unwrap();
        let left = product(level, Left::Rows(&w), &covariance, n);
        let unit = product(level, Left::Rows(&left), &transposed(&w, n), n);
        for i in 0..n {
            for j in 0..n {
                let expected = f32::from(u8::from(i == j));
                assert!((unit[i * n + j] - expected).abs() < 1e-4, "{i} {j}");
            }
        }
        let mut whitened = vec![0.0; rows * n];
        multiply(level, Left::Rows(&x), &Panels::whitening(&w, n), &mut whitened);
        assert_eq!(whitened, product(level, Left::Rows(&x), &transposed(&w, n), n));
        assert!(whitener(level, &[1.0, 2.0, 2.0, 1.0], 2).is_none());
    }

    #[test]
    fn the_leading_directions_of_a_matrix_of_rank_three() {
        let (rows, columns) = (40, 30);
        let level = Level::detect();
        let (mut u, mut v) = (random(3 * rows, 5), random(3 * columns, 6));
        orthonormalise(level, &mut u, rows);
        orthonormalise(level, &mut v, columns);
        let values = [5.0, 3.0, 1.0];
        let mut matrix = vec![0.0; rows * columns];
        for (k, value) in values.iter().enumerate() {
            for i in 0..rows {
                let share = value * u[k * rows + i];
                add_scaled(
                    level,
                    &mut matrix[i * columns..][..columns],
                    share,
                    &v[k * columns..][..columns],
                );
            }
        }
        let leading = Leading::of(level, &matrix, columns, 4, 9);
        assert_eq!(leading.values.len(), 4);
        for (k, value) in values.iter().enumerate() {
            assert!((leading.values[k] - value).abs() < 1e-4, "{:?}", leading.values);
            let same = dot(level, &leading.left[k * rows..][..rows], &u[k * rows..][..rows]);
            let also =
                dot(level, &leading.right[k * columns..][..columns], &v[k * columns..][..columns]);
            assert!((same.abs() - 1.0).abs() < 1e-4 && (same - also).abs() < 1e-4);
        }
        assert!(leading.values[3] < 1e-3);
    }
}
