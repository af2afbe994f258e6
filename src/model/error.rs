//! What can be wrong with a file, said so that a person can act on it.

use std::io;

use thiserror::Error;

use crate::source::OpenError;

/// Why a model, or a part of it, could not be read.
///
/// Messages hold text from the file (keys, names) as it stands there; whoever
/// shows one on a terminal escapes it (see [`crate::text::visible`]).
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Error {
    /// The operating system refused.
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
        /// The first bytes, and what they usually mean where that is known.
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
    /// The header goes on past the end of the file.
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
    /// The bytes are all there, and make no sense.
    #[error("{place}: {problem}")]
    Malformed {
        /// What was being read.
        place: Place,
        /// What is wrong with it.
        problem: String,
    },
    /// A name that should be unique is not.
    #[error("the file has two {what} named \"{name}\": which one is meant can't be told")]
    Duplicate {
        /// `"tensors"` or `"metadata keys"`.
        what: &'static str,
        /// The name both have.
        name: String,
    },
    /// The files of a model do not fit together, or one of them can't be read.
    #[error("{0}")]
    Split(String),
    /// A file of the model is not there, and it has (or may have) what was asked
    /// for.
    #[error("{0}")]
    MissingFile(String),
    /// What a key holds is not of the type that it should be.
    #[error("{key} is of type {found}, and must be an {expected}")]
    Type {
        /// The key.
        key: String,
        /// The type that it is of.
        found: &'static str,
        /// The type that it must be of.
        expected: &'static str,
    },
    /// A list that is not of the kind that it should be.
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
    /// Whether it is not known what the model states, because the file that has it is
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
