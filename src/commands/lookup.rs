//! `lookup`: token IDs to rows.

use std::collections::HashMap;

use anyhow::{Result, ensure};

use super::{Opener, ids, model};
use crate::answer::{Float, LookupReport, LookupRow};
use crate::cli;
use crate::similarity::norm;

/// As many values as one answer holds: 1 GiB of them.
const MAX_VALUES: u64 = 1 << 28;

pub(super) fn run(args: &cli::Lookup, open: Opener) -> Result<LookupReport> {
    let model = open(&args.model.path)?;
    let view = model::View::new(&model, &args.model.path, &args.model.tensor)?;
    let table = &view.table;
    let ids = ids::parse(&args.ids, table)?;
    let shape = [ids.len() as u64, table.d_model() as u64];
    ensure!(
        shape[0] * shape[1] <= MAX_VALUES,
        "{} rows of {} values are more than one answer holds ({MAX_VALUES} values): \
         ask for them in several calls",
        shape[0],
        shape[1]
    );

    let mut first_position = HashMap::new();
    let mut rows: Vec<LookupRow> = Vec::new();
    for (position, &id) in (0..).zip(&ids) {
        let first = *first_position.entry(id).or_insert(position);
        let repeats = (first < position).then_some(first);
        let (token, norm, values) = match repeats {
            Some(first) => {
                let row = &rows[first as usize];
                (row.token.clone(), row.norm, row.values.clone())
            }
            None => {
                let values = table.row(id)?;
                let norm = Float(norm(&values));
                (view.token(id)?, norm, values.into_iter().map(Float).collect())
            }
        };
        rows.push(LookupRow { position, id, token, norm, repeats, values });
    }
    Ok(LookupReport {
        model: args.model.path.display().to_string(),
        table: view.info(),
        shape,
        bytes_read: first_position.len() as u64 * table.row_bytes(),
        ids,
        rows,
        notes: view.notes,
    })
}
