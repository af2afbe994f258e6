//! Tells models from other files by their content. A model is never replaced.
//!
//! A model as the destination is a typing error, and its download may have taken
//! hours. A file that can't be read may be a model.

use std::fs::File;
use std::io::{self, ErrorKind, Read, Seek, SeekFrom};
use std::path::Path;

use anyhow::{Context, Result, bail};
use memchr::memmem;

use crate::report::safetensors::METADATA;

/// Refuses a file that is a model.
///
/// # Errors
/// If the file is a model or can't be read.
pub(super) fn refuse(path: &Path) -> Result<()> {
    let kind = File::open(path).and_then(|mut file| kind_of(&mut file)).with_context(|| {
        let name = path.display();
        format!("{name} can't be read and may be a model: remove it first, or name another file")
    })?;
    match kind {
        Some(kind) => {
            let name = path.display();
            bail!("{name} is a model ({kind}), which is never replaced: name another file")
        }
        None => Ok(()),
    }
}

/// The number of bytes that are read from the start of a file.
const HEAD: u64 = 64 << 10;

/// The number of bytes that are read from the end of a zip: its list of entries.
const TAIL: u64 = 1 << 20;

/// What kind of model a file is, if it is one.
fn kind_of(file: &mut (impl Read + Seek)) -> io::Result<Option<&'static str>> {
    let head = read(file, HEAD)?;
    let by_head = [
        (is_gguf(&head), "GGUF"),
        (is_old_ggml(&head), "an older form of ggml's"),
        (is_safetensors(&head), "safetensors"),
        (head.starts_with(b"\x89HDF\r\n\x1a\n"), "HDF5"),
    ];
    if let Some((_, kind)) = by_head.into_iter().find(|(is_it, _)| *is_it) {
        return Ok(Some(kind));
    }
    if head.starts_with(b"PK\x03\x04") {
        let length = file.seek(SeekFrom::End(0))?;
        file.seek(SeekFrom::Start(length.saturating_sub(TAIL)))?;
        let tail = read(file, TAIL)?;
        return Ok((names_tensors(&head, &LOCAL) || names_tensors(&tail, &CENTRAL))
            .then_some("a zip that holds tensors"));
    }
    Ok(is_pickle(&head, file)?.then_some("a pickle"))
}

fn read(file: &mut impl Read, most: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    file.take(most).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// GGUF, little-endian or big-endian.
fn is_gguf(head: &[u8]) -> bool {
    head.starts_with(b"GGUF") || is_named(head, b"GGUF")
}

/// The formats before GGUF: GGML, GGMF (with a version), GGJT (for mapping) and
/// GGLA (a LoRA adapter).
fn is_old_ggml(head: &[u8]) -> bool {
    [b"ggml", b"ggmf", b"ggjt", b"ggla"].into_iter().any(|name| is_named(head, name))
}

/// Whether a file starts with these four bytes, in either order, and then a
/// number with a zero byte. Text has no zero byte.
fn is_named(head: &[u8], name: &[u8; 4]) -> bool {
    let reversed: Vec<u8> = name.iter().rev().copied().collect();
    let begins = head.starts_with(name) || head.starts_with(&reversed);
    begins && head.get(4..8).is_some_and(|number| number.contains(&0))
}

/// Safetensors starts with the length of a JSON object (at most 100 MB, as its
/// reader demands) and then the object.
fn is_safetensors(head: &[u8]) -> bool {
    let Some((length, json)) = head.split_first_chunk() else { return false };
    let is_own = json.strip_prefix(METADATA.as_bytes()).is_some_and(|it| it.starts_with(OWN));
    u64::from_le_bytes(*length) <= 100_000_000 && json.first() == Some(&b'{') && !is_own
}

/// The first key in a file of `export`, which can be made again.
const OWN: &[u8] = b"\"embcli.version\":";

/// An entry of a zip: the bytes it starts with, the offset of the length of its
/// name, and the offset of the name.
type Entry = (&'static [u8; 4], usize, usize);

const LOCAL: Entry = (b"PK\x03\x04", 26, 30);
const CENTRAL: Entry = (b"PK\x01\x02", 28, 46);

/// Whether an entry of a zip has the name of a file with tensors: PyTorch's pickle,
/// NumPy's arrays, the weights of other frameworks.
fn names_tensors(bytes: &[u8], (mark, length, name): &Entry) -> bool {
    memmem::find_iter(bytes, *mark).any(|at| {
        let entry = &bytes[at..];
        let Some(length) = entry.get(*length..).and_then(<[u8]>::first_chunk) else { return false };
        let length = usize::from(u16::from_le_bytes(*length));
        let Some(name) = entry.get(*name..*name + length) else { return false };
        let ends: [&[u8]; 11] = [
            b".pkl",
            b".npy",
            b".safetensors",
            b".gguf",
            b".h5",
            b".bin",
            b".pt",
            b".pth",
            b".ckpt",
            b".onnx",
            b".msgpack",
        ];
        ends.iter().any(|end| name.ends_with(end))
    })
}

/// A pickle of protocol 2 or later starts with the protocol. One of the older two
/// protocols starts with a container or a known module, and ends with a period.
fn is_pickle(head: &[u8], file: &mut (impl Read + Seek)) -> io::Result<bool> {
    if let [0x80, 2..=5, ..] = head {
        return Ok(true);
    }
    let begins: [&[u8]; 11] = [
        b"(dp",
        b"(lp",
        b"}q\x00",
        b"]q\x00",
        b"ctorch",
        b"cnumpy",
        b"ccollections\n",
        b"ccopy_reg\n",
        b"c__builtin__\n",
        b"cbuiltins\n",
        b"c__main__\n",
    ];
    if !begins.iter().any(|begin| head.starts_with(begin)) {
        return Ok(false);
    }
    file.seek(SeekFrom::End(-1))?;
    let mut last = [0];
    match file.read_exact(&mut last) {
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => Ok(false),
        read => read.map(|()| last == *b"."),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    fn kind(bytes: &[u8]) -> Option<&'static str> {
        kind_of(&mut Cursor::new(bytes)).unwrap()
    }

    /// A zip with an entry of this name, as a local header and in its list.
    fn zip(name: &str, in_list: bool, in_head: bool) -> Vec<u8> {
        let header = |(mark, length, at): Entry, name: &str| {
            let mut bytes = mark.to_vec();
            bytes.resize(at, 0);
            bytes[length..length + 2].copy_from_slice(&(name.len() as u16).to_le_bytes());
            bytes.extend(name.as_bytes());
            bytes
        };
        let mut bytes = header(LOCAL, if in_head { name } else { "mimetype" });
        bytes.extend(vec![7; 100_000]);
        bytes.extend(header(CENTRAL, if in_list { name } else { "mimetype" }));
        bytes
    }

    #[test]
    fn models_are_known_by_their_content() {
        let safetensors = [&64_u64.to_le_bytes()[..], b"{\"a\":{}}"].concat();
        let models: [(&[u8], &str); 17] = [
            (b"GGUF\x03\0\0\0", "GGUF"),
            (b"GGUF\0\0\0\x03", "GGUF"),
            (b"GGUF", "GGUF"),
            (b"FUGG\0\0\0\x03", "GGUF"),
            (b"lmgg\x00\x7d\0\0", "an older form of ggml's"),
            (b"fmgg\x01\0\0\0", "an older form of ggml's"),
            (b"tjgg\x03\0\0\0", "an older form of ggml's"),
            (b"ggjt\0\0\0\x03", "an older form of ggml's"),
            (b"algg\x01\0\0\0", "an older form of ggml's"),
            (&safetensors, "safetensors"),
            (&zip("model/data.pkl", true, true), "a zip that holds tensors"),
            (&zip("model/data.pkl", false, true), "a zip that holds tensors"),
            (&zip("w.npy", true, false), "a zip that holds tensors"),
            (b"\x80\x02}q\0.", "a pickle"),
            (b"\x80\x04\x95\0\0\0", "a pickle"),
            (b"(dp0\nS'w'\np1\ncnumpy\nndarray\np2\ns.", "a pickle"),
            (b"\x89HDF\r\n\x1a\n", "HDF5"),
        ];
        for (bytes, name) in models {
            assert_eq!(kind(bytes), Some(name), "{:?}", &bytes[..bytes.len().min(16)]);
        }
    }

    #[test]
    fn answers_and_other_files_are_no_models() {
        let export = [&64_u64.to_le_bytes()[..], METADATA.as_bytes(), OWN, b"\"1\"}"].concat();
        let others: [&[u8]; 13] = [
            &export,
            b"",
            b"position,id,token\n",
            b"{\"model\":\"toy\"}",
            b"\x93NUMPY\x01\0v\0{'descr': '<f4'}",
            b"ggml_type,bits\n",
            b"lmgg is ggml backwards.",
            b"cat\ndog\n.",
            b"(dp is how a pickle begins\n",
            b"{\"a\":1}\n",
            &[0; 64],
            &zip("xl/workbook.xml", true, true),
            b"PK\x03\x04",
        ];
        for bytes in others {
            assert_eq!(kind(bytes), None, "{:?}", &bytes[..bytes.len().min(16)]);
        }
    }
}
