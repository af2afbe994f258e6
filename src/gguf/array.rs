//! An array in the metadata, read an element at a time.

use super::cursor::{Cursor, STRIDE};
use super::{Entry, Error, Gguf, MetadataValue, Place, Stop, ValueType, index};

/// The longest string that is read from an array, in bytes. Tokens have some
/// tens, merges and labels some hundreds.
const MAX_STRING: u64 = 1 << 16;

/// An array of the metadata of which nothing is decoded yet. It keeps its file
/// open.
///
/// Any element is found in constant time: scalars by their position, strings by
/// the positions that the walk noted.
#[derive(Clone, Debug)]
pub struct Array {
    gguf: Gguf,
    key: String,
    element: ValueType,
    count: u64,
    /// The first element.
    at: u64,
    /// Which metadata entry it is.
    index: usize,
}

impl Array {
    pub(super) fn new(gguf: Gguf, entry: &Entry) -> Result<Self, Error> {
        let key = index::quotable(&entry.key);
        let (element, count, at) = index::array_at(gguf.header(), entry.span.start)
            .map_err(|stop| stop.at(Place::Value { key: key.clone() }, gguf.file_len()))?;
        Ok(Self { gguf, key, element, count, at, index: entry.index })
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

    /// A copy of one string; `None` past the end or where elements are not
    /// strings.
    pub fn string(&self, i: u64) -> Result<Option<Vec<u8>>, Error> {
        if i >= self.count || self.element != ValueType::String {
            return Ok(None);
        }
        let mut near = self.at;
        if let Some(before) = (i / STRIDE).checked_sub(1) {
            // The walk left a mark for every whole stride.
            let marks = self.gguf.marks(self.index);
            let Some(&at) = marks.get(before as usize) else { return Ok(None) };
            near = at.into();
        }
        let mut cursor = Cursor::new(self.gguf.header(), near);
        let mut string = Vec::new();
        let mut find = || {
            cursor.skip_strings(i % STRIDE)?;
            match cursor.string(MAX_STRING, &mut string)? {
                len if len <= MAX_STRING => Ok(()),
                len => Err(too_long(i, len)),
            }
        };
        find().map_err(|stop| self.stop(stop))?;
        Ok(Some(string))
    }

    /// Hands a copy of every string to `visit`, in order, with its place; stops
    /// at the first `false`. One pass.
    pub fn each_string(&self, mut visit: impl FnMut(u64, &[u8]) -> bool) -> Result<(), Error> {
        if self.element != ValueType::String {
            return Ok(());
        }
        let mut cursor = Cursor::new(self.gguf.header(), self.at);
        let mut string = Vec::new();
        for i in 0..self.count {
            let len = cursor.string(MAX_STRING, &mut string).map_err(|stop| self.stop(stop))?;
            if len > MAX_STRING {
                return Err(self.stop(too_long(i, len)));
            }
            if !visit(i, &string) {
                break;
            }
        }
        Ok(())
    }

    /// Reads past every string.
    ///
    /// # Errors
    /// With the first string that [`each_string`](Self::each_string) would stop at.
    pub fn check_strings(&self) -> Result<(), Error> {
        if self.element != ValueType::String {
            return Ok(());
        }
        let mut cursor = Cursor::new(self.gguf.header(), self.at);
        let mut check = |i| match cursor.u64()? {
            len if len <= MAX_STRING => cursor.skip(len),
            len => Err(too_long(i, len)),
        };
        (0..self.count).try_for_each(&mut check).map_err(|stop| self.stop(stop))
    }

    /// A copy of the bytes of all elements, one after another, little-endian; none
    /// where elements are not scalars.
    pub fn scalar_bytes(&self) -> Result<Vec<u8>, Error> {
        let size = self.element.size_in_bytes().unwrap_or(0) as u64;
        // The walk has seen that they are there.
        self.gguf.bytes(self.at..self.at + self.count * size)
    }

    fn stop(&self, stop: Stop) -> Error {
        stop.at(Place::Value { key: self.key.clone() }, self.gguf.file_len())
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

fn too_long(i: u64, len: u64) -> Stop {
    Stop::Bad(format!("string {i} is {len} bytes long, and up to {MAX_STRING} are read"))
}
