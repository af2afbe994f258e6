//! Whether the rows of a table belong to the tokens of its vocabulary.
//!
//! Pure analysis of rows and tokens. Findings are numbers and IDs; they are put
//! into words elsewhere.
//!
//! | file | what |
//! |---|---|
//! | `survey` | one pass over the rows: NaN, zeros, constants, duplicates, types too wide |
//! | [`compare`] | two tables, token by token |
//! | `families` | the spellings of a word: tokens that differ in case or leading space |
//! | [`order`] | whether each row belongs to its token, and which row does if not |
//! | `hash` | a hash of rows and texts |

pub mod compare;
mod families;
mod hash;
pub mod order;
pub mod spelling;
mod survey;

pub use families::{Families, MOST_TOKENS};
pub use survey::{Duplicate, Exact, MOST_ROWS, RowCount, Survey, survey};

use crate::{embedding, model, rows};

/// Why the order of a table could not be judged.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A row could not be read.
    #[error(transparent)]
    Table(#[from] embedding::Error),
    /// A run of rows could not be read.
    #[error(transparent)]
    Rows(#[from] rows::ReadError),
    /// The vocabulary could not be read.
    #[error(transparent)]
    Vocabulary(#[from] model::Error),
}
