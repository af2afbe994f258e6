//! A remote file as a source of ranges.
//!
//! Its start is read from one request that stays open: the bytes are taken as they arrive,
//! and the connection is cut where the header ends, because nobody knows before how long
//! a header is. Later reads are requests for ranges. Parts that are kept in the cache are
//! mapped and cost nothing.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io;
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock};

use super::cache::Entry;
use super::cost::Cost;
use super::fault::{Fault, Kind};
use super::http::{Ask, Body, Linked, Part};
use super::url::Url;
use super::{Pin, Wire, fetch, hub};
use crate::report::number::grouped;
use crate::source::{MappedFile, Source};

/// At most this many bytes of an open request are returned at once.
const ARRIVED: usize = 1 << 16;

/// Ranges with gaps up to this many bytes are one request: a request costs more time
/// than the gap.
const GAP: u64 = 1 << 16;

/// With more requests than this, gaps may be longer.
const REQUESTS: usize = 64;

/// A walk looks at this many bytes to tell what a file is, even if its header is shorter.
const LOOKED_AT: u64 = 512;

/// A read that breaks off is continued at most this many times.
const BREAKS: u32 = 3;

/// How many parts of a file can be kept: the header, the tables that a check reads.
const PIECES: usize = 6;

/// A file on a server.
pub(super) struct RemoteFile {
    wire: Arc<Wire>,
    url: Url,
    len: u64,
    /// What tells this version from others.
    etag: Option<String>,
    pub entry: Option<Entry>,
    /// The parts that are on the disk, each with its position.
    pieces: [OnceLock<(u64, MappedFile)>; PIECES],
    state: Mutex<State>,
    pub cost: Arc<Cost>,
}

struct State {
    /// Where the bytes are: the address, or where it redirected to.
    at: Url,
    /// The ETag of the server there. A hub's own is another one.
    seen: Option<String>,
    /// The open request, and the position of its next byte.
    stream: Option<(u64, Body)>,
    /// The bytes from the start on, to be kept.
    header: Vec<u8>,
    /// Ranges that were fetched before they are read.
    rows: BTreeMap<u64, Vec<u8>>,
    /// How many bytes may still be fetched besides the header.
    left: u64,
    /// How often a read was continued.
    breaks: u32,
}

impl RemoteFile {
    /// Opens a file: asks for its start, unless that is kept.
    pub(super) fn open(wire: &Arc<Wire>, url: &Url, pin: &Pin) -> Result<Self, Fault> {
        let mut url = pin.of(url);
        let cost = wire.cost(&url);
        let cache = wire.cache();
        let known = cache.and_then(|cache| cache.newest(&url));
        let is_whole = |entry: &Entry| entry.piece(0).is_some();
        if let Some(entry) = known.clone().filter(is_whole)
            && (wire.is_fixed(&url) || !wire.checks_first)
        {
            return Self::kept(wire, url.clone(), url, entry, cost);
        }
        let most = wire.access.max_fetch;
        let etag = known.as_ref().filter(|entry| is_whole(entry)).map(|entry| &*entry.etag);
        let wanted = 0..most;
        let ask = Ask { url: &url, range: Some(wanted.clone()), unless: etag, cost: &cost };
        // A hub says on the redirect which version it is.
        let found = |url: &Url, etag: Option<&str>| cache?.find(url, etag?).filter(is_whole);
        let found_at = |linked: &Linked| {
            let commit = linked.commit.as_deref();
            let url = commit.map_or_else(|| url.clone(), |commit| hub::pinned(&url, commit));
            found(&url, linked.etag.as_deref())
        };
        let reply = wire.http().get(&ask, &|linked| found_at(linked).is_none())?;
        let linked = reply.linked.clone();
        if let Some(commit) = &linked.commit {
            pin.set(commit);
            url = hub::pinned(&url, commit);
        }
        let at = reply.url.clone();
        if reply.is_redirect
            && let Some(entry) = found(&url, linked.etag.as_deref())
        {
            return Self::kept(wire, url, at, entry, cost);
        }
        if let (304, Some(entry)) = (reply.status, known) {
            return Self::kept(wire, url.clone(), url, entry, cost);
        }
        let Part { total: len, etag: seen, body } = reply.part(&wanted)?;
        let etag = linked.etag.or_else(|| seen.clone());
        if let Some(entry) = found(&url, etag.as_deref()) {
            return Self::kept(wire, url, at, entry, cost);
        }
        if linked.size.is_some_and(|size| size != len) {
            return Err(Fault::new(format!(
                "{} sends a file of {} bytes, the hub says {}: try again",
                at.host,
                grouped(len),
                grouped(linked.size.unwrap_or_default())
            )));
        }
        // Without a cache folder, nothing is kept.
        let entry = etag.as_deref().and_then(|etag| cache?.make(&url, etag, len).ok());
        let mut file = Self::new(wire, url, at, len, etag, entry, cost);
        let state = file.state.get_mut().unwrap_or_else(|poison| poison.into_inner());
        (state.seen, state.stream) = (seen, Some((0, body)));
        Ok(file)
    }

    /// A file whose header is kept.
    fn kept(
        wire: &Arc<Wire>,
        url: Url,
        at: Url,
        entry: Entry,
        cost: Arc<Cost>,
    ) -> Result<Self, Fault> {
        entry.touch();
        let header = entry.piece(0);
        let is_same = at == url && !wire.is_hubs(&url);
        let etag = Some(entry.etag.clone());
        let file = Self::new(wire, url, at, entry.len, etag.clone(), Some(entry), cost);
        if is_same {
            file.state().seen = etag;
        }
        if let Some(header) = header {
            file.cost.part("header", header.len(), true);
            file.add(0, header);
        }
        Ok(file)
    }

    fn new(
        wire: &Arc<Wire>,
        url: Url,
        at: Url,
        len: u64,
        etag: Option<String>,
        entry: Option<Entry>,
        cost: Arc<Cost>,
    ) -> Self {
        cost.len(len);
        let state = State {
            at,
            seen: None,
            stream: None,
            header: Vec::new(),
            rows: BTreeMap::new(),
            left: wire.access.max_fetch,
            breaks: 0,
        };
        let (wire, pieces) = (Arc::clone(wire), Default::default());
        Self { wire, url, len, etag, entry, pieces, state: Mutex::new(state), cost }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(|poison| poison.into_inner())
    }

    pub(super) fn wire(&self) -> &Wire {
        &self.wire
    }

    /// Asks for a range.
    pub(super) fn range(&self, wanted: Range<u64>) -> Result<Body, Fault> {
        self.ask(&mut self.state(), wanted)
    }

    fn ask(&self, state: &mut State, wanted: Range<u64>) -> Result<Body, Fault> {
        loop {
            let ask =
                Ask { url: &state.at, range: Some(wanted.clone()), unless: None, cost: &self.cost };
            let reply = self.wire.http().get(&ask, &|_| true)?;
            // The address that a redirect led to is signed, and expires.
            if matches!(reply.status, 401 | 403 | 404 | 410) && state.at != self.url {
                state.at = self.url.clone();
                state.seen = self.etag.clone().filter(|_| !self.wire.is_hubs(&self.url));
                continue;
            }
            let (at, linked) = (reply.url.clone(), reply.linked.clone());
            let Part { total, etag, body } = reply.part(&wanted)?;
            let differs = |a: &Option<String>, b: &Option<String>| matches!((a, b), (Some(a), Some(b)) if a != b);
            // Another server has its own ETags.
            let is_moved = at != state.at;
            if total != self.len
                || differs(&linked.etag, &self.etag)
                || !is_moved && differs(&etag, &state.seen)
                || is_moved && !self.wire.is_hubs(&self.url) && differs(&etag, &self.etag)
            {
                return Err(self.changed());
            }
            (state.at, state.seen) = (at, etag);
            return Ok(body);
        }
    }

    fn changed(&self) -> Fault {
        let was_kept = self.pieces[0].get().is_some();
        if let Some(entry) = &self.entry {
            entry.remove();
        }
        let since = if was_kept { "since its header was kept" } else { "while it was read" };
        Fault::new(format!("the file changed on {} {since}: run the command again", self.url.host))
    }

    /// Reads a range into memory.
    fn fetch(&self, state: &mut State, wanted: Range<u64>) -> Result<Vec<u8>, Fault> {
        state.stream = None;
        let mut bytes = Vec::new();
        loop {
            let start = wanted.start + bytes.len() as u64;
            let read = self.ask(state, start..wanted.end);
            match read.and_then(|mut body| body.all(&mut bytes)) {
                Ok(()) => return Ok(bytes),
                Err(fault) => Self::again(state, fault)?,
            }
        }
    }

    /// Accepts that a connection broke, a few times.
    fn again(state: &mut State, fault: Fault) -> Result<(), Fault> {
        if fault.kind != Kind::Broken || state.breaks == BREAKS {
            return Err(fault);
        }
        state.breaks += 1;
        Ok(())
    }

    fn spend(&self, state: &mut State, bytes: u64) -> Result<(), Fault> {
        let left = state.left.checked_sub(bytes);
        state.left = left.ok_or_else(|| {
            Fault::new(format!(
                "this reads more than {} bytes besides the header: --fetch-table fetches the \
                 whole table, --max-fetch allows more",
                grouped(self.wire.access.max_fetch)
            ))
        })?;
        Ok(())
    }

    /// The next bytes of the open request, as many as have arrived.
    fn arrived(&self, state: &mut State, want: usize) -> Result<Vec<u8>, Fault> {
        let mut bytes = Vec::new();
        loop {
            let Some((at, body)) = &mut state.stream else { return Ok(bytes) };
            if body.left() == 0 {
                let most = self.wire.access.max_fetch;
                return Err(Fault::new(format!(
                    "the header is not at its end after {} bytes: --max-fetch allows more",
                    grouped(most)
                )));
            }
            let read = body.some(&mut bytes, want.min(ARRIVED)).and_then(|n| match n {
                0 => Err(body.short()),
                n => Ok(n),
            });
            match read {
                Ok(n) => {
                    *at += n as u64;
                    if self.entry.is_some() {
                        state.header.extend_from_slice(&bytes);
                    }
                    return Ok(bytes);
                }
                Err(fault) => {
                    Self::again(state, fault)?;
                    let at = state.stream.as_ref().map_or(0, |(at, _)| *at);
                    let end = self.wire.access.max_fetch.min(self.len);
                    state.stream = Some((at, self.ask(state, at..end)?));
                }
            }
        }
    }

    /// The part on the disk that has a range.
    fn piece(&self, at: u64, len: u64) -> Option<(u64, &MappedFile)> {
        let end = at.checked_add(len)?;
        let pieces = self.pieces.iter().filter_map(OnceLock::get);
        let has = |(start, piece): &&(u64, MappedFile)| {
            *start <= at && end <= start + piece.len() && at < start + piece.len()
        };
        pieces.into_iter().find(has).map(|(start, piece)| (at - start, piece))
    }

    /// Adds a part that is on the disk.
    pub(super) fn add(&self, at: u64, piece: MappedFile) {
        let mut new = (at, piece);
        for slot in &self.pieces {
            match slot.set(new) {
                Ok(()) => return,
                Err(taken) => new = taken,
            }
        }
    }
}

impl Source for Arc<RemoteFile> {
    fn len(&self) -> u64 {
        self.len
    }

    fn window(&self, at: u64, want: usize) -> io::Result<Cow<'_, [u8]>> {
        let left = self.len.saturating_sub(at);
        let want = want.min(usize::try_from(left).unwrap_or(usize::MAX));
        if let Some((at, piece)) = self.piece(at, want as u64) {
            return piece.window(at, want);
        }
        // A walk asks for more than it needs, which ends in the kept header.
        if let Some((0, header)) = self.pieces[0].get()
            && at < header.len()
        {
            return header.window(at, want);
        }
        if want == 0 {
            return Ok(Cow::Owned(Vec::new()));
        }
        let mut state = self.state();
        if matches!(state.stream, Some((position, _)) if position == at) {
            return Ok(Cow::Owned(self.arrived(&mut state, want)?));
        }
        let before = state.rows.range(..=at).next_back();
        let held = before.and_then(|(start, bytes)| {
            let from = usize::try_from(at - start).ok()?;
            bytes.get(from..from.checked_add(want)?)
        });
        if let Some(held) = held {
            return Ok(Cow::Owned(held.to_vec()));
        }
        self.spend(&mut state, want as u64)?;
        Ok(Cow::Owned(self.fetch(&mut state, at..at + want as u64)?))
    }

    fn read_exact_at(&self, mut at: u64, mut buf: &mut [u8]) -> io::Result<()> {
        if let Some((at, piece)) = self.piece(at, buf.len() as u64) {
            return piece.read_exact_at(at, buf);
        }
        while !buf.is_empty() {
            let bytes = self.window(at, buf.len())?;
            let n = bytes.len().min(buf.len());
            if n == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            buf[..n].copy_from_slice(&bytes[..n]);
            at += n as u64;
            buf = &mut std::mem::take(&mut buf)[n..];
        }
        Ok(())
    }

    fn mapped(&self, at: u64, len: usize) -> Option<&[u8]> {
        let (at, piece) = self.piece(at, len as u64)?;
        piece.mapped(at, len)
    }

    /// The end of the header: cuts the connection, and keeps what was read.
    fn release(&self, bytes: Range<u64>) {
        let mut state = self.state();
        let Some((position, _)) = state.stream.take() else { return };
        let end = bytes.start.min(position);
        self.cost.part("header", end, false);
        let mut header = std::mem::take(&mut state.header);
        header.truncate(usize::try_from(end.max(LOOKED_AT)).unwrap_or(usize::MAX));
        if let (Some(entry), Some(cache)) = (&self.entry, self.wire.cache())
            && !header.is_empty()
        {
            // A full disk is no reason to fail: the header is fetched again next time.
            let kept = cache.make_room(end, entry).and_then(|()| entry.keep(0, &header));
            drop(kept);
        }
    }

    fn prepare(&self, ranges: &[Range<u64>]) -> io::Result<()> {
        let mut wanted: Vec<Range<u64>> = ranges.to_vec();
        wanted.retain(|range| self.piece(range.start, range.end - range.start).is_none());
        wanted.sort_by_key(|range| range.start);
        let bytes = |ranges: &[Range<u64>]| ranges.iter().map(|it| it.end - it.start).sum::<u64>();
        let mut state = self.state();
        let (mut gap, mut joined) = (GAP, join(&wanted, GAP));
        while joined.len() > REQUESTS && gap < self.len {
            gap *= 2;
            let wider = join(&wanted, gap);
            if bytes(&wider) > state.left / 4 {
                break;
            }
            joined = wider;
        }
        self.spend(&mut state, bytes(&joined))?;
        for range in joined {
            let bytes = self.fetch(&mut state, range.clone())?;
            state.rows.insert(range.start, bytes);
        }
        Ok(())
    }

    fn keep(&self, bytes: Range<u64>) -> io::Result<()> {
        let bytes = bytes.start..bytes.end.min(self.len);
        if bytes.start >= bytes.end || self.piece(bytes.start, bytes.end - bytes.start).is_some() {
            return Ok(());
        }
        Ok(fetch::table(self, bytes)?)
    }
}

/// Sorted ranges, with those joined that have at most `gap` bytes between them.
fn join(sorted: &[Range<u64>], gap: u64) -> Vec<Range<u64>> {
    let mut joined: Vec<Range<u64>> = Vec::new();
    for range in sorted {
        match joined.last_mut() {
            Some(last) if range.start <= last.end.saturating_add(gap) => {
                last.end = last.end.max(range.end);
            }
            _ => joined.push(range.clone()),
        }
    }
    joined
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_ranges_are_one_request() {
        assert_eq!(join(&[0..10, 10..20, 25..30, 100..101], 5), [0..30, 100..101]);
        assert_eq!(join(&[0..10, 2..4, 11..12], 0), [0..10, 11..12]);
        assert_eq!(join(&[], 5), []);
    }
}
