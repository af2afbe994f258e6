//! All that is measured of the shape of one table, in three passes over its rows.
//!
//! The first pass gives norms, means and the Gram matrix of the rows; the second the
//! cosines of rows and of centred rows, while the principal directions are computed; the
//! third what needs these directions.

use super::covariance::{Covariance, Directions, add, drain, spectrum};
use super::gram::{self, Gram};
use super::isotropy::{self, Candidates};
use super::spectrum::Spectrum;
use super::twins::{self, Twins};
use crate::cpu::{Level, at_each_level};
use crate::rows::{self, ReadError};
use crate::similarity::kernel;
use crate::stats::{Moments, is_usable, quantile, rank_correlation};
use crate::threads;

/// Wider tables have no spectrum here: two Gram matrices of this width take 1 GB.
pub const MOST_COLUMNS: usize = 8192;

/// The spread of the cosines of centred rows is taken from about this many rows, in
/// runs that are evenly spaced, or from all rows if there are no more.
const CENTRED_ROWS: u64 = 1 << 16;

/// In tables with more products than this for a Gram matrix, the directions of the rows
/// are summed in `f32`. Over so many rows the rounding errors cancel out.
const LARGE: u64 = 1 << 35;

/// A column is an outlier if its mean or its spread is so many standard deviations of
/// the other columns' away from theirs.
const FAR: f64 = 6.0;

/// Of fewer columns, none can be told from the others.
pub const FEWEST_COLUMNS: usize = 16;

/// The shape of a table.
#[derive(Clone, Debug)]
pub struct Shape {
    pub rows: Rows,
    /// `None` if there is no row of finite values.
    pub norms: Option<Norms>,
    /// The norm of the mean row.
    pub mean_row: f64,
    /// Its share of the energy: of the sum of squares of all values.
    pub mean_share: f64,
    /// `None` if fewer than two rows have a direction.
    pub cosines: Option<Cosines>,
    /// The same after the mean row is subtracted from every row.
    pub centred_cosines: Option<Cosines>,
    /// Isotropy of Mu and Viswanath, over the eigenvectors of the Gram matrix.
    pub isotropy: Option<f64>,
    /// The energies of the rows in their principal directions.
    pub raw: Option<Spectrum>,
    /// The same after the mean row is subtracted.
    pub centred: Option<Spectrum>,
    /// Columns far from the others, in order.
    pub outliers: Vec<Outlier>,
    /// Spearman's rank correlation of ID with norm.
    pub id_with_norm: Option<f64>,
    /// Why there is no spectrum.
    pub no_spectrum: Option<String>,
}

/// How many rows there are of each kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rows {
    /// All rows that are in the file.
    pub n: u64,
    pub zero: u64,
    /// Rows with a NaN or an infinity. They are left out of everything else.
    pub not_finite: u64,
    /// Rows that are the same as an earlier one, zero rows excepted.
    pub repeated: u64,
    /// Other rows whose cosine with another row is at least 0.999.
    pub near: u64,
}

/// The norms of the rows.
#[derive(Clone, Debug, PartialEq)]
pub struct Norms {
    pub mean: f64,
    pub sd: f64,
    /// The shortest row, and its norm; the lowest ID if there are several.
    pub shortest: (u64, f64),
    /// The longest row, and its norm.
    pub longest: (u64, f64),
    /// 1, 5, 25, 50, 75, 95, 99 in 100 norms are not larger.
    pub quantiles: [f64; 7],
    /// Counts of norms in bins of one width from the shortest to the longest.
    pub histogram: Vec<u64>,
}

/// The shares of [`Norms::quantiles`].
pub const QUANTILES: [f64; 7] = [0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99];

const BINS: usize = 32;

/// The cosines of all pairs of different rows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cosines {
    pub mean: f64,
    /// `None` without a spectrum.
    pub sd: Option<f64>,
    /// How many rows the standard deviation is over.
    pub sd_rows: u64,
}

/// A column whose values are unlike those of the others.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Outlier {
    pub column: u64,
    pub mean: f64,
    pub deviation: f64,
    /// How many standard deviations its mean is from the other columns' means, and its
    /// deviation from theirs.
    pub mean_off: f64,
    pub deviation_off: f64,
    /// Its share of the mean cosine.
    pub share: f64,
}

/// Measures the first `n_rows` rows of a table.
///
/// # Errors
/// When rows can't be read.
pub fn shape(table: &dyn rows::Rows, n_rows: u64, threads: usize) -> Result<Shape, ReadError> {
    let dim = table.dim();
    let no_spectrum = if dim > MOST_COLUMNS {
        Some(format!("the rows are wider than {MOST_COLUMNS} values"))
    } else if n_rows < dim as u64 {
        Some("there are fewer rows than columns".to_owned())
    } else {
        None
    };
    let first = First::of(table, n_rows, threads, no_spectrum.is_none())?;
    let covariance = first.covariance.as_ref();

    let eigen =
        || covariance.map(|rows| (Directions::of(&rows.raw(), dim), spectrum(&rows.centred, dim)));
    let second = || -> Result<_, ReadError> {
        let products = n_rows.saturating_mul(dim as u64).saturating_mul(dim as u64);
        let angles = Angles::of(table, n_rows, threads, &first, products > LARGE)?;
        Ok((angles, first.norms(), first.id_with_norm()))
    };
    let (eigen, second) =
        if threads > 1 { threads::both(eigen, second) } else { (eigen(), second()) };
    let (angles, norms, id_with_norm) = second?;
    let (directions, centred) = eigen.unzip();

    let (mut candidates, mut twins) = (None, Twins::default());
    if let Some(directions) = &directions {
        let found = Candidates::among(table, directions, &first.row_norms)?;
        (candidates, twins) = third(table, n_rows, threads, &first.row_norms, found, directions)?;
    }
    let (repeated, near) = twins::count(table, &first.hashes, &first.row_norms, &twins, threads)?;
    let energy: f64 = first.row_norms.iter().filter(|x| x.is_finite()).map(|x| x * x).sum();
    let mean_row = first.mean.iter().map(|x| x * x).sum::<f64>().sqrt();
    Ok(Shape {
        rows: Rows {
            n: n_rows,
            zero: first.row_norms.iter().filter(|norm| **norm == 0.0).count() as u64,
            not_finite: n_rows - first.n,
            repeated,
            near,
        },
        norms,
        mean_row,
        mean_share: if energy > 0.0 { first.n as f64 * mean_row * mean_row / energy } else { 0.0 },
        cosines: cosines(first.usable, &first.mean_direction, angles.gram.as_deref()),
        centred_cosines: angles.centred,
        isotropy: candidates.map(|found: Candidates| found.ratio()),
        raw: directions.map(|directions| Spectrum::of(directions.values)),
        centred,
        outliers: covariance
            .zip(angles.gram.as_deref())
            .map(|(rows, gram)| outliers(rows, &first, gram))
            .unwrap_or_default(),
        id_with_norm,
        no_spectrum,
    })
}

/// What the first pass gives.
struct First {
    /// The number of rows with finite values, and of those with a direction.
    n: u64,
    usable: u64,
    /// NaN or infinite for other rows.
    row_norms: Vec<f64>,
    hashes: Vec<u64>,
    mean: Vec<f64>,
    /// The mean of the rows' directions.
    mean_direction: Vec<f64>,
    covariance: Option<Covariance>,
}

/// What a run of the first pass gives.
struct Sums {
    norms: Vec<f64>,
    hashes: Vec<u64>,
    rows: Vec<f64>,
    directions: Vec<f64>,
}

impl First {
    fn of(
        table: &dyn rows::Rows,
        n_rows: u64,
        threads: usize,
        with_gram: bool,
    ) -> Result<Self, ReadError> {
        let (dim, level) = (table.dim(), Level::detect());
        let grams: Vec<Gram> = (0..usize::from(with_gram)).map(|_| Gram::new(dim)).collect();
        let start = || Sums {
            norms: Vec::new(),
            hashes: Vec::new(),
            rows: vec![0.0; dim],
            directions: vec![0.0; dim],
        };
        let mut all = Self {
            n: 0,
            usable: 0,
            row_norms: Vec::new(),
            hashes: Vec::new(),
            mean: vec![0.0; dim],
            mean_direction: vec![0.0; dim],
            covariance: None,
        };
        let each = |sums: &mut Sums, run: gram::Run| {
            let stored = run.stored.chunks_exact(table.row_bytes());
            for ((at, row), stored) in run.values.chunks_exact(dim).enumerate().zip(stored) {
                let norm = kernel::norm(level, row);
                sums.norms.push(norm);
                sums.hashes.push(twins::hash(stored));
                let is_finite = norm.is_finite();
                if is_finite {
                    add(level, row, 1.0, &mut sums.rows);
                }
                if is_usable(norm) {
                    add(level, row, 1.0 / norm, &mut sums.directions);
                }
                for out in &mut *run.out {
                    if is_finite { out.put(level, at, row) } else { out.skip(at) }
                }
            }
            1
        };
        gram::pass(table, n_rows, threads, &grams, start, each, |sums| {
            all.n += sums.norms.iter().filter(|norm| norm.is_finite()).count() as u64;
            all.usable += sums.norms.iter().filter(|norm| is_usable(**norm)).count() as u64;
            all.row_norms.append(&mut sums.norms);
            all.hashes.append(&mut sums.hashes);
            drain(&mut sums.rows, &mut all.mean);
            drain(&mut sums.directions, &mut all.mean_direction);
        })?;
        let divide = |sums: &mut [f64], n: u64| sums.iter_mut().for_each(|x| *x /= n.max(1) as f64);
        divide(&mut all.mean, all.n);
        divide(&mut all.mean_direction, all.usable);
        let gram = grams.into_iter().next().map(Gram::into_matrix);
        all.covariance = gram.map(|gram| Covariance::from_gram(gram, all.n, &all.mean));
        Ok(all)
    }

    fn finite(&self) -> impl Iterator<Item = (u64, f64)> {
        (0..)
            .zip(&self.row_norms)
            .map(|(id, norm)| (id, *norm))
            .filter(|(_, norm)| norm.is_finite())
    }

    fn norms(&self) -> Option<Norms> {
        let mut norms: Vec<f64> = self.finite().map(|(_, norm)| norm).collect();
        let moments = Moments::of(&norms)?;
        let (min, max) = (moments.min(), moments.max());
        let of = |wanted: f64| self.finite().find(|(_, norm)| *norm == wanted);
        let mut histogram = vec![0; if max > min { BINS } else { 1 }];
        for norm in &norms {
            let bin = ((norm - min) / (max - min) * BINS as f64) as usize;
            let last = histogram.len() - 1;
            histogram[bin.min(last)] += 1;
        }
        let quantiles = QUANTILES.map(|share| quantile(&mut norms, share).unwrap_or(f64::NAN));
        let (shortest, longest) = (of(min)?, of(max)?);
        Some(Norms {
            mean: moments.mean(),
            sd: moments.sd(),
            shortest,
            longest,
            quantiles,
            histogram,
        })
    }

    fn id_with_norm(&self) -> Option<f64> {
        let (ids, norms): (Vec<f64>, Vec<f64>) =
            self.finite().map(|(id, norm)| (id as f64, norm)).unzip();
        rank_correlation(&ids, &norms)
    }
}

/// The moments of the cosines of all pairs of n unit rows, from their mean q and the
/// Gram matrix of what is left without it.
///
/// With z = u - q: Σ_ij u_i·u_j = n² |q|², and Σ_ij (u_i·u_j)² = |G|² + 2n qᵀGq + n² |q|⁴,
/// where |G| is the Frobenius norm. Both sums have n pairs of a row with itself, of cosine
/// 1. The powers of |q| are taken together, so that they do not cancel.
fn cosines(n: u64, mean: &[f64], gram: Option<&[f64]>) -> Option<Cosines> {
    if n < 2 {
        return None;
    }
    let (rows, n) = (n, n as f64);
    let pairs = n * (n - 1.0);
    let square: f64 = mean.iter().map(|x| x * x).sum();
    let sd = gram.map(|gram| {
        let (mut squares, mut along) = (0.0, 0.0);
        for (row, a) in gram.chunks_exact(mean.len()).zip(mean) {
            squares += row.iter().map(|cell| cell * cell).sum::<f64>();
            along += a * row.iter().zip(mean).map(|(cell, b)| cell * b).sum::<f64>();
        }
        let apart = (squares + 2.0 * n * along - n) / pairs;
        let together = n * n * (2.0 * n * square - n * square * square - 1.0) / (pairs * pairs);
        (apart + together).max(0.0).sqrt()
    });
    Some(Cosines {
        mean: ((n * n * square - n) / pairs).clamp(-1.0, 1.0),
        sd,
        sd_rows: if sd.is_some() { rows } else { 0 },
    })
}

/// What a run of the second pass gives.
struct Units {
    n: u64,
    sums: Vec<f64>,
    /// The sum of each row times its norm.
    long: Vec<f64>,
    is_sampled: bool,
}

/// What the second pass gives.
///
/// The Gram matrix of the directions u = x / |x| less their mean q is Σ (u - q) (u - q)ᵀ.
/// In a large table it is the sum of two parts, with the norm m of the longest row: the
/// weights |x|² / m² give a matrix that follows from the Gram matrix of the rows, and the
/// weights 1 - |x|² / m² one with sums in `f32`. If all rows are about as long, these
/// weights are small, and so are the rounding errors.
#[derive(Debug)]
struct Angles {
    /// The Gram matrix of the rows' directions less the mean direction.
    gram: Option<Vec<f64>>,
    /// The cosines of centred rows.
    centred: Option<Cosines>,
}

impl Angles {
    fn of(
        table: &dyn rows::Rows,
        n_rows: u64,
        threads: usize,
        first: &First,
        is_large: bool,
    ) -> Result<Self, ReadError> {
        let (dim, level) = (table.dim(), Level::detect());
        let n_grams = if first.covariance.is_some() { 2 } else { 0 };
        let gram = if is_large { Gram::short } else { Gram::new };
        let grams: Vec<Gram> = (0..n_grams).map(|_| gram(dim)).collect();
        let usable = || first.finite().map(|(_, norm)| norm).filter(|norm| is_usable(*norm));
        let longest = usable().fold(0.0, f64::max);
        let weight = |norm: f64| 1.0 - (norm / longest).powi(2);
        // A little more than twice the largest weight: |u - q| is at most 2, so the rows of the
        // short Gram matrix have norms of at most 2 / √2.02, which must be below 1.41.
        let scale = 2.02 * weight(usable().fold(f64::INFINITY, f64::min)).max(f64::MIN_POSITIVE);
        let every = n_rows.div_ceil(CENTRED_ROWS);
        let start =
            || Units { n: 0, sums: vec![0.0; dim], long: vec![0.0; dim], is_sampled: false };
        let zeros = vec![0.0; dim];
        let each = |units: &mut Units, run: gram::Run| {
            units.is_sampled = (run.ids.start / super::tile::DEEP as u64).is_multiple_of(every);
            let mut row_out = vec![0.0; dim];
            for (at, row) in run.values.chunks_exact(dim).enumerate() {
                let row_norm = first.row_norms[run.ids.start as usize + at];
                less(level, row, &first.mean, &mut row_out);
                let norm = kernel::norm(level, &row_out);
                // Rounding leaves something of a row that is the mean.
                let is_own = is_usable(norm) && norm > 1e-6 * row_norm;
                if is_own {
                    units.n += 1;
                    add(level, &row_out, 1.0 / norm, &mut units.sums);
                }
                if let [all, sampled] = &mut *run.out {
                    if is_usable(row_norm) {
                        let mut times = 1.0;
                        if is_large {
                            times = (weight(row_norm) / scale).sqrt();
                            add(level, row, row_norm, &mut units.long);
                        }
                        let less = (1.0 / row_norm, &*first.mean_direction, times);
                        all.put_less(level, at, row, less);
                    } else {
                        all.skip(at);
                    }
                    if is_own && units.is_sampled {
                        sampled.put_less(level, at, &row_out, (1.0 / norm, &zeros, 1.0));
                    } else {
                        sampled.skip(at);
                    }
                }
            }
            1 + usize::from(units.is_sampled)
        };
        let (mut n, mut sampled) = (0, 0);
        let (mut sums, mut sampled_sums) = (vec![0.0; dim], vec![0.0; dim]);
        let mut long = vec![0.0; dim];
        gram::pass(table, n_rows, threads, &grams, start, each, |units| {
            if units.is_sampled {
                sampled += units.n;
                sampled_sums.iter_mut().zip(&units.sums).for_each(|(to, sum)| *to += sum);
            }
            n += std::mem::take(&mut units.n);
            drain(&mut units.sums, &mut sums);
            drain(&mut units.long, &mut long);
        })?;
        let means =
            |sums: Vec<f64>, n: u64| sums.iter().map(|x| x / n.max(1) as f64).collect::<Vec<_>>();
        let found = cosines(n, &means(sums, n), None);
        let sampled_mean = means(sampled_sums, sampled);
        let mut grams = grams.into_iter().map(Gram::into_matrix);
        let mut gram = grams.next();
        let own = grams.next();
        if let (true, Some(part), Some(covariance)) = (is_large, &mut gram, &first.covariance) {
            let energy: f64 = usable().map(|norm| norm * norm).sum();
            let (raw, q) = (covariance.raw(), &first.mean_direction);
            for (at, (part, raw)) in part.iter_mut().zip(raw).enumerate() {
                let (i, j) = (at / dim, at % dim);
                // Σ |x|² (u - q) (u - q)ᵀ
                let weighted = raw - long[i] * q[j] - q[i] * long[j] + energy * q[i] * q[j];
                *part = *part * scale + weighted / longest.powi(2).max(f64::MIN_POSITIVE);
            }
        }
        let own = own.map(|own| Covariance::from_gram(own, sampled, &sampled_mean).centred);
        let spread = cosines(sampled, &sampled_mean, own.as_deref());
        let (sd, sd_rows) = spread.map_or((None, 0), |spread| (spread.sd, spread.sd_rows));
        Ok(Self { gram, centred: found.map(|found| Cosines { sd, sd_rows, ..found }) })
    }
}

/// The third pass: isotropy over its candidates, and the leading coordinates of each
/// row's direction.
fn third(
    table: &dyn rows::Rows,
    n_rows: u64,
    threads: usize,
    norms: &[f64],
    candidates: Candidates,
    directions: &Directions,
) -> Result<(Option<Candidates>, Twins), ReadError> {
    let (dim, level) = (table.dim(), Level::detect());
    let leading = twins::leading(&directions.vectors, dim);
    let start = || (candidates.clone(), Vec::new());
    let each = |(found, twins): &mut (Candidates, Vec<[f32; twins::COORDINATES]>),
                run: gram::Run| {
        for (id, row) in run.ids.clone().zip(run.values.chunks_exact(dim)) {
            let norm = norms[id as usize];
            let mut own = [0.0; twins::COORDINATES];
            if norm.is_finite() {
                let vectors = candidates.at.iter().map(|at| &directions.vectors[*at]);
                found.add(vectors.map(|vector| isotropy::along(level, row, vector)));
                if norm > 0.0 {
                    own = twins::along(level, row, &leading).map(|x| (f64::from(x) / norm) as f32);
                }
            }
            twins.push(own);
        }
        0
    };
    let (mut all, mut coordinates) = (candidates.clone(), Twins::default());
    gram::pass(table, n_rows, threads, &[], start, each, |(found, twins)| {
        all.merge(found);
        *found = candidates.clone();
        coordinates.append(twins);
    })?;
    Ok(((all.n() > 0).then_some(all), coordinates))
}

/// The columns whose mean or spread is far from that of the others. `gram` is of the
/// rows' directions less their mean.
fn outliers(rows: &Covariance, first: &First, gram: &[f64]) -> Vec<Outlier> {
    let dim = rows.dim();
    if dim < FEWEST_COLUMNS {
        return Vec::new();
    }
    let deviations: Vec<f64> = (0..dim).map(|column| rows.deviation(column)).collect();
    let [mean_off, deviation_off] = [&rows.mean, &deviations].map(|values| off(values));
    let n = first.usable as f64;
    let square: f64 = first.mean_direction.iter().map(|x| x * x).sum();
    let is_far = |column: &usize| mean_off[*column] > FAR || deviation_off[*column] > FAR;
    (0..dim)
        .filter(is_far)
        .map(|column| {
            let own = first.mean_direction[column].powi(2);
            let with_itself = gram[column * (dim + 1)] + n * own;
            Outlier {
                column: column as u64,
                mean: rows.mean[column],
                deviation: deviations[column],
                mean_off: mean_off[column],
                deviation_off: deviation_off[column],
                share: (n * n * own - with_itself) / (n * n * square - n),
            }
        })
        .collect()
}

/// How many standard deviations each number is from the others. Those that are far are
/// not among the others, so two of them do not hide each other.
fn off(values: &[f64]) -> Vec<f64> {
    let mut is_far = vec![false; values.len()];
    loop {
        let others: Vec<f64> =
            values.iter().zip(&is_far).filter(|(_, far)| !**far).map(|(x, _)| *x).collect();
        let (n, sum) = (others.len() as f64, others.iter().sum::<f64>());
        let centre = sum / n;
        let squares: f64 = others.iter().map(|x| (x - centre).powi(2)).sum();
        let away = |x: f64, far: bool| {
            // Without the number itself.
            let (n, centre, squares) = match far {
                true => (n, centre, squares),
                false => {
                    (n - 1.0, (sum - x) / (n - 1.0), squares - (x - centre).powi(2) * n / (n - 1.0))
                }
            };
            let sd = (squares.max(0.0) / n).sqrt();
            if n < 2.0 || x == centre { 0.0 } else { (x - centre).abs() / sd }
        };
        let found: Vec<f64> = values.iter().zip(&is_far).map(|(x, far)| away(*x, *far)).collect();
        let more = found.iter().zip(&is_far).any(|(off, far)| *off > FAR && !far);
        if !more || is_far.iter().filter(|far| **far).count() * 4 > values.len() {
            return found;
        }
        is_far.iter_mut().zip(&found).for_each(|(far, off)| *far |= *off > FAR);
    }
}

at_each_level! {
    /// A row less the mean.
    fn less(row: &[f32], mean: &[f64], out: &mut [f32]) = less_plain;
}

#[inline(always)]
fn less_plain(row: &[f32], mean: &[f64], out: &mut [f32]) {
    for ((out, x), mean) in out.iter_mut().zip(row).zip(mean) {
        *out = (f64::from(*x) - mean) as f32;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::embedding::Table;
    use crate::stats::SplitMix64;

    fn table(rows: &[Vec<f32>]) -> Table {
        let bytes = rows.iter().flatten().flat_map(|x| x.to_le_bytes()).collect();
        Table::in_memory("F32", [rows.len() as u64, rows[0].len() as u64], bytes)
    }

    fn of(rows: &[Vec<f32>], threads: usize) -> Shape {
        shape(&table(rows), rows.len() as u64, threads).unwrap()
    }

    fn random(n: usize, dim: usize) -> Vec<Vec<f32>> {
        let mut random = SplitMix64::new(9);
        let row = |_| (0..dim).map(|i| (0.3 + random.normal() * (1.0 + i as f64)) as f32).collect();
        (0..n).map(row).collect()
    }

    #[track_caller]
    fn close(a: f64, b: f64) {
        assert!((a - b).abs() <= 1e-9 * b.abs().max(1e-3), "{a} is not {b}");
    }

    /// The cosines of all pairs, one by one.
    fn pairs(rows: &[Vec<f64>]) -> Moments {
        let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(x, y)| x * y).sum::<f64>();
        let mut cosines = Vec::new();
        for (i, a) in rows.iter().enumerate() {
            cosines.extend(rows[..i].iter().map(|b| dot(a, b) / (dot(a, a) * dot(b, b)).sqrt()));
        }
        Moments::of(&cosines).unwrap()
    }

    #[test]
    fn sums_over_rows_give_what_pairs_give() {
        let rows = random(300, 35);
        let found = of(&rows, 2);
        let wide: Vec<Vec<f64>> =
            rows.iter().map(|row| row.iter().map(|x| f64::from(*x)).collect()).collect();
        let mean: Vec<f64> =
            (0..35).map(|i| wide.iter().map(|row| row[i]).sum::<f64>() / 300.0).collect();
        let less: Vec<Vec<f64>> =
            wide.iter().map(|row| row.iter().zip(&mean).map(|(x, m)| x - m).collect()).collect();
        for (cosines, rows) in [(found.cosines, &wide), (found.centred_cosines, &less)] {
            let (cosines, pairs) = (cosines.unwrap(), pairs(rows));
            assert!((cosines.mean - pairs.mean()).abs() < 1e-8, "{cosines:?}");
            assert!((cosines.sd.unwrap() - pairs.sd()).abs() < 1e-8, "{cosines:?}");
            assert_eq!(cosines.sd_rows, 300);
        }
        // The trace of a Gram matrix, and that of its square.
        for (spectrum, rows) in [(found.raw.unwrap(), &wide), (found.centred.unwrap(), &less)] {
            let energy: f64 = rows.iter().flatten().map(|x| x * x).sum();
            close(spectrum.energies.iter().sum(), energy);
            let mut squares = 0.0;
            for i in 0..35 {
                for j in 0..35 {
                    squares += rows.iter().map(|row| row[i] * row[j]).sum::<f64>().powi(2);
                }
            }
            close(spectrum.participation(), energy * energy / squares);
        }
        close(found.mean_row, mean.iter().map(|x| x * x).sum::<f64>().sqrt());
    }

    #[test]
    fn the_number_of_threads_changes_no_bit() {
        let rows = random(1500, 67);
        let text = |threads| format!("{:?}", of(&rows, threads));
        let one = text(1);
        assert!(one == text(2) && one == text(5));
        let angles = |threads| {
            let table = table(&rows);
            let first = First::of(&table, 1500, threads, true).unwrap();
            format!("{:?}", Angles::of(&table, 1500, threads, &first, true).unwrap())
        };
        assert_eq!(angles(1), angles(3));
    }

    #[test]
    fn a_large_table_has_the_cosines_of_a_small_one() {
        let mut rows = random(3000, 40);
        rows[17].fill(0.0);
        rows[18][2] = f32::NAN;
        let alike: Vec<Vec<f32>> = rows
            .iter()
            .map(|row| {
                let norm = row.iter().map(|x| x * x).sum::<f32>().sqrt().max(1e-3);
                row.iter().map(|x| x / norm).collect()
            })
            .collect();
        let equal = vec![vec![2.0; 40]; 3000];
        // Rows of nearly one length lose less.
        for (rows, digits) in [(&rows, 1e-7), (&alike, 1e-10), (&equal, 1e-11)] {
            let table = table(rows);
            let first = First::of(&table, 3000, 2, true).unwrap();
            let [small, large] = [false, true]
                .map(|is_large| Angles::of(&table, 3000, 2, &first, is_large).unwrap().gram);
            for (a, b) in small.unwrap().iter().zip(&large.unwrap()) {
                assert!((a - b).abs() <= 3000.0 * digits, "{a} is not {b}");
            }
        }
    }

    #[test]
    fn isotropy_runs_over_both_signs_of_each_direction() {
        let rows = [[1.0, 0.0], [1.0, 0.0], [0.0, 0.5], [0.0, -0.5]].map(|row| row.to_vec());
        let found = of(&rows, 1);
        let (e, half) = (1.0_f64.exp(), 0.5_f64.exp());
        let all = [2.0 * e + 2.0, 2.0 / e + 2.0, 2.0 + half + 1.0 / half];
        let least = all.iter().copied().fold(f64::MAX, f64::min);
        close(found.isotropy.unwrap(), least / all[0]);
    }

    #[test]
    fn a_loud_column_is_an_outlier_and_two_do_not_hide_each_other() {
        let mut rows = random(400, 40);
        for (i, row) in rows.iter_mut().enumerate() {
            row.iter_mut().enumerate().for_each(|(at, x)| *x /= 1.0 + at as f32);
            row[7] = 90.0 + (i % 3) as f32;
            row[20] *= 50.0;
        }
        let found = of(&rows, 1).outliers;
        let columns: Vec<u64> = found.iter().map(|it| it.column).collect();
        assert_eq!(columns, [7, 20]);
        assert!(found[0].mean_off > FAR && found[1].deviation_off > FAR);
        assert!(found[0].share > 0.5 && found[0].share < 1.0, "{found:?}");
    }

    #[test]
    fn rows_are_told_apart() {
        let mut rows = random(200, 16);
        rows[5] = vec![0.0; 16];
        rows[6][3] = f32::NAN;
        rows[7][3] = f32::INFINITY;
        rows[9] = rows[8].clone();
        rows[11] = rows[10].iter().map(|x| x * 2.0 + 0.001).collect();
        // Their products overflow in f32.
        rows[12] = (0..16).map(|i| if i % 2 == 0 { f32::MAX } else { -f32::MAX }).collect();
        rows[13] = rows[12].iter().map(|x| x * 0.999).collect();
        let found = of(&rows, 3);
        let expected = Rows { n: 200, zero: 1, not_finite: 2, repeated: 1, near: 4 };
        assert_eq!(found.rows, expected);
        assert_eq!(found.norms.unwrap().shortest, (5, 0.0));
    }

    #[test]
    fn odd_tables_have_an_answer() {
        let nan = vec![vec![f32::NAN; 3]; 5];
        let zero = vec![vec![0.0; 3]; 5];
        let equal = vec![vec![2.0, 1.0, 0.0]; 5];
        let huge = vec![vec![f32::MAX, -f32::MAX, 1e-40]; 5];
        let (one, narrow) = (vec![vec![1.0, 2.0]], vec![vec![-3.0]; 4]);
        for rows in [nan, zero, equal, huge, one, narrow] {
            let found = of(&rows, 2);
            assert_eq!(found.rows.n, rows.len() as u64);
            let is_wide = rows.len() < rows[0].len();
            assert_eq!(found.no_spectrum.is_some(), is_wide, "{found:?}");
        }
        let found = of(&vec![vec![2.0, 1.0, 0.0]; 5], 1);
        close(found.cosines.unwrap().mean, 1.0);
        // Rounding leaves this much of a spread of 0.
        assert!(found.cosines.unwrap().sd.unwrap() < 1e-3);
        assert_eq!((found.centred_cosines, found.rows.repeated), (None, 4));
    }
}
