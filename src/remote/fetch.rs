//! Copies a whole table into the cache, with a bar on a terminal. A copy that was broken
//! off goes on where it ended.

use std::io::Write;
use std::ops::Range;

use super::fault::{Fault, Kind};
use super::ranges::RemoteFile;
use crate::report::Progress;
use crate::report::number::grouped;
use crate::source::Source;

/// One request asks for at most this many bytes, so that none takes forever.
const PIECE: u64 = 32 << 20;

/// The connection may break this many times without a new byte between.
const BREAKS: u32 = 4;

/// Makes a range of a file a part on the disk.
pub(super) fn table(file: &RemoteFile, bytes: Range<u64>) -> Result<(), Fault> {
    let total = bytes.end - bytes.start;
    let (wire, named) = (file.wire(), grouped(total));
    let kept = file.entry.as_ref().and_then(|entry| entry.piece(bytes.start));
    if let Some(piece) = kept.filter(|piece| piece.len() == total) {
        file.cost.part("table", total, true);
        file.add(bytes.start, piece);
        return Ok(());
    }
    if !wire.access.fetch_table {
        return Err(Fault::new(format!("a table of {named} bytes needs --fetch-table")));
    }
    let (Some(entry), Some(cache)) = (&file.entry, wire.cache()) else {
        let why = match wire.cache() {
            None => "there is no cache folder",
            Some(_) => "the server gives the file no ETag and no date, or the cache is read-only",
        };
        return Err(Fault::new(format!("the table can't be kept: {why}: download the file")));
    };
    let failed = |error: std::io::Error| {
        Fault::new(format!("the table can't be kept in {}: {error}", cache.path().display()))
    };
    cache.make_room(total, entry).map_err(failed)?;
    let mut out = entry.grow(bytes.start).map_err(failed)?;
    let mut done = out.metadata().map_err(failed)?.len();
    if done > total {
        out.set_len(0).map_err(failed)?;
        done = 0;
    }
    let fetched = total - done;
    let (mut progress, mut breaks, mut buffer) = (Progress::new("bytes"), 0, Vec::new());
    while done < total {
        let start = bytes.start + done;
        let read = file.range(start..bytes.end.min(start + PIECE)).and_then(|mut body| {
            while body.left() > 0 {
                buffer.clear();
                if body.some(&mut buffer, 1 << 16)? == 0 {
                    return Err(body.short());
                }
                out.write_all(&buffer).map_err(failed)?;
                (done, breaks) = (done + buffer.len() as u64, 0);
                progress.at(done, total);
            }
            Ok(())
        });
        if let Err(fault) = read {
            breaks += 1;
            if fault.kind != Kind::Broken || breaks == BREAKS {
                return Err(Fault::new(format!(
                    "{fault}; {} of {named} bytes are kept: run the command again to go on",
                    grouped(done)
                )));
            }
        }
    }
    out.sync_all().map_err(failed)?;
    drop(out);
    let piece = entry.piece(bytes.start).filter(|piece| piece.len() == total);
    let piece = piece.ok_or_else(|| Fault::new("the table is no longer in the cache"))?;
    file.cost.part("table", fetched, false);
    file.add(bytes.start, piece);
    Ok(())
}
