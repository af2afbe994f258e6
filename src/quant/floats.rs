//! Plain numbers: one value is one block.
//!
//! ggml converts only F32, F16 and BF16 to `f32`. The other types have no reference
//! in ggml. They convert as Rust's `as f32` does: to the nearest value, ties to even.

use super::bits;

/// F32: IEEE single, little-endian, bit for bit.
#[inline(always)]
pub(super) fn f32(block: &[u8; 4], out: &mut [f32; 1]) {
    *out = [f32::from_le_bytes(*block)];
}

/// F16: IEEE half.
///
/// ```text
///  15  14...10  9......0
/// | s |exponent|mantissa|
/// ```
#[inline(always)]
pub(super) fn f16(block: &[u8; 2], out: &mut [f32; 1]) {
    *out = [bits::f16(block)];
}

/// BF16: the upper half of an IEEE single. A shift widens it, NaNs included.
///
/// ```text
///  15  14....7  6......0
/// | s |exponent|mantissa|
/// ```
#[inline(always)]
pub(super) fn bf16(block: &[u8; 2], out: &mut [f32; 1]) {
    *out = [f32::from_bits(u32::from(u16::from_le_bytes(*block)) << 16)];
}

/// F8_E4M3: a float without infinities, whose largest pattern is NaN (`float8_e4m3fn` of
/// PyTorch; "FP8 Formats for Deep Learning", 2022).
///
/// ```text
///   7  6......3  2......0
/// | s |exponent|mantissa|
/// ```
#[inline(always)]
pub(super) fn e4m3(block: &[u8; 1], out: &mut [f32; 1]) {
    let bits = u32::from(block[0]);
    let sign = (bits & 0x80) << 24;
    // The exponent's bias is 7, in a single 127: the product is exact.
    let magnitude = f32::from_bits((bits & 0x7f) << 20) * 2.0_f32.powi(120);
    let magnitude = if bits & 0x7f == 0x7f { f32::NAN } else { magnitude };
    *out = [f32::from_bits(magnitude.to_bits() | sign)];
}

/// F8_E5M2: the upper half of an IEEE half.
#[inline(always)]
pub(super) fn e5m2(block: &[u8; 1], out: &mut [f32; 1]) {
    *out = [bits::f16(&[0, block[0]])];
}

/// U8.
#[inline(always)]
pub(super) fn u8(block: &[u8; 1], out: &mut [f32; 1]) {
    *out = [f32::from(block[0])];
}

/// F64: IEEE double, little-endian.
#[inline(always)]
pub(super) fn f64(block: &[u8; 8], out: &mut [f32; 1]) {
    *out = [f64::from_le_bytes(*block) as f32];
}

/// I8: two's complement.
#[inline(always)]
pub(super) fn i8(block: &[u8; 1], out: &mut [f32; 1]) {
    *out = [f32::from(i8::from_le_bytes(*block))];
}

/// I16: two's complement, little-endian.
#[inline(always)]
pub(super) fn i16(block: &[u8; 2], out: &mut [f32; 1]) {
    *out = [f32::from(i16::from_le_bytes(*block))];
}

/// I32: two's complement, little-endian.
#[inline(always)]
pub(super) fn i32(block: &[u8; 4], out: &mut [f32; 1]) {
    *out = [i32::from_le_bytes(*block) as f32];
}

/// I64: two's complement, little-endian.
#[inline(always)]
pub(super) fn i64(block: &[u8; 8], out: &mut [f32; 1]) {
    *out = [i64::from_le_bytes(*block) as f32];
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The values of the two formats, from their definition: `(-1)^s 2^(e - bias) 1.m`.
    #[test]
    fn floats_of_eight_bits() {
        for byte in 0..=u8::MAX {
            for (mantissa, bias) in [(3, 7), (2, 15)] {
                let mut out = [0.0];
                if mantissa == 3 {
                    e4m3(&[byte], &mut out)
                } else {
                    e5m2(&[byte], &mut out)
                }
                let exponent = i32::from((byte & 0x7f) >> mantissa);
                let fraction = f64::from(byte & ((1 << mantissa) - 1)) / f64::from(1 << mantissa);
                let value = match exponent {
                    0 => fraction * 2.0_f64.powi(1 - bias),
                    _ => (1.0 + fraction) * 2.0_f64.powi(exponent - bias),
                };
                let value = match (mantissa, byte & 0x7f) {
                    (3, 0x7f) | (2, 0x7d..=0x7f) => f64::NAN,
                    (2, 0x7c) => f64::INFINITY,
                    _ => value,
                };
                let value = if byte & 0x80 == 0 { value } else { -value };
                let is_same = f64::from(out[0]) == value || out[0].is_nan() && value.is_nan();
                assert!(is_same, "{byte:#x}: {} is not {value}", out[0]);
                assert_eq!(out[0].is_sign_negative(), byte & 0x80 != 0);
            }
        }
    }
}
