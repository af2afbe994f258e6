//! `lookup`: token IDs to rows.

mod answer;
mod looks;

use std::path::PathBuf;

use anyhow::{Context, Result, anyhow, ensure};

use super::text::{TextInput, TextToRead, Tokenized, type_of};
use super::{NamedTokens, Opener, Reads, Request, model};
use crate::input::Input;
use crate::report::{Float, Form, Items, Printer, Sink};
use crate::rows::{Reader, Rows};
use crate::similarity::norm;
use crate::threads;

pub use answer::{LookupHead, LookupRow};

/// About this many values are formatted at a time by each thread: some 200 kB of text.
const BLOCK: usize = 1 << 14;

pub struct LookupRequest {
    pub model: PathBuf,
    pub tensor: String,
    pub of: RowsOf,
    /// How many values of a row a table prints. `None`: as many as fit on a line.
    pub values: Option<usize>,
    /// Shows the rows as the first block receives them, from this position on.
    pub as_input: Option<u64>,
    /// The number of threads. `None`: the number of cores.
    pub threads: Option<usize>,
}

pub enum RowsOf {
    Tokens(NamedTokens),
    Text(TextToRead),
}

impl Request for LookupRequest {
    fn reads(&self) -> Reads {
        Reads::Rows(self.tensor.clone())
    }

    fn forms(&self) -> &'static [Form] {
        Form::OF_MATRIX
    }

    fn answer(&self, open: Opener, out: &mut Printer) -> Result<()> {
        match out.form() {
            Form::Npy => self.run(open, &mut looks::Matrix(out)),
            Form::Table => self.run(open, &mut looks::Trace::new(out)),
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
                let (input, ids, notes) = tokens_of(text, &view).with_context(name)?;
                view.notes.extend(notes);
                (Some(input), ids)
            }
        };
        let table = &view.table;
        let shape = [ids.len() as u64, table.d_model() as u64];
        let start = self.as_input.unwrap_or(0);
        let input = self.as_input.map(|_| Input::of(&model, table.d_model())).transpose();
        let input = input.with_context(name)?;
        let by_position = input.as_ref().is_some_and(Input::depends_on_position);
        let vocab = view.vocab().ok().filter(|_| text.is_some());
        let (first, distinct) = first_places(&ids);

        // An error should come before the first row.
        if let Some(missing) = ids.iter().find(|id| **id >= table.rows_present()) {
            table.row(*missing)?;
        }
        table.prepare(&ids).with_context(name)?;
        if let (Some(input), Some(last)) = (&input, shape[0].checked_sub(1)) {
            input.at(start)?;
            input.at(start + last)?;
        }
        sink.head(LookupHead {
            model: name(),
            text,
            table: view.info(),
            ids: ids.clone(),
            shape,
            bytes_read: distinct * table.row_bytes() as u64,
            steps: input.as_ref().map(|input| input.steps.iter().map(Into::into).collect()),
            values: self.values,
        })?;
        let row = |nth: u64| {
            let (id, position) = (ids[nth as usize], start + nth);
            // A mapping would keep every page that is read.
            let mut values = Reader::new(table).read(id..id + 1)?.to_vec();
            if let Some(input) = &input {
                input.apply(&mut values, position)?;
            }
            let first = u64::from(first[nth as usize]);
            Ok(LookupRow {
                position,
                id,
                token: view.token(id)?,
                token_type: vocab.map(|vocab| type_of(vocab, id)).transpose()?.flatten(),
                norm: Float(norm(&values)),
                repeats: (first < nth && !by_position).then_some(start + first),
                values: values.into_iter().map(Float).collect(),
            })
        };
        sink.items(&Items {
            n: shape[0],
            threads: self.threads.unwrap_or_else(threads::available),
            per_block: (BLOCK / table.d_model()) as u64,
            item: &row,
        })?;
        sink.end(view.notes)
    }
}

/// For each place in a list, the first place with the same ID; and how many IDs differ.
fn first_places(ids: &[u64]) -> (Vec<u32>, u64) {
    let mut order: Vec<u32> = (0..ids.len() as u32).collect();
    // Stable, so that the first place of an ID stays the first.
    order.sort_by_key(|&place| ids[place as usize]);
    let mut first = vec![0; ids.len()];
    let mut distinct = 0;
    for same in order.chunk_by(|&a, &b| ids[a as usize] == ids[b as usize]) {
        same.iter().for_each(|&place| first[place as usize] = same[0]);
        distinct += 1;
    }
    (first, distinct)
}

/// A text, the rows of its tokens, and notes. Checks that each token has a row.
fn tokens_of(text: &TextToRead, view: &model::View) -> Result<(TextInput, Vec<u64>, Vec<String>)> {
    let vocab = view.labels().map_err(|reason| anyhow!("--text needs a vocabulary: {reason}"))?;
    let Tokenized { input, ids, notes } = text.tokenize(vocab.model(), text.read()?)?;
    let rows = ids.into_iter().map(|id| view.row_of(id.into()));
    let rows: Vec<u64> = rows.collect::<Result<_>>()?;
    ensure!(!rows.is_empty(), "the text encodes to zero tokens, so there are no rows to look up");
    rows.iter().try_for_each(|id| view.table.check_id(*id))?;
    Ok((input, rows, notes))
}
