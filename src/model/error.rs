//! What can be wrong with a model's files. Messages say what to do next.

use std::io;

use thiserror::Error;

use crate::source::OpenError;

/// Why a model, or a part of it, could not be read.
///
/// Messages contain raw text from the file (keys, names). Escape a message before
/// you show it on a terminal (see [`crate::text::visible`]).
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Error {
    /// The operating system returned an error.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// A directory, device, pipe or socket.
    #[error("this is {kind}, not a regular file; name a GGUF file")]
    NotAFile {
        /// What it is, with its article.
        kind: &'static str,
    },
    /// Zero bytes long.
    #[error("the file is empty (0 bytes): an interrupted download?")]
    Empty,
    /// The first four bytes are not `GGUF`.
    #[error("not a GGUF file: it begins with {found}, where GGUF files begin with \"GGUF\"")]
    Magic {
        /// The first bytes, and their usual meaning if it is known.
        found: String,
    },
    /// Little-endian, but a version this crate does not read.
    #[error("GGUF version {version} is not supported (2 and 3 are): {advice}")]
    Version {
        /// The version in the header.
        version: u32,
        /// What to do about it.
        advice: &'static str,
    },
    /// The version's bytes are swapped.
    #[error(
        "big-endian GGUF (version {version}) is not supported: \
         convert it with the `gguf` Python package, `gguf-convert-endian FILE little`"
    )]
    BigEndian {
        /// The version, bytes swapped back.
        version: u32,
    },
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
    /// The value of a key has the wrong type.
    #[error("{key} is of type {found}, but must be {expected}")]
    Type {
        /// The key.
        key: String,
        /// The type that it has.
        found: &'static str,
        /// The type that it must have.
        expected: &'static str,
    },
    /// A list has the wrong type.
    #[error("{0}")]
    Unfit(String),
    /// The model has no vocabulary.
    #[error("{reason}")]
    NoVocabulary {
        /// What is missing or wrong.
        reason: String,
    },
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
    Key {
        /// Counted from 1.
        index: u64,
        /// As the header claims.
        count: u64,
    },
    /// The value of a metadata entry.
    #[error("the value of metadata key \"{key}\"")]
    Value {
        /// The key, lossily decoded.
        key: String,
    },
    /// A tensor's entry in the header (not its data).
    #[error("tensor entry {index} of {count}")]
    Tensor {
        /// Counted from 1.
        index: u64,
        /// As the header claims.
        count: u64,
    },
}

impl From<OpenError> for Error {
    fn from(error: OpenError) -> Self {
        match error {
            OpenError::Io(error) => Self::Io(error),
            OpenError::NotAFile { kind } => Self::NotAFile { kind },
            OpenError::Empty => Self::Empty,
        }
    }
}
