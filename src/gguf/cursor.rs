//! Reading forward through untrusted bytes, every step checked.

use std::borrow::Cow;

use gguf_rs_lib::format::types::GGUFValueType;

use super::{Error, Place, Source};

/// How much of a fetched source to ask for at a time. A mapped one gives all.
const WINDOW: usize = 1 << 20;

/// Arrays in arrays: the format allows any depth, and no known file has two.
const MAX_DEPTH: usize = 8;

/// The longest key and tensor name, in bytes: the format's limit for keys (its
/// limit for tensor names is 64, and some files have longer ones).
const MAX_NAME: u64 = u16::MAX as u64;

/// The longest header, 128 MiB: eight times the longest that is known. It is
/// what bounds the time of a walk: a file of zeros is a header of empty keys
/// without end, and a sparse file of zeros costs nothing to make.
const MAX_HEADER: u64 = 128 << 20;

/// A position in a source that only moves forward.
pub(super) struct Cursor<'s> {
    source: &'s dyn Source,
    len: u64,
    window: Cow<'s, [u8]>,
    /// Where the window begins in the source.
    base: u64,
    /// Where the cursor stands in the window; may be past its end after a skip.
    at: u64,
}

/// Why the cursor could not move on. The caller knows the place.
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
        Self { source, len: source.len(), window: Cow::Borrowed(&[]), base: at, at: 0 }
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

    /// Passes over `n` bytes, which must be there.
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
        Err(Stop::Bad(format!("the header goes on past {limit} MiB, where none is read")))
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

    #[cold]
    fn refill(&mut self, n: u64) -> Step<()> {
        let Ok(n) = usize::try_from(n) else { return self.short(n) };
        self.base = self.position();
        self.at = 0;
        self.window = self.source.window(self.base, n.max(WINDOW)).map_err(Stop::Io)?;
        if self.window.len() < n { self.short(n as u64) } else { Ok(()) }
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

    /// A string: its length in bytes (u64), then its bytes.
    pub(super) fn string(&mut self) -> Step<&[u8]> {
        let len = self.u64()?;
        self.take(len)
    }

    /// A key or a tensor's name, of a length that can be one.
    pub(super) fn name(&mut self) -> Step<&[u8]> {
        match self.u64()? {
            len if len <= MAX_NAME => self.take(len),
            len if len > self.remaining() => self.short(len),
            len => {
                Err(Stop::Bad(format!("its name is {len} bytes long (up to {MAX_NAME} are read)")))
            }
        }
    }

    #[inline]
    pub(super) fn skip_string(&mut self) -> Step<()> {
        let len = self.u64()?;
        self.skip(len)
    }

    /// Passes over `n` strings. Vocabularies are most of a header, so those that
    /// lie whole in the window take one comparison each.
    fn skip_strings(&mut self, n: u64) -> Step<()> {
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
                // Cut off by the window's end, or by that of the source.
                self.skip_string()?;
                left -= 1;
            }
        }
        self.skip(0)
    }

    pub(super) fn value_type(&mut self) -> Step<GGUFValueType> {
        let id = self.u32()?;
        GGUFValueType::from_u32(id)
            .map_err(|_| Stop::Bad(format!("value type {id} does not exist (0 to 12 do)")))
    }

    /// Passes over a value of a type, noting in `checkpoints` where every
    /// [`STRIDE`]th string of an array of strings lies, the first aside.
    ///
    /// Time is linear in the bytes passed over whatever the file claims: every
    /// element of an array takes at least one byte, and that is checked first.
    pub(super) fn skip_value(
        &mut self,
        value_type: GGUFValueType,
        checkpoints: &mut Vec<u64>,
    ) -> Step<()> {
        match value_type {
            GGUFValueType::String => self.skip_string(),
            GGUFValueType::Array => self.skip_array(checkpoints, 0),
            scalar => self.skip(scalar.size_in_bytes().expect("scalars have a size") as u64),
        }
    }

    fn skip_array(&mut self, checkpoints: &mut Vec<u64>, depth: usize) -> Step<()> {
        let (element, count) = self.array_header()?;
        match element {
            GGUFValueType::String => {
                let mut left = count;
                while left > STRIDE {
                    self.skip_strings(STRIDE)?;
                    left -= STRIDE;
                    if depth == 0 {
                        checkpoints.push(self.position());
                    }
                }
                self.skip_strings(left)
            }
            GGUFValueType::Array if depth == MAX_DEPTH => {
                Err(Stop::Bad(format!("arrays are nested more than {MAX_DEPTH} deep")))
            }
            GGUFValueType::Array => {
                (0..count).try_for_each(|_| self.skip_array(checkpoints, depth + 1))
            }
            scalar => {
                let size = scalar.size_in_bytes().expect("scalars have a size") as u64;
                self.skip(size * count)
            }
        }
    }

    /// An array's element type and count, the count checked against what is left.
    pub(super) fn array_header(&mut self) -> Step<(GGUFValueType, u64)> {
        let element = self.value_type()?;
        let count = self.u64()?;
        // The least that an element can take: a string its length, an array
        // its element type and count.
        let least = match element {
            GGUFValueType::String => 8,
            GGUFValueType::Array => 12,
            scalar => scalar.size_in_bytes().expect("scalars have a size") as u64,
        };
        match count.checked_mul(least) {
            Some(bytes) if bytes <= self.remaining() => Ok((element, count)),
            _ => Err(Stop::Short(
                u128::from(self.position()) + u128::from(count) * u128::from(least),
            )),
        }
    }
}

/// Of an array of strings, the position of every so manieth is remembered, so
/// that any string is found in at most this many steps.
pub(super) const STRIDE: u64 = 256;
