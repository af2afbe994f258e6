//! A file as a source: mapped into memory, so that reading a row costs the pages
//! of that row.

use std::borrow::Cow;
use std::fs::{self, File};
use std::io;
use std::path::Path;

use memmap2::{Mmap, MmapOptions};
use thiserror::Error;

use super::{Source, tail};

/// A file mapped into memory, read only.
pub struct MappedFile {
    map: Mmap,
    /// For bulk reads, which go around the map.
    #[cfg(unix)]
    file: File,
}

/// Why a file could not be mapped.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The operating system refused.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// A directory, device, pipe or socket.
    #[error("this is {kind}, not a regular file")]
    NotAFile {
        /// What it is, with its article.
        kind: &'static str,
    },
    /// Zero bytes long.
    #[error("the file is empty (0 bytes)")]
    Empty,
}

impl MappedFile {
    /// Maps the file at `path`; no byte of it is read yet.
    ///
    /// # Errors
    /// Where it is not there, not readable, empty, or not a regular file.
    /// (A pipe is never opened, as that would wait for a writer.)
    pub fn open(path: &Path) -> Result<Self, OpenError> {
        let found = fs::metadata(path)?;
        if !found.is_file() {
            return Err(OpenError::NotAFile { kind: kind_of(found.file_type()) });
        }
        let file = File::open(path)?;
        if file.metadata()?.len() == 0 {
            return Err(OpenError::Empty);
        }
        // SAFETY: a shared mapping is sound as long as nobody changes or
        // truncates the file under it. No program can rule that out for a file
        // it does not own, and every program that maps a model takes the risk
        // (llama.cpp does). Here the mapped bytes are only read as `u8`: a
        // change can alter an answer, but breaks no invariant. Text is copied
        // before it is checked and used as `str`. What happens when the file
        // becomes shorter: see `sigbus`.
        let map = unsafe { MmapOptions::new().map(&file)? };
        Ok(Self {
            map,
            #[cfg(unix)]
            file,
        })
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
