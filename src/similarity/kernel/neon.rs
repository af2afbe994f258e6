//! aarch64: NEON, which every aarch64 processor has.

use std::arch::aarch64::*;

use super::{DEPTH, PANEL};

/// Rows whose sums are in registers at the same time, in eight vectors.
const TOGETHER: usize = 16;

/// `smull` multiplies the four codes of two rows by the query's four codes, which
/// gives eight 16-bit products. `sadalp` adds pairs of them to 32-bit lanes. So a
/// row has two lanes, and `addp` adds these at the end.
pub(super) fn products(panel: &[u8], queries: &[i8], out: &mut [[i32; PANEL]]) {
    let padded = panel.len() / PANEL;
    let steps = panel.as_chunks::<{ PANEL * DEPTH }>().0;
    for (query, out) in queries.chunks_exact(padded.max(1)).zip(out) {
        let query = query.as_chunks::<DEPTH>().0;
        // A panel stores codes plus 128, which flips the sign bit. The share of
        // the 128 in a sum is the same for every row.
        let offset = 128 * query.as_flattened().iter().map(|p| i32::from(*p)).sum::<i32>();
        for (half, out) in out.as_chunks_mut::<TOGETHER>().0.iter_mut().enumerate() {
            // SAFETY: NEON is part of the architecture's baseline. A half step
            // is 64 bytes: eight loads read eight bytes each. `out` has 16 sums:
            // four stores write four sums each.
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
