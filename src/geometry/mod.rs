//! The shape of the cloud that the rows of a table make: its mean, its spread in every
//! direction, and what that does to cosines.
//!
//! | file | what |
//! |---|---|
//! | `tile`, `gram` | sums of products of all pairs of columns, in one pass over the rows |
//! | `covariance` | mean and covariance, and their principal directions |
//! | `axes` | the few most important of these directions |
//! | `product`, `centre` | rows times a matrix: rows less the mean, and rows whitened by half |
//! | `spectrum` | numbers that say how many directions the rows use |
//! | `isotropy` | whether all directions are used alike |
//! | `twins` | rows that are the same, or nearly |
//! | `shape` | all of this about one table |

mod axes;
mod centre;
mod covariance;
mod gram;
mod isotropy;
mod product;
mod shape;
mod spectrum;
mod tile;
mod twins;

pub use centre::Centre;
pub use covariance::Covariance;
pub use shape::{Cosines, FEWEST_COLUMNS, MOST_COLUMNS, Norms, Outlier, Rows, Shape, shape};
pub use spectrum::Spectrum;
