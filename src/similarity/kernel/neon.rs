//! aarch64: NEON, which every such processor has.

use std::arch::aarch64::*;

use super::{DEPTH, PANEL};

/// Rows whose sums are kept in registers together: eight vectors of them.
const TOGETHER: usize = 16;

/// Two rows' four codes by the query's twice: eight products of 16 bits
/// (`smull`), of which pairs are added to 32-bit lanes (`sadalp`). A row so
/// has two lanes, which meet at the end (`addp`).
pub(super) fn products(panel: &[u8], queries: &[i8], out: &mut [[i32; PANEL]]) {
    let padded = panel.len() / PANEL;
    let steps = panel.as_chunks::<{ PANEL * DEPTH }>().0;
    for (query, out) in queries.chunks_exact(padded.max(1)).zip(out) {
        let query = query.as_chunks::<DEPTH>().0;
        // A panel's codes are stored plus 128, which is the sign bit flipped;
        // what the 128 would have added is the same for every row.
        let offset = 128 * query.as_flattened().iter().map(|p| i32::from(*p)).sum::<i32>();
        for (half, out) in out.as_chunks_mut::<TOGETHER>().0.iter_mut().enumerate() {
            // SAFETY: NEON is part of the architecture's baseline; a half step
            // is 64 bytes, of which eight are loaded at eight places, and four
            // sums are stored at each of four places in 16.
            unsafe {
                let mut sums = [vdupq_n_s32(0); TOGETHER / 2];
                for (step, query) in steps.iter().zip(query) {
                    let rows = step[half * TOGETHER * DEPTH..][..TOGETHER * DEPTH].as_ptr();
                    let query = vreinterpret_s8_s32(vdup_n_s32(i32::from_le_bytes(
                        query.map(i8::cast_unsigned),
                    )));
                    for (pair, sum) in sums.iter_mut().enumerate() {
                        let codes = veor_u8(vld1_u8(rows.add(pair * 8)), vdup_n_u8(0x80));
                        let products = vmull_s8(vreinterpret_s8_u8(codes), query);
                        *sum = vpadalq_s16(*sum, products);
                    }
                }
                for (out, sums) in
                    out.as_chunks_mut::<4>().0.iter_mut().zip(sums.as_chunks::<2>().0)
                {
                    let four = vaddq_s32(vpaddq_s32(sums[0], sums[1]), vdupq_n_s32(offset));
                    vst1q_s32(out.as_mut_ptr(), four);
                }
            }
        }
    }
}
