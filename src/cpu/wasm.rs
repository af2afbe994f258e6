//! The vectors of WebAssembly: the 128 bits of simd128, in a build that has them.

use std::arch::wasm32::*;
use std::array::from_fn;

use super::f16::f16;
use super::vector::{Vector, methods};

/// Evidence of simd128: a browser without it refuses the whole build.
#[derive(Clone, Copy, Debug)]
pub struct Simd128(());

/// The only value.
pub const SIMD128: Simd128 = Simd128(());

/// Which bit of its byte each byte of 16 looks at.
const BIT: v128 = u8x16(1, 2, 4, 8, 16, 32, 64, 128, 1, 2, 4, 8, 16, 32, 64, 128);

/// The byte of a number that each byte of 16 looks at: of its lower half, of its upper.
const PLACE: [v128; 2] = [
    u8x16(0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1),
    u8x16(2, 2, 2, 2, 2, 2, 2, 2, 3, 3, 3, 3, 3, 3, 3, 3),
];

impl Vector for Simd128 {
    type Bytes = [v128; 2];
    type Words = [v128; 4];
    type Scales = [i16; 16];
    type Sums = v128;
    type Totals = v128;
    type Floats = [v128; 4];
    type Doubles = [v128; 4];

    methods! {
        bytes(from: &[u8; 32]) -> [v128; 2] =
            from_fn(|i| v128_load(from.as_ptr().add(16 * i).cast()));
        nibbles(from: &[u8; 16]) -> [v128; 2] = {
            let bytes = v128_load(from.as_ptr().cast());
            [v128_and(bytes, u8x16_splat(15)), u8x16_shr(bytes, 4)]
        };
        bits(from: u32, value: u8) -> [v128; 2] = PLACE.map(|place| {
            let spread = u8x16_swizzle(u32x4_splat(from), place);
            v128_and(u8x16_eq(v128_and(spread, BIT), BIT), u8x16_splat(value))
        });
        field(bytes: [v128; 2], shift: u32, mask: u8) -> [v128; 2] =
            bytes.map(|it| v128_and(u8x16_shr(it, shift), u8x16_splat(mask)));
        join(low: [v128; 2], high: [v128; 2], shift: u32) -> [v128; 2] =
            from_fn(|i| v128_or(low[i], u8x16_shl(high[i], shift)));
        less(bytes: [v128; 2], number: u8) -> [v128; 2] =
            bytes.map(|bytes| u8x16_sub(bytes, u8x16_splat(number)));
        look_up(table: &[i8; 16], bytes: [v128; 2]) -> [v128; 2] = {
            let table = v128_load(table.as_ptr().cast());
            bytes.map(|bytes| u8x16_swizzle(table, bytes))
        };
        widen(bytes: [v128; 2]) -> [v128; 4] = {
            let [a, b] = bytes;
            let [low, high] = [i16x8_extend_low_i8x16(a), i16x8_extend_high_i8x16(a)];
            [low, high, i16x8_extend_low_i8x16(b), i16x8_extend_high_i8x16(b)]
        };
        words(from: &[i16; 32]) -> [v128; 4] =
            from_fn(|i| v128_load(from.as_ptr().add(8 * i).cast()));
        scales(from: &[i8; 16]) -> [i16; 16] = from.map(i16::from);
        pair(scales: [i16; 16], places: [usize; 2]) -> [v128; 4] =
            from_fn(|i| i16x8_splat(scales[places[i / 2] % 16]));
        times(a: [v128; 4], b: [v128; 4]) -> [v128; 4] = from_fn(|i| i16x8_mul(a[i], b[i]));
        none() -> v128 = i32x4_splat(0);
        add_products(sums: v128, a: [v128; 4], b: [v128; 4]) -> v128 = {
            let of = |i: usize| i32x4_dot_i16x8(a[i], b[i]);
            let [low, high] = [i32x4_add(of(0), of(1)), i32x4_add(of(2), of(3))];
            i32x4_add(sums, i32x4_add(low, high))
        };
        count(sums: v128) -> i32 = {
            let two = i32x4_add(sums, i32x4_shuffle::<2, 3, 0, 1>(sums, sums));
            i32x4_extract_lane::<0>(two).wrapping_add(i32x4_extract_lane::<1>(two))
        };
        no_totals() -> v128 = f32x4_splat(0.0);
        add_scaled(totals: v128, sums: v128, scale: v128) -> v128 =
            f32x4_add(totals, f32x4_mul(f32x4_convert_i32x4(sums), scale));
        each(number: f32) -> v128 = f32x4_splat(number);
        each_f16(half: &[u8; 2]) -> v128 = f32x4_splat(f16(half));
        product(a: v128, b: v128) -> v128 = f32x4_mul(a, b);
        total(totals: v128) -> f32 = {
            let two = f32x4_add(totals, i32x4_shuffle::<2, 3, 0, 1>(totals, totals));
            f32x4_extract_lane::<0>(two) + f32x4_extract_lane::<1>(two)
        };
        floats(from: &[f32; 16]) -> [v128; 4] =
            from_fn(|i| v128_load(from.as_ptr().add(4 * i).cast()));
        floats_of_bytes(from: &[u8; 64]) -> [v128; 4] =
            from_fn(|i| v128_load(from.as_ptr().add(16 * i).cast()));
        repeated(number: v128) -> [v128; 4] = [number; 4];
        to_floats(bytes: [v128; 2]) -> [[v128; 4]; 2] = {
            let words = SIMD128.widen(bytes);
            from_fn(|half| {
                let [a, b] = [words[2 * half], words[2 * half + 1]];
                let [low, high] = [i32x4_extend_low_i16x8(a), i32x4_extend_high_i16x8(a)];
                [low, high, i32x4_extend_low_i16x8(b), i32x4_extend_high_i16x8(b)]
                    .map(|four| f32x4_convert_i32x4(four))
            })
        };
        scaled(scales: [i16; 16], by: v128) -> [v128; 4] = from_fn(|i| {
            let four = i32x4_load_extend_i16x4(scales.as_ptr().add(4 * i));
            f32x4_mul(f32x4_convert_i32x4(four), by)
        });
        widen_f16(from: &[u8; 32]) -> [v128; 4] = {
            let (halves, _) = from.as_chunks();
            SIMD128.floats(&from_fn(|i| f16(&halves[i])))
        };
        widen_bf16(from: &[u8; 32]) -> [v128; 4] =
            from_fn(|i| u32x4_shl(u32x4_load_extend_u16x4(from.as_ptr().add(8 * i).cast()), 16));
        fused(sums: [v128; 4], a: [v128; 4], b: [v128; 4]) -> [v128; 4] =
            from_fn(|i| f32x4_add(sums[i], f32x4_mul(a[i], b[i])));
        unfused(sums: [v128; 4], a: [v128; 4], b: [v128; 4]) -> [v128; 4] =
            SIMD128.fused(sums, a, b);
        stored_floats(floats: [v128; 4]) -> [f32; 16] = {
            let mut all = [0.0; 16];
            for (i, four) in floats.into_iter().enumerate() {
                v128_store(all.as_mut_ptr().add(4 * i).cast(), four);
            }
            all
        };
        sum(floats: [v128; 4]) -> f32 = {
            let [a, b, c, d] = floats;
            SIMD128.total(f32x4_add(f32x4_add(a, b), f32x4_add(c, d)))
        };
        widen_floats(floats: [v128; 4]) -> [[v128; 4]; 2] = from_fn(|half| {
            let high = |four| f64x2_promote_low_f32x4(i32x4_shuffle::<2, 3, 2, 3>(four, four));
            let [a, b] = [floats[2 * half], floats[2 * half + 1]];
            [f64x2_promote_low_f32x4(a), high(a), f64x2_promote_low_f32x4(b), high(b)]
        });
        doubles(from: &[f64; 8]) -> [v128; 4] =
            from_fn(|i| v128_load(from.as_ptr().add(2 * i).cast()));
        each_double(number: f64) -> [v128; 4] = [f64x2_splat(number); 4];
        fused_doubles(sums: [v128; 4], a: [v128; 4], b: [v128; 4]) -> [v128; 4] =
            from_fn(|i| f64x2_add(sums[i], f64x2_mul(a[i], b[i])));
        stored(doubles: [v128; 4]) -> [f64; 8] = {
            let mut all = [0.0; 8];
            for (i, two) in doubles.into_iter().enumerate() {
                v128_store(all.as_mut_ptr().add(2 * i).cast(), two);
            }
            all
        };
    }
}
