//! The arithmetic of the guided tour, without its words.
//!
//! | file | what |
//! |---|---|
//! | `random` | a table of random numbers, the same in every run |
//! | `pairs` | cosines of many pairs of rows, drawn at random or side by side |
//! | `one_hot` | one-hot vectors times the table, really multiplied |
//!
//! It works on any table, as [`Rows`](crate::rows::Rows), and never holds a whole
//! decoded table in memory.

mod one_hot;
mod pairs;
mod random;

pub use one_hot::{Product, product};
pub use pairs::{Pairs, adjacent_pairs, random_pairs};
pub use random::RandomRows;
