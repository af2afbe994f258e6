//! Reads a file with gguf-rs-lib's own reader, as a second check.

use std::io::{self, Read, Seek, SeekFrom};

use gguf_rs_lib::prelude::GGUFFileReader;

use super::Gguf;

impl Gguf {
    /// Reads the whole header again with gguf-rs-lib's strict reader, which decodes
    /// every value and checks that every tensor's data is there. Returns the reader's
    /// error message.
    pub fn strict(&self) -> Result<(), String> {
        let bytes = io::BufReader::new(Bytes { gguf: self, at: 0 });
        GGUFFileReader::new(bytes).map(drop).map_err(|error| error.to_string())
    }
}

/// A file as a stream, which gguf-rs-lib's reader needs.
struct Bytes<'g> {
    gguf: &'g Gguf,
    at: u64,
}

impl Read for Bytes<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let header = self.gguf.header_len().saturating_sub(self.at);
        let (source, want) = match usize::try_from(header) {
            // The header has been read already. Do not fetch it again.
            Ok(left @ 1..) => (self.gguf.header(), buf.len().min(left)),
            _ => (self.gguf.source(), buf.len()),
        };
        let window = source.window(self.at, want)?;
        let n = window.len().min(buf.len());
        buf[..n].copy_from_slice(&window[..n]);
        self.at += n as u64;
        Ok(n)
    }
}

impl Seek for Bytes<'_> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let at = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::End(by) => self.gguf.file_len().checked_add_signed(by),
            SeekFrom::Current(by) => self.at.checked_add_signed(by),
        };
        self.at = at.ok_or(io::ErrorKind::InvalidInput)?;
        Ok(self.at)
    }
}
