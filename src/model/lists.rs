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
/// merges and labels some hundreds.
const MAX_STRING: u64 = 1 << 16;

/// The number of bytes of a list that are copied at a time, 128 KiB: the longest
/// string fits, and a second-level cache holds them.
const CHUNK: u64 = 2 * MAX_STRING;

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

    /// A copy of string `i`; `None` past the end; an error if longer than 64 KiB.
    pub fn get(&self, i: u64) -> Result<Option<Vec<u8>>, Error> {
        if i >= self.len {
            return Ok(None);
        }
        let near = match (i / STRIDE).checked_sub(1) {
            None => self.bytes.range.start,
            Some(mark) => {
                let mark = usize::try_from(mark).ok().and_then(|mark| self.marks.get(mark));
                mark.copied().ok_or_else(changed)?.into()
            }
        };
        let all = self.bytes.read(near..self.bytes.range.end)?;
        let mut rest = &*all;
        for before in i - i % STRIDE..i {
            (_, rest) = self.split(before, u64::MAX, rest)?.ok_or_else(changed)?;
        }
        let (string, _) = self.split(i, MAX_STRING, rest)?.ok_or_else(changed)?;
        Ok(Some(string.to_vec()))
    }

    /// Calls `visit` with the index and a copy of every string, in order; stops at
    /// the first `false`. One pass.
    pub fn each<E: From<Error>>(
        &self,
        mut visit: impl FnMut(u64, &[u8]) -> Result<bool, E>,
    ) -> Result<(), E> {
        let Range { start: mut at, end } = self.bytes.range;
        let (mut i, mut copy) = (0, Vec::new());
        while i < self.len {
            copy.clear();
            copy.extend_from_slice(&self.bytes.read(at..end.min(at + CHUNK))?);
            let (first, mut rest) = (i, &copy[..]);
            while i < self.len
                && let Some((string, after)) = self.split(i, MAX_STRING, rest)?
            {
                if !visit(i, string)? {
                    return Ok(());
                }
                (i, rest) = (i + 1, after);
            }
            if i == first {
                return Err(changed().into());
            }
            at += (copy.len() - rest.len()) as u64;
        }
        Ok(())
    }

    /// Reads every string.
    pub fn check(&self) -> Result<(), Error> {
        let all = self.bytes.read(self.bytes.range.clone())?;
        let mut rest = &*all;
        for i in 0..self.len {
            (_, rest) = self.split(i, MAX_STRING, rest)?.ok_or_else(changed)?;
        }
        Ok(())
    }

    /// Splits `rest` after string `i`, at its start; `None` if the string is cut.
    fn split<'r>(&self, i: u64, most: u64, rest: &'r [u8]) -> Result<Option<Split<'r>>, Error> {
        let Some((len, rest)) = rest.split_first_chunk() else { return Ok(None) };
        match u64::from_le_bytes(*len) {
            len if len <= most => {
                Ok(usize::try_from(len).ok().and_then(|len| rest.split_at_checked(len)))
            }
            len => Err(self.too_long(i, len)),
        }
    }

    #[cold]
    fn too_long(&self, i: u64, len: u64) -> Error {
        Error::Malformed {
            place: Place::Value { key: self.key().to_owned() },
            problem: format!("string {i} is {len} bytes long; the limit is {MAX_STRING}"),
        }
    }
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
}
