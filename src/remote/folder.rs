//! The files beside a remote file, by their addresses.

use std::collections::HashMap;
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard};

use super::fault::Fault;
use super::http::Ask;
use super::ranges::RemoteFile;
use super::url::Url;
use super::{Kind, Pin, Wire, hub};
use crate::source::{Folder, Source};

/// The files in the folder of an address.
pub(super) struct RemoteFolder {
    wire: Arc<Wire>,
    base: Url,
    pin: Pin,
    /// The names in the folder, if they are known.
    listed: Option<Vec<String>>,
    /// The files that were asked for, with their lengths; `None`: not there.
    lens: Mutex<HashMap<OsString, Option<u64>>>,
    /// The small files that were read: a command may read a tokenizer several times.
    read: Mutex<HashMap<String, Vec<u8>>>,
}

impl RemoteFolder {
    /// The folder of a file. `files` are the paths of its repository, if they are known.
    pub(super) fn new(wire: &Arc<Wire>, base: Url, files: Option<Vec<String>>) -> Self {
        let folder = |path: &str| path.rfind('/').map_or(0, |at| at + 1);
        let own = hub::path_in_repository(&base).unwrap_or_default();
        let prefix = own[..folder(&own)].to_owned();
        let beside = |path: String| path.strip_prefix(&prefix).map(str::to_owned);
        let listed = files.map(|files| files.into_iter().filter_map(beside).collect());
        let (wire, pin, lens) = (Arc::clone(wire), Pin::default(), Mutex::default());
        Self { wire, base, pin, listed, lens, read: Mutex::default() }
    }

    fn lens(&self) -> MutexGuard<'_, HashMap<OsString, Option<u64>>> {
        self.lens.lock().unwrap_or_else(|poison| poison.into_inner())
    }

    /// The address of a file; `None` if it is known not to be there.
    fn url(&self, name: &str) -> Option<Url> {
        let is_listed = |listed: &Vec<String>| listed.iter().any(|file| file == name);
        self.listed.as_ref().is_none_or(is_listed).then(|| self.base.sibling(name))
    }

    fn try_read(&self, url: &Url, most: u64) -> Result<Vec<u8>, Fault> {
        let url = self.pin.of(url);
        let cost = self.wire.cost(&url);
        let most = most.min(self.wire.access.max_fetch);
        let cache = self.wire.cache();
        let kept = cache.and_then(|cache| cache.newest(&url)).and_then(|entry| {
            let mut bytes = vec![0; usize::try_from(entry.len.min(most)).ok()?];
            let piece = entry.piece(0).filter(|piece| piece.len() == entry.len)?;
            piece.read_exact_at(0, &mut bytes).ok()?;
            Some((entry, bytes))
        });
        let found = |(entry, bytes): (super::cache::Entry, Vec<u8>)| {
            entry.touch();
            cost.len(entry.len);
            cost.part("file", entry.len, true);
            bytes
        };
        if self.wire.is_fixed(&url)
            && let Some(kept) = kept
        {
            return Ok(found(kept));
        }
        let etag = kept.as_ref().map(|(entry, _)| &*entry.etag);
        let ask = Ask { url: &url, range: None, unless: etag, cost: &cost };
        let reply = self.wire.http().get(&ask, &|_| true)?;
        if reply.status == 304
            && let Some(kept) = kept
        {
            return Ok(found(kept));
        }
        let linked = reply.linked.clone();
        let url = match &linked.commit {
            Some(commit) => {
                self.pin.set(commit);
                hub::pinned(&url, commit)
            }
            None => url,
        };
        let (bytes, etag) = reply.whole(most)?;
        let len = bytes.len() as u64;
        cost.len(len);
        if let (Some(cache), Some(etag)) = (cache, linked.etag.or(etag)) {
            // A full disk is no reason to fail: the file is fetched again next time.
            let kept = cache.make(&url, &etag, len).and_then(|entry| {
                cache.make_room(len, &entry)?;
                entry.keep(0, &bytes)
            });
            drop(kept);
        }
        Ok(bytes)
    }
}

impl Folder for RemoteFolder {
    fn open(&self, name: &OsStr) -> io::Result<Box<dyn Source>> {
        let text = name.to_str().ok_or_else(|| io::Error::other("the name is not UTF-8"))?;
        let opened = match self.url(text) {
            Some(url) => RemoteFile::open(&self.wire, &url, &self.pin),
            None => Err(Fault::absent(format!("the repository has no {text}"))),
        };
        let (source, len): (io::Result<Box<dyn Source>>, _) = match opened {
            Ok(file) => {
                let file = Arc::new(file);
                let len = file.len();
                (Ok(Box::new(file)), Some(len))
            }
            Err(fault) if fault.kind == Kind::Absent => (Err(fault.into()), None),
            Err(fault) => return Err(fault.into()),
        };
        self.lens().insert(name.to_owned(), len);
        source
    }

    fn read(&self, name: &str, most: u64) -> io::Result<Vec<u8>> {
        let url = self.url(name).ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))?;
        let mut read = self.read.lock().unwrap_or_else(|poison| poison.into_inner());
        if let Some(bytes) = read.get(name) {
            return Ok(bytes.clone());
        }
        let bytes = self.try_read(&url, most)?;
        read.insert(name.to_owned(), bytes.clone());
        Ok(bytes)
    }

    fn len_of(&self, name: &OsStr) -> Option<u64> {
        let known = self.lens().get(name).copied();
        known.unwrap_or_else(|| Some(self.open(name).ok()?.len()))
    }

    fn shown(&self, name: &OsStr) -> String {
        self.base.sibling(&name.to_string_lossy()).to_string()
    }
}

impl fmt::Debug for RemoteFolder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the folder of {}", self.base)
    }
}
