//! Blocks of 32 values. The drawings are above the decoders.

use super::{half, inverse, largest};
use crate::quant::bits::pack;
use crate::quant::float4::{E2M1_DOUBLED, e8m0_halved};

/// The quants of a block with one scale: `x / d` from `-2^(bits-1)` on, where the value
/// of the largest magnitude is the first of them.
fn centred(x: &[f32; 32], bits: u32) -> ([u8; 2], [u8; 32]) {
    let middle = (1_u32 << (bits - 1)) as f32;
    let d = largest(x).1 / -middle;
    let inverse = inverse(d);
    (half(d).0, x.map(|x| ((x * inverse + (middle + 0.5)) as u8).min((1 << bits) - 1)))
}

/// The quants of a block with a scale and a minimum.
fn from_minimum(x: &[f32; 32], bits: u32) -> ([u8; 2], [u8; 2], [u8; 32]) {
    let (mut low, mut high) = (f32::MAX, -f32::MAX);
    for x in x {
        low = if *x < low { *x } else { low };
        high = if *x > high { *x } else { high };
    }
    let last = ((1_u32 << bits) - 1) as f32;
    let d = (high - low) / last;
    let inverse = inverse(d);
    let quants = x.map(|x| (((x - low) * inverse + 0.5) as u8).min(last as u8));
    (half(d).0, half(low).0, quants)
}

/// Bit 4 of each quant.
fn fifth_bits(quants: &[u8; 32]) -> [u8; 4] {
    let bits = quants.iter().enumerate();
    bits.fold(0, |all, (i, quant)| all | u32::from(quant >> 4) << i).to_le_bytes()
}

pub(super) fn q4_0(x: &[f32; 32], out: &mut [u8; 18]) {
    let (d, quants) = centred(x, 4);
    out[..2].copy_from_slice(&d);
    pack::<4, 16>(&quants, 0, &mut out[2..]);
}

pub(super) fn q5_0(x: &[f32; 32], out: &mut [u8; 22]) {
    let (d, quants) = centred(x, 5);
    out[..2].copy_from_slice(&d);
    out[2..6].copy_from_slice(&fifth_bits(&quants));
    pack::<4, 16>(&quants, 0, &mut out[6..]);
}

pub(super) fn q4_1(x: &[f32; 32], out: &mut [u8; 20]) {
    let (d, m, quants) = from_minimum(x, 4);
    out[..2].copy_from_slice(&d);
    out[2..4].copy_from_slice(&m);
    pack::<4, 16>(&quants, 0, &mut out[4..]);
}

pub(super) fn q5_1(x: &[f32; 32], out: &mut [u8; 24]) {
    let (d, m, quants) = from_minimum(x, 5);
    out[..2].copy_from_slice(&d);
    out[2..4].copy_from_slice(&m);
    out[4..8].copy_from_slice(&fifth_bits(&quants));
    pack::<4, 16>(&quants, 0, &mut out[8..]);
}

pub(super) fn q8_0(x: &[f32; 32], out: &mut [u8; 34]) {
    let d = largest(x).0 / 127.0;
    let inverse = inverse(d);
    out[..2].copy_from_slice(&half(d).0);
    for (quant, x) in out[2..].iter_mut().zip(x) {
        *quant = ((x * inverse).round() as i8).cast_unsigned();
    }
}

/// Whether [`q8_0`] can have written a block: its largest value is 127 times the scale. A
/// scale may be too small for a half, and then says nothing.
pub(in crate::quant) fn is_q8_0(block: &[u8; 34]) -> bool {
    let (scale, quants) = block.split_first_chunk().expect("a block is longer than its scale");
    let largest = quants.iter().map(|quant| quant.cast_signed().unsigned_abs()).max();
    match u16::from_le_bytes(*scale) {
        0 => true,
        bits => bits >> 15 == 0 && largest == Some(127),
    }
}

pub(super) fn mxfp4(x: &[f32; 32], out: &mut [u8; 17]) {
    let largest = largest(x).0;
    // The largest of the 4-bit floats is 1.5 * 2^2.
    let log2 = || f64::from(largest).log2() as f32;
    let e = if largest > 0.0 { (log2().floor() - 2.0 + 127.0) as u8 } else { 0 };
    let d = e8m0_halved(e);
    let quants = x.map(|x| {
        let off = |quant: usize| (f32::from(E2M1_DOUBLED[quant]) * d - x).abs();
        (1..16).fold(0, |best, quant| if off(quant) < off(best) { quant } else { best }) as u8
    });
    out[0] = e;
    pack::<4, 16>(&quants, 0, &mut out[1..]);
}
