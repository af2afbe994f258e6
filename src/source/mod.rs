//! Where bytes come from: a source returns byte ranges of a file.
//!
//! A mapped file and bytes in memory return borrowed bytes at no cost. A source
//! that fetches bytes (over a network, from a browser's file) returns owned bytes.
//! Readers keep what they fetch: a header is read in consecutive ranges, each once,
//! in pieces of some megabytes.

mod folder;
mod mapped;
mod sigbus;

use std::borrow::Cow;
use std::fmt;
use std::io;
use std::ops::Range;

pub use folder::{Folder, OnDisk};
pub use mapped::{MappedFile, read_without_maps};
pub use sigbus::exit_on_sigbus;

/// Random access to the bytes of one file.
pub trait Source: Send + Sync {
    /// The length in bytes.
    fn len(&self) -> u64;

    /// Whether there are no bytes at all.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The bytes from `at` on: `want` of them, or fewer at the end of the file.
    ///
    /// A source that returns borrowed bytes may return more than `want` (a mapped
    /// file returns all bytes to its end), and a repeated request costs nothing. A
    /// source that returns owned bytes returns exactly what was requested, and
    /// readers assume that each byte has a cost. There is one exception: from the
    /// start of a file on, while each request begins where the last one ended, it may
    /// return fewer bytes (those that have arrived), but at least one.
    ///
    /// # Errors
    /// If the bytes can't be read.
    fn window(&self, at: u64, want: usize) -> io::Result<Cow<'_, [u8]>>;

    /// Fills `buf` with the bytes from `at` on.
    ///
    /// For bulk reads: a source may read without the memory that
    /// [`window`](Self::window) borrows from.
    ///
    /// # Errors
    /// If the bytes end early or can't be read.
    fn read_exact_at(&self, at: u64, buf: &mut [u8]) -> io::Result<()> {
        match self.window(at, buf.len())?.get(..buf.len()) {
            Some(bytes) => {
                buf.copy_from_slice(bytes);
                Ok(())
            }
            None => Err(io::ErrorKind::UnexpectedEof.into()),
        }
    }

    /// Bytes of a file that is mapped into memory; `None` if it is not, or is shorter.
    fn mapped(&self, _at: u64, _len: usize) -> Option<&[u8]> {
        None
    }

    /// Tells that bytes are not needed soon: the system may take the pages of mapped
    /// bytes back, and a walk through a remote file ends.
    fn release(&self, _bytes: Range<u64>) {}

    /// Tells which ranges are read next. A remote source fetches them now, ranges near
    /// each other in one request.
    ///
    /// # Errors
    /// If they can't be fetched.
    fn prepare(&self, _ranges: &[Range<u64>]) -> io::Result<()> {
        Ok(())
    }

    /// Makes a range cheap to read many times. A remote source copies it to the disk.
    ///
    /// # Errors
    /// If it can't be fetched, or the user did not allow it.
    fn keep(&self, _bytes: Range<u64>) -> io::Result<()> {
        Ok(())
    }
}

/// Bytes that are already in memory.
impl Source for Vec<u8> {
    fn len(&self) -> u64 {
        self.as_slice().len() as u64
    }

    fn window(&self, at: u64, _want: usize) -> io::Result<Cow<'_, [u8]>> {
        Ok(Cow::Borrowed(tail(self, at)))
    }
}

/// Bytes that are part of the program.
impl Source for &'static [u8] {
    fn len(&self) -> u64 {
        <[u8]>::len(self) as u64
    }

    fn window(&self, at: u64, _want: usize) -> io::Result<Cow<'_, [u8]>> {
        Ok(Cow::Borrowed(tail(self, at)))
    }
}

impl fmt::Debug for dyn Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes", self.len())
    }
}

/// The error for a file of no bytes.
pub fn empty_file() -> io::Error {
    io::Error::other("the file is empty (0 bytes): an interrupted download?")
}

/// The bytes from `at` on; empty past the end.
fn tail(bytes: &[u8], at: u64) -> &[u8] {
    usize::try_from(at).ok().and_then(|at| bytes.get(at..)).unwrap_or_default()
}
