//! What a file is that is no GGUF file, by how it begins.

use crate::text::{clip, visible};

/// A message quotes at most this many columns of a first line.
const QUOTED: usize = 60;

/// So many zeros are no other format: as many bytes as GGUF's magic, version and counts.
const ZEROS: usize = 24;

/// The names of formats, by their first bytes. Each ends with what to do.
const BY_MAGIC: &[(&[u8], &str)] = &[
    (b"tjgg", "\"ggjt\" (an old llama.cpp format; convert the original model again)"),
    (b"fmgg", "\"ggmf\" (an old llama.cpp format; convert the original model again)"),
    (b"algg", "\"ggla\" (an old llama.cpp LoRA adapter; convert the original adapter again)"),
    (b"version https://git-lfs", "a Git LFS pointer (run `git lfs pull` to get the file)"),
    (b"\x1f\x8b", "gzip data (unpack it with gunzip)"),
    (b"\x28\xb5\x2f\xfd", "zstd data (unpack it with unzstd)"),
    (b"\xfd7zXZ\0", "xz data (unpack it with unxz)"),
    (b"BZh", "bzip2 data (unpack it with bunzip2)"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive (unpack it with 7z)"),
    (b"Rar!\x1a\x07", "a rar archive (unpack it with unrar)"),
    (b"\xef\xbb\xbfGGUF", "a byte order mark, which some program put before it"),
    (
        b"PK\x03\x04",
        "a zip archive (a PyTorch checkpoint? its pickle can run code, so embcli never \
                       reads it: save its tensors with safetensors.torch.save_file)",
    ),
    (b"\x93NUMPY", "a NumPy array"),
    (b"\x89HDF", "an HDF5 file"),
    (b"\x7fELF", "an ELF program or library, not a model"),
    (b"MZ", "a Windows program (a llamafile? unpack its GGUF with unzip)"),
    (b"%PDF", "a PDF document"),
];

const PICKLE: &str = "a Python pickle (a PyTorch checkpoint? a pickle can run code, so embcli never \
                      reads it: save its tensors with safetensors.torch.save_file)";

/// A pickle of protocol 2 or later begins with its protocol. Earlier ones begin with
/// an empty list or dictionary, a mark, or the name of a class.
fn is_pickle(start: &[u8]) -> bool {
    const EARLIER: &[&[u8]] =
        &[b"(dp", b"(lp", b"(ip", b"(tp", b"}q\0", b"]q\0", b"(q\0", b"ccollections\n", b"ctorch"];
    matches!(start, [0x80, 2..=5, ..]) || EARLIER.iter().any(|magic| start.starts_with(magic))
}

/// ggml's first format, which whisper.cpp still has: numbers follow the magic. The
/// second one is the length of an audio context, 1,500 in every Whisper model.
fn first_ggml(start: &[u8]) -> &'static str {
    match start.get(8..12) {
        Some(&[0xdc, 0x05, 0, 0]) => {
            "\"ggml\" (a Whisper model in whisper.cpp's own format; embcli reads GGUF only)"
        }
        _ => {
            "\"ggml\" (ggml's first format, of old llama.cpp files; convert the original model again)"
        }
    }
}

/// The length of a header, at most 100 MB, and the JSON of the header.
fn is_safetensors(start: &[u8]) -> bool {
    let length = start.first_chunk().map(|bytes| u64::from_le_bytes(*bytes));
    start.get(8) == Some(&b'{') && length.is_some_and(|length| length <= 100_000_000)
}

/// What begins with these bytes, with what to do. `len` is the length of the file.
pub(super) fn named(start: &[u8], len: u64) -> String {
    if let Some((_, name)) = BY_MAGIC.iter().find(|(magic, _)| start.starts_with(magic)) {
        return (*name).to_owned();
    }
    if start.starts_with(b"lmgg") {
        return first_ggml(start).to_owned();
    }
    if is_pickle(start) {
        return PICKLE.to_owned();
    }
    if is_safetensors(start) {
        let what = "a length and JSON (a safetensors file? let its name end in .safetensors)";
        return what.to_owned();
    }
    if start.len() >= ZEROS && start[..ZEROS].iter().all(|byte| *byte == 0) {
        let what = "zeros (a download that reserved its place and was not written?)";
        return what.to_owned();
    }
    match text(start, len) {
        Some(text) => text,
        None => format!("\"{}\"", start[..start.len().min(4)].escape_ascii()),
    }
}

/// A text, with its first line. Markup is known by its first character, so a page may
/// have anything after its first line.
fn text(start: &[u8], len: u64) -> Option<String> {
    let start = start.strip_prefix(b"\xef\xbb\xbf").unwrap_or(start).trim_ascii_start();
    // The last character may be cut off.
    let (text, is_whole) = match std::str::from_utf8(start) {
        Ok(text) => (text, true),
        Err(error) => {
            let text = std::str::from_utf8(&start[..error.valid_up_to()]).unwrap_or_default();
            (text, error.error_len().is_none())
        }
    };
    let is_text = |c: char| !c.is_control() || matches!(c, '\n' | '\r' | '\t');
    let end = text.find(|c| !is_text(c));
    let (text, is_whole) = (&text[..end.unwrap_or(text.len())], is_whole && end.is_none());
    let line = text.lines().next()?.trim_end();
    let kind = match line {
        _ if line.starts_with('<') => "markup (a web page saved in place of the model?)",
        // A few letters may be another format's magic.
        _ if !is_whole || line.is_empty() || len < 8 => return None,
        _ if text.contains("\"schemaVersion\"") => {
            "an Ollama manifest (it names the model's file by its digest, in \"layers\")"
        }
        _ if line.starts_with('{') => "JSON (an error message?)",
        _ if line.starts_with("FROM ") => "an Ollama Modelfile (name the file after FROM)",
        _ => "text (an error message saved in place of the model?)",
    };
    Some(format!("{kind}, \"{}\"", clip(&visible(line), QUOTED)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_quoted_without_control_characters() {
        let text = "Entry not found\nmore".as_bytes();
        assert!(named(text, 20).ends_with(", \"Entry not found\""), "{}", named(text, 20));
        let long = "x".repeat(512);
        assert!(named(long.as_bytes(), 1 << 30).chars().count() < 140);
        let evil = "{\"error\": \"a\u{202e}b\"}";
        assert!(!named(evil.as_bytes(), 100).contains('\u{202e}'));
        // An escape sequence is no text.
        assert_eq!(named(b"\x1b[2J and more", 100), "\"\\x1b[2J\"");
        // A character may be cut off at the end of what was read.
        assert!(named(&"é".repeat(40).as_bytes()[..79], 80).contains("text"));
    }

    #[test]
    fn pickles_of_any_protocol() {
        for start in
            [&b"\x80\x02}q\0"[..], b"\x80\x05\x95", b"(dp0\n", b"(lp1\n.", b"}q\0(X", b"]q\0("]
        {
            assert!(named(start, 100).contains("pickle"), "{start:?}");
        }
    }
}
