//! The errors of tokenizers.

use thiserror::Error;

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
    /// The model wants a token around the text, such as BOS, and its file does not name
    /// it. It occurs only with [`Options::add_special`](super::Options::add_special).
    #[error("the model wants {name} around a text, and its file names no {name} token")]
    NothingAround {
        /// The name of the token.
        name: &'static str,
    },
    /// The vocabulary has no token for a part of the text.
    #[error("{0}")]
    Unspellable(String),
    /// The normalisation in the file is damaged.
    #[error("{0}")]
    Normalisation(String),
}
