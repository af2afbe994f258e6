//! GGUF files: opens them, and finds keys, values and tensors.
//!
//! Opening a file walks its header once and decodes nothing: a tokenizer has
//! hundreds of thousands of strings, and a lookup needs three. A value is decoded
//! when it is requested. The walk makes an index of keys and tensors.
//!
//! If the source returns borrowed bytes (a mapping, memory), the walk reads the
//! header in place. If not, it fetches each byte of the header once and keeps a
//! copy. Keys, tensors and token strings are then read from the copy, and only rows
//! from the source.
//!
//! Files are untrusted; [`Error`] lists what can be wrong with them. Text is copied
//! before it is checked, because a mapped file can change at any time.

mod architecture;
mod array;
mod cursor;
mod describe;
mod file_type;
mod foreign;
mod index;
mod kind;
mod layout;
mod pieces;
mod split;
mod strict;
mod value;

use std::fmt;
use std::ops::Range;
use std::path::Path;
use std::sync::{Arc, OnceLock};

pub use architecture::is_known_architecture;
pub use array::Array;
pub use describe::is_tokenizer_key;
pub use file_type::file_type_name;
pub use layout::{Fault, Layout, Measure, Stretch};
pub use split::{Files, Stray, parts};

pub use crate::model::Error;
use crate::model::{Model, Place, Tensor, Value, ValueType};
use crate::quant::{Format, TypeError};
use crate::source::{MappedFile, Source};
use cursor::{Cursor, Stop};
use index::{Entries, Index};

/// Opens the model of a GGUF file, whole or split.
///
/// # Errors
/// If it is not a GGUF file or is damaged, or if its name and its metadata disagree
/// about the parts of a split model.
pub fn open(path: &Path) -> Result<Model, Error> {
    Files::open(path).map(Model::new)
}

/// Opens a GGUF model from any source of bytes: memory, a network.
///
/// # Errors
/// If the bytes are not a GGUF file or are damaged.
pub fn open_source(source: Box<dyn Source>) -> Result<Model, Error> {
    Gguf::new(source).map(Model::from)
}

/// The longest value that is decoded at once, in bytes. [`Array`] reads longer ones.
const MAX_DECODED: u64 = 1 << 20;

/// An open GGUF file: its bytes and their index. A clone shares both.
#[derive(Clone)]
pub struct Gguf {
    source: Arc<dyn Source>,
    /// The bytes of the header: the source if it lends bytes, else a copy.
    header: Arc<dyn Source>,
    index: Arc<Index>,
    alignment: u64,
    /// The position of the tensor data; tensors' offsets count from here.
    data_at: u64,
    /// Types of the file that are not what their number means to ggml. They are
    /// looked for when a tensor has such a number.
    not_ggmls: Arc<OnceLock<Vec<TypeError>>>,
}

/// A tensor's entry in the header.
struct Described {
    name: Vec<u8>,
    dims: Vec<u64>,
    type_id: u32,
    offset: u64,
}

/// A metadata entry: a key, and the position of its value.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The key's bytes. Usually ASCII, but not always.
    pub key: Vec<u8>,
    pub value_type: ValueType,
    pub span: Range<u64>,
    /// The entry's number, counted from 0.
    index: usize,
}

impl Gguf {
    /// Maps a file and walks its header.
    pub fn open(path: &Path) -> Result<Self, Error> {
        Self::new(Box::new(MappedFile::open(path)?))
    }

    /// Walks the header of any source of bytes.
    pub fn new(source: Box<dyn Source>) -> Result<Self, Error> {
        let (index, kept) = Index::walk(&*source)?;
        source.release(index.end..u64::MAX);
        let source: Arc<dyn Source> = Arc::from(source);
        let header = kept.map_or_else(|| Arc::clone(&source), |kept| Arc::new(kept));
        let index = Arc::new(index);
        let not_ggmls = Arc::default();
        let mut gguf = Self { source, header, index, alignment: 32, data_at: 0, not_ggmls };
        gguf.alignment = gguf.read_alignment()?;
        gguf.data_at = gguf.index.end.checked_next_multiple_of(gguf.alignment).unwrap_or(u64::MAX);
        Ok(gguf)
    }

    fn read_alignment(&self) -> Result<u64, Error> {
        const KEY: &str = "general.alignment";
        let Some(entry) = self.entry(KEY)? else { return Ok(32) };
        let problem = match entry.value_type {
            ValueType::U32 => match self.decode(&entry)?.integer() {
                // The format asks for a multiple of 8, llama.cpp for a power of two.
                Some(n) if n > 0 && (n % 8 == 0 || (n as u64).is_power_of_two()) => {
                    return Ok(n as u64);
                }
                n => format!("it is {}, but must be a multiple of 8", n.unwrap_or_default()),
            },
            other => format!("it is of type {}, but must be a u32", other.name()),
        };
        Err(Error::Malformed { place: Place::Value { key: KEY.to_owned() }, problem })
    }

    /// The format's version: 2 or 3.
    pub fn version(&self) -> u32 {
        self.index.version
    }

    /// The alignment of tensor data in bytes: a multiple of 8 or a power of two.
    pub fn alignment(&self) -> u64 {
        self.alignment
    }

    pub fn file_len(&self) -> u64 {
        self.source.len()
    }

    pub fn header_len(&self) -> u64 {
        self.index.end
    }

    fn source(&self) -> &dyn Source {
        &*self.source
    }

    fn header(&self) -> &dyn Source {
        &*self.header
    }

    pub fn key_count(&self) -> u64 {
        self.index.keys.len() as u64
    }

    /// The metadata entries, in the file's order.
    pub fn entries(&self) -> impl Iterator<Item = Result<Entry, Error>> {
        (0..self.index.keys.len()).map(|index| self.entry_at(index))
    }

    fn entry_at(&self, index: usize) -> Result<Entry, Error> {
        let keys = &self.index.keys;
        let end = keys.start(index + 1).unwrap_or(self.index.tensors_at);
        let mut cursor = self.cursor(keys, index);
        let mut key = Vec::new();
        let value_type = cursor.name(&mut key).and_then(|()| cursor.value_type());
        let value_type = value_type.map_err(|stop| {
            let place = Place::Key { index: index as u64 + 1, count: keys.len() as u64 };
            stop.at(place, self.file_len())
        })?;
        Ok(Entry { key, value_type, span: cursor.position()..end, index })
    }

    fn cursor(&self, entries: &Entries, i: usize) -> Cursor<'_> {
        Cursor::new(self.header(), entries.start(i).unwrap_or(self.index.end))
    }

    /// The entry with a key, if there is one; an error if there are two.
    pub fn entry(&self, key: &str) -> Result<Option<Entry>, Error> {
        let mut found = None;
        for i in self.index.keys.candidates(key.as_bytes()) {
            let entry = self.entry_at(i)?;
            if entry.key == key.as_bytes() && found.replace(entry).is_some() {
                return Err(Error::Duplicate { what: "metadata keys", name: key.to_owned() });
            }
        }
        Ok(found)
    }

    /// Decodes the value of an entry. An array is not decoded: see
    /// [`array_of`](Self::array_of). An error if gguf-rs-lib refuses the value (text
    /// that is not UTF-8, a flag that is neither 0 nor 1), or if it is longer than a
    /// megabyte.
    pub fn decode(&self, entry: &Entry) -> Result<Value, Error> {
        let malformed = |problem| Error::Malformed {
            place: Place::Value { key: index::quotable(&entry.key) },
            problem,
        };
        let len = entry.span.end - entry.span.start;
        if len > MAX_DECODED {
            return Err(malformed(format!("it is {len} bytes long; the limit is {MAX_DECODED}")));
        }
        let bytes = self.bytes(entry.span.clone())?;
        value::decode(&bytes, entry.value_type).map_err(malformed)
    }

    /// A string value, lossily decoded if it is not UTF-8; `None` if the key is
    /// absent, has another type, or holds more than a megabyte.
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

    /// A whole number of any width; `None` if the key is absent or of another type.
    pub fn integer(&self, key: &str) -> Result<Option<u64>, Error> {
        match self.entry(key)? {
            Some(entry) if entry.value_type.is_integer() => {
                Ok(self.decode(&entry)?.integer().and_then(|n| n.try_into().ok()))
            }
            _ => Ok(None),
        }
    }

    /// The array of a key, undecoded; `None` if it is absent or of another type.
    pub fn array(&self, key: &str) -> Result<Option<Array>, Error> {
        match self.entry(key)? {
            Some(entry) if entry.value_type == ValueType::Array => self.array_of(&entry).map(Some),
            _ => Ok(None),
        }
    }

    /// The array that an entry holds. The entry must hold one.
    pub fn array_of(&self, entry: &Entry) -> Result<Array, Error> {
        Array::new(self, entry)
    }

    /// The positions that the walk recorded for the array of a metadata entry.
    fn marks(&self, index: usize) -> Arc<[u32]> {
        let all = &self.index.marks;
        let found = all.binary_search_by_key(&index, |(index, _)| *index);
        found.map_or_else(|_| Arc::from([]), |found| Arc::clone(&all[found].1))
    }

    /// The length of a string value in bytes, and its first `most` bytes; the
    /// entry must hold a string.
    pub fn start_of_text(&self, entry: &Entry, most: usize) -> Result<(u64, Vec<u8>), Error> {
        let Range { start, end } = entry.span;
        let start = end.min(start + 8);
        let len = end - start;
        Ok((len, self.bytes(start..start + len.min(most as u64))?))
    }

    pub fn tensor_count(&self) -> u64 {
        self.index.tensors.len() as u64
    }

    /// The tensors, in the file's order; each is decoded when it is reached.
    pub fn tensors(&self) -> impl Iterator<Item = Result<Tensor, Error>> {
        let mut cursor = Cursor::new(self.header(), self.index.tensors_at);
        (0..self.index.tensors.len()).map(move |i| self.read_tensor(&mut cursor, i))
    }

    /// The tensor with a name, if there is one; an error if there are two.
    pub fn tensor(&self, name: &str) -> Result<Option<Tensor>, Error> {
        let tensors = &self.index.tensors;
        let mut found = None;
        for i in tensors.candidates(name.as_bytes()) {
            let tensor = self.read_tensor(&mut self.cursor(tensors, i), i)?;
            if tensor.name == name && found.replace(tensor).is_some() {
                return Err(Error::Duplicate { what: "tensors", name: name.to_owned() });
            }
        }
        Ok(found)
    }

    /// Reads tensor entry `i`. The cursor is at its start.
    fn read_tensor(&self, cursor: &mut Cursor<'_>, i: usize) -> Result<Tensor, Error> {
        let Described { name, dims, type_id, offset } = self.describe(cursor, i)?;
        let format = match layout::IN_DISPUTE.contains(&type_id) {
            true => self.disputed(type_id),
            false => Format::from_id(type_id),
        };
        let name = String::from_utf8_lossy(&name).into_owned();
        let (at, source) = (self.data_at.checked_add(offset), Arc::clone(&self.source));
        Ok(Tensor { name, usual: None, dims, format, at, source, file: None })
    }

    /// The type of a number that ggml and a fork may both use.
    fn disputed(&self, type_id: u32) -> Result<&'static Format, TypeError> {
        let not_ggmls = self.not_ggmls.get_or_init(|| layout::not_ggmls(self));
        match not_ggmls.iter().find(|error| error.id == type_id) {
            Some(error) => Err(error.clone()),
            None => Format::from_id(type_id),
        }
    }

    /// The tensors' entries, in the file's order.
    fn described(&self) -> impl Iterator<Item = Result<Described, Error>> {
        let mut cursor = Cursor::new(self.header(), self.index.tensors_at);
        (0..self.index.tensors.len()).map(move |i| self.describe(&mut cursor, i))
    }

    /// Reads tensor entry `i`. The cursor is at its start.
    fn describe(&self, cursor: &mut Cursor<'_>, i: usize) -> Result<Described, Error> {
        let mut read = || {
            let mut name = Vec::new();
            cursor.name(&mut name)?;
            let rank = index::rank(cursor)?;
            let dims = (0..rank).map(|_| cursor.u64()).collect::<Result<_, _>>()?;
            Ok(Described { name, dims, type_id: cursor.u32()?, offset: cursor.u64()? })
        };
        read().map_err(|stop: Stop| {
            let place = Place::Tensor { index: i as u64 + 1, count: self.tensor_count() };
            stop.at(place, self.file_len())
        })
    }

    /// A copy of a range of the header. The walk has checked that it exists.
    fn bytes(&self, range: Range<u64>) -> Result<Vec<u8>, Error> {
        let missing = || std::io::Error::from(std::io::ErrorKind::UnexpectedEof);
        let len = usize::try_from(range.end - range.start).map_err(|_| missing())?;
        let window = self.header.window(range.start, len)?;
        Ok(window.get(..len).ok_or_else(missing)?.to_vec())
    }
}

/// A model in one file, from any source.
impl From<Gguf> for Model {
    fn from(file: Gguf) -> Self {
        Self::new(Files::from(file))
    }
}

impl fmt::Debug for Gguf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gguf")
            .field("version", &self.index.version)
            .field("keys", &self.index.keys.len())
            .field("tensors", &self.tensor_count())
            .finish_non_exhaustive()
    }
}
