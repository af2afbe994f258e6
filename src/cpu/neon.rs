//! The vectors of aarch64: NEON, which every such processor has.

use std::arch::aarch64::*;
use std::array::from_fn;

use super::f16::f16;
use super::vector::Vector;

/// Evidence of NEON, which needs no detection.
#[derive(Clone, Copy, Debug)]
pub struct Neon(());

/// The only value.
pub const NEON: Neon = Neon(());

impl Vector for Neon {
    type Bytes = [uint8x16_t; 2];
    type Words = [int16x8_t; 4];
    type Scales = [i16; 16];
    type Sums = int32x4_t;
    type Totals = float32x4_t;
    type Floats = [float32x4_t; 4];

    #[inline(always)]
    fn bytes(self, from: &[u8; 32]) -> [uint8x16_t; 2] {
        // SAFETY: NEON is in the baseline. The array has 32 bytes.
        unsafe { [vld1q_u8(from.as_ptr()), vld1q_u8(from.as_ptr().add(16))] }
    }

    #[inline(always)]
    fn nibbles(self, from: &[u8; 16]) -> [uint8x16_t; 2] {
        // SAFETY: NEON is in the baseline. The array has 16 bytes.
        unsafe {
            let bytes = vld1q_u8(from.as_ptr());
            [vandq_u8(bytes, vdupq_n_u8(15)), vshrq_n_u8::<4>(bytes)]
        }
    }

    #[inline(always)]
    fn bits(self, from: u32, value: u8) -> [uint8x16_t; 2] {
        const BIT: [u8; 16] = [1, 2, 4, 8, 16, 32, 64, 128, 1, 2, 4, 8, 16, 32, 64, 128];
        let [a, b, c, d] = from.to_le_bytes();
        // SAFETY: NEON is in the baseline. The array has 16 bytes.
        unsafe {
            let bit = vld1q_u8(BIT.as_ptr());
            [[a, b], [c, d]].map(|[low, high]| {
                let spread = vcombine_u8(vdup_n_u8(low), vdup_n_u8(high));
                vandq_u8(vtstq_u8(spread, bit), vdupq_n_u8(value))
            })
        }
    }

    #[inline(always)]
    fn field(self, bytes: [uint8x16_t; 2], shift: u32, mask: u8) -> [uint8x16_t; 2] {
        // SAFETY: NEON is in the baseline.
        bytes.map(|bytes| unsafe {
            vandq_u8(vshlq_u8(bytes, vdupq_n_s8(-(shift as i8))), vdupq_n_u8(mask))
        })
    }

    #[inline(always)]
    fn join(self, low: [uint8x16_t; 2], high: [uint8x16_t; 2], shift: u32) -> [uint8x16_t; 2] {
        // SAFETY: NEON is in the baseline.
        from_fn(|i| unsafe { vorrq_u8(low[i], vshlq_u8(high[i], vdupq_n_s8(shift as i8))) })
    }

    #[inline(always)]
    fn less(self, bytes: [uint8x16_t; 2], number: u8) -> [uint8x16_t; 2] {
        // SAFETY: NEON is in the baseline.
        bytes.map(|bytes| unsafe { vsubq_u8(bytes, vdupq_n_u8(number)) })
    }

    #[inline(always)]
    fn look_up(self, table: &[i8; 16], bytes: [uint8x16_t; 2]) -> [uint8x16_t; 2] {
        // SAFETY: NEON is in the baseline. The table has 16 bytes.
        bytes.map(|bytes| unsafe { vqtbl1q_u8(vld1q_u8(table.as_ptr().cast()), bytes) })
    }

    #[inline(always)]
    fn widen(self, bytes: [uint8x16_t; 2]) -> [int16x8_t; 4] {
        // SAFETY: NEON is in the baseline.
        unsafe {
            let [a, b] = bytes.map(|bytes| vreinterpretq_s8_u8(bytes));
            [vmovl_s8(vget_low_s8(a)), vmovl_high_s8(a), vmovl_s8(vget_low_s8(b)), vmovl_high_s8(b)]
        }
    }

    #[inline(always)]
    fn words(self, from: &[i16; 32]) -> [int16x8_t; 4] {
        // SAFETY: NEON is in the baseline. The array has 32 words.
        from_fn(|i| unsafe { vld1q_s16(from.as_ptr().add(8 * i)) })
    }

    #[inline(always)]
    fn scales(self, from: &[i8; 16]) -> [i16; 16] {
        from.map(i16::from)
    }

    #[inline(always)]
    fn pair(self, scales: [i16; 16], places: [usize; 2]) -> [int16x8_t; 4] {
        // SAFETY: NEON is in the baseline.
        from_fn(|i| unsafe { vdupq_n_s16(scales[places[i / 2] % 16]) })
    }

    #[inline(always)]
    fn times(self, a: [int16x8_t; 4], b: [int16x8_t; 4]) -> [int16x8_t; 4] {
        // SAFETY: NEON is in the baseline.
        from_fn(|i| unsafe { vmulq_s16(a[i], b[i]) })
    }

    #[inline(always)]
    fn none(self) -> int32x4_t {
        // SAFETY: NEON is in the baseline.
        unsafe { vdupq_n_s32(0) }
    }

    #[inline(always)]
    fn add_products(self, sums: int32x4_t, a: [int16x8_t; 4], b: [int16x8_t; 4]) -> int32x4_t {
        // SAFETY: NEON is in the baseline.
        (0..4).fold(sums, |sums, i| unsafe {
            let sums = vmlal_s16(sums, vget_low_s16(a[i]), vget_low_s16(b[i]));
            vmlal_high_s16(sums, a[i], b[i])
        })
    }

    #[inline(always)]
    fn no_totals(self) -> float32x4_t {
        // SAFETY: NEON is in the baseline.
        unsafe { vdupq_n_f32(0.0) }
    }

    #[inline(always)]
    fn add_scaled(self, totals: float32x4_t, sums: int32x4_t, scale: float32x4_t) -> float32x4_t {
        // SAFETY: NEON is in the baseline.
        unsafe { vfmaq_f32(totals, vcvtq_f32_s32(sums), scale) }
    }

    #[inline(always)]
    fn each(self, number: f32) -> float32x4_t {
        // SAFETY: NEON is in the baseline.
        unsafe { vdupq_n_f32(number) }
    }

    #[inline(always)]
    fn each_f16(self, half: &[u8; 2]) -> float32x4_t {
        self.each(f16(half))
    }

    #[inline(always)]
    fn product(self, a: float32x4_t, b: float32x4_t) -> float32x4_t {
        // SAFETY: NEON is in the baseline.
        unsafe { vmulq_f32(a, b) }
    }

    #[inline(always)]
    fn total(self, totals: float32x4_t) -> f32 {
        // SAFETY: NEON is in the baseline.
        unsafe { vaddvq_f32(totals) }
    }

    #[inline(always)]
    fn floats(self, from: &[f32; 16]) -> [float32x4_t; 4] {
        // SAFETY: NEON is in the baseline. The array has 16 floats.
        from_fn(|i| unsafe { vld1q_f32(from.as_ptr().add(4 * i)) })
    }

    #[inline(always)]
    fn floats_of_bytes(self, from: &[u8; 64]) -> [float32x4_t; 4] {
        // SAFETY: NEON is in the baseline. The array has 64 bytes.
        from_fn(|i| unsafe { vreinterpretq_f32_u8(vld1q_u8(from.as_ptr().add(16 * i))) })
    }

    #[inline(always)]
    fn repeated(self, number: float32x4_t) -> [float32x4_t; 4] {
        [number; 4]
    }

    #[inline(always)]
    fn widen_f16(self, from: &[u8; 32]) -> [float32x4_t; 4] {
        let (halves, _) = from.as_chunks();
        self.floats(&from_fn(|i| f16(&halves[i])))
    }

    #[inline(always)]
    fn widen_bf16(self, from: &[u8; 32]) -> [float32x4_t; 4] {
        let (halves, _) = from.as_chunks();
        self.floats(&from_fn(|i| f32::from_bits(u32::from(u16::from_le_bytes(halves[i])) << 16)))
    }

    #[inline(always)]
    fn to_floats(self, bytes: [uint8x16_t; 2]) -> [[float32x4_t; 4]; 2] {
        let words = self.widen(bytes);
        // SAFETY: NEON is in the baseline.
        from_fn(|half| unsafe {
            let [a, b] = [words[2 * half], words[2 * half + 1]];
            [
                vcvtq_f32_s32(vmovl_s16(vget_low_s16(a))),
                vcvtq_f32_s32(vmovl_high_s16(a)),
                vcvtq_f32_s32(vmovl_s16(vget_low_s16(b))),
                vcvtq_f32_s32(vmovl_high_s16(b)),
            ]
        })
    }

    #[inline(always)]
    fn scaled(self, scales: [i16; 16], by: float32x4_t) -> [float32x4_t; 4] {
        // SAFETY: NEON is in the baseline. The array has 16 scales.
        from_fn(|i| unsafe {
            let four = vmovl_s16(vld1_s16(scales.as_ptr().add(4 * i)));
            vmulq_f32(vcvtq_f32_s32(four), by)
        })
    }

    #[inline(always)]
    fn fused(
        self,
        sums: [float32x4_t; 4],
        a: [float32x4_t; 4],
        b: [float32x4_t; 4],
    ) -> [float32x4_t; 4] {
        // SAFETY: NEON is in the baseline.
        from_fn(|i| unsafe { vfmaq_f32(sums[i], a[i], b[i]) })
    }

    #[inline(always)]
    fn sum(self, floats: [float32x4_t; 4]) -> f32 {
        let [a, b, c, d] = floats;
        // SAFETY: NEON is in the baseline.
        self.total(unsafe { vaddq_f32(vaddq_f32(a, b), vaddq_f32(c, d)) })
    }
}
