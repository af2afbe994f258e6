//! How much a row says for being a token's, in nats.

use super::fit::{Fit, PAIRS, Pair, Places, step};
use super::frame::Kind;
use super::matrix::add_scaled;
use super::path::Bar;
use super::tokens::{Role, Spellings};
use crate::cpu::{Level, at_each_level};
use crate::stats::{SplitMix64, mix, sample};

/// Pairs that correlations are measured on.
const MEASURED: u64 = 1 << 16;

/// Standard errors below which a correlation counts as none.
const SURE: f64 = 3.0;

/// Longer runs are not tried for what would be seen.
const MOST_IN_A_ROW: u64 = 1000;

/// The highest correlation that is believed.
const HIGHEST: f64 = 0.999;

/// The evidence that a fit gives, tokens and rows at hand.
pub struct Evidence<'a> {
    tokens: &'a Spellings,
    fit: Fit,
    places: Places,
    level: Level,
    folds: Vec<Calibration>,
}

/// What is measured on the tokens of one fold, by the fit of the others.
#[derive(Clone, Debug)]
struct Calibration {
    /// From steps to standard coordinates: rows.
    row_scale: [f32; PAIRS],
    row_shift: [f32; PAIRS],
    /// The same of tokens.
    token_scale: [f32; PAIRS],
    token_shift: [f32; PAIRS],
    correlation: [f32; PAIRS],
    /// The sum of -1/2 ln(1 - r²).
    base: f32,
}

/// A token's side of the evidence.
#[derive(Clone, Copy, Debug)]
pub struct Asked {
    fold: usize,
    base: f32,
    slope: [f32; PAIRS],
}

/// Rows as tokens of each fold see them.
pub struct Abreast {
    /// One standard coordinate of all rows after the other, and the part of the evidence
    /// that does not depend on the token.
    folds: Vec<(Vec<f32>, Vec<f32>)>,
}

impl<'a> Evidence<'a> {
    /// Measures the correlations over pairs of tokens and rows.
    pub fn of(
        level: Level,
        tokens: &'a Spellings,
        fit: Fit,
        places: Places,
        row_of: impl Fn(u32) -> Option<u32>,
    ) -> Self {
        let ids = sample(tokens.len().min(places.len()) as u64, MEASURED, 7);
        let pairs = ids.into_iter().filter_map(|id| {
            let id = id as u32;
            let is_heard = tokens.role(id as usize) != Role::Silent;
            row_of(id)
                .filter(|row| is_heard && places.kind(*row) == Kind::Usual)
                .map(|row| [id, row])
        });
        let mut folds: Vec<Vec<Pair>> = vec![Vec::new(); fit.folds()];
        for pair in pairs {
            folds[fit.fold(pair[0])].push(pair);
        }
        let folds = folds
            .iter()
            .enumerate()
            .map(|(fold, pairs)| Calibration::of(tokens, &fit, &places, fold, pairs))
            .collect();
        Self { tokens, fit, places, level, folds }
    }

    /// The sum of squared correlations, the folds' mean.
    pub fn sum_r2(&self) -> f64 {
        let r2 =
            |fold: &Calibration| fold.correlation.iter().map(|r| f64::from(r * r)).sum::<f64>();
        self.folds.iter().map(r2).sum::<f64>() / self.folds.len() as f64
    }

    /// A token's side.
    pub fn ask(&self, token: u32) -> Asked {
        let fold = self.fit.fold(token);
        let at = &self.folds[fold];
        let q = self.fit.token(self.tokens, token);
        let mut asked = Asked { fold, base: at.base, slope: [0.0; PAIRS] };
        for i in 0..PAIRS {
            let r = at.correlation[i];
            let unexplained = 1.0 - r * r;
            let q = q[i] * at.token_scale[i] + at.token_shift[i];
            asked.slope[i] = r * q / unexplained;
            asked.base -= 0.5 * r * q * asked.slope[i];
        }
        asked
    }

    /// How much a row says for being the token's: the logarithm of how much
    /// more likely it is if both belong together than if they have nothing to
    /// do with each other. With p and q the standard coordinates of row and
    /// token, normal with the correlations r:
    ///
    /// sum over pairs of -1/2 ln(1 - r²) - 1/2 ((p - r q)² / (1 - r²) - p²)
    pub fn says(&self, asked: &Asked, row: u32) -> f32 {
        let at = &self.folds[asked.fold];
        let p = self.places.row(row, asked.fold);
        let mut curve = [0.0; PAIRS];
        for (curve, r) in curve.iter_mut().zip(&at.correlation) {
            *curve = -0.5 * r * r / (1.0 - r * r);
        }
        asked.base + weigh(self.level, p, &at.row_scale, &at.row_shift, &curve, &asked.slope)
    }

    /// Rows side by side, for many tokens that are asked about all of them.
    pub fn abreast(&self, rows: &[u32]) -> Abreast {
        let of_fold = |(fold, at): (usize, &Calibration)| {
            let mut coordinates = vec![0.0; PAIRS * rows.len()];
            let mut curved = vec![0.0; rows.len()];
            for (j, row) in rows.iter().enumerate() {
                for (i, p) in self.places.row(*row, fold).iter().enumerate() {
                    let p = f32::from(*p) * at.row_scale[i] + at.row_shift[i];
                    let r = at.correlation[i];
                    coordinates[i * rows.len() + j] = p;
                    curved[j] -= 0.5 * r * r / (1.0 - r * r) * p * p;
                }
            }
            (coordinates, curved)
        };
        Abreast { folds: self.folds.iter().enumerate().map(of_fold).collect() }
    }

    /// How much each of these rows says for being the token's.
    pub fn say(&self, asked: &Asked, rows: &Abreast) -> Vec<f32> {
        let (coordinates, curved) = &rows.folds[asked.fold];
        let mut said: Vec<f32> = curved.iter().map(|curved| asked.base + curved).collect();
        for (slope, of_rows) in asked.slope.iter().zip(coordinates.chunks_exact(said.len())) {
            add_scaled(self.level, &mut said, *slope, of_rows);
        }
        said
    }

    /// What kind of row it is.
    pub fn kind(&self, row: u32) -> Kind {
        self.places.kind(row)
    }

    /// A hash of where a row lies: equal for equal rows.
    pub fn fingerprint(&self, row: u32) -> u64 {
        self.places.fingerprint(row)
    }

    /// Whether a token and a row can tell anything about each other.
    pub fn can_tell(&self, token: u32, row: u32) -> bool {
        self.tokens.role(token as usize) == Role::Judged && self.places.kind(row) == Kind::Usual
    }
}

at_each_level! {
    /// The sum of `p (curve p + slope)` over standard coordinates p.
    fn weigh(
        p: &[i8; PAIRS],
        scale: &[f32; PAIRS],
        shift: &[f32; PAIRS],
        curve: &[f32; PAIRS],
        slope: &[f32; PAIRS],
    ) -> f32 = weigh_plain;
}

#[inline(always)]
fn weigh_plain(
    p: &[i8; PAIRS],
    scale: &[f32; PAIRS],
    shift: &[f32; PAIRS],
    curve: &[f32; PAIRS],
    slope: &[f32; PAIRS],
) -> f32 {
    const LANES: usize = 16;
    let mut lanes = [0.0_f32; LANES];
    for from in (0..PAIRS).step_by(LANES) {
        for (lane, sum) in lanes.iter_mut().enumerate() {
            let i = from + lane;
            let p = f32::from(p[i]) * scale[i] + shift[i];
            *sum += p * (curve[i] * p + slope[i]);
        }
    }
    lanes.iter().sum()
}

impl Calibration {
    fn of(tokens: &Spellings, fit: &Fit, places: &Places, fold: usize, pairs: &[Pair]) -> Self {
        let mut sums = [[0.0_f64; 5]; PAIRS];
        for [token, row] in pairs {
            let q = fit.token(tokens, *token);
            let p = places.row(*row, fold);
            for ((sums, p), q) in sums.iter_mut().zip(p).zip(q) {
                let (p, q) = (f64::from(*p) * f64::from(step()), f64::from(q));
                let terms = [p, p * p, q, q * q, p * q];
                sums.iter_mut().zip(terms).for_each(|(sum, term)| *sum += term);
            }
        }
        let n = pairs.len().max(1) as f64;
        let mut fold = Self {
            row_scale: [0.0; PAIRS],
            row_shift: [0.0; PAIRS],
            token_scale: [0.0; PAIRS],
            token_shift: [0.0; PAIRS],
            correlation: [0.0; PAIRS],
            base: 0.0,
        };
        for (i, sums) in sums.into_iter().enumerate() {
            let [p, pp, q, qq, pq] = sums.map(|sum| sum / n);
            let [p_sd, q_sd] = [pp - p * p, qq - q * q].map(|variance| variance.max(0.0).sqrt());
            if p_sd <= 0.0 || q_sd <= 0.0 {
                continue;
            }
            let r = (pq - p * q) / (p_sd * q_sd);
            let r = if r < SURE / n.sqrt() { 0.0 } else { r.min(HIGHEST) };
            fold.row_scale[i] = (f64::from(step()) / p_sd) as f32;
            fold.row_shift[i] = (-p / p_sd) as f32;
            fold.token_scale[i] = (1.0 / q_sd) as f32;
            fold.token_shift[i] = (-q / q_sd) as f32;
            fold.correlation[i] = r as f32;
            fold.base -= 0.5 * (1.0 - r * r).ln() as f32;
        }
        fold
    }
}

/// How far apart in a table two tokens are that have nothing to do with each
/// other: near enough to be of one region, where words are as frequent and as
/// long as each other, and as near as the offsets that happen.
const FAR: u64 = 64;

/// Some other token's row, from the same region of the table.
pub fn strange_row(token: u32, n: usize, seed: u64) -> u32 {
    let n = n as u64;
    let bits = mix(seed ^ u64::from(token).wrapping_mul(0x9e37));
    let far = (1 + bits % FAR).min(n / 2).max(1);
    let there = if bits >> 63 == 0 { u64::from(token) + far } else { u64::from(token) + n - far };
    (there % n) as u32
}

/// Widest evidence that is told apart, in nats.
const WIDEST: i32 = 80;
const BINS: usize = 2 * WIDEST as usize + 1;

/// From evidence to a score: the logarithm of how much more often right pairs
/// have it than strangers of this table.
///
/// The evidence would be that itself, were rows and features normal. They are
/// not, so it is measured: the share of right pairs in each bin of a nat over
/// the share of strangers, made monotone (the pool-adjacent-violators
/// algorithm, Ayer et al. 1955), with half a pair added to each so that what
/// was never seen counts for no more than that.
#[derive(Clone, Debug)]
pub struct Scale {
    scores: [f32; BINS],
    /// The share of pairs in each bin.
    right: [f64; BINS],
    strange: [f64; BINS],
    n: [f64; 2],
}

impl Scale {
    /// From the evidence of pairs taken for right, and of strangers.
    pub fn of(right: impl Iterator<Item = f32>, strange: impl Iterator<Item = f32>) -> Self {
        let mut counts = [[0.0; BINS]; 2];
        right.for_each(|e| counts[0][bin(e)] += 1.0);
        strange.for_each(|e| counts[1][bin(e)] += 1.0);
        let n = [0, 1].map(|i| f64::max(counts[i].iter().sum(), 1.0));
        // Blocks of bins, each with a higher ratio than the one before.
        let mut blocks: Vec<([f64; 2], usize)> = Vec::new();
        for (right, strange) in counts[0].iter().zip(&counts[1]) {
            let mut block = ([*right, *strange], 1);
            if block.0 == [0.0; 2] {
                match blocks.last_mut() {
                    Some(last) => last.1 += 1,
                    None => blocks.push(block),
                }
                continue;
            }
            while let Some((before, bins)) = blocks.last()
                && before[0] * block.0[1] >= block.0[0] * before[1]
            {
                block = ([before[0] + block.0[0], before[1] + block.0[1]], bins + block.1);
                blocks.pop();
            }
            blocks.push(block);
        }
        let mut scores = [0.0; BINS];
        let mut at = 0;
        for (counts, bins) in blocks {
            let ratio = (counts[0] + 0.5) / (n[0] + 1.0) / ((counts[1] + 0.5) / (n[1] + 1.0));
            scores[at..at + bins].fill(ratio.ln() as f32);
            at += bins;
        }
        let [right, strange] = [0, 1].map(|i| counts[i].map(|count| count / n[i]));
        Self { scores, right, strange, n }
    }

    /// The score (calibrated log ratio) of evidence `e`.
    pub fn score(&self, e: f32) -> f32 {
        self.scores[bin(e)]
    }

    /// By how many standard errors right pairs have more evidence than
    /// strangers (Mann and Whitney 1947), and the chance that a right pair has
    /// more than a strange one.
    pub fn order(&self) -> (f64, f64) {
        let (mut below, mut area) = (0.0, 0.0);
        for (right, strange) in self.right.iter().zip(&self.strange) {
            area += right * (below + strange / 2.0);
            below += strange;
        }
        let [a, b] = self.n;
        let error = ((a + b + 1.0) / (12.0 * a * b)).sqrt();
        ((area - 0.5) / error, area)
    }

    /// The mean score of right pairs, none more than `cap` either way.
    pub fn of_right(&self, cap: f32) -> f64 {
        let pairs = self.right.iter().zip(&self.scores);
        pairs.map(|(share, score)| share * f64::from(score.clamp(-cap, cap))).sum()
    }

    /// The share of strangers with less than a score.
    pub fn strange_below(&self, score: f32) -> f64 {
        let bins = self.strange.iter().zip(&self.scores);
        bins.filter(|(_, of_bin)| **of_bin < score).map(|(share, _)| share).sum()
    }

    /// How many rows of strangers side by side come to the bar nine times in ten: it
    /// is tried on 1,000 runs of scores that strangers have here.
    pub fn fewest(&self, bar: &Bar) -> u64 {
        let mut random = SplitMix64::new(41);
        let (mut sums, cap) = (vec![0.0_f64; 1000], bar.cap());
        for n in 1..MOST_IN_A_ROW {
            for sum in &mut sums {
                let mut place = random.unit();
                let of_bin = self.strange.iter().position(|share| {
                    place -= share;
                    place < 0.0
                });
                *sum -= f64::from(self.scores[of_bin.unwrap_or(BINS - 1)].clamp(-cap, cap));
            }
            let enough = sums.iter().filter(|sum| **sum >= bar.height).count();
            if 10 * enough >= 9 * sums.len() {
                return n;
            }
        }
        MOST_IN_A_ROW
    }

    /// The mean score of strangers: what one wrong row comes to.
    pub fn of_strangers(&self) -> f64 {
        self.strange.iter().zip(&self.scores).map(|(share, score)| share * f64::from(*score)).sum()
    }
}

fn bin(e: f32) -> usize {
    // `as` takes NaN for 0.
    (e.round() as i32).clamp(-WIDEST, WIDEST).wrapping_add(WIDEST) as usize
}
