//! Lists folders, with a limit on the number of entries.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// A walk through all stores reads at most this many entries.
const MAX_ENTRIES: usize = 200_000;

/// A walk keeps at most this many notes.
const MAX_NOTES: usize = 10;

/// A walk opens at most this many folders, and follows at most this many links
/// to folders: a fraction of a second on a disk.
const MAX_FOLDERS: usize = 10_000;

/// A walk through the folders of stores: how many more entries it may read, and
/// notes on what it left out.
pub(super) struct Walk {
    left: usize,
    folders: usize,
    is_stopped: bool,
    notes: Vec<String>,
    /// Notes beyond the limit.
    unsaid: usize,
}

pub(super) struct Entry {
    pub name: String,
    pub path: PathBuf,
    /// Whether it is a folder, or a link to a folder.
    pub is_folder: bool,
}

impl Walk {
    pub(super) fn new() -> Self {
        Self {
            left: MAX_ENTRIES,
            folders: MAX_FOLDERS,
            is_stopped: false,
            notes: Vec::new(),
            unsaid: 0,
        }
    }

    pub(super) fn finish(self) -> Vec<String> {
        let Self { mut notes, unsaid, .. } = self;
        if unsaid > 0 {
            notes.push(format!("and {unsaid} more are left out"));
        }
        notes
    }

    /// The entries of a folder of the store at `root`, sorted by name. Empty if the
    /// folder does not exist. Left out are names that start with a dot, names that
    /// are not UTF-8 (users can't type them), and links to folders outside the
    /// store.
    pub(super) fn entries(&mut self, root: &Path, folder: &Path) -> Vec<Entry> {
        if !self.takes_folder(folder) {
            return Vec::new();
        }
        let found = match fs::read_dir(folder) {
            Ok(found) => found,
            Err(error) if is_absence(&error) => return Vec::new(),
            Err(error) => {
                self.note(format!("{}: {error}", folder.display()));
                return Vec::new();
            }
        };
        let mut entries = Vec::new();
        for entry in found.flatten() {
            if self.left == 0 {
                self.stop("files", MAX_ENTRIES, folder);
                break;
            }
            self.left -= 1;
            let Ok(name) = entry.file_name().into_string() else { continue };
            let Ok(kind) = entry.file_type() else { continue };
            if name.starts_with('.') {
                continue;
            }
            let path = entry.path();
            let is_folder = kind.is_dir() || (kind.is_symlink() && path.is_dir());
            // Resolving a link costs as much as reading a folder.
            if is_folder
                && kind.is_symlink()
                && (!self.takes_folder(&path) || !self.is_within(root, &path))
            {
                continue;
            }
            entries.push(Entry { name, path, is_folder });
        }
        entries.sort_by(|a, b| a.name.cmp(&b.name));
        entries
    }

    /// Counts a folder. `false` if the walk has read all that it may.
    fn takes_folder(&mut self, folder: &Path) -> bool {
        match self.folders.checked_sub(1) {
            Some(left) => self.folders = left,
            None => self.stop("folders", MAX_FOLDERS, folder),
        }
        !self.is_stopped
    }

    /// Whether the walk has read all that it may.
    pub(super) fn is_stopped(&self) -> bool {
        self.is_stopped
    }

    /// Ends the walk, and notes the folder.
    fn stop(&mut self, what: &str, most: usize, folder: &Path) {
        if !std::mem::replace(&mut self.is_stopped, true) {
            let at = folder.display();
            self.notes.push(format!("more than {most} {what}: the rest is left out, from {at} on"));
        }
    }

    /// Whether a folder lies in the store, links resolved. If not, adds a note.
    pub(super) fn is_within(&mut self, root: &Path, folder: &Path) -> bool {
        let within = match (fs::canonicalize(root), fs::canonicalize(folder)) {
            (Ok(root), Ok(real)) => real.starts_with(root),
            _ => false,
        };
        if !within {
            self.note(format!(
                "{} is a link to a folder outside of the store: left out",
                folder.display()
            ));
        }
        within
    }

    /// Adds a note on something left out, up to the limit.
    pub(super) fn note(&mut self, note: String) {
        if self.notes.contains(&note) {
            return;
        }
        if self.notes.len() < MAX_NOTES {
            self.notes.push(note);
        } else {
            self.unsaid += 1;
        }
    }
}

/// Whether something exists at a path. A broken link counts.
pub(super) fn is_there(path: &Path) -> Result<bool> {
    match path.symlink_metadata() {
        Ok(_) => Ok(true),
        Err(error) if is_absence(&error) => Ok(false),
        Err(error) => Err(error).with_context(|| path.display().to_string()),
    }
}

/// Whether an error means that nothing exists there, not that it can't be read.
pub(super) fn is_absence(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}
