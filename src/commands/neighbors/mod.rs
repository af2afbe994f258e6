//! `neighbors`: the nearest rows of each ID over the whole table.

mod all;
mod space;

use anyhow::{Context, Result, ensure};

use super::{Opener, ids, model};
use crate::answer::{Float, NeighborAnswer, NeighborsReport, QueryAnswer};
use crate::cli;
use crate::embedding::Table;
use crate::gguf::Model;
use crate::input::Input;
use crate::similarity::{self, LeftOut, Metric, Neighbor, Query, Search, norm};
use crate::threads;

use space::Space;

pub(super) use all::run as run_all;

pub(super) fn run(args: &cli::Neighbors, open: Opener) -> Result<NeighborsReport> {
    let model = open(&args.model.path)?;
    let mut view = model::View::new(&model, &args.model.path, &args.model.tensor)?;
    let ids = ids::parse(&args.ids, &args.tokens, &mut view)?;
    let table = &view.table;
    let search = search(args)?;
    let input = input(args, &model, table)?;
    let space = space(args, input.as_ref(), table)?;
    let queries = ids
        .into_iter()
        .map(|id| {
            let values = space.row(id)?;
            let norm = norm(&values);
            ensure!(
                norm.is_finite(),
                "row {id} holds NaN or infinity: nothing is near it or far from it"
            );
            ensure!(
                search.metric != Metric::Cosine || norm > 0.0,
                "row {id} is all zeros and has no direction: no cosine can be taken \
                 (--metric l2 measures distance instead)"
            );
            Ok(Query { id, values })
        })
        .collect::<Result<Vec<_>>>()?;

    let found = similarity::nearest(space.rows(), table.rows_present(), &queries, &search)?;
    let answers = queries.iter().zip(found.neighbors);
    let queries = answers
        .map(|(query, neighbors)| answer(&view, &space, query, neighbors))
        .collect::<Result<_>>()?;
    let notes = notes(&view, &space, found.left_out);
    Ok(NeighborsReport {
        model: args.model.path.display().to_string(),
        table: view.info(),
        metric: search.metric.name(),
        k: args.k,
        position: input.as_ref().map(|_| position(args)),
        steps: input.map(space::steps),
        queries,
        notes,
    })
}

/// What is done to rows before the first block, where they are to be compared
/// as they are there.
fn input(args: &cli::Neighbors, model: &Model, table: &Table) -> Result<Option<Input>> {
    let input = args.as_input.then(|| Input::of(model, table.d_model())).transpose();
    input.with_context(|| args.model.path.display().to_string())
}

/// The rows to compare.
fn space<'a>(
    args: &cli::Neighbors,
    input: Option<&'a Input>,
    table: &'a Table,
) -> Result<Space<'a>> {
    match input {
        None => Ok(Space::stored(table)),
        Some(input) => Space::as_input(table, input, position(args), metric(args)),
    }
}

/// The position of all rows, where that matters.
fn position(args: &cli::Neighbors) -> u64 {
    args.start.map_or(0, u64::from)
}

fn metric(args: &cli::Neighbors) -> Metric {
    match args.metric {
        cli::Metric::Cosine => Metric::Cosine,
        cli::Metric::Dot => Metric::Dot,
        cli::Metric::L2 => Metric::L2,
    }
}

/// What the arguments ask to look for.
fn search(args: &cli::Neighbors) -> Result<Search> {
    let threads = match args.threads {
        Some(threads) => usize::from(threads),
        None => threads::available(),
    };
    Ok(Search { metric: metric(args), k: usize::try_from(args.k)?, threads })
}

/// What was found for one query, with the tokens that name the rows.
fn answer(
    view: &model::View,
    space: &Space,
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
        id: query.id,
        token: view.token(query.id)?,
        norm: Float(space.norm(&query.values)),
        neighbors: (1..).zip(neighbors).map(neighbor).collect::<Result<_>>()?,
    })
}

/// What a reader should know of the rows that were not candidates.
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
    let many = |n: u64, what: &str| {
        let (rows, were) = if n == 1 { ("row", "was") } else { ("rows", "were") };
        format!("{n} {rows} {what} {were} left out")
    };
    if left_out.zero > 0 {
        notes.push(many(left_out.zero, "of zeros, which have no direction,"));
    }
    if left_out.not_finite > 0 {
        notes.push(many(left_out.not_finite, "with NaN or infinity"));
    }
    notes
}
