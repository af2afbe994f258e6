//! Long lists in a header: strings and numbers that are read where they lie.

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use super::{Error, Place, Value, ValueType};
use crate::source::Source;

/// The position of every 256th string of a list is known, so that any string is
/// found in fewer than this many steps.
pub const STRIDE: u64 = 256;

/// The longest string that is read from a list, in bytes. Tokens have some tens,
/// merges and labels some hundreds.
const MAX_STRING: u64 = 1 << 16;

/// Strings, each stored as its length (u64, little-endian) and its bytes, one after
/// another. They keep their source open.
#[derive(Clone)]
pub struct Strings {
    bytes: Part,
    len: u64,
    marks: Arc<[u32]>,
}

/// Numbers of one type, one after another. They keep their source open.
#[derive(Clone)]
pub struct Numbers {
    bytes: Part,
    element: ValueType,
}

/// A part of a source.
#[derive(Clone)]
struct Part {
    source: Arc<dyn Source>,
    range: Range<u64>,
    /// What messages call the list.
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

/// The walk has seen that all is there. A mapped file can change later.
fn changed() -> Error {
    std::io::Error::other("the file changed while it was read").into()
}

impl Strings {
    /// The strings at a range of a source that borrows its bytes. `marks` are the
    /// positions of every [`STRIDE`]th string except the first; `key` is what
    /// messages call the list.
    pub fn new(
        source: Arc<dyn Source>,
        range: Range<u64>,
        len: u64,
        marks: Arc<[u32]>,
        key: Arc<str>,
    ) -> Self {
        Self { bytes: Part { source, range, key }, len, marks }
    }

    /// What messages call the list.
    pub fn key(&self) -> &str {
        &self.bytes.key
    }

    /// The number of strings.
    pub fn len(&self) -> u64 {
        self.len
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// A copy of string `i`; `None` past the end.
    ///
    /// # Errors
    /// Where it is longer than 64 KiB, or can't be read.
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
        for _ in 0..i % STRIDE {
            (_, rest) = self.split(rest)?;
        }
        let (string, _) = self.split(rest)?;
        self.check_len(i, string)?;
        Ok(Some(string.to_vec()))
    }

    /// Hands a copy of every string to `visit`, in order, with its place; stops at
    /// the first `false`. One pass.
    ///
    /// # Errors
    /// As for [`get`](Self::get), and those of `visit`.
    pub fn each<E: From<Error>>(
        &self,
        mut visit: impl FnMut(u64, &[u8]) -> Result<bool, E>,
    ) -> Result<(), E> {
        let mut copy = Vec::new();
        self.each_in_place(|i, string| {
            copy.clear();
            copy.extend_from_slice(string);
            visit(i, &copy)
        })
    }

    /// Reads past every string.
    ///
    /// # Errors
    /// With the first string that [`each`](Self::each) would stop at.
    pub fn check(&self) -> Result<(), Error> {
        self.each_in_place(|_, _| Ok(true))
    }

    /// As [`each`](Self::each), without the copy: `visit` may look at bytes only.
    fn each_in_place<E: From<Error>>(
        &self,
        mut visit: impl FnMut(u64, &[u8]) -> Result<bool, E>,
    ) -> Result<(), E> {
        let all = self.bytes.read(self.bytes.range.clone())?;
        let mut rest = &*all;
        for i in 0..self.len {
            let (string, after) = self.split(rest)?;
            self.check_len(i, string)?;
            if !visit(i, string)? {
                break;
            }
            rest = after;
        }
        Ok(())
    }

    /// The first string of `rest`, and what follows it.
    fn split<'r>(&self, rest: &'r [u8]) -> Result<(&'r [u8], &'r [u8]), Error> {
        let (len, rest) = rest.split_first_chunk().ok_or_else(changed)?;
        let len = usize::try_from(u64::from_le_bytes(*len)).map_err(|_| changed())?;
        rest.split_at_checked(len).ok_or_else(changed)
    }

    fn check_len(&self, i: u64, string: &[u8]) -> Result<(), Error> {
        match string.len() as u64 {
            len if len <= MAX_STRING => Ok(()),
            len => Err(Error::Malformed {
                place: Place::Value { key: self.key().to_owned() },
                problem: format!("string {i} is {len} bytes long, and up to {MAX_STRING} are read"),
            }),
        }
    }
}

impl Numbers {
    /// The `len` numbers of a type at a position of a source that borrows its bytes;
    /// none where the type is not that of numbers. `key` is what messages call the
    /// list.
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

    /// A list of no numbers, of a type that is not that of numbers.
    pub fn none(element: ValueType, key: &str) -> Self {
        Self::new(Arc::new(Vec::new()), 0, 0, element, key.into())
    }

    /// What messages call the list.
    pub fn key(&self) -> &str {
        &self.bytes.key
    }

    /// The type that every number has.
    pub fn element(&self) -> ValueType {
        self.element
    }

    /// The number of numbers.
    pub fn len(&self) -> u64 {
        let Range { start, end } = self.bytes.range;
        (end - start).checked_div(self.element.size().unwrap_or(0)).unwrap_or(0)
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Number `i`; `None` past the end.
    ///
    /// # Errors
    /// Where it can't be read, or is a flag that is neither 0 nor 1.
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
    ///
    /// # Errors
    /// Where they can't be read.
    pub fn bytes(&self) -> Result<Vec<u8>, Error> {
        Ok(self.bytes.read(self.bytes.range.clone())?.into_owned())
    }
}

impl fmt::Debug for Strings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Strings({}, {})", self.key(), self.len)
    }
}

impl fmt::Debug for Numbers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Numbers({}, {} {})", self.key(), self.len(), self.element.name())
    }
}
