//! The steps of every decoder: cut a block into its fields, unpack the quants, widen
//! a half-precision scale, compute the values.

pub(super) use crate::cpu::f16;

/// Cuts a block into its fields, in storage order.
///
/// `fields!(block => d: 2, qs: 16)` binds `d: &[u8; 2]` and `qs: &[u8; 16]`. Sizes
/// that do not add up to the block are a type error.
macro_rules! fields {
    ($block:expr => $($field:ident: $len:literal),+) => {
        let rest: &[u8; 0 $(+ $len)+] = $block;
        let rest: &[u8] = rest;
        $(
            let ($field, rest) = rest
                .split_first_chunk::<$len>()
                .expect("the sizes add up to the block");
        )+
        let _ = rest;
    };
}
pub(super) use fields;

/// Unpacks quants of `BITS` bits that are stored in planes.
///
/// ggml packs for SIMD. Within a group of `GROUP` bytes, the first quants are the
/// lowest bits of every byte, and the next quants are the bits above those. So one
/// shift and one mask unpack a whole register. With 4 bits:
///
/// ```text
/// bytes   |q4 q0|q5 q1|q6 q2|q7 q3|   a group of 4, each byte drawn high|low
/// quants  q0 q1 q2 q3 q4 q5 q6 q7
/// ```
#[inline(always)]
pub(super) fn planes<const BITS: usize, const GROUP: usize, const N: usize, const M: usize>(
    bytes: &[u8; N],
) -> [u8; M] {
    const { assert!(8 % BITS == 0 && N.is_multiple_of(GROUP) && N * 8 == M * BITS) };
    let mut quants = [0; M];
    let groups = bytes.as_chunks::<GROUP>().0;
    for (quants, group) in quants.chunks_exact_mut(GROUP * 8 / BITS).zip(groups) {
        let planes = quants.as_chunks_mut::<GROUP>().0;
        for (plane, quants) in planes.iter_mut().enumerate() {
            for (q, byte) in quants.iter_mut().zip(group) {
                *q = (byte >> (plane * BITS)) & (0xff >> (8 - BITS));
            }
        }
    }
    quants
}

/// Unpacks quants of `BITS` bits that are stored in order, starting with the
/// lowest bits of the first byte.
#[inline(always)]
pub(super) fn sequence<const BITS: usize, const N: usize, const M: usize>(
    bytes: &[u8; N],
) -> [u8; M] {
    // With a group of one byte, planes are in order.
    planes::<BITS, 1, N, M>(bytes)
}

/// Puts `high` above the lowest `SHIFT` bits of each quant in `low`. Formats of 3,
/// 5 and 6 bits store the two parts separately.
#[inline(always)]
pub(super) fn join<const SHIFT: u32, const M: usize>(mut low: [u8; M], high: [u8; M]) -> [u8; M] {
    for (low, high) in low.iter_mut().zip(high) {
        *low |= high << SHIFT;
    }
    low
}

/// The levels of a codebook as floats.
pub(super) const fn floats(levels: [i8; 16]) -> [f32; 16] {
    let mut floats = [0.0; 16];
    let mut i = 0;
    while i < 16 {
        floats[i] = levels[i] as f32;
        i += 1;
    }
    floats
}

/// Writes the value of each quant.
#[inline(always)]
pub(super) fn decode<const N: usize>(
    out: &mut [f32; N],
    quants: &[u8; N],
    value: impl Fn(u8) -> f32,
) {
    for (y, q) in out.iter_mut().zip(quants) {
        *y = value(*q);
    }
}

/// Pairs each sub-block of a super-block's output with its quants.
#[inline(always)]
pub(super) fn sub_blocks<'a, const LEN: usize, const M: usize>(
    out: &'a mut [f32; M],
    quants: &'a [u8; M],
) -> impl Iterator<Item = (&'a mut [f32; LEN], &'a [u8; LEN])> {
    const { assert!(M.is_multiple_of(LEN)) };
    std::iter::zip(out.as_chunks_mut().0, quants.as_chunks().0)
}

/// Packs some bits of quants in planes, as [`planes`] unpacks them: the `BITS` bits from
/// bit `from` on.
pub(super) fn pack<const BITS: usize, const GROUP: usize>(
    quants: &[u8],
    from: u32,
    bytes: &mut [u8],
) {
    let mask = ((1_u16 << BITS) - 1) as u8;
    bytes.fill(0);
    let groups = bytes.as_chunks_mut::<GROUP>().0;
    for (quants, group) in quants.chunks_exact(GROUP * 8 / BITS).zip(groups) {
        for (plane, quants) in quants.as_chunks::<GROUP>().0.iter().enumerate() {
            for (byte, quant) in group.iter_mut().zip(quants) {
                *byte |= (quant >> from & mask) << (plane * BITS);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn planes_take_the_low_bits_of_a_whole_group_first() {
        let bytes = [0x40, 0x51, 0x62, 0x73, 0xc8, 0xd9, 0xea, 0xfb];
        let quants: [u8; 16] = planes::<4, 4, _, _>(&bytes);
        assert_eq!(quants, std::array::from_fn(|i| i as u8));
    }

    #[test]
    fn a_sequence_takes_one_byte_after_the_other() {
        let quants: [u8; 8] = sequence::<2, _, _>(&[0b11_10_01_00, 0b00_01_10_11]);
        assert_eq!(quants, [0, 1, 2, 3, 3, 2, 1, 0]);
    }

    #[test]
    fn fields_come_in_order() {
        let block = &[1, 2, 3, 4, 5, 6];
        fields!(block => a: 1, b: 3, c: 2);
        assert_eq!((a, b, c), (&[1], &[2, 3, 4], &[5, 6]));
    }
}
