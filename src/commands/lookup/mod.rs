//! `lookup`: token IDs to rows.

mod answer;
mod looks;

use std::collections::HashMap;
use std::path::PathBuf;

use anyhow::{Context, Result, anyhow, ensure};

use super::text::{TextToRead, Tokenized, type_of};
use super::{NamedTokens, Opener, Request, model};
use crate::input::Input;
use crate::report::{Float, Form, Printer, Sink};
use crate::rows::Rows;
use crate::similarity::norm;

pub use answer::{LookupHead, LookupRow};

/// One answer has at most this many values: 1 GiB.
const MAX_VALUES: u64 = 1 << 28;

pub struct LookupRequest {
    pub model: PathBuf,
    pub tensor: String,
    pub of: RowsOf,
    /// How many values of a row a table prints. `None`: as many as fit on a line.
    pub values: Option<usize>,
    /// Shows the rows as the first block receives them, from this position on.
    pub as_input: Option<u64>,
}

pub enum RowsOf {
    Tokens(NamedTokens),
    Text(TextToRead),
}

impl Request for LookupRequest {
    fn forms(&self) -> &'static [Form] {
        Form::OF_MATRIX
    }

    fn answer(&self, open: Opener, out: &mut Printer) -> Result<()> {
        match out.form() {
            Form::Npy => self.run(open, &mut looks::Matrix(out)),
            _ => self.run(open, &mut out.list()),
        }
    }
}

impl LookupRequest {
    /// Gives the rows to a sink, in the order of the request.
    pub fn run(&self, open: Opener, sink: &mut dyn Sink<LookupHead>) -> Result<()> {
        let name = || self.model.display().to_string();
        let model = open(&self.model)?;
        let mut view = model::View::new(&model, &self.model, &self.tensor)?;
        let (text, ids) = match &self.of {
            RowsOf::Tokens(tokens) => (None, tokens.ids(&mut view)?),
            RowsOf::Text(text) => {
                let Tokenized { input, ids, notes } = tokens_of(text, &view).with_context(name)?;
                view.notes.extend(notes);
                (Some(input), ids)
            }
        };
        let table = &view.table;
        let shape = [ids.len() as u64, table.d_model() as u64];
        ensure!(
            shape[0] * shape[1] <= MAX_VALUES,
            "{} rows of {} values are more than the {MAX_VALUES} values that one answer may have: \
             use several calls",
            shape[0],
            shape[1]
        );

        let start = self.as_input.unwrap_or(0);
        let input = self.as_input.map(|_| Input::of(&model, table.d_model())).transpose();
        let input = input.with_context(name)?;
        let by_position = input.as_ref().is_some_and(Input::depends_on_position);
        // The first position of each ID.
        let mut first = HashMap::new();
        for (position, id) in (start..).zip(&ids) {
            first.entry(*id).or_insert(position);
        }
        let vocab = view.vocab().ok().filter(|_| text.is_some());

        sink.head(LookupHead {
            model: name(),
            text,
            table: view.info(),
            ids: ids.clone(),
            shape,
            bytes_read: (first.len() * table.row_bytes()) as u64,
            steps: input.as_ref().map(|input| input.steps.iter().map(Into::into).collect()),
            values: self.values,
        })?;
        for (position, id) in (start..).zip(ids) {
            let mut values = table.row(id)?;
            if let Some(input) = &input {
                input.apply(&mut values, position)?;
            }
            sink.item(LookupRow {
                position,
                id,
                token: view.token(id)?,
                token_type: vocab.map(|vocab| type_of(vocab, id)).transpose()?.flatten(),
                norm: Float(norm(&values)),
                repeats: Some(first[&id]).filter(|first| *first < position && !by_position),
                values: values.into_iter().map(Float).collect(),
            })?;
        }
        sink.end(view.notes)
    }
}

/// The tokens of a text. Checks that each has a row.
fn tokens_of(text: &TextToRead, view: &model::View) -> Result<Tokenized> {
    let vocab = view.labels().map_err(|reason| anyhow!("--text needs a vocabulary: {reason}"))?;
    let mut tokenized = text.tokenize(vocab.model(), &text.read()?)?;
    for id in &mut tokenized.ids {
        *id = view.row_of(*id)?;
    }
    ensure!(
        !tokenized.ids.is_empty(),
        "the text encodes to zero tokens, so there are no rows to look up"
    );
    tokenized.ids.iter().try_for_each(|id| view.table.check_id(*id))?;
    Ok(tokenized)
}
