//! The models of a folder: what the hub's cache and LM Studio have in common.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use anyhow::{Result, bail};

use super::advice::{choices, suggest};
use super::guard::components;
use super::naming::{file_name, has_tag, is_model, stem, whole};
use super::walk::Walk;

/// How far down GGUF files lie in a repository: it may have a folder for each
/// precision.
pub(super) const DEPTH: usize = 2;

/// A GGUF model in a folder.
#[derive(Clone, Debug)]
pub(super) struct File {
    /// Its path below the folder, with `/`.
    pub name: String,
    pub path: PathBuf,
}

/// The models of a folder and of the folders in it, `depth` down: of a split
/// one, the first part that is there.
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
        } else if is_model(&entry.name) {
            found.push(File { name, path: entry.path });
        }
    }
}

/// Which file of a folder a person means.
#[derive(Clone, Copy, Debug)]
pub(super) enum Wanted<'a> {
    /// The only one that is there.
    Only,
    /// The one with a path below the folder, or a file name; `.gguf` and the
    /// number of a part may be left out.
    File(&'a str),
    /// The one that has this in its name: a precision, as llama.cpp's `-hf`
    /// takes it.
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

/// The file that a person means in a folder. `repo` is what they typed for the
/// folder, to say in an error.
pub(super) fn pick(root: &Path, folder: &Path, wanted: Wanted, repo: &str) -> Result<PathBuf> {
    if let Wanted::File(name) = wanted {
        let mut path = folder.to_owned();
        path.extend(components(name)?);
        // A link that leads nowhere is there too, and said to be one later.
        if path.symlink_metadata().is_ok_and(|found| !found.is_dir()) {
            return Ok(path);
        }
    }
    let files = models(&mut Walk::new(), root, folder, DEPTH);
    let meant: Vec<&File> = files.iter().filter(|file| wanted.is(file)).collect();
    let full = |file: &File| format!("{repo}/{}", file.name);
    match &meant[..] {
        [file] => Ok(file.path.clone()),
        [] if files.is_empty() => bail!("no GGUF file of it is here"),
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
            bail!("that can mean {} models{}", several.len(), choices(&names))
        }
    }
}
