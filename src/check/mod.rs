//! Whether the rows of a table belong to the tokens of its vocabulary.
//!
//! Pure analysis of rows and tokens. Findings are numbers and IDs; they are put
//! into words elsewhere.
//!
//! | file | what |
//! |---|---|
//! | `survey` | one pass over the rows: NaN, zeros, constants, duplicates, types too wide |
//! | `spread` | what that pass tells of rows far outside, and of collapsed ones |
//! | [`Swapped`] | a table whose values have their bytes the other way round |
//! | [`compare`] | two tables, token by token |
//! | [`spelling`] | whether each row belongs to its token, and which row does if not |
//! | [`unreachable`] | tokens that no text gives |
//! | `hash` | a hash of rows and texts |

pub mod compare;
pub mod copy;
mod hash;
mod reach;
pub mod spelling;
mod spread;
mod survey;
mod swapped;

pub use reach::unreachable;
pub use spread::{Limits, Outlier, Outliers};
pub use survey::{Duplicate, Exact, MOST_ROWS, RowCount, Survey, survey};
pub use swapped::Swapped;
