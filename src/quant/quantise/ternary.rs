//! Super-blocks of -1, 0 and 1 times a scale. The drawings are above the decoders.

use super::{half, inverse, largest};
use crate::quant::bits::pack;

/// The scale, and the quants as 0, 1 and 2.
fn trits(x: &[f32; 256]) -> ([u8; 2], [u8; 256]) {
    let d = largest(x).0;
    let inverse = inverse(d);
    (half(d).0, x.map(|x| ((x * inverse).round() as i32 + 1) as u8))
}

/// Five trits, the first the most significant, as a fraction of 256: digits then come
/// out of a multiplication with 3.
fn byte(trits: impl Iterator<Item = u8>) -> u8 {
    let number = trits.fold(0_u16, |number, trit| number * 3 + u16::from(trit));
    (number * 256).div_ceil(243) as u8
}

pub(super) fn tq1_0(x: &[f32; 256], out: &mut [u8; 54]) {
    let (d, trits) = trits(x);
    let fives = |from: usize, side_by_side: usize| {
        let trits = &trits;
        (0..side_by_side)
            .map(move |i| byte((0..5).map(|plane| trits[from + i + plane * side_by_side])))
    };
    // Four trits and a zero.
    let fours = (0..4).map(|i| byte((0..4).map(|plane| trits[240 + i + plane * 4]).chain([0])));
    let bytes = fives(0, 32).chain(fives(160, 16)).chain(fours).chain(d);
    out.iter_mut().zip(bytes).for_each(|(out, byte)| *out = byte);
}

pub(super) fn tq2_0(x: &[f32; 256], out: &mut [u8; 66]) {
    let (d, trits) = trits(x);
    pack::<2, 32>(&trits, 0, &mut out[..64]);
    out[64..].copy_from_slice(&d);
}
