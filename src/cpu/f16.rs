//! IEEE half precision, without the instructions for it.

/// Widens a little-endian IEEE half.
///
/// It has no calls and no unpredictable branches, so a row of halves vectorises on
/// any machine. The bits equal those of the F16C instructions: a NaN keeps its
/// payload and becomes quiet.
#[inline(always)]
pub(crate) fn f16(bytes: &[u8; 2]) -> f32 {
    let bits = u32::from(u16::from_le_bytes(*bytes));
    let (sign, magnitude) = (bits & 0x8000, bits & 0x7fff);
    let wide = magnitude << 13;
    let widened = match magnitude {
        // Subnormal: a multiple of 2^-24, the value of the last bit of 0.5. The
        // subtraction normalises the result.
        0..0x0400 => (f32::from_bits(0.5_f32.to_bits() | magnitude) - 0.5).to_bits(),
        // The bias of the exponent grows from 15 to 127.
        0x0400..0x7c00 => wide + ((127 - 15) << 23),
        0x7c00 => f32::INFINITY.to_bits(),
        _ => f32::NAN.to_bits() | wide,
    };
    f32::from_bits(sign << 16 | widened)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn f16_agrees_with_the_half_crate_on_every_pattern() {
        for bits in 0..=u16::MAX {
            let (ours, theirs) =
                (f16(&bits.to_le_bytes()), half::f16::from_bits(bits).to_f32_const());
            assert_eq!(ours.to_bits(), theirs.to_bits(), "{bits:#06x}");
        }
    }
}
