//! llama.cpp's own cache, a flat folder of `<org>_<repo>_<file>.gguf`.

use std::path::{Path, PathBuf};

use anyhow::Result;

use super::folder;
use super::guard::component;
use super::naming::stem;
use super::walk::Walk;
use super::{Address, Found, Store};

/// Finds a file by name in the folder at `root`. The name may omit `.gguf`.
pub(super) fn find(root: &Path, name: &str) -> Result<Option<Address>> {
    let name = component(name)?;
    let paths = [root.join(name), root.join(format!("{name}.gguf"))];
    // A broken link counts too: `stay_within` reports it later.
    let is_there = |path: &PathBuf| path.symlink_metadata().is_ok_and(|found| !found.is_dir());
    let path = paths.into_iter().find(is_there).or_else(|| {
        let files = models(&mut Walk::new(), root);
        files.into_iter().find(|file| stem(&file.name) == name).map(|file| file.path)
    });
    Ok(path.map(|path| Address::File { root: root.into(), path }))
}

/// Lists every model in the folder at `root`.
pub(super) fn list(walk: &mut Walk, root: &Path, found: &mut Vec<Found>) {
    found.extend(models(walk, root).into_iter().map(|file| Found {
        name: format!("{}{}", Store::LlamaCpp.prefix(), file.name),
        store: Store::LlamaCpp,
        called: vec![stem(&file.name).to_owned(), file.name],
        address: Address::File { root: root.into(), path: file.path },
    }));
}

/// The models of the folder itself. Its subfolders may have the hub's layout.
fn models(walk: &mut Walk, root: &Path) -> Vec<folder::File> {
    folder::models(walk, root, root, 0)
}
