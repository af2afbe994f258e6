//! Rankings on real rows of other types. A scan of a requantised copy must find the same
//! rows as plain float64 arithmetic on the decoded copy.

use crate::support;
use crate::support::requantise;
use embcli::embedding::{TOKEN_EMBEDDING, Table};
use embcli::gguf::{self, Gguf};
use embcli::quant::Format;
use embcli::similarity::{Metric, Query, Search, nearest};

/// A quarter of the real table, so that the test takes only seconds.
const VALUES: usize = 65_536 * 640;
const QUERIES: u64 = 50;
const K: usize = 20;

/// The cosine in plain float64, one value after another.
fn cosine(a: &[f32], b: &[f32]) -> f64 {
    let dot = |a: &[f32], b: &[f32]| -> f64 {
        a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum()
    };
    dot(a, b) / (dot(a, a) * dot(b, b)).sqrt()
}

fn check(format: &str, d_model: usize, values: &[f32]) {
    let format = Format::from_name(format).unwrap();
    let n_vocab = (values.len() / d_model) as u64;
    let encoded = requantise::encode(format.name, values);
    let mut decoded = vec![0.0; values.len()];
    format.decode(&encoded, &mut decoded);
    let error: f64 = 1.0 - cosine(values, &decoded);
    assert!(error < 0.01, "{format}: the encoder is wrong, 1 - cosine is {error}");

    let bytes = support::Gguf::new().table(format.id, d_model as u64, n_vocab, encoded).build();
    let model = Gguf::new(Box::new(bytes)).unwrap().into();
    let table = Table::open(&model, TOKEN_EMBEDDING).unwrap();
    let ids: Vec<u64> = (0..QUERIES).map(|i| (i * 7919 + 5) % n_vocab).collect();
    let queries: Vec<Query> =
        ids.iter().map(|&id| Query::of_row(id, table.row(id).unwrap())).collect();
    let search = Search { metric: Metric::Cosine, k: K, threads: 2 };
    let together = nearest(&table, n_vocab, &queries, &search).unwrap();

    let rows: Vec<&[f32]> = decoded.chunks(d_model).collect();
    for (i, query) in queries.iter().enumerate() {
        let mut scores: Vec<(f64, u64)> = (0..n_vocab)
            .zip(&rows)
            .filter(|(id, row)| *id != ids[i] && row.iter().any(|value| *value != 0.0))
            .map(|(id, row)| (cosine(&query.values, row), id))
            .collect();
        scores.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        for (found, expected) in together.neighbors[i].iter().zip(&scores[..K]) {
            assert!((found.score - expected.0).abs() < 1e-6, "{format}, ID {}", ids[i]);
            // A different order of additions may swap scores closer than this.
            let tied = (found.score - expected.0).abs() < 1e-12;
            assert!(found.id == expected.1 || tied, "{format}, ID {}", ids[i]);
        }
        // Few queries and many queries use different code paths.
        if i < 3 {
            let alone = nearest(&table, n_vocab, &queries[i..=i], &search).unwrap();
            assert_eq!(alone.neighbors[0], together.neighbors[i], "{format}, ID {}", ids[i]);
        }
    }
}

#[test]
#[ignore = "needs the real model: scripts/fetch-real-model.sh"]
fn rankings_of_requantised_tables_are_exact() {
    let path = support::real_model();
    let model = gguf::open(&path).unwrap();
    let table = Table::open(&model, TOKEN_EMBEDDING).unwrap();
    let mut values = Vec::with_capacity(VALUES);
    for id in 0..(VALUES / table.d_model()) as u64 {
        values.extend(table.row(id).unwrap());
    }
    // The k-quants need a row width that is a multiple of 256.
    for (format, d_model) in [("F16", 640), ("Q4_0", 640), ("Q6_K", 1024), ("Q4_K", 1024)] {
        check(format, d_model, &values);
    }
}
