//! Super-blocks of 256 values. The drawings are above the decoders.
//!
//! The scale of a sub-block is searched for: each of some tries rounds the values to
//! integers, and the scale that fits these integers best (weighted least squares) is
//! kept if its error is the least. Then the scales are rounded to integers too, and the
//! values are rounded anew to multiples of what these stand for.

use super::{half, largest, nearest};
use crate::quant::bits::pack;

/// The largest magnitude that counts as none.
const NOTHING: f32 = 1e-15;

/// The scale of a sub-block of integers from `-middle` to `middle - 1`, each weighted
/// with its square; and the integers plus `middle`.
fn centred(x: &[f32; 16], middle: i32) -> (f32, [u8; 16]) {
    let (size, first) = largest(x);
    if size < NOTHING {
        return (0.0, [0; 16]);
    }
    let quants = |inverse: f32| x.map(|x| nearest(inverse * x).clamp(-middle, middle - 1));
    let sums = |quants: &[i32; 16]| {
        let (mut along, mut square) = (0.0, 0.0);
        for (x, quant) in x.iter().zip(quants) {
            let (weight, quant) = (x * x, *quant as f32);
            along += weight * x * quant;
            square += weight * quant * quant;
        }
        (along, square)
    };
    let mut best = quants(-(middle as f32) / first);
    let (along, square) = sums(&best);
    let mut scale = if square == 0.0 { 0.0 } else { along / square };
    let mut fit = scale * along;
    for step in (-9..=9).filter(|step| *step != 0) {
        let tried = quants(-(middle as f32 + 0.1 * step as f32) / first);
        let (along, square) = sums(&tried);
        if square > 0.0 && along * along > fit * square {
            (best, scale) = (tried, along / square);
            fit = scale * along;
        }
    }
    (scale, best.map(|quant| (quant + middle) as u8))
}

/// As [`centred`], with a search of another kind: one integer after the other is
/// replaced by the one that fits best, up to five times.
fn centred_one_by_one(x: &[f32; 16], middle: i32) -> (f32, [u8; 16]) {
    let (size, first) = largest(x);
    if size < NOTHING {
        return (0.0, [0; 16]);
    }
    let inverse = -(middle as f32) / first;
    let (mut quants, mut along, mut square) = ([0; 16], 0.0_f32, 0.0_f32);
    for (quant, x) in quants.iter_mut().zip(x) {
        *quant = nearest(inverse * x).clamp(-middle, middle - 1);
        let (weight, quant) = (x * x, *quant as f32);
        along += weight * x * quant;
        square += weight * quant * quant;
    }
    for _ in 0..5 {
        let mut is_new = false;
        for (quant, x) in quants.iter_mut().zip(x) {
            let (weight, was) = (x * x, *quant as f32);
            let (mut along_new, mut square_new) =
                (along - weight * x * was, square - weight * was * was);
            if along_new <= 0.0 {
                continue;
            }
            let new = nearest(x * square_new / along_new).clamp(-middle, middle - 1);
            if new == *quant {
                continue;
            }
            along_new += weight * x * new as f32;
            square_new += weight * new as f32 * new as f32;
            if square_new > 0.0 && along_new * along_new * square > along * along * square_new {
                (*quant, along, square) = (new, along_new, square_new);
                is_new = true;
            }
        }
        if !is_new {
            break;
        }
    }
    let scale = if square > 0.0 { along / square } else { 0.0 };
    (scale, quants.map(|quant| (quant + middle) as u8))
}

/// The scales of all sub-blocks by a search, and the integers.
fn of_sub_blocks(
    x: &[f32; 256],
    search: impl Fn(&[f32; 16]) -> (f32, [u8; 16]),
) -> ([f32; 16], [u8; 256]) {
    let (mut scales, mut quants) = ([0.0; 16], [0; 256]);
    for (i, x) in x.as_chunks::<16>().0.iter().enumerate() {
        let found = search(x);
        scales[i] = found.0;
        quants[16 * i..][..16].copy_from_slice(&found.1);
    }
    (scales, quants)
}

/// How scales and minima are searched for.
struct Search {
    /// The largest integer.
    last: i32,
    /// Tries: what is added to `last`, at first and each time.
    first: f32,
    step: f32,
    tries: usize,
    /// Whether errors count by magnitude, not by square.
    by_magnitude: bool,
}

/// The scale and the minimum (its magnitude) of a sub-block, and its integers.
fn from_minimum<const N: usize>(
    x: &[f32; N],
    weights: &[f32; N],
    search: &Search,
) -> (f32, f32, [u8; N]) {
    let (mut low, mut high) = (x[0], x[0]);
    let (mut weight_of_all, mut sum) = (weights[0], weights[0] * x[0]);
    for (x, weight) in x.iter().zip(weights).skip(1) {
        low = if *x < low { *x } else { low };
        high = if *x > high { *x } else { high };
        weight_of_all += weight;
        sum += weight * x;
    }
    low = if low > 0.0 { 0.0 } else { low };
    if high == low {
        return (0.0, -low, [0; N]);
    }
    let quants = |inverse: f32, minimum: f32| {
        x.map(|x| nearest(inverse * (x - minimum)).clamp(0, search.last))
    };
    let error = |quants: &[i32; N], scale: f32, minimum: f32| {
        let mut error = 0.0;
        for ((x, quant), weight) in x.iter().zip(quants).zip(weights) {
            let off = scale * *quant as f32 + minimum - x;
            error += weight * if search.by_magnitude { off.abs() } else { off * off };
        }
        error
    };
    let inverse = search.last as f32 / (high - low);
    let (mut best, mut scale, mut minimum) = (quants(inverse, low), 1.0 / inverse, low);
    let mut least = error(&best, scale, minimum);
    for i in 0..=search.tries {
        let last = search.first + search.step * i as f32 + search.last as f32;
        // From the best minimum so far.
        let tried = quants(last / (high - minimum), minimum);
        let (mut of_quants, mut of_squares, mut of_products) = (0.0, 0.0, 0.0);
        for ((x, quant), weight) in x.iter().zip(&tried).zip(weights) {
            let quant = *quant as f32;
            of_quants += weight * quant;
            of_squares += weight * quant * quant;
            of_products += weight * quant * x;
        }
        let determinant = weight_of_all * of_squares - of_quants * of_quants;
        if determinant <= 0.0 {
            continue;
        }
        let mut this_scale = (weight_of_all * of_products - sum * of_quants) / determinant;
        let mut this_minimum = (of_squares * sum - of_quants * of_products) / determinant;
        if this_minimum > 0.0 {
            (this_minimum, this_scale) = (0.0, of_products / of_squares);
        }
        let this_error = error(&tried, this_scale, this_minimum);
        if this_error < least {
            (best, least, scale, minimum) = (tried, this_error, this_scale, this_minimum);
        }
    }
    (scale, -minimum, best.map(|quant| quant as u8))
}

/// Rounds values to multiples of the scale that is stored. Where that is 0, the quants
/// stay.
fn again<const N: usize>(x: &[f32; N], d: f32, minimum: f32, range: [i32; 2], quants: &mut [u8]) {
    if d == 0.0 {
        return;
    }
    for (quant, x) in quants.iter_mut().zip(x) {
        let nearest = nearest((x + minimum) / d).clamp(range[0], range[1]);
        *quant = (nearest - range[0]) as u8;
    }
}

/// The largest, or 0.
fn highest(of: &[f32]) -> f32 {
    of.iter().fold(0.0, |highest, x| if *x > highest { *x } else { highest })
}

pub(super) fn q2_k(x: &[f32; 256], out: &mut [u8; 84]) {
    const SEARCH: Search =
        Search { last: 3, first: -0.5, step: 0.1, tries: 15, by_magnitude: true };
    let (mut scales, mut minima, mut quants) = ([0.0; 16], [0.0; 16], [0; 256]);
    let blocks = x.as_chunks::<16>().0;
    for (i, x) in blocks.iter().enumerate() {
        let found = from_minimum(x, &x.map(f32::abs), &SEARCH);
        (scales[i], minima[i]) = (found.0, found.1);
        quants[16 * i..][..16].copy_from_slice(&found.2);
    }
    let coded = |of: &[f32; 16]| {
        let highest = highest(of);
        let inverse = if highest > 0.0 { 15.0 / highest } else { 0.0 };
        (
            half(highest / 15.0),
            of.map(|x| if highest > 0.0 { nearest(inverse * x) as u8 } else { 0 }),
        )
    };
    let (((d_bytes, d), scales), ((min_bytes, dmin), minima)) = (coded(&scales), coded(&minima));
    for (i, x) in blocks.iter().enumerate() {
        let (d, minimum) = (d * f32::from(scales[i]), dmin * f32::from(minima[i]));
        again(x, d, minimum, [0, 3], &mut quants[16 * i..]);
        out[i] = scales[i] | minima[i] << 4;
    }
    pack::<2, 32>(&quants, 0, &mut out[16..80]);
    out[80..82].copy_from_slice(&d_bytes);
    out[82..].copy_from_slice(&min_bytes);
}

pub(super) fn q3_k(x: &[f32; 256], out: &mut [u8; 110]) {
    let (scales, mut quants) = of_sub_blocks(x, |x| centred_one_by_one(x, 4));
    let first = largest(&scales).1;
    let (inverse, d) =
        if first == 0.0 { (0.0, 0.0) } else { (-32.0 / first, 1.0 / (-32.0 / first)) };
    let (d_bytes, d) = half(d);
    // Without a scale, the stored integers are zeros, which stand for -32.
    let coded =
        scales.map(|x| if first == 0.0 { -32 } else { nearest(inverse * x).clamp(-32, 31) });
    for (i, x) in x.as_chunks::<16>().0.iter().enumerate() {
        again(x, d * coded[i] as f32, 0.0, [-4, 3], &mut quants[16 * i..]);
    }
    let coded = coded.map(|scale| (scale + 32) as u8);
    pack::<1, 32>(&quants, 2, &mut out[..32]);
    pack::<2, 32>(&quants, 0, &mut out[32..96]);
    pack::<4, 8>(&coded, 0, &mut out[96..104]);
    pack::<2, 4>(&coded, 4, &mut out[104..108]);
    out[108..].copy_from_slice(&d_bytes);
}

/// The scales and minima of Q4_K and Q5_K as they are stored, and the quants.
fn packed(x: &[f32; 256], search: &Search, head: &mut [u8; 16]) -> [u8; 256] {
    let (mut scales, mut minima, mut quants) = ([0.0; 8], [0.0; 8], [0; 256]);
    let blocks = x.as_chunks::<32>().0;
    for (i, x) in blocks.iter().enumerate() {
        let mut square = 0.0;
        x.iter().for_each(|x| square += x * x);
        let usual = (square / 32.0).sqrt();
        let found = from_minimum(x, &x.map(|x| usual + x.abs()), search);
        (scales[i], minima[i]) = (found.0, found.1);
        quants[32 * i..][..32].copy_from_slice(&found.2);
    }
    let coded = |of: &[f32; 8]| {
        let highest = highest(of);
        let inverse = if highest > 0.0 { 63.0 / highest } else { 0.0 };
        (half(highest / 63.0), of.map(|x| (nearest(inverse * x) as u8).min(63)))
    };
    let (((d_bytes, d), scales), ((min_bytes, dmin), minima)) = (coded(&scales), coded(&minima));
    for (i, x) in blocks.iter().enumerate() {
        let (d, minimum) = (d * f32::from(scales[i]), dmin * f32::from(minima[i]));
        again(x, d, minimum, [0, search.last], &mut quants[32 * i..]);
    }
    head[..2].copy_from_slice(&d_bytes);
    head[2..4].copy_from_slice(&min_bytes);
    for i in 0..4 {
        head[4 + i] = scales[i] | scales[i + 4] >> 4 << 6;
        head[8 + i] = minima[i] | minima[i + 4] >> 4 << 6;
        head[12 + i] = scales[i + 4] & 15 | minima[i + 4] << 4;
    }
    quants
}

pub(super) fn q4_k(x: &[f32; 256], out: &mut [u8; 144]) {
    const SEARCH: Search =
        Search { last: 15, first: -1.0, step: 0.1, tries: 20, by_magnitude: false };
    let (head, rest) = out.split_first_chunk_mut().expect("a block is longer than its head");
    let quants = packed(x, &SEARCH, head);
    pack::<4, 32>(&quants, 0, rest);
}

pub(super) fn q5_k(x: &[f32; 256], out: &mut [u8; 176]) {
    const SEARCH: Search =
        Search { last: 31, first: -0.5, step: 0.1, tries: 15, by_magnitude: false };
    let (head, rest) = out.split_first_chunk_mut().expect("a block is longer than its head");
    let quants = packed(x, &SEARCH, head);
    pack::<1, 32>(&quants, 4, &mut rest[..32]);
    pack::<4, 32>(&quants, 0, &mut rest[32..]);
}

pub(super) fn q6_k(x: &[f32; 256], out: &mut [u8; 210]) {
    let (scales, mut quants) = of_sub_blocks(x, |x| centred(x, 32));
    let (size, first) = largest(&scales);
    if size < NOTHING {
        out.fill(0);
        return;
    }
    let inverse = -128.0 / first;
    let (d_bytes, d) = half(1.0 / inverse);
    let coded = scales.map(|x| nearest(inverse * x).min(127) as i8);
    for (i, x) in x.as_chunks::<16>().0.iter().enumerate() {
        again(x, d * f32::from(coded[i]), 0.0, [-32, 31], &mut quants[16 * i..]);
        out[192 + i] = coded[i].cast_unsigned();
    }
    pack::<4, 64>(&quants, 0, &mut out[..128]);
    pack::<2, 32>(&quants, 4, &mut out[128..192]);
    out[208..].copy_from_slice(&d_bytes);
}
