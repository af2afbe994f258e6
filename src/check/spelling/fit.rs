//! What rows and spelling have in common: canonical correlations.
//!
//! Of all weighted sums of a row's values and of a token's features, the first
//! pair is that with the highest correlation over the tokens, the next pair
//! that with the highest among those that are independent of the first, and so
//! on (Hotelling 1936). With both sides whitened they are the singular
//! directions of the covariance between them.
//!
//! Tokens are dealt into folds, and each fold is judged by a fit that has not
//! seen it.

use std::sync::{Mutex, PoisonError};

use super::Result;

use super::codes::{Codes, Scratch};
use super::frame::{Frame, Kind, Reader, in_order, piece};
use super::matrix::{self, Leading, Left};
use super::tokens::{FEATURES, Spellings};
use crate::rows::Rows;
use crate::stats::mix;
use crate::threads::{self, Pieces};

/// Pairs of directions. More say more of single tokens, and take longer.
pub const PAIRS: usize = 48;

/// Tokens side by side that are in one fold.
const TOGETHER: u64 = 16;

/// Steps of a coordinate: a sixteenth of a standard deviation, up to eight.
const STEP: f32 = 1.0 / 16.0;

/// A token, and the row that is taken for its own.
pub type Pair = [u32; 2];

/// Directions of rows and of features, for each fold.
#[derive(Debug)]
pub struct Fit {
    seed: u64,
    folds: usize,
    /// For each fold, as many directions as there are pairs: rows of features.
    features: Vec<Vec<f32>>,
    /// Of all folds, one after the other.
    rows: Codes,
    /// What the mean row, and the mean token, come to.
    row_means: Vec<f32>,
    feature_means: Vec<Vec<f32>>,
}

struct Sums {
    n: f32,
    cross: Vec<f32>,
    point: Vec<f32>,
    feature: Vec<f32>,
}

impl Sums {
    fn new(width: usize) -> Self {
        Self {
            n: 0.0,
            cross: vec![0.0; FEATURES * width],
            point: vec![0.0; width],
            feature: vec![0.0; FEATURES],
        }
    }

    fn add(&mut self, other: &Self, sign: f32) {
        let add =
            |to: &mut [f32], of: &[f32]| to.iter_mut().zip(of).for_each(|(a, b)| *a += sign * b);
        self.n += sign * other.n;
        add(&mut self.cross, &other.cross);
        add(&mut self.point, &other.point);
        add(&mut self.feature, &other.feature);
    }
}

impl Fit {
    /// Fits pairs, which are ascending by token.
    pub fn of(
        rows: &dyn Rows,
        frame: &Frame,
        tokens: &Spellings,
        pairs: &[Pair],
        folds: usize,
        seed: u64,
    ) -> Result<Self> {
        let mut fit = Self {
            seed,
            folds,
            features: Vec::new(),
            rows: Codes::default(),
            row_means: Vec::new(),
            feature_means: Vec::new(),
        };
        let own = each(frame.threads, folds, |fold| fit.sums(rows, frame, tokens, pairs, fold))?;
        let mut all = Sums::new(frame.width);
        own.iter().for_each(|own| all.add(own, 1.0));
        let found = each(frame.threads, folds, |fold| {
            Ok(directions(frame, tokens, &all, &own[fold], seed))
        })?;
        let mut directions = Vec::with_capacity(folds * PAIRS * frame.width);
        for (of_rows, of_features, row_means, feature_means) in found {
            directions.extend(matrix::transposed(&of_rows, PAIRS));
            fit.features.push(of_features);
            fit.row_means.extend(row_means);
            fit.feature_means.push(feature_means);
        }
        fit.rows = Codes::of(frame.level, &directions, frame.width);
        Ok(fit)
    }

    /// The sums over the pairs of a fold.
    fn sums(
        &self,
        rows: &dyn Rows,
        frame: &Frame,
        tokens: &Spellings,
        pairs: &[Pair],
        fold: usize,
    ) -> Result<Sums> {
        let pairs: Vec<Pair> =
            pairs.iter().copied().filter(|[token, _]| self.fold(*token) == fold).collect();
        let ids: Vec<u32> = pairs.iter().map(|[_, row]| *row).collect();
        let mut sums = Sums::new(frame.width);
        let (mut reader, mut points) = (Reader::default(), Vec::new());
        let piece = piece(rows.dim());
        for (ids, pairs) in ids.chunks(piece).zip(pairs.chunks(piece)) {
            let (points, kinds) = frame.points(reader.read(rows, ids)?, &mut points);
            for (i, (point, kind)) in points.chunks_exact(frame.width).zip(kinds).enumerate() {
                if kind != Kind::Usual {
                    continue;
                }
                sums.n += 1.0;
                matrix::add_scaled(frame.level, &mut sums.point, 1.0, point);
                for feature in tokens.features(pairs[i][0] as usize) {
                    sums.feature[feature] += 1.0;
                    let cross = &mut sums.cross[feature * frame.width..][..frame.width];
                    matrix::add_scaled(frame.level, cross, 1.0, point);
                }
            }
        }
        Ok(sums)
    }

    /// The sum of squared correlations over pairs, each judged by the fit that
    /// has not seen it; those below three standard errors left out.
    pub fn measure(
        &self,
        rows: &dyn Rows,
        frame: &Frame,
        tokens: &Spellings,
        pairs: &[Pair],
    ) -> Result<f64> {
        let wide = self.folds * PAIRS;
        let mut sums = vec![[0.0_f64; 5]; wide];
        let mut counts = vec![0.0_f64; self.folds];
        let (mut reader, mut points) = (Reader::default(), Vec::new());
        let mut scratch = Scratch::default();
        let piece = piece(rows.dim());
        let ids: Vec<u32> = pairs.iter().map(|[_, row]| *row).collect();
        for (ids, pairs) in ids.chunks(piece).zip(pairs.chunks(piece)) {
            let (points, kinds) = frame.points(reader.read(rows, ids)?, &mut points);
            let placed = self.rows.place(frame.level, points, &mut scratch);
            for ((row, [token, _]), kind) in placed.chunks_exact(wide).zip(pairs).zip(kinds) {
                if kind != Kind::Usual {
                    continue;
                }
                let from = self.fold(*token) * PAIRS;
                counts[from / PAIRS] += 1.0;
                let q = self.token(tokens, *token);
                for ((sums, p), q) in sums[from..].iter_mut().zip(&row[from..]).zip(q) {
                    let (p, q) = (f64::from(*p), f64::from(q));
                    let terms = [p, p * p, q, q * q, p * q];
                    sums.iter_mut().zip(terms).for_each(|(sum, term)| *sum += term);
                }
            }
        }
        let r2 = sums.iter().enumerate().map(|(i, sums)| {
            let n = counts[i / PAIRS].max(1.0);
            let [p, pp, q, qq, pq] = sums.map(|sum| sum / n);
            let r = (pq - p * q) / ((pp - p * p) * (qq - q * q)).max(f64::MIN_POSITIVE).sqrt();
            if r * n.sqrt() < 3.0 { 0.0 } else { r * r }
        });
        Ok(r2.sum::<f64>() / self.folds as f64)
    }

    /// How many folds there are.
    pub fn folds(&self) -> usize {
        self.folds
    }

    /// The fold that judges a token.
    pub fn fold(&self, token: u32) -> usize {
        (mix(self.seed ^ (u64::from(token) / TOGETHER)) % self.folds as u64) as usize
    }

    /// Where a token lies in the directions of its fold.
    pub fn token(&self, tokens: &Spellings, token: u32) -> [f32; PAIRS] {
        let fold = self.fold(token);
        let means = &self.feature_means[fold];
        let mut q = std::array::from_fn(|i| -means[i]);
        for feature in tokens.features(token as usize) {
            let directions = &self.features[fold][feature * PAIRS..][..PAIRS];
            for (q, x) in q.iter_mut().zip(directions) {
                *q += x;
            }
        }
        q
    }

    /// Where every row lies, in the directions of every fold.
    pub fn place(&self, rows: &dyn Rows, frame: &Frame, n: usize) -> Result<Places> {
        let (wide, d_model) = (self.folds * PAIRS, rows.dim());
        let piece = piece(d_model);
        let mut places =
            Places { wide, coordinates: vec![0; n * wide], kinds: vec![Kind::None; n] };
        // Each thread takes the next piece of what is to be filled in.
        let pieces = places.coordinates.chunks_mut(piece * wide);
        let pieces = Mutex::new(pieces.zip(places.kinds.chunks_mut(piece)).enumerate());
        let next = || pieces.lock().unwrap_or_else(PoisonError::into_inner).next();
        threads::each(frame.threads, || {
            let (mut points, mut scratch) = (Vec::new(), Scratch::default());
            let (mut stored, mut values) = (Vec::new(), Vec::new());
            while let Some((i, (coordinates, kinds))) = next() {
                let first = (i * piece) as u64;
                rows.read(first..first + kinds.len() as u64, &mut stored)?;
                values.resize(kinds.len() * d_model, 0.0);
                rows.decode(&stored, &mut values);
                let (points, these) = frame.points(&values, &mut points);
                kinds.copy_from_slice(&these);
                let placed = self.rows.place(frame.level, points, &mut scratch);
                for (to, row) in coordinates.chunks_exact_mut(wide).zip(placed.chunks_exact(wide)) {
                    let steps = row.iter().zip(&self.row_means);
                    let steps = steps.map(|(x, mean)| nearest((x - mean) / STEP));
                    to.iter_mut().zip(steps).for_each(|(to, step)| *to = step);
                }
            }
            Ok(())
        })?;
        Ok(places)
    }
}

/// Where rows lie.
#[derive(Debug)]
pub struct Places {
    wide: usize,
    coordinates: Vec<i8>,
    kinds: Vec<Kind>,
}

impl Places {
    /// How many rows.
    pub fn len(&self) -> usize {
        self.kinds.len()
    }

    /// A hash of a row's coordinates.
    pub fn fingerprint(&self, row: u32) -> u64 {
        let at = row as usize * self.wide;
        let (words, _) = self.coordinates[at..at + self.wide].as_chunks::<8>();
        let word = |steps: &[i8; 8]| u64::from_le_bytes(steps.map(i8::cast_unsigned));
        words.iter().fold(0, |hash, steps| mix(hash ^ word(steps)))
    }

    /// Takes rows for such without a direction.
    pub fn no_direction(&mut self, rows: &[u32]) {
        rows.iter().for_each(|row| self.kinds[*row as usize] = Kind::None);
    }

    /// What kind of row it is.
    pub fn kind(&self, row: u32) -> Kind {
        self.kinds[row as usize]
    }

    /// Its coordinates for tokens of a fold, in steps.
    pub fn row(&self, row: u32, fold: usize) -> &[i8; PAIRS] {
        let at = row as usize * self.wide + fold * PAIRS;
        self.coordinates[at..].first_chunk().expect("every row has all folds")
    }
}

/// The nearest of -128 to 127, halves away from zero.
fn nearest(x: f32) -> i8 {
    (x + 0.5_f32.copysign(x)) as i8
}

/// A step of a coordinate.
pub fn step() -> f32 {
    STEP
}

/// Few tokens are cut in more folds, so that each fit sees most of them.
pub fn folds(pairs: usize) -> usize {
    (40_000 / pairs.max(1)).clamp(2, 8)
}

/// Does `work` for every fold, in order.
fn each<T: Send>(
    threads: usize,
    folds: usize,
    work: impl Fn(usize) -> Result<T> + Sync,
) -> Result<Vec<T>> {
    let pieces = Pieces::new(folds as u64, 1);
    let parts = threads::each(pieces.threads(threads), || {
        let mut parts = Vec::new();
        while let Some(fold) = pieces.next() {
            parts.push((fold.start, work(fold.start as usize)?));
        }
        Ok(parts)
    })?;
    Ok(in_order(parts))
}

type Directions = (Vec<f32>, Vec<f32>, Vec<f32>, Vec<f32>);

/// The directions that all folds but one give: of rows, of features, and what
/// the means come to in them.
fn directions(frame: &Frame, tokens: &Spellings, all: &Sums, own: &Sums, seed: u64) -> Directions {
    let (width, n_features, level) = (frame.width, tokens.n_features(), frame.level);
    let mut sums = Sums::new(width);
    sums.add(all, 1.0);
    sums.add(own, -1.0);
    let n = sums.n.max(1.0);
    sums.point.iter_mut().for_each(|x| *x /= n);
    sums.feature.iter_mut().for_each(|x| *x /= n);
    sums.cross.truncate(n_features * width);
    for (cross, feature) in sums.cross.chunks_exact_mut(width).zip(&sums.feature) {
        for (cross, point) in cross.iter_mut().zip(&sums.point) {
            *cross = *cross / n - feature * point;
        }
    }
    // features' whitener x cross covariance x rows' whitener, transposed.
    let half = matrix::product(level, Left::Rows(&frame.features), &sums.cross, width);
    let whitened =
        matrix::product(level, Left::Rows(&half), &matrix::transposed(&frame.rows, width), width);
    let leading = Leading::of(level, &whitened, width, PAIRS, seed);
    let columns = |of: &[f32], len: usize, whitener: &[f32]| {
        let mut columns = vec![0.0; len * PAIRS];
        for (k, direction) in of.chunks_exact(len).enumerate() {
            for (i, x) in direction.iter().enumerate() {
                columns[i * PAIRS + k] = *x;
            }
        }
        matrix::product(level, Left::Columns(whitener), &columns, PAIRS)
    };
    let of_features = columns(&leading.left, n_features, &frame.features);
    let of_rows = columns(&leading.right, width, &frame.rows);
    let means = |means: &[f32], directions: &[f32]| {
        let mut of_mean = vec![0.0; PAIRS];
        for (mean, directions) in means.iter().zip(directions.chunks_exact(PAIRS)) {
            matrix::add_scaled(level, &mut of_mean, *mean, directions);
        }
        of_mean
    };
    let row_means = means(&sums.point, &of_rows);
    let feature_means = means(&sums.feature[..n_features], &of_features);
    (of_rows, of_features, row_means, feature_means)
}
