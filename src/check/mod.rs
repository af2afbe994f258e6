//! Whether the rows of a table belong to the tokens of its vocabulary.
//!
//! Pure analysis of rows and tokens. Findings are numbers and IDs; they are put
//! into words elsewhere.
//!
//! | file | what |
//! |---|---|
//! | `survey` | one pass over the rows: NaN, zeros, constants, duplicates, types too wide |
//! | [`compare`] | two tables, token by token |
//! | [`spelling`] | whether each row belongs to its token, and which row does if not |
//! | `hash` | a hash of rows and texts |

pub mod compare;
mod hash;
pub mod spelling;
mod survey;

pub use survey::{Duplicate, Exact, MOST_ROWS, RowCount, Survey, survey};
