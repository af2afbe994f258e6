//! The rows that a search compares: as stored, or as the first block receives them.
//!
//! Some steps do not change the scan. A positive factor s for all rows changes no
//! cosine, multiplies every dot product by s² and every distance by s. So the scan
//! reads the stored rows and multiplies the scores (without rounding to f32 in
//! between). An RMSNorm without a weight multiplies each row by its own positive
//! number, which changes no cosine either. All other steps are applied to every row
//! before the comparison.

use anyhow::Result;

use crate::commands::frame::{Frame, Framed};
use crate::embedding::Table;
use crate::input::{Input, Placed};
use crate::rows::{Changed, Rows};
use crate::similarity::{Metric, norm};

pub(super) struct Space<'a> {
    table: &'a Table,
    /// The rows that are not changed by steps.
    framed: Option<&'a Framed<'a>>,
    /// The steps to the first block. `None` to compare the stored rows.
    placed: Option<Placed<'a>>,
    /// Whether the scan must apply the steps.
    applies: bool,
    /// The factor for scores of stored rows.
    factor: f64,
    /// A note that explains this.
    pub note: Option<String>,
}

impl<'a> Space<'a> {
    /// The rows as they are stored, or moved.
    pub(super) fn stored(framed: &'a Framed<'a>, frame: Frame) -> Self {
        let note = framed.note(frame);
        Self {
            table: framed.table,
            framed: Some(framed),
            placed: None,
            applies: false,
            factor: 1.0,
            note,
        }
    }

    /// The rows as the first block receives them, all at `position`.
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
            Some(scale) => {
                let large = format!("{factor} times as large and changes no ranking");
                let does = match metric {
                    Metric::Cosine => {
                        "changes no cosine: ranking and scores are those of the raw rows".to_owned()
                    }
                    Metric::Dot => format!("makes every dot product {large}"),
                    Metric::L2 => format!("makes every distance {large}"),
                };
                Some(format!(
                    "every row enters the first block times {}, which {does}",
                    scale as f32
                ))
            }
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
        Ok(Self { table, framed: None, placed: Some(placed), applies, factor, note })
    }

    /// The row of an ID as the search compares it.
    pub(super) fn row(&self, id: u64) -> Result<Vec<f32>> {
        if let Some(framed) = self.framed {
            return framed.row(id);
        }
        let mut row = self.table.row(id)?;
        if let (true, Some(placed)) = (self.applies, &self.placed) {
            placed.apply(&mut row);
        }
        Ok(row)
    }

    /// The norm of such a row. With `--as-input`, the norm at the first block.
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

    pub(super) fn score(&self, found: f64) -> f64 {
        found * self.factor
    }

    pub(super) fn rows(&self) -> &dyn Rows {
        match self.framed {
            Some(framed) => framed.rows(),
            None if self.applies => self,
            None => self.table,
        }
    }
}

/// The table, with the steps applied to each row after decoding.
impl Changed for Space<'_> {
    fn table(&self) -> &dyn Rows {
        self.table
    }

    fn change(&self, rows: &mut [f32]) {
        if let Some(placed) = &self.placed {
            rows.chunks_exact_mut(self.table.d_model()).for_each(|row| placed.apply(row));
        }
    }
}
