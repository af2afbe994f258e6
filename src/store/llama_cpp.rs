//! llama.cpp's own cache, flat: `<org>_<repo>_<file>.gguf`.

use std::path::{Path, PathBuf};

use anyhow::Result;

use super::folder;
use super::guard::component;
use super::naming::stem;
use super::walk::Walk;
use super::{Found, Address, Store};

/// The file of a name, `.gguf` or not, in the folder at `root`.
pub(super) fn find(root: &Path, name: &str) -> Result<Option<Address>> {
    let name = component(name)?;
    let paths = [root.join(name), root.join(format!("{name}.gguf"))];
    // A link that leads nowhere is there too, and said to be one later.
    let is_there = |path: &PathBuf| path.symlink_metadata().is_ok_and(|found| !found.is_dir());
    let path = paths.into_iter().find(is_there).or_else(|| {
        let files = models(&mut Walk::new(), root);
        files.into_iter().find(|file| stem(&file.name) == name).map(|file| file.path)
    });
    Ok(path.map(|path| Address::File { root: root.into(), path }))
}

/// Every model of the folder at `root`.
pub(super) fn list(walk: &mut Walk, root: &Path, found: &mut Vec<Found>) {
    found.extend(models(walk, root).into_iter().map(|file| Found {
        name: format!("{}{}", Store::LlamaCpp.prefix(), file.name),
        store: Store::LlamaCpp,
        called: vec![stem(&file.name).to_owned(), file.name],
        address: Address::File { root: root.into(), path: file.path },
    }));
}

/// Those of the folder itself: below it there may be the hub's layout.
fn models(walk: &mut Walk, root: &Path) -> Vec<folder::File> {
    folder::models(walk, root, root, 0)
}
