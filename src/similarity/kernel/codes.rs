//! Rows as 8-bit codes: `x = step * code + residual`.

use super::{DEPTH, PANEL};

/// The step of a row's codes, and what the codes leave out.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Code {
    /// The value of code 1.
    pub step: f32,
    /// At least the norm of the residual. Infinite where the row can't be coded;
    /// the codes are then all zero.
    pub residual: f32,
}

/// A row is coded if the magnitude of its largest value is in this range. Its
/// products, squares and sums then stay clear of both ends of `f32`.
pub const CODED: std::ops::RangeInclusive<f32> =
    f32::from_bits((127 - 40) << 23)..=f32::from_bits((127 + 40) << 23);

/// `residual` is an upper bound, not only a computed value. A quotient, a product
/// and a difference each round by less than 2^-22 of the value, so the computed
/// residual vector is within 2^-22 |row| of the true one. Its norm is summed with
/// a relative error far below 2^-10 (at most 2^16 values in 16 lanes).
#[inline(always)]
pub(super) fn encode(row: &[f32], limit: i8, codes: &mut [i8]) -> Code {
    const LANES: usize = 16;
    assert_eq!(row.len(), codes.len());
    let mut largest = [0.0_f32; LANES];
    let (chunks, rest) = row.as_chunks::<LANES>();
    for chunk in chunks {
        for i in 0..LANES {
            // Not f32::max: its handling of NaN costs a second comparison.
            let x = chunk[i].abs();
            largest[i] = if x > largest[i] { x } else { largest[i] };
        }
    }
    for (i, x) in rest.iter().enumerate() {
        largest[i] = if x.abs() > largest[i] { x.abs() } else { largest[i] };
    }
    let largest = largest.into_iter().fold(0.0, f32::max);
    if !CODED.contains(&largest) {
        codes.fill(0);
        return Code { step: 0.0, residual: f32::INFINITY };
    }

    let limit = f32::from(limit);
    let (step, per_step) = (largest / limit, limit / largest);
    // A number near 1.5 * 2^23 has no fraction bits. Adding that to a value
    // rounds the value to a whole number, which is then the lowest byte.
    const ROUND: f32 = 12_582_912.0;
    let (mut squares, mut residuals) = ([0.0_f32; LANES], [0.0_f32; LANES]);
    let (code_chunks, code_rest) = codes.as_chunks_mut::<LANES>();
    let mut each = |i: usize, x: f32, code: &mut i8| {
        let rounded = x * per_step + ROUND;
        *code = rounded.to_bits() as i8;
        let residual = x - (rounded - ROUND) * step;
        squares[i] += x * x;
        residuals[i] += residual * residual;
    };
    for (chunk, codes) in chunks.iter().zip(code_chunks) {
        for i in 0..LANES {
            each(i, chunk[i], &mut codes[i]);
        }
    }
    for (i, (x, code)) in rest.iter().zip(code_rest).enumerate() {
        each(i, *x, code);
    }
    let norm = |lanes: [f32; LANES]| lanes.into_iter().sum::<f32>().sqrt();
    Code { step, residual: norm(residuals) * 1.01 + norm(squares) * f32::exp2(-20.0) }
}

#[inline(always)]
pub(super) fn fill_panel(panel: &mut [u8], lane: usize, codes: &[i8]) {
    let (steps, _) = panel.as_chunks_mut::<{ PANEL * DEPTH }>();
    let (fours, rest) = codes.as_chunks::<DEPTH>();
    for (step, four) in steps.iter_mut().zip(fours) {
        step[lane * DEPTH..][..DEPTH].copy_from_slice(&four.map(|code| (code as u8) ^ 0x80));
    }
    if !rest.is_empty() {
        // The queries are zero from here on: the rest of this step counts nothing.
        let step = &mut steps[fours.len()];
        for (byte, code) in step[lane * DEPTH..].iter_mut().zip(rest) {
            *byte = (*code as u8) ^ 0x80;
        }
    }
}
