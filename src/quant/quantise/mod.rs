//! Values as a type stores them: what ggml's reference quantisers write, byte for byte.
//!
//! | file | what |
//! |---|---|
//! | [`legacy`] | blocks of 32 values with one scale, or a scale and a minimum |
//! | [`k_quants`] | super-blocks, whose scales are searched for |
//! | [`iq4`] | blocks of 32 values with the levels of IQ4 |
//! | [`ternary`] | super-blocks of -1, 0 and 1 |
//!
//! The arithmetic is ggml's (`quantize_row_*_ref` in `ggml-quants.c`), in `f32` and in
//! its order, without an importance matrix, and without fused multiply-add. Builds of
//! ggml that fuse give other bytes in a few rows of some types.

mod iq4;
mod k_quants;
mod legacy;
mod ternary;
#[cfg(test)]
mod tests;

use half::{bf16, f16};

use super::Format;
pub(super) use legacy::is_q8_0;

/// Quantises values of one type.
#[derive(Clone, Copy, Debug)]
pub struct Quantiser {
    run: fn(&[f32], &mut [u8]),
    /// Values of a block.
    len: usize,
    /// Bytes of a block.
    bytes: usize,
}

/// Makes a function of whole rows of one that quantises a block.
macro_rules! quantisers {
    ($($id:literal $len:literal in $bytes:literal $quantise:expr;)+) => {
        &[$(($id, Quantiser {
            len: $len,
            bytes: $bytes,
            run: |values, out| {
                let blocks = out.as_chunks_mut::<$bytes>().0;
                for (values, block) in values.as_chunks::<$len>().0.iter().zip(blocks) {
                    $quantise(values, block);
                }
            },
        }),)+]
    };
}

/// Every type that has a quantiser, with ggml's number for it.
#[rustfmt::skip]
static QUANTISERS: &[(u32, Quantiser)] = quantisers! {
     0   1 in   4 |[x]: &[f32; 1], out: &mut [u8; 4]| *out = x.to_le_bytes();
     1   1 in   2 |[x]: &[f32; 1], out: &mut [u8; 2]| *out = f16::from_f32(*x).to_le_bytes();
     2  32 in  18 legacy::q4_0;
     3  32 in  20 legacy::q4_1;
     6  32 in  22 legacy::q5_0;
     7  32 in  24 legacy::q5_1;
     8  32 in  34 legacy::q8_0;
    10 256 in  84 k_quants::q2_k;
    11 256 in 110 k_quants::q3_k;
    12 256 in 144 k_quants::q4_k;
    13 256 in 176 k_quants::q5_k;
    14 256 in 210 k_quants::q6_k;
    20  32 in  18 iq4::iq4_nl;
    23 256 in 136 iq4::iq4_xs;
    30   1 in   2 |[x]: &[f32; 1], out: &mut [u8; 2]| *out = bf16::from_f32(*x).to_le_bytes();
    34 256 in  54 ternary::tq1_0;
    35 256 in  66 ternary::tq2_0;
    39  32 in  17 legacy::mxfp4;
};

impl Quantiser {
    /// The quantiser of a type, if it has one.
    pub(super) fn of(format: &Format) -> Option<Self> {
        QUANTISERS.iter().find(|(id, _)| *id == format.id).map(|(_, quantiser)| *quantiser)
    }

    /// Quantises finite values.
    ///
    /// # Panics
    /// When the values are not whole blocks, or `out` has not the size of these blocks.
    pub fn quantise(self, values: &[f32], out: &mut [u8]) {
        assert!(values.len().is_multiple_of(self.len));
        assert_eq!(out.len(), values.len() / self.len * self.bytes);
        (self.run)(values, out);
    }
}

/// The largest magnitude, and the first value that has it.
fn largest(values: &[f32]) -> (f32, f32) {
    let mut largest = (0.0, 0.0);
    for x in values {
        if x.abs() > largest.0 {
            largest = (x.abs(), *x);
        }
    }
    largest
}

/// `1 / d`, and 0 for 0.
fn inverse(d: f32) -> f32 {
    if d == 0.0 { 0.0 } else { 1.0 / d }
}

/// A half as it is stored, and as it is read again.
fn half(scale: f32) -> ([u8; 2], f32) {
    let half = f16::from_f32(scale);
    (half.to_le_bytes(), half.to_f32())
}

/// The nearest integer, an even one in the middle of two.
fn nearest(x: f32) -> i32 {
    // From 2^23 to 2^24 a float has no fraction, and its low bits are the integer.
    ((x + 12_582_912.0).to_bits() & 0x007f_ffff) as i32 - 0x0040_0000
}
