//! `lookup`: token IDs to rows.

use std::collections::HashMap;

use anyhow::{Context, Result, anyhow, ensure};

use super::text::{self, Tokenized};
use super::{Opener, ids, model};
use crate::answer::{Float, InputStep, LookupReport, LookupRow};
use crate::cli;
use crate::input::{self, Input};
use crate::similarity::norm;

/// As many values as one answer holds: 1 GiB of them.
const MAX_VALUES: u64 = 1 << 28;

pub(super) fn run(args: &cli::Lookup, open: Opener) -> Result<LookupReport> {
    let model = open(&args.model.path)?;
    let mut view = model::View::new(&model, &args.model.path, &args.model.tensor)?;
    let (text, ids) = if args.text.is_given() {
        let Tokenized { input, ids, notes } =
            tokens_of(&args.text, &view).with_context(|| args.model.path.display().to_string())?;
        view.notes.extend(notes);
        (Some(input), ids)
    } else {
        (None, ids::parse(&args.ids, &args.tokens, &mut view)?)
    };
    let table = &view.table;
    let shape = [ids.len() as u64, table.d_model() as u64];
    ensure!(
        shape[0] * shape[1] <= MAX_VALUES,
        "{} rows of {} values are more than one answer holds ({MAX_VALUES} values): \
         ask for them in several calls",
        shape[0],
        shape[1]
    );

    let start = args.start.map_or(0, u64::from);
    let input = args.as_input.then(|| Input::of(&model, table.d_model())).transpose();
    let input = input.with_context(|| args.model.path.display().to_string())?;
    let by_position = input.as_ref().is_some_and(Input::depends_on_position);

    let mut first_index = HashMap::new();
    let mut rows: Vec<LookupRow> = Vec::new();
    for (index, &id) in ids.iter().enumerate() {
        let position = start + index as u64;
        let first = *first_index.entry(id).or_insert(index);
        let repeats = (first < index && !by_position).then(|| &rows[first]);
        rows.push(match repeats {
            Some(row) => LookupRow {
                position,
                id,
                token: row.token.clone(),
                token_type: row.token_type,
                norm: row.norm,
                repeats: Some(row.position),
                values: row.values.clone(),
            },
            None => {
                let mut values = table.row(id)?;
                if let Some(input) = &input {
                    input.apply(&mut values, position)?;
                }
                LookupRow {
                    position,
                    id,
                    token: view.token(id)?,
                    token_type: match (&text, view.vocab()) {
                        (Some(_), Ok(vocab)) => text::type_of(vocab, id)?,
                        _ => None,
                    },
                    norm: Float(norm(&values)),
                    repeats: None,
                    values: values.into_iter().map(Float).collect(),
                }
            }
        });
    }
    Ok(LookupReport {
        model: args.model.path.display().to_string(),
        text,
        table: view.info(),
        shape,
        bytes_read: first_index.len() as u64 * table.row_bytes(),
        steps: input.map(|input| input.steps.iter().map(step).collect()),
        ids,
        rows,
        notes: view.notes,
    })
}

/// The tokens of a text, each of which has a row.
fn tokens_of(args: &cli::Text, view: &model::View) -> Result<Tokenized> {
    let vocab = view.vocab().map_err(|reason| anyhow!("a text needs tokens: {reason}"))?;
    let tokenized = text::tokenize(vocab.gguf(), &text::read(args)?, args)?;
    ensure!(!tokenized.ids.is_empty(), "the text is no tokens, so there are no rows to look up");
    tokenized.ids.iter().try_for_each(|id| view.table.check_id(*id))?;
    Ok(tokenized)
}

/// A step as an answer names it.
pub(super) fn step(step: &input::Step) -> InputStep {
    let input::Step { name, from, value, text, .. } = step;
    InputStep { step: name, from: from.clone(), value: value.map(Float), text: text.clone() }
}
