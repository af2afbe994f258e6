//! The plain integer loops, for any processor. The fast loops must equal them.

use super::{DEPTH, PANEL};

#[cfg_attr(
    any(target_arch = "aarch64", target_feature = "simd128"),
    allow(dead_code, reason = "vectors are in the baseline there")
)]
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
