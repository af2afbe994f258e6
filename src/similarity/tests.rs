//! The fast scan against the plain one, on tables made to find its faults.

use super::kernel::{self, PANEL};
use super::pairs::{nearest_of_all, nearest_of_all_at};
use super::scan::nearest_at;
use super::{Metric, Query, Rows, Search, reference};
use crate::cpu::Level;
use crate::embedding::Table;
use crate::quant::{FORMATS, Format, made};
use crate::stats::{SplitMix64, is_usable};

fn below(random: &mut SplitMix64, n: usize) -> usize {
    random.below(n as u64) as usize
}

fn random_row(random: &mut SplitMix64, dim: usize) -> Vec<f32> {
    (0..dim).map(|_| random.normal() as f32).collect()
}

fn table(rows: &[Vec<f32>]) -> Table {
    let bytes = rows.iter().flatten().flat_map(|x| x.to_le_bytes()).collect();
    Table::in_memory("F32", [rows.len() as u64, rows[0].len() as u64], bytes)
}

/// Rows of every kind that a table might hold, with ties and near ties.
fn floats(random: &mut SplitMix64, dim: usize, n: usize) -> Table {
    let common = random_row(random, dim);
    let mut rows: Vec<Vec<f32>> = Vec::new();
    for _ in 0..n {
        let mut row = random_row(random, dim);
        let kind = below(random, 40);
        let scaled = |row: &[f32], by: f32| row.iter().map(|x| x * by).collect();
        let at = below(random, dim);
        match kind {
            // Nearly tied: the common row with one value changed by one ulp.
            0..8 => {
                row.clone_from(&common);
                row[at] = row[at].next_up();
            }
            8..11 if !rows.is_empty() => row.clone_from(&rows[below(random, rows.len())]),
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
    table(&rows)
}

/// The same for a type of blocks; some scales are NaN, infinite, zero or tiny.
fn blocks(random: &mut SplitMix64, format: &Format, dim: usize, n: usize) -> Table {
    let row_bytes = dim / format.block_len * format.block_bytes;
    let mut bytes: Vec<u8> = Vec::new();
    for _ in 0..n {
        let start = bytes.len();
        match below(random, 8) {
            // A copy of an earlier row, half of the time with one bit changed.
            0 | 1 if start > 0 => {
                let from = below(random, start / row_bytes) * row_bytes;
                bytes.extend_from_within(from..from + row_bytes);
                let at = start + 4 + below(random, format.block_bytes.saturating_sub(6).max(1));
                if format.block_bytes > 6 {
                    bytes[at] ^= below(random, 2) as u8;
                }
            }
            2 => bytes.resize(start + row_bytes, 0),
            _ => {
                for _ in 0..dim / format.block_len {
                    bytes.extend(made::block(format, random));
                }
            }
        }
    }
    Table::in_memory(format.name, [n as u64, dim as u64], bytes)
}

/// Rows of the table that may be queries, some of them twice. They leave out
/// their own row, or a few rows, or none.
fn queries(random: &mut SplitMix64, table: &Table, n: usize) -> Vec<Query> {
    let query = || {
        let mut id = || random.below(table.n_rows());
        let own = id();
        let values = table.row(own).unwrap();
        match id() % 4 {
            0 => Query { exclude: vec![], values },
            1 => Query { exclude: vec![id(), own, id(), u64::MAX], values },
            _ => Query::of_row(own, values),
        }
    };
    let queries = std::iter::repeat_with(query).take(100 * n);
    queries.filter(|query| is_usable(super::norm(&query.values))).take(n).collect()
}

fn check(table: &Table, queries: &[Query], k: usize, n_rows: u64) {
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
                        table.dim(),
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
    let table = table(&[0.0, 1.0, 2.0, 3.0, 4.0, 5.0].map(|value| vec![value]));
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
    let mut random = SplitMix64::new(1);
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
fn a_scan_of_any_type_is_the_plain_one() {
    let mut random = SplitMix64::new(2);
    for format in FORMATS.iter().filter(|format| !format.is_integer()) {
        let dims: &[(usize, usize)] = match format.block_len {
            32 => &[(32, 600), (640, 150)],
            1 => &[(33, 400), (640, 100)],
            _ => &[(256, 300), (768, 100)],
        };
        for &(dim, n) in dims {
            let table = blocks(&mut random, format, dim, n);
            for (n_queries, k) in [(1, 10), (8, 3), (19, 15), (3, n)] {
                let queries = queries(&mut random, &table, n_queries);
                check(&table, &queries, k, table.n_rows());
            }
        }
    }
}

#[test]
fn nearly_equal_rows_are_told_apart() {
    // All rows are within an ulp or two of each other, so no bound rules any out.
    let mut random = SplitMix64::new(3);
    let common = random_row(&mut random, 96);
    let mut rows = Vec::new();
    for _ in 0..2000 {
        let mut row = common.clone();
        for _ in 0..below(&mut random, 3) {
            let at = below(&mut random, row.len());
            row[at] = row[at].next_up();
        }
        rows.push(row);
    }
    let table = table(&rows);
    for n in [2, 20] {
        let queries = queries(&mut random, &table, n);
        check(&table, &queries, 50, table.n_rows());
    }
}

#[test]
fn products_are_exact_at_every_level_and_length() {
    let mut random = SplitMix64::new(4);
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

/// Asserts that an estimate over `dim` values is within its bound.
fn assert_close(dim: usize, estimate: f32, exact: f64, size: f64) {
    let off = (f64::from(estimate) - exact).abs();
    assert!(off <= kernel::rounding(dim) * size, "{dim}: {off}");
}

#[test]
fn estimates_are_within_their_bound_at_every_length() {
    let mut random = SplitMix64::new(5);
    for dim in 0..200 {
        let (row, query) = (random_row(&mut random, dim), random_row(&mut random, dim));
        let (norm, query_norm) = (super::norm(&row), super::norm(&query));
        for level in Level::available() {
            assert_eq!(kernel::norm(level, &row).to_bits(), norm.to_bits());
            let (dot, square) = kernel::estimate(level, &row, &query);
            assert_close(dim, dot, super::dot(&row, &query), norm * query_norm);
            assert_close(dim, square, norm * norm, norm * norm);
        }
    }
}

#[test]
fn codes_leave_out_no_more_than_they_say() {
    let mut random = SplitMix64::new(6);
    for dim in 1..150 {
        let size = f32::exp2(below(&mut random, 90) as f32 - 45.0);
        let row: Vec<f32> = random_row(&mut random, dim).iter().map(|x| x * size).collect();
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

/// The rows of a table that have a direction.
fn with_direction(table: &Table) -> Table {
    let rows = (0..table.n_rows()).map(|id| table.row(id).unwrap());
    self::table(&rows.filter(|row| is_usable(super::norm(row))).collect::<Vec<_>>())
}

#[test]
fn the_nearest_of_all_rows_are_those_of_the_plain_scan() {
    let mut random = SplitMix64::new(17);
    for (dim, n, k) in [(1, 90, 3), (5, 40, 50), (7, 300, 15), (33, 2, 1), (66, 150, 10)] {
        let table = with_direction(&floats(&mut random, dim, n));
        let n = table.n_rows();
        let k = k.min(n as usize - 1);
        let query = |id| Query::of_row(id, table.row(id).unwrap());
        let search = Search { metric: Metric::Cosine, k, threads: 1 };
        let queries: Vec<Query> = (0..n).map(query).collect();
        let expected = reference::nearest(&table, n, &queries, &search).unwrap();
        let expected = expected.neighbors.concat();
        for level in Level::available() {
            for threads in [1, 3] {
                // Blocks of 64 rows, or one of all.
                for block in [64 * dim, 1 << 20] {
                    let mut last = (0, 0);
                    let (ids, scores) =
                        nearest_of_all_at(level, block, &table, k, threads, &mut |done, of| {
                            assert!(last.0 < done && done <= of, "{last:?} {done} {of}");
                            last = (done, of);
                        })
                        .unwrap();
                    assert_eq!(last, (n * (n - 1) / 2, n * (n - 1) / 2));
                    for (i, near) in expected.iter().enumerate() {
                        assert_eq!(
                            (u64::from(ids[i]), scores[i]),
                            (near.id, near.score as f32),
                            "{} of row {} at {}, {threads} threads, {n} rows of {dim} values",
                            i % k,
                            i / k,
                            level.name()
                        );
                    }
                    assert_eq!(ids.len(), expected.len());
                }
            }
        }
    }
}

#[test]
fn the_nearest_of_all_rows_of_blocks_are_those_of_the_plain_scan() {
    let mut random = SplitMix64::new(18);
    let format = Format::from_name("Q8_0").unwrap();
    let found = with_direction(&blocks(&mut random, format, 64, 200));
    let (n, k) = (found.n_rows(), 15);
    let (ids, _) = nearest_of_all(&found, k, 2, &mut |_, _| {}).unwrap();
    for id in 0..n {
        let query = Query::of_row(id, found.row(id).unwrap());
        let search = Search { metric: Metric::Cosine, k, threads: 1 };
        let expected = reference::nearest(&found, n, &[query], &search).unwrap();
        let expected = expected.neighbors[0].iter().map(|near| near.id as u32);
        assert!(ids[id as usize * k..][..k].iter().copied().eq(expected), "row {id}");
    }
}

#[test]
fn rows_too_wide_for_codes_have_nearest_rows_too() {
    let mut random = SplitMix64::new(19);
    let rows: Vec<_> = (0..3).map(|_| random_row(&mut random, kernel::MAX_CODES + 1)).collect();
    let (ids, _) = nearest_of_all(&table(&rows), 2, 2, &mut |_, _| {}).unwrap();
    assert!([1, 2].contains(&ids[0]) && ids[0] != ids[1] && ids.len() == 6);
}
