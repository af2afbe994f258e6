//! Why a model has no tokenizer that can be used, or a text can't be encoded.

use thiserror::Error;

use super::NothingAround;
use crate::model;

/// Why a model has no tokenizer that can be used, or a text can't be encoded.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Error {
    /// The model's header can't be read.
    #[error(transparent)]
    Model(#[from] model::Error),
    /// The model describes no tokenizer, or not one that is known, or lacks a part
    /// of it.
    #[error("{0}")]
    Unusable(String),
    /// The text is too long.
    #[error("the text is over half a gigabyte long: encode it in parts")]
    TooLong,
    /// The model wants a token around the text that it does not name.
    #[error(transparent)]
    NothingAround(#[from] NothingAround),
    /// The vocabulary has no token for a part of the text.
    #[error("{0}")]
    Unspellable(String),
    /// The normalisation in the file is damaged.
    #[error("{0}")]
    Normalisation(String),
}
