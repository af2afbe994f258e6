//! The vectors of x86-64: AVX2 with FMA and F16C, and AVX-512 with VNNI.
//!
//! No closure contains an intrinsic: a closure is compiled without the instructions, so
//! the compiler calls the intrinsic in it, and the closure too.

use std::arch::x86_64::*;

use super::vector::{Algorithm, Vector};

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

        #[inline(always)]
        fn bytes(self, from: &[u8; 32]) -> __m256i {
            // SAFETY: the value is evidence of AVX2. The array has 32 bytes.
            unsafe { _mm256_loadu_si256(from.as_ptr().cast()) }
        }

        #[inline(always)]
        fn nibbles(self, from: &[u8; 16]) -> __m256i {
            // SAFETY: the value is evidence of AVX2. The array has 16 bytes.
            unsafe {
                let low = _mm_loadu_si128(from.as_ptr().cast());
                let both = _mm256_set_m128i(_mm_srli_epi16::<4>(low), low);
                _mm256_and_si256(both, _mm256_set1_epi8(15))
            }
        }

        #[inline(always)]
        fn bits(self, from: u32, value: u8) -> __m256i {
            // SAFETY: the value is evidence of AVX2.
            unsafe {
                // Byte i of the number to the eight bytes whose bits it has.
                let place = _mm256_set_epi64x(
                    0x0303_0303_0303_0303,
                    0x0202_0202_0202_0202,
                    0x0101_0101_0101_0101,
                    0,
                );
                let spread = _mm256_shuffle_epi8(_mm256_set1_epi32(from.cast_signed()), place);
                let bit = _mm256_set1_epi64x(0x8040_2010_0804_0201_u64.cast_signed());
                let set = _mm256_cmpeq_epi8(_mm256_and_si256(spread, bit), bit);
                _mm256_and_si256(set, _mm256_set1_epi8(value.cast_signed()))
            }
        }

        #[inline(always)]
        fn field(self, bytes: __m256i, shift: u32, mask: u8) -> __m256i {
            // SAFETY: the value is evidence of AVX2.
            unsafe {
                let shift = _mm_cvtsi32_si128(shift.cast_signed());
                let mask = _mm256_set1_epi8(mask.cast_signed());
                _mm256_and_si256(_mm256_srl_epi16(bytes, shift), mask)
            }
        }

        #[inline(always)]
        fn join(self, low: __m256i, high: __m256i, shift: u32) -> __m256i {
            // SAFETY: the value is evidence of AVX2.
            unsafe {
                let shift = _mm_cvtsi32_si128(shift.cast_signed());
                _mm256_or_si256(low, _mm256_sll_epi16(high, shift))
            }
        }

        #[inline(always)]
        fn less(self, bytes: __m256i, number: u8) -> __m256i {
            // SAFETY: the value is evidence of AVX2.
            unsafe { _mm256_sub_epi8(bytes, _mm256_set1_epi8(number.cast_signed())) }
        }

        #[inline(always)]
        fn look_up(self, table: &[i8; 16], bytes: __m256i) -> __m256i {
            // SAFETY: the value is evidence of AVX2. The table has 16 bytes.
            unsafe {
                let table = _mm256_broadcastsi128_si256(_mm_loadu_si128(table.as_ptr().cast()));
                _mm256_shuffle_epi8(table, bytes)
            }
        }

        #[inline(always)]
        fn scales(self, from: &[i8; 16]) -> __m256i {
            // SAFETY: the value is evidence of AVX2. The array has 16 bytes.
            unsafe { _mm256_cvtepi8_epi16(_mm_loadu_si128(from.as_ptr().cast())) }
        }
    };
}

impl Vector for Avx2 {
    shared!();

    type Words = [__m256i; 2];
    type Sums = __m256i;
    type Totals = __m256;
    type Floats = [__m256; 2];

    #[inline(always)]
    fn widen(self, bytes: __m256i) -> [__m256i; 2] {
        // SAFETY: the value is evidence of AVX2.
        unsafe {
            [
                _mm256_cvtepi8_epi16(_mm256_castsi256_si128(bytes)),
                _mm256_cvtepi8_epi16(_mm256_extracti128_si256::<1>(bytes)),
            ]
        }
    }

    #[inline(always)]
    fn words(self, from: &[i16; 32]) -> [__m256i; 2] {
        let from: *const __m256i = from.as_ptr().cast();
        // SAFETY: the value is evidence of AVX2. The array has 64 bytes.
        unsafe { [_mm256_loadu_si256(from), _mm256_loadu_si256(from.add(1))] }
    }

    #[inline(always)]
    fn pair(self, scales: __m256i, [a, b]: [usize; 2]) -> [__m256i; 2] {
        // SAFETY: the value is evidence of AVX2.
        unsafe {
            // A shuffle stays within 128 bits, so both get those with the scales.
            let both = match a / 8 {
                0 => _mm256_permute2x128_si256::<0x00>(scales, scales),
                _ => _mm256_permute2x128_si256::<0x11>(scales, scales),
            };
            // The two bytes of the scale, for each word.
            let first = _mm256_set1_epi16(0x0100 + 0x0202 * (a % 8) as i16);
            let second = _mm256_set1_epi16(0x0100 + 0x0202 * (b % 8) as i16);
            [_mm256_shuffle_epi8(both, first), _mm256_shuffle_epi8(both, second)]
        }
    }

    #[inline(always)]
    fn times(self, a: [__m256i; 2], b: [__m256i; 2]) -> [__m256i; 2] {
        // SAFETY: the value is evidence of AVX2.
        unsafe { [_mm256_mullo_epi16(a[0], b[0]), _mm256_mullo_epi16(a[1], b[1])] }
    }

    #[inline(always)]
    fn none(self) -> __m256i {
        // SAFETY: the value is evidence of AVX2.
        unsafe { _mm256_setzero_si256() }
    }

    #[inline(always)]
    fn add_products(self, sums: __m256i, a: [__m256i; 2], b: [__m256i; 2]) -> __m256i {
        // SAFETY: the value is evidence of AVX2.
        unsafe {
            let [low, high] = [_mm256_madd_epi16(a[0], b[0]), _mm256_madd_epi16(a[1], b[1])];
            _mm256_add_epi32(sums, _mm256_add_epi32(low, high))
        }
    }

    #[inline(always)]
    fn no_totals(self) -> __m256 {
        // SAFETY: the value is evidence of AVX2.
        unsafe { _mm256_setzero_ps() }
    }

    #[inline(always)]
    fn add_scaled(self, totals: __m256, sums: __m256i, scale: __m256) -> __m256 {
        // SAFETY: the value is evidence of FMA.
        unsafe { _mm256_fmadd_ps(_mm256_cvtepi32_ps(sums), scale, totals) }
    }

    #[inline(always)]
    fn each(self, number: f32) -> __m256 {
        // SAFETY: the value is evidence of AVX2.
        unsafe { _mm256_set1_ps(number) }
    }

    #[inline(always)]
    fn each_f16(self, half: &[u8; 2]) -> __m256 {
        // SAFETY: the value is evidence of F16C.
        unsafe { _mm256_cvtph_ps(_mm_set1_epi16(i16::from_le_bytes(*half))) }
    }

    #[inline(always)]
    fn product(self, a: __m256, b: __m256) -> __m256 {
        // SAFETY: the value is evidence of AVX2.
        unsafe { _mm256_mul_ps(a, b) }
    }

    #[inline(always)]
    fn total(self, totals: __m256) -> f32 {
        // SAFETY: the value is evidence of AVX2.
        unsafe {
            let high = _mm256_extractf128_ps::<1>(totals);
            let four = _mm_add_ps(_mm256_castps256_ps128(totals), high);
            let two = _mm_add_ps(four, _mm_movehl_ps(four, four));
            _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)))
        }
    }

    #[inline(always)]
    fn floats(self, from: &[f32; 16]) -> [__m256; 2] {
        // SAFETY: the value is evidence of AVX2. The array has 16 floats.
        unsafe { [_mm256_loadu_ps(from.as_ptr()), _mm256_loadu_ps(from.as_ptr().add(8))] }
    }

    #[inline(always)]
    fn floats_of_bytes(self, from: &[u8; 64]) -> [__m256; 2] {
        let from: *const f32 = from.as_ptr().cast();
        // SAFETY: the value is evidence of AVX2. The array has 64 bytes.
        unsafe { [_mm256_loadu_ps(from), _mm256_loadu_ps(from.add(8))] }
    }

    #[inline(always)]
    fn repeated(self, number: __m256) -> [__m256; 2] {
        [number; 2]
    }

    #[inline(always)]
    fn widen_f16(self, from: &[u8; 32]) -> [__m256; 2] {
        let from: *const __m128i = from.as_ptr().cast();
        // SAFETY: the value is evidence of F16C. The array has 32 bytes.
        unsafe {
            [_mm256_cvtph_ps(_mm_loadu_si128(from)), _mm256_cvtph_ps(_mm_loadu_si128(from.add(1)))]
        }
    }

    #[inline(always)]
    fn widen_bf16(self, from: &[u8; 32]) -> [__m256; 2] {
        let from: *const __m128i = from.as_ptr().cast();
        // SAFETY: the value is evidence of AVX2. The array has 32 bytes.
        unsafe {
            let low = _mm256_cvtepu16_epi32(_mm_loadu_si128(from));
            let high = _mm256_cvtepu16_epi32(_mm_loadu_si128(from.add(1)));
            [
                _mm256_castsi256_ps(_mm256_slli_epi32::<16>(low)),
                _mm256_castsi256_ps(_mm256_slli_epi32::<16>(high)),
            ]
        }
    }

    #[inline(always)]
    fn to_floats(self, bytes: __m256i) -> [[__m256; 2]; 2] {
        // SAFETY: the value is evidence of AVX2.
        unsafe {
            let [a, c] = [_mm256_castsi256_si128(bytes), _mm256_extracti128_si256::<1>(bytes)];
            let [b, d] = [_mm_srli_si128::<8>(a), _mm_srli_si128::<8>(c)];
            [
                [
                    _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(a)),
                    _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(b)),
                ],
                [
                    _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(c)),
                    _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(d)),
                ],
            ]
        }
    }

    #[inline(always)]
    fn scaled(self, scales: __m256i, by: __m256) -> [__m256; 2] {
        // SAFETY: the value is evidence of AVX2.
        unsafe {
            let low = _mm256_cvtepi16_epi32(_mm256_castsi256_si128(scales));
            let high = _mm256_cvtepi16_epi32(_mm256_extracti128_si256::<1>(scales));
            [
                _mm256_mul_ps(_mm256_cvtepi32_ps(low), by),
                _mm256_mul_ps(_mm256_cvtepi32_ps(high), by),
            ]
        }
    }

    #[inline(always)]
    fn fused(self, sums: [__m256; 2], a: [__m256; 2], b: [__m256; 2]) -> [__m256; 2] {
        // SAFETY: the value is evidence of FMA.
        unsafe { [_mm256_fmadd_ps(a[0], b[0], sums[0]), _mm256_fmadd_ps(a[1], b[1], sums[1])] }
    }

    #[inline(always)]
    fn sum(self, floats: [__m256; 2]) -> f32 {
        // SAFETY: the value is evidence of AVX2.
        self.total(unsafe { _mm256_add_ps(floats[0], floats[1]) })
    }
}

impl Vector for Avx512 {
    shared!();

    type Words = __m512i;
    type Sums = __m512i;
    type Totals = __m512;
    type Floats = __m512;

    #[inline(always)]
    fn widen(self, bytes: __m256i) -> __m512i {
        // SAFETY: the value is evidence of AVX-512.
        unsafe { _mm512_cvtepi8_epi16(bytes) }
    }

    #[inline(always)]
    fn words(self, from: &[i16; 32]) -> __m512i {
        // SAFETY: the value is evidence of AVX-512. The array has 64 bytes.
        unsafe { _mm512_loadu_si512(from.as_ptr().cast()) }
    }

    #[inline(always)]
    fn pair(self, scales: __m256i, [a, b]: [usize; 2]) -> __m512i {
        // SAFETY: the value is evidence of AVX-512.
        unsafe {
            let first = _mm512_castsi256_si512(_mm256_set1_epi16(a as i16));
            let places = _mm512_inserti64x4::<1>(first, _mm256_set1_epi16(b as i16));
            _mm512_permutexvar_epi16(places, _mm512_castsi256_si512(scales))
        }
    }

    #[inline(always)]
    fn times(self, a: __m512i, b: __m512i) -> __m512i {
        // SAFETY: the value is evidence of AVX-512.
        unsafe { _mm512_mullo_epi16(a, b) }
    }

    #[inline(always)]
    fn none(self) -> __m512i {
        // SAFETY: the value is evidence of AVX-512.
        unsafe { _mm512_setzero_si512() }
    }

    #[inline(always)]
    fn add_products(self, sums: __m512i, a: __m512i, b: __m512i) -> __m512i {
        // SAFETY: the value is evidence of VNNI.
        unsafe { _mm512_dpwssd_epi32(sums, a, b) }
    }

    #[inline(always)]
    fn no_totals(self) -> __m512 {
        // SAFETY: the value is evidence of AVX-512.
        unsafe { _mm512_setzero_ps() }
    }

    #[inline(always)]
    fn add_scaled(self, totals: __m512, sums: __m512i, scale: __m512) -> __m512 {
        // SAFETY: the value is evidence of AVX-512.
        unsafe { _mm512_fmadd_ps(_mm512_cvtepi32_ps(sums), scale, totals) }
    }

    #[inline(always)]
    fn each(self, number: f32) -> __m512 {
        // SAFETY: the value is evidence of AVX-512.
        unsafe { _mm512_set1_ps(number) }
    }

    #[inline(always)]
    fn each_f16(self, half: &[u8; 2]) -> __m512 {
        // SAFETY: the value is evidence of F16C.
        unsafe { _mm512_cvtph_ps(_mm256_set1_epi16(i16::from_le_bytes(*half))) }
    }

    #[inline(always)]
    fn product(self, a: __m512, b: __m512) -> __m512 {
        // SAFETY: the value is evidence of AVX-512.
        unsafe { _mm512_mul_ps(a, b) }
    }

    #[inline(always)]
    fn total(self, totals: __m512) -> f32 {
        // SAFETY: the value is evidence of AVX-512.
        unsafe { _mm512_reduce_add_ps(totals) }
    }

    #[inline(always)]
    fn floats(self, from: &[f32; 16]) -> __m512 {
        // SAFETY: the value is evidence of AVX-512. The array has 16 floats.
        unsafe { _mm512_loadu_ps(from.as_ptr()) }
    }

    #[inline(always)]
    fn floats_of_bytes(self, from: &[u8; 64]) -> __m512 {
        // SAFETY: the value is evidence of AVX-512. The array has 64 bytes.
        unsafe { _mm512_loadu_ps(from.as_ptr().cast()) }
    }

    #[inline(always)]
    fn repeated(self, number: __m512) -> __m512 {
        number
    }

    #[inline(always)]
    fn widen_f16(self, from: &[u8; 32]) -> __m512 {
        // SAFETY: the value is evidence of AVX-512. The array has 32 bytes.
        unsafe { _mm512_cvtph_ps(_mm256_loadu_si256(from.as_ptr().cast())) }
    }

    #[inline(always)]
    fn widen_bf16(self, from: &[u8; 32]) -> __m512 {
        // SAFETY: the value is evidence of AVX-512. The array has 32 bytes.
        unsafe {
            let bits = _mm512_cvtepu16_epi32(_mm256_loadu_si256(from.as_ptr().cast()));
            _mm512_castsi512_ps(_mm512_slli_epi32::<16>(bits))
        }
    }

    #[inline(always)]
    fn to_floats(self, bytes: __m256i) -> [__m512; 2] {
        // SAFETY: the value is evidence of AVX-512.
        unsafe {
            let low = _mm512_cvtepi8_epi32(_mm256_castsi256_si128(bytes));
            let high = _mm512_cvtepi8_epi32(_mm256_extracti128_si256::<1>(bytes));
            [_mm512_cvtepi32_ps(low), _mm512_cvtepi32_ps(high)]
        }
    }

    #[inline(always)]
    fn scaled(self, scales: __m256i, by: __m512) -> __m512 {
        // SAFETY: the value is evidence of AVX-512.
        unsafe {
            let floats = _mm512_cvtepi32_ps(_mm512_cvtepi16_epi32(scales));
            _mm512_mul_ps(floats, by)
        }
    }

    #[inline(always)]
    fn fused(self, sums: __m512, a: __m512, b: __m512) -> __m512 {
        // SAFETY: the value is evidence of AVX-512.
        unsafe { _mm512_fmadd_ps(a, b, sums) }
    }

    #[inline(always)]
    fn sum(self, floats: __m512) -> f32 {
        self.total(floats)
    }
}
