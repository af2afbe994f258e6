//! The rows that a command compares: as stored, less the mean row, or whitened by half.

use anyhow::{Result, ensure};
use serde::Serialize;

use crate::embedding::Table;
use crate::geometry::{Centre, Covariance, MOST_COLUMNS};
use crate::report::number::rounded;
use crate::rows::{Changed, Rows};

/// What is done to every row before rows are compared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Frame {
    #[default]
    Stored,
    /// The mean row is subtracted.
    Centred,
    /// The mean row is subtracted, and each principal coordinate is divided by the
    /// square root of its standard deviation.
    Whitened,
}

impl Frame {
    /// Whether rows are compared as they are stored.
    pub(super) fn is_stored(&self) -> bool {
        *self == Self::Stored
    }

    /// A few words for a sentence about cosines.
    pub(super) fn told(self) -> &'static str {
        match self {
            Self::Stored => "",
            Self::Centred => ", less the mean row",
            Self::Whitened => ", whitened by half",
        }
    }
}

/// A table whose rows are moved.
pub(super) struct Framed<'a> {
    pub table: &'a Table,
    centre: Option<Centre>,
}

impl<'a> Framed<'a> {
    /// Reads the whole table once, unless its rows stay as they are.
    pub(super) fn new(frame: Frame, table: &'a Table, threads: usize) -> Result<Self> {
        let present = table.rows_present();
        ensure!(
            present > 0 || frame == Frame::Stored,
            "the file has no complete row of the table (an incomplete download?)"
        );
        let centre = match frame {
            Frame::Stored => None,
            Frame::Centred => Some(Centre::at(Covariance::mean(table, present, threads)?)),
            Frame::Whitened => {
                let width = table.d_model();
                ensure!(
                    width <= MOST_COLUMNS,
                    "rows of {width} values are too wide for --whiten (at most {MOST_COLUMNS}): \
                     use --centre"
                );
                // Fewer rows say nothing of most directions, and a small file may claim a width
                // that takes hours.
                ensure!(
                    present >= width as u64,
                    "{present} rows of {width} values are too few for --whiten: use --centre"
                );
                Some(Centre::whitening(&Covariance::of(table, present, threads)?))
            }
        };
        Ok(Self { table, centre })
    }

    /// The row of an ID as it is compared.
    pub(super) fn row(&self, id: u64) -> Result<Vec<f32>> {
        let mut row = self.table.row(id)?;
        self.apply(&mut row);
        Ok(row)
    }

    /// Moves rows that are not in the table, in place.
    pub(super) fn apply(&self, rows: &mut [f32]) {
        if let Some(centre) = &self.centre {
            centre.apply(rows);
        }
    }

    /// The rows for a scan.
    pub(super) fn rows(&self) -> &dyn Rows {
        if self.centre.is_some() { self } else { self.table }
    }

    /// What was done to the rows.
    pub(super) fn note(&self, frame: Frame) -> Option<String> {
        let norm = rounded(self.centre.as_ref()?.mean_norm());
        Some(match frame {
            Frame::Stored => return None,
            Frame::Centred => format!("the mean row (norm {norm}) was subtracted from every row"),
            Frame::Whitened => format!(
                "the mean row (norm {norm}) was subtracted from every row, and each principal \
                 coordinate divided by the square root of its standard deviation"
            ),
        })
    }
}

impl Changed for Framed<'_> {
    fn table(&self) -> &dyn Rows {
        self.table
    }

    fn change(&self, rows: &mut [f32]) {
        self.apply(rows);
    }
}
