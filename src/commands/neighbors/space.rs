//! Where rows are compared: as they are stored, or as the first block receives
//! them.
//!
//! Not every way of entering needs another scan. Multiplying every row by one
//! positive number s changes no cosine, makes every dot product s² times as
//! large and every distance s times: the ranking is that of the stored rows,
//! and the scores are theirs times that factor, as exact arithmetic has it (not
//! rounded to f32 in between). An RMSNorm without a weight multiplies each row
//! by a positive number of its own, which changes no cosine either. Whatever
//! else is done, is done to every row, and those are compared.

use std::ops::Range;

use anyhow::Result;

use crate::embedding::Table;
use crate::input::{Input, Placed};
use crate::rows::{ReadError, Rows};
use crate::similarity::{Metric, norm};

/// The rows that a search compares.
pub(super) struct Space<'a> {
    table: &'a Table,
    /// What is done to a row; none where rows are compared as they are stored.
    placed: Option<Placed<'a>>,
    /// Whether the scan itself has to do it.
    applies: bool,
    /// What scores of stored rows are multiplied by.
    factor: f64,
    /// What a reader should know of that.
    pub note: Option<String>,
}

impl<'a> Space<'a> {
    /// The rows as they are stored.
    pub(super) fn stored(table: &'a Table) -> Self {
        Self { table, placed: None, applies: false, factor: 1.0, note: None }
    }

    /// The rows as the first block receives them at `position`, all of them
    /// there.
    ///
    /// # Errors
    /// Where the model has no such position.
    pub(super) fn as_input(
        table: &'a Table,
        input: &'a Input,
        position: u64,
        metric: Metric,
    ) -> Result<Self> {
        let placed = input.at(position)?;
        let scale = placed.scale();
        let factor = match (metric, scale) {
            (Metric::Dot, Some(scale)) => scale * scale,
            (Metric::L2, Some(scale)) => scale,
            _ => 1.0,
        };
        let cosine = metric == Metric::Cosine;
        let applies = !(scale.is_some() || cosine && placed.keeps_directions());
        let note = match scale {
            _ if input.is_unknown() => Some(
                "what this architecture does before its first block is not known: the raw rows \
                 were compared"
                    .to_owned(),
            ),
            Some(1.0) => Some(
                "the rows enter the first block as they are: this is the ranking of the raw rows"
                    .to_owned(),
            ),
            Some(scale) => Some(format!(
                "every row enters the first block times {}, which {}",
                scale as f32,
                match metric {
                    Metric::Cosine =>
                        "changes no cosine: ranking and scores are those of the raw rows".to_owned(),
                    Metric::Dot => format!(
                        "makes every dot product {factor} times as large and changes no ranking"
                    ),
                    Metric::L2 => format!(
                        "makes every distance {factor} times as large and changes no ranking"
                    ),
                }
            )),
            None if !applies => Some(
                "each row enters the first block divided by a number of its own, which changes no \
                 cosine: ranking and scores are those of the raw rows"
                    .to_owned(),
            ),
            None if input.depends_on_position() => {
                Some(format!("query and candidates alike are at position {position}"))
            }
            None => None,
        };
        Ok(Self { table, placed: Some(placed), applies, factor, note })
    }

    /// The row of an ID as the search compares it.
    pub(super) fn row(&self, id: u64) -> Result<Vec<f32>> {
        let mut row = self.table.row(id)?;
        if let (true, Some(placed)) = (self.applies, &self.placed) {
            placed.apply(&mut row);
        }
        Ok(row)
    }

    /// The norm of such a row, as the first block receives it where that was
    /// asked for.
    pub(super) fn norm(&self, row: &[f32]) -> f64 {
        match &self.placed {
            Some(placed) if !self.applies => {
                let mut row = row.to_vec();
                placed.apply(&mut row);
                norm(&row)
            }
            _ => norm(row),
        }
    }

    /// A score that the search gave, in this space.
    pub(super) fn score(&self, found: f64) -> f64 {
        found * self.factor
    }

    /// What a search goes through.
    pub(super) fn rows(&self) -> &dyn Rows {
        if self.applies { self } else { self.table }
    }
}

/// The table with everything done to every row as it is decoded.
impl Rows for Space<'_> {
    fn n_rows(&self) -> u64 {
        self.table.n_rows()
    }

    fn dim(&self) -> usize {
        self.table.dim()
    }

    fn row_bytes(&self) -> usize {
        Rows::row_bytes(self.table)
    }

    /// What is stored is not what is compared.
    fn is_scaled_bytes(&self) -> bool {
        false
    }

    fn read(&self, rows: Range<u64>, stored: &mut Vec<u8>) -> Result<(), ReadError> {
        self.table.read(rows, stored)
    }

    fn decode(&self, stored: &[u8], values: &mut [f32]) {
        self.table.decode(stored, values);
        if let Some(placed) = &self.placed {
            values.chunks_exact_mut(self.dim()).for_each(|row| placed.apply(row));
        }
    }
}
