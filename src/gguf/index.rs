//! The walk: one pass over the header that records where each entry begins.
//!
//! ```text
//! "GGUF"  version u32  tensor_count u64  kv_count u64
//! kv_count times:      key string, value type u32, value
//! tensor_count times:  name string, n_dims u32, n_dims x u64, type u32, offset u64
//! padding to a multiple of general.alignment (32 where absent)
//! tensor data, each tensor at its offset from here
//!
//! string: length u64, bytes        array: element type u32, count u64, elements
//! ```
//!
//! The layout is that of llama.cpp's `docs/gguf.md`; versions 2 and 3 share it.
//! Every number in it is untrusted. The walk decodes nothing and allocates nothing
//! from a count: an entry costs eight bytes of memory when it is read. The number
//! of entries and the length of a header are limited too, because a sparse file can
//! claim any number at no cost.

use std::hash::BuildHasher;
use std::sync::Arc;

use hashbrown::DefaultHashBuilder;

use super::cursor::{Cursor, Stop};
use super::foreign;
use crate::model::{Error, Place, ValueType};
use crate::source::Source;

/// The positions of the parts of a file, in bytes from its start.
#[derive(Debug)]
pub(super) struct Index {
    pub version: u32,
    pub keys: Entries,
    /// For each long array of strings: its number in `keys`, and the position of
    /// every 256th string except the first.
    pub marks: Vec<(usize, Arc<[u32]>)>,
    pub tensors: Entries,
    pub tensors_at: u64,
    /// One past the last tensor entry; the data begins at the next multiple of
    /// the alignment.
    pub end: u64,
}

/// Entries in the file's order: where each begins and a hash of its name, eight
/// bytes together. The hash differs from run to run, so nobody can make a file
/// whose names all have the same hash.
#[derive(Debug, Default)]
pub(super) struct Entries {
    starts: Vec<u32>,
    hashes: Vec<u32>,
    hasher: DefaultHashBuilder,
}

impl Entries {
    fn push(&mut self, start: u32, name: &[u8]) {
        self.starts.push(start);
        self.hashes.push(self.hash(name));
    }

    fn hash(&self, name: &[u8]) -> u32 {
        self.hasher.hash_one(name) as u32
    }

    pub fn len(&self) -> usize {
        self.starts.len()
    }

    pub fn start(&self, i: usize) -> Option<u64> {
        self.starts.get(i).copied().map(u64::from)
    }

    /// The entries that may have this name: those with the same hash.
    pub fn candidates(&self, name: &[u8]) -> impl Iterator<Item = usize> {
        let wanted = self.hash(name);
        let hashes = self.hashes.iter().enumerate();
        hashes.filter(move |(_, hash)| **hash == wanted).map(|(i, _)| i)
    }
}

/// ggml's limit on the number of dimensions, `GGML_MAX_DIMS`.
pub(super) const MAX_DIMS: u32 = 4;

/// The most keys, and the most tensors, that one file may have. Models have some
/// tens of keys and some thousands of tensors.
const MAX_ENTRIES: u64 = 1 << 20;

impl Index {
    /// Walks a header. If the source returns owned bytes, returns the header's
    /// bytes too, so that they are fetched only once.
    pub(super) fn walk(source: &dyn Source) -> Result<(Self, Option<Vec<u8>>), Error> {
        let len = source.len();
        let mut cursor = Cursor::new(source, 0);

        let in_header = |stop: Stop| stop.at(Place::Header, len);
        check_magic(cursor.peek(START).map_err(in_header)?, len)?;
        cursor.skip(4).map_err(in_header)?;
        let version = cursor.u32().map_err(in_header)?;
        check_version(version)?;
        let tensor_count = entry_count(&mut cursor, "tensors").map_err(in_header)?;
        let kv_count = entry_count(&mut cursor, "metadata keys").map_err(in_header)?;

        let (mut keys, mut marks) = (Entries::default(), Vec::new());
        let mut name = Vec::new();
        for i in 0..kv_count {
            let mut key = || {
                let start = cursor.short_position()?;
                cursor.name(&mut name)?;
                Ok((start, cursor.value_type()?))
            };
            let place = || Place::Key { index: i + 1, count: kv_count };
            let (start, value_type) = key().map_err(|stop: Stop| stop.at(place(), len))?;
            let mut found = Vec::new();
            cursor.skip_value(value_type, &mut found).map_err(|stop| {
                let key = quotable(&name);
                stop.at(Place::Value { key }, len)
            })?;
            if !found.is_empty() {
                marks.push((keys.len(), found.into()));
            }
            keys.push(start, &name);
        }

        let tensors_at = cursor.position();
        let mut tensors = Entries::default();
        for i in 0..tensor_count {
            if i % 64 == 0 {
                cursor.expect(tensor_count - i, i, tensors_at, MIN_TENSOR);
            }
            let mut tensor = || {
                let start = cursor.short_position()?;
                skip_tensor(&mut cursor, &mut name)?;
                Ok(start)
            };
            let start = tensor().map_err(|stop: Stop| {
                stop.at(Place::Tensor { index: i + 1, count: tensor_count }, len)
            })?;
            tensors.push(start, String::from_utf8_lossy(&name).as_bytes());
        }
        let end = cursor.position();
        let header = cursor.into_kept().map_err(in_header)?;
        Ok((Self { version, keys, marks, tensors, tensors_at, end }, header))
    }
}

/// The bytes at the start that tell what a file is.
const START: u64 = 512;

/// The smallest tensor entry: an empty name, no dimensions.
const MIN_TENSOR: u64 = 8 + 4 + 4 + 8;

fn entry_count(cursor: &mut Cursor, what: &str) -> Result<u64, Stop> {
    match cursor.u64()? {
        count if count <= MAX_ENTRIES => Ok(count),
        count => Err(Stop::Bad(format!(
            "it claims {count} {what}; the limit is {MAX_ENTRIES}: the file is damaged"
        ))),
    }
}

/// A key as a message quotes it: cut if it is very long.
pub(super) fn quotable(key: &[u8]) -> String {
    const QUOTED: usize = 128;
    let mut quoted = String::from_utf8_lossy(&key[..key.len().min(QUOTED)]).into_owned();
    if key.len() > QUOTED {
        quoted.push('…');
    }
    quoted
}

fn skip_tensor(cursor: &mut Cursor, name: &mut Vec<u8>) -> Result<(), Stop> {
    cursor.name(name)?;
    let rank = rank(cursor)?;
    cursor.skip(8 * u64::from(rank) + 4 + 8)
}

/// A tensor's number of dimensions, checked against ggml's limit.
pub(super) fn rank(cursor: &mut Cursor) -> Result<u32, Stop> {
    match cursor.u32()? {
        rank if rank <= MAX_DIMS => Ok(rank),
        rank => {
            Err(Stop::Bad(format!("it claims {rank} dimensions, the format allows {MAX_DIMS}")))
        }
    }
}

fn check_magic(start: &[u8], len: u64) -> Result<(), Error> {
    if start.starts_with(b"GGUF") {
        return Ok(());
    }
    let found = foreign::named(start, len);
    let found = format!("it begins with {found}, where GGUF files begin with \"GGUF\"");
    Err(Error::Unsupported(format!("not a GGUF file: {found}")))
}

fn check_version(version: u32) -> Result<(), Error> {
    let advice = match version {
        2 | 3 => return Ok(()),
        1 => "convert the original model again with a current converter",
        0 => "the header is damaged; download or convert it again",
        // A big-endian file stores a small version in its high byte.
        v if v.swap_bytes() < 256 => {
            return Err(Error::Unsupported(format!(
                "big-endian GGUF (version {}) is not supported: convert it with the `gguf` Python \
                 package, `gguf-convert-endian FILE little`",
                v.swap_bytes()
            )));
        }
        _ => "the file is newer than this program, or damaged",
    };
    Err(Error::Unsupported(format!(
        "GGUF version {version} is not supported (2 and 3 are): {advice}"
    )))
}

/// Reads the element type and the count of the array at a position.
pub(super) fn array_at(source: &dyn Source, at: u64) -> Result<(ValueType, u64, u64), Stop> {
    let mut cursor = Cursor::new(source, at);
    let (element, count) = cursor.array_header()?;
    Ok((element, count, cursor.position()))
}
