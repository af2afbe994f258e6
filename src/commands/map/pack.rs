//! The data of a map's page: a header, then columns of bytes, compressed together.
//!
//! | column | what | in the order of |
//! |---|---|---|
//! | x, y | 16 bits each | IDs |
//! | IDs | the step from the ID before | IDs |
//! | norms | places in a list of rounded norms in the header | the curve |
//! | groups | a byte for each way to colour | the curve |
//! | nearest rows | how many; each as a step along the curve; cosines in hundredths | the curve |
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
        far = far << 2 | 3 * right ^ up;
        if up == 0 {
            if right == 1 {
                [x, y] = [!x, !y];
            }
            [x, y] = [y, x];
        }
    }
    far
}

/// How many nearest rows each point has; steps to them along the curve; the first cosine
/// in hundredths above -1, and by how much each next one is less.
fn nearest(points: &Points, order: &[u32], k: usize, bytes: &mut Vec<u8>) {
    let mut rank = vec![0i32; points.len()];
    for (at, point) in order.iter().enumerate() {
        rank[*point as usize] = at as i32;
    }
    let (mut steps, mut drops) = (Vec::new(), Vec::new());
    for (own, at) in order.iter().enumerate() {
        let before = steps.len();
        let mut level = None;
        for (near, cosine) in points.nearest(*at as usize).take(k) {
            let step = rank[near] - own as i32;
            // The sign is the lowest bit.
            steps.push((step << 1 ^ step >> 31) as u32);
            let hundredths = (cosine * 100.0).round().clamp(-100.0, 100.0) as i32 + 100;
            let drop = level.map_or(hundredths, |level: i32| (level - hundredths).max(0));
            level = Some(level.map_or(hundredths, |level| level - drop));
            drops.push(drop as u8);
        }
        bytes.push((steps.len() - before) as u8);
    }
    planes(steps.iter().copied(), 3, bytes);
    bytes.extend(drops);
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
