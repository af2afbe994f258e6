//! Random blocks, for tests.

use super::Format;
use crate::stats::SplitMix64;

/// Where types keep their scales in half precision. Others are random bytes as they are.
const SCALES: &[(&str, &[usize])] = &[
    ("Q4_0", &[0]),
    ("Q4_1", &[0, 2]),
    ("Q5_0", &[0]),
    ("Q5_1", &[0, 2]),
    ("Q8_0", &[0]),
    ("Q2_K", &[80, 82]),
    ("Q3_K", &[108]),
    ("Q4_K", &[0, 2]),
    ("Q5_K", &[0, 2]),
    ("Q6_K", &[208]),
    ("IQ4_NL", &[0]),
    ("IQ4_XS", &[0]),
];

/// The places of a type's scales in a block.
pub(crate) fn scales(format: &Format) -> &'static [usize] {
    SCALES.iter().find(|it| it.0 == format.name).map_or(&[], |it| it.1)
}

/// A block with ordinary scales, or one time in 200 with any: infinite, NaN, negative,
/// tiny.
pub(crate) fn block(format: &Format, random: &mut SplitMix64) -> Vec<u8> {
    let mut block: Vec<u8> = (0..format.block_bytes).map(|_| random.bits() as u8).collect();
    for at in scales(format) {
        let scale = match random.below(200) {
            0 => random.bits() as u16,
            1 => 0x0001,
            _ => 0x1c00 + random.below(0x400) as u16,
        };
        block[*at..at + 2].copy_from_slice(&scale.to_le_bytes());
    }
    match format.name {
        // An exponent.
        "MXFP4" if random.below(200) > 0 => block[0] = 120 + random.below(4) as u8,
        "F32" | "F16" | "BF16" if random.below(2000) > 0 => {
            let value = random.normal() as f32;
            match format.name {
                "F16" => block.copy_from_slice(&half::f16::from_f32(value).to_le_bytes()),
                "BF16" => block.copy_from_slice(&half::bf16::from_f32(value).to_le_bytes()),
                _ => block.copy_from_slice(&value.to_le_bytes()),
            }
        }
        _ => {}
    }
    block
}
