//! What a model says about itself, in any file format.
//!
//! Tables, vocabularies, tokenizers and inputs are made from a [`Model`] and know
//! no file format. The module of a format (`gguf`) implements [`Description`] and
//! returns models; no other module names that format's keys.

mod description;
mod error;
mod facts;
mod lists;
mod tensor;
mod tokens;
mod value;

pub use description::{Description, Model};
pub use error::{Error, Place};
pub use facts::{Fact, Role, SpecialToken};
pub use lists::{Numbers, STRIDE, Strings};
pub use tensor::Tensor;
#[cfg(test)]
pub(crate) use tokens::UNDERSCORES;
pub use tokens::{Spelling, TokenList, TokenType};
pub use value::{Value, ValueType};

/// A token's number, counted from 0. It is also the number of the token's row.
pub type TokenId = u64;
