//! UTF-8 as llama.cpp decodes it. Any sequence of the right shape is accepted, even
//! a surrogate, an overlong form, or a value above U+10FFFF. A byte that starts no
//! sequence becomes U+FFFD.

/// The replacement for a byte that starts no code point.
pub(super) const REPLACEMENT: u32 = 0xfffd;

/// The code point that a text starts with, if any, and its length in bytes.
pub(super) fn decode(text: &[u8]) -> Option<(u32, usize)> {
    let (&first, rest) = text.split_first()?;
    let (len, bits) = match first {
        0..=0x7f => (1, first),
        0xc0..=0xdf => (2, first & 0x1f),
        0xe0..=0xef => (3, first & 0x0f),
        0xf0..=0xf7 => (4, first & 0x07),
        _ => return None,
    };
    let mut code_point = u32::from(bits);
    for &byte in rest.get(..len - 1)? {
        if byte & 0xc0 != 0x80 {
            return None;
        }
        code_point = code_point << 6 | u32::from(byte & 0x3f);
    }
    Some((code_point, len))
}

/// The code points of a text, with U+FFFD for each byte that starts none.
pub(super) fn code_points(text: &[u8]) -> impl Iterator<Item = u32> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let (code_point, len) = match decode(rest) {
            Some(decoded) => decoded,
            None if rest.is_empty() => return None,
            None => (REPLACEMENT, 1),
        };
        rest = &rest[len..];
        Some(code_point)
    })
}

/// Appends a code point, any that `decode` returns, in its shortest form.
pub(super) fn encode(code_point: u32, out: &mut Vec<u8>) {
    let continued = |shift: u32| 0x80 | (code_point >> shift & 0x3f) as u8;
    match code_point {
        0..0x80 => out.push(code_point as u8),
        0x80..0x800 => out.extend([0xc0 | (code_point >> 6) as u8, continued(0)]),
        0x800..0x1_0000 => {
            out.extend([0xe0 | (code_point >> 12) as u8, continued(6), continued(0)]);
        }
        _ => out.extend([
            0xf0 | (code_point >> 18 & 7) as u8,
            continued(12),
            continued(6),
            continued(0),
        ]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn valid_utf8_round_trips() {
        for c in ['\0', 'a', '\u{7f}', '\u{80}', 'é', '\u{7ff}', '\u{800}', '猫', '\u{10000}', '🐈']
        {
            let text = c.to_string();
            assert_eq!(decode(text.as_bytes()), Some((c as u32, text.len())));
            let mut bytes = Vec::new();
            encode(c as u32, &mut bytes);
            assert_eq!(bytes, text.as_bytes());
        }
    }

    #[test]
    fn invalid_utf8_is_decoded_by_its_shape() {
        assert_eq!(decode(b"\xed\xa0\x80"), Some((0xd800, 3)));
        assert_eq!(decode(b"\xc0\x80"), Some((0, 2)));
        assert_eq!(decode(b"\xf7\xbf\xbf\xbf"), Some((0x1f_ffff, 4)));
        let points = |text: &[u8]| code_points(text).collect::<Vec<_>>();
        assert_eq!(points(b"a\xffb"), [0x61, 0xfffd, 0x62]);
        assert_eq!(points(b"\xe7\x8c"), [0xfffd, 0xfffd]);
        assert_eq!(points(b"\xf8\x88\x80\x80\x80"), [0xfffd; 5]);
        assert!(points(b"").is_empty());
    }
}
