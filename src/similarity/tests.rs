//! The fast scan against the plain one, on tables made to find its faults.

use std::ops::Range;

use super::kernel::{self, GROUP, GROUP_BYTES, PANEL};
use super::scan::nearest_at;
use super::{Metric, Query, Rows, Search, reference};
use crate::cpu::Level;
use crate::rows::{ReadError, Reader};
use crate::stats::{SplitMix64, is_usable};

/// A table in memory, of floats or of scaled bytes.
struct InMemory {
    dim: usize,
    scaled: bool,
    bytes: Vec<u8>,
}

impl Rows for InMemory {
    fn n_rows(&self) -> u64 {
        (self.bytes.len() / self.row_bytes()) as u64
    }

    fn dim(&self) -> usize {
        self.dim
    }

    fn row_bytes(&self) -> usize {
        if self.scaled { self.dim / GROUP * GROUP_BYTES } else { self.dim * 4 }
    }

    fn is_scaled_bytes(&self) -> bool {
        self.scaled
    }

    fn read(&self, rows: Range<u64>, stored: &mut Vec<u8>) -> Result<(), ReadError> {
        let at = |row: u64| row as usize * self.row_bytes();
        stored.clear();
        stored.extend_from_slice(&self.bytes[at(rows.start)..at(rows.end)]);
        Ok(())
    }

    fn decode(&self, stored: &[u8], values: &mut [f32]) {
        if self.scaled {
            let groups = stored.as_chunks::<GROUP_BYTES>().0;
            for (group, values) in groups.iter().zip(values.chunks_mut(GROUP)) {
                let scale = half::f16::from_le_bytes([group[0], group[1]]).to_f32();
                for (value, code) in values.iter_mut().zip(&group[2..]) {
                    *value = f32::from(code.cast_signed()) * scale;
                }
            }
        } else {
            for (value, bytes) in values.iter_mut().zip(stored.as_chunks().0) {
                *value = f32::from_le_bytes(*bytes);
            }
        }
    }
}

/// Random bits, places and values.
struct Random(SplitMix64);

impl Random {
    fn new(seed: u64) -> Self {
        Self(SplitMix64::new(seed))
    }

    fn bits(&mut self) -> u64 {
        self.0.bits()
    }

    fn below(&mut self, n: usize) -> usize {
        self.0.below(n as u64) as usize
    }

    /// Nearly normal: a sum of uniform numbers.
    fn value(&mut self) -> f32 {
        (0..4).map(|_| self.bits() as i32 as f32).sum::<f32>() / (1_u64 << 31) as f32
    }

    fn row(&mut self, dim: usize) -> Vec<f32> {
        (0..dim).map(|_| self.value()).collect()
    }
}

/// Rows of every kind that a table might hold, with ties and near ties.
fn floats(random: &mut Random, dim: usize, n: usize) -> InMemory {
    let common = random.row(dim);
    let mut rows: Vec<Vec<f32>> = Vec::new();
    for _ in 0..n {
        let mut row = random.row(dim);
        let kind = random.below(40);
        let scaled = |row: &[f32], by: f32| row.iter().map(|x| x * by).collect();
        let at = random.below(dim);
        match kind {
            // Nearly tied: the common row with one value changed by one ulp.
            0..8 => {
                row.clone_from(&common);
                row[at] = row[at].next_up();
            }
            8..11 if !rows.is_empty() => row.clone_from(&rows[random.below(rows.len())]),
            11 => row.fill(0.0),
            12 => row[at] = f32::NAN,
            13 => row[at] = f32::NEG_INFINITY,
            14 => row = scaled(&row, 1e30),
            15 => row = scaled(&row, 1e-30),
            16 => row = scaled(&row, 1e-42),
            17 => row = scaled(&common, -1.0),
            18 => row = scaled(&common, 1e12),
            19 => row[at] = 1e6,
            20 => {
                row.fill(0.0);
                row[at] = 1.0;
            }
            21 => row[at] = f32::MAX,
            _ => {}
        }
        rows.push(row);
    }
    let bytes = rows.iter().flatten().flat_map(|x| x.to_le_bytes()).collect();
    InMemory { dim, scaled: false, bytes }
}

/// The same for scaled bytes; some scales are NaN, infinite, zero or tiny.
fn groups(random: &mut Random, dim: usize, n: usize) -> InMemory {
    let row_bytes = dim / GROUP * GROUP_BYTES;
    let mut bytes: Vec<u8> = Vec::new();
    for _ in 0..n {
        let start = bytes.len();
        match random.below(8) {
            // A copy of an earlier row, half of the time with one code changed.
            0 | 1 if start > 0 => {
                let from = random.below(start / row_bytes) * row_bytes;
                bytes.extend_from_within(from..from + row_bytes);
                let at = start + 2 + random.below(GROUP);
                bytes[at] ^= random.below(2) as u8;
            }
            kind => {
                for _ in 0..dim / GROUP {
                    let scale = match random.below(200) {
                        0 => random.bits() as u16,
                        1 => 0x0001,
                        _ => 0x1c00 + random.below(0x400) as u16,
                    };
                    bytes.extend(if kind == 2 { 0 } else { scale }.to_le_bytes());
                    bytes.extend((0..GROUP).map(|_| random.bits() as u8));
                }
            }
        }
    }
    InMemory { dim, scaled: true, bytes }
}

/// Rows of the table that may be queries, some of them twice. They leave out
/// their own row, or a few rows, or none.
fn queries(random: &mut Random, table: &InMemory, n: usize) -> Vec<Query> {
    let n_rows = table.n_rows() as usize;
    let mut reader = Reader::new(table);
    let query = || {
        let mut id = || random.below(n_rows) as u64;
        let own = id();
        let values = reader.read(own..own + 1).unwrap().to_vec();
        match id() % 4 {
            0 => Query { exclude: vec![], values },
            1 => Query { exclude: vec![id(), own, id(), u64::MAX], values },
            _ => Query::of_row(own, values),
        }
    };
    let queries = std::iter::repeat_with(query).take(100 * n);
    queries.filter(|query| is_usable(super::norm(&query.values))).take(n).collect()
}

fn check(table: &InMemory, queries: &[Query], k: usize, n_rows: u64) {
    for metric in [Metric::Cosine, Metric::Dot, Metric::L2] {
        let search = Search { metric, k, threads: 1 };
        let expected = reference::nearest(table, n_rows, queries, &search).unwrap();
        for level in Level::available() {
            for threads in [1, 3] {
                let search = Search { threads, ..search };
                let found = nearest_at(level, table, n_rows, queries, &search).unwrap();
                assert_eq!(found.left_out, expected.left_out);
                for (i, (ours, plain)) in
                    found.neighbors.iter().zip(&expected.neighbors).enumerate()
                {
                    assert!(
                        ours == plain,
                        "{metric:?} at {}, {threads} threads, {n_rows} rows of {} values, \
                         query {i} of {} without {:?}:\n{ours:?}\n{plain:?}",
                        level.name(),
                        table.dim,
                        queries.len(),
                        queries[i].exclude,
                    );
                }
                assert_eq!(found.neighbors.len(), expected.neighbors.len());
            }
        }
    }
}

#[test]
fn excluded_rows_are_no_candidates() {
    let bytes = (0..6_u8).flat_map(|id| f32::from(id).to_le_bytes()).collect();
    let table = InMemory { dim: 1, scaled: false, bytes };
    let ids = |exclude: &[u64]| {
        let query = Query { exclude: exclude.to_vec(), values: vec![2.2] };
        let search = Search { metric: Metric::L2, k: 2, threads: 1 };
        let found = nearest_at(Level::BASELINE, &table, 6, &[query], &search).unwrap();
        found.neighbors[0].iter().map(|near| near.id).collect::<Vec<_>>()
    };
    assert_eq!(ids(&[]), [2, 3]);
    assert_eq!(ids(&[2]), [3, 1]);
    assert_eq!(ids(&[3, 1, 2]), [4, 0]);
    assert!(ids(&[5, 4, 3, 2, 1, 0]).is_empty());
}

#[test]
fn a_scan_of_floats_is_the_plain_one() {
    let mut random = Random::new(1);
    for (dim, n) in
        [(1, 50), (2, 700), (3, 333), (7, 1000), (31, 2500), (33, 400), (100, 900), (641, 300)]
    {
        let table = floats(&mut random, dim, n);
        for (n_queries, k) in [(0, 3), (1, 10), (3, 1), (9, 5), (43, 20), (2, 2 * n)] {
            let queries = queries(&mut random, &table, n_queries);
            check(&table, &queries, k, table.n_rows());
        }
        let part = queries(&mut random, &table, 40);
        check(&table, &part, n + 1, table.n_rows() / 2 + 1);
    }
}

#[test]
fn a_scan_of_scaled_bytes_is_the_plain_one() {
    let mut random = Random::new(2);
    for (dim, n) in [(32, 1500), (64, 700), (160, 1000), (640, 450)] {
        let table = groups(&mut random, dim, n);
        for (n_queries, k) in [(1, 10), (8, 3), (41, 15), (3, n)] {
            let queries = queries(&mut random, &table, n_queries);
            check(&table, &queries, k, table.n_rows());
        }
    }
}

#[test]
fn nearly_equal_rows_are_told_apart() {
    // All rows are within an ulp or two of each other, so no bound rules any out.
    let mut random = Random::new(3);
    let common = random.row(96);
    let mut bytes = Vec::new();
    for _ in 0..2000 {
        let mut row = common.clone();
        for _ in 0..random.below(3) {
            let at = random.below(row.len());
            row[at] = row[at].next_up();
        }
        bytes.extend(row.iter().flat_map(|x| x.to_le_bytes()));
    }
    let table = InMemory { dim: 96, scaled: false, bytes };
    for n in [2, 20] {
        let queries = queries(&mut random, &table, n);
        check(&table, &queries, 50, table.n_rows());
    }
}

#[test]
fn products_are_exact_at_every_level_and_length() {
    let mut random = Random::new(4);
    for padded in (4..=140).step_by(4) {
        for n in [1, 2, 3, 7, 8, 9, 16, 19] {
            let panel: Vec<u8> = (0..padded * PANEL).map(|_| 1.max(random.bits() as u8)).collect();
            let mut worst = vec![255; padded * PANEL];
            worst[0] = 1;
            for level in Level::available() {
                let limit = kernel::query_limit(level);
                let extreme = vec![limit; padded * n];
                let mixed = (0..padded * n).map(|_| random.bits() as i8 % limit).collect();
                for (panel, queries) in [(&panel, &mixed), (&worst, &extreme)] {
                    let mut expected = vec![[0; PANEL]; n];
                    for (q, out) in expected.iter_mut().enumerate() {
                        for i in 0..padded {
                            for (row, sum) in out.iter_mut().enumerate() {
                                let code = panel[(i / 4 * PANEL + row) * 4 + i % 4];
                                *sum += i32::from(code) * i32::from(queries[q * padded + i]);
                            }
                        }
                    }
                    let mut out = vec![[7; PANEL]; n];
                    kernel::products(level, panel, queries, &mut out);
                    assert_eq!(out, expected, "{} {padded} x {n}", level.name());
                }
            }
        }
    }
}

#[test]
fn estimates_are_within_their_bound_at_every_length() {
    let mut random = Random::new(5);
    for dim in 0..200 {
        let (row, query) = (random.row(dim), random.row(dim));
        let (norm, query_norm) = (super::norm(&row), super::norm(&query));
        for level in Level::available() {
            assert_eq!(kernel::norm(level, &row).to_bits(), norm.to_bits());
            let (dot, square) = kernel::estimate(level, &row, &query);
            let off = (f64::from(dot) - super::dot(&row, &query)).abs();
            assert!(off <= kernel::rounding(dim) * norm * query_norm, "{dim}: {off}");
            let off = (f64::from(square) - norm * norm).abs();
            assert!(off <= kernel::rounding(dim) * norm * norm, "{dim}: {off}");
        }
    }
    for n in 1..12 {
        let table = groups(&mut random, GROUP * n, 1);
        let stored = &table.bytes[..n * GROUP_BYTES];
        let query: Vec<i16> = (0..n * GROUP).map(|_| random.bits() as i16).collect();
        let mut row = vec![0.0; n * GROUP];
        table.decode(stored, &mut row);
        let floats: Vec<f32> = query.iter().map(|p| f32::from(*p)).collect();
        let (norm, query_norm) = (super::norm(&row), super::norm(&floats));
        for level in Level::available() {
            let mut out = [(0.0, 0.0)];
            kernel::estimate_groups(level, stored, &query, &mut out);
            let [(dot, square)] = out;
            if !norm.is_finite() {
                assert!(!square.is_finite());
                continue;
            }
            let off = (f64::from(dot) - super::dot(&row, &floats)).abs();
            assert!(off <= kernel::rounding(row.len()) * norm * query_norm, "{n}: {off}");
            let off = (f64::from(square) - norm * norm).abs();
            assert!(off <= kernel::rounding(row.len()) * norm * norm, "{n}: {off}");
        }
    }
}

#[test]
fn codes_leave_out_no_more_than_they_say() {
    let mut random = Random::new(6);
    for dim in 1..150 {
        let size = f32::exp2(random.below(90) as f32 - 45.0);
        let row: Vec<f32> = random.row(dim).iter().map(|x| x * size).collect();
        let mut baseline = None;
        for level in Level::available() {
            for limit in [64, 127] {
                let mut codes = vec![0; dim];
                let code = kernel::encode(level, &row, limit, &mut codes);
                assert!(codes.iter().all(|code| code.unsigned_abs() <= limit as u8));
                let residual: f64 = row
                    .iter()
                    .zip(&codes)
                    .map(|(x, q)| f64::from(*x) - f64::from(*q) * f64::from(code.step))
                    .map(|left| left * left)
                    .sum();
                assert!(f64::from(code.residual) >= residual.sqrt());
                if limit == 127 {
                    let expected = baseline.get_or_insert_with(|| (code, codes.clone()));
                    assert_eq!(*expected, (code, codes), "{}", level.name());
                }
            }
        }
    }
}
