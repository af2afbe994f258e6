//! The integer loop in simd128, in a WebAssembly build that has it.

use std::arch::wasm32::*;

use super::{DEPTH, PANEL};

/// The number of rows whose sums are in registers at once: eight vectors.
const TOGETHER: usize = 16;

/// Multiplies four codes of two rows with four codes of the query: eight products, which
/// are added in pairs to 32-bit lanes. Each row has two lanes, which are added at the end.
pub(super) fn products(panel: &[u8], queries: &[i8], out: &mut [[i32; PANEL]]) {
    let padded = panel.len() / PANEL;
    let steps = panel.as_chunks::<{ PANEL * DEPTH }>().0;
    for (query, out) in queries.chunks_exact(padded.max(1)).zip(out) {
        let query = query.as_chunks::<DEPTH>().0;
        for (half, out) in out.as_chunks_mut::<TOGETHER>().0.iter_mut().enumerate() {
            let mut sums = [i32x4_splat(0); TOGETHER / 2];
            for (step, query) in steps.iter().zip(query) {
                let rows = step[half * TOGETHER * DEPTH..].as_chunks::<16>().0;
                let four = i32::from_le_bytes(query.map(i8::cast_unsigned));
                let query = i16x8_extend_low_i8x16(i32x4_splat(four));
                for (rows, sums) in rows.iter().zip(sums.as_chunks_mut::<2>().0) {
                    // SAFETY: the chunk is 16 bytes.
                    let codes = unsafe { v128_load(rows.as_ptr().cast()) };
                    let [low, high] =
                        [u16x8_extend_low_u8x16(codes), u16x8_extend_high_u8x16(codes)];
                    sums[0] = i32x4_add(sums[0], i32x4_dot_i16x8(low, query));
                    sums[1] = i32x4_add(sums[1], i32x4_dot_i16x8(high, query));
                }
            }
            for (out, [a, b]) in out.as_chunks_mut::<4>().0.iter_mut().zip(sums.as_chunks().0) {
                let even = i32x4_shuffle::<0, 2, 4, 6>(*a, *b);
                let four = i32x4_add(even, i32x4_shuffle::<1, 3, 5, 7>(*a, *b));
                // SAFETY: four sums are 16 bytes.
                unsafe { v128_store(out.as_mut_ptr().cast(), four) };
            }
        }
    }
}
