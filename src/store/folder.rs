//! The models of a folder: what the hub's cache and LM Studio have in common.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use anyhow::{Result, bail};

use super::advice::{choices, suggest};
use super::guard::components;
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

/// Whether a file is a model by its name: GGUF, and none of those that come
/// with a model (projectors, importance matrices, draft heads), which
/// llama.cpp tells by their names too.
pub(super) fn is_model(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let beside = ["mmproj", "imatrix"].iter().any(|part| name.contains(part))
        || ["mtp-", "eagle3-", "dflash-"].iter().any(|part| name.starts_with(part));
    name.ends_with(".gguf") && !beside
}

/// Whether a name has a tag in it as a word of its own, whatever the case: Q4_K
/// is not in Q4_K_M, nor in IQ4_K.
fn has_tag(name: &str, tag: &str) -> bool {
    let (name, tag) = (name.to_ascii_lowercase(), tag.to_ascii_lowercase());
    let is_end = |c: Option<char>| c.is_none_or(|c| !c.is_alphanumeric() && c != '_');
    !tag.is_empty()
        && name.match_indices(&tag).any(|(at, _)| {
            let (before, after) = (&name[..at], &name[at + tag.len()..]);
            is_end(before.chars().next_back()) && is_end(after.chars().next())
        })
}

/// What a part of a split model is a part of, with the number of parts:
/// `m-of-00003` for `m-00002-of-00003.gguf`.
fn whole(name: &str) -> Option<String> {
    let (prefix, count) = name.strip_suffix(".gguf")?.rsplit_once("-of-")?;
    let (prefix, no) = prefix.rsplit_once('-')?;
    let is_number = |text: &str| text.len() == 5 && text.bytes().all(|b| b.is_ascii_digit());
    (is_number(no) && is_number(count)).then(|| format!("{prefix}-of-{count}"))
}

/// A model's name without what every file has: `.gguf`, the number of a part.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_belong_to_a_whole() {
        assert_eq!(whole("q/m-00002-of-00003.gguf").as_deref(), Some("q/m-of-00003"));
        for name in ["m.gguf", "m-2-of-3.gguf", "m-00002-of-00003.bin", "-of-", ""] {
            assert_eq!(whole(name), None, "{name}");
        }
        assert_eq!(stem("m-00002-of-00003.gguf"), "m");
        assert_eq!(stem("m.Q4_K_M.gguf"), "m.Q4_K_M");
    }

    #[test]
    fn names_say_what_is_a_model_and_of_which_precision() {
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
