//! A GGUF file as an index of spans.
//!
//! Opening a file walks its header once and decodes nothing: a tokenizer has
//! hundreds of thousands of strings, and a lookup needs three. A value is
//! decoded when someone asks for it, with gguf-rs-lib's own types. Files are
//! untrusted; see [`Error`] for what they can be wrong in.

mod array;
mod cursor;
mod error;
mod file_type;
mod index;
mod sigbus;
mod source;
mod split;
mod strict;

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

pub use array::Array;
pub use error::{Error, Place};
pub use file_type::file_type_name;
pub use gguf_rs_lib::format::metadata::MetadataValue;
pub use gguf_rs_lib::format::types::GGUFValueType as ValueType;
pub use sigbus::exit_on_sigbus;
pub use source::{MappedFile, Source};
pub use split::{Model, parts};

use cursor::{Cursor, Stop};
use index::{Index, MAX_DIMS};

/// The longest value that is decoded at once. Names, numbers and short arrays
/// are; an array of a size that matters is read through [`Array`].
const MAX_DECODED: u64 = 1 << 20;

/// An opened GGUF file: its bytes and where everything in them lies. A clone is
/// the same file, opened once.
#[derive(Clone)]
pub struct Gguf {
    source: Arc<dyn Source>,
    index: Arc<Index>,
    alignment: u64,
    /// Where tensor data begins; tensors' offsets count from here.
    data_at: u64,
}

/// A metadata entry: a key, and where its value lies.
#[derive(Clone, Debug)]
pub struct Entry<'g> {
    /// The key's bytes; nearly always ASCII, and not to be trusted to be.
    pub key: Cow<'g, [u8]>,
    /// The value's type.
    pub value_type: ValueType,
    /// The value's bytes in the file.
    pub span: Range<u64>,
    /// Which entry this is, counted from 0.
    index: usize,
}

/// A tensor as the header describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tensor {
    /// The name, lossily decoded where it is not UTF-8.
    pub name: String,
    /// The ggml type's number, whether or not anyone knows it.
    pub type_id: u32,
    /// Where the data begins in the file (not from the data section's start).
    /// `None` where the position overflows 64 bits.
    pub at: Option<u64>,
    rank: u32,
    dims: [u64; MAX_DIMS as usize],
}

impl Tensor {
    /// The dimensions as the file stores them, fastest first: a table of
    /// `n_vocab` rows is `[d_model, n_vocab]`.
    pub fn dims(&self) -> &[u64] {
        &self.dims[..self.rank as usize]
    }

    /// The number of values; 1 for a scalar (rank 0), `None` on overflow.
    pub fn n_values(&self) -> Option<u64> {
        self.dims().iter().try_fold(1u64, |product, &dim| product.checked_mul(dim))
    }

    /// Whether this is a matrix: `Some([columns, rows])`. Trailing dimensions
    /// of 1 do not count against it, as ggml gives every tensor four.
    pub fn matrix(&self) -> Option<[u64; 2]> {
        match *self.dims() {
            [columns, rows, ref more @ ..] if more.iter().all(|&dim| dim == 1) => {
                Some([columns, rows])
            }
            _ => None,
        }
    }
}

impl Gguf {
    /// Maps a file and walks its header.
    pub fn open(path: &Path) -> Result<Self, Error> {
        Self::new(Box::new(MappedFile::open(path)?))
    }

    /// Walks the header of any source of bytes.
    pub fn new(source: Box<dyn Source>) -> Result<Self, Error> {
        let index = Index::walk(&*source)?;
        let (source, index) = (Arc::from(source), Arc::new(index));
        let mut gguf = Self { source, index, alignment: 32, data_at: 0 };
        gguf.alignment = gguf.read_alignment()?;
        gguf.data_at = gguf.index.end.checked_next_multiple_of(gguf.alignment).unwrap_or(u64::MAX);
        Ok(gguf)
    }

    fn read_alignment(&self) -> Result<u64, Error> {
        const KEY: &str = "general.alignment";
        let Some(entry) = self.entry(KEY)? else { return Ok(32) };
        let problem = match entry.value_type {
            ValueType::U32 => match self.decode(&entry)? {
                // The format's description asks for the one, llama.cpp for the
                // other.
                MetadataValue::U32(n) if n > 0 && (n % 8 == 0 || n.is_power_of_two()) => {
                    return Ok(n.into());
                }
                value => format!("it is {value}, and must be a multiple of 8"),
            },
            other => format!("it is of type {}, and must be a u32", other.name()),
        };
        Err(Error::Malformed { place: Place::Value { key: KEY.to_owned() }, problem })
    }

    /// Whether the other is this one or a clone of it.
    pub(crate) fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.index, &other.index)
    }

    /// The format's version: 2 or 3.
    pub fn version(&self) -> u32 {
        self.index.version
    }

    /// The alignment of tensor data in bytes: a multiple of 8 or a power of two.
    pub fn alignment(&self) -> u64 {
        self.alignment
    }

    /// The length of the file in bytes.
    pub fn file_len(&self) -> u64 {
        self.source.len()
    }

    /// How many bytes the header takes: what opening the file had to walk.
    pub fn header_len(&self) -> u64 {
        self.index.end
    }

    /// The bytes themselves.
    pub fn source(&self) -> &dyn Source {
        &*self.source
    }

    /// How many metadata entries the file has.
    pub fn key_count(&self) -> u64 {
        self.index.keys.len() as u64
    }

    /// The metadata entries, in the file's order.
    pub fn entries(&self) -> impl Iterator<Item = Result<Entry<'_>, Error>> {
        (0..self.index.keys.len()).map(|index| self.entry_at(index))
    }

    fn entry_at(&self, index: usize) -> Result<Entry<'_>, Error> {
        let end = *self.index.keys.get(index + 1).unwrap_or(&self.index.tensors_at);
        let read = |cursor: &mut Cursor<'_>| -> Result<_, Stop> {
            let key = cursor.name()?.to_vec();
            Ok((key, cursor.value_type()?))
        };
        let mut cursor = Cursor::new(&*self.source, self.index.keys[index]);
        let (key, value_type) = read(&mut cursor).map_err(|stop| {
            let count = self.index.keys.len() as u64;
            stop.at(Place::Key { index: index as u64 + 1, count }, self.file_len())
        })?;
        Ok(Entry { key: key.into(), value_type, span: cursor.position()..end, index })
    }

    /// The entry with a key, if there is one; an error if there are two.
    pub fn entry(&self, key: &str) -> Result<Option<Entry<'_>>, Error> {
        let mut found = None;
        for (index, &at) in self.index.keys.iter().enumerate() {
            let is_it =
                Cursor::new(&*self.source, at).name().is_ok_and(|name| name == key.as_bytes());
            if is_it && found.replace(index).is_some() {
                return Err(Error::Duplicate { what: "metadata keys", name: key.to_owned() });
            }
        }
        found.map(|index| self.entry_at(index)).transpose()
    }

    /// Decodes the value of a key. Meant for scalars and short arrays; a long
    /// one is better read through [`array`](Self::array).
    ///
    /// # Errors
    /// Where gguf-rs-lib refuses the value (text that is not UTF-8, a boolean
    /// that is neither 0 nor 1), or where it is longer than a megabyte.
    pub fn value(&self, key: &str) -> Result<Option<MetadataValue>, Error> {
        self.entry(key)?.map(|entry| self.decode(&entry)).transpose()
    }

    /// Decodes the value of an entry, as [`value`](Self::value) does.
    pub fn decode(&self, entry: &Entry) -> Result<MetadataValue, Error> {
        let malformed = |problem| Error::Malformed {
            place: Place::Value { key: index::quotable(&entry.key) },
            problem,
        };
        let len = entry.span.end - entry.span.start;
        if len > MAX_DECODED {
            return Err(malformed(format!(
                "it is {len} bytes long, and up to {MAX_DECODED} are decoded at once"
            )));
        }
        let bytes = self.bytes(entry.span.clone())?;
        MetadataValue::read_from(&mut &*bytes, entry.value_type)
            .map_err(|error| malformed(error.to_string()))
    }

    /// A string value, lossily decoded where it is not UTF-8; `None` where the
    /// key is absent, or holds something else or a string of over a megabyte.
    pub fn text(&self, key: &str) -> Result<Option<String>, Error> {
        match self.entry(key)? {
            Some(Entry { value_type: ValueType::String, span, .. })
                if span.end - span.start <= MAX_DECODED =>
            {
                let bytes = self.bytes(span.start + 8..span.end)?;
                Ok(Some(String::from_utf8_lossy(&bytes).into_owned()))
            }
            _ => Ok(None),
        }
    }

    /// A whole number of any width; `None` where the key is absent or holds
    /// something else.
    pub fn integer(&self, key: &str) -> Result<Option<u64>, Error> {
        match self.entry(key)? {
            Some(entry) if is_integer(entry.value_type) => {
                let value = self.decode(&entry)?;
                Ok(value.as_u64().or_else(|| value.as_i64()?.try_into().ok()))
            }
            _ => Ok(None),
        }
    }

    /// The array that a key holds, undecoded; `None` where the key is absent or
    /// holds something else.
    pub fn array(&self, key: &str) -> Result<Option<Array>, Error> {
        match self.entry(key)? {
            Some(entry) if entry.value_type == ValueType::Array => self.array_of(&entry).map(Some),
            _ => Ok(None),
        }
    }

    /// The array that an entry holds, which must be one.
    pub fn array_of(&self, entry: &Entry) -> Result<Array, Error> {
        Array::new(self.clone(), entry)
    }

    /// The positions that the walk noted in the array of a metadata entry.
    fn checkpoints(&self, index: usize) -> &[u64] {
        let all = &self.index.checkpoints;
        let found = all.binary_search_by_key(&index, |(index, _)| *index);
        found.map_or(&[], |found| &all[found].1)
    }

    /// The length of a string value in bytes, and its first `most` bytes; the
    /// entry must hold a string.
    pub fn start_of_text(&self, entry: &Entry, most: usize) -> Result<(u64, Cow<'_, [u8]>), Error> {
        let Range { start, end } = entry.span;
        let start = end.min(start + 8);
        let len = end - start;
        Ok((len, self.bytes(start..start + len.min(most as u64))?))
    }

    /// How many tensors the file describes.
    pub fn tensor_count(&self) -> u64 {
        self.index.tensor_count
    }

    /// The tensors, in the file's order; each is decoded as it is reached.
    pub fn tensors(&self) -> impl Iterator<Item = Result<Tensor, Error>> {
        let mut cursor = Cursor::new(&*self.source, self.index.tensors_at);
        let count = self.index.tensor_count;
        (0..count).map(move |i| {
            self.tensor_entry(&mut cursor)
                .map_err(|stop| stop.at(Place::Tensor { index: i + 1, count }, self.file_len()))
        })
    }

    fn tensor_entry(&self, cursor: &mut Cursor<'_>) -> Result<Tensor, Stop> {
        let name = String::from_utf8_lossy(cursor.name()?).into_owned();
        self.tensor_named(name, cursor)
    }

    /// What follows a tensor's name in its entry.
    fn tensor_named(&self, name: String, cursor: &mut Cursor<'_>) -> Result<Tensor, Stop> {
        let rank = index::rank(cursor)?;
        let mut dims = [1; MAX_DIMS as usize];
        for dim in &mut dims[..rank as usize] {
            *dim = cursor.u64()?;
        }
        let type_id = cursor.u32()?;
        let at = self.data_at.checked_add(cursor.u64()?);
        Ok(Tensor { name, type_id, at, rank, dims })
    }

    /// The tensor with a name, if there is one; an error if there are two.
    pub fn tensor(&self, name: &str) -> Result<Option<Tensor>, Error> {
        let mut cursor = Cursor::new(&*self.source, self.index.tensors_at);
        let count = self.index.tensor_count;
        let mut found = None;
        for i in 0..count {
            let mut next = || {
                let is_it = String::from_utf8_lossy(cursor.name()?) == name;
                let owned = if is_it { name.to_owned() } else { String::new() };
                Ok((is_it, self.tensor_named(owned, &mut cursor)?))
            };
            let (is_it, tensor) = next().map_err(|stop: Stop| {
                stop.at(Place::Tensor { index: i + 1, count }, self.file_len())
            })?;
            if is_it && found.replace(tensor).is_some() {
                return Err(Error::Duplicate { what: "tensors", name: name.to_owned() });
            }
        }
        Ok(found)
    }

    /// The bytes of a range, which the walk has seen to be there.
    fn bytes(&self, range: Range<u64>) -> Result<Cow<'_, [u8]>, Error> {
        let missing = || std::io::Error::from(std::io::ErrorKind::UnexpectedEof);
        let len = usize::try_from(range.end - range.start).map_err(|_| missing())?;
        let window = self.source.window(range.start, len)?;
        if window.len() < len {
            return Err(missing().into());
        }
        Ok(match window {
            Cow::Borrowed(bytes) => Cow::Borrowed(&bytes[..len]),
            Cow::Owned(mut bytes) => {
                bytes.truncate(len);
                Cow::Owned(bytes)
            }
        })
    }
}

/// Whether a type holds whole numbers.
pub fn is_integer(value_type: ValueType) -> bool {
    let scalar = value_type.size_in_bytes().is_some();
    scalar && !value_type.is_float() && value_type != ValueType::Bool
}

impl fmt::Debug for Gguf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gguf")
            .field("version", &self.index.version)
            .field("keys", &self.index.keys.len())
            .field("tensors", &self.index.tensor_count)
            .finish_non_exhaustive()
    }
}
