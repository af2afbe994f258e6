//! Whether a table is what its vocabulary says it is.
//!
//! Pure analysis of rows and tokens: what is found is returned as numbers and
//! IDs, and put into words elsewhere.
//!
//! | file | what |
//! |---|---|
//! | `survey` | one pass over the rows: NaN, zeros, constants, duplicates, types too wide |
//! | [`compare`] | two tables, token by token |
//! | `families` | the spellings of a word: tokens that differ in case or leading space |
//! | [`order`] | whether rows belong to their tokens, and which do where they don't |
//! | `stats` | means, tails of the normal distribution, seeded numbers |

pub mod compare;
mod families;
pub mod order;
pub mod spelling;
pub mod stats;
mod survey;

pub use families::{Families, MOST_TOKENS};
pub use survey::{Duplicate, MOST_ROWS, Rows, Survey, survey};
