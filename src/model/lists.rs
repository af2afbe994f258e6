//! Long lists in a header: strings and numbers that are read one at a time.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::Arc;

use super::{Error, Place, Value, ValueType};
use crate::source::Source;

/// The position of every 256th string of a list is recorded, so finding a string
/// takes fewer than 256 steps.
pub const STRIDE: u64 = 256;

/// The longest string that is read from a list, in bytes. Tokens have some tens,
/// merges and labels some hundreds. A longer one is read as [`too_long`].
const MAX_STRING: u64 = 1 << 16;

/// The number of bytes of a list that are copied at a time, 128 KiB: the longest
/// string fits, and a second-level cache holds them.
const CHUNK: u64 = 2 * MAX_STRING;

/// The number of bytes of a run of numbers: a multiple of every number's size.
const RUN: u64 = 1 << 13;

/// A list of strings, each stored as its length (u64, little-endian) and its bytes.
/// It keeps its source open.
#[derive(Clone, Debug)]
pub struct Strings {
    bytes: Part,
    len: u64,
    marks: Arc<[u32]>,
}

/// A list of numbers of one type. It keeps its source open.
#[derive(Clone, Debug)]
pub struct Numbers {
    bytes: Part,
    element: ValueType,
}

#[derive(Clone, Debug)]
struct Part {
    source: Arc<dyn Source>,
    range: Range<u64>,
    key: Arc<str>,
}

impl Part {
    fn read(&self, range: Range<u64>) -> Result<Cow<'_, [u8]>, Error> {
        let len = usize::try_from(range.end - range.start).unwrap_or(usize::MAX);
        let mut window = self.source.window(range.start, len)?;
        if window.len() < len {
            return Err(changed());
        }
        match &mut window {
            Cow::Borrowed(bytes) => *bytes = &bytes[..len],
            Cow::Owned(bytes) => bytes.truncate(len),
        }
        Ok(window)
    }
}

/// A string and what follows it.
type Split<'r> = (&'r [u8], &'r [u8]);

/// The error for missing bytes: they existed when the header was walked.
fn changed() -> Error {
    std::io::Error::other("the file changed while it was read").into()
}

impl Strings {
    /// The strings in a range of a source that returns borrowed bytes. `marks` are
    /// the positions of every [`STRIDE`]th string except the first; `key` is the
    /// list's name in messages.
    pub fn new(
        source: Arc<dyn Source>,
        range: Range<u64>,
        len: u64,
        marks: Arc<[u32]>,
        key: Arc<str>,
    ) -> Self {
        Self { bytes: Part { source, range, key }, len, marks }
    }

    pub fn key(&self) -> &str {
        &self.bytes.key
    }

    pub fn len(&self) -> u64 {
        self.len
    }

    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// A copy of string `i`; `None` past the end. A name of its length instead if it
    /// is longer than 64 KiB.
    pub fn get(&self, i: u64) -> Result<Option<Vec<u8>>, Error> {
        if i >= self.len {
            return Ok(None);
        }
        let near = self.near(i)?;
        let all = self.bytes.read(near..self.bytes.range.end)?;
        let mut rest = &*all;
        for _ in i - i % STRIDE..i {
            (_, rest) = split(rest).ok_or_else(changed)?;
        }
        let (string, _) = split(rest).ok_or_else(changed)?;
        Ok(Some(match string.len() as u64 {
            len if len > MAX_STRING => too_long(i, len),
            _ => string.to_vec(),
        }))
    }

    /// Calls `visit` with the index and a copy of every string, in order; stops at
    /// the first `false`. One pass. A string longer than 64 KiB is as in
    /// [`get`](Self::get).
    pub fn each<E: From<Error>>(
        &self,
        visit: impl FnMut(u64, &[u8]) -> Result<bool, E>,
    ) -> Result<(), E> {
        self.each_from(0, visit)
    }

    /// The same from the string `first` on.
    pub fn each_from<E: From<Error>>(
        &self,
        first: u64,
        mut visit: impl FnMut(u64, &[u8]) -> Result<bool, E>,
    ) -> Result<(), E> {
        let mut see = |i, string: &[u8]| match string.len() as u64 {
            _ if i < first => Ok(true),
            len if len > MAX_STRING => visit(i, &too_long(i, len)),
            _ => visit(i, string),
        };
        let (mut i, mut at) = (first - first % STRIDE, self.near(first)?);
        let (end, mut copy) = (self.bytes.range.end, Vec::new());
        while i < self.len {
            copy.clear();
            copy.extend_from_slice(&self.bytes.read(at..end.min(at + CHUNK))?);
            let (before, mut rest) = (i, &copy[..]);
            while i < self.len
                && let Some((string, after)) = split(rest)
            {
                if !see(i, string)? {
                    return Ok(());
                }
                (i, rest) = (i + 1, after);
            }
            at += (copy.len() - rest.len()) as u64;
            if i == before {
                // The string is longer than what is copied at a time.
                let all = self.bytes.read(at..end)?;
                let (string, after) = split(&all).ok_or_else(changed)?;
                if !see(i, string)? {
                    return Ok(());
                }
                (i, at) = (i + 1, end - after.len() as u64);
            }
        }
        Ok(())
    }

    /// The position of the last recorded string that is not after string `i`.
    fn near(&self, i: u64) -> Result<u64, Error> {
        let Some(mark) = (i / STRIDE).checked_sub(1) else { return Ok(self.bytes.range.start) };
        let mark = usize::try_from(mark).ok().and_then(|mark| self.marks.get(mark));
        Ok(mark.copied().ok_or_else(changed)?.into())
    }

    /// Reads every string.
    pub fn check(&self) -> Result<(), Error> {
        let all = self.bytes.read(self.bytes.range.clone())?;
        let mut rest = &*all;
        for _ in 0..self.len {
            (_, rest) = split(rest).ok_or_else(changed)?;
        }
        Ok(())
    }
}

/// Splits bytes after the string at their start; `None` if the string is cut.
fn split(rest: &[u8]) -> Option<Split<'_>> {
    let (len, rest) = rest.split_first_chunk()?;
    rest.split_at_checked(usize::try_from(u64::from_le_bytes(*len)).ok()?)
}

/// What stands for a string that is too long to be read, as llama.cpp's `[EMPTY_5]`
/// stands for a token without a text.
#[cold]
fn too_long(i: u64, len: u64) -> Vec<u8> {
    format!("[TOO_LONG_{i}_{len}_BYTES]").into_bytes()
}

impl Numbers {
    /// The `len` numbers of a type at a position of a source that returns borrowed
    /// bytes; empty if the type is not numeric. `key` is the list's name in
    /// messages.
    pub fn new(
        source: Arc<dyn Source>,
        at: u64,
        len: u64,
        element: ValueType,
        key: Arc<str>,
    ) -> Self {
        let range = at..at + len * element.size().unwrap_or(0);
        Self { bytes: Part { source, range, key }, element }
    }

    /// An empty list of a type that is not numeric.
    pub fn none(element: ValueType, key: &str) -> Self {
        Self::new(Arc::new(Vec::new()), 0, 0, element, key.into())
    }

    pub fn key(&self) -> &str {
        &self.bytes.key
    }

    pub fn element(&self) -> ValueType {
        self.element
    }

    pub fn len(&self) -> u64 {
        let Range { start, end } = self.bytes.range;
        (end - start).checked_div(self.element.size().unwrap_or(0)).unwrap_or(0)
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Number `i`; `None` past the end; an error for a flag that is not 0 or 1.
    pub fn get(&self, i: u64) -> Result<Option<Value>, Error> {
        let (true, Some(size)) = (i < self.len(), self.element.size()) else { return Ok(None) };
        let start = self.bytes.range.start + i * size;
        let bytes = self.bytes.read(start..start + size)?;
        let value = Value::of_number(self.element, &bytes);
        value.map(Some).ok_or_else(|| Error::Malformed {
            place: Place::Value { key: self.key().to_owned() },
            problem: format!("element {i} is no {}: its byte is {}", self.element.name(), bytes[0]),
        })
    }

    /// A copy of the bytes of all numbers, little-endian.
    pub fn bytes(&self) -> Result<Vec<u8>, Error> {
        Ok(self.bytes.read(self.bytes.range.clone())?.into_owned())
    }

    /// Calls `visit` with a copy of the bytes of each run of the first `n` numbers, in
    /// order. For one pass over a long list.
    pub fn each_run(&self, n: u64, mut visit: impl FnMut(&[u8])) -> Result<(), Error> {
        let start = self.bytes.range.start;
        let end = start + n.min(self.len()) * self.element.size().unwrap_or(0);
        let mut copy = Vec::new();
        let mut at = start;
        while at < end {
            let next = end.min(at + RUN);
            copy.clear();
            copy.extend_from_slice(&self.bytes.read(at..next)?);
            visit(&copy);
            at = next;
        }
        Ok(())
    }
}
