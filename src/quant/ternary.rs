//! Ternary weights: -1, 0 or 1, times one scale per super-block.
//!
//! The blocks are `block_tq1_0` and `block_tq2_0` in ggml's `ggml-common.h`.

use std::iter::zip;

use super::bits::{decode, f16, fields, planes};

/// TQ1_0: 256 values, 1.6875 bits per weight: five trits in a byte.
///
/// ```text
///  0                      48            52     54
/// | qs, 48 B               | qh, 4 B     | d    |
/// | 5 trits a byte         | 4 trits     | f16  |
///
/// values   0..160  bytes  0..32, the first trit of every byte, then the second, ...
///        160..240  bytes 32..48, likewise
///        240..256  bytes 48..52, likewise, four trits each
///
/// y = (trit - 1) * d
/// ```
#[inline(always)]
pub(super) fn tq1_0(block: &[u8; 54], out: &mut [f32; 256]) {
    fields!(block => wide: 32, narrow: 16, qh: 4, d: 2);
    let d = f16(d);
    let (first, rest) = out.split_at_mut(5 * 32);
    let (second, third) = rest.split_at_mut(5 * 16);
    trits(wide, first, d);
    trits(narrow, second, d);
    trits(qh, third, d);
}

/// Unpacks trits in planes until `out` is full.
///
/// A byte is a base-3 fraction `0.abcde`, scaled by 256 and rounded up. Multiplying
/// the byte by three moves its first trit into bit 8 and leaves the others below.
#[inline(always)]
fn trits<const GROUP: usize>(bytes: &[u8; GROUP], out: &mut [f32], d: f32) {
    let mut fractions = *bytes;
    for plane in out.as_chunks_mut::<GROUP>().0 {
        for (y, fraction) in zip(plane, &mut fractions) {
            let tripled = u16::from(*fraction) * 3;
            *y = f32::from((tripled >> 8) as i8 - 1) * d;
            *fraction = tripled as u8;
        }
    }
}

/// TQ2_0: 256 values, 2.0625 bits per weight: a trit in 2 bits.
///
/// ```text
///  0                      64     66
/// | qs, 64 B               | d    |
/// | 2 bits a value, as Q2_K| f16  |
///
/// y = (q - 1) * d
/// ```
#[inline(always)]
pub(super) fn tq2_0(block: &[u8; 66], out: &mut [f32; 256]) {
    fields!(block => qs: 64, d: 2);
    let d = f16(d);
    decode(out, &planes::<2, 32, _, _>(qs), |q| f32::from(q.cast_signed() - 1) * d);
}
