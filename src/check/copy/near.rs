//! Whether a stored row can come from values by another quantiser of its type.
//!
//! ggml searches the scales of K-quants by trying some, and then rounds each value anew
//! to what the stored scales allow. A build whose compiler fuses products and sums, or an
//! importance matrix, finds other scales; but each value is still the nearest by them. A
//! row of another token, or a quant that was changed, is not.
//!
//! IQ4 rounds its values by the scales that it found, before these are rounded to a half.
//!
//! The other types round by a scale in single precision, of which the half is stored.
//! Fusing changes a quant there only if its value lies between two, within some roundings
//! of a float. An importance matrix finds other scales, and leaves no value farther than
//! a step from the nearest.

use super::Relation;
use crate::quant::Format;

/// What the rounding of scales and sums may move a value by, relative to the largest value
/// of its block: some roundings of a single float.
const ROUNDING: f32 = 1.0 / (1 << 20) as f32;

/// What rounding a scale to a half may move a value by, relative to the largest value.
const HALF: f32 = 1.0 / (1 << 11) as f32;

/// The error of a row may be this multiple of that of ggml's own row: worse is a quantiser
/// that chose its scales badly, or scales that were damaged.
const WORSE: f64 = 1.5;

/// Where the quants of a block lie: bytes, bits of each, and the lowest of these bits in
/// the quant.
struct Plane(std::ops::Range<usize>, u32, u32);

/// The planes of a type; and for a type whose scales are searched for, what a value may be
/// off from the nearest by the stored scales, relative to the largest value of its block.
fn planes(format: &Format) -> Option<(Vec<Plane>, Option<f32>)> {
    Some(match format.name {
        "Q4_0" => (vec![Plane(2..18, 4, 0)], None),
        "Q4_1" => (vec![Plane(4..20, 4, 0)], None),
        "Q5_0" => (vec![Plane(2..6, 1, 4), Plane(6..22, 4, 0)], None),
        "Q5_1" => (vec![Plane(4..8, 1, 4), Plane(8..24, 4, 0)], None),
        "Q2_K" => (vec![Plane(16..80, 2, 0)], Some(ROUNDING)),
        "Q3_K" => (vec![Plane(0..32, 1, 2), Plane(32..96, 2, 0)], Some(ROUNDING)),
        "Q4_K" => (vec![Plane(16..144, 4, 0)], Some(ROUNDING)),
        "Q5_K" => (vec![Plane(16..48, 1, 4), Plane(48..176, 4, 0)], Some(ROUNDING)),
        "Q6_K" => (vec![Plane(0..128, 4, 0), Plane(128..192, 2, 4)], Some(ROUNDING)),
        "IQ4_NL" => (vec![Plane(2..18, 4, 0)], Some(HALF)),
        "IQ4_XS" => (vec![Plane(8..136, 4, 0)], Some(HALF)),
        _ => return None,
    })
}

/// The number of `rows` that get other scales at least, if another quantiser wrote them. A
/// build that fuses products and sums changes the scales of 1 row in 200 of Q5_K, and of
/// more of most K-quants (2048 rows of 1280 values); of other types it changes none, and
/// an importance matrix changes nearly all.
pub(super) fn fewest(format: &Format, rows: u64) -> u64 {
    match planes(format) {
        Some((_, Some(_))) => rows / 1000,
        _ => rows / 2,
    }
}

/// Whether a byte of a block has quants.
#[cfg(test)]
pub(super) fn is_quant(format: &Format, at: usize) -> bool {
    planes(format).is_none_or(|(planes, _)| planes.iter().any(|plane| plane.0.contains(&at)))
}

/// How a stored row is related to values, of which ggml makes `made`.
pub(super) fn relation(format: &Format, values: &[f32], stored: &[u8], made: &[u8]) -> Relation {
    if stored == made {
        return Relation::Exact;
    }
    let Some((planes, searched)) = planes(format) else { return Relation::Different };
    let mut found = Relation::Tied;
    let blocks = values
        .chunks(format.block_len)
        .zip(stored.chunks(format.block_bytes).zip(made.chunks(format.block_bytes)));
    let [mut worse, mut usual] = [0.0, 0.0];
    for (values, (stored, made)) in blocks {
        let decoded = |bytes: &[u8]| {
            let mut out = vec![0.0; values.len()];
            format.decode(bytes, &mut out);
            out
        };
        let error = |decoded: &[f32]| -> f64 {
            let off = decoded.iter().zip(values).map(|(a, b)| f64::from(*a) - f64::from(*b));
            off.map(|off| off * off).sum()
        };
        let (is, should) = (decoded(stored), decoded(made));
        worse += error(&is);
        usual += error(&should);
        if stored == made {
            continue;
        }
        let is_scale = |at: usize| !planes.iter().any(|Plane(bytes, ..)| bytes.contains(&at));
        let has_same_scales = (0..made.len()).all(|at| stored[at] == made[at] || !is_scale(at));
        let is_fit = match (searched, has_same_scales) {
            (Some(slack), _) => is_nearest(format, &planes, values, stored, &is, [slack, 0.0]),
            (None, true) => is_tied(format, values, stored, [&is, &should]),
            (None, false) => is_nearest(format, &planes, values, stored, &is, [ROUNDING, 1.0]),
        };
        if !is_fit {
            return Relation::Different;
        }
        if !has_same_scales {
            found = Relation::Near;
        }
    }
    match worse <= WORSE * WORSE * usual {
        true => found,
        false => Relation::Different,
    }
}

/// Whether each value is stored as the nearest that the block's scales allow, or at most
/// a share of the largest value and some steps from it.
fn is_nearest(
    format: &Format,
    planes: &[Plane],
    values: &[f32],
    stored: &[u8],
    is: &[f32],
    [share, steps]: [f32; 2],
) -> bool {
    let bits = planes.iter().map(|Plane(_, bits, from)| bits + from).max().unwrap_or(0);
    let mut block = stored.to_vec();
    let mut least = vec![f32::INFINITY; values.len()];
    let mut largest = 0.0_f32;
    let mut grid = vec![0.0; values.len()];
    // The values of quant 0, and of quant 1.
    let mut ends = [Vec::new(), Vec::new()];
    for quant in 0..1_u32 << bits {
        for Plane(bytes, bits, from) in planes {
            let field = quant >> from & ((1 << bits) - 1);
            // The same field in every place of a byte.
            let byte = (0..8 / bits).fold(0, |byte, i| byte | field << (i * bits));
            block[bytes.clone()].fill(byte as u8);
        }
        format.decode(&block, &mut grid);
        if let Some(end) = ends.get_mut(quant as usize) {
            end.clone_from(&grid);
        }
        for ((least, grid), x) in least.iter_mut().zip(&grid).zip(values) {
            *least = least.min((grid - x).abs());
            largest = largest.max(grid.abs());
        }
    }
    (0..is.len()).all(|i| {
        let slack = share * largest + steps * (ends[1][i] - ends[0][i]).abs();
        (is[i] - values[i]).abs() <= least[i] + slack
    })
}

/// Whether ggml stores the block if values at a tie are moved across it: each value that
/// is stored otherwise, `is` in place of `should`, by some roundings of a float.
fn is_tied(format: &Format, values: &[f32], stored: &[u8], [is, should]: [&[f32]; 2]) -> bool {
    let Some(quantiser) = format.quantiser() else { return false };
    let largest = values.iter().fold(0.0_f32, |largest, x| largest.max(x.abs()));
    let moved = values.iter().zip(is).zip(should).map(|((x, is), should)| match is == should {
        true => *x,
        false => x + (is - should).signum() * largest * ROUNDING,
    });
    let mut made = vec![0; stored.len()];
    quantiser.quantise(&moved.collect::<Vec<_>>(), &mut made);
    made == stored
}
