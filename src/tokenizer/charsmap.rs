//! The compiled normalisation of a SentencePiece model:
//! `tokenizer.ggml.precompiled_charsmap`.
//!
//! ```text
//! u32 LE        size of the array in bytes
//! u32 LE each   a double array, XOR-compressed: the texts to replace
//! bytes         their replacements, each ended by a zero
//! ```
//!
//! A unit of the array (of Darts-clone by S. Yata, as SentencePiece writes it):
//!
//! ```text
//! 31     30 ............ 10   9        8         7 ...... 0
//! value? offset to the children,       has a     the byte that
//!        or with bit 9 that times 256  value     leads here
//! ```
//!
//! The child of unit `i` for byte `c` is the unit at `i ^ offset(i) ^ c`, if the
//! lowest byte of that unit is `c`. If unit `i` has a value, the unit at
//! `i ^ offset(i)` holds it in its lower 31 bits. The value is the position of the
//! replacement among the texts.

use super::{Error, Result};

pub(super) struct Charsmap {
    units: Vec<u32>,
    texts: Vec<u8>,
}

impl Charsmap {
    /// Reads the untrusted bytes of a file. The error says what is wrong with them.
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, String> {
        if bytes.len() > MOST_BYTES {
            return Err(format!("it has {} bytes; the limit is {MOST_BYTES}", bytes.len()));
        }
        let Some((len, rest)) = bytes.split_first_chunk() else {
            return Err(format!("it has {} bytes, but its length field needs 4", bytes.len()));
        };
        let len = u32::from_le_bytes(*len);
        let array = usize::try_from(len).ok().filter(|len| *len < rest.len());
        let Some((array, texts)) = array.and_then(|len| rest.split_at_checked(len)) else {
            return Err(format!(
                "its array of {len} bytes and the texts after it do not fit in its {} bytes",
                bytes.len()
            ));
        };
        if let Some(text) = texts.split(|&byte| byte == 0).find(|text| text.len() > LONGEST) {
            let len = text.len();
            return Err(format!("it has a text of {len} bytes; the limit is {LONGEST}"));
        }
        let (units, _) = array.as_chunks();
        let units = units.iter().map(|unit| u32::from_le_bytes(*unit)).collect();
        Ok(Self { units, texts: texts.to_vec() })
    }

    /// Finds the longest prefix of `text` that has a replacement. Returns the
    /// replacement and the length of the prefix. An error if the array points outside
    /// itself or outside its texts, or if the prefix is longer than the limit.
    pub(super) fn replace(&self, text: &[u8]) -> Result<Option<(&[u8], usize)>> {
        if self.units.is_empty() {
            return Ok(None);
        }
        let mut found = None;
        let mut at = offset(self.unit(0)?);
        for (len, &byte) in text.iter().enumerate() {
            if byte == 0 {
                break;
            }
            at ^= u32::from(byte);
            let unit = self.unit(at)?;
            if unit & LABEL != u32::from(byte) {
                break;
            }
            if len >= MOST_STEPS {
                let how = format!("it replaces a text of more than {MOST_STEPS} bytes");
                return Err(damaged(&how));
            }
            at ^= offset(unit);
            if unit & HAS_VALUE != 0 {
                found = Some((len + 1, self.unit(at)? & !IS_VALUE));
            }
        }
        let Some((len, place)) = found else { return Ok(None) };
        let text = usize::try_from(place).ok().and_then(|place| self.texts.get(place..));
        let Some(text) = text.filter(|text| !text.is_empty()) else {
            let len = self.texts.len();
            return Err(damaged(&format!("it points past its {len} bytes of texts, to {place}")));
        };
        let end = text.iter().position(|&byte| byte == 0);
        let end = end.ok_or_else(|| damaged(&format!("its text at {place} has no end")))?;
        Ok(Some((&text[..end], len)))
    }

    fn unit(&self, at: u32) -> Result<u32> {
        let unit = usize::try_from(at).ok().and_then(|at| self.units.get(at)).copied();
        unit.ok_or_else(|| {
            damaged(&format!("it points past its {} units, to {at}", self.units.len()))
        })
    }
}

fn damaged(how: &str) -> Error {
    Error::Normalisation(format!("{KEY} is damaged: {how}"))
}

/// The largest charsmap that is read, in bytes. T5's has 237,539.
const MOST_BYTES: usize = 4 << 20;

/// The longest replacement, in bytes. Unicode's normalisations need some tens.
const LONGEST: usize = 1 << 10;

/// The array is followed for at most this many bytes from each position of a text.
/// The longest text that T5's and XLM-R's arrays replace has 10.
const MOST_STEPS: usize = 128;

pub(super) const KEY: &str = "tokenizer.ggml.precompiled_charsmap";

/// A unit that holds a value has this bit, so it is never the child for a byte.
const IS_VALUE: u32 = 1 << 31;
const LABEL: u32 = IS_VALUE | 0xff;
const HAS_VALUE: u32 = 1 << 8;

fn offset(unit: u32) -> u32 {
    (unit >> 10) << ((unit & (1 << 9)) >> 6)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A charsmap that replaces `A` with `a`, and `AB` with `xyz`.
    fn small() -> Vec<u8> {
        let mut units = vec![0; 128];
        let unit = |offset: u32, has_value: bool, label: u8| {
            offset << 10 | u32::from(has_value) << 8 | u32::from(label)
        };
        // The root's children are at its offset (1) ^ byte.
        units[0] = unit(1, false, 0);
        let a = 1 ^ u32::from(b'A');
        units[a as usize] = unit(a ^ 4, true, b'A');
        units[4] = IS_VALUE;
        let ab = 4 ^ u32::from(b'B');
        units[ab as usize] = unit(ab ^ 8, true, b'B');
        units[8] = IS_VALUE | 2;
        let mut bytes = (units.len() as u32 * 4).to_le_bytes().to_vec();
        bytes.extend(units.iter().flat_map(|unit: &u32| unit.to_le_bytes()));
        bytes.extend(b"a\0xyz\0");
        bytes
    }

    fn replaced(bytes: &[u8], text: &str) -> String {
        match Charsmap::parse(bytes).unwrap().replace(text.as_bytes()) {
            Ok(Some((with, len))) => format!("{}{}", String::from_utf8_lossy(with), &text[len..]),
            Ok(None) => "-".to_owned(),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn the_longest_prefix_is_replaced() {
        let bytes = small();
        assert_eq!(replaced(&bytes, "A"), "a");
        assert_eq!(replaced(&bytes, "ACB"), "aCB");
        assert_eq!(replaced(&bytes, "ABA"), "xyzA");
        assert_eq!(replaced(&bytes, "BA"), "-");
        assert_eq!(replaced(&bytes, ""), "-");
        assert_eq!(replaced(&bytes, "\0"), "-");
        assert_eq!(replaced(&[0, 0, 0, 0, b'x'], "A"), "-");
    }

    #[test]
    fn damage_is_an_error() {
        let parse = |bytes: &[u8]| Charsmap::parse(bytes).err().unwrap();
        assert!(parse(&[1, 0]).contains("has 2 bytes"));
        assert!(parse(&[8, 0, 0, 0, 1, 2, 3, 4]).contains("array of 8 bytes"));
        assert!(parse(&[u8::MAX; 12]).contains("array of 4294967295 bytes"));
        // No texts at all: llama.cpp refuses it too.
        assert!(parse(&[4, 0, 0, 0, 1, 2, 3, 4]).contains("array of 4 bytes"));

        let cut = |keep: usize| {
            let mut bytes = small();
            bytes.truncate(bytes.len() - keep);
            bytes
        };
        assert!(replaced(&cut(1), "AB").contains("its text at 2 has no end"));
        assert!(replaced(&cut(4), "AB").contains("past its 2 bytes of texts, to 2"));
        let mut wild = small();
        wild[4 + 3] = 0x40;
        assert!(replaced(&wild, "A").contains("past its 128 units"));
    }

    #[test]
    fn no_damage_panics() {
        let good = small();
        for at in 0..good.len() {
            for flip in [1, 2, 0x80, 0xff] {
                let mut bytes = good.clone();
                bytes[at] ^= flip;
                if let Ok(map) = Charsmap::parse(&bytes) {
                    for text in ["A", "AB", "ABAB", "B"] {
                        let _ = map.replace(text.as_bytes());
                    }
                }
            }
        }
    }
}
