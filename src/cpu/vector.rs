//! Vectors of a level, behind one interface.
//!
//! An algorithm is written once over [`Vector`] and compiled for each level by
//! [`with_vectors`]. A value of a type that implements [`Vector`] is evidence that the
//! processor has the instructions, as a [`Level`] is, so the methods are safe.
//!
//! | type | 32 bytes | 32 words | 16 floats, 8 doubles |
//! |---|---|---|---|
//! | `plain` | arrays | arrays | arrays |
//! | `x86::Avx2` | 1 register of 256 bits | 2 | 2 |
//! | `x86::Avx512` | 1 of 256 bits | 1 of 512 bits | 1 of 512 bits |
//! | `neon`, `wasm` | 2 of 128 bits | 4 | 4 |

use super::Level;

/// The vectors of one kind of processor.
///
/// `Sums` are 32-bit sums of a number of lanes that suits the processor, at least
/// four. Which products a lane adds up is not defined: only the total is.
pub trait Vector: Copy {
    /// 32 bytes.
    type Bytes: Copy;
    /// 32 signed numbers of 16 bits.
    type Words: Copy;
    /// 16 signed numbers of 16 bits.
    type Scales: Copy;
    /// Signed sums of 32 bits.
    type Sums: Copy;
    /// As many `f32` as there are sums.
    type Totals: Copy;
    /// 16 numbers of type `f32`.
    type Floats: Copy;
    /// 8 numbers of type `f64`.
    type Doubles: Copy;

    /// Loads bytes.
    fn bytes(self, from: &[u8; 32]) -> Self::Bytes;
    /// The low four bits of 16 bytes, then their high four bits.
    fn nibbles(self, from: &[u8; 16]) -> Self::Bytes;
    /// For each bit, the lowest first, a byte: `value` if the bit is set, else 0.
    fn bits(self, from: u32, value: u8) -> Self::Bytes;
    /// `bytes >> shift & mask`. `mask` has at most `8 - shift` bits.
    fn field(self, bytes: Self::Bytes, shift: u32, mask: u8) -> Self::Bytes;
    /// `low | high << shift`. Nothing is shifted out of a byte.
    fn join(self, low: Self::Bytes, high: Self::Bytes, shift: u32) -> Self::Bytes;
    /// `bytes - number`, as signed bytes.
    fn less(self, bytes: Self::Bytes, number: u8) -> Self::Bytes;
    /// The entry of a table for each byte; a byte is at most 15.
    fn look_up(self, table: &[i8; 16], bytes: Self::Bytes) -> Self::Bytes;

    /// Widens signed bytes.
    fn widen(self, bytes: Self::Bytes) -> Self::Words;
    /// Loads words.
    fn words(self, from: &[i16; 32]) -> Self::Words;
    /// Loads and widens scales.
    fn scales(self, from: &[i8; 16]) -> Self::Scales;
    /// 16 times the first of two scales, then 16 times the second. Both are from the same
    /// half of the scales.
    fn pair(self, scales: Self::Scales, places: [usize; 2]) -> Self::Words;
    /// Products, which fit 16 bits.
    fn times(self, a: Self::Words, b: Self::Words) -> Self::Words;

    /// Sums of zero.
    fn none(self) -> Self::Sums;
    /// Adds the products of words to sums, without overflow.
    fn add_products(self, sums: Self::Sums, a: Self::Words, b: Self::Words) -> Self::Sums;
    /// The total of sums.
    fn count(self, sums: Self::Sums) -> i32;
    /// Totals of zero.
    fn no_totals(self) -> Self::Totals;
    /// `totals + scale * sums`, with a scale in every lane.
    fn add_scaled(
        self,
        totals: Self::Totals,
        sums: Self::Sums,
        scale: Self::Totals,
    ) -> Self::Totals;
    /// A number in every lane.
    fn each(self, number: f32) -> Self::Totals;
    /// A little-endian half in every lane.
    fn each_f16(self, half: &[u8; 2]) -> Self::Totals;
    /// Products, lane by lane.
    fn product(self, a: Self::Totals, b: Self::Totals) -> Self::Totals;
    /// The sum of all lanes.
    fn total(self, totals: Self::Totals) -> f32;

    /// Loads floats.
    fn floats(self, from: &[f32; 16]) -> Self::Floats;
    /// Loads little-endian floats.
    fn floats_of_bytes(self, from: &[u8; 64]) -> Self::Floats;
    /// A number 16 times, which is in every lane.
    fn repeated(self, number: Self::Totals) -> Self::Floats;
    /// Signed bytes as floats.
    fn to_floats(self, bytes: Self::Bytes) -> [Self::Floats; 2];
    /// Scales as floats, times a number that is in every lane.
    fn scaled(self, scales: Self::Scales, by: Self::Totals) -> Self::Floats;
    /// Widens 16 little-endian halves.
    fn widen_f16(self, from: &[u8; 32]) -> Self::Floats;
    /// Widens 16 little-endian upper halves of floats.
    fn widen_bf16(self, from: &[u8; 32]) -> Self::Floats;
    /// `sums + a * b`, rounded once or twice.
    fn fused(self, sums: Self::Floats, a: Self::Floats, b: Self::Floats) -> Self::Floats;
    /// `sums + a * b`, rounded twice: the same bits on every processor.
    fn unfused(self, sums: Self::Floats, a: Self::Floats, b: Self::Floats) -> Self::Floats;
    /// The sum of all 16.
    fn sum(self, floats: Self::Floats) -> f32;
    /// All 16, in order.
    fn stored_floats(self, floats: Self::Floats) -> [f32; 16];
    /// As doubles.
    fn widen_floats(self, floats: Self::Floats) -> [Self::Doubles; 2];

    /// Loads doubles.
    fn doubles(self, from: &[f64; 8]) -> Self::Doubles;
    /// A number 8 times.
    fn each_double(self, number: f64) -> Self::Doubles;
    /// `sums + a * b`, rounded once or twice.
    fn fused_doubles(
        self,
        sums: Self::Doubles,
        a: Self::Doubles,
        b: Self::Doubles,
    ) -> Self::Doubles;
    /// All 8, in order.
    fn stored(self, doubles: Self::Doubles) -> [f64; 8];
}

/// Methods of [`Vector`] whose bodies are intrinsics, except for a few.
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64", target_feature = "simd128"))]
macro_rules! methods {
    ($($name:ident($($argument:ident: $type:ty),*) -> $return:ty = $body:expr;)+) => {$(
        #[inline(always)]
        fn $name(self, $($argument: $type),*) -> $return {
            #[allow(unused_unsafe)]
            // SAFETY: the value is evidence of the instructions. Pointers are of arrays
            // that have the length that is loaded or stored.
            unsafe { $body }
        }
    )+};
}
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64", target_feature = "simd128"))]
pub(super) use methods;

/// An algorithm over vectors. `run` must be `#[inline(always)]`, and what it calls
/// too: only then is it compiled for the level.
pub trait Algorithm {
    /// Runs it with the vectors of a level.
    fn run(self, vectors: impl Vector);
}

/// Runs an algorithm with the vectors of a level.
pub fn with_vectors(level: Level, algorithm: impl Algorithm) {
    #[cfg(target_arch = "x86_64")]
    match level.kind() {
        // SAFETY: the level proves that the processor has the instructions.
        super::Kind::Avx512 => return unsafe { super::x86::with_avx512(algorithm) },
        // SAFETY: as above.
        super::Kind::Avx2 => return unsafe { super::x86::with_avx2(algorithm) },
        super::Kind::Baseline => {}
    }
    let _ = level;
    #[cfg(target_arch = "aarch64")]
    algorithm.run(super::neon::NEON);
    #[cfg(target_feature = "simd128")]
    algorithm.run(super::wasm::SIMD128);
    #[cfg(not(any(target_arch = "aarch64", target_feature = "simd128")))]
    algorithm.run(super::plain::Plain);
}
