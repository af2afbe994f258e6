//! The integer loops for x86-64: in AVX2, and in AVX-512 with VNNI.

use std::arch::x86_64::*;

use super::{DEPTH, PANEL};

/// The bytes of a panel in one step: four codes of each row.
const STEP: usize = PANEL * DEPTH;

/// One step of a query: its four codes as one 32-bit lane.
fn lane(four: &[i8; DEPTH]) -> i32 {
    i32::from_le_bytes(four.map(i8::cast_unsigned))
}

/// The function of a module: it cuts its work for `block`, of which `TOGETHER` queries
/// fit the registers.
macro_rules! entry {
    ($features:literal) => {
        #[target_feature(enable = $features)]
        pub fn products(panel: &[u8], queries: &[i8], out: &mut [[i32; PANEL]]) {
            let steps = panel.as_chunks().0;
            let queries = queries.as_chunks::<DEPTH>().0;
            let (blocks, rest) = out.as_chunks_mut();
            let (in_blocks, in_rest) = queries.split_at(blocks.len() * TOGETHER * steps.len());
            for (i, out) in blocks.iter_mut().enumerate() {
                block::<TOGETHER>(steps, &in_blocks[i * TOGETHER * steps.len()..], out);
            }
            for (i, out) in rest.iter_mut().enumerate() {
                block::<1>(steps, &in_rest[i * steps.len()..], std::array::from_mut(out));
            }
        }
    };
}

pub(super) mod avx512 {
    use super::*;

    /// The number of queries at once. Their sums fill half the registers: 16
    /// independent additions hide the latency, for 10 loads.
    const TOGETHER: usize = 8;

    entry!("avx2,fma,f16c,avx512f,avx512bw,avx512dq,avx512vl,avx512vnni");

    /// `vpdpbusd` multiplies 64 unsigned with 64 signed bytes, and adds every four
    /// products to a 32-bit lane, without saturation.
    #[target_feature(enable = "avx2,fma,f16c,avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
    fn block<const N: usize>(
        steps: &[[u8; STEP]],
        queries: &[[i8; DEPTH]],
        out: &mut [[i32; PANEL]; N],
    ) {
        let queries: [&[[i8; DEPTH]]; N] =
            std::array::from_fn(|q| &queries[q * steps.len()..][..steps.len()]);
        let mut sums = [[_mm512_setzero_si512(); 2]; N];
        for (i, step) in steps.iter().enumerate() {
            // SAFETY: a step is 128 bytes.
            let rows = unsafe {
                [
                    _mm512_loadu_si512(step.as_ptr().cast()),
                    _mm512_loadu_si512(step[64..].as_ptr().cast()),
                ]
            };
            for (sums, query) in sums.iter_mut().zip(&queries) {
                let query = _mm512_set1_epi32(lane(&query[i]));
                sums[0] = _mm512_dpbusd_epi32(sums[0], rows[0], query);
                sums[1] = _mm512_dpbusd_epi32(sums[1], rows[1], query);
            }
        }
        for (out, sums) in out.iter_mut().zip(&sums) {
            // SAFETY: 32 sums are 128 bytes.
            unsafe {
                _mm512_storeu_si512(out.as_mut_ptr().cast(), sums[0]);
                _mm512_storeu_si512(out[16..].as_mut_ptr().cast(), sums[1]);
            }
        }
    }
}

pub(super) mod avx2 {
    use super::*;

    /// `vpmaddubsw` adds two products of an unsigned and a signed byte, with
    /// saturation at 2^15: 2 * 255 * 64 is below that, 2 * 255 * 127 is not. A query
    /// of 7 bits has a wider bound, so a few more rows are scored exactly.
    /// Splitting off the signs instead would cost one instruction in four.
    pub const QUERY_LIMIT: i8 = 64;

    /// The number of queries at once: their sums fill half of the 16 registers.
    const TOGETHER: usize = 2;

    entry!("avx2,fma,f16c");

    #[target_feature(enable = "avx2,fma,f16c")]
    fn block<const N: usize>(
        steps: &[[u8; STEP]],
        queries: &[[i8; DEPTH]],
        out: &mut [[i32; PANEL]; N],
    ) {
        let queries: [&[[i8; DEPTH]]; N] =
            std::array::from_fn(|q| &queries[q * steps.len()..][..steps.len()]);
        let ones = _mm256_set1_epi16(1);
        let mut sums = [[_mm256_setzero_si256(); 4]; N];
        for (i, step) in steps.iter().enumerate() {
            let query = queries.map(|query| _mm256_set1_epi32(lane(&query[i])));
            for (v, rows) in step.as_chunks::<32>().0.iter().enumerate() {
                // SAFETY: the chunk is 32 bytes.
                let rows = unsafe { _mm256_loadu_si256(rows.as_ptr().cast()) };
                for (sums, query) in sums.iter_mut().zip(query) {
                    let pairs = _mm256_maddubs_epi16(rows, query);
                    sums[v] = _mm256_add_epi32(sums[v], _mm256_madd_epi16(pairs, ones));
                }
            }
        }
        for (out, sums) in out.iter_mut().zip(&sums) {
            for (out, sum) in out.as_chunks_mut::<8>().0.iter_mut().zip(sums) {
                // SAFETY: eight sums are 32 bytes.
                unsafe { _mm256_storeu_si256(out.as_mut_ptr().cast(), *sum) };
            }
        }
    }
}
