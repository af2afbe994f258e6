//! `neighbors`: finds the nearest rows of each ID in the whole table.

mod answer;
mod asked;
mod space;

use std::path::PathBuf;

use anyhow::{Context, Result, ensure};

use super::candidates::{Candidates, Filter};
use super::frame::{Frame, Framed};
use super::{NamedTokens, Opener, Reads, Request, model};
use crate::input::Input;
use crate::report::{Float, Form, Printer, Sink};
use crate::rows::Reader;
use crate::similarity::{LeftOut, Metric, Neighbor, Query, Search, norm};
use crate::stats::{is_usable, sample};
use crate::threads;
use crate::tour::random_pairs;

pub use answer::{AtRandom, NeighborAnswer, NeighborsHead, QueryAnswer, TermAnswer};
use asked::{Asked, Sum, vectors};
use space::Space;

pub struct NeighborsRequest {
    pub model: PathBuf,
    pub tensor: String,
    /// The tokens whose rows are the queries.
    pub tokens: NamedTokens,
    /// Makes all rows queries if `tokens` is empty. Rows that can't be queries are
    /// skipped and counted, and the answer is for a program.
    pub all: bool,
    /// Tokens whose rows are added to each query, and subtracted from it.
    pub plus: NamedTokens,
    pub minus: NamedTokens,
    /// A file with vectors that are queries too.
    pub vectors: Option<PathBuf>,
    /// The candidates to leave out.
    pub filter: Filter,
    pub k: u64,
    pub metric: Metric,
    /// What is done to every row before the comparison.
    pub frame: Frame,
    /// Compares the rows as the first block receives them at this position.
    pub as_input: Option<u64>,
    /// The number of threads. `None`: the number of cores.
    pub threads: Option<usize>,
}

impl Request for NeighborsRequest {
    fn reads(&self) -> Reads {
        Reads::table(&self.tensor)
    }

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
        let given = match (&self.vectors, all) {
            (Some(_), _) => Some(Vec::new()),
            (None, true) => None,
            (None, false) => Some(self.tokens.ids(&mut view)?),
        };
        let sum = Sum::of(&self.plus, &self.minus, &mut view)?;
        let table = &view.table;
        let threads = self.threads.unwrap_or_else(threads::available);
        let search = Search { metric: self.metric, k: usize::try_from(self.k)?, threads };
        let input = self.as_input.map(|_| Input::of(&model, table.d_model())).transpose();
        let input = input.with_context(|| self.model.display().to_string())?;
        let present = table.rows_present();
        if self.all {
            for id in given.iter().flatten() {
                ensure!(*id < present, "row {id} is missing: the file ends before it");
            }
        } else {
            // Before the frame is computed, which takes a while.
            given
                .iter()
                .flatten()
                .chain(sum.ids())
                .try_for_each(|id| table.row(*id).map(|_| ()))?;
        }
        let framed = Framed::new(self.frame, table, threads)?;
        let space = match (&input, self.as_input) {
            (Some(input), Some(at)) => Space::as_input(table, input, at, self.metric)?,
            _ => Space::stored(&framed, self.frame),
        };
        if !self.all {
            for id in given.iter().flatten().chain(sum.ids()) {
                self.is_query(*id, norm(&space.row(*id)?))?;
            }
        }
        let outside = match &self.vectors {
            Some(path) => vectors(path, table.d_model(), &framed)?,
            None => Vec::new(),
        };
        let named: Vec<u64> = given.iter().flatten().chain(sum.ids()).copied().collect();
        ensure!(
            !(all && self.filter.no_variants),
            "--no-variants needs token IDs: --all asks about every row"
        );
        let candidates = Candidates::new(&self.filter, &view, &named)?;
        let total = match &given {
            _ if self.vectors.is_some() => outside.len() as u64,
            Some(ids) => ids.len() as u64,
            None => present,
        };
        let id_at = |i: u64| given.as_ref().map_or(i, |ids| ids[i as usize]);
        let asked_at = |i: u64| -> Result<Asked> {
            if let Some(vector) = outside.get(i as usize) {
                let norm = norm(vector);
                let what = format!("vector {i} of the file");
                ensure!(norm.is_finite(), "{what} holds NaN or infinity, so it has no neighbors");
                ensure!(norm > 0.0 || self.metric == Metric::L2, "{what} is all zeros");
                return Ok(Asked {
                    id: None,
                    query: Query { exclude: Vec::new(), values: vector.clone() },
                });
            }
            let id = id_at(i);
            let row = space.row(id)?;
            self.is_query(id, norm(&row))?;
            let values = sum.with(row, self.metric, |id| space.row(id))?;
            if !sum.is_empty() {
                let norm = norm(&values);
                ensure!(norm.is_finite() && norm > 0.0, "the sum is zero: it has no neighbors");
            }
            let mut own = vec![id];
            own.extend(sum.ids());
            let exclude =
                if self.filter.no_variants { candidates.with_variants(&own)? } else { own };
            Ok(Asked { id: Some(id), query: Query { exclude, values } })
        };

        let held = MAX_VALUES / table.d_model();
        let batch = MAX_BATCH.min(held).min(MAX_NEIGHBORS / search.k).max(1);
        // Every pass leaves out the same candidates, so the last count is the answer.
        // Skipped queries add up.
        let (mut left_out, mut skipped) = (LeftOut::default(), 0);
        sink.head(NeighborsHead {
            model: self.model.display().to_string(),
            table: view.info(),
            metric: self.metric.name(),
            k: self.k,
            position: self.as_input,
            steps: input.as_ref().map(|input| input.steps.iter().map(Into::into).collect()),
            frame: self.frame,
            plus: sum.plus.iter().map(|id| TermAnswer::of(*id, &view)).collect::<Result<_>>()?,
            minus: sum.minus.iter().map(|id| TermAnswer::of(*id, &view)).collect::<Result<_>>()?,
            at_random: match self.all {
                true => None,
                false => self.at_random(&space, present)?,
            },
            all: self.all,
        })?;
        for first in (0..total).step_by(batch) {
            let end = total.min(first + batch as u64);
            let (mut asked, mut queries) = (Vec::new(), Vec::new());
            for i in first..end {
                match asked_at(i) {
                    Ok(Asked { id, query }) => {
                        asked.push(id);
                        queries.push(query);
                    }
                    Err(_) if self.all => skipped += 1,
                    Err(error) => return Err(error),
                }
            }
            let found = candidates.nearest(space.rows(), present, &queries, &search)?;
            left_out = found.left_out;
            for ((id, query), neighbors) in asked.into_iter().zip(&queries).zip(found.neighbors) {
                sink.item(answer(&view, &space, id, query, neighbors)?)?;
            }
            if self.all {
                sink.progress(end, total)?;
            }
        }
        let mut notes = notes(&view, &space, left_out);
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
    id: Option<u64>,
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
        token: id.map(|id| view.token(id)).transpose()?.unwrap_or_default(),
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
