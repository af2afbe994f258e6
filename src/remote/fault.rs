//! What can go wrong on a network, in one line each.

use std::io;

use thiserror::Error;

/// Why something could not be fetched. No message has a token, or the query of an
/// address, which may be a signature.
#[derive(Debug, Error)]
#[error("{message}")]
pub struct Fault {
    pub(super) kind: Kind,
    message: String,
}

/// What a caller can do about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// The server has no such file.
    Absent,
    /// The connection ended early: the rest can be asked for.
    Broken,
    Other,
}

impl Fault {
    pub(super) fn new(message: impl Into<String>) -> Self {
        Self { kind: Kind::Other, message: message.into() }
    }

    pub(super) fn absent(message: impl Into<String>) -> Self {
        Self { kind: Kind::Absent, message: message.into() }
    }

    pub(super) fn broken(message: impl Into<String>) -> Self {
        Self { kind: Kind::Broken, message: message.into() }
    }
}

impl From<Fault> for io::Error {
    fn from(fault: Fault) -> Self {
        let kind = match fault.kind {
            Kind::Absent => io::ErrorKind::NotFound,
            Kind::Broken | Kind::Other => io::ErrorKind::Other,
        };
        io::Error::new(kind, fault)
    }
}
