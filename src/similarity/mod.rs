//! The nearest rows of a vector: dot products, norms, and the best k of a scan.
//!
//! Scores are exact. Each is computed in `f64` from the decoded `f32` values, in
//! an order of additions that depends only on the length of the row, so equal
//! rows have equal scores.
//!
//! A scan is fast because few rows need an exact score. It first computes a
//! cheap score from 8-bit codes or in `f32`, with a proven bound on its error
//! ([`bound`]), and scores exactly only the rows that can be in the answer.
//!
//! Each file uses only files above it, and the module [`rows`](crate::rows):
//!
//! | file | what |
//! |---|---|
//! | `metric`, `top_k` | the exact score, the best k |
//! | [`kernel`] | the inner loops, for each kind of processor |
//! | `bound` | when a cheap score rules a row out, with the proof |
//! | `work` | a query, and what each thread does |
//! | `ranking` | one query's bound, and its best rows so far |
//! | `few`, `batch` | a run of rows against a few queries, or against many |
//! | `scan` | a pass over the table with all threads |
//! | `lists`, `pairs` | the nearest rows of every row: each pair is compared once |
//! | `reference` | the plain scan, which all of this must equal |

mod batch;
mod bound;
mod few;
pub mod kernel;
mod lists;
mod metric;
mod pairs;
mod ranking;
#[cfg(test)]
mod reference;
mod scan;
#[cfg(test)]
mod tests;
mod top_k;
mod work;

pub use crate::rows::Rows;
pub use metric::{Metric, dot, norm};
pub use pairs::nearest_of_all;
pub use scan::{Nearest, nearest};
pub use top_k::Neighbor;
pub use work::{LeftOut, Query, Search};
