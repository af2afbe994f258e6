//! Estimates against float64 over decoded rows, within their bound.

use super::{ESTIMATORS, Estimate, Estimator};
use crate::cpu::Level;
use crate::quant::{FORMATS, Format, made};
use crate::stats::SplitMix64;

fn all() -> impl Iterator<Item = (&'static Format, Estimator)> {
    FORMATS.iter().filter_map(|format| Some((format, format.estimator()?)))
}

#[test]
fn the_types_that_models_are_stored_in_have_an_estimator() {
    let names: Vec<&str> = all().map(|(format, _)| format.name).collect();
    assert_eq!(
        names.join(" "),
        "F32 F16 Q4_0 Q4_1 Q5_0 Q5_1 Q8_0 Q2_K Q3_K Q4_K Q5_K Q6_K IQ4_NL IQ4_XS BF16 MXFP4"
    );
    assert_eq!(names.len(), ESTIMATORS.len());
}

/// Holds the estimates of rows to their bound.
fn check(format: &Format, estimator: Estimator, rows: &[u8], dim: usize, vector: &[f32]) {
    let row_bytes = format.row_bytes(dim as u64).unwrap() as usize;
    let coded = estimator.code(vector);
    let codes: Vec<f64> = match coded.codes.is_empty() {
        true => vector.iter().map(|y| f64::from(*y)).collect(),
        false => coded.codes.concat().iter().map(|y| f64::from(*y)).collect(),
    };
    let left = vector.iter().zip(&codes).map(|(y, code)| f64::from(*y) - code * coded.step);
    let left = left.map(|x| x * x).sum::<f64>().sqrt();
    assert!(left <= coded.residual * (1.0 + 1e-9) + 1e-30, "{format}: {left} left out");
    let norm = codes.iter().map(|y| y * y).sum::<f64>().sqrt();
    for level in Level::available() {
        let mut out = vec![Estimate::default(); rows.len() / row_bytes];
        estimator.estimate(level, rows, &coded, &mut out);
        for (row, found) in rows.chunks_exact(row_bytes).zip(out) {
            let mut values = vec![0.0_f32; dim];
            format.decode(row, &mut values);
            if values.iter().any(|x| !x.is_finite()) {
                assert!(!found.square.is_finite(), "{format} at {}: {found:?}", level.name());
                continue;
            }
            let pairs = values.iter().map(|x| f64::from(*x)).zip(&codes);
            let dot: f64 = pairs.map(|(x, y)| x * y).sum();
            let square: f64 = values.iter().map(|x| f64::from(*x).powi(2)).sum();
            // Scales and sums that `f32` can't hold end in an infinity or a NaN.
            if !found.square.is_finite() || !found.mass.is_finite() {
                continue;
            }
            let (epsilon, mass) = (estimator.rounding(dim), f64::from(found.mass).max(square));
            let decoded = f64::exp2(-22.0) * 2.0_f64.sqrt() * mass.sqrt();
            let bound = (2.0_f64.sqrt() * epsilon * mass.sqrt() + decoded) * norm + 1e-30;
            let error = (f64::from(found.dot) - dot).abs();
            assert!(error <= bound, "{format} at {}: {error} of {bound}", level.name());
            let bound = 2.0 * epsilon * mass + 4.0 * decoded * mass.sqrt() + 1e-30;
            let error = (f64::from(found.square) - square).abs();
            assert!(error <= bound, "{format} at {}: {error} of {bound}", level.name());
        }
    }
}

#[test]
fn estimates_are_within_their_bound_at_every_level() {
    let mut random = SplitMix64::new(5);
    for (format, estimator) in all() {
        let dims: &[usize] = match format.block_len {
            1 => &[1, 2, 15, 16, 17, 31, 32, 33, 100, 641],
            32 => &[32, 64, 160, 640, 4096],
            _ => &[256, 512, 768, 4096],
        };
        for &dim in dims {
            let blocks = 40 * dim / format.block_len;
            let rows: Vec<u8> =
                (0..blocks).flat_map(|_| made::block(format, &mut random)).collect();
            for kind in 0..4 {
                let mut vector: Vec<f32> = (0..dim).map(|_| random.normal() as f32).collect();
                match kind {
                    // One value far above the others.
                    1 => vector[dim / 2] = 1e4,
                    2 => vector.iter_mut().for_each(|x| *x *= 1e-20),
                    3 => vector.fill(-1.0),
                    _ => {}
                }
                check(format, estimator, &rows, dim, &vector);
            }
        }
    }
}

/// The largest numbers and scales of each type, at the largest codes: no sum overflows.
#[test]
fn no_sum_overflows() {
    for (format, estimator) in all().filter(|(format, _)| format.block_len > 1) {
        let dim = 4 * format.block_len;
        for byte in [0x00, 0x7f, 0x80, 0xff, 0x0f, 0xf0, 0x1f, 0x20, 0x3f, 0xc0] {
            let one: u16 = 0x3c00;
            let mut block = vec![byte; format.block_bytes];
            if format.name == "MXFP4" {
                block[0] = 127;
            }
            for at in made::scales(format) {
                block[*at..at + 2].copy_from_slice(&one.to_le_bytes());
            }
            for sign in [1.0, -1.0] {
                check(format, estimator, &block.repeat(4), dim, &vec![sign; dim]);
            }
        }
    }
}

/// Values that are a small difference of a large product and a large minimum.
#[test]
fn minima_may_cancel_nearly_everything() {
    // All numbers times their scales are equal to the minima. Then the minima are scaled by
    // 1 + 2^-10.
    let one_and_a_bit = [0x00, 0x3c, 0x01, 0x3c];
    let packed = [[0x0c; 4], [0xfc; 4], [0xcc; 4]].concat();
    let blocks = [
        ("Q4_1", [&[0x00, 0x3c, 0x01, 0xc5][..], &[0x55; 16]].concat()),
        ("Q5_1", [&[0x00, 0x3c, 0x01, 0xc5][..], &[0; 4], &[0x55; 16]].concat()),
        ("Q2_K", [&[0xf5; 16][..], &[0xff; 64], &one_and_a_bit].concat()),
        ("Q4_K", [&one_and_a_bit[..], &packed, &[0x55; 128]].concat()),
        ("Q5_K", [&one_and_a_bit[..], &packed, &[0; 32], &[0x55; 128]].concat()),
    ];
    let mut random = SplitMix64::new(6);
    for (name, block) in blocks {
        let format = Format::from_name(name).unwrap();
        let mut values = vec![0.0; format.block_len];
        format.decode(&block, &mut values);
        assert!(values.iter().all(|x| *x != 0.0 && x.abs() < 0.1), "{name}: {values:?}");
        for blocks in [1, 4, 20] {
            let dim = blocks * format.block_len;
            let vector: Vec<f32> = (0..dim).map(|_| random.normal() as f32).collect();
            check(format, format.estimator().unwrap(), &block.repeat(3 * blocks), dim, &vector);
        }
    }
}
