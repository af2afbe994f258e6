//! How each type stores its numbers. The drawings are above its decoder.

use super::blocks::{Blocks, Scales};
use super::floats::{Floats, HALF};
use crate::cpu::{Vector, f16};
use crate::quant::bits::{fields, join, planes, sequence};
use crate::quant::float4::{E2M1_DOUBLED, e8m0_halved};
use crate::quant::iq::LEVELS_IQ4;
use crate::quant::k_quants::packed_scales_and_mins;

pub(super) struct F32;
pub(super) struct F16;
pub(super) struct Bf16;

impl Floats<4> for F32 {
    #[inline(always)]
    fn widen<V: Vector>(v: V, values: &[[u8; 4]; HALF]) -> V::Floats {
        v.floats(&values.map(f32::from_le_bytes))
    }
}

impl Floats<2> for F16 {
    #[inline(always)]
    fn widen<V: Vector>(v: V, values: &[[u8; 2]; HALF]) -> V::Floats {
        v.widen_f16(values.as_flattened().first_chunk().expect("16 values have 32 bytes"))
    }
}

impl Floats<2> for Bf16 {
    #[inline(always)]
    fn widen<V: Vector>(v: V, values: &[[u8; 2]; HALF]) -> V::Floats {
        v.floats(&values.map(|x| f32::from_bits(u32::from(u16::from_le_bytes(x)) << 16)))
    }
}

/// Describes types of 32 values: their bytes, whether there is a minimum, then from the
/// block's fields its scale and minimum, and its numbers.
macro_rules! of_32 {
    ($($name:ident $bytes:literal $minima:literal
        |$($field:ident: $len:literal),+| $scale:expr, |$v:ident| $numbers:expr;)+) => {$(
        pub(super) struct $name;

        impl Blocks<$bytes> for $name {
            const CHUNKS: usize = 1;
            const SCALED: bool = false;
            const MINIMA: bool = $minima;

            #[inline(always)]
            #[allow(unused_variables)]
            fn scales(block: &[u8; $bytes]) -> Scales {
                fields!(block => $($field: $len),+);
                $scale
            }

            #[inline(always)]
            #[allow(unused_variables)]
            fn numbers<V: Vector>($v: V, block: &[u8; $bytes], _: usize) -> V::Bytes {
                fields!(block => $($field: $len),+);
                $numbers
            }
        }
    )+};
}

of_32! {
    Q4_0 18 false |d: 2, qs: 16| Scales::one(f16(d)), |v| v.less(v.nibbles(qs), 8);
    Q4_1 20 true |d: 2, m: 2, qs: 16| plus(f16(d), f16(m)), |v| v.nibbles(qs);
    Q5_0 22 false |d: 2, qh: 4, qs: 16| Scales::one(f16(d)), |v| v.less(fifth(v, qs, *qh), 16);
    Q5_1 24 true |d: 2, m: 2, qh: 4, qs: 16| plus(f16(d), f16(m)), |v| fifth(v, qs, *qh);
    Q8_0 34 false |d: 2, qs: 32| Scales::one(f16(d)), |v| v.bytes(qs);
    Iq4Nl 18 false |d: 2, qs: 16| Scales::one(f16(d)), |v| v.look_up(&LEVELS_IQ4, v.nibbles(qs));
    Mxfp4 17 false |e: 1, qs: 16| Scales::one(e8m0_halved(e[0])),
        |v| v.look_up(&E2M1_DOUBLED, v.nibbles(qs));
}

/// A block whose minimum is added.
#[inline(always)]
fn plus(d: f32, m: f32) -> Scales {
    Scales { e: -m, m: [[1; 2]; 8], ..Scales::one(d) }
}

/// Numbers whose bit 4 is stored separately.
#[inline(always)]
fn fifth<V: Vector>(v: V, qs: &[u8; 16], qh: [u8; 4]) -> V::Bytes {
    v.join(v.nibbles(qs), v.bits(u32::from_le_bytes(qh), 16), 0)
}

/// Describes types of 256 values: as [`of_32`], with the number of the chunk.
macro_rules! of_256 {
    ($($name:ident $bytes:literal $minima:literal
        |$($field:ident: $len:literal),+| $scale:expr, |$v:ident, $chunk:ident| $numbers:expr;)+) => {$(
        pub(super) struct $name;

        impl Blocks<$bytes> for $name {
            const CHUNKS: usize = 8;
            const SCALED: bool = true;
            const MINIMA: bool = $minima;

            #[inline(always)]
            #[allow(unused_variables)]
            fn scales(block: &[u8; $bytes]) -> Scales {
                fields!(block => $($field: $len),+);
                $scale
            }

            #[inline(always)]
            #[allow(unused_variables)]
            fn numbers<V: Vector>($v: V, block: &[u8; $bytes], $chunk: usize) -> V::Bytes {
                fields!(block => $($field: $len),+);
                $numbers
            }
        }
    )+};
}

of_256! {
    Q2K 84 true |scales: 16, qs: 64, d: 2, dmin: 2| of_16(
        [d, dmin], scales.map(|s| (s & 15).into()), scales.map(|s| (s >> 4).into()),
    ), |v, chunk| two_bits(v, qs, chunk);

    Q3K 110 false |hmask: 32, qs: 64, low: 8, high: 4, d: 2| of_16(
        [d, &[0; 2]],
        join::<4, 16>(planes::<4, 8, _, _>(low), planes::<2, 4, _, _>(high)).map(|s| i16::from(s) - 32),
        [0; 16],
    ), |v, chunk| {
        let high = v.field(v.bytes(hmask), chunk as u32, 1);
        v.less(v.join(two_bits(v, qs, chunk), high, 2), 4)
    };

    Q4K 144 true |d: 2, dmin: 2, scales: 12, qs: 128| packed(d, dmin, scales),
        |v, chunk| four_bits(v, qs, chunk);

    Q5K 176 true |d: 2, dmin: 2, scales: 12, qh: 32, qs: 128| packed(d, dmin, scales),
        |v, chunk| {
            let high = v.field(v.bytes(qh), chunk as u32, 1);
            v.join(four_bits(v, qs, chunk), high, 4)
        };

    Q6K 210 false |ql: 128, qh: 64, scales: 16, d: 2| of_16(
        [d, &[0; 2]], scales.map(|s| s.cast_signed().into()), [0; 16],
    ), |v, chunk| {
        let (group, plane) = (chunk / 4, chunk % 4);
        let low = v.bytes(&ql.as_chunks().0[2 * group + plane % 2]);
        let high = v.field(v.bytes(&qh.as_chunks().0[group]), 2 * plane as u32, 3);
        v.less(v.join(v.field(low, 4 * (plane as u32 / 2), 15), high, 4), 32)
    };

    Iq4Xs 136 false |d: 2, high: 2, low: 4, qs: 128| of_32(
        [d, &[0; 2]],
        join::<4, 8>(sequence::<4, _, _>(low), sequence::<2, _, _>(high)).map(|s| i16::from(s) - 32),
        [0; 8],
    ), |v, chunk| v.look_up(&LEVELS_IQ4, v.nibbles(&qs.as_chunks().0[chunk]));
}

/// Two bits a value, in planes of 32 bytes.
#[inline(always)]
fn two_bits<V: Vector>(v: V, qs: &[u8; 64], chunk: usize) -> V::Bytes {
    v.field(v.bytes(&qs.as_chunks().0[chunk / 4]), 2 * (chunk as u32 % 4), 3)
}

/// Four bits a value, in planes of 32 bytes.
#[inline(always)]
fn four_bits<V: Vector>(v: V, qs: &[u8; 128], chunk: usize) -> V::Bytes {
    v.field(v.bytes(&qs.as_chunks().0[chunk / 2]), 4 * (chunk as u32 % 2), 15)
}

/// The scales and minima of Q4_K and Q5_K.
#[inline(always)]
fn packed(d: &[u8; 2], dmin: &[u8; 2], packed: &[u8; 12]) -> Scales {
    let (s, m) = packed_scales_and_mins(packed);
    of_32([d, dmin], s.map(i16::from), m.map(i16::from))
}

/// Scales and minima of sub-blocks of 32 values.
#[inline(always)]
fn of_32([d, e]: [&[u8; 2]; 2], s: [i16; 8], m: [i16; 8]) -> Scales {
    Scales { d: f16(d), e: f16(e), s: s.map(|s| [s; 2]), m: m.map(|m| [m; 2]) }
}

/// Scales and minima of sub-blocks of 16 values.
#[inline(always)]
fn of_16([d, e]: [&[u8; 2]; 2], s: [i16; 16], m: [i16; 16]) -> Scales {
    let pairs = |of: [i16; 16]| std::array::from_fn(|i| [of[2 * i], of[2 * i + 1]]);
    Scales { d: f16(d), e: f16(e), s: pairs(s), m: pairs(m) }
}
