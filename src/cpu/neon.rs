//! The vectors of aarch64: NEON, which every such processor has.

use std::arch::aarch64::*;
use std::array::from_fn;

use super::f16::f16;
use super::vector::{Vector, methods};

/// Evidence of NEON, which needs no detection.
#[derive(Clone, Copy, Debug)]
pub struct Neon(());

/// The only value.
pub const NEON: Neon = Neon(());

/// Which bit of its byte each byte of 16 looks at.
const BIT: [u8; 16] = [1, 2, 4, 8, 16, 32, 64, 128, 1, 2, 4, 8, 16, 32, 64, 128];

impl Vector for Neon {
    type Bytes = [uint8x16_t; 2];
    type Words = [int16x8_t; 4];
    type Scales = [i16; 16];
    type Sums = int32x4_t;
    type Totals = float32x4_t;
    type Floats = [float32x4_t; 4];
    type Doubles = [float64x2_t; 4];

    methods! {
        bytes(from: &[u8; 32]) -> [uint8x16_t; 2] =
            [vld1q_u8(from.as_ptr()), vld1q_u8(from.as_ptr().add(16))];
        nibbles(from: &[u8; 16]) -> [uint8x16_t; 2] = {
            let bytes = vld1q_u8(from.as_ptr());
            [vandq_u8(bytes, vdupq_n_u8(15)), vshrq_n_u8::<4>(bytes)]
        };
        bits(from: u32, value: u8) -> [uint8x16_t; 2] = {
            let ([a, b, c, d], bit) = (from.to_le_bytes(), vld1q_u8(BIT.as_ptr()));
            [[a, b], [c, d]].map(|[low, high]| {
                let spread = vcombine_u8(vdup_n_u8(low), vdup_n_u8(high));
                vandq_u8(vtstq_u8(spread, bit), vdupq_n_u8(value))
            })
        };
        field(bytes: [uint8x16_t; 2], shift: u32, mask: u8) -> [uint8x16_t; 2] =
            bytes.map(|it| vandq_u8(vshlq_u8(it, vdupq_n_s8(-(shift as i8))), vdupq_n_u8(mask)));
        join(low: [uint8x16_t; 2], high: [uint8x16_t; 2], shift: u32) -> [uint8x16_t; 2] =
            from_fn(|i| vorrq_u8(low[i], vshlq_u8(high[i], vdupq_n_s8(shift as i8))));
        less(bytes: [uint8x16_t; 2], number: u8) -> [uint8x16_t; 2] =
            bytes.map(|bytes| vsubq_u8(bytes, vdupq_n_u8(number)));
        look_up(table: &[i8; 16], bytes: [uint8x16_t; 2]) -> [uint8x16_t; 2] =
            bytes.map(|bytes| vqtbl1q_u8(vld1q_u8(table.as_ptr().cast()), bytes));
        widen(bytes: [uint8x16_t; 2]) -> [int16x8_t; 4] = {
            let [a, b] = bytes.map(|bytes| vreinterpretq_s8_u8(bytes));
            let [low, high] = [vmovl_s8(vget_low_s8(a)), vmovl_high_s8(a)];
            [low, high, vmovl_s8(vget_low_s8(b)), vmovl_high_s8(b)]
        };
        words(from: &[i16; 32]) -> [int16x8_t; 4] =
            from_fn(|i| vld1q_s16(from.as_ptr().add(8 * i)));
        scales(from: &[i8; 16]) -> [i16; 16] = from.map(i16::from);
        pair(scales: [i16; 16], places: [usize; 2]) -> [int16x8_t; 4] =
            from_fn(|i| vdupq_n_s16(scales[places[i / 2] % 16]));
        times(a: [int16x8_t; 4], b: [int16x8_t; 4]) -> [int16x8_t; 4] =
            from_fn(|i| vmulq_s16(a[i], b[i]));
        none() -> int32x4_t = vdupq_n_s32(0);
        add_products(sums: int32x4_t, a: [int16x8_t; 4], b: [int16x8_t; 4]) -> int32x4_t =
            (0..4).fold(sums, |sums, i| {
                let sums = vmlal_s16(sums, vget_low_s16(a[i]), vget_low_s16(b[i]));
                vmlal_high_s16(sums, a[i], b[i])
            });
        count(sums: int32x4_t) -> i32 = vaddvq_s32(sums);
        no_totals() -> float32x4_t = vdupq_n_f32(0.0);
        add_scaled(totals: float32x4_t, sums: int32x4_t, scale: float32x4_t) -> float32x4_t =
            vfmaq_f32(totals, vcvtq_f32_s32(sums), scale);
        each(number: f32) -> float32x4_t = vdupq_n_f32(number);
        each_f16(half: &[u8; 2]) -> float32x4_t = vdupq_n_f32(f16(half));
        product(a: float32x4_t, b: float32x4_t) -> float32x4_t = vmulq_f32(a, b);
        total(totals: float32x4_t) -> f32 = vaddvq_f32(totals);
        floats(from: &[f32; 16]) -> [float32x4_t; 4] =
            from_fn(|i| vld1q_f32(from.as_ptr().add(4 * i)));
        floats_of_bytes(from: &[u8; 64]) -> [float32x4_t; 4] =
            from_fn(|i| vreinterpretq_f32_u8(vld1q_u8(from.as_ptr().add(16 * i))));
        repeated(number: float32x4_t) -> [float32x4_t; 4] = [number; 4];
        to_floats(bytes: [uint8x16_t; 2]) -> [[float32x4_t; 4]; 2] = {
            let words = NEON.widen(bytes);
            from_fn(|half| {
                let [a, b] = [words[2 * half], words[2 * half + 1]];
                let [low, high] = [vmovl_s16(vget_low_s16(a)), vmovl_high_s16(a)];
                [low, high, vmovl_s16(vget_low_s16(b)), vmovl_high_s16(b)]
                    .map(|four| vcvtq_f32_s32(four))
            })
        };
        scaled(scales: [i16; 16], by: float32x4_t) -> [float32x4_t; 4] = from_fn(|i| {
            let four = vmovl_s16(vld1_s16(scales.as_ptr().add(4 * i)));
            vmulq_f32(vcvtq_f32_s32(four), by)
        });
        widen_f16(from: &[u8; 32]) -> [float32x4_t; 4] = {
            let (halves, _) = from.as_chunks();
            NEON.floats(&from_fn(|i| f16(&halves[i])))
        };
        widen_bf16(from: &[u8; 32]) -> [float32x4_t; 4] = from_fn(|i| {
            let bits = vld1_u16(from.as_ptr().add(8 * i).cast());
            vreinterpretq_f32_u32(vshll_n_u16::<16>(bits))
        });
        fused(
            sums: [float32x4_t; 4],
            a: [float32x4_t; 4],
            b: [float32x4_t; 4]
        ) -> [float32x4_t; 4] = from_fn(|i| vfmaq_f32(sums[i], a[i], b[i]));
        sum(floats: [float32x4_t; 4]) -> f32 = {
            let [a, b, c, d] = floats;
            vaddvq_f32(vaddq_f32(vaddq_f32(a, b), vaddq_f32(c, d)))
        };
        widen_floats(floats: [float32x4_t; 4]) -> [[float64x2_t; 4]; 2] = from_fn(|half| {
            let [a, b] = [floats[2 * half], floats[2 * half + 1]];
            let [low, high] = [vcvt_f64_f32(vget_low_f32(a)), vcvt_high_f64_f32(a)];
            [low, high, vcvt_f64_f32(vget_low_f32(b)), vcvt_high_f64_f32(b)]
        });
        doubles(from: &[f64; 8]) -> [float64x2_t; 4] =
            from_fn(|i| vld1q_f64(from.as_ptr().add(2 * i)));
        each_double(number: f64) -> [float64x2_t; 4] = [vdupq_n_f64(number); 4];
        unfused(
            sums: [float32x4_t; 4],
            a: [float32x4_t; 4],
            b: [float32x4_t; 4]
        ) -> [float32x4_t; 4] = from_fn(|i| vaddq_f32(sums[i], vmulq_f32(a[i], b[i])));
        stored_floats(floats: [float32x4_t; 4]) -> [f32; 16] = {
            let mut all = [0.0; 16];
            for (i, four) in floats.into_iter().enumerate() {
                vst1q_f32(all.as_mut_ptr().add(4 * i), four);
            }
            all
        };
        fused_doubles(
            sums: [float64x2_t; 4],
            a: [float64x2_t; 4],
            b: [float64x2_t; 4]
        ) -> [float64x2_t; 4] = from_fn(|i| vfmaq_f64(sums[i], a[i], b[i]));
        stored(doubles: [float64x2_t; 4]) -> [f64; 8] = {
            let mut all = [0.0; 8];
            for (i, two) in doubles.into_iter().enumerate() {
                vst1q_f64(all.as_mut_ptr().add(2 * i), two);
            }
            all
        };
    }
}
