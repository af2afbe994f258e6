//! Blocks of 32 values with the levels of IQ4. The drawings are above the decoders.
//!
//! The scale of a block is searched for: each of 15 tries rounds the values to levels,
//! and the scale that fits these levels best (least squares, each value weighted with its
//! square) is kept if its error is the least.

use super::{half, inverse, largest, nearest};
use crate::quant::bits::pack;
use crate::quant::iq::LEVELS_IQ4;

/// The largest magnitude that counts as none.
const NOTHING: f32 = 1e-15;

/// The number of tries above and below the first level.
const TRIES: i8 = 7;

/// The number of the nearest level. In the middle of two, the upper one.
fn level(x: f32) -> u8 {
    let mut upper = 0;
    for level in &LEVELS_IQ4[1..15] {
        upper += usize::from(x >= f32::from(*level));
    }
    let [below, above] = [upper, upper + 1].map(|i| f32::from(LEVELS_IQ4[i]));
    (upper + usize::from(x - below >= above - x)) as u8
}

/// The scale of a block.
fn scale(x: &[f32; 32]) -> f32 {
    let (size, first) = largest(x);
    if size < NOTHING {
        return 0.0;
    }
    let sums = |inverse: f32| {
        let (mut along, mut square) = (0.0, 0.0);
        for x in x {
            let (weight, level) = (x * x, f32::from(LEVELS_IQ4[usize::from(level(inverse * x))]));
            along += weight * level * x;
            square += weight * level * level;
        }
        (along, square)
    };
    let lowest = LEVELS_IQ4[0];
    let (along, square) = sums(1.0 / (-first / f32::from(lowest)));
    let mut scale = along / square;
    let mut fit = scale * along;
    for step in -TRIES..=TRIES {
        let (along, square) = sums((f32::from(step) + f32::from(lowest)) / first);
        if square > 0.0 && along * along > fit * square {
            scale = along / square;
            fit = scale * along;
        }
    }
    scale
}

pub(super) fn iq4_nl(x: &[f32; 32], out: &mut [u8; 18]) {
    let scale = scale(x);
    let inverse = inverse(scale);
    out[..2].copy_from_slice(&half(scale).0);
    pack::<4, 16>(&x.map(|x| level(inverse * x)), 0, &mut out[2..]);
}

pub(super) fn iq4_xs(x: &[f32; 256], out: &mut [u8; 136]) {
    let (blocks, mut scales) = (x.as_chunks::<32>().0, [0.0; 8]);
    for (scale_of, x) in scales.iter_mut().zip(blocks) {
        *scale_of = scale(x);
    }
    // The levels are found by the scale before it is rounded to a half.
    let d = -largest(&scales).1 / 32.0;
    let (mut coded, mut quants) = ([0; 8], [0; 256]);
    for (i, x) in blocks.iter().enumerate() {
        let scale = nearest(inverse(d) * scales[i]).clamp(-32, 31);
        let inverse = inverse(d * scale as f32);
        coded[i] = (scale + 32) as u8;
        quants[32 * i..][..32].copy_from_slice(&x.map(|x| level(inverse * x)));
    }
    out[..2].copy_from_slice(&half(d).0);
    pack::<2, 1>(&coded, 4, &mut out[2..4]);
    pack::<4, 1>(&coded, 0, &mut out[4..8]);
    pack::<4, 16>(&quants, 0, &mut out[8..]);
}
