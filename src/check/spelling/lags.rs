//! At which offset tokens and rows resemble each other most, however far that
//! is, and with no fit to go by.
//!
//! Along the IDs, the leading components of the rows rise and fall with those
//! of the spelling. All their cross-correlations at all offsets come from a few
//! Fourier transforms, of sums over a few tokens side by side; what changes
//! slowly along the table is taken out first.

use super::Result;
use super::frame::{Kind, blocks};
use super::judge::Judge;
use super::matrix::{self, Leading, Left};
use super::tokens::{FEATURES, Role};
use crate::stats::sample;

/// Components of each side.
const COMPONENTS: usize = 8;

/// Rows that components are learned from.
const LEARNED: u64 = 2048;

/// Sums along the table at most.
const LONGEST: usize = 1 << 15;

/// Sums on either side whose mean is taken out.
const AROUND: usize = 32;

/// Offsets that are proposed.
const PROPOSED: usize = 3;

/// The offsets at which some tokens and the rows resemble each other most.
pub fn likeliest(judge: &Judge, tokens: &[u32]) -> Result<Vec<i64>> {
    let (of_rows, of_tokens) = (row_components(judge)?, token_components(judge, tokens));
    let block = judge.n.div_ceil(LONGEST);
    let size = (2 * judge.n.div_ceil(block)).next_power_of_two();
    let spectra = |components: &[f32]| -> Vec<Vec<[f64; 2]>> {
        let sums = (0..COMPONENTS).map(|k| sums(components, k, block));
        let spectra = sums.map(|sums| {
            let mut wave: Vec<[f64; 2]> = sums.into_iter().map(|x| [x, 0.0]).collect();
            wave.resize(size, [0.0; 2]);
            fourier(&mut wave);
            wave
        });
        spectra.collect()
    };
    let (rows, spelled) = (spectra(&of_rows), spectra(&of_tokens));
    let mut power = vec![0.0; size];
    for token in &spelled {
        for row in &rows {
            // The transform again, of the conjugate, is the inverse of it.
            let product =
                token.iter().zip(row).map(|([a, b], [c, d])| [a * c + b * d, b * c - a * d]);
            let mut wave: Vec<[f64; 2]> = product.collect();
            fourier(&mut wave);
            power.iter_mut().zip(&wave).for_each(|(power, [x, _])| *power += x * x);
        }
    }
    let mut found = Vec::new();
    for _ in 0..PROPOSED {
        let best = (0..size).max_by(|a, b| power[*a].total_cmp(&power[*b]));
        let Some(place) = best.filter(|place| power[*place] > 0.0) else { break };
        for near in 0..3 {
            power[(place + size + near - 1) % size] = 0.0;
        }
        let lag = if place < size / 2 { place as i64 } else { place as i64 - size as i64 };
        let around = (lag - 1) * block as i64 + 1..(lag + 1) * block as i64;
        let exact = around.map(|offset| (alike(judge, &of_rows, &of_tokens, offset), offset));
        found.extend(exact.max_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, offset)| offset));
    }
    Ok(found)
}

/// The leading components of all rows, row after row.
fn row_components(judge: &Judge) -> Result<Vec<f32>> {
    let (level, width) = (judge.frame.level, judge.frame.width);
    let of = |ids: &[u32], then: &(dyn Fn(&[f32], &mut Vec<f32>) + Sync)| -> Result<Vec<f32>> {
        let parts = blocks(
            judge.rows,
            ids,
            judge.frame.threads,
            Vec::new,
            |all: &mut Vec<f32>, _, block| {
                let mut points = Vec::new();
                let (points, kinds) = judge.frame.points(block, &mut points);
                for (point, kind) in points.chunks_exact_mut(width).zip(kinds) {
                    if kind != Kind::Usual {
                        point.fill(0.0);
                    }
                }
                then(points, all);
            },
        )?;
        Ok(parts.concat())
    };
    let chosen = sample(judge.frame.sample.len() as u64, LEARNED, 41);
    let chosen: Vec<u32> = chosen.into_iter().map(|i| judge.frame.sample[i as usize]).collect();
    let points = of(&chosen, &|points, all| all.extend_from_slice(points))?;
    let leading = Leading::of(level, &points, width, COMPONENTS, judge.seed);
    let across = across(&leading.right, width);
    let all: Vec<u32> = (0..judge.n as u32).collect();
    of(&all, &|points, all| {
        all.extend(matrix::product(level, Left::Rows(points), &across, COMPONENTS))
    })
}

/// The leading components of the spelling of some tokens; of others, zeros.
fn token_components(judge: &Judge, tokens: &[u32]) -> Vec<f32> {
    let level = judge.frame.level;
    let chosen = sample(tokens.len() as u64, LEARNED, 43);
    let mut dense = vec![0.0; chosen.len() * FEATURES];
    for (row, i) in dense.chunks_exact_mut(FEATURES).zip(&chosen) {
        judge.tokens.features(tokens[*i as usize] as usize).for_each(|feature| row[feature] = 1.0);
    }
    let mut mean = vec![0.0; FEATURES];
    for row in dense.chunks_exact(FEATURES) {
        matrix::add_scaled(level, &mut mean, 1.0 / chosen.len() as f32, row);
    }
    for row in dense.chunks_exact_mut(FEATURES) {
        matrix::add_scaled(level, row, -1.0, &mean);
    }
    let leading = Leading::of(level, &dense, FEATURES, COMPONENTS, judge.seed);
    let across = across(&leading.right, FEATURES);
    let mut of_mean = vec![0.0; COMPONENTS];
    for (mean, directions) in mean.iter().zip(across.chunks_exact(COMPONENTS)) {
        matrix::add_scaled(level, &mut of_mean, *mean, directions);
    }
    let mut components = vec![0.0; judge.n * COMPONENTS];
    let heard = tokens.iter().filter(|id| judge.tokens.role(**id as usize) != Role::Silent);
    for &token in heard {
        let of_token = &mut components[token as usize * COMPONENTS..][..COMPONENTS];
        matrix::add_scaled(level, of_token, -1.0, &of_mean);
        for feature in judge.tokens.features(token as usize) {
            matrix::add_scaled(level, of_token, 1.0, &across[feature * COMPONENTS..][..COMPONENTS]);
        }
    }
    components
}

/// Directions as columns; fewer than are wanted are filled up with zeros.
fn across(directions: &[f32], len: usize) -> Vec<f32> {
    let mut across = vec![0.0; len * COMPONENTS];
    for (k, direction) in directions.chunks_exact(len).enumerate() {
        for (i, x) in direction.iter().enumerate() {
            across[i * COMPONENTS + k] = *x;
        }
    }
    across
}

/// A component's sums over tokens side by side, less the mean of those around,
/// with a mean square of 1.
fn sums(components: &[f32], k: usize, block: usize) -> Vec<f64> {
    let sums: Vec<f64> = components
        .chunks(block * COMPONENTS)
        .map(|block| block.iter().skip(k).step_by(COMPONENTS).map(|x| f64::from(*x)).sum())
        .collect();
    let mut totals = vec![0.0; sums.len() + 1];
    for (i, sum) in sums.iter().enumerate() {
        totals[i + 1] = totals[i] + sum;
    }
    let less = |i: usize| {
        let (from, to) = (i.saturating_sub(AROUND), (i + AROUND + 1).min(sums.len()));
        sums[i] - (totals[to] - totals[from]) / (to - from) as f64
    };
    let less: Vec<f64> = (0..sums.len()).map(less).collect();
    let square = less.iter().map(|x| x * x).sum::<f64>() / less.len().max(1) as f64;
    let scale = if square > 0.0 { 1.0 / square.sqrt() } else { 0.0 };
    less.into_iter().map(|x| x * scale).collect()
}

/// How much tokens and the rows at an offset resemble each other.
fn alike(judge: &Judge, of_rows: &[f32], of_tokens: &[f32], offset: i64) -> f64 {
    let mut cross = [[0.0_f32; COMPONENTS]; COMPONENTS];
    let n = judge.n as i64;
    for token in offset.saturating_neg().max(0)..n.min(n - offset) {
        let side = |of: &[f32], i: i64| -> [f32; COMPONENTS] {
            *of[i as usize * COMPONENTS..].first_chunk().expect("each has all components")
        };
        let (row, token) = (side(of_rows, token + offset), side(of_tokens, token));
        for (cross, token) in cross.iter_mut().zip(token) {
            cross.iter_mut().zip(row).for_each(|(cross, row)| *cross += token * row);
        }
    }
    cross.iter().flatten().map(|x| f64::from(*x).powi(2)).sum()
}

/// The discrete Fourier transform of a power of two of complex numbers, in
/// place (Cooley and Tukey 1965).
fn fourier(wave: &mut [[f64; 2]]) {
    let n = wave.len();
    let bits = n.trailing_zeros();
    for i in 0..n {
        let j = if bits == 0 { 0 } else { i.reverse_bits() >> (usize::BITS - bits) };
        if i < j {
            wave.swap(i, j);
        }
    }
    let mut half = 1;
    while half < n {
        let turn = -std::f64::consts::PI / half as f64;
        let turns: Vec<[f64; 2]> =
            (0..half).map(|i| [(turn * i as f64).cos(), (turn * i as f64).sin()]).collect();
        for pair in wave.chunks_exact_mut(2 * half) {
            let (low, high) = pair.split_at_mut(half);
            for ((low, high), [c, s]) in low.iter_mut().zip(high).zip(&turns) {
                let turned = [high[0] * c - high[1] * s, high[0] * s + high[1] * c];
                *high = [low[0] - turned[0], low[1] - turned[1]];
                *low = [low[0] + turned[0], low[1] + turned[1]];
            }
        }
        half *= 2;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_transform_is_the_sum_that_it_should_be() {
        let wave: Vec<[f64; 2]> =
            (0..8).map(|i| [f64::from(i * i % 5), f64::from(i % 3)]).collect();
        let mut transformed = wave.clone();
        fourier(&mut transformed);
        for (k, found) in transformed.iter().enumerate() {
            let mut sum = [0.0; 2];
            for (i, [x, y]) in wave.iter().enumerate() {
                let (s, c) = (-std::f64::consts::PI * (k * i) as f64 / 4.0).sin_cos();
                sum = [sum[0] + x * c - y * s, sum[1] + x * s + y * c];
            }
            assert!((found[0] - sum[0]).abs() < 1e-9 && (found[1] - sum[1]).abs() < 1e-9);
        }
    }
}
