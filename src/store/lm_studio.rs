//! LM Studio's models: `<publisher>/<repo>/<file>.gguf`.

use std::path::Path;

use anyhow::{Result, bail};

use super::folder::{self, DEPTH, Wanted};
use super::guard::{components, stay_within};
use super::walk::{Walk, is_there};
use super::{Address, Found, Store, hub};

/// Finds the file of `publisher/repo[/file]` in the folder at `root`. `None` if
/// the folder does not have the repository.
pub(super) fn find(root: &Path, name: &str) -> Result<Option<Address>> {
    let parts = components(name)?;
    let [publisher, repo, file @ ..] = &parts[..] else {
        bail!("an LM Studio model is named lmstudio:publisher/repo or lmstudio:publisher/repo/file")
    };
    let folder = root.join(publisher).join(repo);
    if !is_there(&folder)? {
        return Ok(None);
    }
    stay_within(root, &folder)?;
    let file = file.join("/");
    let wanted = if file.is_empty() { Wanted::Only } else { Wanted::File(&file) };
    let repo = format!("{}{publisher}/{repo}", Store::LmStudio.prefix());
    let path = folder::pick(root, &folder, wanted, &repo)?;
    Ok(Some(Address::File { root: root.into(), path }))
}

/// Lists every model in the folder at `root`.
pub(super) fn list(walk: &mut Walk, root: &Path, found: &mut Vec<Found>) {
    for publisher in walk.entries(root, root) {
        if !publisher.is_folder {
            continue;
        }
        for repo in walk.entries(root, &publisher.path) {
            if repo.is_folder {
                let files = folder::models(walk, root, &repo.path, DEPTH);
                let name = format!("{}/{}", publisher.name, repo.name);
                found.extend(hub::of_repo(Store::LmStudio, root, &name, files));
            }
        }
    }
}
