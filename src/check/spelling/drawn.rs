//! Rows that look like random draws in a table that was trained.
//!
//! A drawn row differs from trained rows in all directions alike, so what is
//! small in trained rows is large in it. What draws look like is found by
//! drawing some; how many other rows look so is found on rows that fit their
//! tokens a little better.

use super::Result;
use super::evidence::Scale;
use super::frame::blocks;
use super::judge::Judge;
use super::matrix::{self, Left, Panels};
use crate::stats::{Moments, SplitMix64, quantile, sample};

/// What a row is seen by, in logarithms: its norm, its distance from the mean
/// row in standard deviations of the values, and the norm of its whitened
/// direction.
type Look = [f64; 3];

/// Rows of each kind that are looked at, at most.
const LOOKED_AT: usize = 4096;

/// The fewest rows that tell how many look drawn and are not.
const FEWEST: usize = 1024;

/// Rows that are drawn to see what they look like, and the share of them that
/// counts as looking so.
const DRAWS: usize = 512;
const ALIKE: f64 = 0.97;

/// The share of usual rows that may look at least as odd in one way as a drawn
/// row does: tried one after the other.
const ODD: [f64; 6] = [1.0, 0.1, 0.03, 0.01, 0.003, 0.001];

/// The share of those told that may be wrong by what is found among doubtful
/// rows; nine in ten of those told should be right.
const WRONG: f64 = 0.02;

/// Which of `tokens`, with their scores, have rows that look drawn.
pub fn find(judge: &Judge, scale: &Scale, mut tokens: Vec<(f32, u32)>) -> Result<Vec<u64>> {
    tokens.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    // A drawn row says as little for its token as a stranger's.
    let little = (scale.of_strangers() / 2.0) as f32;
    let worst = tokens.partition_point(|(score, _)| *score < little);
    let (worst, better) = tokens.split_at(worst);
    let n_doubtful = worst.len().clamp(FEWEST, LOOKED_AT).min(better.len());
    let (doubtful, _) = better.split_at(n_doubtful);
    // Strangers' rows among the doubtful ones, for each among the worst.
    let share = scale.strange_below(little);
    let escaped = (1.0 - share) / share.max(0.5);

    let ids = |tokens: &[(f32, u32)], most: usize, seed: u64| -> Vec<u32> {
        let chosen = sample(tokens.len() as u64, most as u64, seed).into_iter();
        chosen.map(|i| tokens[i as usize].1).collect()
    };
    let usual = ids(better, LOOKED_AT, 33);
    let Some(spread) = Spread::of(judge, &rows_of(judge, &usual))? else { return Ok(Vec::new()) };
    let across = spread.across(judge);
    let looks = |tokens: &[u32]| looks(judge, &spread, &across, &rows_of(judge, tokens));
    let usual = looks(&usual)?;
    let worst = ids(worst, 8 * LOOKED_AT, 34);
    let (of_worst, doubtful) = (looks(&worst)?, looks(&ids(doubtful, LOOKED_AT, 35))?);

    let mut drawn = Vec::new();
    for around_zero in [false, true] {
        let rows = spread.draw(around_zero);
        let draws = Draws::of(judge, &spread.looks(judge, &across, &rows));
        // One step further than the estimate asks for: the worst rows look drawn
        // more often than the doubtful ones.
        let mut is_sure = false;
        for odd in ODD {
            let range = usual_range(&usual, odd);
            let is_drawn = |look: &Look| {
                let is_odd = |(x, (low, high)): (&f64, &(f64, f64))| x < low || x > high;
                draws.are_like(look) && (odd == 1.0 || look.iter().zip(&range).any(is_odd))
            };
            let found: Vec<u32> =
                worst.iter().zip(&of_worst).filter(|it| is_drawn(it.1)).map(|it| *it.0).collect();
            let others = doubtful.iter().filter(|look| is_drawn(look)).count() as f64;
            let others = f64::max(others - escaped * found.len() as f64, 0.0);
            let wrong = (others + 1.0) / (doubtful.len() + 1) as f64 * worst.len() as f64;
            if is_sure {
                drawn.extend(found.into_iter().map(u64::from));
                break;
            }
            is_sure = wrong <= WRONG * found.len() as f64;
        }
    }
    drawn.sort_unstable();
    drawn.dedup();
    Ok(drawn)
}

fn rows_of(judge: &Judge, tokens: &[u32]) -> Vec<u32> {
    tokens.iter().filter_map(|token| judge.row_of(*token)).collect()
}

/// In each way, the range that all but a share of usual rows lie in.
fn usual_range(usual: &[Look], odd: f64) -> [(f64, f64); 3] {
    std::array::from_fn(|i| {
        let mut values: Vec<f64> = usual.iter().map(|look| look[i]).collect();
        let mut at = |share| quantile(&mut values, share).unwrap_or(0.0);
        (at(odd / 2.0), at(1.0 - odd / 2.0))
    })
}

/// The mean and the spread of each value.
struct Spread {
    values: Vec<Moments>,
    mean_square: f64,
}

impl Spread {
    fn of(judge: &Judge, ids: &[u32]) -> Result<Option<Self>> {
        let d_model = judge.rows.dim();
        let start = || vec![Moments::default(); d_model];
        let parts = blocks(judge.rows, ids, judge.frame.threads, start, |values, _, rows| {
            for row in rows.chunks_exact(d_model) {
                values.iter_mut().zip(row).for_each(|(all, x)| all.add(f64::from(*x)));
            }
        })?;
        let mut values = start();
        for part in &parts {
            values.iter_mut().zip(part).for_each(|(all, part)| all.merge(part));
        }
        let square = |it: &Moments| it.mean().powi(2) + it.sample_sd().powi(2);
        let mean_square = values.iter().map(square).sum::<f64>() / d_model as f64;
        Ok((ids.len() > 2).then_some(Self { values, mean_square }))
    }

    /// Rows of normal numbers: with each value's mean and spread, or all around
    /// zero.
    fn draw(&self, around_zero: bool) -> Vec<f32> {
        let mut random = SplitMix64::new(37);
        let mut rows = Vec::with_capacity(DRAWS * self.values.len());
        for _ in 0..DRAWS {
            for value in &self.values {
                let chance = random.normal();
                rows.push(match around_zero {
                    false => (value.mean() + value.sample_sd() * chance) as f32,
                    true => (self.mean_square.sqrt() * chance) as f32,
                });
            }
        }
        rows
    }

    fn across(&self, judge: &Judge) -> Panels {
        Panels::whitening(&judge.frame.rows, judge.frame.width)
    }

    fn looks(&self, judge: &Judge, across: &Panels, rows: &[f32]) -> Vec<Look> {
        let (level, width) = (judge.frame.level, judge.frame.width);
        let mut points = Vec::new();
        let (points, _) = judge.frame.points(rows, &mut points);
        let mut white = vec![0.0; points.len()];
        matrix::multiply(level, Left::Rows(points), across, &mut white);
        let ln = |square: f64| square.max(f64::MIN_POSITIVE).ln() / 2.0;
        let rows = rows.chunks_exact(self.values.len()).zip(white.chunks_exact(width));
        let look = |(row, white): (&[f32], &[f32])| {
            let away = row.iter().zip(&self.values).map(|(x, value)| {
                let sd = value.sample_sd();
                if sd > 0.0 { ((f64::from(*x) - value.mean()) / sd).powi(2) } else { 0.0 }
            });
            [
                ln(matrix::dot(level, row, row).into()),
                ln(away.sum()),
                ln(matrix::dot(level, white, white).into()),
            ]
        };
        rows.map(look).collect()
    }
}

/// What rows look like, in the order of their IDs.
fn looks(judge: &Judge, spread: &Spread, across: &Panels, ids: &[u32]) -> Result<Vec<Look>> {
    let parts = blocks(judge.rows, ids, judge.frame.threads, Vec::new, |all, _, rows| {
        all.extend(spread.looks(judge, across, rows));
    })?;
    Ok(parts.concat())
}

/// What draws look like: their mean, their spread, and how far from the mean
/// most of them lie.
struct Draws {
    mean: Look,
    whitener: Vec<f32>,
    farthest: f64,
}

impl Draws {
    fn of(judge: &Judge, looks: &[Look]) -> Self {
        let n = looks.len().max(1) as f64;
        let mean: Look = std::array::from_fn(|i| looks.iter().map(|look| look[i]).sum::<f64>() / n);
        let mut covariance = [0.0_f32; 9];
        for i in 0..3 {
            for j in 0..3 {
                let both = looks.iter().map(|look| (look[i] - mean[i]) * (look[j] - mean[j]));
                covariance[3 * i + j] = (both.sum::<f64>() / n) as f32;
            }
            // Rows of few values may have two looks that are one.
            covariance[4 * i] *= 1.0 + 1e-3;
        }
        let whitener = matrix::whitener(judge.frame.level, &covariance, 3).unwrap_or_default();
        let mut draws = Self { mean, whitener, farthest: 0.0 };
        let mut far: Vec<f64> = looks.iter().map(|look| draws.distance(look)).collect();
        draws.farthest = quantile(&mut far, ALIKE).unwrap_or(0.0);
        draws
    }

    /// The squared distance of Mahalanobis (1936).
    fn distance(&self, look: &Look) -> f64 {
        let off: [f64; 3] = std::array::from_fn(|i| look[i] - self.mean[i]);
        let rows = self.whitener.chunks_exact(3);
        let along = |row: &[f32]| row.iter().zip(off).map(|(w, x)| f64::from(*w) * x).sum::<f64>();
        rows.map(|row| along(row).powi(2)).sum()
    }

    fn are_like(&self, look: &Look) -> bool {
        !self.whitener.is_empty() && self.distance(look) <= self.farthest
    }
}
