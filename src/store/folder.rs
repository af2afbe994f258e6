//! Finds the models in a folder: the part that the hub's cache and LM Studio share.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use anyhow::{Result, bail};

use super::advice::{choices, suggest};
use super::guard::components;
use super::naming::{file_name, has_tag, is_checkpoint, is_model, stem, whole};
use super::walk::Walk;

/// How many levels deep a repository is searched for GGUF files. It may have a
/// folder for each precision.
pub(super) const DEPTH: usize = 2;

/// A GGUF model in a folder.
#[derive(Clone, Debug)]
pub(super) struct File {
    /// Its path relative to the folder, with `/` as separator.
    pub name: String,
    pub path: PathBuf,
}

/// The models of a folder and of its subfolders, `depth` levels down. A split model
/// is listed once, by the first part that exists.
pub(super) fn models(walk: &mut Walk, root: &Path, folder: &Path, depth: usize) -> Vec<File> {
    let mut found = Vec::new();
    collect(walk, root, folder, "", depth, &mut found);
    let mut seen = HashSet::new();
    found.retain(|file| whole(&file.name).is_none_or(|whole| seen.insert(whole)));
    found
}

fn collect(
    walk: &mut Walk,
    root: &Path,
    folder: &Path,
    before: &str,
    depth: usize,
    found: &mut Vec<File>,
) {
    for entry in walk.entries(root, folder) {
        let name = format!("{before}{}", entry.name);
        if entry.is_folder {
            if depth > 0 {
                collect(walk, root, &entry.path, &format!("{name}/"), depth - 1, found);
            }
        } else if is_model(&entry.name) || is_checkpoint(&entry.name) {
            found.push(File { name, path: entry.path });
        }
    }
}

/// Which file of a folder the user asks for.
#[derive(Clone, Copy, Debug)]
pub(super) enum Wanted<'a> {
    /// The only file in the folder.
    Only,
    /// The file with this path relative to the folder, or with this file name. The
    /// name may omit `.gguf` and the part number.
    File(&'a str),
    /// The file whose name contains this precision, as in llama.cpp's `-hf`.
    Tag(&'a str),
}

impl Wanted<'_> {
    fn is(self, file: &File) -> bool {
        match self {
            Self::Only => true,
            Self::Tag(tag) => has_tag(&file.name, tag),
            Self::File(wanted) => {
                let names = [&*file.name, file_name(&file.name)];
                names.iter().any(|name| *name == wanted || stem(name) == wanted)
            }
        }
    }
}

/// Finds the file that the user asks for in a folder. `repo` is the name that they
/// typed for the folder; error messages quote it.
pub(super) fn pick(root: &Path, folder: &Path, wanted: Wanted, repo: &str) -> Result<PathBuf> {
    if let Wanted::File(name) = wanted {
        let mut path = folder.to_owned();
        path.extend(components(name)?);
        // A broken link counts too: `stay_within` reports it later.
        if path.symlink_metadata().is_ok_and(|found| !found.is_dir()) {
            return Ok(path);
        }
    }
    let files = models(&mut Walk::new(), root, folder, DEPTH);
    let meant: Vec<&File> = files.iter().filter(|file| wanted.is(file)).collect();
    let full = |file: &File| format!("{repo}/{}", file.name);
    match &meant[..] {
        [file] => Ok(file.path.clone()),
        [] if files.is_empty() => bail!("it has no GGUF file and no safetensors file here"),
        [] => {
            let names: Vec<String> = files.iter().map(full).collect();
            let near = match wanted {
                Wanted::File(name) => suggest(&format!("{repo}/{name}"), &names),
                _ => None,
            };
            bail!("it has no such file{}", near.unwrap_or_else(|| choices(&names)))
        }
        several => {
            let names: Vec<String> = several.iter().map(|file| full(file)).collect();
            bail!("the name matches {} models{}", several.len(), choices(&names))
        }
    }
}
