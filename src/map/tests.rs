//! Whole maps of small and of hostile tables.

use super::{Chosen, Error, Graph, Point, kept, pca, tsne};
use crate::embedding::Table;
use crate::rows::Rows;
use crate::stats::SplitMix64;

fn table(rows: &[Vec<f32>]) -> Table {
    let bytes = rows.iter().flatten().flat_map(|x| x.to_le_bytes()).collect();
    Table::in_memory("F32", [rows.len() as u64, rows[0].len() as u64], bytes)
}

/// Rows in clumps.
fn clumps(n: usize, dim: usize) -> Table {
    let mut random = SplitMix64::new(8);
    let middles: Vec<Vec<f64>> =
        (0..12).map(|_| (0..dim).map(|_| 2.0 * random.normal()).collect()).collect();
    let row = |i: usize| middles[i % 12].iter().map(|x| (x + random.normal()) as f32).collect();
    table(&(0..n).map(row).collect::<Vec<Vec<f32>>>())
}

/// The places of PCA and of t-SNE, and what t-SNE keeps.
fn map(table: &Table, threads: usize) -> Result<(Vec<Point>, Vec<Point>, f64), Error> {
    let rows = Chosen::all(table, table.n_rows(), threads)?;
    let flat = pca(&rows, threads)?;
    let graph = Graph::of(&rows, 15, threads, &mut |_, _| {})?;
    let mut steps = 0;
    let at = tsne(&graph, &flat.at, threads, &mut |_, _| steps += 1);
    assert!(steps == 500 || rows.n_rows() == 1);
    assert_eq!([flat.at.len(), at.len()], [rows.ids().len(); 2]);
    assert!(flat.at.iter().chain(&at).flatten().all(|x| x.is_finite()));
    assert!(flat.variance.iter().all(|share| (0.0..=1.0).contains(share)), "{flat:?}");
    assert!(graph.ids.iter().all(|id| (*id as usize) < at.len()));
    let kept = kept(&graph, &at, threads);
    Ok((flat.at, at, kept.share))
}

#[test]
fn threads_do_not_change_a_bit_of_a_map() {
    // One map with direct sums, and one with a grid of several chunks.
    for n in [200, 5000] {
        let table = clumps(n, 20);
        let first = map(&table, 1).unwrap();
        assert!(first.2 > if n < 1000 { 0.5 } else { 0.3 }, "{}", first.2);
        for threads in [1, 2, 3] {
            assert!(map(&table, threads).unwrap() == first, "{threads} threads");
        }
    }
}

#[test]
fn axes_are_those_of_an_ellipse_and_have_a_sign() {
    // Long rows, so that lengths of 1 change little.
    let row = |i: usize| {
        let angle = i as f32;
        vec![0.02 * angle.sin(), 1.0, 0.1 * angle.cos()]
    };
    let rows: Vec<Vec<f32>> = (0..400).map(row).collect();
    let table = table(&rows);
    let rows = Chosen::all(&table, 400, 2).unwrap();
    let flat = pca(&rows, 2).unwrap();
    assert!(flat.variance[0] > 0.9 && flat.variance[1] > 0.02, "{:?}", flat.variance);
    assert!((flat.variance.iter().sum::<f64>() - 1.0).abs() < 1e-3);
    for (i, at) in flat.at.iter().enumerate() {
        let expected = [0.1 * (i as f32).cos(), 0.02 * (i as f32).sin()];
        assert!((0..2).all(|axis| (at[axis] - expected[axis]).abs() < 2e-3), "{at:?} {expected:?}");
    }
}

#[test]
fn rows_without_direction_are_left_out_and_counted() {
    let mut rows: Vec<Vec<f32>> = (0..30).map(|i| vec![i as f32 + 1.0, 5.0, -1.0]).collect();
    rows[3] = vec![0.0; 3];
    rows[7][1] = f32::NAN;
    rows[8][2] = f32::INFINITY;
    let table = table(&rows);
    let all = Chosen::all(&table, 30, 2).unwrap();
    assert_eq!((all.left_out().zero, all.left_out().not_finite), (1, 2));
    assert_eq!((all.ids().len(), &all.ids()[2..5]), (27, &[2, 4, 5][..]));
    let some = Chosen::some(&table, &[9, 7, 4, 4, 12, 8, 5, 3], 1).unwrap();
    assert_eq!(some.ids(), [4, 5, 9, 12]);
    let graph = Graph::of(&some, 15, 2, &mut |_, _| {}).unwrap();
    assert_eq!((graph.n(), graph.k, graph.nearest(0)), (4, 3, &[1, 2, 3][..]));
    assert!(map(&table, 2).is_ok());
}

#[test]
fn a_list_is_the_table_of_its_rows() {
    let (table, some) = (clumps(300, 9), [5_u64, 6, 7, 40, 41, 299]);
    let own: Vec<Vec<f32>> = some.iter().map(|id| table.row(*id).unwrap()).collect();
    let own = self::table(&own);
    let [list, whole] =
        [Chosen::some(&table, &some, 2), Chosen::all(&own, 6, 1)].map(Result::unwrap);
    assert_eq!(pca(&list, 1).unwrap(), pca(&whole, 3).unwrap());
    let graph = |rows| Graph::of(rows, 3, 2, &mut |_, _| {}).unwrap();
    assert_eq!(graph(&list), graph(&whole));
}

#[test]
fn hostile_tables_have_a_map() {
    let repeated = |n: usize, row: &[f32]| vec![row.to_vec(); n];
    let line = |n: usize| (0..n).map(|i| vec![i as f32 - 20.5]).collect::<Vec<_>>();
    let mut extremes = repeated(40, &[1.0, 2.0]);
    for (i, row) in extremes.iter_mut().enumerate() {
        let by = [1e-42, 1e-30, 1.0, 1e30, 1e38][i % 5];
        *row = vec![by, by * (i as f32 / 40.0)];
    }
    for rows in [
        repeated(1, &[3.0, 4.0]),
        repeated(2, &[3.0, 4.0]),
        vec![vec![1.0, 0.0], vec![-1.0, 0.0]],
        repeated(16, &[1.0]),
        repeated(700, &[1.0, 2.0, 3.0]),
        line(100),
        line(600),
        extremes,
        (0..20).map(|i| (0..20).map(|j| f32::from(u8::from(i == j))).collect()).collect(),
    ] {
        let [first, second] = [1, 2].map(|threads| map(&table(&rows), threads).unwrap());
        assert!(first == second);
    }
}

#[test]
fn a_table_without_directions_has_no_map() {
    let table = table(&[vec![0.0, 0.0], vec![f32::NAN, 1.0], vec![0.0, 0.0]]);
    let error = Chosen::all(&table, 3, 2).err().unwrap();
    assert_eq!(
        error.to_string(),
        "no row has a direction (2 of zeros, 1 with NaN or infinity), so there is nothing to lay \
         out"
    );
    assert!(matches!(Chosen::some(&table, &[1], 1), Err(Error::NoRows { .. })));
    assert!(matches!(Chosen::some(&table, &[u64::MAX], 1), Err(Error::TooMany { .. })));
}
