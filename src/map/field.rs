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
//! Real rows are transformed in pairs, one as the real part and one as the imaginary part;
//! of their transforms, the second half mirrors the first.
//!
//! ```text
//! charges   rows    -> transform of each row                    (rows, frequencies)
//!           columns -> transform, times the kernel's, and back  (rows, frequencies)
//!           rows    -> back                                     potential
//! ```

use super::Point;
use super::fourier::{Fourier, LANES, Wide, ZERO};
use crate::cpu::Level;
use crate::threads;

/// So many points are summed directly.
const DIRECT: usize = 512;

/// The distance between two nodes. With 1, a map keeps five percent fewer neighbours.
const SPACING: f32 = 0.5;

/// The nodes of the smallest and of the largest grid, padding included. On the largest,
/// nodes are further apart. It takes 100 MB.
const SIZES: std::ops::RangeInclusive<usize> = 64..=4096;

/// The rows that are transformed together.
const ROWS: usize = 2 * LANES;

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

struct Grid {
    fourier: Fourier,
    /// The number of nodes in a row, with the padding.
    padded: usize,
    spacing: f32,
    /// The transform of `1 / (1 + d²)`, by 16 columns: it is real. Includes the factor of
    /// the inverse transform, and sharpens what the splines blur.
    kernel: Vec<[f32; LANES]>,
    origin: Point,
    /// The points in nodes, in the order of their rows.
    sorted: Vec<Point>,
    /// Where the points of each row begin.
    starts: Vec<usize>,
    /// For each 32 rows and each frequency, the 16 upper and the 16 lower rows.
    by_row: Vec<[Wide; 2]>,
    /// For each 16 frequencies and each row, the frequencies.
    by_column: Vec<Wide>,
    potential: Vec<f32>,
}

impl Grid {
    fn new() -> Self {
        let mut grid = Self {
            fourier: Fourier::new(Level::detect(), 1),
            padded: 0,
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
        let sizes = (6..).flat_map(|bits| [1_usize << bits, 3 << (bits - 1)]);
        let padded = sizes
            .filter(|size| size.is_multiple_of(2 * ROWS))
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
        if padded != self.padded {
            let (half, side) = (padded / 2 + 1, padded / 2);
            self.fourier = Fourier::new(Level::detect(), padded);
            self.by_row = vec![[ZERO; 2]; side / ROWS * half];
            self.by_column = vec![ZERO; half.div_ceil(LANES) * side];
            self.potential = vec![0.0; side * side];
        }
        if padded != self.padded || spacing != self.spacing {
            (self.padded, self.spacing) = (padded, spacing);
            self.kernel = kernel(&self.fourier, padded, spacing);
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
        let (side, padded, fourier) = (self.side(), self.padded, &self.fourier);
        let half = padded / 2 + 1;
        let start = || (vec![ZERO; padded], vec![ZERO; padded]);

        let (sorted, starts) = (&self.sorted, &self.starts);
        let bands = self.by_row.chunks_exact_mut(half).enumerate();
        threads::share(threads, bands, start, |(numbers, room), (band, out)| {
            numbers.fill(ZERO);
            spread(sorted, starts, band * ROWS, numbers);
            fourier.transform(numbers, room);
            for (k, out) in out.iter_mut().enumerate() {
                *out = parted(&numbers[k], &numbers[(padded - k) % padded]);
            }
        });

        let (by_row, kernel) = (&self.by_row, &self.kernel);
        let bands = self.by_column.chunks_exact_mut(side).zip(kernel.chunks_exact(padded));
        threads::share(threads, bands.enumerate(), start, |(numbers, room), (band, (out, by))| {
            let columns = band * LANES..half.min((band + 1) * LANES);
            numbers.fill(ZERO);
            for (rows, cells) in numbers.chunks_exact_mut(ROWS).zip(by_row.chunks_exact(half)) {
                for (lane, cells) in cells[columns.clone()].iter().enumerate() {
                    for (rows, cells) in rows.chunks_exact_mut(LANES).zip(cells) {
                        for (i, row) in rows.iter_mut().enumerate() {
                            (row.re[lane], row.im[lane]) = (cells.re[i], cells.im[i]);
                        }
                    }
                }
            }
            fourier.transform(numbers, room);
            for (number, by) in numbers.iter_mut().zip(by) {
                for i in 0..LANES {
                    number.re[i] *= by[i];
                    number.im[i] *= by[i];
                }
                *number = number.exchanged();
            }
            fourier.transform(numbers, room);
            for (out, number) in out.iter_mut().zip(&*numbers) {
                *out = number.exchanged();
            }
        });

        let by_column = &self.by_column;
        let bands = self.potential.chunks_exact_mut(ROWS * side).enumerate();
        threads::share(threads, bands, start, |(numbers, room), (band, out)| {
            for (frequencies, column) in by_column.chunks_exact(side).enumerate() {
                let (upper, lower) = column[band * ROWS..][..ROWS].split_at(LANES);
                for lane in 0..LANES.min(half - frequencies * LANES) {
                    let k = frequencies * LANES + lane;
                    let mut rows = [ZERO; 2];
                    for (rows, from) in rows.iter_mut().zip([upper, lower]) {
                        for (i, from) in from.iter().enumerate() {
                            (rows.re[i], rows.im[i]) = (from.re[lane], from.im[lane]);
                        }
                    }
                    let [number, mirrored] = joined(&rows);
                    numbers[(padded - k) % padded] = mirrored.exchanged();
                    numbers[k] = number.exchanged();
                }
            }
            fourier.transform(numbers, room);
            let (upper, lower) = out.split_at_mut(LANES * side);
            for (x, number) in numbers[..side].iter().enumerate() {
                for i in 0..LANES {
                    // The parts are still exchanged.
                    (upper[i * side + x], lower[i * side + x]) = (number.im[i], number.re[i]);
                }
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

/// The transforms of two real rows, from that of the first plus i times the second, at a
/// frequency and at its mirror image.
#[inline(always)]
fn parted(number: &Wide, mirrored: &Wide) -> [Wide; 2] {
    let mut rows = [ZERO; 2];
    for i in 0..LANES {
        rows[0].re[i] = 0.5 * (number.re[i] + mirrored.re[i]);
        rows[0].im[i] = 0.5 * (number.im[i] - mirrored.im[i]);
        rows[1].re[i] = 0.5 * (number.im[i] + mirrored.im[i]);
        rows[1].im[i] = 0.5 * (mirrored.re[i] - number.re[i]);
    }
    rows
}

/// The reverse of [`parted`].
#[inline(always)]
fn joined([a, b]: &[Wide; 2]) -> [Wide; 2] {
    let (mut number, mut mirrored) = (ZERO, ZERO);
    for i in 0..LANES {
        number.re[i] = a.re[i] - b.im[i];
        number.im[i] = a.im[i] + b.re[i];
        mirrored.re[i] = a.re[i] + b.im[i];
        mirrored.im[i] = b.re[i] - a.im[i];
    }
    [number, mirrored]
}

/// See [`Grid::kernel`].
fn kernel(fourier: &Fourier, padded: usize, spacing: f32) -> Vec<[f32; LANES]> {
    let bands = (padded / 2 + 1).div_ceil(LANES);
    let away = |i: usize| i.min(padded - i) as f32 * spacing;
    let (mut numbers, mut room) = (vec![ZERO; padded], vec![ZERO; padded]);
    // The kernel is even along both axes, so its transforms are real.
    let mut kernel = vec![[0.0; LANES]; bands * padded];
    for first in (0..padded).step_by(LANES) {
        for (x, number) in numbers.iter_mut().enumerate() {
            *number = ZERO;
            for (i, re) in number.re.iter_mut().enumerate() {
                *re = 1.0 / (1.0 + away(x) * away(x) + away(first + i) * away(first + i));
            }
        }
        fourier.transform(&mut numbers, &mut room);
        for (k, number) in numbers.iter().enumerate().take(bands * LANES) {
            for (i, re) in number.re.iter().enumerate() {
                kernel[k / LANES * padded + first + i][k % LANES] = *re;
            }
        }
    }
    // The transform of a spline's values at the nodes.
    let blur = |k: usize| {
        let angle = std::f64::consts::TAU * k as f64 / padded as f64;
        (4.0 + 2.0 * angle.cos()) / 6.0
    };
    let blurs: Vec<f64> = (0..padded).map(blur).collect();
    for (band, cells) in kernel.chunks_exact_mut(padded).enumerate() {
        for (number, cells) in numbers.iter_mut().zip(&*cells) {
            *number = Wide { re: *cells, ..ZERO };
        }
        fourier.transform(&mut numbers, &mut room);
        for (row, (cells, number)) in cells.iter_mut().zip(&numbers).enumerate() {
            for (i, (cell, re)) in cells.iter_mut().zip(number.re).enumerate() {
                let blur = blurs[row] * blurs[(band * LANES + i) % padded];
                *cell = (f64::from(re) / (blur * blur * (padded * padded) as f64)) as f32;
            }
        }
    }
    kernel
}

/// Adds the charges of points to 32 rows of nodes from `first` on. Numbers are columns of
/// nodes: the 16 upper rows are in the real parts, the lower ones in the imaginary parts.
fn spread(sorted: &[Point], starts: &[usize], first: usize, numbers: &mut [Wide]) {
    let side = starts.len() - 1;
    // A point in row r is spread over the rows r - 1 to r + 2.
    for row in first.saturating_sub(2)..side.min(first + ROWS + 1) {
        for place in &sorted[starts[row]..starts[row + 1]] {
            let ((column, x), (_, y)) = (split(place[0], side), split(place[1], side));
            let (across, down) = (weights(x), weights(y));
            for (number, across) in numbers[column - 1..column + 3].iter_mut().zip(across) {
                for (i, down) in down.iter().enumerate() {
                    match (row + i).wrapping_sub(first + 1) {
                        at @ 0..LANES => number.re[at] += across * down,
                        at @ LANES..ROWS => number.im[at - LANES] += across * down,
                        _ => {}
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
                errors[0] < 1e-5 * sizes[0] && errors[1] < 4e-4 * sizes[1],
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
