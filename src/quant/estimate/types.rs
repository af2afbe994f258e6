//! How each type stores its numbers. The drawings are above its decoder.

use super::blocks::{Block, Scales, Super};
use super::floats::{Floats, HALF, Line};
use crate::cpu::Vector;
use crate::quant::bits::fields;
use crate::quant::float4::{E2M1_DOUBLED, e8m0_halved};
use crate::quant::iq::LEVELS_IQ4;
use crate::quant::k_quants::packed_scales_and_mins;

pub(super) struct F32;
pub(super) struct F16;
pub(super) struct Bf16;

impl Floats<4> for F32 {
    #[inline(always)]
    fn widen<V: Vector>(v: V, values: &[[u8; 4]; HALF]) -> V::Floats {
        v.floats_of_bytes(values.as_flattened().first_chunk().expect("16 values have 64 bytes"))
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

/// Describes types of blocks: their bytes, then from the block's fields its scale or
/// scales, and the numbers.
macro_rules! blocks {
    ($($name:ident: $trait:ident $bytes:literal |$v:ident, $($field:ident: $len:literal),+|
        $scales:ident: $type:ty = $scale:expr, $numbers:expr;)+) => {$(
        pub(super) struct $name;

        impl $trait<$bytes> for $name {
            #[inline(always)]
            #[allow(unused_variables)]
            fn $scales<V: Vector>($v: V, block: &[u8; $bytes]) -> $type {
                fields!(block => $($field: $len),+);
                $scale
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
    Q4_0: Block 18 |v, d: 2, qs: 16|
        scale: V::Totals = v.each_f16(d), v.less(v.nibbles(qs), 8);
    Q4_1: Line 20 |v, d: 2, m: 2, qs: 16|
        scales: [V::Totals; 2] = [v.each_f16(d), v.each_f16(m)], v.nibbles(qs);
    Q5_0: Block 22 |v, d: 2, qh: 4, qs: 16|
        scale: V::Totals = v.each_f16(d), v.less(five_bits(v, qs, *qh), 16);
    Q5_1: Line 24 |v, d: 2, m: 2, qh: 4, qs: 16|
        scales: [V::Totals; 2] = [v.each_f16(d), v.each_f16(m)], five_bits(v, qs, *qh);
    Q8_0: Block 34 |v, d: 2, qs: 32|
        scale: V::Totals = v.each_f16(d), v.bytes(qs);
    Iq4Nl: Block 18 |v, d: 2, qs: 16|
        scale: V::Totals = v.each_f16(d), v.look_up(&LEVELS_IQ4, v.nibbles(qs));
    Mxfp4: Block 17 |v, e: 1, qs: 16|
        scale: V::Totals = v.each(e8m0_halved(e[0])), v.look_up(&E2M1_DOUBLED, v.nibbles(qs));
}

/// Numbers whose bit 4 is stored separately.
#[inline(always)]
fn five_bits<V: Vector>(v: V, qs: &[u8; 16], qh: [u8; 4]) -> V::Bytes {
    v.join(v.nibbles(qs), v.bits(u32::from_le_bytes(qh), 16), 0)
}

/// Describes types of super-blocks: their bytes, the values of a sub-block, whether there are
/// minima, then from the super-block's fields its scales, and the numbers of a chunk.
macro_rules! super_blocks {
    ($($name:ident $bytes:literal $together:literal $minima:literal
        |$v:ident, $chunk:ident, $($field:ident: $len:literal),+|
        $scales:expr, $numbers:expr;)+) => {$(
        pub(super) struct $name;

        impl Super<$bytes> for $name {
            const TOGETHER: usize = $together;
            const MINIMA: bool = $minima;

            #[inline(always)]
            #[allow(unused_variables)]
            fn scales<V: Vector>($v: V, block: &[u8; $bytes]) -> Scales<V::Totals> {
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
    Q2K 84 16 true |v, chunk, scales: 16, qs: 64, d: 2, dmin: 2|
        Scales {
            d: v.each_f16(d),
            e: v.each_f16(dmin),
            s: each(scales, |s| s & 15),
            m: each(scales, |s| s >> 4),
        },
        two_bits(v, qs, chunk);

    Q3K 110 16 false |v, chunk, hmask: 32, qs: 64, low: 8, high: 4, d: 2|
        without_minima(
            v,
            d,
            each(&scales_of_q3_k(low, high), |s| s.wrapping_sub(32)),
        ),
        v.less(v.join(two_bits(v, qs, chunk), bit(v, hmask, chunk), 2), 4);

    Q4K 144 32 true |v, chunk, d: 2, dmin: 2, scales: 12, qs: 128|
        packed(v, d, dmin, scales),
        four_bits(v, qs, chunk);

    Q5K 176 32 true |v, chunk, d: 2, dmin: 2, scales: 12, qh: 32, qs: 128|
        packed(v, d, dmin, scales),
        v.join(four_bits(v, qs, chunk), bit(v, qh, chunk), 4);

    Q6K 210 16 false |v, chunk, ql: 128, qh: 64, scales: 16, d: 2|
        without_minima(v, d, each(scales, |s| s)),
        {
            let (group, plane) = (chunk / 4, chunk % 4);
            let low = v.bytes(&ql.as_chunks().0[2 * group + plane % 2]);
            let high = v.bytes(&qh.as_chunks().0[group]);
            let low = v.field(low, 4 * (plane as u32 / 2), 15);
            v.less(v.join(low, v.field(high, 2 * plane as u32, 3), 4), 32)
        };

    Iq4Xs 136 32 false |v, chunk, d: 2, high: 2, low: 4, qs: 128|
        without_minima(
            v,
            d,
            scales_of_iq4_xs(*low, *high),
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
fn without_minima<V: Vector>(v: V, d: &[u8; 2], s: [i8; 16]) -> Scales<V::Totals> {
    Scales { d: v.each_f16(d), e: v.no_totals(), s, m: [0; 16] }
}

/// The scales and minima of Q4_K and Q5_K.
#[inline(always)]
fn packed<V: Vector>(v: V, d: &[u8; 2], dmin: &[u8; 2], packed: &[u8; 12]) -> Scales<V::Totals> {
    let (s, m) = packed_scales_and_mins(packed);
    Scales { d: v.each_f16(d), e: v.each_f16(dmin), s: eight(s), m: eight(m) }
}

/// Eight scales, then zeros.
#[inline(always)]
fn eight(bytes: [u8; 8]) -> [i8; 16] {
    each(&u128::from(u64::from_le_bytes(bytes)).to_le_bytes(), |s| s)
}

/// Scales from their bytes.
#[inline(always)]
fn each(bytes: &[u8; 16], scale: impl Fn(u8) -> u8) -> [i8; 16] {
    let mut scales = [0; 16];
    for (to, byte) in scales.iter_mut().zip(bytes) {
        *to = scale(*byte).cast_signed();
    }
    scales
}

/// The 16 scales of Q3_K, of six bits each: as its decoder, four at a time.
#[inline(always)]
fn scales_of_q3_k(low: &[u8; 8], high: &[u8; 4]) -> [u8; 16] {
    let [first, second]: [[u8; 4]; 2] =
        [[low[0], low[1], low[2], low[3]], [low[4], low[5], low[6], low[7]]];
    let (first, second) = (u32::from_le_bytes(first), u32::from_le_bytes(second));
    let high = u32::from_le_bytes(*high);
    let four = |low: u32, high: u32| u128::from(low & 0x0f0f_0f0f | (high & 0x0303_0303) << 4);
    let all = four(first, high)
        | four(second, high >> 2) << 32
        | four(first >> 4, high >> 4) << 64
        | four(second >> 4, high >> 6) << 96;
    all.to_le_bytes()
}

/// The 8 scales of IQ4_XS, of six bits each: as its decoder, all at once.
#[inline(always)]
fn scales_of_iq4_xs(low: [u8; 4], high: [u8; 2]) -> [i8; 16] {
    // Moves groups of bits apart, half of them at a time, until each is in its byte.
    let low = u64::from(u32::from_le_bytes(low));
    let low = (low | low << 16) & 0x0000_ffff_0000_ffff;
    let low = (low | low << 8) & 0x00ff_00ff_00ff_00ff;
    let low = (low | low << 4) & 0x0f0f_0f0f_0f0f_0f0f;
    let high = u64::from(u16::from_le_bytes(high));
    let high = (high | high << 24) & 0x0000_00ff_0000_00ff;
    let high = (high | high << 12) & 0x000f_000f_000f_000f;
    let high = (high | high << 6) & 0x0303_0303_0303_0303;
    let mut bytes = (low | high << 4).to_le_bytes();
    bytes.iter_mut().for_each(|scale| *scale = scale.wrapping_sub(32));
    eight(bytes)
}
