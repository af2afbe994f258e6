//! `neighbors`: finds the nearest rows of each ID in the whole table.

mod answer;
mod space;

use std::path::PathBuf;

use anyhow::{Context, Result, ensure};

use super::{NamedTokens, Opener, Request, model};
use crate::input::Input;
use crate::report::{Float, Form, Printer, Sink};
use crate::rows::Reader;
use crate::similarity::{self, LeftOut, Metric, Neighbor, Query, Search, norm};
use crate::stats::{is_usable, sample};
use crate::threads;
use crate::tour::random_pairs;

pub use answer::{AtRandom, NeighborAnswer, NeighborsHead, QueryAnswer};
use space::Space;

pub struct NeighborsRequest {
    pub model: PathBuf,
    pub tensor: String,
    /// The tokens whose rows are the queries.
    pub tokens: NamedTokens,
    /// Makes all rows queries if `tokens` is empty. Rows that can't be queries are
    /// skipped and counted, and the answer is for a program.
    pub all: bool,
    pub k: u64,
    pub metric: Metric,
    /// Compares the rows as the first block receives them at this position.
    pub as_input: Option<u64>,
    /// The number of threads. `None`: the number of cores.
    pub threads: Option<usize>,
}

impl Request for NeighborsRequest {
    fn forms(&self) -> &'static [Form] {
        if self.all { &[Form::Csv, Form::Tsv, Form::Md, Form::Jsonl] } else { Form::USUAL }
    }

    fn answer(&self, open: Opener, out: &mut Printer) -> Result<()> {
        self.run(open, &mut out.list())
    }
}

/// At most this many queries share a pass. Each pass encodes the table again; with
/// this many queries that is a few percent of the work.
const MAX_BATCH: usize = 1 << 13;

/// At most this many query values are in memory at a time: 32 MiB.
const MAX_VALUES: usize = 1 << 23;

/// The score of two tokens at random is the mean of so many pairs of so many rows: few,
/// because each is read from another place of the file. The standard error of a mean
/// cosine is then 0.01 to 0.02.
const SAMPLED_PAIRS: u64 = 500;
const SAMPLED_ROWS: u64 = 256;

/// At most this many values are read for these pairs. Only very wide tables have fewer
/// rows.
const MAX_SAMPLED: u64 = 1 << 21;

/// The seed of these pairs.
const SEED: u64 = 2026;

/// Each thread has at most this many neighbours in memory: 16 MiB.
const MAX_NEIGHBORS: usize = 1 << 20;

impl NeighborsRequest {
    /// Gives the neighbours of each query to a sink, in batches of queries.
    pub fn run(&self, open: Opener, sink: &mut dyn Sink<NeighborsHead>) -> Result<()> {
        let model = open(&self.model)?;
        let mut view = model::View::new(&model, &self.model, &self.tensor)?;
        // Do not list all rows: a table may have more rows than memory holds.
        let all = self.all && self.tokens.is_empty();
        let given = if all { None } else { Some(self.tokens.ids(&mut view)?) };
        let table = &view.table;
        let threads = self.threads.unwrap_or_else(threads::available);
        let search = Search { metric: self.metric, k: usize::try_from(self.k)?, threads };
        let input = self.as_input.map(|_| Input::of(&model, table.d_model())).transpose();
        let input = input.with_context(|| self.model.display().to_string())?;
        let space = match (&input, self.as_input) {
            (Some(input), Some(at)) => Space::as_input(table, input, at, self.metric)?,
            _ => Space::stored(table),
        };
        let present = table.rows_present();
        for id in given.iter().flatten().filter(|_| self.all) {
            ensure!(*id < present, "row {id} is missing: the file ends before it");
        }
        if !self.all {
            for id in given.iter().flatten() {
                self.is_query(*id, norm(&space.row(*id)?))?;
            }
        }
        let total = given.as_ref().map_or(present, |ids| ids.len() as u64);
        let id_at = |i: u64| given.as_ref().map_or(i, |ids| ids[i as usize]);

        let held = MAX_VALUES / table.d_model();
        let batch = MAX_BATCH.min(held).min(MAX_NEIGHBORS / search.k).max(1);
        // Every pass leaves out the same candidates, so the last count is the answer.
        // Skipped queries add up.
        let (mut candidates, mut skipped) = (LeftOut::default(), 0);
        sink.head(NeighborsHead {
            model: self.model.display().to_string(),
            table: view.info(),
            metric: self.metric.name(),
            k: self.k,
            position: self.as_input,
            steps: input.as_ref().map(|input| input.steps.iter().map(Into::into).collect()),
            at_random: match self.all {
                true => None,
                false => self.at_random(&space, present)?,
            },
            all: self.all,
        })?;
        for first in (0..total).step_by(batch) {
            let end = total.min(first + batch as u64);
            let (mut asked, mut queries) = (Vec::new(), Vec::new());
            for id in (first..end).map(id_at) {
                let values = space.row(id)?;
                match self.is_query(id, norm(&values)) {
                    Ok(()) => {
                        asked.push(id);
                        queries.push(Query::of_row(id, values));
                    }
                    Err(_) if self.all => skipped += 1,
                    Err(error) => return Err(error),
                }
            }
            let found = similarity::nearest(space.rows(), present, &queries, &search)?;
            candidates = found.left_out;
            for ((&id, query), neighbors) in asked.iter().zip(&queries).zip(found.neighbors) {
                sink.item(answer(&view, &space, id, query, neighbors)?)?;
            }
            if self.all {
                sink.progress(end, total)?;
            }
        }
        let mut notes = notes(&view, &space, candidates);
        if skipped > 0 {
            let (rows, have) = if skipped == 1 { ("row", "has") } else { ("rows", "have") };
            notes.push(format!(
                "{skipped} {rows} of zeros, NaN or infinity {have} no neighbors and no place in \
                 the output"
            ));
        }
        sink.end(notes)
    }

    /// The mean score of two rows at random, which says what a score is worth: in many
    /// tables all rows have a large part in common.
    fn at_random(&self, space: &Space, present: u64) -> Result<Option<AtRandom>> {
        let n = SAMPLED_ROWS.min(MAX_SAMPLED / space.rows().dim() as u64).max(2);
        // Read, not mapped: the pages around each row would stay in memory.
        let mut reader = Reader::new(space.rows());
        let rows = sample(present, n, SEED).into_iter();
        let rows = rows.map(|id| reader.read(id..id + 1).map(<[f32]>::to_vec));
        let rows: Vec<Vec<f32>> = rows.collect::<Result<_, _>>()?;
        let mut scores = Vec::new();
        for (a, b) in random_pairs(rows.len() as u64, SAMPLED_PAIRS, SEED) {
            let [a, b] = [a, b].map(|at| (&*rows[at as usize], norm(&rows[at as usize])));
            if is_usable(a.1) && is_usable(b.1) {
                scores.push(space.score(self.metric.score(a, b)));
            }
        }
        let pairs = scores.len() as u64;
        let mean = scores.iter().sum::<f64>() / pairs as f64;
        Ok(mean.is_finite().then_some(AtRandom { score: Float(mean), pairs }))
    }

    /// Checks that a row with this norm can have neighbours.
    fn is_query(&self, id: u64, norm: f64) -> Result<()> {
        ensure!(norm.is_finite(), "row {id} holds NaN or infinity, so it has no neighbors");
        let why = match self.metric {
            Metric::Cosine => "it has no cosine with other rows",
            Metric::Dot => "its dot product with every row is 0",
            Metric::L2 => return Ok(()),
        };
        ensure!(norm > 0.0, "row {id} is all zeros, so {why}: use --metric l2");
        Ok(())
    }
}

fn answer(
    view: &model::View,
    space: &Space,
    id: u64,
    query: &Query,
    neighbors: Vec<Neighbor>,
) -> Result<QueryAnswer> {
    let neighbor = |(rank, neighbor): (u64, Neighbor)| {
        Ok(NeighborAnswer {
            rank,
            id: neighbor.id,
            token: view.token(neighbor.id)?,
            score: Float(space.score(neighbor.score)),
        })
    };
    Ok(QueryAnswer {
        id,
        token: view.token(id)?,
        norm: Float(space.norm(&query.values)),
        neighbors: (1..).zip(neighbors).map(neighbor).collect::<Result<_>>()?,
    })
}

fn notes(view: &model::View, space: &Space, left_out: LeftOut) -> Vec<String> {
    let mut notes = view.notes.clone();
    notes.extend(space.note.clone());
    let (present, n_vocab) = (view.table.rows_present(), view.table.n_vocab());
    if present < n_vocab {
        notes.push(format!(
            "only rows 0 to {} of {n_vocab} are in the file (an incomplete download?); \
             the others were not searched",
            present.saturating_sub(1),
        ));
    }
    for (n, what) in [
        (left_out.zero, "of zeros, which have no direction,"),
        (left_out.not_finite, "with NaN or infinity"),
    ] {
        let (rows, were) = if n == 1 { ("row", "was") } else { ("rows", "were") };
        notes.extend((n > 0).then(|| format!("{n} {rows} {what} {were} left out")));
    }
    notes
}
