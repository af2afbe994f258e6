//! The arithmetic of the guided tour, without its words.
//!
//! It works on any table, as [`Rows`](crate::rows::Rows), and never holds a whole
//! decoded table in memory.

mod one_hot;
mod pairs;
mod random;

pub use one_hot::{Product, product};
pub use pairs::{Pairs, adjacent_pairs, random_pairs};
pub use random::RandomRows;
