//! `neighbors`: the nearest rows of each ID over the whole table.

use anyhow::{Result, ensure};

use super::{ids, model};
use crate::answer::{Float, NeighborAnswer, NeighborsReport, QueryAnswer};
use crate::cli;
use crate::similarity::{self, Metric, Query, Search, norm};

pub(super) fn run(args: &cli::Neighbors) -> Result<NeighborsReport> {
    let gguf = model::open(&args.model.path)?;
    let view = model::View::new(&gguf, &args.model.path, &args.model.tensor)?;
    let table = &view.table;
    let metric = match args.metric {
        cli::Metric::Cosine => Metric::Cosine,
        cli::Metric::Dot => Metric::Dot,
        cli::Metric::L2 => Metric::L2,
    };
    let queries = ids::parse(&args.ids, table)?
        .into_iter()
        .map(|id| {
            let values = table.row(id)?;
            let norm = norm(&values);
            ensure!(
                norm.is_finite(),
                "row {id} holds NaN or infinity: nothing is near it or far from it"
            );
            ensure!(
                metric != Metric::Cosine || norm > 0.0,
                "row {id} is all zeros and has no direction: no cosine can be taken \
                 (--metric l2 measures distance instead)"
            );
            Ok(Query { id, values })
        })
        .collect::<Result<Vec<_>>>()?;

    let present = table.rows_present();
    let k = usize::try_from(args.k)?;
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let search = Search { metric, k, threads };
    let found = similarity::nearest(table, present, &queries, &search)?;

    let mut notes = view.notes.clone();
    let many = |n: u64, what: &str| {
        let (rows, were) = if n == 1 { ("row", "was") } else { ("rows", "were") };
        format!("{n} {rows} {what} {were} left out")
    };
    if present < table.n_vocab() {
        notes.push(format!(
            "only rows 0 to {} of {} are in the file (an incomplete download?); \
             the others were not searched",
            present.saturating_sub(1),
            table.n_vocab()
        ));
    }
    if found.left_out.zero > 0 {
        notes.push(many(found.left_out.zero, "of zeros, which have no direction,"));
    }
    if found.left_out.not_finite > 0 {
        notes.push(many(found.left_out.not_finite, "with NaN or infinity"));
    }

    let answers = queries
        .iter()
        .zip(found.neighbors)
        .map(|(query, neighbors)| {
            Ok(QueryAnswer {
                id: query.id,
                token: view.token(query.id)?,
                norm: Float(norm(&query.values)),
                neighbors: (1..)
                    .zip(neighbors)
                    .map(|(rank, neighbor)| {
                        Ok(NeighborAnswer {
                            rank,
                            id: neighbor.id,
                            token: view.token(neighbor.id)?,
                            score: Float(neighbor.score),
                        })
                    })
                    .collect::<Result<_>>()?,
            })
        })
        .collect::<Result<_>>()?;
    Ok(NeighborsReport {
        model: args.model.path.display().to_string(),
        table: view.info(),
        metric: metric.name(),
        k: args.k,
        queries: answers,
        notes,
    })
}
