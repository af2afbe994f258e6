//! The rows to export: all of a table, or those of a list.

use std::ops::Range;

use anyhow::Result;
use serde::Serialize;

use super::ExportRequest;
use crate::commands::model::View;
use crate::commands::text::type_of;
use crate::model::Model;
use crate::report::{Float, TokenText};
use crate::rows::Reader;
use crate::similarity::norm;
use crate::threads::{self, Pieces};

/// About this many values are decoded at a time by each thread: 256 KiB.
const PIECE: usize = 1 << 16;

/// Rows of a table, in the order in which they are written.
pub(super) struct Chosen {
    pub view: View,
    /// `None`: all rows. They are not listed: a table may have more rows than memory holds.
    ids: Option<Vec<u64>>,
    pub threads: usize,
}

/// What is written about a row beside its values.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct Described {
    pub id: u64,
    #[serde(flatten)]
    pub token: TokenText,
    /// `normal`, `control`, ... `None` if the file has no types.
    #[serde(rename = "type")]
    pub token_type: Option<&'static str>,
    pub norm: Float<f64>,
}

impl Chosen {
    /// The rows of a request. All of them can be read.
    pub(super) fn new(request: &ExportRequest, model: &Model) -> Result<Self> {
        let mut view = View::new(model, &request.model, &request.tensor)?;
        let ids = match request.tokens.is_empty() {
            true => None,
            false => Some(request.tokens.ids(&mut view)?),
        };
        let table = &view.table;
        // An error should come before the first row.
        let last = table.n_vocab() - 1;
        let listed = ids.as_deref().unwrap_or(std::slice::from_ref(&last));
        if let Some(missing) = listed.iter().find(|id| **id >= table.rows_present()) {
            table.row(*missing)?;
        }
        if let Some(ids) = &ids {
            table.prepare(ids)?;
        }
        Ok(Self { view, ids, threads: request.threads.unwrap_or_else(threads::available) })
    }

    /// Their number and their length.
    pub(super) fn shape(&self) -> [u64; 2] {
        let table = &self.view.table;
        let n = self.ids.as_ref().map_or(table.n_vocab(), |ids| ids.len() as u64);
        [n, table.d_model() as u64]
    }

    /// `n` rows in pieces.
    pub(super) fn pieces(&self, n: u64) -> Pieces {
        Pieces::new(n, (PIECE / self.view.table.d_model()) as u64)
    }

    /// The ID of the row in a place.
    pub(super) fn id(&self, place: u64) -> u64 {
        self.ids.as_ref().map_or(place, |ids| ids[place as usize])
    }

    /// The values of the rows in some places.
    pub(super) fn values(&self, places: Range<u64>) -> Result<Vec<f32>> {
        let mut reader = Reader::new(&self.view.table);
        let Some(ids) = &self.ids else { return Ok(reader.read(places)?.to_vec()) };
        let mut values = Vec::new();
        let ids = &ids[places.start as usize..places.end as usize];
        for run in ids.chunk_by(|a, b| a + 1 == *b) {
            values.extend_from_slice(reader.read(run[0]..run[0] + run.len() as u64)?);
        }
        Ok(values)
    }

    /// What is written about the rows in some places, which have these values.
    pub(super) fn described<'a>(
        &'a self,
        places: Range<u64>,
        values: &'a [f32],
    ) -> impl Iterator<Item = Result<Described>> + 'a {
        let vocab = self.view.vocab().ok();
        let d_model = self.view.table.d_model();
        places.zip(values.chunks_exact(d_model)).map(move |(place, row)| {
            let id = self.id(place);
            Ok(Described {
                id,
                token: self.view.token(id)?,
                token_type: vocab.map(|vocab| type_of(vocab, id)).transpose()?.flatten(),
                norm: Float(norm(row)),
            })
        })
    }
}
