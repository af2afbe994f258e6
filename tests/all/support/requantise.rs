//! Plain encoders that quantise values, to make tables of other types for tests.
//! llama-quantize searches for better scales; these do not.

use half::f16;

/// Encodes `values` as the ggml type with this name. The values must be whole
/// blocks.
pub fn encode(format: &str, values: &[f32]) -> Vec<u8> {
    let blocks = |len: usize, block: &dyn Fn(&[f32]) -> Vec<u8>| {
        assert_eq!(values.len() % len, 0);
        values.chunks(len).flat_map(block).collect()
    };
    match format {
        "F16" => values.iter().flat_map(|x| f16::from_f32(*x).to_le_bytes()).collect(),
        "Q4_0" => blocks(32, &q4_0),
        "Q4_K" => blocks(256, &q4_k),
        "Q6_K" => blocks(256, &q6_k),
        other => panic!("no encoder for {other}"),
    }
}

/// The step number of a value on a grid, limited to the grid's ends. 0 if the step
/// size is 0.
fn step(value: f32, size: f32, ends: std::ops::RangeInclusive<f32>) -> i32 {
    let n = if size == 0.0 { 0.0 } else { (value / size).round() };
    n.clamp(*ends.start(), *ends.end()) as i32
}

fn largest(values: &[f32]) -> f32 {
    values.iter().fold(0.0, |largest, value| value.abs().max(largest))
}

/// A scale rounded to `f16`, as it will be read back, and its bytes.
fn half(scale: f32) -> (f32, [u8; 2]) {
    let half = f16::from_f32(scale);
    (half.to_f32(), half.to_le_bytes())
}

fn q4_0(x: &[f32]) -> Vec<u8> {
    let (d, bytes) = half(largest(x) / 7.0);
    let q = |i: usize| (step(x[i], d, -8.0..=7.0) + 8) as u8;
    bytes.into_iter().chain((0..16).map(|i| q(i) | q(i + 16) << 4)).collect()
}

fn q6_k(x: &[f32]) -> Vec<u8> {
    let scales: Vec<f32> = x.chunks(16).map(|x| largest(x) / 31.0).collect();
    let (d, d_bytes) = half(largest(&scales) / 127.0);
    let scales: Vec<i32> = scales.iter().map(|scale| step(*scale, d, 0.0..=127.0)).collect();
    let q = |i: usize| (step(x[i], d * scales[i / 16] as f32, -32.0..=31.0) + 32) as u8;
    let (mut low, mut high) = (Vec::new(), Vec::new());
    for half in [0, 128] {
        low.extend((half..half + 64).map(|i| q(i) & 15 | (q(i + 64) & 15) << 4));
        high.extend(
            (half..half + 32).map(|i| {
                (0..4).fold(0, |byte, plane| byte | q(i + 32 * plane) >> 4 << (2 * plane))
            }),
        );
    }
    let scales = scales.iter().map(|scale| *scale as u8);
    low.into_iter().chain(high).chain(scales).chain(d_bytes).collect()
}

fn q4_k(x: &[f32]) -> Vec<u8> {
    let ends = |x: &[f32]| {
        let low = x.iter().fold(0.0_f32, |low, value| low.min(*value));
        let high = x.iter().fold(0.0_f32, |high, value| high.max(*value));
        ((high - low) / 15.0, -low)
    };
    let (scales, mins): (Vec<f32>, Vec<f32>) = x.chunks(32).map(ends).unzip();
    let (d, d_bytes) = half(largest(&scales) / 63.0);
    let (dmin, dmin_bytes) = half(largest(&mins) / 63.0);
    let sc: Vec<u8> = scales.iter().map(|scale| step(*scale, d, 0.0..=63.0) as u8).collect();
    let m: Vec<u8> = mins.iter().map(|min| step(*min, dmin, 0.0..=63.0) as u8).collect();
    let q = |i: usize| {
        let (scale, min) = (d * f32::from(sc[i / 32]), dmin * f32::from(m[i / 32]));
        step(x[i] + min, scale, 0.0..=15.0) as u8
    };
    let packed = (0..4)
        .map(|j| sc[j] | sc[j + 4] >> 4 << 6)
        .chain((0..4).map(|j| m[j] | m[j + 4] >> 4 << 6))
        .chain((4..8).map(|j| sc[j] & 15 | (m[j] & 15) << 4));
    let quants =
        (0..4).flat_map(|group| (64 * group..64 * group + 32).map(|i| q(i) | q(i + 32) << 4));
    d_bytes.into_iter().chain(dmin_bytes).chain(packed).chain(quants).collect()
}
