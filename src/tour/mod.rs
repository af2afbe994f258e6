//! The arithmetic of the guided tour, apart from its words.
//!
//! | file | what |
//! |---|---|
//! | `random` | numbers that are the same on every run: a generator, a normal, a table of them |
//! | `stats` | mean, deviation, ranks, a histogram |
//! | `pairs` | cosines of many pairs of rows, far apart and side by side |
//! | `pass` | every row of a table once, over all threads, in bounded memory |
//! | `one_hot` | one-hot vectors times the table, really multiplied |
//!
//! All of it works on [`Rows`](crate::similarity::Rows), so on any table, and
//! none of it holds a decoded table in memory.

mod one_hot;
mod pairs;
mod pass;
mod random;
mod stats;

pub use one_hot::{Product, product};
pub use pairs::{Pair, Pairs, adjacent_pairs, random_pairs};
pub use pass::fold;
pub use random::{RandomRows, SplitMix64};
pub use stats::{Histogram, Spread, edges, rank_correlation};
