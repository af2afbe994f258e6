//! The answer of `tour`.

mod tour;

pub use crate::commands::{InputStep, TableInfo};
pub use crate::report::{Float, TokenText};
pub use tour::*;
