//! The i-quants: each code is an index into a fixed codebook.
//!
//! IQ1, IQ2 and IQ3 quantise 8 or 4 weights at once. A code is the index of a
//! *point* in a *grid*. The point's coordinates are the magnitudes of those weights;
//! their signs are stored separately. (In IQ1 the grid includes the signs.) IQ4 has
//! a codebook of 16 single values, which lie closer together near zero. The blocks
//! are `block_iq2_xxs`, ... in ggml's `ggml-common.h`.
//!
//! The suffix gives the size, smallest first: XXS, XS, S.

use std::iter::zip;

use super::bits::{decode, f16, fields, floats, join, planes, sequence, sub_blocks};
use super::iq_grids;

/// The values that a coordinate of each grid can have.
const LEVELS_IQ1: [i8; 3] = [-1, 0, 1];
const LEVELS_IQ2: [i8; 3] = [8, 25, 43];
const LEVELS_IQ3_XXS: [i8; 8] = [4, 12, 20, 28, 36, 44, 52, 62];
const LEVELS_IQ3_S: [i8; 8] = [1, 3, 5, 7, 9, 11, 13, 15];

static GRID_IQ1: [[i8; 8]; 2048] = unpack(&iq_grids::IQ1_S, &LEVELS_IQ1);
static GRID_IQ2_XXS: [[i8; 8]; 256] = unpack(&iq_grids::IQ2_XXS, &LEVELS_IQ2);
static GRID_IQ2_XS: [[i8; 8]; 512] = unpack(&iq_grids::IQ2_XS, &LEVELS_IQ2);
static GRID_IQ2_S: [[i8; 8]; 1024] = unpack(&iq_grids::IQ2_S, &LEVELS_IQ2);
static GRID_IQ3_XXS: [[i8; 4]; 256] = unpack(&iq_grids::IQ3_XXS, &LEVELS_IQ3_XXS);
static GRID_IQ3_S: [[i8; 4]; 512] = unpack(&iq_grids::IQ3_S, &LEVELS_IQ3_S);

/// Unpacks a grid at compile time: each packed coordinate is an index into `levels`.
const fn unpack<const POINTS: usize, const DIM: usize>(
    packed: &[u16; POINTS],
    levels: &[i8],
) -> [[i8; DIM]; POINTS] {
    let bits = 16 / DIM;
    let mut grid = [[0; DIM]; POINTS];
    let mut i = 0;
    while i < POINTS * DIM {
        let level = packed[i / DIM] >> (bits * (i % DIM)) & ((1 << bits) - 1);
        grid[i / DIM][i % DIM] = levels[level as usize];
        i += 1;
    }
    grid
}

/// Eight signs from seven bits. The quantiser makes the number of negative weights
/// even, so the eighth sign is the parity of the other seven.
static SIGNS: [u8; 128] = {
    let mut signs = [0; 128];
    let mut i = 0;
    while i < 128 {
        signs[i] = i as u8 | (i.count_ones() as u8 & 1) << 7;
        i += 1;
    }
    signs
};

/// A point of a grid, scaled; bit j of `signs` makes coordinate j negative.
#[inline(always)]
fn signed<const DIM: usize>(out: &mut [f32; DIM], scale: f32, point: &[i8; DIM], signs: u8) {
    for (j, (y, &magnitude)) in zip(out, point).enumerate() {
        let magnitude = f32::from(magnitude);
        let negative = signs >> j & 1 != 0;
        *y = scale * if negative { -magnitude } else { magnitude };
    }
}

/// Two points of four coordinates that share a byte of signs.
#[inline(always)]
fn signed_pair(out: &mut [f32; 8], scale: f32, points: [&[i8; 4]; 2], signs: u8) {
    let (out, _) = out.as_chunks_mut::<4>();
    signed(&mut out[0], scale, points[0], signs);
    signed(&mut out[1], scale, points[1], signs >> 4);
}

/// IQ2_XXS: 8 sub-blocks of 32 values, 2.0625 bits per weight.
///
/// ```text
///  0     2                                              66
/// | d    | 8 sub-blocks, 8 bytes each:                   |
/// | f16  | | point 0 | 1 | 2 | 3 |   u32               | |
///
/// u32   31..28   27..21   20..14   13..7    6..0
///     | scale | signs 3 | signs 2| signs 1| signs 0 |    7 bits for 8 signs
///
/// y = d * (0.5 + scale) * 0.25 * ±point
/// ```
#[inline(always)]
pub(super) fn iq2_xxs(block: &[u8; 66], out: &mut [f32; 256]) {
    fields!(block => d: 2, sub_blocks: 64);
    let d = f16(d);
    for (out, sub_block) in zip(out.as_chunks_mut::<32>().0, sub_blocks.as_chunks().0) {
        fields!(sub_block => points: 4, signs_and_scale: 4);
        let word = u32::from_le_bytes(*signs_and_scale);
        let scale = d * (0.5 + (word >> 28) as f32) * 0.25;
        for (i, (out, point)) in zip(out.as_chunks_mut().0, points).enumerate() {
            let signs = SIGNS[(word >> (7 * i) & 127) as usize];
            signed(out, scale, &GRID_IQ2_XXS[usize::from(*point)], signs);
        }
    }
}

/// IQ2_XS: 16 sub-blocks of 16 values, 2.3125 bits per weight.
///
/// ```text
///  0     2                           66               74
/// | d    | qs, 32 x u16               | scales, 8 B     |
/// | f16  | signs 15..9 | point 8..0   | 4 bits, in order|
///
/// y = d * (0.5 + scale) * 0.25 * ±point
/// ```
#[inline(always)]
pub(super) fn iq2_xs(block: &[u8; 74], out: &mut [f32; 256]) {
    fields!(block => d: 2, qs: 64, scales: 8);
    let scales = scales_iq2(f16(d), scales);
    for (i, (out, q)) in zip(out.as_chunks_mut().0, qs.as_chunks().0).enumerate() {
        let q = usize::from(u16::from_le_bytes(*q));
        signed(out, scales[i / 2], &GRID_IQ2_XS[q & 511], SIGNS[q >> 9]);
    }
}

/// IQ2_S: 16 sub-blocks of 16 values, 2.5625 bits per weight.
///
/// ```text
///  0     2           34           66               74               82
/// | d    | qs, 32 B   | signs, 32 B| qh, 8 B         | scales, 8 B     |
/// | f16  | point 7..0 | 8 signs    | point 9..8,     | 4 bits, in order|
///                                   | 2 bits, in order|
///
/// y = d * (0.5 + scale) * 0.25 * ±point
/// ```
#[inline(always)]
pub(super) fn iq2_s(block: &[u8; 82], out: &mut [f32; 256]) {
    fields!(block => d: 2, qs: 32, signs: 32, qh: 8, scales: 8);
    let scales = scales_iq2(f16(d), scales);
    let high: [u8; 32] = sequence::<2, _, _>(qh);
    for (i, out) in out.as_chunks_mut().0.iter_mut().enumerate() {
        let point = usize::from(qs[i]) | usize::from(high[i]) << 8;
        signed(out, scales[i / 2], &GRID_IQ2_S[point], signs[i]);
    }
}

/// Scales of IQ2_XS and IQ2_S, one for 16 values.
#[inline(always)]
fn scales_iq2(d: f32, packed: &[u8; 8]) -> [f32; 16] {
    sequence::<4, _, _>(packed).map(|scale| d * (0.5 + f32::from(scale)) * 0.25)
}

/// IQ3_XXS: 8 sub-blocks of 32 values, 3.0625 bits per weight.
///
/// ```text
///  0     2                   66                        98
/// | d    | qs, 64 B           | 8 x u32                 |
/// | f16  | a point of 4 values| scale and signs, IQ2_XXS|
///
/// y = d * (0.5 + scale) * 0.5 * ±point
/// ```
#[inline(always)]
pub(super) fn iq3_xxs(block: &[u8; 98], out: &mut [f32; 256]) {
    fields!(block => d: 2, qs: 64, words: 32);
    let d = f16(d);
    let sub_blocks = zip(qs.as_chunks::<8>().0, words.as_chunks().0);
    for (out, (points, word)) in zip(out.as_chunks_mut::<32>().0, sub_blocks) {
        let word = u32::from_le_bytes(*word);
        let scale = d * (0.5 + (word >> 28) as f32) * 0.5;
        let pairs = points.as_chunks::<2>().0;
        for (i, (out, pair)) in zip(out.as_chunks_mut().0, pairs).enumerate() {
            let points = pair.map(|point| &GRID_IQ3_XXS[usize::from(point)]);
            let signs = SIGNS[(word >> (7 * i) & 127) as usize];
            signed_pair(out, scale, points, signs);
        }
    }
}

/// IQ3_S: 8 sub-blocks of 32 values, 3.4375 bits per weight.
///
/// ```text
///  0     2           66          74            106              110
/// | d    | qs, 64 B   | qh, 8 B   | signs, 32 B | scales, 4 B     |
/// | f16  | point 7..0 | point 8,  | 8 signs for | 4 bits, in order|
///                     | in order  | two points  |
///
/// y = d * (1 + 2 * scale) * ±point
/// ```
#[inline(always)]
pub(super) fn iq3_s(block: &[u8; 110], out: &mut [f32; 256]) {
    fields!(block => d: 2, qs: 64, qh: 8, signs: 32, scales: 4);
    let d = f16(d);
    let scales: [f32; 8] = sequence::<4, _, _>(scales).map(|scale| d * f32::from(1 + 2 * scale));
    let high: [u8; 64] = sequence::<1, _, _>(qh);
    for (i, out) in out.as_chunks_mut().0.iter_mut().enumerate() {
        let points =
            [2 * i, 2 * i + 1].map(|i| &GRID_IQ3_S[usize::from(qs[i]) | usize::from(high[i]) << 8]);
        signed_pair(out, scales[i / 4], points, signs[i]);
    }
}

/// A point of IQ1, scaled: every coordinate is -1, 0 or 1. An eighth is added to all
/// of them, or subtracted if `lower` is set.
#[inline(always)]
fn shifted(out: &mut [f32; 8], scale: f32, point: &[i8; 8], lower: bool) {
    let shift = if lower { -0.125 } else { 0.125 };
    for (y, coordinate) in zip(out, point) {
        *y = scale * (f32::from(*coordinate) + shift);
    }
}

/// IQ1_S: 8 sub-blocks of 32 values, 1.5625 bits per weight.
///
/// ```text
///  0     2           34                    50
/// | d    | qs, 32 B   | qh, 8 x u16         |
/// | f16  | point 7..0 |                     |
///
/// qh    15      14..12   11..9    8..6     5..3     2..0
///     | lower | scale | point 3 | point 2| point 1| point 0 |   bits 10..8
///
/// y = d * (2 * scale + 1) * (point ± 0.125)
/// ```
#[inline(always)]
pub(super) fn iq1_s(block: &[u8; 50], out: &mut [f32; 256]) {
    fields!(block => d: 2, qs: 32, qh: 16);
    let d = f16(d);
    let sub_blocks = zip(qs.as_chunks::<4>().0, qh.as_chunks().0);
    for (out, (low, high)) in zip(out.as_chunks_mut::<32>().0, sub_blocks) {
        let high = usize::from(u16::from_le_bytes(*high));
        let scale = d * (2 * (high >> 12 & 7) + 1) as f32;
        for (i, (out, low)) in zip(out.as_chunks_mut().0, low).enumerate() {
            let point = usize::from(*low) | (high >> (3 * i) & 7) << 8;
            shifted(out, scale, &GRID_IQ1[point], high >> 15 != 0);
        }
    }
}

/// IQ1_M: 16 sub-blocks of 16 values, 1.75 bits per weight.
///
/// ```text
///  0           32                        48                 56
/// | qs, 32 B   | qh, 16 B                 | scales, 4 x u16   |
/// | point 7..0 | 4 bits a point, in order:|                   |
///              | lower 3 | point 2..0     |  (bits 10..8)
///
/// scales    15..12    11..9     8..6      5..3      2..0
///         | part of d | scale 3 | scale 2 | scale 1 | scale 0 |
///
/// y = d * (2 * scale + 1) * (point ± 0.125)
/// ```
///
/// This is the only format without a field for `d`. The four nibbles of `d` are the
/// top four bits of the four words, the lowest nibble first.
#[inline(always)]
pub(super) fn iq1_m(block: &[u8; 56], out: &mut [f32; 256]) {
    fields!(block => qs: 32, qh: 16, scales: 8);
    let words: [u16; 4] =
        std::array::from_fn(|i| u16::from_le_bytes([scales[2 * i], scales[2 * i + 1]]));
    let d = (0..4).fold(0, |d, i| d | (words[i] >> 12) << (4 * i));
    let d = f16(&d.to_le_bytes());
    let high: [u8; 32] = sequence::<4, _, _>(qh);
    for (i, out) in out.as_chunks_mut().0.iter_mut().enumerate() {
        let sub_block = i / 2;
        let scale = words[sub_block / 4] >> (3 * (sub_block % 4)) & 7;
        let point = usize::from(qs[i]) | usize::from(high[i] & 7) << 8;
        shifted(out, d * f32::from(2 * scale + 1), &GRID_IQ1[point], high[i] & 8 != 0);
    }
}

/// The codebook of IQ4: 16 levels, closer together near zero, where most weights are.
pub(super) const LEVELS_IQ4: [i8; 16] =
    [-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113];
const FLOAT_LEVELS_IQ4: [f32; 16] = floats(LEVELS_IQ4);

/// IQ4_NL: 32 values, 4.5 bits per weight: Q4_0 with non-linear levels.
///
/// ```text
///  0     2                          18
/// | d    | qs, 16 bytes              |
/// | f16  | byte j: value j+16 | j    |
///                   bits 7..4 | 3..0
///
/// y = d * level(q)
/// ```
#[inline(always)]
pub(super) fn iq4_nl(block: &[u8; 18], out: &mut [f32; 32]) {
    fields!(block => d: 2, qs: 16);
    let d = f16(d);
    decode(out, &planes::<4, 16, _, _>(qs), |q| d * FLOAT_LEVELS_IQ4[usize::from(q)]);
}

/// IQ4_XS: 8 sub-blocks of 32 values, 4.25 bits per weight.
///
/// ```text
///  0     2               4                8                      136
/// | d    | scales_h, u16  | scales_l, 4 B  | qs, 128 B              |
/// | f16  | bits 5..4 of   | bits 3..0 of   | 16 bytes a sub-block,  |
/// |      | each, in order | each, in order | as in IQ4_NL           |
///
/// y = (d * (scale - 32)) * level(q)
/// ```
#[inline(always)]
pub(super) fn iq4_xs(block: &[u8; 136], out: &mut [f32; 256]) {
    fields!(block => d: 2, scales_high: 2, scales_low: 4, qs: 128);
    let d = f16(d);
    let scales: [u8; 8] =
        join::<4, _>(sequence::<4, _, _>(scales_low), sequence::<2, _, _>(scales_high));
    let quants = planes::<4, 16, _, _>(qs);
    for ((out, quants), scale) in zip(sub_blocks::<32, _>(out, &quants), scales) {
        let scale = d * f32::from(scale.cast_signed() - 32);
        decode(out, quants, |q| scale * FLOAT_LEVELS_IQ4[usize::from(q)]);
    }
}
