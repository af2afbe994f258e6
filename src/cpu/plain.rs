//! Vectors as arrays, for any processor. The other vectors must equal them.
//!
//! All methods are loops over arrays: the compiler turns them into vectors of the
//! baseline, which it fails to do with `map` and `from_fn` in large functions.

use super::f16::f16;
use super::vector::Vector;

/// Arrays in place of registers.
#[derive(Clone, Copy, Debug)]
pub struct Plain;

/// The number of sums: two vectors of SSE2.
const SUMS: usize = 8;

/// An array with this value at `i`.
macro_rules! array {
    ($i:ident => $value:expr) => {{
        let mut array = [Default::default(); _];
        for $i in 0..array.len() {
            array[$i] = $value;
        }
        array
    }};
}

impl Vector for Plain {
    type Bytes = [u8; 32];
    type Words = [i16; 32];
    type Scales = [i16; 16];
    type Sums = [i32; SUMS];
    type Totals = [f32; SUMS];
    type Floats = [f32; 16];

    #[inline(always)]
    fn bytes(self, from: &[u8; 32]) -> [u8; 32] {
        *from
    }

    #[inline(always)]
    fn nibbles(self, from: &[u8; 16]) -> [u8; 32] {
        array!(i => from[i % 16] >> (i / 16 * 4) & 15)
    }

    #[inline(always)]
    fn bits(self, from: u32, value: u8) -> [u8; 32] {
        array!(i => value * (from >> i & 1) as u8)
    }

    #[inline(always)]
    fn field(self, bytes: [u8; 32], shift: u32, mask: u8) -> [u8; 32] {
        array!(i => bytes[i] >> shift & mask)
    }

    #[inline(always)]
    fn join(self, low: [u8; 32], high: [u8; 32], shift: u32) -> [u8; 32] {
        array!(i => low[i] | high[i] << shift)
    }

    #[inline(always)]
    fn less(self, bytes: [u8; 32], number: u8) -> [u8; 32] {
        array!(i => bytes[i].wrapping_sub(number))
    }

    #[inline(always)]
    fn look_up(self, table: &[i8; 16], bytes: [u8; 32]) -> [u8; 32] {
        array!(i => table[usize::from(bytes[i] % 16)].cast_unsigned())
    }

    #[inline(always)]
    fn widen(self, bytes: [u8; 32]) -> [i16; 32] {
        array!(i => bytes[i].cast_signed().into())
    }

    #[inline(always)]
    fn words(self, from: &[i16; 32]) -> [i16; 32] {
        *from
    }

    #[inline(always)]
    fn scales(self, from: &[i8; 16]) -> [i16; 16] {
        array!(i => from[i].into())
    }

    #[inline(always)]
    fn pair(self, scales: [i16; 16], places: [usize; 2]) -> [i16; 32] {
        array!(i => scales[places[i / 16] % 16])
    }

    #[inline(always)]
    fn times(self, a: [i16; 32], b: [i16; 32]) -> [i16; 32] {
        array!(i => a[i].wrapping_mul(b[i]))
    }

    #[inline(always)]
    fn none(self) -> [i32; SUMS] {
        [0; SUMS]
    }

    #[inline(always)]
    fn add_products(self, mut sums: [i32; SUMS], a: [i16; 32], b: [i16; 32]) -> [i32; SUMS] {
        for (a, b) in a.as_chunks::<SUMS>().0.iter().zip(b.as_chunks::<SUMS>().0) {
            for i in 0..SUMS {
                sums[i] = sums[i].wrapping_add(i32::from(a[i]) * i32::from(b[i]));
            }
        }
        sums
    }

    #[inline(always)]
    fn no_totals(self) -> [f32; SUMS] {
        [0.0; SUMS]
    }

    #[inline(always)]
    fn add_scaled(self, totals: [f32; SUMS], sums: [i32; SUMS], scale: [f32; SUMS]) -> [f32; SUMS] {
        array!(i => totals[i] + scale[i] * sums[i] as f32)
    }

    #[inline(always)]
    fn each(self, number: f32) -> [f32; SUMS] {
        [number; SUMS]
    }

    #[inline(always)]
    fn each_f16(self, half: &[u8; 2]) -> [f32; SUMS] {
        [f16(half); SUMS]
    }

    #[inline(always)]
    fn product(self, a: [f32; SUMS], b: [f32; SUMS]) -> [f32; SUMS] {
        array!(i => a[i] * b[i])
    }

    #[inline(always)]
    fn total(self, totals: [f32; SUMS]) -> f32 {
        across(totals)
    }

    #[inline(always)]
    fn floats(self, from: &[f32; 16]) -> [f32; 16] {
        *from
    }

    #[inline(always)]
    fn floats_of_bytes(self, from: &[u8; 64]) -> [f32; 16] {
        let (floats, _) = from.as_chunks();
        array!(i => f32::from_le_bytes(floats[i]))
    }

    #[inline(always)]
    fn repeated(self, number: [f32; SUMS]) -> [f32; 16] {
        [number[0]; 16]
    }

    #[inline(always)]
    fn widen_f16(self, from: &[u8; 32]) -> [f32; 16] {
        let (halves, _) = from.as_chunks();
        array!(i => f16(&halves[i]))
    }

    #[inline(always)]
    fn widen_bf16(self, from: &[u8; 32]) -> [f32; 16] {
        let (halves, _) = from.as_chunks();
        array!(i => f32::from_bits(u32::from(u16::from_le_bytes(halves[i])) << 16))
    }

    #[inline(always)]
    fn to_floats(self, bytes: [u8; 32]) -> [[f32; 16]; 2] {
        array!(half => array!(i => bytes[16 * half + i].cast_signed().into()))
    }

    #[inline(always)]
    fn scaled(self, scales: [i16; 16], by: [f32; SUMS]) -> [f32; 16] {
        array!(i => f32::from(scales[i]) * by[0])
    }

    #[inline(always)]
    fn fused(self, sums: [f32; 16], a: [f32; 16], b: [f32; 16]) -> [f32; 16] {
        array!(i => sums[i] + a[i] * b[i])
    }

    #[inline(always)]
    fn sum(self, floats: [f32; 16]) -> f32 {
        across(floats)
    }
}

#[inline(always)]
fn across<const N: usize>(mut lanes: [f32; N]) -> f32 {
    let mut width = N / 2;
    while width > 0 {
        for i in 0..width {
            lanes[i] += lanes[i + width];
        }
        width /= 2;
    }
    lanes[0]
}
