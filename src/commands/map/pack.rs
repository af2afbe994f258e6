//! The data of a map's page: a header, then columns of bytes, compressed together.
//!
//! | column | what | in the order of |
//! |---|---|---|
//! | x, y | 16 bits each | IDs |
//! | IDs | the step from the ID before | IDs |
//! | norms | places in a list of rounded norms in the header | the curve |
//! | groups | a byte for each way to colour | the curve |
//! | nearest rows | how many, cosines in hundredths, steps along the curve | the curve |
//! | texts | visible, one a line | the curve |
//!
//! The curve is Hilbert's: it passes all points, and points that are near on it are near
//! on the map. Near points are alike, which compresses well, and steps to near rows are
//! short. Numbers are stored as all their low bytes, then all the next ones: high bytes
//! are mostly alike.

use anyhow::Result;
use serde::Serialize;

use super::answer::{MapReport, Points};
use super::groups::Groups;
use crate::text::clip;

/// At most this many columns of a text.
const TEXT: usize = 200;

#[derive(Serialize)]
struct Header<'a> {
    title: String,
    truth: Vec<String>,
    n: usize,
    k: usize,
    /// Places of points.
    path: Vec<usize>,
    labels: Vec<usize>,
    /// The norms that points have, with so many digits as a page shows.
    lengths: Vec<String>,
    groups: Vec<Mode<'a>>,
}

/// A way to colour points.
#[derive(Serialize)]
struct Mode<'a> {
    by: &'a str,
    names: Vec<&'a str>,
    colours: Vec<[&'a str; 2]>,
}

/// The data of a page with at most `k` nearest rows of each point.
pub(super) fn pack(report: &MapReport, k: usize) -> Result<Vec<u8>> {
    let points = &report.points;
    let mut modes =
        vec![Groups::by_script(points), Groups::by_kind(points), Groups::by_type(points)];
    modes.extend(Groups::by_untrained(points));
    // The page begins with the first.
    let first = Groups::of(points).by;
    modes.sort_by_key(|mode| mode.by != first);
    let (lengths, norms) = norms(&points.norms);
    let at = |ids: &[u64]| ids.iter().filter_map(|id| points.at(*id)).collect();
    let header = Header {
        title: report.title(),
        truth: report.truths(),
        n: points.len(),
        k,
        path: at(&report.path),
        labels: at(&report.labels),
        lengths,
        groups: modes
            .iter()
            .map(|mode| Mode {
                by: mode.by,
                names: mode.groups.iter().map(|group| group.name).collect(),
                colours: mode.groups.iter().map(|group| group.colour).collect(),
            })
            .collect(),
    };
    let header = serde_json::to_vec(&header)?;
    let mut bytes = Vec::new();
    bytes.extend_from_slice(&(header.len() as u32).to_le_bytes());
    bytes.extend_from_slice(&header);
    let places = places(points);
    planes(places.iter().map(|place| place[0].into()), 2, &mut bytes);
    planes(places.iter().map(|place| place[1].into()), 2, &mut bytes);
    let steps = points.ids.iter().enumerate().map(|(at, id)| match at.checked_sub(1) {
        None => *id as u32,
        Some(before) => (id - points.ids[before]) as u32,
    });
    planes(steps, 4, &mut bytes);
    let curve = curve(&places);
    let along = || curve.iter().map(|at| *at as usize);
    planes(along().map(|at| norms[at]), 2, &mut bytes);
    modes.iter().for_each(|mode| bytes.extend(along().map(|at| mode.of[at])));
    nearest(points, &curve, k, &mut bytes);
    for at in along() {
        bytes.extend_from_slice(clip(&points.tokens[at].exact(), TEXT).as_bytes());
        bytes.push(b'\n');
    }
    Ok(miniz_oxide::deflate::compress_to_vec(&bytes, 9))
}

/// The number's bytes: the lowest of all numbers, then the next ones.
fn planes(numbers: impl Iterator<Item = u32> + Clone, width: u32, bytes: &mut Vec<u8>) {
    for plane in 0..width {
        bytes.extend(numbers.clone().map(|number| (number >> (8 * plane)) as u8));
    }
}

/// The points in a square of 65,536 by 65,536.
fn places(points: &Points) -> Vec<[u16; 2]> {
    let [least, most] = super::extent(&points.places);
    let span = (most[0] - least[0]).max(most[1] - least[1]);
    let zoom = if span > 0.0 { 65535.0 / span } else { 0.0 };
    let middle = [0, 1].map(|axis| least[axis] / 2.0 + most[axis] / 2.0);
    let fit = |place: &[f32; 2]| {
        [0, 1].map(|axis| (32767.5 + (place[axis] - middle[axis]) * zoom).round() as u16)
    };
    points.places.iter().map(fit).collect()
}

/// The points along Hilbert's curve.
fn curve(places: &[[u16; 2]]) -> Vec<u32> {
    let mut order: Vec<u32> = (0..places.len() as u32).collect();
    order.sort_by_cached_key(|at| along(places[*at as usize]));
    order
}

/// How far along the curve a point of the square is.
fn along([mut x, mut y]: [u16; 2]) -> u32 {
    let mut far = 0;
    for bit in (0..16).rev() {
        let [right, up] = [x, y].map(|v| u32::from(v) >> bit & 1);
        far = far << 2 | (3 * right) ^ up;
        if up == 0 {
            if right == 1 {
                [x, y] = [!x, !y];
            }
            [x, y] = [y, x];
        }
    }
    far
}

/// The nearest rows of each point, in five columns: how many; the first cosine in hundredths
/// above -1; by how much each next one is less; the bits of each step along the curve, but
/// for the highest, which is always 1: how many, and then the bits themselves.
fn nearest(points: &Points, order: &[u32], k: usize, bytes: &mut Vec<u8>) {
    let mut rank = vec![0i32; points.len()];
    for (at, point) in order.iter().enumerate() {
        rank[*point as usize] = at as i32;
    }
    let [mut firsts, mut drops, mut lengths] = [const { Vec::new() }; 3];
    let mut bits = Bits::default();
    for (own, at) in order.iter().enumerate() {
        let before = lengths.len();
        let mut level: Option<i32> = None;
        for (near, cosine) in points.nearest(*at as usize).take(k) {
            let step = rank[near] - own as i32;
            // The sign is the lowest bit. No step is 0.
            let step = ((step << 1) ^ (step >> 31)) as u32;
            let length = step.max(1).ilog2();
            lengths.push(length as u8);
            bits.push(step, length);
            let hundredths = (cosine * 100.0).round().clamp(-100.0, 100.0) as i32 + 100;
            match level {
                None => firsts.push(hundredths as u8),
                Some(level) => drops.push((level - hundredths).max(0) as u8),
            }
            level = Some(level.map_or(hundredths, |level| level.min(hundredths)));
        }
        if level.is_none() {
            firsts.push(0);
        }
        bytes.push((lengths.len() - before) as u8);
    }
    [firsts, drops, lengths, bits.bytes].iter().for_each(|column| bytes.extend(column));
}

/// Numbers of any length, the lowest bits first.
#[derive(Default)]
struct Bits {
    bytes: Vec<u8>,
    /// How many bits of the last byte are free.
    free: u32,
}

impl Bits {
    fn push(&mut self, number: u32, length: u32) {
        for bit in 0..length {
            if self.free == 0 {
                self.bytes.push(0);
                self.free = 8;
            }
            if let Some(last) = self.bytes.last_mut() {
                *last |= ((number >> bit & 1) << (8 - self.free)) as u8;
            }
            self.free -= 1;
        }
    }
}

/// The norms with as many digits as give few enough different ones, and each point's place
/// among these.
fn norms(norms: &[f32]) -> (Vec<String>, Vec<u32>) {
    for digits in [3, 2, 1, 0] {
        let told: Vec<String> = norms.iter().map(|norm| format!("{norm:.digits$e}")).collect();
        let mut all: Vec<&str> = told.iter().map(String::as_str).collect();
        all.sort_unstable();
        all.dedup();
        if all.len() <= 1 << 12 || digits == 0 {
            let mut values: Vec<f32> = all.iter().filter_map(|text| text.parse().ok()).collect();
            values.sort_by(f32::total_cmp);
            let place = |text: &String| {
                let value = text.parse().unwrap_or(0.0);
                values.partition_point(|other| other.total_cmp(&value).is_lt()) as u32
            };
            let places = told.iter().map(place).collect();
            return (values.iter().map(|value| value.to_string()).collect(), places);
        }
    }
    unreachable!("one digit gives few norms")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_curve_passes_from_cell_to_next_cell() {
        let side = 32u16;
        let cells = (0..side).flat_map(|y| (0..side).map(move |x| [x, y]));
        let places: Vec<[u16; 2]> = cells.map(|place| place.map(|v| v * 2048 + 7)).collect();
        let order = curve(&places);
        for pair in order.windows(2) {
            let [a, b] = [pair[0], pair[1]].map(|at| places[at as usize]);
            let apart = a[0].abs_diff(b[0]) / 2048 + a[1].abs_diff(b[1]) / 2048;
            assert_eq!(apart, 1, "{a:?} {b:?}");
        }
        assert_eq!((along([0, 0]), along([65535, 0])), (0, u32::MAX));
    }

    #[test]
    fn numbers_are_cut_into_planes() {
        let mut bytes = Vec::new();
        planes([0x0102u32, 0x0304].into_iter(), 2, &mut bytes);
        assert_eq!(bytes, [2, 4, 1, 3]);
    }

    #[test]
    fn norms_have_few_values_and_each_point_has_the_nearest() {
        let many: Vec<f32> = (0..50_000).map(|i| 1.0 + i as f32 / 10_000.0).collect();
        let (values, places) = norms(&many);
        assert!(values.len() <= 1 << 12 && values.len() > 100);
        for (norm, place) in many.iter().zip(places) {
            let value: f32 = values[place as usize].parse().unwrap();
            assert!((value - norm).abs() < 0.01 * norm, "{value} {norm}");
        }
        assert_eq!(norms(&[3.0, 1.0, 3.0]).1, [1, 0, 1]);
        assert_eq!(norms(&[]).0.len(), 0);
    }

    #[test]
    fn steps_lead_to_the_nearest_rows() {
        let points = Points {
            ids: vec![5, 6, 9],
            k: 2,
            near: vec![2, 1, 0, u32::MAX, 1, 0],
            cosines: vec![0.9, 0.5, 0.9, f32::NAN, 0.7, 0.7],
            ..Points::default()
        };
        let mut bytes = Vec::new();
        nearest(&points, &[2, 0, 1], 2, &mut bytes);
        // Counts along the curve; first cosines; by how much the next is less; steps 4, 2, 1,
        // 2, 1 (zigzag) without their highest bit.
        assert_eq!(bytes[..3], [2, 2, 1]);
        assert_eq!(bytes[3..6], [170, 190, 190]);
        assert_eq!(bytes[6..8], [0, 40]);
        assert_eq!(bytes[8..13], [2, 1, 0, 1, 0]);
        assert_eq!(bytes[13..], [0]);
        let mut bits = Bits::default();
        bits.push(0b101, 3);
        bits.push(0b11_0000_0000, 10);
        assert_eq!(bits.bytes, [0b0000_0101, 0b0001_1000]);
    }
}
