//! How all points repel each other: the potential, the sum over all points of
//! `1 / (1 + d²)`, and its gradient.
//!
//! Few points are summed directly. Of many, each point's charge is spread over 4 x 4 nodes
//! of a grid by cubic B-splines; the charges are convolved with `1 / (1 + d²)` by a Fourier
//! transform, which also sharpens what the splines blur; and the splines interpolate the
//! result (Linderman and others, "Fast interpolation-based t-SNE for improved visualization
//! of single-cell RNA-seq data", 2019; with splines as in particle-mesh Ewald sums).
//!
//! The grid is padded to twice its size, so that the period of the transform is not seen.
//!
//! ```text
//! charges   rows    -> transform of each row          (rows, frequencies)
//!           columns -> transform, times the kernel's, and back   (frequencies, rows)
//!           rows    -> back                           potential
//! ```

use std::sync::Arc;

use realfft::num_complex::Complex;
use realfft::{ComplexToReal, RealFftPlanner, RealToComplex};
use rustfft::{Fft, FftPlanner};

use super::Point;
use crate::threads;

/// So many points are summed directly.
const DIRECT: usize = 512;

/// The distance between two nodes. With 1, a map keeps five percent fewer neighbours.
const SPACING: f32 = 0.5;

/// The nodes of the smallest and of the largest grid, padding included. On the largest,
/// nodes are further apart. It takes 100 MB.
const SIZES: std::ops::RangeInclusive<usize> = 64..=4096;

/// Rows or columns that a thread takes at a time: a cache line of frequencies.
const TAKEN: usize = 16;

/// The points whose potentials are summed together.
pub(super) const CHUNK: usize = 4096;

/// What is known of a place.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Here {
    pub potential: f32,
    pub gradient: Point,
}

pub(super) struct Field {
    threads: usize,
    /// `None` for few points.
    grid: Option<Grid>,
}

impl Field {
    pub fn new(n: usize, threads: usize) -> Self {
        Self { threads, grid: (n > DIRECT).then(Grid::new) }
    }

    /// Takes the places of all points.
    pub fn set(&mut self, at: &[Point]) {
        if let Some(grid) = &mut self.grid {
            grid.set(at, self.threads);
        }
    }

    /// The potential at a place, given the places of all points.
    pub fn here(&self, place: Point, at: &[Point]) -> Here {
        match &self.grid {
            Some(grid) => grid.here(place),
            None => direct(place, at),
        }
    }
}

fn direct(place: Point, at: &[Point]) -> Here {
    let mut here = Here::default();
    for other in at {
        let apart = [place[0] - other[0], place[1] - other[1]];
        let near = 1.0 / (1.0 + apart[0] * apart[0] + apart[1] * apart[1]);
        here.potential += near;
        here.gradient[0] -= 2.0 * apart[0] * near * near;
        here.gradient[1] -= 2.0 * apart[1] * near * near;
    }
    here
}

/// The transforms of one size.
struct Transforms {
    rows: Arc<dyn RealToComplex<f32>>,
    columns: Arc<dyn Fft<f32>>,
    columns_back: Arc<dyn Fft<f32>>,
    rows_back: Arc<dyn ComplexToReal<f32>>,
}

struct Grid {
    transforms: Transforms,
    /// The number of nodes in a row, with the padding.
    padded: usize,
    spacing: f32,
    /// The transform of `1 / (1 + d²)`, column after column: it is real. Includes the
    /// transform's factor, and sharpens what the splines blur.
    kernel: Vec<f32>,
    origin: Point,
    /// The points in nodes, in the order of their rows.
    sorted: Vec<Point>,
    /// Where the points of each row begin.
    starts: Vec<usize>,
    by_row: Vec<Complex<f32>>,
    by_column: Vec<Complex<f32>>,
    potential: Vec<f32>,
}

impl Grid {
    fn new() -> Self {
        let mut grid = Self {
            transforms: transforms(*SIZES.start()),
            padded: *SIZES.start(),
            spacing: 0.0,
            kernel: Vec::new(),
            origin: [0.0; 2],
            sorted: Vec::new(),
            starts: Vec::new(),
            by_row: Vec::new(),
            by_column: Vec::new(),
            potential: Vec::new(),
        };
        grid.fit(0.0);
        grid
    }

    /// The number of nodes in a row, without the padding.
    fn side(&self) -> usize {
        self.padded / 2
    }

    /// Chooses the grid for points that span a square with this side.
    fn fit(&mut self, span: f32) {
        // Four nodes are around the last point.
        let room = |padded: usize| (padded / 2 - 4) as f32;
        let sizes = (6..).flat_map(|bits| [1 << bits, 3 << (bits - 1)]);
        let padded = sizes
            .filter(|size| SIZES.contains(size))
            .take_while(|size| size <= SIZES.end())
            .find(|padded| room(*padded) * SPACING >= span || padded == SIZES.end());
        let padded = padded.unwrap_or(*SIZES.end());
        // Powers of two, so that the kernel is seldom computed.
        let mut spacing = SPACING;
        while room(padded) * spacing < span {
            spacing *= 2.0;
        }
        while padded == *SIZES.start() && room(padded) * spacing / 2.0 >= span && spacing > 1e-4 {
            spacing /= 2.0;
        }
        if padded != self.padded || spacing != self.spacing {
            if padded != self.padded {
                self.transforms = transforms(padded);
            }
            (self.padded, self.spacing) = (padded, spacing);
            self.kernel = kernel(&self.transforms, padded, spacing);
            let half = (padded / 2 + 1) * self.side();
            self.by_row = vec![Complex::default(); half];
            self.by_column = vec![Complex::default(); half];
            self.potential = vec![0.0; self.side() * self.side()];
        }
    }

    /// Computes the potential at every node.
    fn set(&mut self, at: &[Point], threads: usize) {
        let (mut low, mut high) = ([f32::INFINITY; 2], [f32::NEG_INFINITY; 2]);
        for point in at {
            for axis in 0..2 {
                low[axis] = low[axis].min(point[axis]);
                high[axis] = high[axis].max(point[axis]);
            }
        }
        self.fit((high[0] - low[0]).max(high[1] - low[1]));
        // One node is before the first point.
        self.origin = low.map(|low| low - self.spacing);
        self.sort(at);
        self.transform(threads);
    }

    /// A place in nodes.
    fn in_nodes(&self, place: Point) -> Point {
        std::array::from_fn(|axis| (place[axis] - self.origin[axis]) / self.spacing)
    }

    fn sort(&mut self, at: &[Point]) {
        let side = self.side();
        self.starts.clear();
        self.starts.resize(side + 1, 0);
        for point in at {
            let (row, _) = split(self.in_nodes(*point)[1], side);
            self.starts[row + 1] += 1;
        }
        (0..side).for_each(|row| self.starts[row + 1] += self.starts[row]);
        self.sorted.resize(at.len(), [0.0; 2]);
        let mut next = self.starts.clone();
        for point in at {
            let place = self.in_nodes(*point);
            let (row, _) = split(place[1], side);
            self.sorted[next[row]] = place;
            next[row] += 1;
        }
    }

    fn transform(&mut self, threads: usize) {
        let (side, padded) = (self.side(), self.padded);
        let (half, transforms) = (padded / 2 + 1, &self.transforms);
        let (sorted, starts) = (&self.sorted, &self.starts);

        let start = || (vec![0.0; TAKEN * padded], transforms.rows.make_scratch_vec());
        let bands = self.by_row.chunks_mut(TAKEN * half).enumerate();
        threads::share(threads, bands, start, |(charges, scratch), (band, out)| {
            charges.fill(0.0);
            let first = band * TAKEN;
            spread(sorted, starts, first..side.min(first + TAKEN), padded, charges);
            for (row, out) in charges.chunks_mut(padded).zip(out.chunks_mut(half)) {
                let done = transforms.rows.process_with_scratch(row, out, scratch);
                done.expect("the lengths are those of the plan");
            }
        });

        let scratch = transforms.columns.get_inplace_scratch_len();
        let scratch = scratch.max(transforms.columns_back.get_inplace_scratch_len());
        let start =
            || (vec![Complex::default(); TAKEN * padded], vec![Complex::default(); scratch]);
        let bands = self.by_column.chunks_mut(TAKEN * side).enumerate();
        let (by_row, kernel) = (&self.by_row, &self.kernel);
        threads::share(threads, bands, start, |(columns, scratch), (band, out)| {
            let n = out.len() / side;
            let columns = &mut columns[..n * padded];
            columns.fill(Complex::default());
            for (row, cells) in by_row.chunks_exact(half).enumerate() {
                for (column, cell) in cells[band * TAKEN..][..n].iter().enumerate() {
                    columns[column * padded + row] = *cell;
                }
            }
            transforms.columns.process_with_scratch(columns, scratch);
            let kernel = &kernel[band * TAKEN * padded..];
            columns.iter_mut().zip(kernel).for_each(|(cell, by)| *cell *= *by);
            transforms.columns_back.process_with_scratch(columns, scratch);
            for (column, out) in columns.chunks_exact(padded).zip(out.chunks_exact_mut(side)) {
                out.copy_from_slice(&column[..side]);
            }
        });

        let start = || {
            let rows = vec![Complex::default(); TAKEN * half];
            (rows, vec![0.0; padded], transforms.rows_back.make_scratch_vec())
        };
        let bands = self.potential.chunks_mut(TAKEN * side).enumerate();
        let by_column = &self.by_column;
        threads::share(threads, bands, start, |(rows, values, scratch), (band, out)| {
            let n = out.len() / side;
            for (column, cells) in by_column.chunks_exact(side).enumerate() {
                for (row, cell) in cells[band * TAKEN..][..n].iter().enumerate() {
                    rows[row * half + column] = *cell;
                }
            }
            for (row, out) in rows.chunks_exact_mut(half).zip(out.chunks_exact_mut(side)) {
                // They are zero but for rounding.
                (row[0].im, row[half - 1].im) = (0.0, 0.0);
                let done = transforms.rows_back.process_with_scratch(row, values, scratch);
                done.expect("the lengths are those of the plan");
                out.copy_from_slice(&values[..side]);
            }
        });
    }

    fn here(&self, place: Point) -> Here {
        let side = self.side();
        let [x, y] = self.in_nodes(place);
        let ((column, x), (row, y)) = (split(x, side), split(y, side));
        let (across, across_slopes) = (weights(x), slopes(x));
        let (down, down_slopes) = (weights(y), slopes(y));
        let mut sums = [0.0; 3];
        for i in 0..4 {
            let cells = &self.potential[(row - 1 + i) * side + column - 1..][..4];
            let (mut value, mut slope) = (0.0, 0.0);
            for j in 0..4 {
                value += cells[j] * across[j];
                slope += cells[j] * across_slopes[j];
            }
            sums[0] += down[i] * value;
            sums[1] += down[i] * slope;
            sums[2] += down_slopes[i] * value;
        }
        let gradient = [sums[1] / self.spacing, sums[2] / self.spacing];
        Here { potential: sums[0], gradient }
    }
}

fn transforms(padded: usize) -> Transforms {
    let (mut real, mut complex) = (RealFftPlanner::new(), FftPlanner::new());
    Transforms {
        rows: real.plan_fft_forward(padded),
        columns: complex.plan_fft_forward(padded),
        columns_back: complex.plan_fft_inverse(padded),
        rows_back: real.plan_fft_inverse(padded),
    }
}

/// See [`Grid::kernel`].
fn kernel(transforms: &Transforms, padded: usize, spacing: f32) -> Vec<f32> {
    let half = padded / 2 + 1;
    let away = |i: usize| i.min(padded - i) as f32 * spacing;
    let mut by_row = vec![Complex::default(); half * padded];
    let mut row = vec![0.0; padded];
    for (y, out) in by_row.chunks_exact_mut(half).enumerate() {
        for (x, cell) in row.iter_mut().enumerate() {
            *cell = 1.0 / (1.0 + away(x) * away(x) + away(y) * away(y));
        }
        transforms.rows.process(&mut row, out).expect("the lengths are those of the plan");
    }
    // The transform of a spline's values at the nodes.
    let blur = |k: usize| {
        let angle = std::f64::consts::TAU * k as f64 / padded as f64;
        (4.0 + 2.0 * angle.cos()) / 6.0
    };
    let blurs: Vec<f64> = (0..padded).map(blur).collect();
    let mut kernel = Vec::with_capacity(half * padded);
    for column in 0..half {
        let mut cells: Vec<_> = by_row.iter().skip(column).step_by(half).copied().collect();
        transforms.columns.process(&mut cells);
        let sharper = |row: usize| (blurs[row] * blurs[column]).powi(-2) / (padded * padded) as f64;
        let cells = cells.iter().enumerate();
        kernel.extend(cells.map(|(row, cell)| (f64::from(cell.re) * sharper(row)) as f32));
    }
    kernel
}

/// Adds the charges of points to the rows of a band.
fn spread(
    sorted: &[Point],
    starts: &[usize],
    band: std::ops::Range<usize>,
    padded: usize,
    charges: &mut [f32],
) {
    let side = starts.len() - 1;
    // A point in row r is spread over the rows r - 1 to r + 2.
    let (first, end) = (band.start.saturating_sub(2), side.min(band.end + 1));
    for row in first..end {
        for place in &sorted[starts[row]..starts[row + 1]] {
            let ((column, x), (_, y)) = (split(place[0], side), split(place[1], side));
            let (across, down) = (weights(x), weights(y));
            for (i, down) in down.iter().enumerate() {
                let to = row + i;
                if (band.start + 1..band.end + 1).contains(&to) {
                    let at = (to - 1 - band.start) * padded + column - 1;
                    for (cell, across) in charges[at..at + 4].iter_mut().zip(&across) {
                        *cell += across * down;
                    }
                }
            }
        }
    }
}

/// The node before a place in a row of nodes, and how far behind it the place is. There is
/// a node before that one, and two after it.
#[inline(always)]
fn split(place: f32, side: usize) -> (usize, f32) {
    let node = (place as usize).clamp(1, side - 3);
    (node, place - node as f32)
}

/// The weights of four nodes for a place that is `t` behind the second.
#[inline(always)]
fn weights(t: f32) -> [f32; 4] {
    let (square, rest) = (t * t, 1.0 - t);
    let cube = square * t;
    let second = (3.0 * cube - 6.0 * square + 4.0) / 6.0;
    let (first, fourth) = (rest * rest * rest / 6.0, cube / 6.0);
    [first, second, 1.0 - first - second - fourth, fourth]
}

/// How fast the weights change with `t`.
#[inline(always)]
fn slopes(t: f32) -> [f32; 4] {
    let (square, rest) = (t * t, 1.0 - t);
    let (first, second, fourth) = (-0.5 * rest * rest, 1.5 * square - 2.0 * t, 0.5 * square);
    [first, second, -first - second - fourth, fourth]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::SplitMix64;

    /// Points in clumps, as far apart as on a real map.
    fn points(n: usize, span: f64) -> Vec<Point> {
        let mut random = SplitMix64::new(5);
        let middles: Vec<[f64; 2]> =
            (0..20).map(|_| [random.unit() * span, random.unit() * span]).collect();
        let near = |i: usize| middles[i % 20].map(|x| (x + random.normal()) as f32);
        (0..n).map(near).collect()
    }

    #[test]
    fn the_field_is_the_sum_over_all_points() {
        for span in [0.0, 10.0, 100.0] {
            let at = points(900, span);
            let mut field = Field::new(at.len(), 2);
            field.set(&at);
            assert!(field.grid.is_some());
            let (mut errors, mut sizes) = ([0.0; 2], [0.0; 2]);
            for place in &at {
                let (found, expected) = (field.here(*place, &at), direct(*place, &at));
                let pairs = [
                    (found.potential, expected.potential),
                    (found.gradient[0], expected.gradient[0]),
                    (found.gradient[1], expected.gradient[1]),
                ];
                for (i, (found, expected)) in pairs.into_iter().enumerate() {
                    errors[i.min(1)] += (found - expected).powi(2);
                    sizes[i.min(1)] += expected.powi(2);
                }
            }
            assert!(
                errors[0] < 1e-5 * sizes[0] && errors[1] < 1e-4 * sizes[1],
                "{span} {errors:?} {sizes:?}"
            );
        }
    }

    #[test]
    fn threads_do_not_change_a_bit() {
        let at = points(3000, 60.0);
        let run = |threads| {
            let mut field = Field::new(at.len(), threads);
            field.set(&at);
            at.iter().map(|place| field.here(*place, &at)).collect::<Vec<_>>()
        };
        let first = run(1);
        assert!([2, 3].into_iter().all(|threads| run(threads) == first));
    }

    #[test]
    fn points_far_away_do_not_enlarge_the_grid_without_end() {
        let mut at = points(600, 10.0);
        at.push([1e9, 3.0]);
        let mut grid = Grid::new();
        grid.set(&at, 1);
        assert_eq!(grid.padded, *SIZES.end());
        assert!(at.iter().all(|place| grid.here(*place).potential.is_finite()));
    }
}
