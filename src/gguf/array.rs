//! An array in the metadata, read an element at a time.

use std::borrow::Cow;

use super::cursor::{Cursor, STRIDE};
use super::{Entry, Error, Gguf, MetadataValue, Place, ValueType, index};

/// An array of the metadata of which nothing is decoded yet.
///
/// Any element is found in constant time: scalars by their position, strings
/// by way of the positions that the walk remembered.
#[derive(Debug)]
pub struct Array<'g> {
    gguf: &'g Gguf,
    key: String,
    element: ValueType,
    count: u64,
    /// The first element.
    at: u64,
    /// Where every [`STRIDE`]th string begins.
    checkpoints: &'g [u64],
}

impl<'g> Array<'g> {
    pub(super) fn new(
        gguf: &'g Gguf,
        entry: &Entry,
        checkpoints: &'g [u64],
    ) -> Result<Self, Error> {
        let key = String::from_utf8_lossy(&entry.key).into_owned();
        let (element, count, at) = index::array_at(gguf.source(), entry.span.start)
            .map_err(|stop| stop.at(Place::Value { key: key.clone() }, gguf.file_len()))?;
        Ok(Self { gguf, key, element, count, at, checkpoints })
    }

    /// The type that every element has.
    pub fn element_type(&self) -> ValueType {
        self.element
    }

    /// The number of elements.
    pub fn len(&self) -> u64 {
        self.count
    }

    /// Whether there are no elements.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The bytes of one string; `None` past the end or where elements are not
    /// strings.
    pub fn string(&self, i: u64) -> Result<Option<Cow<'g, [u8]>>, Error> {
        let checkpoint = usize::try_from(i / STRIDE).ok().and_then(|n| self.checkpoints.get(n));
        let (true, Some(&at)) = (i < self.count, checkpoint) else { return Ok(None) };
        let mut cursor = Cursor::new(self.gguf.source(), at);
        let mut find = || {
            (0..i % STRIDE).try_for_each(|_| cursor.skip_string())?;
            let len = cursor.u64()?;
            Ok((cursor.position(), len))
        };
        let (start, len) = find().map_err(|stop: super::Stop| {
            stop.at(Place::Value { key: self.key.clone() }, self.gguf.file_len())
        })?;
        self.gguf.bytes(start..start + len).map(Some)
    }

    /// Every string in order, handed to `visit` with its place; stops at the
    /// first `false`. One pass, nothing allocated.
    pub fn each_string(&self, mut visit: impl FnMut(u64, &[u8]) -> bool) -> Result<(), Error> {
        if self.element != ValueType::String {
            return Ok(());
        }
        let mut cursor = Cursor::new(self.gguf.source(), self.at);
        for i in 0..self.count {
            let string = cursor.string().map_err(|stop| {
                stop.at(Place::Value { key: self.key.clone() }, self.gguf.file_len())
            })?;
            if !visit(i, string) {
                break;
            }
        }
        Ok(())
    }

    /// One scalar; `None` past the end or where elements are not scalars.
    pub fn scalar(&self, i: u64) -> Result<Option<MetadataValue>, Error> {
        let (true, Some(size)) = (i < self.count, self.element.size_in_bytes()) else {
            return Ok(None);
        };
        let at = self.at + i * size as u64;
        let bytes = self.gguf.bytes(at..at + size as u64)?;
        MetadataValue::read_from(&mut &*bytes, self.element).map(Some).map_err(|error| {
            Error::Malformed {
                place: Place::Value { key: self.key.clone() },
                problem: error.to_string(),
            }
        })
    }
}
