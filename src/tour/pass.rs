//! Every row of a table once, over all threads, in bounded memory.

use anyhow::Result;

use crate::similarity::Rows;
use crate::threads::{self, Pieces};

/// As many bytes as a thread reads at once, and a quarter as many values as it
/// decodes at once: a second-level cache holds both.
const PIECE: usize = 1 << 18;

/// Shows each of the first `n_rows` rows, decoded, with its ID to `each`, which
/// adds it to what its thread has made so far. Returns what each thread made, so
/// as many as there were threads; which rows were whose is up to chance.
///
/// # Errors
/// Where rows can't be read.
pub fn fold<T: Send>(
    rows: &dyn Rows,
    n_rows: u64,
    threads: usize,
    start: impl Fn() -> T + Sync,
    each: impl Fn(&mut T, u64, &[f32]) + Sync,
) -> Result<Vec<T>> {
    let piece = (PIECE / rows.row_bytes()).min(PIECE / 4 / rows.dim());
    let pieces = Pieces::new(n_rows, piece as u64);
    threads::each(pieces.threads(threads), || {
        let mut made = start();
        let (mut stored, mut values) = (Vec::new(), Vec::new());
        while let Some(ids) = pieces.next() {
            rows.read(ids.clone(), &mut stored)?;
            values.resize((ids.end - ids.start) as usize * rows.dim(), 0.0);
            rows.decode(&stored, &mut values);
            for (id, row) in ids.zip(values.chunks_exact(rows.dim())) {
                each(&mut made, id, row);
            }
        }
        Ok(made)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tour::RandomRows;

    #[test]
    fn every_row_is_met_once() {
        let table = RandomRows { seed: 1, n_rows: 40_000, dim: 3 };
        for threads in [1, 3] {
            let start = Vec::new;
            let each = |ids: &mut Vec<u64>, id, row: &[f32]| {
                assert_eq!(row.len(), 3);
                ids.push(id);
            };
            let mut ids = fold(&table, 39_999, threads, start, each).unwrap().concat();
            ids.sort_unstable();
            assert_eq!(ids, (0..39_999).collect::<Vec<u64>>());
        }
    }
}
