//! One scale per block: ggml's first quantised types and its two newest.
//!
//! A `_0` type has only a scale `d`; a `_1` type has a scale and a minimum `m`. The
//! blocks are `block_q4_0`, `block_q1_0`, ... in ggml's `ggml-common.h`.

use super::bits::{decode, f16, fields, join, planes, sequence};

/// Q1_0: 128 values, 1.125 bits per weight. A weight is its sign.
///
/// ```text
///  0     2                          18
/// | d    | qs, 16 bytes              |
/// | f16  | 1 bit a value, in order   |
///
/// y = bit ? d : -d
/// ```
#[inline(always)]
pub(super) fn q1_0(block: &[u8; 18], out: &mut [f32; 128]) {
    fields!(block => d: 2, qs: 16);
    let d = f16(d);
    decode(out, &sequence::<1, _, _>(qs), |q| if q == 1 { d } else { -d });
}

/// Q2_0: 64 values, 2.25 bits per weight. The four levels are -1, 0, 1 and 2.
///
/// ```text
///  0     2                          18
/// | d    | qs, 16 bytes              |
/// | f16  | 2 bits a value, in order  |
///
/// y = (q - 1) * d
/// ```
#[inline(always)]
pub(super) fn q2_0(block: &[u8; 18], out: &mut [f32; 64]) {
    fields!(block => d: 2, qs: 16);
    let d = f16(d);
    decode(out, &sequence::<2, _, _>(qs), |q| f32::from(q.cast_signed() - 1) * d);
}

/// Q4_0: 32 values, 4.5 bits per weight.
///
/// ```text
///  0     2                          18
/// | d    | qs, 16 bytes              |
/// | f16  | byte j: value j+16 | j    |
///                   bits 7..4 | 3..0
///
/// y = (q - 8) * d
/// ```
#[inline(always)]
pub(super) fn q4_0(block: &[u8; 18], out: &mut [f32; 32]) {
    fields!(block => d: 2, qs: 16);
    let d = f16(d);
    decode(out, &planes::<4, 16, _, _>(qs), |q| f32::from(q.cast_signed() - 8) * d);
}

/// Q4_1: 32 values, 5 bits per weight.
///
/// ```text
///  0     2     4                     20
/// | d    | m    | qs, 16 bytes        |
/// | f16  | f16  | as in Q4_0          |
///
/// y = q * d + m
/// ```
#[inline(always)]
pub(super) fn q4_1(block: &[u8; 20], out: &mut [f32; 32]) {
    fields!(block => d: 2, m: 2, qs: 16);
    let (d, m) = (f16(d), f16(m));
    decode(out, &planes::<4, 16, _, _>(qs), |q| f32::from(q) * d + m);
}

/// Q5_0: 32 values, 5.5 bits per weight. Bit 4 of each quant is stored separately.
///
/// ```text
///  0     2                6                 22
/// | d    | qh, 4 bytes    | qs, 16 bytes     |
/// | f16  | bit 4, in order| bits 3..0 as Q4_0|
///
/// y = (q - 16) * d
/// ```
#[inline(always)]
pub(super) fn q5_0(block: &[u8; 22], out: &mut [f32; 32]) {
    fields!(block => d: 2, qh: 4, qs: 16);
    let d = f16(d);
    decode(out, &join::<4, _>(planes::<4, 16, _, _>(qs), sequence::<1, _, _>(qh)), |q| {
        f32::from(q.cast_signed() - 16) * d
    });
}

/// Q5_1: 32 values, 6 bits per weight.
///
/// ```text
///  0     2     4                8                 24
/// | d    | m    | qh, 4 bytes    | qs, 16 bytes     |
/// | f16  | f16  | bit 4, in order| bits 3..0 as Q4_0|
///
/// y = q * d + m
/// ```
#[inline(always)]
pub(super) fn q5_1(block: &[u8; 24], out: &mut [f32; 32]) {
    fields!(block => d: 2, m: 2, qh: 4, qs: 16);
    let (d, m) = (f16(d), f16(m));
    decode(out, &join::<4, _>(planes::<4, 16, _, _>(qs), sequence::<1, _, _>(qh)), |q| {
        f32::from(q) * d + m
    });
}

/// Q8_0: 32 values, 8.5 bits per weight.
///
/// ```text
///  0     2                          34
/// | d    | qs, 32 bytes              |
/// | f16  | i8 a value, in order      |
///
/// y = q * d
/// ```
#[inline(always)]
pub(super) fn q8_0(block: &[u8; 34], out: &mut [f32; 32]) {
    fields!(block => d: 2, qs: 32);
    let d = f16(d);
    decode(out, qs, |q| f32::from(q.cast_signed()) * d);
}
