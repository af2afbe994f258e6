//! The rows as they are compared: centred, of unit length, whitened.
//!
//! None of this asks which row is which token's, so it holds for a table in
//! any order.

use super::Result;

use super::matrix::{self, Leading, Panels};
use super::tokens::{FEATURES, Role, Spellings};
use crate::cpu::Level;
use crate::rows::Rows;
use crate::stats::{mix, sample};
use crate::threads::{self, Pieces};

/// Rows that everything is learned from: with 512 features and 640 values,
/// twice as many add 1 % to what is explained.
pub const LEARNED_FROM: u64 = 40_000;

/// Tokens side by side that are sampled together, so that a sample of pairs
/// shifted against each other is one of runs too.
const RUN: u64 = 64;

/// The widest rows that are whitened as they are; of wider ones, sums of some
/// values with random signs (a count sketch) stand for them.
const WIDEST: usize = 1024;

/// Added to every variance, as a share of their mean: what keeps directions in
/// which hardly any row differs from being blown up.
const RIDGE: f32 = 0.02;

/// Parts that a pass is cut in, whatever the number of threads, so that sums
/// are always taken in one order.
const PARTS: u64 = 4;

/// Rows that are read together, and values at most.
const PIECE: usize = 160;
const PIECE_VALUES: usize = 1 << 18;

/// Directions in which rows differ most, and which say little of single words.
const LEADING: usize = 8;

/// Rows of tokens that are no text, for the mean of all.
const SILENT: u64 = 4096;

/// Rows of never trained tokens that are looked at.
const SEEDS: usize = 512;

/// How rows become points.
#[derive(Debug)]
pub struct Frame {
    /// The instructions to use.
    pub level: Level,
    /// Threads at work.
    pub threads: usize,
    /// Values of a point.
    pub width: usize,
    /// The tokens that are learned from, ascending.
    pub sample: Vec<u32>,
    mean: Vec<f32>,
    /// Where the mean of all rows lies, those of tokens that are no text too.
    mean_of_all: Vec<f32>,
    /// Squared distance from a mean up to which a row counts as the mean.
    nothing: f32,
    /// The median squared distance of rows from the mean.
    usual: f32,
    never_trained: Option<NeverTrained>,
    /// The leading directions of points, one a row.
    leading: Vec<f32>,
    /// Whitens points.
    pub rows: Vec<f32>,
    /// Whitens features.
    pub features: Vec<f32>,
    /// How far the rows are from chance.
    pub spectrum: Spectrum,
}

/// Where the rows lie that training never touched.
#[derive(Debug)]
struct NeverTrained {
    direction: Vec<f32>,
    /// The cosine with the direction from which on a row counts as one.
    limit: f32,
}

/// How near a row is to those that training never touched.
#[derive(Debug)]
pub struct Untouched {
    frame: Frame,
    direction: Vec<f32>,
}

impl Untouched {
    /// Learns it from the tokens that no text has. `None` if the rows of fewer than three
    /// of them are alike, or ordinary rows are like them.
    pub fn of(rows: &dyn Rows, tokens: &Spellings, threads: usize) -> Result<Option<Self>> {
        let n = tokens.len().min(rows.n_rows() as usize);
        let Some(mut frame) = Frame::centred(rows, tokens, n, threads)? else { return Ok(None) };
        let found = frame.never_trained.take();
        Ok(found.map(|NeverTrained { direction, .. }| Self { frame, direction }))
    }

    /// The cosine of a row, less the mean row, with their direction. `None` for the mean
    /// row, and for rows that are not finite. `point` is reused.
    pub fn cosine(&self, row: &[f32], point: &mut Vec<f32>) -> Option<f32> {
        let (point, kinds) = self.frame.points(row, point);
        (kinds[0] != Kind::None).then(|| matrix::dot(self.frame.level, point, &self.direction))
    }
}

/// The largest eigenvalue of the correlations of a row's values, and the
/// largest that independent values give (Marchenko and Pastur).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spectrum {
    /// As it is.
    pub largest: f64,
    /// By chance, with room for ten standard deviations (Tracy and Widom).
    pub by_chance: f64,
}

/// A row as a point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Like any other.
    Usual,
    /// Like those that training never touched.
    NeverTrained,
    /// Without a direction: not finite, or no further from the mean row than
    /// that is uncertain.
    None,
}

impl Frame {
    /// Learns a frame; `None` where there are too few rows, or all are alike.
    pub fn of(
        rows: &dyn Rows,
        tokens: &Spellings,
        n: usize,
        threads: usize,
    ) -> Result<Option<Self>> {
        let centred = Self::centred(rows, tokens, n, threads)?;
        centred.map_or(Ok(None), |frame| frame.whiten(rows, tokens))
    }

    /// Learns where rows lie, and nothing of how they differ: no point is whitened.
    fn centred(
        rows: &dyn Rows,
        tokens: &Spellings,
        n: usize,
        threads: usize,
    ) -> Result<Option<Self>> {
        let d_model = rows.dim();
        let sample = sampled(tokens, n);
        let mut frame = Self {
            level: Level::detect(),
            threads,
            width: d_model.min(WIDEST),
            sample,
            mean: vec![0.0; d_model],
            mean_of_all: Vec::new(),
            nothing: 0.0,
            usual: 0.0,
            never_trained: None,
            leading: Vec::new(),
            rows: Vec::new(),
            features: Vec::new(),
            spectrum: Spectrum { largest: 0.0, by_chance: 0.0 },
        };
        let (mean, n_rows) = mean(rows, &frame.sample, threads)?;
        if n_rows < 2 {
            return Ok(None);
        }
        frame.mean = mean;
        frame.mean_of_all = frame.seek_mean_of_all(rows, tokens, n)?;
        frame.usual = frame.usual_square(rows)?;
        // The square of three standard errors of the mean row.
        frame.nothing = 9.0 * frame.usual / n_rows as f32;
        frame.never_trained = frame.seek_never_trained(rows, tokens, n)?;
        Ok(Some(frame))
    }

    fn whiten(mut self, rows: &dyn Rows, tokens: &Spellings) -> Result<Option<Self>> {
        let (width, n_features) = (self.width, tokens.n_features());
        let frame = &self;
        let parts = blocks(
            rows,
            &frame.sample,
            frame.threads,
            || Sums::new(width),
            |sums, ids, block| {
                let (points, kinds) = frame.points(block, &mut sums.points);
                for (id, (point, kind)) in ids.iter().zip(points.chunks_exact_mut(width).zip(kinds))
                {
                    if kind != Kind::Usual {
                        point.fill(0.0);
                        continue;
                    }
                    sums.n += 1;
                    matrix::add_scaled(frame.level, &mut sums.mean, 1.0, point);
                    let features: Vec<usize> = tokens.features(*id as usize).collect();
                    for &a in &features {
                        sums.feature[a] += 1.0;
                        for &b in &features {
                            sums.together[a * FEATURES + b] += 1.0;
                        }
                    }
                }
                sums.panels.lay(&sums.points, width);
                matrix::square(frame.level, &sums.points, &sums.panels, &mut sums.square);
            },
        )?;
        let mut all = Sums::new(width);
        for part in parts {
            all.n += part.n;
            let add = |to: &mut [f32], of: &[f32]| to.iter_mut().zip(of).for_each(|(a, b)| *a += b);
            add(&mut all.mean, &part.mean);
            add(&mut all.feature, &part.feature);
            add(&mut all.together, &part.together);
            add(&mut all.square, &part.square);
        }
        if all.n < 2 {
            return Ok(None);
        }
        let n = all.n as f32;
        let covariance = |square: &[f32], sums: &[f32], size: usize, stride: usize| {
            let mut matrix = Vec::with_capacity(size * size);
            for i in 0..size {
                let cell = |j: usize| {
                    square[i.min(j) * stride + i.max(j)] / n - sums[i] / n * (sums[j] / n)
                };
                matrix.extend((0..size).map(cell));
            }
            matrix
        };
        let mut of_rows = covariance(&all.square, &all.mean, width, width);
        let mut of_features = covariance(&all.together, &all.feature, n_features, FEATURES);
        drop(all);
        self.spectrum = Spectrum::of(self.level, &of_rows, width, n.into());
        self.leading = Leading::of(self.level, &of_rows, width, LEADING, 51).right;
        ridge(&mut of_rows, width);
        ridge(&mut of_features, n_features);
        let whiten = |matrix: &[f32], n| matrix::whitener(self.level, matrix, n);
        let both = threads::both(|| whiten(&of_rows, width), || whiten(&of_features, n_features));
        let (Some(rows), Some(features)) = both else {
            return Ok(None);
        };
        (self.rows, self.features) = (rows, features);
        Ok(Some(self))
    }

    /// The mean of all rows, as a point that is not yet of unit length.
    fn seek_mean_of_all(&self, rows: &dyn Rows, tokens: &Spellings, n: usize) -> Result<Vec<f32>> {
        let silent = (0..n).filter(|id| tokens.role(*id) == Role::Silent);
        let silent: Vec<u32> = silent.map(|id| id as u32).collect();
        let chosen = sample(silent.len() as u64, SILENT, 8).into_iter();
        let chosen: Vec<u32> = chosen.map(|i| silent[i as usize]).collect();
        let (of_silent, n_rows) = mean(rows, &chosen, self.threads)?;
        let share = if n_rows == 0 { 0.0 } else { silent.len() as f32 / n as f32 };
        let means = self.mean.iter().zip(of_silent);
        let of_all: Vec<f32> = means.map(|(mean, other)| mean + share * (other - mean)).collect();
        let mut point = vec![0.0; self.width];
        self.centre(&of_all, &mut point);
        Ok(point)
    }

    /// The median squared distance from the mean row.
    fn usual_square(&self, rows: &dyn Rows) -> Result<f32> {
        let ids: Vec<u32> = sample(self.sample.len() as u64, 1024, 6)
            .into_iter()
            .map(|i| self.sample[i as usize])
            .collect();
        let parts = blocks(rows, &ids, 1, Vec::new, |all: &mut Vec<f32>, _, block| {
            for row in block.chunks_exact(self.mean.len()) {
                all.push(row.iter().zip(&self.mean).map(|(x, mean)| (x - mean).powi(2)).sum());
            }
        })?;
        let mut squares = parts.concat();
        squares.retain(|square| square.is_finite());
        squares.sort_unstable_by(f32::total_cmp);
        Ok(squares.get(squares.len() / 2).copied().unwrap_or(0.0))
    }

    /// The direction of rows that were never trained, if there are any. The seeds
    /// are unused tokens. Some may have been trained all the same, so the direction
    /// is that of the seed which most other seeds are near.
    ///
    /// The limit is the midpoint of the median cosines of ordinary and unused rows,
    /// or four standard deviations above the ordinary median if that is more.
    fn seek_never_trained(
        &self,
        rows: &dyn Rows,
        tokens: &Spellings,
        n: usize,
    ) -> Result<Option<NeverTrained>> {
        let seeds: Vec<u32> =
            tokens.seeds().iter().copied().filter(|id| (*id as usize) < n).collect();
        let chosen = sample(seeds.len() as u64, SEEDS as u64, 3);
        let seeds: Vec<u32> = chosen.into_iter().map(|i| seeds[i as usize]).collect();
        let usual: Vec<u32> = sample(self.sample.len() as u64, 2048, 4)
            .into_iter()
            .map(|i| self.sample[i as usize])
            .collect();
        let points = |ids: &[u32]| -> Result<Vec<f32>> {
            let parts = blocks(rows, ids, 1, Vec::new, |all: &mut Vec<f32>, _, block| {
                let mut points = Vec::new();
                self.points(block, &mut points);
                all.extend(points);
            })?;
            Ok(parts.concat())
        };
        let (seeds, usual) = (points(&seeds)?, points(&usual)?);
        let width = self.width;
        let dot = |a: &[f32], b: &[f32]| matrix::dot(self.level, a, b);
        let near = |to: &[f32]| seeds.chunks_exact(width).filter(|it| dot(to, it) > 0.5).count();
        let Some(best) = seeds.chunks_exact(width).max_by_key(|it| near(it)) else {
            return Ok(None);
        };
        if near(best) < 3 {
            return Ok(None);
        }
        let mut direction = vec![0.0; width];
        for seed in seeds.chunks_exact(width).filter(|it| dot(best, it) > 0.5) {
            matrix::add_scaled(self.level, &mut direction, 1.0, seed);
        }
        let norm = dot(&direction, &direction).sqrt();
        direction.iter_mut().for_each(|x| *x /= norm);
        let cosines = |of: &[f32]| {
            let mut cosines: Vec<f32> =
                of.chunks_exact(width).map(|it| dot(&direction, it)).collect();
            cosines.sort_unstable_by(f32::total_cmp);
            cosines
        };
        let (seeds, usual) = (cosines(&seeds), cosines(&usual));
        let seeds: Vec<f32> = seeds.into_iter().filter(|cosine| *cosine > 0.5).collect();
        let quantile = |of: &[f32], share: f32| of[(of.len() as f32 * share) as usize];
        let (low, middle) = (quantile(&usual, 0.159), quantile(&usual, 0.5));
        let of_seeds = quantile(&seeds, 0.5);
        let limit = f32::max((middle + of_seeds) / 2.0, middle + 4.0 * (middle - low));
        Ok((limit < of_seeds).then_some(NeverTrained { direction, limit }))
    }

    /// Rows as points, one after the other.
    pub fn points<'p>(&self, rows: &[f32], points: &'p mut Vec<f32>) -> (&'p mut [f32], Vec<Kind>) {
        let d_model = self.mean.len();
        points.clear();
        points.resize(rows.len() / d_model * self.width, 0.0);
        let kinds = rows
            .chunks_exact(d_model)
            .zip(points.chunks_exact_mut(self.width))
            .map(|(row, point)| self.point(row, point))
            .collect();
        (points, kinds)
    }

    /// Takes the leading directions out of a point and brings it back to unit
    /// length.
    pub fn drop_leading(&self, point: &mut [f32]) {
        for direction in self.leading.chunks_exact(self.width) {
            let share = matrix::dot(self.level, direction, point);
            matrix::add_scaled(self.level, point, -share, direction);
        }
        let scale = 1.0 / matrix::dot(self.level, point, point).sqrt().max(f32::MIN_POSITIVE);
        point.iter_mut().for_each(|x| *x *= scale);
    }

    /// A row less the mean, in the values of a point.
    fn centre(&self, row: &[f32], point: &mut [f32]) {
        if self.width == self.mean.len() {
            for ((point, x), mean) in point.iter_mut().zip(row).zip(&self.mean) {
                *point = x - mean;
            }
        } else {
            for (i, (x, mean)) in row.iter().zip(&self.mean).enumerate() {
                let sign = if mix(i as u64) & 1 == 0 { 1.0 } else { -1.0 };
                point[i % self.width] += sign * (x - mean);
            }
        }
    }

    /// Whether a row less the mean is that of a mean row.
    fn is_mean(&self, point: &[f32], square: f32, within: f32) -> bool {
        let dot = |a, b| matrix::dot(self.level, a, b);
        let between = dot(&self.mean_of_all, &self.mean_of_all);
        square <= within
            || square <= 4.0 * (between + within)
                && square - 2.0 * dot(point, &self.mean_of_all) + between <= within
    }

    /// Whether a row is the mean row, were a share of all of them set to it.
    pub fn is_near_mean(&self, row: &[f32], share: f32) -> bool {
        let mut point = vec![0.0; self.width];
        self.centre(row, &mut point);
        let square = matrix::dot(self.level, &point, &point);
        let within = (self.nothing.sqrt() + share * self.usual.sqrt()).powi(2);
        self.is_mean(&point, square, within)
    }

    fn point(&self, row: &[f32], point: &mut [f32]) -> Kind {
        self.centre(row, point);
        let square = matrix::dot(self.level, point, point);
        let row_square = matrix::dot(self.level, row, row);
        // What single precision leaves of a difference of equals.
        let is_rest = square <= 1e-10 * row_square || square == 0.0;
        if !square.is_finite() || is_rest || self.is_mean(point, square, self.nothing) {
            point.fill(0.0);
            return Kind::None;
        }
        let scale = 1.0 / square.sqrt();
        point.iter_mut().for_each(|x| *x *= scale);
        match &self.never_trained {
            Some(it) if matrix::dot(self.level, point, &it.direction) > it.limit => {
                Kind::NeverTrained
            }
            _ => Kind::Usual,
        }
    }

    /// The least sum of squared correlations that a fit of so many pairs shows
    /// for sure. With p values and q features of n pairs, a squared correlation
    /// stands out of what chance gives if it exceeds
    /// sqrt(a b / ((1 - a) (1 - b))), a = p / n, b = q / n (Bao, Hu, Pan and
    /// Zhou 2019, theorem 1.8).
    pub fn least(&self, n_features: usize, pairs: usize) -> f64 {
        let [a, b] = [self.width, n_features].map(|n| n as f64 / pairs.max(1) as f64);
        if a + b >= 1.0 { 1.0 } else { (a * b / ((1.0 - a) * (1.0 - b))).sqrt().min(1.0) }
    }
}

/// The mean of those of some rows that are finite, and how many they are.
fn mean(rows: &dyn Rows, ids: &[u32], threads: usize) -> Result<(Vec<f32>, u64)> {
    let d_model = rows.dim();
    let none = || (vec![0.0; d_model], 0);
    let parts = blocks(rows, ids, threads, none, |part: &mut (Vec<f64>, u64), _, block| {
        for row in block.chunks_exact(d_model).filter(|row| row.iter().all(|x| x.is_finite())) {
            part.0.iter_mut().zip(row).for_each(|(sum, x)| *sum += f64::from(*x));
            part.1 += 1;
        }
    })?;
    let (mut sums, mut n) = none();
    for (part, n_part) in parts {
        sums.iter_mut().zip(part).for_each(|(sum, part)| *sum += part);
        n += n_part;
    }
    let mean = sums.iter().map(|sum| (sum / n.max(1) as f64) as f32).collect();
    Ok((mean, n))
}

struct Sums {
    n: u64,
    mean: Vec<f32>,
    square: Vec<f32>,
    feature: Vec<f32>,
    together: Vec<f32>,
    points: Vec<f32>,
    panels: Panels,
}

impl Sums {
    fn new(width: usize) -> Self {
        Self {
            n: 0,
            mean: vec![0.0; width],
            square: vec![0.0; width * width],
            feature: vec![0.0; FEATURES],
            together: vec![0.0; FEATURES * FEATURES],
            points: Vec::new(),
            panels: Panels::of(&[], 1),
        }
    }
}

impl Spectrum {
    fn of(level: Level, covariance: &[f32], n: usize, rows: f64) -> Self {
        // Correlations, so that values of different sizes are no structure.
        let sd: Vec<f32> =
            (0..n).map(|i| covariance[i * n + i].max(f32::MIN_POSITIVE).sqrt()).collect();
        let mut vector: Vec<f32> =
            (0..n as u64).map(|i| (mix(i) >> 40) as f32 / 16_777_216.0 - 0.5).collect();
        let mut largest = 0.0;
        for _ in 0..50 {
            let norm = matrix::dot(level, &vector, &vector).sqrt();
            let scaled: Vec<f32> = vector.iter().zip(&sd).map(|(x, sd)| x / norm / sd).collect();
            for (i, x) in vector.iter_mut().enumerate() {
                *x = matrix::dot(level, &covariance[i * n..][..n], &scaled) / sd[i];
            }
            largest = matrix::dot(level, &vector, &vector).sqrt().into();
        }
        let (n, root) = (n as f64, rows.sqrt());
        let edge = (1.0 + n.sqrt() / root).powi(2);
        // The spread of the largest one: Johnstone 2001, theorem 1.1.
        let spread = (root + n.sqrt()) * (1.0 / root + 1.0 / n.sqrt()).cbrt() / rows;
        Self { largest, by_chance: edge + 10.0 * spread }
    }

    /// Whether training has left anything in the rows.
    pub fn is_learned(&self) -> bool {
        self.largest > self.by_chance
    }
}

fn ridge(matrix: &mut [f32], n: usize) {
    let mean = (0..n).map(|i| matrix[i * n + i]).sum::<f32>() / n.max(1) as f32;
    (0..n).for_each(|i| matrix[i * n + i] += RIDGE * mean);
}

/// Ordinary tokens in runs, spread over the table.
fn sampled(tokens: &Spellings, n: usize) -> Vec<u32> {
    let n_runs = (n as u64).div_ceil(RUN);
    let runs = sample(n_runs, LEARNED_FROM / RUN, 1).into_iter();
    let ids = runs.flat_map(|run| run * RUN..((run + 1) * RUN).min(n as u64));
    ids.filter(|id| tokens.role(*id as usize) != Role::Silent).map(|id| id as u32).collect()
}

/// Reads rows by ID, those side by side together.
#[derive(Default)]
pub struct Reader {
    stored: Vec<u8>,
    run: Vec<u8>,
    values: Vec<f32>,
}

impl Reader {
    /// The rows, decoded.
    pub fn read(&mut self, rows: &dyn Rows, ids: &[u32]) -> Result<&[f32]> {
        self.stored.clear();
        for side_by_side in ids.chunk_by(|a, b| *b == a + 1) {
            let first = u64::from(side_by_side[0]);
            rows.read(first..first + side_by_side.len() as u64, &mut self.run)?;
            self.stored.extend_from_slice(&self.run);
        }
        self.values.resize(ids.len() * rows.dim(), 0.0);
        rows.decode(&self.stored, &mut self.values);
        Ok(&self.values)
    }
}

/// Reads rows in blocks and hands each block to `step` with what its part has
/// come to so far; the parts in order.
pub fn blocks<T: Send>(
    rows: &dyn Rows,
    ids: &[u32],
    threads: usize,
    start: impl Fn() -> T + Sync,
    step: impl Fn(&mut T, &[u32], &[f32]) + Sync,
) -> Result<Vec<T>> {
    let piece = piece(rows.dim());
    let each = (ids.len() as u64).div_ceil(PARTS).next_multiple_of(piece as u64);
    let pieces = Pieces::new(ids.len() as u64, each);
    let parts = threads::each(pieces.threads(threads), || {
        let mut reader = Reader::default();
        let mut parts = Vec::new();
        while let Some(part) = pieces.next() {
            let mut so_far = start();
            for block in ids[part.start as usize..part.end as usize].chunks(piece) {
                step(&mut so_far, block, reader.read(rows, block)?);
            }
            parts.push((part.start, so_far));
        }
        Ok(parts)
    })?;
    Ok(in_order(parts))
}

/// What the threads did, in the order of the work.
pub fn in_order<T>(parts: Vec<Vec<(u64, T)>>) -> Vec<T> {
    let mut parts: Vec<(u64, T)> = parts.into_iter().flatten().collect();
    parts.sort_unstable_by_key(|(start, _)| *start);
    parts.into_iter().map(|(_, part)| part).collect()
}

/// Rows that are read together.
pub fn piece(d_model: usize) -> usize {
    (PIECE_VALUES / d_model).clamp(1, PIECE)
}
