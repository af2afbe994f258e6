//! Finds the models in a folder: the part that the hub's cache and LM Studio share.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use anyhow::{Result, bail};

use super::advice::{choices, suggest};
use super::guard::components;
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
        } else if is_model(&entry.name) {
            found.push(File { name, path: entry.path });
        }
    }
}

/// Whether a file name is that of a GGUF model. Projectors, importance matrices and
/// draft heads come with a model but are not one. llama.cpp recognises them by
/// their names too.
pub(super) fn is_model(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let beside = ["mmproj", "imatrix"].iter().any(|part| name.contains(part))
        || ["mtp-", "eagle3-", "dflash-"].iter().any(|part| name.starts_with(part));
    name.ends_with(".gguf") && !beside
}

/// Whether a name contains a tag as a whole word, in upper or lower case. Neither
/// Q4_K_M nor IQ4_K contains the word Q4_K.
fn has_tag(name: &str, tag: &str) -> bool {
    let (name, tag) = (name.to_ascii_lowercase(), tag.to_ascii_lowercase());
    let is_end = |c: Option<char>| c.is_none_or(|c| !c.is_alphanumeric() && c != '_');
    !tag.is_empty()
        && name.match_indices(&tag).any(|(at, _)| {
            let (before, after) = (&name[..at], &name[at + tag.len()..]);
            is_end(before.chars().next_back()) && is_end(after.chars().next())
        })
}

/// The split model that a part belongs to, with its number of parts: `m-of-00003`
/// for `m-00002-of-00003.gguf`.
fn whole(name: &str) -> Option<String> {
    let (prefix, count) = name.strip_suffix(".gguf")?.rsplit_once("-of-")?;
    let (prefix, no) = prefix.rsplit_once('-')?;
    let is_number = |text: &str| text.len() == 5 && text.bytes().all(|b| b.is_ascii_digit());
    (is_number(no) && is_number(count)).then(|| format!("{prefix}-of-{count}"))
}

/// A model's name without `.gguf` and without the part number.
pub(super) fn stem(name: &str) -> &str {
    let stem = name.strip_suffix(".gguf").unwrap_or(name);
    match whole(name) {
        Some(_) => &stem[..stem.len() - "-00001-of-00001".len()],
        None => stem,
    }
}

/// The last component of a name.
pub(super) fn file_name(name: &str) -> &str {
    name.rsplit_once('/').map_or(name, |(_, file)| file)
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
        [] if files.is_empty() => bail!("it has no GGUF file here"),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn split_parts_share_the_name_of_their_model() {
        assert_eq!(whole("q/m-00002-of-00003.gguf").as_deref(), Some("q/m-of-00003"));
        for name in ["m.gguf", "m-2-of-3.gguf", "m-00002-of-00003.bin", "-of-", ""] {
            assert_eq!(whole(name), None, "{name}");
        }
        assert_eq!(stem("m-00002-of-00003.gguf"), "m");
        assert_eq!(stem("m.Q4_K_M.gguf"), "m.Q4_K_M");
    }

    #[test]
    fn file_names_give_models_and_precisions() {
        assert!(is_model("a.GGUF") && is_model("smtp-expert.gguf"));
        for name in ["mmproj-a.gguf", "o_r_mmproj-a.gguf", "imatrix.gguf", "mtp-a.gguf", "a.bin"] {
            assert!(!is_model(name), "{name}");
        }
        assert!(has_tag("m-Q4_K.gguf", "q4_k") && has_tag("Q8_0/m-00001-of-00002.gguf", "Q8_0"));
        for tag in ["Q4_K", "Q4", "K_M", "IQ4", ""] {
            assert!(!has_tag("m-Q4_K_M.gguf", tag), "{tag}");
        }
        assert!(!has_tag("m-IQ4_NL.gguf", "Q4_NL"));
    }
}
