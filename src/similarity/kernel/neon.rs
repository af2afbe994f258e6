//! The integer loop in NEON, which every aarch64 processor has.

use std::arch::aarch64::*;

use super::{DEPTH, PANEL};

/// The number of rows whose sums are in registers at once: eight vectors.
const TOGETHER: usize = 16;

/// Multiplies four codes of two rows with four codes of the query: eight products
/// of 16 bits (`smull`), which are added in pairs to 32-bit lanes (`sadalp`). Each
/// row has two lanes, which are added at the end (`addp`).
pub(super) fn products(panel: &[u8], queries: &[i8], out: &mut [[i32; PANEL]]) {
    let padded = panel.len() / PANEL;
    let steps = panel.as_chunks::<{ PANEL * DEPTH }>().0;
    for (query, out) in queries.chunks_exact(padded.max(1)).zip(out) {
        let query = query.as_chunks::<DEPTH>().0;
        // A panel holds each code plus 128, which is the code with its sign bit
        // flipped. What the 128 adds is the same for every row.
        let offset = 128 * query.as_flattened().iter().map(|p| i32::from(*p)).sum::<i32>();
        for (half, out) in out.as_chunks_mut::<TOGETHER>().0.iter_mut().enumerate() {
            // SAFETY: NEON is part of the architecture's baseline. A half step is
            // 64 bytes, and eight bytes are loaded at each of eight places. `out`
            // has 16 sums, and four are stored at each of four places.
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
