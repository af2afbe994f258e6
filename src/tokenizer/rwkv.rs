//! RWKV's tokenizer: it takes the longest token that is a prefix of the remaining
//! text, again and again. It has no merges, no scores, and adds no BOS or EOS.

use std::sync::Arc;

use super::prefixes::{Prefix, Prefixes};
use super::settings::Settings;
use super::strings::Strings;
use super::token_index::TokenIndex;
use super::{Error, Family, Fragment, Result, Work};

pub(super) struct Rwkv {
    tokens: Prefixes,
    unknown: Option<u32>,
}

impl Rwkv {
    pub(super) fn new(vocabulary: &TokenIndex, settings: &Settings) -> Self {
        let texts: Strings = vocabulary.ids().map(|id| unescape(vocabulary.text(id))).collect();
        let tokens = Prefixes::new(Arc::new(texts), vocabulary.ids());
        Self { tokens, unknown: settings.unk }
    }
}

impl Family for Rwkv {
    /// Real vocabularies have a token for every byte.
    fn encode(
        &self,
        _: &TokenIndex,
        text: Fragment,
        _: &mut Work,
        ids: &mut Vec<u32>,
    ) -> Result<()> {
        let mut rest = text.bytes;
        while let [byte, ..] = rest {
            if let Some(Prefix { len, place, .. }) = self.tokens.longest(rest) {
                ids.push(place);
                rest = &rest[len..];
            } else if self.tokens.depth(rest) > 0 {
                // llama.cpp loops here until memory runs out.
                return Err(Error::Unspellable(format!(
                    "the vocabulary has no token for the text from byte {} on (0x{byte:02x})",
                    text.bytes.len() - rest.len()
                )));
            } else {
                let unknown = self.unknown.ok_or_else(|| {
                    Error::Unspellable(format!(
                        "no token starts with the byte 0x{byte:02x}, and the vocabulary has no \
                         unknown token"
                    ))
                })?;
                ids.push(unknown);
                rest = &rest[1..];
            }
        }
        Ok(())
    }
}

/// Unescapes the stored text of a token to its bytes.
///
/// The escapes are `\t`, `\n`, `\r` and `\xHH`. A backslash before any other
/// character is dropped. An escape that is cut off at the end is dropped too. The
/// digits of `\xHH` are lower case; any other character counts as its distance from
/// `'0'`, as in llama.cpp.
fn unescape(stored: &[u8]) -> Vec<u8> {
    let digit =
        |c: u8| if c.is_ascii() && c >= b'a' { c - b'a' + 10 } else { c.wrapping_sub(b'0') };
    let mut read = Vec::with_capacity(stored.len());
    let mut bytes = stored.iter().copied();
    while let Some(byte) = bytes.next() {
        if byte != b'\\' {
            read.push(byte);
            continue;
        }
        match bytes.next() {
            None => {}
            Some(b't') => read.push(b'\t'),
            Some(b'n') => read.push(b'\n'),
            Some(b'r') => read.push(b'\r'),
            Some(b'x') => {
                if let (Some(high), Some(low)) = (bytes.next(), bytes.next()) {
                    read.push((digit(high) << 4).wrapping_add(digit(low)));
                }
            }
            Some(other) => read.push(other),
        }
    }
    read
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tokenizer::settings::Kind;
    use crate::tokenizer::token_index::Types;

    fn encoded(tokens: &[&str], unk: Option<u32>, text: &[u8]) -> Result<Vec<u32>> {
        let vocabulary = TokenIndex::of(tokens.iter().map(|token| (token, 0.0, Types::NORMAL)));
        let rwkv = Rwkv::new(&vocabulary, &Settings { unk, ..Settings::defaults(Kind::Rwkv) });
        rwkv.ids(&vocabulary, text)
    }

    #[test]
    fn the_longest_token_is_taken() {
        let tokens = ["<s>", "a", "b", "ab", r"\x20", r"\x20ab", r"\xf0\x9f", r"\\", r"\'"];
        let ids = |text: &[u8]| encoded(&tokens, None, text).unwrap();
        assert_eq!(ids(b"abba"), [3, 2, 1]);
        assert_eq!(ids(b" ab a"), [5, 4, 1]);
        assert_eq!(ids(b"\xf0\x9f\\'"), [6, 7, 8]);
        assert!(ids(b"").is_empty());
    }

    #[test]
    fn a_byte_without_a_token_is_unknown_or_an_error() {
        assert_eq!(encoded(&["<s>", "a"], Some(0), b"a?a").unwrap(), [1, 0, 1]);
        let error = encoded(&["a"], None, b"a?").unwrap_err().to_string();
        assert!(error.contains("the byte 0x3f"), "{error}");
        let error = encoded(&["ab"], Some(0), b"abac").unwrap_err().to_string();
        assert!(error.contains("from byte 2 on (0x61)"), "{error}");
    }

    #[test]
    fn tokens_are_unescaped() {
        let read = |stored: &str| unescape(stored.as_bytes());
        assert_eq!(read(r"\x00\xff\t\n\r\\\'x"), b"\x00\xff\t\n\r\\'x");
        assert_eq!(read(r"a\x2"), b"a");
        assert_eq!(read("a\\"), b"a");
        // 'F' is 22 past '0'. 22 * 16 is 0x160, and a byte keeps 0x60.
        assert_eq!(read(r"\xF0"), b"\x60");
    }
}
