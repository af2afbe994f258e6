//! The k-quants: super-blocks of 256 values, cut into sub-blocks of 16 or 32.
//!
//! Each sub-block has its own scale (and min): a small integer times the scale `d`
//! (and `dmin`) of the super-block. The blocks are `block_q2_K` ... `block_q6_K` in
//! ggml's `ggml-common.h`.
//!
//! The scale of a sub-block is rounded to `f32` before it is multiplied by the
//! quants. The product is rounded before the min is subtracted. ggml rounds at the
//! same two places, so nothing here may be fused or reordered.

use std::iter::zip;

use super::bits::{decode, f16, fields, join, planes, sub_blocks};

/// Q2_K: 16 sub-blocks of 16 values, 2.625 bits per weight.
///
/// ```text
///  0               16               80     82     84
/// | scales, 16 B    | qs, 64 B       | d    | dmin |
/// | min 7..4|sc 3..0| 2 bits a value | f16  | f16  |
///
/// qs  two groups of 32 bytes, 128 values each:
///     byte j: value j+96 | j+64 | j+32 | j
///        bits    7 6     | 5 4  | 3 2  | 1 0
///
/// y = (d * sc) * q - (dmin * min)
/// ```
#[inline(always)]
pub(super) fn q2_k(block: &[u8; 84], out: &mut [f32; 256]) {
    fields!(block => scales: 16, qs: 64, d: 2, dmin: 2);
    let (d, dmin) = (f16(d), f16(dmin));
    let quants = planes::<2, 32, _, _>(qs);
    for ((out, quants), scale) in zip(sub_blocks::<16, _>(out, &quants), scales) {
        let (scale, min) = (d * f32::from(scale & 15), dmin * f32::from(scale >> 4));
        decode(out, quants, |q| scale * f32::from(q) - min);
    }
}

/// Q3_K: 16 sub-blocks of 16 values, 3.4375 bits per weight.
///
/// ```text
///  0             32               96             108    110
/// | hmask, 32 B  | qs, 64 B       | scales, 12 B  | d    |
/// | bit 2        | bits 1..0, Q2_K| 6 bits a scale| f16  |
///
/// hmask   byte j: values j+224 | ... | j+32 | j
///            bit           7   | ... |   1  | 0
/// scales  bytes 0..8    low 4 bits: scale j+8 | j
///         bytes 8..12  high 2 bits: scale j+12 | j+8 | j+4 | j
///
/// y = (d * (sc - 32)) * (q - 4)
/// ```
///
/// ggml writes it as "subtract 4 where the mask bit is clear", which is equivalent.
#[inline(always)]
pub(super) fn q3_k(block: &[u8; 110], out: &mut [f32; 256]) {
    fields!(block => hmask: 32, qs: 64, scales_low: 8, scales_high: 4, d: 2);
    let d = f16(d);
    let quants = join::<2, _>(planes::<2, 32, _, _>(qs), planes::<1, 32, _, _>(hmask));
    let scales: [u8; 16] =
        join::<4, _>(planes::<4, 8, _, _>(scales_low), planes::<2, 4, _, _>(scales_high));
    for ((out, quants), scale) in zip(sub_blocks::<16, _>(out, &quants), scales) {
        let scale = d * f32::from(scale.cast_signed() - 32);
        decode(out, quants, |q| scale * f32::from(q.cast_signed() - 4));
    }
}

/// Q4_K: 8 sub-blocks of 32 values, 4.5 bits per weight.
///
/// ```text
///  0     2      4               16                      144
/// | d    | dmin | scales, 12 B   | qs, 128 B               |
/// | f16  | f16  | see below      | 4 bits a value          |
///
/// qs  four groups of 32 bytes, 64 values each:
///     byte j: value j+32 | j
///        bits     7..4   | 3..0
///
/// y = (d * sc) * q - (dmin * min)
/// ```
///
/// `scales` packs eight scales and eight mins of 6 bits: see [`scales_and_mins`].
#[inline(always)]
pub(super) fn q4_k(block: &[u8; 144], out: &mut [f32; 256]) {
    fields!(block => d: 2, dmin: 2, scales: 12, qs: 128);
    let quants = planes::<4, 32, _, _>(qs);
    let scales = scales_and_mins(f16(d), f16(dmin), scales);
    for ((out, quants), (scale, min)) in zip(sub_blocks::<32, _>(out, &quants), scales) {
        decode(out, quants, |q| scale * f32::from(q) - min);
    }
}

/// Q5_K: Q4_K with a fifth bit, 5.5 bits per weight.
///
/// ```text
///  0     2      4              16             48           176
/// | d    | dmin | scales, 12 B  | qh, 32 B      | qs, 128 B  |
/// | f16  | f16  | as in Q4_K    | bit 4         | bits 3..0  |
///
/// qh  byte j: values j+224 | ... | j+32 | j
///        bit           7   | ... |   1  | 0
/// qs  as in Q4_K
///
/// y = (d * sc) * q - (dmin * min)
/// ```
#[inline(always)]
pub(super) fn q5_k(block: &[u8; 176], out: &mut [f32; 256]) {
    fields!(block => d: 2, dmin: 2, scales: 12, qh: 32, qs: 128);
    let quants = join::<4, _>(planes::<4, 32, _, _>(qs), planes::<1, 32, _, _>(qh));
    let scales = scales_and_mins(f16(d), f16(dmin), scales);
    for ((out, quants), (scale, min)) in zip(sub_blocks::<32, _>(out, &quants), scales) {
        decode(out, quants, |q| scale * f32::from(q) - min);
    }
}

/// Q6_K: 16 sub-blocks of 16 values, 6.5625 bits per weight.
///
/// ```text
///  0             128             192             208    210
/// | ql, 128 B     | qh, 64 B      | scales, 16 B  | d    |
/// | bits 3..0     | bits 5..4     | i8 a scale    | f16  |
///
/// ql  two groups of 64 bytes, 128 values each:
///     byte j: value j+64 | j
///        bits     7..4   | 3..0
/// qh  two groups of 32 bytes, 128 values each:
///     byte j: value j+96 | j+64 | j+32 | j
///        bits    7 6     | 5 4  | 3 2  | 1 0
///
/// y = (d * sc) * (q - 32)
/// ```
#[inline(always)]
pub(super) fn q6_k(block: &[u8; 210], out: &mut [f32; 256]) {
    fields!(block => ql: 128, qh: 64, scales: 16, d: 2);
    let d = f16(d);
    let quants = join::<4, _>(planes::<4, 64, _, _>(ql), planes::<2, 32, _, _>(qh));
    for ((out, quants), scale) in zip(sub_blocks::<16, _>(out, &quants), scales) {
        let scale = d * f32::from(scale.cast_signed());
        decode(out, quants, |q| scale * f32::from(q.cast_signed() - 32));
    }
}

/// The scales and mins of Q4_K and Q5_K: sixteen numbers of 6 bits in 12 bytes.
///
/// ```text
///        bits   7 6                    5..0
/// byte j      | scale j+4, bits 5..4 | scale j              |
/// byte j+4    | min j+4, bits 5..4   | min j                |
///        bits   7..4                   3..0
/// byte j+8    | min j+4, bits 3..0   | scale j+4, bits 3..0 |     j < 4
/// ```
#[inline(always)]
pub(super) fn packed_scales_and_mins(packed: &[u8; 12]) -> ([u8; 8], [u8; 8]) {
    fields!(packed => scales: 4, mins: 4, lower: 4);
    let (scales, mins) = (u32::from_le_bytes(*scales), u32::from_le_bytes(*mins));
    let lower = u32::from_le_bytes(*lower);
    let (six, four, two) = (0x3f3f_3f3f, 0x0f0f_0f0f, 0x0303_0303);
    let both = |low: u32, high: u32| (u64::from(low) | u64::from(high) << 32).to_le_bytes();
    (
        both(scales & six, lower & four | (scales >> 6 & two) << 4),
        both(mins & six, lower >> 4 & four | (mins >> 6 & two) << 4),
    )
}

/// The same, times the scales of the super-block.
#[inline(always)]
fn scales_and_mins(d: f32, dmin: f32, packed: &[u8; 12]) -> [(f32, f32); 8] {
    let (scales, mins) = packed_scales_and_mins(packed);
    std::array::from_fn(|i| (d * f32::from(scales[i]), dmin * f32::from(mins[i])))
}
