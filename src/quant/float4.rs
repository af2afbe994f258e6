//! Four-bit floats (E2M1) that share an eight-bit scale.
//!
//! ```text
//!   3   2 1   0
//! | s | exp | m |    0, 0.5, 1, 1.5, 2, 3, 4, 6 and their negatives
//! ```
//!
//! ggml stores twice these values, which are integers, and halves the scale. That
//! changes the result for the smallest and largest scales, so this code does the
//! same. The blocks are `block_mxfp4` and `block_nvfp4` in ggml's `ggml-common.h`.
//! The scales are `ggml_e8m0_to_fp32_half` and `ggml_ue4m3_to_fp32` in its
//! `ggml-impl.h`.

use std::iter::zip;

use super::bits::{decode, fields, floats, planes, sub_blocks};

/// Twice the value of each E2M1 code. Negative zero is plain zero in ggml.
pub(super) const E2M1_DOUBLED: [i8; 16] = [0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12];
const FLOATS_E2M1_DOUBLED: [f32; 16] = floats(E2M1_DOUBLED);

/// MXFP4: 32 values, 4.25 bits per weight; a block of the OCP Microscaling formats.
///
/// ```text
///  0     1                          17
/// | e    | qs, 16 bytes              |
/// | E8M0 | byte j: value j+16 | j    |
///                   bits 7..4 | 3..0
///
/// y = 2^(e - 128) * doubled(q)
/// ```
#[inline(always)]
pub(super) fn mxfp4(block: &[u8; 17], out: &mut [f32; 32]) {
    fields!(block => e: 1, qs: 16);
    let d = e8m0_halved(e[0]);
    decode(out, &planes::<4, 16, _, _>(qs), |q| FLOATS_E2M1_DOUBLED[usize::from(q)] * d);
}

/// NVFP4: 4 sub-blocks of 16 values, 4.5 bits per weight.
///
/// ```text
///  0                4                         36
/// | d, 4 bytes       | qs, 32 bytes            |
/// | UE4M3 a sub-block| 8 bytes a sub-block     |
///
/// qs  byte j of a sub-block: value j+8 | j
///                            bits 7..4 | 3..0
///
/// y = (d / 2) * doubled(q)
/// ```
///
/// NVIDIA's second scale, one for a whole tensor, is a tensor of its own.
#[inline(always)]
pub(super) fn nvfp4(block: &[u8; 36], out: &mut [f32; 64]) {
    fields!(block => d: 4, qs: 32);
    let quants = planes::<4, 8, _, _>(qs);
    for ((out, quants), d) in zip(sub_blocks::<16, _>(out, &quants), d) {
        let d = ue4m3_halved(*d);
        decode(out, quants, |q| FLOATS_E2M1_DOUBLED[usize::from(q)] * d);
    }
}

/// E8M0, halved: 2^(e - 127) / 2, so `e - 1` is the exponent field of the `f32`.
///
/// The two smallest results are subnormal in `f32`. The standard defines 255 as
/// NaN; ggml reads it as one more power of two.
#[inline(always)]
pub(super) fn e8m0_halved(e: u8) -> f32 {
    f32::from_bits(match e {
        0 | 1 => 0x0020_0000 << e,
        _ => u32::from(e - 1) << 23,
    })
}

/// UE4M3, halved: four bits of exponent (bias 7), three of mantissa, no sign.
///
/// ```text
///   7   6 5 4 3   2 1 0
/// | - |   exp   |   m   |    exp = 0: m * 2^-9,   else (1 + m/8) * 2^(exp - 7)
/// ```
///
/// NaN (0x7f) reads as zero. Bit 7 is ignored, with one exception: 0xff is not NaN
/// but reads as 480.
#[inline(always)]
fn ue4m3_halved(x: u8) -> f32 {
    let (exponent, mantissa) = (u32::from(x >> 3 & 15), u32::from(x & 7));
    match (x, exponent) {
        (0x7f, _) => 0.0,
        (_, 0) => mantissa as f32 / 1024.0,
        _ => f32::from_bits((exponent + 127 - 7 - 1) << 23 | mantissa << 20),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn e8m0_at_the_ends_of_its_range() {
        let power = |e| 2_f64.powi(e) as f32;
        for (e, scale) in [(0, -128), (1, -127), (2, -126), (127, -1), (254, 126)] {
            assert_eq!(e8m0_halved(e), power(scale), "{e}");
        }
        // As in ggml, 255 is finite and not NaN; times the larger codes it is infinite.
        assert_eq!(e8m0_halved(255), power(127));
        let mut out = [0.0; 32];
        let mut block = [0x71; 17];
        block[0] = 255;
        mxfp4(&block, &mut out);
        assert_eq!((out[0], out[16]), (power(127), f32::INFINITY));
    }

    #[test]
    fn ue4m3_is_the_formula_halved() {
        for x in 0..=u8::MAX {
            let (exponent, mantissa) = (i32::from(x >> 3 & 15), f32::from(x & 7));
            let value = match exponent {
                0 => mantissa * 2_f32.powi(-9),
                _ => (1.0 + mantissa / 8.0) * 2_f32.powi(exponent - 7),
            };
            let expected = if x == 0x7f { 0.0 } else { value / 2.0 };
            assert_eq!(ue4m3_halved(x).to_bits(), expected.to_bits(), "{x:#04x}");
        }
        assert_eq!(ue4m3_halved(0x00).to_bits(), 0);
        assert_eq!(ue4m3_halved(0x80).to_bits(), 0);
        assert_eq!(ue4m3_halved(0xff), 240.0);
    }
}
