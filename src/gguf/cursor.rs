//! Reads forward through untrusted bytes and checks every step.

use std::borrow::Cow;

use crate::model::{Error, Place, STRIDE, ValueType};
use crate::source::Source;

/// The most bytes that one request asks for, 4 MiB.
const PIECE: u64 = 4 << 20;

/// The size of the first request, 64 KiB: enough for the keys before the tokens.
const START: u64 = 64 << 10;

/// A later request asks for at least this many bytes beyond those needed, because
/// keys and tensor names are read in small steps.
const SPARE: u64 = 16 << 10;

/// The most levels of nested arrays. The format has no limit; no known file has two.
const MAX_DEPTH: usize = 8;

/// The longest key and tensor name, in bytes: the format's limit for keys (its
/// limit for tensor names is 64, and some files have longer ones).
const MAX_NAME: u64 = u16::MAX as u64;

/// The longest header, 128 MiB: eight times the longest known. This bounds the time
/// of a walk. A file of zeros reads as an endless list of empty keys, and a sparse
/// file of zeros costs nothing to make.
const MAX_HEADER: u64 = 128 << 20;

/// A position in a source that only moves forward.
///
/// If the source returns borrowed bytes, the cursor reads in place. If it returns
/// owned bytes, the cursor keeps all of them and requests the next ones in pieces
/// of up to 4 MiB, so it requests no byte twice.
pub(super) struct Cursor<'s> {
    source: &'s dyn Source,
    len: u64,
    window: Cow<'s, [u8]>,
    /// The position of the window in the source.
    base: u64,
    /// The cursor's position in the window; after a skip, maybe past its end.
    at: u64,
    /// How many bytes will probably be read next, such as the rest of an array.
    expected: u64,
}

/// Why the cursor stopped. The caller adds the place.
pub(super) enum Stop {
    Io(std::io::Error),
    /// One past the last byte that was needed.
    Short(u128),
    Bad(String),
}

impl Stop {
    pub(super) fn at(self, place: Place, len: u64) -> Error {
        match self {
            Self::Io(error) => Error::Io(error),
            Self::Short(need) => Error::Truncated { place, need, len },
            Self::Bad(problem) => Error::Malformed { place, problem },
        }
    }
}

type Step<T> = Result<T, Stop>;

impl<'s> Cursor<'s> {
    pub(super) fn new(source: &'s dyn Source, at: u64) -> Self {
        let window = Cow::Borrowed(&[][..]);
        Self { source, len: source.len(), window, base: at, at: 0, expected: 0 }
    }

    pub(super) fn position(&self) -> u64 {
        self.base + self.at
    }

    fn remaining(&self) -> u64 {
        self.len.saturating_sub(self.position())
    }

    fn short<T>(&self, n: u64) -> Step<T> {
        Err(Stop::Short(u128::from(self.position()) + u128::from(n)))
    }

    /// Estimates the size of the next `left` elements from the `done` elements read
    /// since position `start`. Each element has at least `least` bytes.
    pub(super) fn expect(&mut self, left: u64, done: u64, start: u64, least: u64) {
        let seen = self.position() - start;
        // The first elements of a vocabulary can be far longer than the others, and
        // one more request costs less than many unneeded bytes.
        let probable = left.saturating_mul(seen) / done.max(1);
        let probable = (probable - probable / 8).min(8 * seen);
        self.expected = left.saturating_mul(least).max(probable);
    }

    /// Skips `n` bytes. They must exist.
    #[inline]
    pub(super) fn skip(&mut self, n: u64) -> Step<()> {
        if n > self.remaining() {
            return self.short(n);
        }
        self.at += n;
        if self.position() > MAX_HEADER { Self::too_long() } else { Ok(()) }
    }

    #[cold]
    fn too_long<T>() -> Step<T> {
        let limit = MAX_HEADER >> 20;
        Err(Stop::Bad(format!("the header is longer than {limit} MiB, the limit")))
    }

    /// The next `n` bytes.
    #[inline]
    pub(super) fn take(&mut self, n: u64) -> Step<&[u8]> {
        if n > self.remaining() {
            return self.short(n);
        }
        if self.at + n > self.window.len() as u64 {
            self.refill(n)?;
        }
        let start = self.at as usize;
        self.at += n;
        Ok(&self.window[start..self.at as usize])
    }

    /// The next `n` bytes, or fewer at the end, without moving the cursor.
    pub(super) fn peek(&mut self, n: u64) -> Step<&[u8]> {
        let n = n.min(self.remaining());
        self.take(n)?;
        self.at -= n;
        Ok(&self.window[self.at as usize..][..n as usize])
    }

    #[cold]
    fn refill(&mut self, n: u64) -> Step<()> {
        let spare = match self.position() {
            0 => START,
            position => SPARE.max(position / 32),
        };
        self.hold(n, self.expected.saturating_add(spare))
    }

    /// Makes the window hold the next `n` bytes; a request asks for `more` too.
    fn hold(&mut self, n: u64, more: u64) -> Step<()> {
        let end = self.position() + n;
        loop {
            let held = self.base + self.window.len() as u64;
            let from = match self.window {
                Cow::Borrowed(_) => self.position(),
                // Skipped bytes are kept too.
                Cow::Owned(_) => held,
            };
            if end <= held {
                return Ok(());
            }
            let want = end.saturating_sub(from).saturating_add(more).min(PIECE);
            let want = want.min(self.len.saturating_sub(from));
            let Ok(want) = usize::try_from(want) else { return self.short(n) };
            let found = self.source.window(from, want).map_err(Stop::Io)?;
            let enough = match found {
                Cow::Borrowed(found) => found.len() as u64 >= n,
                Cow::Owned(ref found) => !found.is_empty(),
            };
            if !enough {
                return self.short(n);
            }
            match &mut self.window {
                Cow::Owned(kept) => kept.extend_from_slice(&found),
                window => {
                    *window = found;
                    (self.base, self.at) = (from, 0);
                }
            }
        }
    }

    /// All bytes before the cursor, if the source returns owned bytes.
    pub(super) fn into_kept(mut self) -> Step<Option<Vec<u8>>> {
        if let Cow::Owned(_) = self.window {
            self.hold(0, 0)?;
        }
        match self.window {
            Cow::Borrowed(_) => Ok(None),
            Cow::Owned(mut kept) => {
                kept.truncate(self.at as usize);
                kept.shrink_to_fit();
                Ok(Some(kept))
            }
        }
    }

    fn array<const N: usize>(&mut self) -> Step<[u8; N]> {
        Ok(self.take(N as u64)?.try_into().expect("take gives as many bytes as it was asked for"))
    }

    #[inline]
    pub(super) fn u32(&mut self) -> Step<u32> {
        self.array().map(u32::from_le_bytes)
    }

    #[inline]
    pub(super) fn u64(&mut self) -> Step<u64> {
        self.array().map(u64::from_le_bytes)
    }

    /// The position as a `u32`. Positions in a header fit.
    pub(super) fn short_position(&self) -> Step<u32> {
        u32::try_from(self.position()).or_else(|_| Self::too_long())
    }

    /// Copies a key or a tensor's name into `name`: its length as u64, then its bytes.
    /// Refuses one that is too long.
    pub(super) fn name(&mut self, name: &mut Vec<u8>) -> Step<()> {
        name.clear();
        match self.u64()? {
            len if len <= MAX_NAME => name.extend_from_slice(self.take(len)?),
            len if len > self.remaining() => return self.short(len),
            len => {
                let problem = format!("its name is {len} bytes long; the limit is {MAX_NAME}");
                return Err(Stop::Bad(problem));
            }
        }
        Ok(())
    }

    #[inline]
    pub(super) fn skip_string(&mut self) -> Step<()> {
        let len = self.u64()?;
        self.skip(len)
    }

    /// Skips `n` strings. The vocabulary is most of a header, so a string that is
    /// whole in the window takes one comparison.
    pub(super) fn skip_strings(&mut self, n: u64) -> Step<()> {
        let mut left = n;
        while left > 0 {
            let mut rest = usize::try_from(self.at).ok().and_then(|at| self.window.get(at..));
            let before = rest.map_or(0, <[u8]>::len);
            while let Some((len, after)) = rest.and_then(|rest| rest.split_first_chunk())
                && let Ok(len) = usize::try_from(u64::from_le_bytes(*len))
                && let Some(after) = after.get(len..)
                && left > 0
            {
                rest = Some(after);
                left -= 1;
            }
            self.at += (before - rest.map_or(0, <[u8]>::len)) as u64;
            if left > 0 {
                // The string crosses the end of the window or of the source.
                self.skip_string()?;
                left -= 1;
            }
        }
        self.skip(0)
    }

    pub(super) fn value_type(&mut self) -> Step<ValueType> {
        let id = self.u32()?;
        ValueType::from_id(id)
            .ok_or_else(|| Stop::Bad(format!("value type {id} does not exist (types are 0 to 12)")))
    }

    /// Skips a value of a type. Adds the position of every [`STRIDE`]th string of a
    /// string array to `marks`, except the first.
    ///
    /// The time is linear in the bytes skipped, for any claims of the file: each
    /// element of an array takes at least one byte, and the count is checked first.
    pub(super) fn skip_value(&mut self, value_type: ValueType, marks: &mut Vec<u32>) -> Step<()> {
        match value_type {
            ValueType::String => self.skip_string(),
            ValueType::Array => self.skip_array(marks, 0),
            scalar => self.skip(size(scalar)),
        }
    }

    fn skip_array(&mut self, marks: &mut Vec<u32>, depth: usize) -> Step<()> {
        let (element, count) = self.array_header()?;
        match element {
            ValueType::String => {
                let (start, mut done) = (self.position(), 0);
                while done < count {
                    self.expect(count - done, done, start, 8);
                    let n = STRIDE.min(count - done);
                    self.skip_strings(n)?;
                    done += n;
                    if depth == 0 && done < count {
                        marks.push(self.short_position()?);
                    }
                }
                self.expected = 0;
                Ok(())
            }
            ValueType::Array if depth == MAX_DEPTH => {
                Err(Stop::Bad(format!("arrays are nested more than {MAX_DEPTH} deep")))
            }
            ValueType::Array => (0..count).try_for_each(|_| self.skip_array(marks, depth + 1)),
            scalar => self.skip(size(scalar) * count),
        }
    }

    /// An array's element type and count, which is checked against the bytes left.
    pub(super) fn array_header(&mut self) -> Step<(ValueType, u64)> {
        let element = self.value_type()?;
        let count = self.u64()?;
        // The smallest size of an element: a string has its length, an array its
        // element type and count.
        let least = match element {
            ValueType::String => 8,
            ValueType::Array => 12,
            scalar => size(scalar),
        };
        match count.checked_mul(least) {
            Some(bytes) if bytes <= self.remaining() => Ok((element, count)),
            _ => Err(Stop::Short(
                u128::from(self.position()) + u128::from(count) * u128::from(least),
            )),
        }
    }
}

fn size(scalar: ValueType) -> u64 {
    scalar.size().expect("scalars have a size")
}
