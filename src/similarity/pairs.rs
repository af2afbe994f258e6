//! The nearest rows of every row by cosine: each pair of rows is compared once, for both.
//!
//! The table is cut into tall blocks. Every row of a block is compared with all rows from
//! the block on: in 8-bit codes first, then in `f32`, then exactly. Each step leaves out
//! the pairs that can be in neither row's list.
//!
//! Write `p` for the product of the codes of `x` and `y` and `s` for a step divided by its
//! row's norm. Let `r` be at least the norm of what the codes leave out, divided by the
//! row's norm. By the proof in [`bound`](super::bound), with `|x| = |y| = 1`,
//!
//! ```text
//! cosine  ≤  p s_x s_y + r_x + r_y + r_x r_y
//! ```
//!
//! A pair is left out if this, with some slack, is below the worst cosine in the lists of
//! both rows. `r` has one percent more than it needs, and the slack is 2^-17. Both are
//! much more than the roundings of the sum in `f32`, half a dozen of at most 2^-24 of
//! `(1 + r_x) (1 + r_y)`.

use std::ops::Range;

use super::bound::{SAFE_SQUARES, SLACK};
use super::kernel::{self, DEPTH, MAX_CODES, PANEL};
use super::lists::Lists;
use super::metric::Metric;
use super::scan;
use super::work::{Query, Search};
use crate::cpu::{Level, at_each_level};
use crate::rows::{ReadError, Reader, Rows, rows_per_run};
use crate::threads::{self, Pieces};

/// The number of values in a block: with their codes they take 80 MiB. The rows after a
/// block are read and decoded again for each block.
const BLOCK_VALUES: usize = 1 << 24;

/// The number of rows of a block whose codes are in the first-level cache together.
const TOGETHER: usize = 32;

/// The number of runs between two reports of progress, for each thread.
const REPORTED: u64 = 16;

/// The `k` nearest of every row: their IDs, and their cosines. All rows have a direction.
/// The answer is that of [`nearest`](super::nearest): exact, with ties broken by the lower
/// ID, and the same for any number of threads.
///
/// `progress` is told the number of pairs that are done, of how many.
///
/// # Errors
/// When rows can't be read.
pub fn nearest_of_all(
    rows: &dyn Rows,
    k: usize,
    threads: usize,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<(Vec<u32>, Vec<f32>), ReadError> {
    nearest_of_all_at(Level::detect(), BLOCK_VALUES, rows, k, threads, progress)
}

/// [`nearest_of_all`] with the instructions of a level, and blocks of about so many values.
pub(super) fn nearest_of_all_at(
    level: Level,
    block_values: usize,
    rows: &dyn Rows,
    k: usize,
    threads: usize,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<(Vec<u32>, Vec<f32>), ReadError> {
    let n = rows.n_rows();
    let lists = Lists::new(n as usize, k);
    if k == 0 {
        return Ok(lists.finish());
    }
    if rows.dim() > MAX_CODES {
        return one_by_one(rows, lists, k, threads, progress);
    }
    let run = rows_per_run(rows).next_multiple_of(PANEL) as u64;
    let per_block = (block_values / rows.dim()).next_multiple_of(PANEL) as u64;
    let reported = run * REPORTED * threads as u64;
    let (mut done, total) = (0, n * (n - 1) / 2);
    for first in (0..n).step_by(per_block as usize) {
        let block = Coded::block(level, rows, first..n.min(first + per_block), run, threads)?;
        for from in (first..n).step_by(reported as usize) {
            let to = n.min(from + reported);
            let pieces = Pieces::new(to - from, run);
            threads::each(pieces.threads(threads), || {
                let mut pairs = Pairs::new(level, rows, &block, &lists);
                while let Some(piece) = pieces.next() {
                    pairs.compare(from + piece.start..from + piece.end)?;
                }
                Ok(())
            })?;
            // Each of these rows was compared with the rows of the block before it.
            let before = |id: u64| id.min(first + per_block) - first;
            done += (from..to).map(before).sum::<u64>();
            progress(done, total);
        }
    }
    Ok(lists.finish())
}

/// For rows that are too wide for codes.
fn one_by_one(
    rows: &dyn Rows,
    lists: Lists,
    k: usize,
    threads: usize,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<(Vec<u32>, Vec<f32>), ReadError> {
    let search = Search { metric: Metric::Cosine, k, threads };
    let mut reader = Reader::new(rows);
    for id in 0..rows.n_rows() {
        let query = Query::of_row(id, reader.read(id..id + 1)?.to_vec());
        let found = scan::nearest(rows, rows.n_rows(), &[query], &search)?;
        for near in &found.neighbors[0] {
            lists.offer(id as usize, near.id as u32, near.score);
        }
        progress(id + 1, rows.n_rows());
    }
    Ok(lists.finish())
}

/// Rows, decoded and in codes.
#[derive(Default)]
struct Coded {
    first: u64,
    values: Vec<f32>,
    norms: Vec<f64>,
    /// Row after row, padded to whole steps of the kernel. Empty if the codes are in panels.
    codes: Vec<i8>,
    terms: Vec<Terms>,
}

/// The numbers of a row in the bound.
#[derive(Clone, Copy)]
struct Terms {
    /// The value of code 1, divided by the norm.
    step: f32,
    /// What the codes leave out.
    residual: f32,
    /// What the panels' offset of 128 adds to products.
    offset: i32,
}

impl Terms {
    fn of(code: kernel::Code, norm: f64, codes: &[i8]) -> Self {
        let sum: i32 = codes.iter().map(|code| i32::from(*code)).sum();
        Self {
            step: (f64::from(code.step) / norm) as f32,
            residual: (1.01 * f64::from(code.residual) / norm) as f32,
            offset: 128 * sum,
        }
    }
}

impl Coded {
    /// The rows of a block, coded as queries.
    fn block(
        level: Level,
        rows: &dyn Rows,
        ids: Range<u64>,
        run: u64,
        threads: usize,
    ) -> Result<Self, ReadError> {
        let (dim, padded) = (rows.dim(), padded(rows.dim()));
        let limit = kernel::query_limit(level);
        let n = (ids.end - ids.start) as usize;
        let mut block = Self {
            first: ids.start,
            values: Vec::with_capacity(n * dim),
            codes: Vec::with_capacity(n * padded),
            ..Self::default()
        };
        let make = |(part, stored): &mut (Self, Vec<u8>), piece: Range<u64>| {
            part.read(level, rows, ids.start + piece.start..ids.start + piece.end, stored)?;
            part.codes.resize(part.norms.len() * padded, 0);
            part.terms.clear();
            let each = part.values.chunks_exact(dim).zip(part.codes.chunks_exact_mut(padded));
            for ((row, codes), norm) in each.zip(&part.norms) {
                let code = kernel::encode(level, row, limit, &mut codes[..dim]);
                codes[dim..].fill(0);
                part.terms.push(Terms::of(code, *norm, codes));
            }
            Ok(())
        };
        let take = |(part, _): &mut (Self, Vec<u8>)| {
            block.values.extend_from_slice(&part.values);
            block.norms.extend_from_slice(&part.norms);
            block.codes.extend_from_slice(&part.codes);
            block.terms.extend_from_slice(&part.terms);
        };
        threads::in_order(&Pieces::new(n as u64, run), threads, Default::default, make, take)?;
        Ok(block)
    }

    /// Reads and decodes rows, in place of those it has.
    fn read(
        &mut self,
        level: Level,
        rows: &dyn Rows,
        ids: Range<u64>,
        stored: &mut Vec<u8>,
    ) -> Result<(), ReadError> {
        self.first = ids.start;
        self.values.resize((ids.end - ids.start) as usize * rows.dim(), 0.0);
        rows.read(ids, stored)?;
        rows.decode(stored, &mut self.values);
        self.norms.clear();
        self.norms.extend(self.values.chunks_exact(rows.dim()).map(|row| kernel::norm(level, row)));
        Ok(())
    }

    fn row(&self, at: usize, dim: usize) -> (&[f32], f64) {
        (&self.values[at * dim..][..dim], self.norms[at])
    }
}

/// The bound's numbers of the rows of a panel, without the rows of the block.
struct Panel {
    step: [f32; PANEL],
    /// The residual and the slack. Lanes without a row are ruled out.
    reach: [f32; PANEL],
    /// What each cosine must reach.
    limit: [f32; PANEL],
}

/// The same of a row of the block.
#[derive(Clone, Copy)]
struct Line {
    terms: Terms,
    limit: f32,
}

/// One thread's comparisons of a block with runs of rows.
struct Pairs<'a> {
    level: Level,
    rows: &'a dyn Rows,
    block: &'a Coded,
    lists: &'a Lists,
    run: Coded,
    stored: Vec<u8>,
    codes: Vec<i8>,
    panels: Vec<u8>,
    terms: Vec<Panel>,
}

impl<'a> Pairs<'a> {
    fn new(level: Level, rows: &'a dyn Rows, block: &'a Coded, lists: &'a Lists) -> Self {
        Self {
            level,
            rows,
            block,
            lists,
            run: Coded::default(),
            stored: Vec::new(),
            codes: vec![0; rows.dim()],
            panels: Vec::new(),
            terms: Vec::new(),
        }
    }

    /// Compares a run of rows with the rows of the block before them.
    fn compare(&mut self, ids: Range<u64>) -> Result<(), ReadError> {
        self.run.read(self.level, self.rows, ids.clone(), &mut self.stored)?;
        self.encode();
        let padded = padded(self.rows.dim());
        let before = (ids.end - 1 - self.block.first).min(self.block.norms.len() as u64) as usize;
        let first = self.block.first as usize;
        let mut lines = Vec::with_capacity(TOGETHER);
        let mut products = [[0; PANEL]; TOGETHER];
        let mut admitted = [[false; PANEL]; TOGETHER];
        for from in (0..before).step_by(TOGETHER) {
            let to = before.min(from + TOGETHER);
            let codes = &self.block.codes[from * padded..to * padded];
            let line = |at: usize| Line {
                terms: self.block.terms[at],
                limit: self.lists.limit(first + at),
            };
            lines.clear();
            lines.extend((from..to).map(line));
            let (products, admitted) = (&mut products[..to - from], &mut admitted[..to - from]);
            for (p, panel) in self.panels.chunks_exact(PANEL * padded).enumerate() {
                kernel::products(self.level, panel, codes, products);
                let terms = &mut self.terms[p];
                self.lists.limits(ids.start as usize + p * PANEL, &mut terms.limit);
                if !admit(self.level, &lines, terms, products, admitted) {
                    continue;
                }
                for (at, admitted) in admitted.iter().enumerate() {
                    if *admitted == [false; PANEL] {
                        continue;
                    }
                    for lane in (0..PANEL).filter(|lane| admitted[*lane]) {
                        self.verify(from + at, p * PANEL + lane);
                    }
                }
            }
        }
        Ok(())
    }

    /// Writes the codes of the run into panels.
    fn encode(&mut self) {
        let (dim, level) = (self.rows.dim(), self.level);
        let padded = padded(dim);
        self.panels.resize(self.run.norms.len().div_ceil(PANEL) * PANEL * padded, 0);
        self.terms.clear();
        let panels = self.panels.chunks_exact_mut(PANEL * padded);
        let rows = self.run.values.chunks(PANEL * dim).zip(self.run.norms.chunks(PANEL));
        for (panel, (rows, norms)) in panels.zip(rows) {
            let mut terms = Panel {
                step: [0.0; PANEL],
                reach: [f32::NEG_INFINITY; PANEL],
                limit: [f32::INFINITY; PANEL],
            };
            for (lane, (row, norm)) in rows.chunks_exact(dim).zip(norms).enumerate() {
                let code = kernel::encode(level, row, 127, &mut self.codes);
                kernel::fill_panel(level, panel, lane, &self.codes);
                let own = Terms::of(code, *norm, &[]);
                terms.step[lane] = own.step;
                terms.reach[lane] = own.residual + SLACK as f32;
            }
            self.terms.push(terms);
        }
    }

    /// Compares a row of the block with a row of the run without codes.
    fn verify(&self, in_block: usize, in_run: usize) {
        if in_run >= self.run.norms.len() {
            return;
        }
        let (dim, level) = (self.rows.dim(), self.level);
        let ids = [self.block.first + in_block as u64, self.run.first + in_run as u64];
        if ids[0] >= ids[1] {
            return;
        }
        let (a, b) = (self.block.row(in_block, dim), self.run.row(in_run, dim));
        let limits = ids.map(|id| self.lists.limit(id as usize));
        let limit = f64::from(limits[0].min(limits[1]));
        let is_safe = |norm: f64| SAFE_SQUARES.contains(&(norm * norm));
        if is_safe(a.1) && is_safe(b.1) {
            let dot = kernel::product(level, a.0, b.0);
            if f64::from(dot) / (a.1 * b.1) + 2.0 * kernel::rounding(dim) < limit {
                return;
            }
        }
        let score = kernel::score(level, Metric::Cosine, a, b);
        for ([to, id], limit) in [ids, [ids[1], ids[0]]].into_iter().zip(limits) {
            if score >= f64::from(limit) {
                self.lists.offer(to as usize, id as u32, score);
            }
        }
    }
}

at_each_level! {
    /// Which rows of the block can be near which rows of the panel. Nearly always there is
    /// none.
    fn admit(
        lines: &[Line],
        panel: &Panel,
        products: &[[i32; PANEL]],
        admitted: &mut [[bool; PANEL]],
    ) -> bool = admit_plain;
}

#[inline(always)]
fn admit_plain(
    lines: &[Line],
    panel: &Panel,
    products: &[[i32; PANEL]],
    admitted: &mut [[bool; PANEL]],
) -> bool {
    let mut any = [false; PANEL];
    for ((line, products), admitted) in lines.iter().zip(products).zip(admitted) {
        for lane in 0..PANEL {
            admitted[lane] = admits(line, panel, lane, products[lane]);
            any[lane] |= admitted[lane];
        }
    }
    any != [false; PANEL]
}

/// Whether one of two rows can be near the other.
#[inline(always)]
fn admits(line: &Line, panel: &Panel, lane: usize, product: i32) -> bool {
    let Terms { step, residual, offset } = line.terms;
    let most = (product - offset) as f32 * panel.step[lane] * step
        + panel.reach[lane] * (1.0 + residual)
        + residual;
    let limit = panel.limit[lane];
    let limit = if limit < line.limit { limit } else { line.limit };
    #[expect(clippy::neg_cmp_op_on_partial_ord, reason = "NaN must be kept")]
    !(most < limit)
}

/// The number of a row's codes, with the zeros that fill its last step.
fn padded(dim: usize) -> usize {
    dim.next_multiple_of(DEPTH)
}
