//! Errors as Python exceptions, by kind, in the program's words.

use std::io;

use embcli::{ReadError, TableError};
use pyo3::PyErr;
use pyo3::exceptions::{
    PyFileNotFoundError, PyIndexError, PyKeyError, PyOSError, PyPermissionError, PyValueError,
};

/// The exception for an error: `IndexError` for an ID that no row has, `OSError` (or one
/// of its kinds) if the system or a network failed, or the file ends early, otherwise
/// `ValueError`.
pub fn raised(error: impl Into<anyhow::Error>) -> PyErr {
    let error = error.into();
    match kind(&error) {
        Kind::Index => PyIndexError::new_err(words(&error)),
        Kind::Io(io::ErrorKind::NotFound) => PyFileNotFoundError::new_err(words(&error)),
        Kind::Io(io::ErrorKind::PermissionDenied) => PyPermissionError::new_err(words(&error)),
        Kind::Io(_) => PyOSError::new_err(words(&error)),
        Kind::Other => PyValueError::new_err(words(&error)),
    }
}

/// The exception for a text that no token has: `KeyError`. Other errors stay what they are.
pub fn no_token(error: anyhow::Error) -> PyErr {
    match kind(&error) {
        Kind::Other => PyKeyError::new_err(words(&error)),
        _ => raised(error),
    }
}

/// The kind of the system's error behind an error, if there is one.
pub fn io_kind(error: &anyhow::Error) -> Option<io::ErrorKind> {
    match kind(error) {
        Kind::Io(kind) => Some(kind),
        _ => None,
    }
}

enum Kind {
    Index,
    Io(io::ErrorKind),
    Other,
}

fn kind(error: &anyhow::Error) -> Kind {
    for cause in error.chain() {
        if let Some(TableError::NoRow { .. }) = cause.downcast_ref() {
            return Kind::Index;
        }
        if let Some(TableError::Cut { .. }) = cause.downcast_ref() {
            return Kind::Io(io::ErrorKind::UnexpectedEof);
        }
        // These two show the system's error as their own, so it is not in the chain.
        let io = match (cause.downcast_ref(), cause.downcast_ref(), cause.downcast_ref()) {
            (Some(TableError::Io(io)), ..) => Some(io),
            (_, Some(embcli::Error::Io(io)), _) => Some(io),
            (.., Some(TableError::Model(embcli::Error::Io(io)))) => Some(io),
            _ => cause.downcast_ref::<io::Error>(),
        };
        if let Some(io) = io {
            return Kind::Io(io.kind());
        }
        if let Some(ReadError { source, .. }) = cause.downcast_ref() {
            return Kind::Io(source.kind());
        }
    }
    Kind::Other
}

/// The message with its causes. What the program calls an option is an argument here.
pub fn words(error: &anyhow::Error) -> String {
    const ARGUMENTS: [(&str, &str); 4] = [
        ("--fetch-table fetches them", "open(..., fetch_table=True) fetches them"),
        (" (--tensor NAME)", " (tensor=NAME)"),
        ("use --text to look them all up (embcli lookup)", "m[m.tokenize(text)] has them all"),
        ("use --text to look it up (embcli lookup)", "m[m.tokenize(text)] has it"),
    ];
    let message = format!("{error:#}");
    ARGUMENTS.iter().fold(message, |message, (option, argument)| message.replace(option, argument))
}
