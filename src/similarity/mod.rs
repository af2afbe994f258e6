//! Which rows are nearest: dot products, norms, and the best k of a scan.
//!
//! Exact: every score is computed in `f64` from the decoded `f32` values, in an
//! order that depends on nothing but the row's length, so that equal rows have
//! equal scores whatever else is going on.

mod metric;
mod scan;
mod top_k;

use std::ops::Range;

use anyhow::Result;

pub use metric::{Metric, dot, norm};
pub use scan::{Found, LeftOut, Query, nearest};
pub use top_k::Neighbor;

/// A table of rows of one length, read in runs.
pub trait Rows: Sync {
    /// The number of rows.
    fn n_rows(&self) -> u64;

    /// The number of values in a row.
    fn dim(&self) -> usize;

    /// Decodes a run of rows into `values`, which holds exactly that many.
    /// `stored` is room for their undecoded bytes, kept by the caller so that a
    /// scan allocates once.
    fn read(&self, rows: Range<u64>, stored: &mut Vec<u8>, values: &mut [f32]) -> Result<()>;
}
