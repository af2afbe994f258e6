//! Maps: every row of a table as a point, so that near rows are near points.
//!
//! | file | what |
//! |---|---|
//! | `chosen` | the rows that are laid out |
//! | `graph` | the exact nearest rows of every row |
//! | `flat` | two principal directions: at once, but neighbours are lost |
//! | `tsne` | t-SNE: near rows attract each other, all points repel each other |
//! | `attraction` | the first force |
//! | `field`, `fourier` | the second, by Fourier transforms |
//! | `kept` | how many of the nearest rows are near points |
//!
//! A row without a direction (of zeros, or with NaN or infinity) has no neighbours, so it
//! has no place on a map. [`Chosen`] leaves it out and counts it.
//!
//! Everything is deterministic: the same table gives the same bytes on every run and for
//! any number of threads.

mod attraction;
mod chosen;
mod field;
mod flat;
mod fourier;
mod graph;
mod kept;
#[cfg(test)]
mod tests;
mod tsne;

use thiserror::Error;

pub use chosen::Chosen;
pub use flat::{Flat, pca};
pub use graph::Graph;
pub use kept::{Kept, kept};
pub use tsne::tsne;

use crate::geometry::MOST_COLUMNS;
use crate::rows::ReadError;

/// A place on a map.
pub type Point = [f32; 2];

/// Is told how much is done, of how much. Called on the thread of the caller, a few times
/// a second.
pub type Progress<'a> = &'a mut dyn FnMut(u64, u64);

/// Why there is no map.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Error {
    /// Rows can't be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// No row has a direction.
    #[error(
        "no row has a direction ({zero} of zeros, {not_finite} with NaN or infinity), so there \
         is nothing to lay out"
    )]
    NoRows {
        /// The number of rows of zeros.
        zero: u64,
        /// The number of rows with a NaN or an infinity.
        not_finite: u64,
    },
    /// More rows than a map numbers.
    #[error("row {rows} is more than a map can number: give a list of fewer rows")]
    TooMany {
        /// The number of rows, or the ID of one.
        rows: u64,
    },
    /// The rows have too many columns.
    #[error("rows of {width} values are too wide for a map (at most {MOST_COLUMNS})")]
    TooWide {
        /// The number of columns.
        width: usize,
    },
}
