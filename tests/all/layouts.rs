//! What maps of real tables keep, from the exact nearest rows. In a release build Gemma
//! takes some minutes:
//!
//!     cargo test --release --test all layouts:: -- --ignored --nocapture

use std::time::Instant;

use embcli::embedding::{TOKEN_EMBEDDING, Table};
use embcli::map::{Chosen, Graph, kept, pca, tsne};
use embcli::model::Model;
use embcli::{Query, Search, gguf, nearest, safetensors};

use crate::support;

/// Prints the time that the calling thread waited for a part.
fn timed<T>(what: &str, part: impl FnOnce() -> T) -> T {
    let start = Instant::now();
    let made = part();
    println!("{what}: {:.1} s", start.elapsed().as_secs_f64());
    made
}

/// Checks the graph of a table against scans, and that t-SNE keeps at least this share.
#[track_caller]
fn keeps(model: &Model, least: f64) {
    let table = Table::open(model, TOKEN_EMBEDDING).unwrap();
    let (n, threads) = (table.rows_present(), 2);
    let rows = Chosen::all(&table, n, threads).unwrap();
    let ids = rows.ids();
    assert_eq!(ids.len() as u64, n, "all rows of this table have a direction");
    let graph = timed("graph", || Graph::of(&rows, 15, threads, &mut |_, _| {})).unwrap();
    let asked: Vec<u64> = (0..20).map(|i| (i * 7919 + 13) % n).collect();
    let queries = asked.iter().map(|id| Query::of_row(*id, table.row(*id).unwrap()));
    let search = Search { k: 15, ..Search::default() };
    let found = nearest(&table, n, &queries.collect::<Vec<_>>(), &search).unwrap();
    for (id, found) in asked.iter().zip(&found.neighbors) {
        let found: Vec<u32> = found.iter().map(|near| near.id as u32).collect();
        assert_eq!(graph.nearest(*id as usize), found, "row {id}");
    }
    let flat = timed("pca", || pca(&rows, threads)).unwrap();
    let at = timed("t-SNE", || tsne(&graph, &flat.at, threads, &mut |_, _| {}));
    let [by_pca, by_tsne] = [&flat.at, &at].map(|at| kept(&graph, at, threads).share);
    println!("kept: t-SNE {by_tsne:.4}, PCA {by_pca:.4}");
    assert!(by_tsne >= least && by_pca < 0.01, "{by_tsne} {by_pca}");
}

#[test]
#[ignore = "needs the real models: scripts/fetch-real-model.sh --all"]
fn maps_of_real_tables_keep_neighbours() {
    keeps(&gguf::open(&support::second_model()).unwrap(), 0.374);
    keeps(&safetensors::open(&support::real_checkpoint()).unwrap(), 0.401);
}

#[test]
#[ignore = "needs the real model: scripts/fetch-real-model.sh"]
fn a_map_of_a_quarter_of_a_million_rows_keeps_neighbours() {
    keeps(&gguf::open(&support::real_model()).unwrap(), 0.340);
}
