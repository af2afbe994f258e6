//! What can be wrong with a model's files. Messages say what to do next.

use std::io;

use thiserror::Error;

/// Why a model, or a part of it, could not be read.
///
/// Messages contain raw text from the file (keys, names). Escape a message before
/// you show it on a terminal (see [`crate::text::visible`]).
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Error {
    /// The file is no regular file, or the operating system returned an error.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// Not a GGUF file, or of a version or a byte order that this crate does not read.
    #[error("{0}")]
    Unsupported(String),
    /// The header continues past the end of the file.
    #[error(
        "the file ends at byte {len}, in {place}, which needs bytes up to {need}: \
         an incomplete download?"
    )]
    Truncated {
        /// What was being read.
        place: Place,
        /// One past the last byte it needs.
        need: u128,
        /// The file's length in bytes.
        len: u64,
    },
    /// The bytes exist but are invalid.
    #[error("{place}: {problem}")]
    Malformed {
        /// What was being read.
        place: Place,
        /// What is wrong with it.
        problem: String,
    },
    /// A name is not unique.
    #[error("the file has two {what} named \"{name}\": names must be unique")]
    Duplicate {
        /// `"tensors"` or `"metadata keys"`.
        what: &'static str,
        /// The name of both.
        name: String,
    },
    /// The files of a model do not fit together, or one of them can't be read.
    #[error("{0}")]
    Split(String),
    /// A file of the model is missing, and it has (or may have) what was requested.
    #[error("{0}")]
    MissingFile(String),
    /// A value or a list has the wrong type.
    #[error("{0}")]
    Unfit(String),
    /// The model has no vocabulary.
    #[error("{0}")]
    NoVocabulary(String),
}

impl Error {
    /// Whether the model's metadata is unknown, because the file that has it is
    /// missing or can't be opened. Rows of other files can still be read.
    pub fn is_missing_part(&self) -> bool {
        matches!(self, Self::MissingFile(_) | Self::Split(_))
    }
}

/// A place in the header, for messages.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum Place {
    /// The 24 bytes of magic, version and counts.
    #[error("the fixed header")]
    Header,
    /// The name and type of a metadata entry.
    #[error("metadata key {index} of {count}")]
    Key { index: u64, count: u64 },
    #[error("the value of metadata key \"{key}\"")]
    Value { key: String },
    /// A tensor's entry in the header (not its data).
    #[error("tensor entry {index} of {count}")]
    Tensor { index: u64, count: u64 },
}
