//! What was fetched, kept in the user's cache folder.
//!
//! ```text
//! <cache>/embcli/<hash of the address>-<hash of the ETag>/about.json   ETag, length
//!                                                         0            the header
//!                                                         6527680      the table from there
//! ```
//!
//! A file with another ETag is another folder, so versions never mix. The pieces only
//! grow at their end, and each is as long as what was fetched of it.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use serde::{Deserialize, Serialize};

use super::url::Url;
use crate::source::{MappedFile, Source};

/// At most so many bytes are kept. What was not used for the longest time goes first.
pub(super) const MOST: u64 = 8 << 30;

/// A folder is read up to this many entries.
const ENTRIES: usize = 10_000;

const ABOUT: &str = "about.json";

/// The cache folder.
#[derive(Clone, Debug)]
pub struct Cache {
    folder: PathBuf,
    most: u64,
}

/// What is kept of one version of a file.
#[derive(Clone, Debug)]
pub struct Entry {
    folder: PathBuf,
    pub etag: String,
    pub len: u64,
}

#[derive(Serialize, Deserialize)]
struct About {
    etag: String,
    len: u64,
}

impl Cache {
    pub fn new(folder: PathBuf, most: u64) -> Self {
        Self { folder, most }
    }

    /// The newest version of a file that is kept.
    pub fn newest(&self, url: &Url) -> Option<Entry> {
        let prefix = format!("{}-", hash(&url.whole()));
        let names = fs::read_dir(&self.folder).ok()?.flatten().take(ENTRIES);
        let of_it = names.filter(|entry| entry.file_name().to_string_lossy().starts_with(&prefix));
        let entries = of_it.filter_map(|entry| Entry::open(entry.path()));
        entries.max_by_key(|(used, _)| *used).map(|(_, entry)| entry)
    }

    /// This version of a file, if it is kept.
    pub fn find(&self, url: &Url, etag: &str) -> Option<Entry> {
        let (_, entry) = Entry::open(self.folder_of(url, etag))?;
        (entry.etag == etag).then_some(entry)
    }

    /// Makes a place for a version of a file. Older versions of it go.
    pub fn make(&self, url: &Url, etag: &str, len: u64) -> io::Result<Entry> {
        if let Some(entry) = self.find(url, etag) {
            return Ok(entry);
        }
        if let Some(older) = self.newest(url) {
            older.remove();
        }
        let folder = self.folder_of(url, etag);
        private_folder(&folder)?;
        let entry = Entry { folder, etag: etag.to_owned(), len };
        let about = serde_json::to_vec(&About { etag: etag.to_owned(), len })?;
        entry.write(ABOUT, &about)?;
        Ok(entry)
    }

    fn folder_of(&self, url: &Url, etag: &str) -> PathBuf {
        self.folder.join(format!("{}-{}", hash(&url.whole()), hash(etag)))
    }

    /// Makes room for `bytes` more of an entry: removes others, the longest unused first.
    pub fn make_room(&self, bytes: u64, own: &Entry) -> io::Result<()> {
        if bytes > self.most {
            let most = self.most;
            return Err(io::Error::other(format!("the cache holds at most {most} bytes")));
        }
        let mut others = Vec::new();
        let mut total = bytes + size(&own.folder);
        for folder in fs::read_dir(&self.folder)?.flatten().take(ENTRIES) {
            let path = folder.path();
            if path != own.folder && path.is_dir() {
                let used = fs::metadata(path.join(ABOUT)).and_then(|about| about.modified());
                let size = size(&path);
                total += size;
                others.push((used.unwrap_or(SystemTime::UNIX_EPOCH), size, path));
            }
        }
        others.sort();
        for (_, size, path) in others {
            if total <= self.most {
                break;
            }
            if fs::remove_dir_all(&path).is_ok() {
                total -= size;
            }
        }
        Ok(())
    }

    pub fn path(&self) -> &Path {
        &self.folder
    }
}

impl Entry {
    /// The entry in a folder, and when it was last used.
    fn open(folder: PathBuf) -> Option<(SystemTime, Self)> {
        let path = folder.join(ABOUT);
        let used = fs::metadata(&path).ok()?.modified().ok()?;
        let About { etag, len } = serde_json::from_slice(&fs::read(&path).ok()?).ok()?;
        Some((used, Self { folder, etag, len }))
    }

    /// The piece from a position on, if anything of it is there.
    pub fn piece(&self, at: u64) -> Option<MappedFile> {
        MappedFile::open(&self.path_of(at)).ok().filter(|piece| piece.len() <= self.len)
    }

    /// Keeps a piece that was fetched in one go.
    pub fn keep(&self, at: u64, bytes: &[u8]) -> io::Result<()> {
        self.write(&at.to_string(), bytes)
    }

    /// Opens a piece that grows. Only one process may write to it.
    pub fn grow(&self, at: u64) -> io::Result<File> {
        let file = private_file().read(true).append(true).create(true).open(self.path_of(at))?;
        match file.try_lock() {
            Ok(()) => Ok(file),
            Err(fs::TryLockError::WouldBlock) => {
                Err(io::Error::other("another embcli is fetching it: wait until it is done"))
            }
            Err(fs::TryLockError::Error(error)) => Err(error),
        }
    }

    fn path_of(&self, at: u64) -> PathBuf {
        self.folder.join(at.to_string())
    }

    /// Notes that it was used now.
    pub fn touch(&self) {
        let about = OpenOptions::new().append(true).open(self.folder.join(ABOUT));
        // If this fails, the entry goes earlier than it should.
        let _ = about.and_then(|about| about.set_modified(SystemTime::now()));
    }

    pub fn remove(&self) {
        let _ = fs::remove_dir_all(&self.folder);
    }

    /// Writes a file, which gets its name when it is complete.
    fn write(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        // Readable by the user alone, as temporary files are.
        let mut file = tempfile::NamedTempFile::new_in(&self.folder)?;
        file.write_all(bytes)?;
        file.persist(self.folder.join(name))?;
        Ok(())
    }
}

/// The bytes of the files in a folder.
fn size(folder: &Path) -> u64 {
    let files = fs::read_dir(folder).into_iter().flatten().flatten().take(ENTRIES);
    files.filter_map(|file| Some(file.metadata().ok()?.len())).sum()
}

fn private_file() -> OpenOptions {
    #[cfg_attr(not(unix), expect(unused_mut))]
    let mut options = OpenOptions::new();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

fn private_folder(path: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

/// The first 128 bits of the SHA-256, in hex.
fn hash(text: &str) -> String {
    let digest = ring::digest::digest(&ring::digest::SHA256, text.as_bytes());
    digest.as_ref()[..16].iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_do_not_mix_and_the_longest_unused_go() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::new(folder.path().join("embcli"), 1000);
        let [a, b] = ["https://e.com/a?x", "https://e.com/b"].map(|url| Url::parse(url).unwrap());
        assert!(cache.newest(&a).is_none());
        let first = cache.make(&a, "1", 500).unwrap();
        first.keep(0, &[1; 300]).unwrap();
        assert_eq!(cache.newest(&a).unwrap().piece(0).unwrap().len(), 300);
        let second = cache.make(&a, "2", 500).unwrap();
        assert!(cache.find(&a, "1").is_none() && first.piece(0).is_none());
        second.keep(0, &[2; 300]).unwrap();
        let other = cache.make(&b, "1", 500).unwrap();
        cache.make_room(800, &other).unwrap();
        assert!(cache.newest(&a).is_none());
        assert!(cache.make_room(1001, &other).is_err());
    }

    #[cfg(unix)]
    #[test]
    fn what_is_kept_is_private() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::new(folder.path().join("embcli"), 1000);
        let entry = cache.make(&Url::parse("https://e.com/a").unwrap(), "1", 9).unwrap();
        entry.keep(0, b"header").unwrap();
        entry.grow(7).unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&cache.folder), mode(&entry.folder)), (0o700, 0o700));
        for file in fs::read_dir(&entry.folder).unwrap().flatten() {
            assert_eq!(mode(&file.path()), 0o600, "{file:?}");
        }
    }

    #[test]
    fn only_one_process_fetches_a_piece() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::new(folder.path().to_owned(), 1000);
        let entry = cache.make(&Url::parse("https://e.com/a").unwrap(), "1", 9).unwrap();
        let _first = entry.grow(7).unwrap();
        assert!(entry.grow(7).unwrap_err().to_string().contains("another embcli"));
    }
}
