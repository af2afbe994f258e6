//! The walk: one pass over the header that notes where everything lies.
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
//! Every number in it is untrusted. Nothing is decoded and nothing is allocated
//! from a count: an entry costs eight bytes of memory once it has been seen.
//! How many entries there may be, and how long a header, is bounded too: bytes
//! that are there are no proof of good will, as a sparse file has any number.

use gguf_rs_lib::format::types::GGUFValueType;

use super::cursor::{Cursor, Stop};
use super::{Error, Place, Source};

/// Where the parts of a file lie, all as byte positions from its start.
#[derive(Debug)]
pub(super) struct Index {
    pub version: u32,
    /// Each metadata entry's first byte (its key's length).
    pub keys: Vec<u64>,
    /// For each metadata entry that is a long array of strings, by its place in
    /// `keys`: the position of every 256th string but the first.
    pub checkpoints: Vec<(usize, Vec<u64>)>,
    pub tensor_count: u64,
    /// The first tensor entry.
    pub tensors_at: u64,
    /// One past the last tensor entry; the data begins at the next multiple of
    /// the alignment.
    pub end: u64,
}

/// ggml's limit on the number of dimensions, `GGML_MAX_DIMS`.
pub(super) const MAX_DIMS: u32 = 4;

/// As many keys, and as many tensors, as one file may have. Models have some
/// tens of the one and some thousands of the other.
const MAX_ENTRIES: u64 = 1 << 20;

impl Index {
    pub(super) fn walk(source: &dyn Source) -> Result<Self, Error> {
        let len = source.len();
        let mut cursor = Cursor::new(source, 0);

        check_magic(&source.window(0, 64)?)?;
        let in_header = |stop: Stop| stop.at(Place::Header, len);
        cursor.skip(4).map_err(in_header)?;
        let version = cursor.u32().map_err(in_header)?;
        check_version(version)?;
        let tensor_count = entry_count(&mut cursor, "tensors").map_err(in_header)?;
        let kv_count = entry_count(&mut cursor, "metadata keys").map_err(in_header)?;

        let mut keys = Vec::new();
        let mut checkpoints = Vec::new();
        for i in 0..kv_count {
            let at = cursor.position();
            let place = || Place::Key { index: i + 1, count: kv_count };
            cursor.name().map_err(|stop| stop.at(place(), len))?;
            let value_type = cursor.value_type().map_err(|stop| stop.at(place(), len))?;
            let mut marks = Vec::new();
            cursor.skip_value(value_type, &mut marks).map_err(|stop| {
                let key = Cursor::new(source, at).name().map_or_else(|_| String::new(), quotable);
                stop.at(Place::Value { key }, len)
            })?;
            if !marks.is_empty() {
                checkpoints.push((keys.len(), marks));
            }
            keys.push(at);
        }

        let tensors_at = cursor.position();
        for i in 0..tensor_count {
            skip_tensor(&mut cursor).map_err(|stop| {
                stop.at(Place::Tensor { index: i + 1, count: tensor_count }, len)
            })?;
        }
        let end = cursor.position();
        Ok(Self { version, keys, checkpoints, tensor_count, tensors_at, end })
    }
}

fn entry_count(cursor: &mut Cursor, what: &str) -> Result<u64, Stop> {
    match cursor.u64()? {
        count if count <= MAX_ENTRIES => Ok(count),
        count => Err(Stop::Bad(format!(
            "it claims {count} {what}, and up to {MAX_ENTRIES} are read: the file is damaged"
        ))),
    }
}

/// A key as a message quotes it: whole unless it is out of proportion.
pub(super) fn quotable(key: &[u8]) -> String {
    const QUOTED: usize = 128;
    let mut quoted = String::from_utf8_lossy(&key[..key.len().min(QUOTED)]).into_owned();
    if key.len() > QUOTED {
        quoted.push('…');
    }
    quoted
}

fn skip_tensor(cursor: &mut Cursor) -> Result<(), Stop> {
    cursor.name()?;
    let rank = rank(cursor)?;
    cursor.skip(8 * u64::from(rank) + 4 + 8)
}

/// A tensor's number of dimensions, within what ggml can hold.
pub(super) fn rank(cursor: &mut Cursor) -> Result<u32, Stop> {
    match cursor.u32()? {
        rank if rank <= MAX_DIMS => Ok(rank),
        rank => {
            Err(Stop::Bad(format!("it claims {rank} dimensions, the format allows {MAX_DIMS}")))
        }
    }
}

fn check_magic(start: &[u8]) -> Result<(), Error> {
    if start.starts_with(b"GGUF") {
        return Ok(());
    }
    let known: &[(&[u8], &str)] = &[
        (b"lmgg", "\"ggml\" (an old llama.cpp format; convert the original model again)"),
        (b"tjgg", "\"ggjt\" (an old llama.cpp format; convert the original model again)"),
        (b"fmgg", "\"ggmf\" (an old llama.cpp format; convert the original model again)"),
        (b"version https://git-lfs", "a Git LFS pointer (run `git lfs pull` to get the file)"),
        (b"\x1f\x8b", "gzip data (unpack it with gunzip)"),
        (b"\x28\xb5\x2f\xfd", "zstd data (unpack it with unzstd)"),
        (b"\xef\xbb\xbfGGUF", "a byte order mark, which some program put before it"),
        (b"PK\x03\x04", "a zip archive (a PyTorch checkpoint?)"),
        (b"\x93NUMPY", "a NumPy array"),
        (b"\x89HDF", "an HDF5 file"),
        (b"<", "markup (a web page saved in place of the model?)"),
    ];
    let found = if let Some((_, name)) = known.iter().find(|(magic, _)| start.starts_with(magic)) {
        (*name).to_owned()
    } else if start.get(8) == Some(&b'{') {
        "a length and JSON (a safetensors file? convert it first)".to_owned()
    } else {
        format!("\"{}\"", start[..start.len().min(4)].escape_ascii())
    };
    Err(Error::Magic { found })
}

fn check_version(version: u32) -> Result<(), Error> {
    let advice = match version {
        2 | 3 => return Ok(()),
        1 => "convert the original model again with a current converter",
        0 => "the header is damaged; download or convert it again",
        // A big-endian file stores a small version in its high byte.
        v if v.swap_bytes() < 256 => return Err(Error::BigEndian { version: v.swap_bytes() }),
        _ => "the file is newer than this program, or damaged",
    };
    Err(Error::Version { version, advice })
}

/// Reads the type and count of an array of which only the position is known.
pub(super) fn array_at(source: &dyn Source, at: u64) -> Result<(GGUFValueType, u64, u64), Stop> {
    let mut cursor = Cursor::new(source, at);
    let (element, count) = cursor.array_header()?;
    Ok((element, count, cursor.position()))
}
