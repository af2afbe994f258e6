//! The Gram matrix of a table: the dot products of all pairs of columns, summed over
//! the rows.
//!
//! Sums over many rows are in `f64`, in an order that depends only on the shape of the
//! table. The threads share the cells, not the rows, so their number changes nothing, and
//! there is one matrix in memory for all of them.

use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError, RwLock};

use super::tile::{
    Block, DEEP, WIDE, Wide, add_products, add_short_products, put, put_less, put_less_short,
};
use crate::cpu::Level;
use crate::rows::{ReadError, Rows};
use crate::threads;

/// A symmetric matrix in blocks of 32 columns with 32 columns, on the diagonal and
/// below.
pub(crate) struct Gram {
    dim: usize,
    is_short: bool,
    blocks: Vec<Mutex<Box<Block>>>,
}

impl Gram {
    pub(crate) fn new(dim: usize) -> Self {
        let panels = dim.div_ceil(WIDE);
        let block = || Mutex::new(Box::new([[0.0; WIDE]; WIDE]));
        Self {
            dim,
            is_short: false,
            blocks: std::iter::repeat_with(block).take(panels * (panels + 1) / 2).collect(),
        }
    }

    /// A matrix that sums a few rows in `f32`: of rows with a norm of at most 1.41 it has
    /// about nine digits, in half the time.
    pub(crate) fn short(dim: usize) -> Self {
        Self { is_short: true, ..Self::new(dim) }
    }

    fn value_bytes(&self) -> usize {
        if self.is_short { size_of::<f32>() } else { size_of::<f64>() }
    }

    /// The whole matrix, row after row.
    pub(crate) fn into_matrix(self) -> Vec<f64> {
        let dim = self.dim;
        let mut matrix = vec![0.0; dim * dim];
        let places =
            (0..dim.div_ceil(WIDE)).flat_map(|right| (0..=right).map(move |left| (right, left)));
        for ((right, left), block) in places.zip(self.blocks) {
            let block = block.into_inner().unwrap_or_else(PoisonError::into_inner);
            for (i, row) in (left * WIDE..dim).zip(block.iter()) {
                for (j, cell) in (right * WIDE..dim).zip(row) {
                    matrix[i * dim + j] = *cell;
                    matrix[j * dim + i] = *cell;
                }
            }
        }
        matrix
    }
}

/// The rows of a run for one Gram matrix, as panels of 32 columns.
pub(crate) enum Panels {
    Long(Vec<Wide>),
    Short(Vec<Wide<f32>>),
}

impl Panels {
    fn new(gram: &Gram) -> Self {
        let n = gram.dim.div_ceil(WIDE) * DEEP;
        if gram.is_short {
            Self::Short(vec![Wide([0.0; WIDE]); n])
        } else {
            Self::Long(vec![Wide([0.0; WIDE]); n])
        }
    }

    /// Takes `(by * row - less) * times`, rounded a little.
    pub(crate) fn put_less(
        &mut self,
        level: Level,
        at: usize,
        row: &[f32],
        (by, less, times): (f64, &[f64], f64),
    ) {
        match self {
            Self::Long(panels) => put_less(level, row, by, less, times, at, panels),
            Self::Short(panels) => put_less_short(level, row, by, less, times, at, panels),
        }
    }

    /// Takes a row of a matrix that is not short, as it is.
    pub(crate) fn put(&mut self, level: Level, at: usize, row: &[f32]) {
        match self {
            Self::Long(panels) => put(level, row, at, panels),
            Self::Short(_) => unreachable!("rows of any norm are not put into short panels"),
        }
    }

    /// Makes a row of zeros.
    pub(crate) fn skip(&mut self, at: usize) {
        match self {
            Self::Long(panels) => clear(panels, at),
            Self::Short(panels) => clear(panels, at),
        }
    }

    /// Adds the products of the first `n` rows in two of the panels.
    fn add_products(&self, level: Level, n: usize, [left, right]: [usize; 2], block: &mut Block) {
        let [left, right] = [left, right].map(|at| at * DEEP..at * DEEP + n);
        match self {
            Self::Long(panels) => add_products(level, &panels[left], &panels[right], block),
            Self::Short(panels) => add_short_products(level, &panels[left], &panels[right], block),
        }
    }
}

fn clear<T: Copy + Default>(panels: &mut [Wide<T>], at: usize) {
    let rows = panels.iter_mut().skip(at).step_by(DEEP);
    rows.for_each(|wide| *wide = Wide([T::default(); WIDE]));
}

/// A run of at most 128 rows.
pub(crate) struct Run<'a> {
    pub ids: Range<u64>,
    pub stored: &'a [u8],
    pub values: &'a [f32],
    /// For each Gram matrix its rows, which are those of an earlier run at first.
    pub out: &'a mut [Panels],
}

/// What becomes of a run.
struct Part<S> {
    state: Mutex<S>,
    own: RwLock<Own>,
}

struct Own {
    /// The rows enter so many of the Gram matrices.
    enters: usize,
    rows: usize,
    stored: Vec<u8>,
    values: Vec<f32>,
    panels: Vec<Panels>,
}

fn lock<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The numbers `0..total`, which threads take in every round. Each thread has a range of its
/// own, the same in every round, so that its data is still in its cache. A thread that has
/// taken all of its range takes numbers of the others.
struct Shared {
    total: usize,
    taken: Vec<AtomicUsize>,
}

impl Shared {
    fn new(total: usize, threads: usize) -> Self {
        Self { total, taken: (0..threads.max(1)).map(|_| AtomicUsize::new(0)).collect() }
    }

    /// The next number for a thread; from the last one back if `is_back`.
    fn next(&self, thread: usize, is_back: bool) -> Option<usize> {
        let threads = self.taken.len();
        (thread..thread + threads).find_map(|owner| {
            let owner = owner % threads;
            let [from, to] = [owner, owner + 1].map(|at| self.total * at / threads);
            let taken = self.taken[owner].fetch_add(1, Ordering::Relaxed);
            (taken < to - from).then(|| if is_back { to - 1 - taken } else { from + taken })
        })
    }

    /// Begins a round. No thread may take numbers meanwhile.
    fn begin_again(&self) {
        self.taken.iter().for_each(|taken| taken.store(0, Ordering::Relaxed));
    }
}

/// The panels of runs take about so many bytes, which a second-level cache holds.
const HELD: usize = 3 << 19;

/// Reads the first `n_rows` rows in runs of 128. `each` makes of a run the rows of each
/// Gram matrix, and notes in its state what else it needs; it returns how many of the Gram
/// matrices, from the first on, the rows enter. `take` gets the states in the order of the runs.
pub(crate) fn pass<S: Send>(
    rows: &dyn Rows,
    n_rows: u64,
    threads: usize,
    grams: &[Gram],
    start: impl Fn() -> S,
    each: impl Fn(&mut S, Run) -> usize + Sync,
    take: impl FnMut(&mut S) + Send,
) -> Result<(), ReadError> {
    let (dim, level) = (rows.dim(), Level::detect());
    let run_bytes: usize = grams.iter().map(|gram| gram.dim * DEEP * gram.value_bytes()).sum();
    let at_once = (HELD / run_bytes.max(1)).clamp(1, 4).max(threads.min(64));
    let at_once =
        at_once.min(usize::try_from(n_rows.div_ceil(DEEP as u64)).unwrap_or(at_once)).max(1);
    let part = || Part {
        state: Mutex::new(start()),
        own: RwLock::new(Own {
            enters: 0,
            rows: 0,
            stored: Vec::new(),
            values: Vec::new(),
            panels: grams.iter().map(Panels::new).collect(),
        }),
    };
    let parts: Vec<_> = std::iter::repeat_with(part).take(at_once).collect();
    let panels = dim.div_ceil(WIDE);
    let places: Vec<(usize, usize)> =
        (0..panels).flat_map(|right| (0..=right).map(move |left| (right, left))).collect();
    let take = Mutex::new(take);

    let make = |part: &Part<S>, ids: Range<u64>| {
        let mut own = part.own.write().unwrap_or_else(PoisonError::into_inner);
        let Own { enters, rows: n, stored, values, panels } = &mut *own;
        rows.read(ids.clone(), stored)?;
        *n = stored.len() / rows.row_bytes();
        values.resize(*n * dim, 0.0);
        rows.decode(stored, values);
        let mut state = lock(&part.state);
        *enters = each(&mut state, Run { ids, stored, values, out: panels });
        Ok(())
    };
    let threads = threads.clamp(1, at_once.max(grams.len() * places.len()));
    let (runs, blocks) =
        (Shared::new(at_once, 1), Shared::new(grams.len() * places.len(), threads));
    threads::together(threads, |nth, others| {
        for (batch, first) in (0..n_rows).step_by(at_once * DEEP).enumerate() {
            let n_parts = (n_rows - first).div_ceil(DEEP as u64).min(at_once as u64) as usize;
            while let Some(at) = runs.next(0, false).filter(|at| *at < n_parts) {
                let ids = first + (at * DEEP) as u64..;
                make(&parts[at], ids.start..(ids.start + DEEP as u64).min(n_rows))?;
            }
            if !others.all_are_here() {
                break;
            }
            if nth == 0 {
                // The others take runs only after the next meeting, and blocks after the one
                // behind that.
                runs.begin_again();
                let mut take = lock(&take);
                parts[..n_parts].iter().for_each(|part| take(&mut lock(&part.state)));
            }
            let parts = parts[..n_parts].iter();
            let parts: Vec<_> =
                parts.map(|part| part.own.read().unwrap_or_else(PoisonError::into_inner)).collect();
            // Back and forth: the last blocks are still in a cache.
            while let Some(at) = blocks.next(nth, batch % 2 == 1) {
                let (gram, at) = (at % grams.len(), at / grams.len());
                let (right, left) = places[at];
                let mut block = lock(&grams[gram].blocks[at]);
                for part in parts.iter().filter(|part| gram < part.enters) {
                    part.panels[gram].add_products(level, part.rows, [left, right], &mut block);
                }
            }
            drop(parts);
            if !others.all_are_here() {
                break;
            }
            if nth == 0 {
                blocks.begin_again();
            }
        }
        Ok(())
    })
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;
    use crate::quant::Estimator;

    /// Rows of ones, without row 1000.
    struct Cut;

    impl Rows for Cut {
        fn n_rows(&self) -> u64 {
            3000
        }

        fn dim(&self) -> usize {
            40
        }

        fn row_bytes(&self) -> usize {
            1
        }

        fn estimator(&self) -> Option<Estimator> {
            None
        }

        fn read(&self, rows: Range<u64>, stored: &mut Vec<u8>) -> Result<(), ReadError> {
            stored.clear();
            stored.resize((rows.end - rows.start) as usize, 0);
            if rows.contains(&1000) {
                return Err(ReadError::new(rows, io::ErrorKind::UnexpectedEof.into()));
            }
            Ok(())
        }

        fn mapped(&self, _: Range<u64>) -> Option<&[u8]> {
            None
        }

        fn release(&self, _: Range<u64>) {}

        fn decode(&self, _: &[u8], values: &mut [f32]) {
            values.fill(1.0);
        }
    }

    #[test]
    fn a_pass_ends_where_rows_can_not_be_read() {
        let each = |_: &mut (), run: Run| {
            let rows = run.values.chunks_exact(40).enumerate();
            rows.for_each(|(at, row)| run.out[0].put(Level::BASELINE, at, row));
            1
        };
        for threads in [1, 2, 5, 100] {
            let of = |n| {
                let (gram, mut runs) = ([Gram::new(40)], 0);
                pass(&Cut, n, threads, &gram, || (), each, |()| runs += 1).map(|()| {
                    let [gram] = gram;
                    (runs, gram.into_matrix())
                })
            };
            assert_eq!(of(1000).unwrap(), (8, vec![1000.0; 1600]));
            assert_eq!(of(0).unwrap(), (0, vec![0.0; 1600]));
            assert!(of(3000).unwrap_err().rows.contains(&1000));
        }
    }
}
