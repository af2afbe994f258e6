//! How each type stores its numbers. The drawings are above its decoder.

use super::blocks::{Block, Scales, Super};
use super::floats::{Floats, HALF};
use crate::cpu::Vector;
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
        v.widen_bf16(values.as_flattened().first_chunk().expect("16 values have 32 bytes"))
    }
}

/// Describes types of blocks: their bytes, whether there is a minimum, then from the
/// block's fields `d` and `e`, and the numbers.
macro_rules! blocks {
    ($($name:ident $bytes:literal $minimum:literal |$v:ident, $($field:ident: $len:literal),+|
        $scales:expr, $numbers:expr;)+) => {$(
        pub(super) struct $name;

        impl Block<$bytes> for $name {
            const MINIMUM: bool = $minimum;

            #[inline(always)]
            #[allow(unused_variables)]
            fn scales<V: Vector>($v: V, block: &[u8; $bytes]) -> [f32; 2] {
                fields!(block => $($field: $len),+);
                $scales
            }

            #[inline(always)]
            #[allow(unused_variables)]
            fn numbers<V: Vector>($v: V, block: &[u8; $bytes]) -> V::Bytes {
                fields!(block => $($field: $len),+);
                $numbers
            }
        }
    )+};
}

#[rustfmt::skip]
blocks! {
    Q4_0 18 false |v, d: 2, qs: 16|
        [v.f16(*d), 0.0], v.less(v.nibbles(qs), 8);
    Q4_1 20 true |v, d: 2, m: 2, qs: 16|
        [v.f16(*d), -v.f16(*m)], v.nibbles(qs);
    Q5_0 22 false |v, d: 2, qh: 4, qs: 16|
        [v.f16(*d), 0.0], v.less(five_bits(v, qs, *qh), 16);
    Q5_1 24 true |v, d: 2, m: 2, qh: 4, qs: 16|
        [v.f16(*d), -v.f16(*m)], five_bits(v, qs, *qh);
    Q8_0 34 false |v, d: 2, qs: 32|
        [v.f16(*d), 0.0], v.bytes(qs);
    Iq4Nl 18 false |v, d: 2, qs: 16|
        [v.f16(*d), 0.0], v.look_up(&LEVELS_IQ4, v.nibbles(qs));
    Mxfp4 17 false |v, e: 1, qs: 16|
        [e8m0_halved(e[0]), 0.0], v.look_up(&E2M1_DOUBLED, v.nibbles(qs));
}

/// Numbers whose bit 4 is stored separately.
#[inline(always)]
fn five_bits<V: Vector>(v: V, qs: &[u8; 16], qh: [u8; 4]) -> V::Bytes {
    v.join(v.nibbles(qs), v.bits(u32::from_le_bytes(qh), 16), 0)
}

/// Describes types of super-blocks: their bytes, whether there are minima, then from the
/// super-block's fields its scales, and the numbers of a chunk.
macro_rules! super_blocks {
    ($($name:ident $bytes:literal $minima:literal
        |$v:ident, $chunk:ident, $($field:ident: $len:literal),+|
        $scales:expr, $numbers:expr;)+) => {$(
        pub(super) struct $name;

        impl Super<$bytes> for $name {
            const MINIMA: bool = $minima;

            #[inline(always)]
            #[allow(unused_variables)]
            fn scales<V: Vector>($v: V, block: &[u8; $bytes]) -> Scales {
                fields!(block => $($field: $len),+);
                $scales
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

#[rustfmt::skip]
super_blocks! {
    Q2K 84 true |v, chunk, scales: 16, qs: 64, d: 2, dmin: 2|
        Scales {
            d: v.f16(*d),
            e: v.f16(*dmin),
            s: scales.map(|s| (s & 15).cast_signed()),
            m: scales.map(|s| (s >> 4).cast_signed()),
        },
        two_bits(v, qs, chunk);

    Q3K 110 false |v, chunk, hmask: 32, qs: 64, low: 8, high: 4, d: 2|
        without_minima(
            v.f16(*d),
            join::<4, 16>(planes::<4, 8, _, _>(low), planes::<2, 4, _, _>(high))
                .map(|s| s.cast_signed() - 32),
        ),
        v.less(v.join(two_bits(v, qs, chunk), bit(v, hmask, chunk), 2), 4);

    Q4K 144 true |v, chunk, d: 2, dmin: 2, scales: 12, qs: 128|
        packed(v, *d, *dmin, scales),
        four_bits(v, qs, chunk);

    Q5K 176 true |v, chunk, d: 2, dmin: 2, scales: 12, qh: 32, qs: 128|
        packed(v, *d, *dmin, scales),
        v.join(four_bits(v, qs, chunk), bit(v, qh, chunk), 4);

    Q6K 210 false |v, chunk, ql: 128, qh: 64, scales: 16, d: 2|
        without_minima(v.f16(*d), scales.map(u8::cast_signed)),
        {
            let (group, plane) = (chunk / 4, chunk % 4);
            let low = v.bytes(&ql.as_chunks().0[2 * group + plane % 2]);
            let high = v.bytes(&qh.as_chunks().0[group]);
            let low = v.field(low, 4 * (plane as u32 / 2), 15);
            v.less(v.join(low, v.field(high, 2 * plane as u32, 3), 4), 32)
        };

    Iq4Xs 136 false |v, chunk, d: 2, high: 2, low: 4, qs: 128|
        without_minima(
            v.f16(*d),
            twice(
                join::<4, 8>(sequence::<4, _, _>(low), sequence::<2, _, _>(high))
                    .map(|s| s.cast_signed() - 32),
            ),
        ),
        v.look_up(&LEVELS_IQ4, v.nibbles(&qs.as_chunks().0[chunk]));
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

/// One bit a value, in planes of 32 bytes.
#[inline(always)]
fn bit<V: Vector>(v: V, bits: &[u8; 32], chunk: usize) -> V::Bytes {
    v.field(v.bytes(bits), chunk as u32, 1)
}

#[inline(always)]
fn without_minima(d: f32, s: [i8; 16]) -> Scales {
    Scales { d, e: 0.0, s, m: [0; 16] }
}

/// The scales and minima of Q4_K and Q5_K.
#[inline(always)]
fn packed(v: impl Vector, d: [u8; 2], dmin: [u8; 2], packed: &[u8; 12]) -> Scales {
    let (s, m) = packed_scales_and_mins(packed);
    let of_16 = |of_32: [u8; 8]| twice(of_32.map(u8::cast_signed));
    Scales { d: v.f16(d), e: v.f16(dmin), s: of_16(s), m: of_16(m) }
}

/// The scales of sub-blocks of 32 values, for each 16 values.
#[inline(always)]
fn twice(of_32: [i8; 8]) -> [i8; 16] {
    std::array::from_fn(|i| of_32[i / 2])
}
