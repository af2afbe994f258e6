//! The errors of tokenizers.

use thiserror::Error;

use super::NothingAround;
use crate::model;

/// Why a model has no usable tokenizer, or why a text can't be encoded.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Error {
    /// The model's header can't be read.
    #[error(transparent)]
    Model(#[from] model::Error),
    /// The model has no tokenizer, or an unknown one, or a part of it is missing.
    #[error("{0}")]
    Unusable(String),
    /// The text is too long.
    #[error("the text is over half a gigabyte long: encode it in parts")]
    TooLong,
    /// The model needs a token around the text, but does not say which.
    #[error(transparent)]
    NothingAround(#[from] NothingAround),
    /// The vocabulary has no token for a part of the text.
    #[error("{0}")]
    Unspellable(String),
    /// The normalisation in the file is damaged.
    #[error("{0}")]
    Normalisation(String),
}
