//! Where the bytes come from: a source of byte ranges.
//!
//! The walk and the row reads ask for ranges. A mapped file answers with
//! borrowed slices at no cost; a source that has to fetch answers with owned
//! ones. Nothing above this file knows which it is.

use std::borrow::Cow;
use std::fs::{self, File};
use std::io;
use std::path::Path;

use memmap2::{Mmap, MmapOptions};

use super::Error;

/// Random access to the bytes of one file.
pub trait Source: Send + Sync {
    /// The length in bytes.
    fn len(&self) -> u64;

    /// Whether there are no bytes at all.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The bytes from `at` on: `want` of them, or as many as are there, or more
    /// where more cost nothing (a mapped file gives all to its end).
    fn window(&self, at: u64, want: usize) -> io::Result<Cow<'_, [u8]>>;

    /// Fills `buf` with the bytes from `at` on; an error where they end early.
    ///
    /// For bulk reading: a source may answer this without going through the
    /// memory that [`window`](Self::window) borrows from.
    fn read_exact_at(&self, at: u64, buf: &mut [u8]) -> io::Result<()> {
        match self.window(at, buf.len())?.get(..buf.len()) {
            Some(bytes) => {
                buf.copy_from_slice(bytes);
                Ok(())
            }
            None => Err(io::ErrorKind::UnexpectedEof.into()),
        }
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

/// A file mapped into memory, read only.
pub struct MappedFile {
    map: Mmap,
    file: File,
}

impl MappedFile {
    /// Maps the file at `path`; no byte of it is read yet.
    ///
    /// # Errors
    /// Where it is not there, not readable, empty, or not a regular file.
    /// (A pipe is never opened, as that would wait for a writer.)
    pub fn open(path: &Path) -> Result<Self, Error> {
        let found = fs::metadata(path)?;
        if !found.is_file() {
            return Err(Error::NotAFile { kind: kind_of(found.file_type()) });
        }
        let file = File::open(path)?;
        if file.metadata()?.len() == 0 {
            return Err(Error::Empty);
        }
        // SAFETY: a shared mapping is sound as long as nobody changes or
        // truncates the file under it, which no program can rule out for a
        // file it does not own. Every program that maps a model takes that
        // risk (llama.cpp does); the bytes are only ever read as `u8`, so a
        // change can alter an answer but no invariant of ours. What a shorter
        // file does, and what is done about it: see `sigbus`.
        let map = unsafe { MmapOptions::new().map(&file)? };
        Ok(Self { map, file })
    }
}

impl Source for MappedFile {
    fn len(&self) -> u64 {
        self.map.len() as u64
    }

    fn window(&self, at: u64, _want: usize) -> io::Result<Cow<'_, [u8]>> {
        Ok(Cow::Borrowed(tail(&self.map, at)))
    }

    #[cfg(unix)]
    fn read_exact_at(&self, at: u64, buf: &mut [u8]) -> io::Result<()> {
        std::os::unix::fs::FileExt::read_exact_at(&self.file, buf, at).map_err(|error| match error
            .kind()
        {
            io::ErrorKind::UnexpectedEof => {
                io::Error::new(error.kind(), "the file became shorter while it was read")
            }
            _ => error,
        })
    }
}

/// What is left of `bytes` from `at` on; nothing where that is past the end.
fn tail(bytes: &[u8], at: u64) -> &[u8] {
    usize::try_from(at).ok().and_then(|at| bytes.get(at..)).unwrap_or_default()
}

fn kind_of(kind: fs::FileType) -> &'static str {
    #[cfg(unix)]
    {
        use std::os::unix::fs::FileTypeExt;
        if kind.is_fifo() {
            return "a named pipe";
        }
        if kind.is_socket() {
            return "a socket";
        }
        if kind.is_char_device() || kind.is_block_device() {
            return "a device";
        }
    }
    if kind.is_dir() { "a directory" } else { "a special file" }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[cfg_attr(miri, ignore = "Miri maps no files")]
    #[test]
    fn bulk_reads_of_a_file_that_became_shorter_say_so() {
        let file = tempfile::NamedTempFile::new().unwrap();
        file.as_file().set_len(100).unwrap();
        let mapped = MappedFile::open(file.path()).unwrap();
        assert!(mapped.read_exact_at(0, &mut [0; 100]).is_ok());
        file.as_file().set_len(99).unwrap();
        let error = mapped.read_exact_at(0, &mut [0; 100]).unwrap_err();
        assert_eq!(error.to_string(), "the file became shorter while it was read");
    }
}
