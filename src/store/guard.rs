//! Checks the untrusted contents of a store: names, digests, links, sizes.
//!
//! A manifest is a download, and a folder of models may come from a downloaded
//! archive. Neither may refer to a file outside its own store.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};

use crate::text::{clip, visible};
use crate::{gguf, safetensors};

/// The longest file name, in bytes, on the common systems.
const MAX_NAME: usize = 255;

/// Accepts a name only if it is exactly one component of a path: not `..`, no
/// separator of any system, no control character.
pub(super) fn component(name: &str) -> Result<&str> {
    let refused = match name {
        "" => bail!("a name with an empty part is not a valid name in a store"),
        "." | ".." => "it points to another folder",
        _ if name.len() > MAX_NAME => "it is too long",
        _ if name.contains(['/', '\\']) => "it contains a path separator",
        _ if name.contains(|c: char| c.is_control()) => "it contains a control character",
        // On Windows a colon would start another drive, or a stream of a file.
        _ if cfg!(windows) && name.contains(':') => "it contains a colon",
        _ => return Ok(name),
    };
    bail!("\"{}\" is not a valid name in a store: {refused}", clip(&visible(name), 64))
}

/// Splits a name at its slashes and checks that each part is one component.
pub(super) fn components(name: &str) -> Result<Vec<&str>> {
    name.split('/').map(component).collect()
}

/// Refuses a path with links out of the store, also of the parts of a split model.
pub(super) fn stay_within(root: &Path, path: &Path) -> Result<()> {
    let root = fs::canonicalize(root).with_context(|| root.display().to_string())?;
    let within = |path: &Path| -> io::Result<Result<(), PathBuf>> {
        let real = fs::canonicalize(path)?;
        Ok(if real.starts_with(&root) { Ok(()) } else { Err(real) })
    };
    let check = |found: Result<(), PathBuf>| match found {
        Ok(()) => Ok(()),
        Err(real) => bail!(
            "a link leaves the store, to {}: name that file itself if you trust it",
            real.display()
        ),
    };
    match within(path) {
        Ok(found) => check(found)?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let is_link = path.symlink_metadata().is_ok();
            let what = if is_link { "it links to a file that is" } else { "its file is" };
            bail!("{what} not there (an incomplete download?)")
        }
        Err(error) => return Err(error.into()),
    }
    for part in gguf::parts(path).chain(safetensors::parts(path)) {
        if let Ok(found) = within(&part) {
            check(found)?;
        }
    }
    Ok(())
}

/// Reads a file of at most `most` bytes. It must be a regular file: reading a pipe
/// could wait forever, and a device might never end.
pub(super) fn read_small(path: &Path, most: u64) -> Result<Vec<u8>> {
    ensure!(fs::metadata(path)?.is_file(), "{} is not a regular file", path.display());
    let mut bytes = Vec::new();
    File::open(path)?.take(most + 1).read_to_end(&mut bytes)?;
    ensure!(
        bytes.len() as u64 <= most,
        "{} is longer than {most} bytes: not what it should be",
        path.display()
    );
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_component_cannot_lead_to_another_folder() {
        for name in ["", ".", "..", "a/b", "/a", "a\\b", "a\0b", "a\nb", &"x".repeat(256)] {
            assert!(component(name).is_err(), "{name:?}");
        }
        for name in ["a", "..a", "Llama-3.2-3B-Instruct-GGUF", "Q4_K_M", "模型"] {
            assert_eq!(component(name).unwrap(), name);
        }
    }
}
