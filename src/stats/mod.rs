//! Statistics: plain functions of numbers, with their formulas and sources.

mod histogram;
mod moments;
mod norm;
mod normal;
mod random;
mod rank;
mod sample;

pub use histogram::{edges, histogram};
pub use moments::Moments;
pub use norm::is_usable;
pub use random::{SplitMix64, mix};
pub use rank::{quantile, rank_correlation};
pub use sample::sample;
