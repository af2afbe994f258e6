//! A file mapped into memory: reading a row costs only the pages of that row.

use std::borrow::Cow;
use std::fs::{self, File};
use std::io;
#[cfg(unix)]
use std::ops::Range;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

#[cfg(unix)]
use memmap2::UncheckedAdvice;
use memmap2::{Mmap, MmapOptions};

use super::{Source, empty_file, tail};

/// Whether files are mapped.
static MAPS: AtomicBool = AtomicBool::new(true);

/// Makes this process read the files that it opens from now on, not map them.
///
/// A file that becomes shorter is then an error like any other, and no signal ends the
/// process (see [`exit_on_sigbus`](super::exit_on_sigbus)). A program that must not end,
/// such as the interpreter of another language, calls this first. Scans are as fast; the
/// header of a model is copied into memory, and each row that is looked up is copied.
pub fn read_without_maps() {
    MAPS.store(false, Ordering::Relaxed);
}

/// A file on disk, mapped into memory, read only.
///
/// Some file systems can't map: network and FUSE file systems refuse shared
/// mappings, or all mappings. Then, and after [`read_without_maps`], the file is read a
/// range at a time, like a remote file.
pub struct MappedFile {
    map: Option<Mmap>,
    /// For bulk reads, which do not use the map.
    file: File,
    len: u64,
}

impl MappedFile {
    /// Maps the file at `path`; no byte of it is read yet. A pipe is never opened,
    /// because that would wait for a writer.
    pub fn open(path: &Path) -> io::Result<Self> {
        let found = fs::metadata(path)?;
        if !found.is_file() {
            let kind = kind_of(found.file_type());
            let problem = format!("this is {kind}, not a regular file; name a GGUF file");
            return Err(io::Error::other(problem));
        }
        let file = File::open(path)?;
        let len = file.metadata()?.len();
        if len == 0 {
            return Err(empty_file());
        }
        if !MAPS.load(Ordering::Relaxed) {
            return Ok(Self { map: None, file, len });
        }
        // SAFETY: a shared mapping is sound as long as nobody changes or
        // truncates the file under it. No program can rule that out for a file
        // it does not own, and every program that maps a model takes the risk
        // (llama.cpp does). Here the mapped bytes are only read as `u8`: a
        // change can alter an answer, but breaks no invariant. Text is copied
        // before it is checked and used as `str`. What happens when the file
        // becomes shorter: see `sigbus`.
        let shared = unsafe { MmapOptions::new().map(&file) };
        // SAFETY: as above; a private mapping is not written to.
        let map = shared.or_else(|_| unsafe { MmapOptions::new().map_copy_read_only(&file) }).ok();
        Ok(Self { map, file, len })
    }
}

impl Source for MappedFile {
    fn len(&self) -> u64 {
        self.len
    }

    fn window(&self, at: u64, want: usize) -> io::Result<Cow<'_, [u8]>> {
        if let Some(map) = &self.map {
            return Ok(Cow::Borrowed(tail(map, at)));
        }
        let left = self.len.saturating_sub(at);
        let mut bytes = vec![0; want.min(usize::try_from(left).unwrap_or(usize::MAX))];
        self.read_exact_at(at, &mut bytes)?;
        Ok(Cow::Owned(bytes))
    }

    #[cfg(unix)]
    fn mapped(&self, at: u64, len: usize) -> Option<&[u8]> {
        self.map.as_ref().and_then(|map| tail(map, at).get(..len))
    }

    #[cfg(unix)]
    fn release(&self, bytes: Range<u64>) {
        let Some(map) = &self.map else { return };
        let page = 1 << 12;
        let (start, end) = (bytes.start.next_multiple_of(page), bytes.end / page * page);
        if start < end && end <= map.len() as u64 {
            let len = (end - start) as usize;
            let advice = UncheckedAdvice::DontNeed;
            // SAFETY: nothing was written to the mapping. So the next access to a page
            // that is dropped here finds the same bytes of the file.
            let dropped = unsafe { map.unchecked_advise_range(advice, start as usize, len) };
            // The system may refuse, for one if its pages are larger: they then stay.
            drop(dropped);
        }
    }

    fn read_exact_at(&self, at: u64, buf: &mut [u8]) -> io::Result<()> {
        read_exact_at(&self.file, at, buf).map_err(|error| match error.kind() {
            io::ErrorKind::UnexpectedEof => {
                io::Error::new(error.kind(), "the file became shorter while it was read")
            }
            _ => error,
        })
    }
}

#[cfg(unix)]
fn read_exact_at(file: &File, at: u64, buf: &mut [u8]) -> io::Result<()> {
    std::os::unix::fs::FileExt::read_exact_at(file, buf, at)
}

#[cfg(windows)]
fn read_exact_at(file: &File, mut at: u64, mut buf: &mut [u8]) -> io::Result<()> {
    while !buf.is_empty() {
        match std::os::windows::fs::FileExt::seek_read(file, buf, at)? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            n => (at, buf) = (at + n as u64, &mut buf[n..]),
        }
    }
    Ok(())
}

#[cfg(not(any(unix, windows)))]
fn read_exact_at(_file: &File, _at: u64, _buf: &mut [u8]) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
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

    #[cfg_attr(miri, ignore = "Miri maps no files")]
    #[test]
    fn a_file_that_can_not_be_mapped_is_read_in_ranges() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        io::Write::write_all(&mut file, b"0123456789").unwrap();
        let unmapped = MappedFile { map: None, ..MappedFile::open(file.path()).unwrap() };
        for (at, want, bytes) in [(0, 4, "0123"), (6, 100, "6789"), (10, 1, ""), (u64::MAX, 1, "")]
        {
            let window = unmapped.window(at, want).unwrap();
            assert!(matches!(window, Cow::Owned(_)));
            assert_eq!(*window, *bytes.as_bytes());
        }
    }
}
