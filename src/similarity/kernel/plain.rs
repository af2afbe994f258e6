//! The plain integer loops, for any processor. The fast loops must equal them.

use super::{DEPTH, PANEL};

/// The number of values in a group of a row that is stored as scaled 8-bit codes.
pub const GROUP: usize = 32;

/// The number of bytes of a group: the scale, an `f16`, then the codes.
pub const GROUP_BYTES: usize = 2 + GROUP;

#[cfg_attr(target_arch = "aarch64", allow(dead_code, reason = "NEON is in the baseline there"))]
pub(super) fn products(panel: &[u8], queries: &[i8], out: &mut [[i32; PANEL]]) {
    let padded = panel.len() / PANEL;
    let steps = panel.as_chunks::<{ PANEL * DEPTH }>().0;
    for (query, out) in queries.chunks_exact(padded.max(1)).zip(out) {
        *out = [0; PANEL];
        for (step, query) in steps.iter().zip(query.as_chunks::<DEPTH>().0) {
            for (sum, codes) in out.iter_mut().zip(step.as_chunks::<DEPTH>().0) {
                for (code, p) in codes.iter().zip(query) {
                    *sum += i32::from(*code) * i32::from(*p);
                }
            }
        }
    }
}

pub(super) fn estimate_groups(
    rows: &[[u8; GROUP_BYTES]],
    query: &[[i16; GROUP]],
    out: &mut [(f32, f32)],
) {
    for (out, row) in out.iter_mut().zip(rows.chunks_exact(query.len())) {
        *out = estimate_row(row, query);
    }
}

fn estimate_row(groups: &[[u8; GROUP_BYTES]], query: &[[i16; GROUP]]) -> (f32, f32) {
    let (mut dot, mut square) = (0.0, 0.0);
    for (group, query) in groups.iter().zip(query) {
        let [low, high, codes @ ..] = group;
        let scale = half::f16::from_le_bytes([*low, *high]).to_f32();
        let (mut products, mut squares) = (0, 0);
        for (code, p) in codes.iter().zip(query) {
            let code = i32::from(code.cast_signed());
            products += code * i32::from(*p);
            squares += code * code;
        }
        dot += scale * products as f32;
        square += scale * scale * squares as f32;
    }
    (dot, square)
}
