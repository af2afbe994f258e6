//! The vectors of x86-64: AVX2 with FMA and F16C, and AVX-512 with VNNI.
//!
//! No closure contains an intrinsic: a closure is compiled without the instructions, so
//! the compiler calls the intrinsic in it, and the closure too.

use std::arch::x86_64::*;

use super::vector::{Algorithm, Vector, methods};

/// Evidence of AVX2, FMA and F16C.
#[derive(Clone, Copy)]
pub struct Avx2(());

/// Evidence of AVX-512 with VNNI, and of all that [`Avx2`] stands for.
#[derive(Clone, Copy)]
pub struct Avx512(());

#[target_feature(enable = "avx2,fma,f16c")]
pub fn with_avx2(algorithm: impl Algorithm) {
    algorithm.run(Avx2(()));
}

#[target_feature(enable = "avx2,fma,f16c,avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
pub fn with_avx512(algorithm: impl Algorithm) {
    algorithm.run(Avx512(()));
}

/// The methods that are the same for both.
macro_rules! shared {
    () => {
        type Bytes = __m256i;
        type Scales = __m256i;

        methods! {
            bytes(from: &[u8; 32]) -> __m256i = _mm256_loadu_si256(from.as_ptr().cast());
            nibbles(from: &[u8; 16]) -> __m256i = {
                let low = _mm_loadu_si128(from.as_ptr().cast());
                let both = _mm256_set_m128i(_mm_srli_epi16::<4>(low), low);
                _mm256_and_si256(both, _mm256_set1_epi8(15))
            };
            bits(from: u32, value: u8) -> __m256i = {
                // Byte i of the number to the eight bytes whose bits it has.
                const EACH: i64 = 0x0101_0101_0101_0101;
                let place = _mm256_set_epi64x(3 * EACH, 2 * EACH, EACH, 0);
                let spread = _mm256_shuffle_epi8(_mm256_set1_epi32(from.cast_signed()), place);
                let bit = _mm256_set1_epi64x(0x8040_2010_0804_0201_u64.cast_signed());
                let set = _mm256_cmpeq_epi8(_mm256_and_si256(spread, bit), bit);
                _mm256_and_si256(set, _mm256_set1_epi8(value.cast_signed()))
            };
            field(bytes: __m256i, shift: u32, mask: u8) -> __m256i = {
                let shifted = _mm256_srl_epi16(bytes, _mm_cvtsi32_si128(shift.cast_signed()));
                _mm256_and_si256(shifted, _mm256_set1_epi8(mask.cast_signed()))
            };
            join(low: __m256i, high: __m256i, shift: u32) -> __m256i =
                _mm256_or_si256(low, _mm256_sll_epi16(high, _mm_cvtsi32_si128(shift.cast_signed())));
            less(bytes: __m256i, number: u8) -> __m256i =
                _mm256_sub_epi8(bytes, _mm256_set1_epi8(number.cast_signed()));
            look_up(table: &[i8; 16], bytes: __m256i) -> __m256i = {
                let table = _mm_loadu_si128(table.as_ptr().cast());
                _mm256_shuffle_epi8(_mm256_broadcastsi128_si256(table), bytes)
            };
            scales(from: &[i8; 16]) -> __m256i =
                _mm256_cvtepi8_epi16(_mm_loadu_si128(from.as_ptr().cast()));
        }
    };
}

impl Vector for Avx2 {
    shared!();

    type Words = [__m256i; 2];
    type Sums = __m256i;
    type Totals = __m256;
    type Floats = [__m256; 2];
    type Doubles = [__m256d; 2];

    methods! {
        widen(bytes: __m256i) -> [__m256i; 2] = [
            _mm256_cvtepi8_epi16(_mm256_castsi256_si128(bytes)),
            _mm256_cvtepi8_epi16(_mm256_extracti128_si256::<1>(bytes)),
        ];
        words(from: &[i16; 32]) -> [__m256i; 2] = {
            let from: *const __m256i = from.as_ptr().cast();
            [_mm256_loadu_si256(from), _mm256_loadu_si256(from.add(1))]
        };
        pair(scales: __m256i, places: [usize; 2]) -> [__m256i; 2] = {
            // A shuffle stays within 128 bits, so both get those with the scales.
            let both = match places[0] / 8 {
                0 => _mm256_permute2x128_si256::<0x00>(scales, scales),
                _ => _mm256_permute2x128_si256::<0x11>(scales, scales),
            };
            // The two bytes of the scale, for each word.
            let first = _mm256_set1_epi16(0x0100 + 0x0202 * (places[0] % 8) as i16);
            let second = _mm256_set1_epi16(0x0100 + 0x0202 * (places[1] % 8) as i16);
            [_mm256_shuffle_epi8(both, first), _mm256_shuffle_epi8(both, second)]
        };
        times(a: [__m256i; 2], b: [__m256i; 2]) -> [__m256i; 2] =
            [_mm256_mullo_epi16(a[0], b[0]), _mm256_mullo_epi16(a[1], b[1])];
        none() -> __m256i = _mm256_setzero_si256();
        add_products(sums: __m256i, a: [__m256i; 2], b: [__m256i; 2]) -> __m256i = {
            let [low, high] = [_mm256_madd_epi16(a[0], b[0]), _mm256_madd_epi16(a[1], b[1])];
            _mm256_add_epi32(sums, _mm256_add_epi32(low, high))
        };
        count(sums: __m256i) -> i32 = {
            let four =
                _mm_add_epi32(_mm256_castsi256_si128(sums), _mm256_extracti128_si256::<1>(sums));
            let two = _mm_add_epi32(four, _mm_shuffle_epi32::<0b_01_00_11_10>(four));
            _mm_cvtsi128_si32(_mm_add_epi32(two, _mm_shuffle_epi32::<0b_10_11_00_01>(two)))
        };
        no_totals() -> __m256 = _mm256_setzero_ps();
        add_scaled(totals: __m256, sums: __m256i, scale: __m256) -> __m256 =
            _mm256_fmadd_ps(_mm256_cvtepi32_ps(sums), scale, totals);
        each(number: f32) -> __m256 = _mm256_set1_ps(number);
        each_f16(half: &[u8; 2]) -> __m256 =
            _mm256_cvtph_ps(_mm_set1_epi16(i16::from_le_bytes(*half)));
        product(a: __m256, b: __m256) -> __m256 = _mm256_mul_ps(a, b);
        total(totals: __m256) -> f32 = {
            let high = _mm256_extractf128_ps::<1>(totals);
            let four = _mm_add_ps(_mm256_castps256_ps128(totals), high);
            let two = _mm_add_ps(four, _mm_movehl_ps(four, four));
            _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)))
        };
        floats(from: &[f32; 16]) -> [__m256; 2] =
            [_mm256_loadu_ps(from.as_ptr()), _mm256_loadu_ps(from.as_ptr().add(8))];
        floats_of_bytes(from: &[u8; 64]) -> [__m256; 2] = {
            let from: *const f32 = from.as_ptr().cast();
            [_mm256_loadu_ps(from), _mm256_loadu_ps(from.add(8))]
        };
        repeated(number: __m256) -> [__m256; 2] = [number; 2];
        to_floats(bytes: __m256i) -> [[__m256; 2]; 2] = {
            let [a, c] = [_mm256_castsi256_si128(bytes), _mm256_extracti128_si256::<1>(bytes)];
            let [b, d] = [_mm_srli_si128::<8>(a), _mm_srli_si128::<8>(c)];
            let [a, b] = [_mm256_cvtepi8_epi32(a), _mm256_cvtepi8_epi32(b)];
            let [c, d] = [_mm256_cvtepi8_epi32(c), _mm256_cvtepi8_epi32(d)];
            [
                [_mm256_cvtepi32_ps(a), _mm256_cvtepi32_ps(b)],
                [_mm256_cvtepi32_ps(c), _mm256_cvtepi32_ps(d)],
            ]
        };
        scaled(scales: __m256i, by: __m256) -> [__m256; 2] = {
            let low = _mm256_cvtepi16_epi32(_mm256_castsi256_si128(scales));
            let high = _mm256_cvtepi16_epi32(_mm256_extracti128_si256::<1>(scales));
            let [low, high] = [_mm256_cvtepi32_ps(low), _mm256_cvtepi32_ps(high)];
            [_mm256_mul_ps(low, by), _mm256_mul_ps(high, by)]
        };
        widen_f16(from: &[u8; 32]) -> [__m256; 2] = {
            let from: *const __m128i = from.as_ptr().cast();
            let [low, high] = [_mm_loadu_si128(from), _mm_loadu_si128(from.add(1))];
            [_mm256_cvtph_ps(low), _mm256_cvtph_ps(high)]
        };
        widen_bf16(from: &[u8; 32]) -> [__m256; 2] = {
            let from: *const __m128i = from.as_ptr().cast();
            let low = _mm256_cvtepu16_epi32(_mm_loadu_si128(from));
            let high = _mm256_cvtepu16_epi32(_mm_loadu_si128(from.add(1)));
            let [low, high] = [_mm256_slli_epi32::<16>(low), _mm256_slli_epi32::<16>(high)];
            [_mm256_castsi256_ps(low), _mm256_castsi256_ps(high)]
        };
        fused(sums: [__m256; 2], a: [__m256; 2], b: [__m256; 2]) -> [__m256; 2] =
            [_mm256_fmadd_ps(a[0], b[0], sums[0]), _mm256_fmadd_ps(a[1], b[1], sums[1])];
        unfused(sums: [__m256; 2], a: [__m256; 2], b: [__m256; 2]) -> [__m256; 2] = {
            let [low, high] = [_mm256_mul_ps(a[0], b[0]), _mm256_mul_ps(a[1], b[1])];
            [_mm256_add_ps(sums[0], low), _mm256_add_ps(sums[1], high)]
        };
        stored_floats(floats: [__m256; 2]) -> [f32; 16] = {
            let mut all = [0.0; 16];
            _mm256_storeu_ps(all.as_mut_ptr(), floats[0]);
            _mm256_storeu_ps(all.as_mut_ptr().add(8), floats[1]);
            all
        };
        sum(floats: [__m256; 2]) -> f32 = Self(()).total(_mm256_add_ps(floats[0], floats[1]));
        widen_floats(floats: [__m256; 2]) -> [[__m256d; 2]; 2] = {
            let [a, c] = [_mm256_castps256_ps128(floats[0]), _mm256_castps256_ps128(floats[1])];
            let b = _mm256_extractf128_ps::<1>(floats[0]);
            let d = _mm256_extractf128_ps::<1>(floats[1]);
            [
                [_mm256_cvtps_pd(a), _mm256_cvtps_pd(b)],
                [_mm256_cvtps_pd(c), _mm256_cvtps_pd(d)],
            ]
        };
        doubles(from: &[f64; 8]) -> [__m256d; 2] =
            [_mm256_loadu_pd(from.as_ptr()), _mm256_loadu_pd(from.as_ptr().add(4))];
        each_double(number: f64) -> [__m256d; 2] = [_mm256_set1_pd(number); 2];
        fused_doubles(sums: [__m256d; 2], a: [__m256d; 2], b: [__m256d; 2]) -> [__m256d; 2] =
            [_mm256_fmadd_pd(a[0], b[0], sums[0]), _mm256_fmadd_pd(a[1], b[1], sums[1])];
        stored(doubles: [__m256d; 2]) -> [f64; 8] = {
            let mut all = [0.0; 8];
            _mm256_storeu_pd(all.as_mut_ptr(), doubles[0]);
            _mm256_storeu_pd(all.as_mut_ptr().add(4), doubles[1]);
            all
        };
    }
}

impl Vector for Avx512 {
    shared!();

    type Words = __m512i;
    type Sums = __m512i;
    type Totals = __m512;
    type Floats = __m512;
    type Doubles = __m512d;

    methods! {
        widen(bytes: __m256i) -> __m512i = _mm512_cvtepi8_epi16(bytes);
        words(from: &[i16; 32]) -> __m512i = _mm512_loadu_si512(from.as_ptr().cast());
        pair(scales: __m256i, places: [usize; 2]) -> __m512i = {
            let first = _mm512_castsi256_si512(_mm256_set1_epi16(places[0] as i16));
            let places = _mm512_inserti64x4::<1>(first, _mm256_set1_epi16(places[1] as i16));
            _mm512_permutexvar_epi16(places, _mm512_castsi256_si512(scales))
        };
        times(a: __m512i, b: __m512i) -> __m512i = _mm512_mullo_epi16(a, b);
        none() -> __m512i = _mm512_setzero_si512();
        add_products(sums: __m512i, a: __m512i, b: __m512i) -> __m512i =
            _mm512_dpwssd_epi32(sums, a, b);
        count(sums: __m512i) -> i32 = _mm512_reduce_add_epi32(sums);
        no_totals() -> __m512 = _mm512_setzero_ps();
        add_scaled(totals: __m512, sums: __m512i, scale: __m512) -> __m512 =
            _mm512_fmadd_ps(_mm512_cvtepi32_ps(sums), scale, totals);
        each(number: f32) -> __m512 = _mm512_set1_ps(number);
        each_f16(half: &[u8; 2]) -> __m512 =
            _mm512_cvtph_ps(_mm256_set1_epi16(i16::from_le_bytes(*half)));
        product(a: __m512, b: __m512) -> __m512 = _mm512_mul_ps(a, b);
        total(totals: __m512) -> f32 = _mm512_reduce_add_ps(totals);
        floats(from: &[f32; 16]) -> __m512 = _mm512_loadu_ps(from.as_ptr());
        floats_of_bytes(from: &[u8; 64]) -> __m512 = _mm512_loadu_ps(from.as_ptr().cast());
        repeated(number: __m512) -> __m512 = number;
        to_floats(bytes: __m256i) -> [__m512; 2] = {
            let low = _mm512_cvtepi8_epi32(_mm256_castsi256_si128(bytes));
            let high = _mm512_cvtepi8_epi32(_mm256_extracti128_si256::<1>(bytes));
            [_mm512_cvtepi32_ps(low), _mm512_cvtepi32_ps(high)]
        };
        scaled(scales: __m256i, by: __m512) -> __m512 =
            _mm512_mul_ps(_mm512_cvtepi32_ps(_mm512_cvtepi16_epi32(scales)), by);
        widen_f16(from: &[u8; 32]) -> __m512 =
            _mm512_cvtph_ps(_mm256_loadu_si256(from.as_ptr().cast()));
        widen_bf16(from: &[u8; 32]) -> __m512 = {
            let bits = _mm512_cvtepu16_epi32(_mm256_loadu_si256(from.as_ptr().cast()));
            _mm512_castsi512_ps(_mm512_slli_epi32::<16>(bits))
        };
        fused(sums: __m512, a: __m512, b: __m512) -> __m512 = _mm512_fmadd_ps(a, b, sums);
        unfused(sums: __m512, a: __m512, b: __m512) -> __m512 =
            _mm512_add_ps(sums, _mm512_mul_ps(a, b));
        stored_floats(floats: __m512) -> [f32; 16] = {
            let mut all = [0.0; 16];
            _mm512_storeu_ps(all.as_mut_ptr(), floats);
            all
        };
        sum(floats: __m512) -> f32 = _mm512_reduce_add_ps(floats);
        widen_floats(floats: __m512) -> [__m512d; 2] = [
            _mm512_cvtps_pd(_mm512_castps512_ps256(floats)),
            _mm512_cvtps_pd(_mm512_extractf32x8_ps::<1>(floats)),
        ];
        doubles(from: &[f64; 8]) -> __m512d = _mm512_loadu_pd(from.as_ptr());
        each_double(number: f64) -> __m512d = _mm512_set1_pd(number);
        fused_doubles(sums: __m512d, a: __m512d, b: __m512d) -> __m512d =
            _mm512_fmadd_pd(a, b, sums);
        stored(doubles: __m512d) -> [f64; 8] = {
            let mut all = [0.0; 8];
            _mm512_storeu_pd(all.as_mut_ptr(), doubles);
            all
        };
    }
}
