//! `similarity`: how near some tokens are to each other.

mod answer;
mod looks;
mod svg;

use std::path::PathBuf;

use anyhow::{Result, ensure};

use super::frame::{Frame, Framed};
use super::{NamedTokens, Opener, Reads, Request, model};
use crate::report::{Float, Form, Printer, npy};
use crate::similarity::{Metric, norm};
use crate::stats::{Moments, is_usable, sample};
use crate::threads;
use crate::tour::random_pairs;

pub use answer::*;

pub struct SimilarityRequest {
    pub model: PathBuf,
    pub tensor: String,
    pub tokens: NamedTokens,
    pub metric: Metric,
    /// What is done to every row before the comparison.
    pub frame: Frame,
    /// The number of threads. `None`: the number of cores.
    pub threads: Option<usize>,
}

/// At most this many tokens are compared: their scores fill 32 MiB.
const MOST: usize = 2048;

/// What two tokens at random have is estimated from so many pairs of so many rows, which
/// have at most so many values.
const PAIRS: u64 = 20_000;
const ROWS: u64 = 2048;
const VALUES: u64 = 1 << 22;
const SEED: u64 = 2026;

impl Request for SimilarityRequest {
    fn reads(&self) -> Reads {
        Reads::table(&self.tensor)
    }

    fn forms(&self) -> &'static [Form] {
        Form::OF_PICTURE
    }

    fn answer(&self, open: Opener, out: &mut Printer) -> Result<()> {
        let report = self.run(open)?;
        match out.form() {
            Form::Npy => {
                let n = report.tokens.len() as u64;
                npy::header([n, n], out.out())?;
                let mut bytes = Vec::new();
                npy::values(report.matrix.iter().flatten().map(|x| x.0 as f32), &mut bytes);
                out.out().write_all(&bytes)?;
            }
            Form::Svg => svg::write(&report, out.out())?,
            _ => return out.answer(&report),
        }
        out.notes.extend(report.notes);
        Ok(())
    }
}

impl SimilarityRequest {
    pub fn run(&self, open: Opener) -> Result<SimilarityReport> {
        let model = open(&self.model)?;
        let mut view = model::View::new(&model, &self.model, &self.tensor)?;
        let ids = self.tokens.ids(&mut view)?;
        ensure!(ids.len() >= 2, "one token has no similarity: name at least two");
        ensure!(ids.len() <= MOST, "{} tokens are too many to compare: at most {MOST}", ids.len());
        let table = &view.table;
        let stored: Vec<Vec<f32>> =
            ids.iter().map(|id| table.row(*id)).collect::<Result<_, _>>()?;
        let threads = self.threads.unwrap_or_else(threads::available);
        let framed = Framed::new(self.frame, table, threads)?;
        let mut rows = stored.concat();
        framed.apply(&mut rows);
        let rows: Vec<(&[f32], f64)> =
            rows.chunks_exact(table.d_model()).map(|row| (row, norm(row))).collect();
        for (id, (_, norm)) in ids.iter().zip(&rows) {
            ensure!(norm.is_finite(), "row {id} holds NaN or infinity, so it is like no other");
            ensure!(
                *norm > 0.0 || self.metric != Metric::Cosine,
                "row {id} is all zeros, so it has no cosine with other rows: use --metric l2"
            );
        }
        let score = |a: usize, b: usize| self.metric.score(rows[a.min(b)], rows[a.max(b)]);
        let n = ids.len();
        let matrix: Vec<Vec<Float<f64>>> =
            (0..n).map(|a| (0..n).map(|b| Float(score(a, b))).collect()).collect();
        // The token's scores with all others.
        let mean = |a: usize| {
            let others = (0..n).filter(|b| *b != a).map(|b| matrix[a][b].0);
            others.sum::<f64>() / (n - 1) as f64
        };
        let mut tokens = Vec::with_capacity(n);
        for (at, id) in ids.iter().enumerate() {
            let (token, norm) = (view.token(*id)?, Float(rows[at].1));
            tokens.push(ComparedToken { id: *id, token, norm, mean: Float(mean(at)) });
        }
        let is_nearer = |a: f64, b: f64| if self.metric.descending() { a > b } else { a < b };
        let mut closest = [0, 1];
        for (a, b) in (0..n).flat_map(|a| (a + 1..n).map(move |b| (a, b))) {
            if is_nearer(matrix[a][b].0, matrix[closest[0]][closest[1]].0) {
                closest = [a, b];
            }
        }
        let mut odd = 0;
        for at in 1..n {
            if is_nearer(tokens[odd].mean.0, tokens[at].mean.0) {
                odd = at;
            }
        }
        let (at_random, below) = self.at_random(&framed, matrix[0][1].0)?;
        let unmoved = Framed::new(Frame::Stored, table, threads)?;
        let as_stored = match self.frame {
            Frame::Stored => None,
            _ => Some(AsStored {
                score: (n == 2).then(|| {
                    let [a, b] = [&stored[0], &stored[1]].map(|row| (&**row, norm(row)));
                    Float(self.metric.score(a, b))
                }),
                at_random: self.at_random(&unmoved, 0.0)?.0,
            }),
        };
        let mut notes = view.notes.clone();
        notes.extend(framed.note(self.frame));
        Ok(SimilarityReport {
            model: self.model.display().to_string(),
            table: view.info(),
            metric: self.metric.name(),
            frame: self.frame,
            tokens,
            percentile: below.filter(|_| n == 2).map(Float),
            closest: (n > 2).then(|| closest.map(|at| ids[at])),
            odd_one_out: (n > 2).then(|| ids[odd]),
            matrix,
            at_random,
            as_stored,
            notes,
        })
    }

    /// The scores of two rows at random, and the share of them that are not as near as
    /// `score`, in percent.
    fn at_random(&self, framed: &Framed, score: f64) -> Result<(Option<RandomPairs>, Option<f64>)> {
        let (table, dim) = (framed.table, framed.table.d_model());
        let n = ROWS.min(VALUES / dim as u64).max(2);
        let mut rows = Vec::new();
        for id in sample(table.rows_present(), n, SEED) {
            rows.extend(table.row(id)?);
        }
        framed.apply(&mut rows);
        let rows: Vec<(&[f32], f64)> = rows
            .chunks_exact(dim)
            .map(|row| (row, norm(row)))
            .filter(|(_, norm)| is_usable(*norm))
            .collect();
        let scores: Vec<f64> = random_pairs(rows.len() as u64, PAIRS, SEED)
            .map(|(a, b)| self.metric.score(rows[a as usize], rows[b as usize]))
            .collect();
        let Some(moments) = Moments::of(&scores) else { return Ok((None, None)) };
        let is_below = |x: &&f64| if self.metric.descending() { **x < score } else { **x > score };
        let below = scores.iter().filter(is_below).count() as f64 / scores.len() as f64;
        let [mean, sd] = [moments.mean(), moments.sd()].map(Float);
        Ok((Some(RandomPairs { mean, sd, pairs: moments.n() }), Some(100.0 * below)))
    }
}
