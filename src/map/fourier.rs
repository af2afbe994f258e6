//! The discrete Fourier transform, 16 at a time: one in each lane of the vectors.
//!
//! Stockham's algorithm: each stage splits transforms of length n into four of n / 4 (or
//! three, or two), and writes the results where the next stage reads them in order. No
//! order has to be restored at the end.

use crate::cpu::{Level, at_each_level};

/// The number of transforms that are computed together.
pub(super) const LANES: usize = 16;

/// A complex number in each lane.
#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(align(64))]
pub(super) struct Wide {
    pub re: [f32; LANES],
    pub im: [f32; LANES],
}

pub(super) const ZERO: Wide = Wide { re: [0.0; LANES], im: [0.0; LANES] };

impl Wide {
    /// Each number with its parts exchanged. The transform of such numbers is that of the
    /// inverse transform, with the parts exchanged.
    #[inline(always)]
    pub fn exchanged(self) -> Self {
        Self { re: self.im, im: self.re }
    }
}

/// A transform of one length, a product of twos and at most one three.
pub(super) struct Fourier {
    level: Level,
    /// `e^(-2 π i j / length)`.
    turns: Vec<[f32; 2]>,
}

impl Fourier {
    pub fn new(level: Level, length: usize) -> Self {
        let turn = |j: usize| {
            let (sin, cos) = (std::f64::consts::TAU * j as f64 / length as f64).sin_cos();
            [cos as f32, -sin as f32]
        };
        Self { level, turns: (0..length).map(turn).collect() }
    }

    /// Transforms numbers in place, with room for as many.
    pub fn transform(&self, numbers: &mut [Wide], room: &mut [Wide]) {
        let length = self.turns.len();
        assert!(numbers.len() == length && room.len() == length);
        let (mut from, mut to) = (numbers, room);
        let (mut left, mut swapped) = (length, false);
        while left > 1 {
            let stride = length / left;
            let parts = [4, 3, 2].into_iter().find(|parts| left.is_multiple_of(*parts));
            match parts {
                Some(4) => fourths(self.level, from, to, stride, &self.turns),
                Some(3) => thirds(self.level, from, to, stride, &self.turns),
                _ => halves(self.level, from, to, stride, &self.turns),
            }
            left /= parts.unwrap_or(2);
            (from, to) = (to, from);
            swapped = !swapped;
        }
        if swapped {
            to.copy_from_slice(from);
        }
    }
}

at_each_level! {
    fn fourths(from: &[Wide], to: &mut [Wide], stride: usize, turns: &[[f32; 2]]) = fourths_plain;
}

at_each_level! {
    fn thirds(from: &[Wide], to: &mut [Wide], stride: usize, turns: &[[f32; 2]]) = thirds_plain;
}

at_each_level! {
    fn halves(from: &[Wide], to: &mut [Wide], stride: usize, turns: &[[f32; 2]]) = halves_plain;
}

#[inline(always)]
fn fourths_plain(from: &[Wide], to: &mut [Wide], stride: usize, turns: &[[f32; 2]]) {
    let quarter = from.len() / 4;
    let (low, high) = from.split_at(2 * quarter);
    let ((a, b), (c, d)) = (low.split_at(quarter), high.split_at(quarter));
    let blocks = to.chunks_exact_mut(4 * stride).enumerate();
    for (p, block) in blocks {
        let [one, two, three] = [1, 2, 3].map(|k| turns[k * p * stride]);
        let own = p * stride..(p + 1) * stride;
        let (a, b, c, d) = (&a[own.clone()], &b[own.clone()], &c[own.clone()], &d[own]);
        for q in 0..stride {
            let (a, b, c, d) = (&a[q], &b[q], &c[q], &d[q]);
            let mut out = [ZERO; 4];
            for i in 0..LANES {
                let even = [a.re[i] + c.re[i], a.im[i] + c.im[i]];
                let odd = [a.re[i] - c.re[i], a.im[i] - c.im[i]];
                let sum = [b.re[i] + d.re[i], b.im[i] + d.im[i]];
                // -i (b - d)
                let turned = [b.im[i] - d.im[i], d.re[i] - b.re[i]];
                out[0].re[i] = even[0] + sum[0];
                out[0].im[i] = even[1] + sum[1];
                let (re, im) = (odd[0] + turned[0], odd[1] + turned[1]);
                out[1].re[i] = re * one[0] - im * one[1];
                out[1].im[i] = re * one[1] + im * one[0];
                let (re, im) = (even[0] - sum[0], even[1] - sum[1]);
                out[2].re[i] = re * two[0] - im * two[1];
                out[2].im[i] = re * two[1] + im * two[0];
                let (re, im) = (odd[0] - turned[0], odd[1] - turned[1]);
                out[3].re[i] = re * three[0] - im * three[1];
                out[3].im[i] = re * three[1] + im * three[0];
            }
            for (k, out) in out.into_iter().enumerate() {
                block[k * stride + q] = out;
            }
        }
    }
}

#[inline(always)]
fn thirds_plain(from: &[Wide], to: &mut [Wide], stride: usize, turns: &[[f32; 2]]) {
    const SINE: f32 = 0.866_025_4;
    let third = from.len() / 3;
    let (a, rest) = from.split_at(third);
    let (b, c) = rest.split_at(third);
    for (p, block) in to.chunks_exact_mut(3 * stride).enumerate() {
        let [one, two] = [1, 2].map(|k| turns[k * p * stride]);
        for q in 0..stride {
            let at = p * stride + q;
            let (a, b, c) = (&a[at], &b[at], &c[at]);
            let mut out = [ZERO; 3];
            for i in 0..LANES {
                let sum = [b.re[i] + c.re[i], b.im[i] + c.im[i]];
                let rest = [a.re[i] - 0.5 * sum[0], a.im[i] - 0.5 * sum[1]];
                // -i sin(2 π / 3) (b - c)
                let turned = [SINE * (b.im[i] - c.im[i]), SINE * (c.re[i] - b.re[i])];
                out[0].re[i] = a.re[i] + sum[0];
                out[0].im[i] = a.im[i] + sum[1];
                let (re, im) = (rest[0] + turned[0], rest[1] + turned[1]);
                out[1].re[i] = re * one[0] - im * one[1];
                out[1].im[i] = re * one[1] + im * one[0];
                let (re, im) = (rest[0] - turned[0], rest[1] - turned[1]);
                out[2].re[i] = re * two[0] - im * two[1];
                out[2].im[i] = re * two[1] + im * two[0];
            }
            for (k, out) in out.into_iter().enumerate() {
                block[k * stride + q] = out;
            }
        }
    }
}

#[inline(always)]
fn halves_plain(from: &[Wide], to: &mut [Wide], stride: usize, turns: &[[f32; 2]]) {
    let (a, b) = from.split_at(from.len() / 2);
    for (p, block) in to.chunks_exact_mut(2 * stride).enumerate() {
        let one = turns[p * stride];
        for q in 0..stride {
            let (a, b) = (&a[p * stride + q], &b[p * stride + q]);
            let mut out = [ZERO; 2];
            for i in 0..LANES {
                out[0].re[i] = a.re[i] + b.re[i];
                out[0].im[i] = a.im[i] + b.im[i];
                let (re, im) = (a.re[i] - b.re[i], a.im[i] - b.im[i]);
                out[1].re[i] = re * one[0] - im * one[1];
                out[1].im[i] = re * one[1] + im * one[0];
            }
            for (k, out) in out.into_iter().enumerate() {
                block[k * stride + q] = out;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::SplitMix64;

    fn numbers(length: usize) -> Vec<Wide> {
        let mut random = SplitMix64::new(length as u64);
        let mut lanes = || std::array::from_fn(|_| random.normal() as f32);
        (0..length).map(|_| Wide { re: lanes(), im: lanes() }).collect()
    }

    #[test]
    fn each_number_is_the_sum_over_all_turned() {
        for length in [1, 2, 3, 4, 6, 8, 12, 48, 64, 96] {
            let from = numbers(length);
            let mut found = from.clone();
            Fourier::new(Level::detect(), length).transform(&mut found, &mut vec![ZERO; length]);
            for (k, found) in found.iter().enumerate() {
                for lane in [0, 7, 15] {
                    let (mut re, mut im) = (0.0, 0.0);
                    for (j, x) in from.iter().enumerate() {
                        let turn = -std::f64::consts::TAU * (j * k) as f64 / length as f64;
                        let (x, y) = (f64::from(x.re[lane]), f64::from(x.im[lane]));
                        re += x * turn.cos() - y * turn.sin();
                        im += x * turn.sin() + y * turn.cos();
                    }
                    let off =
                        (f64::from(found.re[lane]) - re).hypot(f64::from(found.im[lane]) - im);
                    assert!(off < 1e-5 * (length as f64).sqrt(), "{k} of {length}: {off}");
                }
            }
        }
    }

    #[test]
    fn every_level_gives_the_same_bits() {
        for length in [32, 192] {
            let run = |level| {
                let mut found = numbers(length);
                Fourier::new(level, length).transform(&mut found, &mut vec![ZERO; length]);
                found
            };
            let first = run(Level::BASELINE);
            assert!(Level::available().into_iter().all(|level| run(level) == first));
        }
    }
}
