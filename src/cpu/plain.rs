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

/// Methods of [`Vector`].
macro_rules! methods {
    ($($name:ident($($argument:ident: $type:ty),*) -> $return:ty = $body:expr;)+) => {$(
        #[inline(always)]
        fn $name(self, $($argument: $type),*) -> $return { $body }
    )+};
}

impl Vector for Plain {
    type Bytes = [u8; 32];
    type Words = [i16; 32];
    type Scales = [i16; 16];
    type Sums = [i32; SUMS];
    type Totals = [f32; SUMS];
    type Floats = [f32; 16];
    type Doubles = [f64; 8];

    methods! {
        bytes(from: &[u8; 32]) -> [u8; 32] = *from;
        nibbles(from: &[u8; 16]) -> [u8; 32] = array!(i => from[i % 16] >> (i / 16 * 4) & 15);
        bits(from: u32, value: u8) -> [u8; 32] = array!(i => value * (from >> i & 1) as u8);
        field(bytes: [u8; 32], shift: u32, mask: u8) -> [u8; 32] =
            array!(i => bytes[i] >> shift & mask);
        join(low: [u8; 32], high: [u8; 32], shift: u32) -> [u8; 32] =
            array!(i => low[i] | high[i] << shift);
        less(bytes: [u8; 32], number: u8) -> [u8; 32] = array!(i => bytes[i].wrapping_sub(number));
        look_up(table: &[i8; 16], bytes: [u8; 32]) -> [u8; 32] =
            array!(i => table[usize::from(bytes[i] % 16)].cast_unsigned());
        widen(bytes: [u8; 32]) -> [i16; 32] = array!(i => bytes[i].cast_signed().into());
        words(from: &[i16; 32]) -> [i16; 32] = *from;
        scales(from: &[i8; 16]) -> [i16; 16] = array!(i => from[i].into());
        pair(scales: [i16; 16], places: [usize; 2]) -> [i16; 32] =
            array!(i => scales[places[i / 16] % 16]);
        times(a: [i16; 32], b: [i16; 32]) -> [i16; 32] = array!(i => a[i].wrapping_mul(b[i]));
        none() -> [i32; SUMS] = [0; SUMS];
        add_products(sums: [i32; SUMS], a: [i16; 32], b: [i16; 32]) -> [i32; SUMS] = {
            let mut sums = sums;
            for (a, b) in a.as_chunks::<SUMS>().0.iter().zip(b.as_chunks::<SUMS>().0) {
                for i in 0..SUMS {
                    sums[i] = sums[i].wrapping_add(i32::from(a[i]) * i32::from(b[i]));
                }
            }
            sums
        };
        count(sums: [i32; SUMS]) -> i32 =
            sums.iter().fold(0, |count, sum| count.wrapping_add(*sum));
        no_totals() -> [f32; SUMS] = [0.0; SUMS];
        add_scaled(totals: [f32; SUMS], sums: [i32; SUMS], scale: [f32; SUMS]) -> [f32; SUMS] =
            array!(i => totals[i] + scale[i] * sums[i] as f32);
        each(number: f32) -> [f32; SUMS] = [number; SUMS];
        each_f16(half: &[u8; 2]) -> [f32; SUMS] = [f16(half); SUMS];
        product(a: [f32; SUMS], b: [f32; SUMS]) -> [f32; SUMS] = array!(i => a[i] * b[i]);
        total(totals: [f32; SUMS]) -> f32 = across(totals);
        floats(from: &[f32; 16]) -> [f32; 16] = *from;
        floats_of_bytes(from: &[u8; 64]) -> [f32; 16] = {
            let (floats, _) = from.as_chunks();
            array!(i => f32::from_le_bytes(floats[i]))
        };
        repeated(number: [f32; SUMS]) -> [f32; 16] = [number[0]; 16];
        to_floats(bytes: [u8; 32]) -> [[f32; 16]; 2] =
            array!(half => array!(i => bytes[16 * half + i].cast_signed().into()));
        scaled(scales: [i16; 16], by: [f32; SUMS]) -> [f32; 16] =
            array!(i => f32::from(scales[i]) * by[0]);
        widen_f16(from: &[u8; 32]) -> [f32; 16] = {
            let (halves, _) = from.as_chunks();
            array!(i => f16(&halves[i]))
        };
        widen_bf16(from: &[u8; 32]) -> [f32; 16] = {
            let (halves, _) = from.as_chunks();
            array!(i => f32::from_bits(u32::from(u16::from_le_bytes(halves[i])) << 16))
        };
        fused(sums: [f32; 16], a: [f32; 16], b: [f32; 16]) -> [f32; 16] =
            array!(i => sums[i] + a[i] * b[i]);
        unfused(sums: [f32; 16], a: [f32; 16], b: [f32; 16]) -> [f32; 16] =
            array!(i => sums[i] + a[i] * b[i]);
        sum(floats: [f32; 16]) -> f32 = across(floats);
        stored_floats(floats: [f32; 16]) -> [f32; 16] = floats;
        widen_floats(floats: [f32; 16]) -> [[f64; 8]; 2] =
            array!(half => array!(i => floats[8 * half + i].into()));
        doubles(from: &[f64; 8]) -> [f64; 8] = *from;
        each_double(number: f64) -> [f64; 8] = [number; 8];
        fused_doubles(sums: [f64; 8], a: [f64; 8], b: [f64; 8]) -> [f64; 8] =
            array!(i => sums[i] + a[i] * b[i]);
        stored(doubles: [f64; 8]) -> [f64; 8] = doubles;
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
