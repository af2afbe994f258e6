//! The Hugging Face hub's cache, which llama.cpp's `-hf` uses too.
//!
//! ```text
//! models--<org>--<repo>/refs/main               a text file: a commit
//! models--<org>--<repo>/snapshots/<commit>/...  the files, links to
//! models--<org>--<repo>/blobs/<hash>            what was downloaded
//! ```

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};

use super::folder::{self, DEPTH, File, Wanted};
use super::guard::{components, read_small, stay_within};
use super::naming::{file_name, stem};
use super::walk::{Walk, is_there};
use super::{Address, Found, Store};

/// Finds the file of `org/repo[/file]` or `org/repo:tag` in the cache at `root`.
/// `None` if the cache does not have the repository.
pub(super) fn find(root: &Path, name: &str) -> Result<Option<Address>> {
    let parts = components(name)?;
    // The oldest repositories have no organisation. The file follows `org/repo`.
    let (repo, file) = match &parts[..] {
        [org, repo, file @ ..] => (format!("{org}/{repo}"), file.join("/")),
        _ => (name.to_owned(), String::new()),
    };
    let (repo, wanted) = match (repo.rsplit_once(':'), &*file) {
        (Some((repo, tag)), "") => (repo, Wanted::Tag(tag)),
        (None, "") => (&*repo, Wanted::Only),
        (_, file) => (&*repo, Wanted::File(file)),
    };
    let folder = root.join(format!("models--{}", repo.replace('/', "--")));
    if !is_there(&folder)? {
        return Ok(None);
    }
    stay_within(root, &folder)?;
    let snapshot = snapshot(root, &folder)?;
    let repo = format!("{}{repo}", Store::Hub.prefix());
    let path = folder::pick(root, &snapshot, wanted, &repo)?;
    Ok(Some(Address::File { root: root.into(), path }))
}

/// The folder with the files of `main`. Without `main`, that of the only commit.
fn snapshot(root: &Path, repo: &Path) -> Result<PathBuf> {
    let snapshots = repo.join("snapshots");
    let main = repo.join("refs/main");
    let folder = if main.symlink_metadata().is_ok() {
        let in_main = || main.display().to_string();
        stay_within(root, &main).with_context(in_main)?;
        let commit = read_small(&main, 256).context("reading the commit of main")?;
        let commit = String::from_utf8(commit).ok().unwrap_or_default();
        let commit = commit.trim();
        let is_plain = !commit.is_empty() && commit.bytes().all(|b| b.is_ascii_alphanumeric());
        ensure!(is_plain, "{} holds no commit", in_main());
        let folder = snapshots.join(commit);
        ensure!(folder.is_dir(), "the files of its commit {commit} are not there");
        folder
    } else {
        let commits = Walk::new().entries(root, &snapshots);
        let mut commits = commits.into_iter().filter(|entry| entry.is_folder);
        match (commits.next(), commits.next()) {
            (Some(only), None) => only.path,
            (None, _) => bail!("nothing of it is downloaded"),
            _ => bail!(
                "it has several commits and no main: name a file by its path in {}",
                snapshots.display()
            ),
        }
    };
    stay_within(root, &folder).with_context(|| folder.display().to_string())?;
    Ok(folder)
}

/// Lists every model in the cache at `root`.
pub(super) fn list(walk: &mut Walk, root: &Path, found: &mut Vec<Found>) {
    for entry in walk.entries(root, root) {
        let Some(repo) = entry.name.strip_prefix("models--").filter(|_| entry.is_folder) else {
            continue;
        };
        if walk.is_stopped() {
            break;
        }
        let repo = repo.replacen("--", "/", 1);
        match snapshot(root, &entry.path) {
            Ok(folder) => {
                let files = folder::models(walk, root, &folder, DEPTH);
                found.extend(of_repo(Store::Hub, root, &repo, files));
            }
            Err(error) => {
                walk.note(format!("{}{repo} is left out: {error:#}", Store::Hub.prefix()))
            }
        }
    }
}

/// The models of a repository, each with its full name and its bare names.
pub(super) fn of_repo(
    store: Store,
    root: &Path,
    repo: &str,
    files: Vec<File>,
) -> impl Iterator<Item = Found> {
    let only = files.len() == 1;
    files.into_iter().map(move |file| {
        let name = match only {
            true => format!("{}{repo}", store.prefix()),
            false => format!("{}{repo}/{}", store.prefix(), file.name),
        };
        let last = file_name(&file.name);
        let called = [repo, file_name(repo), last, stem(last)].map(str::to_owned);
        let called = called.into_iter().chain([format!("{repo}/{}", file.name)]).collect();
        Found { name, store, called, address: Address::File { root: root.into(), path: file.path } }
    })
}
