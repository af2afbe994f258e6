//! The Gram matrix of a table: the dot products of all pairs of columns, summed over
//! the rows.
//!
//! All sums are in `f64`, in an order that depends only on the shape of the table. The
//! threads share the cells, not the rows, so their number changes nothing, and there is
//! one matrix in memory for all of them.

use std::ops::Range;
use std::sync::{Mutex, PoisonError, RwLock};

use super::tile::{DEEP, TALL, Tall, WIDE, Wide, tile};
use crate::cpu::Level;
use crate::rows::{ReadError, Rows};
use crate::threads::{self, Pieces};

/// A symmetric matrix in blocks of 32 columns with 32 columns, on the diagonal and
/// below.
pub(crate) struct Gram {
    dim: usize,
    blocks: Vec<Mutex<Vec<f64>>>,
}

impl Gram {
    pub(crate) fn new(dim: usize) -> Self {
        let panels = dim.div_ceil(WIDE);
        let block = || Mutex::new(vec![0.0; WIDE * WIDE]);
        Self {
            dim,
            blocks: std::iter::repeat_with(block).take(panels * (panels + 1) / 2).collect(),
        }
    }

    /// The whole matrix, row after row.
    pub(crate) fn into_matrix(self) -> Vec<f64> {
        let dim = self.dim;
        let mut matrix = vec![0.0; dim * dim];
        let places =
            (0..dim.div_ceil(WIDE)).flat_map(|right| (0..=right).map(move |left| (right, left)));
        for ((right, left), block) in places.zip(self.blocks) {
            let block = block.into_inner().unwrap_or_else(PoisonError::into_inner);
            for (i, row) in (left * WIDE..dim).zip(block.chunks_exact(WIDE)) {
                for (j, cell) in (right * WIDE..dim).zip(row) {
                    matrix[i * dim + j] = *cell;
                    matrix[j * dim + i] = *cell;
                }
            }
        }
        matrix
    }
}

/// 128 rows as panels for both sides of a product.
struct Panels {
    tall: Vec<Tall>,
    wide: Vec<Wide>,
}

impl Panels {
    fn new(dim: usize) -> Self {
        let columns = dim.next_multiple_of(WIDE);
        Self {
            tall: vec![[0.0; TALL]; columns / TALL * DEEP],
            wide: vec![Wide([0.0; WIDE]); columns / WIDE * DEEP],
        }
    }

    fn fill(&mut self, values: &[f64], dim: usize) {
        for (at, row) in values.chunks_exact(dim).enumerate() {
            // Whole panels, whose length the compiler knows, and the rest.
            let (parts, rest) = row.as_chunks::<WIDE>();
            for (panel, part) in parts.iter().enumerate() {
                self.wide[panel * DEEP + at].0 = *part;
            }
            if !rest.is_empty() {
                self.wide[parts.len() * DEEP + at].0[..rest.len()].copy_from_slice(rest);
            }
            let (parts, rest) = row.as_chunks::<TALL>();
            for (panel, part) in parts.iter().enumerate() {
                self.tall[panel * DEEP + at] = *part;
            }
            if !rest.is_empty() {
                self.tall[parts.len() * DEEP + at][..rest.len()].copy_from_slice(rest);
            }
        }
    }
}

/// A run of at most 128 rows.
pub(crate) struct Run<'a> {
    pub ids: Range<u64>,
    pub stored: &'a [u8],
    pub values: &'a [f32],
    /// For each Gram matrix the values of its rows; zeros at first. They should have at
    /// most 26 significant bits, as products of these are exact.
    pub out: &'a mut [Vec<f64>],
}

/// What becomes of a run.
struct Part<S> {
    state: S,
    /// The number of rows; 0 if they do not enter the Gram matrices.
    rows: usize,
    stored: Vec<u8>,
    values: Vec<f32>,
    out: Vec<Vec<f64>>,
    panels: Vec<Panels>,
}

/// About this many values are in memory for each Gram matrix.
const HELD: usize = 1 << 19;

/// Reads the first `n_rows` rows in runs of 128. `each` makes of a run the rows of each
/// Gram matrix, and notes in its state what else it needs; it returns whether the rows
/// enter the Gram matrices. `take` gets the states in the order of the runs.
pub(crate) fn pass<S: Send + Sync>(
    rows: &dyn Rows,
    n_rows: u64,
    threads: usize,
    grams: &[Gram],
    start: impl Fn() -> S,
    each: impl Fn(&mut S, Run) -> bool + Sync,
    mut take: impl FnMut(&mut S),
) -> Result<(), ReadError> {
    let (dim, level) = (rows.dim(), Level::detect());
    let at_once = (HELD / (dim * DEEP)).clamp(1, 4).max(threads.min(64));
    let at_once = at_once.min(usize::try_from(n_rows.div_ceil(DEEP as u64)).unwrap_or(at_once));
    let part = || {
        RwLock::new(Part {
            state: start(),
            rows: 0,
            stored: Vec::new(),
            values: Vec::new(),
            out: vec![Vec::new(); grams.len()],
            panels: grams.iter().map(|_| Panels::new(dim)).collect(),
        })
    };
    let mut parts: Vec<_> = std::iter::repeat_with(part).take(at_once).collect();
    let panels = dim.div_ceil(WIDE);
    let places: Vec<(usize, usize)> =
        (0..panels).flat_map(|right| (0..=right).map(move |left| (right, left))).collect();
    let lock_failed = PoisonError::into_inner;

    for first in (0..n_rows).step_by(at_once * DEEP) {
        let n_parts = (n_rows - first).div_ceil(DEEP as u64).min(at_once as u64);
        let pieces = Pieces::new(n_parts, 1);
        threads::each(pieces.threads(threads), || {
            while let Some(piece) = pieces.next() {
                let mut part =
                    parts[piece.start as usize].write().unwrap_or_else(PoisonError::into_inner);
                let Part { state, rows: n, stored, values, out, panels } = &mut *part;
                let ids = first + piece.start * DEEP as u64..;
                let ids = ids.start..(ids.start + DEEP as u64).min(n_rows);
                rows.read(ids.clone(), stored)?;
                let n_read = stored.len() / rows.row_bytes();
                values.resize(n_read * dim, 0.0);
                rows.decode(stored, values);
                for out in &mut *out {
                    out.clear();
                    out.resize(n_read * dim, 0.0);
                }
                let enters = each(state, Run { ids, stored, values, out });
                *n = if enters { n_read } else { 0 };
                if enters {
                    panels.iter_mut().zip(&*out).for_each(|(panels, out)| panels.fill(out, dim));
                }
            }
            Ok(())
        })?;
        let pieces = Pieces::new((grams.len() * places.len()) as u64, 1);
        let never_fails: Result<_, std::convert::Infallible> =
            threads::each(pieces.threads(threads), || {
                let parts = &parts[..n_parts as usize];
                let parts: Vec<_> = parts
                    .iter()
                    .map(|part| part.read().unwrap_or_else(PoisonError::into_inner))
                    .collect();
                let mut sums = [[0.0; WIDE]; TALL];
                while let Some(piece) = pieces.next() {
                    let (gram, at) =
                        (piece.start as usize / places.len(), piece.start as usize % places.len());
                    let (right, left) = places[at];
                    let mut block = grams[gram].blocks[at].lock().unwrap_or_else(lock_failed);
                    for part in parts.iter().filter(|part| part.rows > 0) {
                        let wide = &part.panels[gram].wide[right * DEEP..][..part.rows];
                        for (i, block) in block.chunks_exact_mut(TALL * WIDE).enumerate() {
                            let tall = left * (WIDE / TALL) + i;
                            let tall = &part.panels[gram].tall[tall * DEEP..][..part.rows];
                            tile(level, tall, wide, &mut sums);
                            for (cell, sum) in block.iter_mut().zip(sums.as_flattened()) {
                                *cell += sum;
                            }
                        }
                    }
                }
                Ok(())
            });
        let Ok(_) = never_fails;
        for part in &mut parts[..n_parts as usize] {
            take(&mut part.get_mut().unwrap_or_else(PoisonError::into_inner).state);
        }
    }
    Ok(())
}
