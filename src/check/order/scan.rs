//! Rows that ask the whole table for their nearest.

use crate::check::Error;
use crate::embedding::Table;
use crate::similarity::{self, Metric, Neighbor, Query};
use crate::stats::{is_usable, sample};

/// As many rows of each part as ask, and of all together.
const ASKED: u64 = 256;
const MOST_ASKED: u64 = 1024;

/// As many values of queries as are held at a time: 8 MiB.
const MOST_VALUES: usize = 1 << 21;

/// As many nearest rows as each finds.
const NEAREST: usize = 8;

/// Cosines from here on are those of copies.
pub(super) const COPY: f64 = 0.9999;

/// What some rows found nearest.
pub(super) struct Scan {
    pub queries: Vec<Asked>,
}

/// A row and the nearest to it.
pub(super) struct Asked {
    pub row: u64,
    pub nearest: Vec<Neighbor>,
}

/// Asks rows of some parts, each from a first ID to a last, in one pass.
pub(super) fn scan(table: &Table, parts: &[[u64; 2]], threads: usize) -> Result<Scan, Error> {
    let asked = ASKED.min(MOST_ASKED / parts.len().max(1) as u64);
    let mut rows: Vec<u64> = Vec::new();
    for &[first, last] in parts {
        let places = sample(last + 1 - first, asked, 5);
        rows.extend(places.into_iter().map(|place| first + place));
    }
    let search = similarity::Search { metric: Metric::Cosine, k: NEAREST, threads };
    let mut scan = Scan { queries: Vec::new() };
    for rows in rows.chunks((MOST_VALUES / table.d_model()).max(1)) {
        let (mut asked, mut queries) = (Vec::new(), Vec::new());
        for &id in rows {
            let values = table.row(id)?;
            if is_usable(similarity::norm(&values)) {
                asked.push(id);
                queries.push(Query::of_row(id, values));
            }
        }
        let found = similarity::nearest(table, table.rows_present(), &queries, &search)?;
        let asked = asked.into_iter().zip(found.neighbors);
        scan.queries.extend(asked.map(|(row, nearest)| Asked { row, nearest }));
    }
    Ok(scan)
}
