//! `neighbors --all`: a query of every row, a batch of them at a time.

use anyhow::{Result, ensure};

use super::{answer, notes, search};
use crate::answer::Sink;
use crate::cli;
use crate::commands::{Opener, ids, model};
use crate::similarity::{self, LeftOut, Query, norm};

/// As many queries as share a pass. Coding the table anew for each pass is then
/// a few percent of the work.
const MAX_BATCH: usize = 1 << 13;

/// As many values of queries as are held at a time: 32 MiB.
const MAX_VALUES: usize = 1 << 23;

/// As many neighbours as are held at a time, by each thread: 16 MiB.
const MAX_NEIGHBORS: usize = 1 << 20;

/// Streams the answers; returns what a reader should know besides.
pub(in crate::commands) fn run(
    args: &cli::Neighbors,
    open: Opener,
    sink: &mut dyn Sink,
) -> Result<Vec<String>> {
    let model = open(&args.model.path)?;
    let mut view = model::View::new(&model, &args.model.path, &args.model.tensor)?;
    // No list is made of all rows: a table may have more than memory holds.
    let all = args.ids.is_empty() && args.tokens.is_empty();
    let given = if all { None } else { Some(ids::parse(&args.ids, &args.tokens, &mut view)?) };
    let (table, search) = (&view.table, search(args)?);
    let input = super::input(args, &model, table)?;
    let space = super::space(args, input.as_ref(), table)?;
    let present = table.rows_present();
    for id in given.iter().flatten() {
        ensure!(*id < present, "row {id} is not in the file, which ends before it");
    }
    let total = given.as_ref().map_or(present, |ids| ids.len() as u64);
    let id_at = |i: u64| given.as_ref().map_or(i, |ids| ids[i as usize]);

    let held = MAX_VALUES / table.d_model();
    let batch = MAX_BATCH.min(held).min(MAX_NEIGHBORS / search.k).max(1);
    // Rows left out as candidates are the same in every pass; as queries they
    // are counted here.
    let (mut candidates, mut skipped) = (LeftOut::default(), 0);
    sink.begin(search.metric.name(), total)?;
    for first in (0..total).step_by(batch) {
        let end = total.min(first + batch as u64);
        let (mut asked, mut queries) = (Vec::new(), Vec::with_capacity(batch));
        for id in (first..end).map(id_at) {
            let values = space.row(id)?;
            if search.metric.ranks(norm(&values)) {
                asked.push(id);
                queries.push(Query::of_row(id, values));
            } else {
                skipped += 1;
            }
        }
        let found = similarity::nearest(space.rows(), present, &queries, &search)?;
        candidates = found.left_out;
        for ((&id, query), neighbors) in asked.iter().zip(&queries).zip(found.neighbors) {
            sink.answer(&answer(&view, &space, id, query, neighbors)?)?;
        }
        sink.done(end)?;
    }

    let mut notes = notes(&view, &space, candidates);
    if skipped > 0 {
        let (rows, have) = if skipped == 1 { ("row", "has") } else { ("rows", "have") };
        notes.push(format!(
            "{skipped} {rows} of zeros, NaN or infinity {have} no neighbors and no place in the output"
        ));
    }
    Ok(notes)
}
