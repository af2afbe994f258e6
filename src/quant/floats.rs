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
