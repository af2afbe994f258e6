//! A run of rows against many queries. The run is decoded once, coded again with
//! one step per row, and compared with all queries while it is in the cache.
//!
//! With one step per row, a dot product is a sum of integers from end to end. This
//! is several times faster than multiplying floats.

use std::ops::Range;

use super::bound::{Bound, Limit, Terms};
use super::kernel::{self, DEPTH, PANEL};
use super::ranking::Ranking;
use super::top_k::TopK;
use super::work::{LeftOut, Query, Search, Work};
use crate::cpu::{Level, at_each_level};
use crate::rows::Rows;

/// The number of queries whose products are computed together: their codes and
/// sums stay in the first-level cache.
const BLOCK: usize = 32;

/// All queries in 8-bit codes, shared by the threads.
pub(super) struct Codes {
    /// The codes of each query, padded to whole steps of the kernel.
    codes: Vec<i8>,
    /// Each query's code, and what the panels' offset of 128 adds to products.
    each: Vec<(kernel::Code, i32)>,
}

/// One thread's search for many queries.
pub(super) struct Batch<'a> {
    level: Level,
    rows: &'a dyn Rows,
    search: Search,
    queries: &'a Codes,
    rankings: Vec<Ranking<'a>>,
    limits: Vec<Limit>,
    values: Vec<f32>,
    codes: Vec<i8>,
    panels: Vec<u8>,
    norms: Vec<f64>,
    terms: Vec<Terms<PANEL>>,
    left_out: LeftOut,
}

impl<'a> Batch<'a> {
    pub fn prepare(level: Level, queries: &[Query]) -> Codes {
        let padded = queries.first().map_or(0, |query| padded(query.values.len()));
        let mut codes = vec![0; padded * queries.len()];
        let limit = kernel::query_limit(level);
        let code = |(query, codes): (&Query, &mut [i8])| {
            let code =
                kernel::encode(level, &query.values, limit, &mut codes[..query.values.len()]);
            let sum: i32 = codes.iter().map(|code| i32::from(*code)).sum();
            (code, 128 * sum)
        };
        let each = queries.iter().zip(codes.chunks_exact_mut(padded.max(1))).map(code).collect();
        Codes { codes, each }
    }

    pub fn new(
        level: Level,
        rows: &'a dyn Rows,
        queries: &'a [Query],
        codes: &'a Codes,
        search: &Search,
    ) -> Self {
        let rounding = kernel::rounding(rows.dim());
        let ranking = |(query, &(code, _)): (&'a Query, &(kernel::Code, i32))| {
            let (step, residual) = (code.step.into(), code.residual.into());
            let bound = Bound::new(search.metric, query, step, residual, rounding);
            Ranking::new(level, search, query, bound)
        };
        let rankings: Vec<_> = queries.iter().zip(&codes.each).map(ranking).collect();
        Self {
            level,
            rows,
            search: *search,
            queries: codes,
            limits: rankings.iter().map(Ranking::limit).collect(),
            rankings,
            values: Vec::new(),
            codes: vec![0; rows.dim()],
            panels: Vec::new(),
            norms: Vec::new(),
            terms: Vec::new(),
            left_out: LeftOut::default(),
        }
    }

    /// Decodes rows and writes their codes into panels.
    fn prepare_rows(&mut self, stored: &[u8]) {
        let (dim, level) = (self.rows.dim(), self.level);
        let n = stored.len() / self.rows.row_bytes();
        self.values.resize(n * dim, 0.0);
        self.rows.decode(stored, &mut self.values);
        self.panels.resize(n.div_ceil(PANEL) * PANEL * padded(dim), 0);
        self.norms.clear();
        self.terms.clear();
        let panels = self.panels.chunks_exact_mut(PANEL * padded(dim));
        for (panel, rows) in panels.zip(self.values.chunks(PANEL * dim)) {
            // Lanes without a row, and rows that can't be ranked, stay ruled out.
            let mut terms = Terms {
                step: [0.0; PANEL],
                norm: [0.0; PANEL],
                square: [0.0; PANEL],
                residual: [f32::NEG_INFINITY; PANEL],
            };
            for (lane, row) in rows.chunks_exact(dim).enumerate() {
                let norm = kernel::norm(level, row);
                self.norms.push(norm);
                if self.left_out.count(self.search.metric, norm) {
                    continue;
                }
                let code = kernel::encode(level, row, 127, &mut self.codes);
                kernel::fill_panel(level, panel, lane, &self.codes);
                terms.residual[lane] = code.residual;
                if code.residual.is_finite() {
                    terms.step[lane] = code.step;
                    terms.norm[lane] = norm as f32;
                    terms.square[lane] = (norm * norm) as f32;
                }
            }
            self.terms.push(terms);
        }
    }
}

impl Work for Batch<'_> {
    fn piece(&mut self, ids: Range<u64>, stored: &[u8]) {
        self.prepare_rows(stored);
        let (dim, level) = (self.rows.dim(), self.level);
        let padded = padded(dim);
        let mut products = [[0; PANEL]; BLOCK];
        let mut admitted = [0; BLOCK];
        for (b, codes) in self.queries.codes.chunks(BLOCK * padded).enumerate() {
            let first = b * BLOCK;
            let each = &self.queries.each[first..];
            let each = &each[..each.len().min(BLOCK)];
            let panels = self.panels.chunks_exact(PANEL * padded).zip(&self.terms);
            for (p, (panel, terms)) in panels.enumerate() {
                let products = &mut products[..each.len()];
                let admitted = &mut admitted[..each.len()];
                kernel::products(level, panel, codes, products);
                admit(level, &self.limits[first..], each, terms, products, admitted);
                for q in (0..each.len()).filter(|q| admitted[*q] != 0) {
                    for lane in (0..PANEL).filter(|lane| admitted[q] >> lane & 1 == 1) {
                        let row = p * PANEL + lane;
                        let Some(&norm) = self.norms.get(row) else { break };
                        let product = products[q][lane];
                        // The limit changes with every row that is kept.
                        let limit = &mut self.limits[first + q];
                        if terms.residual[lane] > f32::NEG_INFINITY
                            && limit.admits(lane, terms, (product - each[q].1) as f32)
                        {
                            let values = &self.values[row * dim..][..dim];
                            let ranking = &mut self.rankings[first + q];
                            if ranking.offer(ids.start + row as u64, values, norm) {
                                *limit = ranking.limit();
                            }
                        }
                    }
                }
            }
        }
    }

    fn finish(self: Box<Self>) -> (Vec<TopK>, LeftOut) {
        (self.rankings.into_iter().map(Ranking::finish).collect(), self.left_out)
    }
}

at_each_level! {
    /// Which rows of a panel can be among the nearest of each query, one bit per
    /// row. Nearly always there is none.
    fn admit(
        limits: &[Limit],
        each: &[(kernel::Code, i32)],
        terms: &Terms<PANEL>,
        products: &[[i32; PANEL]],
        admitted: &mut [u32],
    ) = admit_plain;
}

#[inline(always)]
fn admit_plain(
    limits: &[Limit],
    each: &[(kernel::Code, i32)],
    terms: &Terms<PANEL>,
    products: &[[i32; PANEL]],
    admitted: &mut [u32],
) {
    let queries = limits.iter().zip(each).zip(products).zip(admitted);
    for (((limit, &(_, offset)), products), admitted) in queries {
        let admits = |lane| limit.admits(lane, terms, (products[lane] - offset) as f32);
        *admitted = (0..PANEL).fold(0, |set, lane| set | u32::from(admits(lane)) << lane);
    }
}

/// The number of a row's codes, with the zeros that fill its last step.
fn padded(dim: usize) -> usize {
    dim.next_multiple_of(DEPTH)
}
