//! Which rows are nearest: dot products, norms, and the best k of a scan.
//!
//! Exact: every score is computed in `f64` from the decoded `f32` values, in an
//! order that depends on nothing but the row's length, so that equal rows have
//! equal scores whatever else is going on.
//!
//! Fast all the same, because few rows need that score. A scan first computes a
//! cheap one of 8-bit codes or `f32`, with a proven bound on how far off it can
//! be ([`bound`]), and scores exactly only the rows that might be in the answer.
//!
//! | file | what |
//! |---|---|
//! | `metric`, `top_k` | the exact score, the best k |
//! | `bound` | when a cheap score rules a row out, and why that is sure |
//! | [`kernel`] | the inner loops, for each kind of processor |
//! | `few`, `batch` | a piece of the table meets a few queries, or many |
//! | `scan` | the pieces, the threads, and putting their answers together |
//! | `reference` | the plain scan that all of it must equal |

mod batch;
mod bound;
mod few;
pub mod kernel;
mod metric;
mod ranking;
#[cfg(test)]
mod reference;
mod scan;
#[cfg(test)]
mod tests;
mod top_k;

use std::ops::Range;

use anyhow::Result;

pub use metric::{Metric, dot, norm};
pub use scan::{Found, LeftOut, Query, Search, nearest};
pub use top_k::Neighbor;

/// A table of rows of one length, read in runs.
pub trait Rows: Sync {
    /// The number of rows.
    fn n_rows(&self) -> u64;

    /// The number of values in a row.
    fn dim(&self) -> usize;

    /// The number of bytes that a row is stored in.
    fn row_bytes(&self) -> usize;

    /// Whether a row is stored as groups of 32 values, each a little-endian
    /// `f16` scale and then 32 signed bytes to multiply with it: then a scan
    /// can work on what is stored.
    fn is_scaled_bytes(&self) -> bool {
        false
    }

    /// Reads a run of rows as it is stored. The buffer is the caller's, so that
    /// a scan allocates once.
    fn read(&self, rows: Range<u64>, stored: &mut Vec<u8>) -> Result<()>;

    /// Decodes rows that were read into `values`, which holds exactly as many.
    fn decode(&self, stored: &[u8], values: &mut [f32]);
}
