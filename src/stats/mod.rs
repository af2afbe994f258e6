//! Statistics: plain functions of numbers, each written once, with its formula
//! and its source.
//!
//! | file | what |
//! |---|---|
//! | `random` | a seeded generator, the same on every machine |
//! | `normal` | the normal distribution: random numbers, tail probabilities |
//! | `sample` | an even sample of a range |
//! | `moments` | mean, standard deviation, extremes, standard errors |
//! | `rank` | quantiles, rank correlation |
//! | `histogram` | counts by bin |
//! | `norm` | whether a row has a direction |

mod histogram;
mod moments;
mod norm;
mod normal;
mod random;
mod rank;
mod sample;

pub use histogram::{Histogram, edges};
pub use moments::Moments;
pub use norm::is_usable;
pub use normal::upper_tail;
pub use random::{SplitMix64, mix};
pub use rank::{quantile, rank_correlation};
pub use sample::sample;
