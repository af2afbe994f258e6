//! Where a text can be cut, because no merge crosses the place.
//!
//! A merge joins two adjacent symbols, and only if their joint text is one of a set: a
//! token (SentencePiece), or what a merge of the file makes (byte pairs). If it crosses a
//! place, that joint text has the character before the place and the one after it, side by
//! side. So if no text of the set has these two side by side, no merge ever crosses the
//! place. What merges on one side of it then depends on that side alone: the pairs there
//! have the same keys and the same order as in the whole text. So both sides can be encoded
//! separately.
//!
//! Words and lines are such parts: few tokens have a space or a newline after a letter.

use super::symbols::utf8_len;

/// Which characters are side by side in some text of a set. Characters are counted as
/// [`UNITS`].
pub(super) struct Joins(Vec<[bool; UNITS]>);

/// Each ASCII character, a space or its sign, and one for all others.
const UNITS: usize = 130;
const SPACE: u8 = 128;
const OTHER: u8 = 129;

/// How tokens spell a space.
const SIGN: &[u8] = "▁".as_bytes();

impl Joins {
    pub fn of<T: AsRef<[u8]>>(texts: impl IntoIterator<Item = T>) -> Self {
        let mut joins = vec![[false; UNITS]; UNITS];
        for text in texts {
            let mut rest = text.as_ref();
            let mut before = None;
            while let Some(&byte) = rest.first() {
                let (unit, len) = match byte {
                    b' ' => (SPACE, 1),
                    ..0x80 => (byte, 1),
                    _ if rest.starts_with(SIGN) => (SPACE, SIGN.len()),
                    _ => (OTHER, 1),
                };
                if let Some(before) = before {
                    joins[usize::from(before)][usize::from(unit)] = true;
                }
                (before, rest) = (Some(unit), &rest[len..]);
            }
        }
        Self(joins)
    }

    /// Whether no merge crosses a place within a text, which has spaces or their signs.
    #[inline]
    pub fn part(&self, text: &[u8], at: usize) -> bool {
        let before = match text[at - 1] {
            b' ' => SPACE,
            byte @ ..0x80 => byte,
            _ if text[..at].ends_with(SIGN) => SPACE,
            _ => OTHER,
        };
        let after = match text[at] {
            b' ' => SPACE,
            byte @ ..0x80 => byte,
            _ if text[at..].starts_with(SIGN) => SPACE,
            _ => OTHER,
        };
        // A symbol is as long as its first byte says, even if the text is not UTF-8.
        let reaches = |back: usize| utf8_len(text[at - back]) > back;
        !self.0[usize::from(before)][usize::from(after)] && !(1..=at.min(3)).any(reaches)
    }

    /// Calls `take` with each part of a text, in order.
    pub fn each_part<E>(
        &self,
        text: &[u8],
        mut take: impl FnMut(&[u8]) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut start = 0;
        for at in (1..text.len()).filter(|&at| self.part(text, at)) {
            take(&text[start..at])?;
            start = at;
        }
        take(&text[start..])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::SplitMix64;
    use crate::tokenizer::escape_spaces;
    use crate::tokenizer::symbols::Symbols;

    #[test]
    fn a_text_is_cut_where_no_token_joins_its_sides() {
        let joins = Joins::of(["▁cat", "ca", "t!", "é", "aé"]);
        let parts = |text: &[u8]| {
            let mut parts = Vec::new();
            joins
                .each_part(text, |part| {
                    parts.push(String::from_utf8_lossy(part).into_owned());
                    Ok::<_, ()>(())
                })
                .unwrap();
            parts
        };
        assert_eq!(parts(b"a cat!cat"), ["a", " cat!", "cat"]);
        assert_eq!(parts("a▁cat".as_bytes()), ["a", "▁cat"]);
        assert_eq!(parts("\né aé".as_bytes()), ["\n", "é", " ", "aé"]);
        // A byte that claims the three after it.
        assert_eq!(parts(b"\xf0\n\n\n\n\n"), ["\u{fffd}\n\n\n", "\n", "\n"]);
    }

    /// Merging the parts gives the symbols of the whole, for random vocabularies and texts
    /// that need not be UTF-8.
    #[test]
    fn the_parts_merge_as_the_whole_does() {
        let mut random = SplitMix64::new(17);
        let mut letters: Vec<&[u8]> =
            [&b"a"[..], b"b", b"\n", b" ", b"\xf0", b"\xe2", b"\x96"].into();
        letters.extend(["▁", "é", "猫"].map(str::as_bytes));
        let word = |random: &mut SplitMix64, most: u64| -> Vec<u8> {
            let n = 1 + random.below(most);
            (0..n)
                .flat_map(|_| letters[random.below(letters.len() as u64) as usize])
                .copied()
                .collect()
        };
        let (mut cuts, mut merges) = (0, 0);
        for _ in 0..2000 {
            let tokens: Vec<Vec<u8>> =
                (0..20).map(|_| escape_spaces(&word(&mut random, 4))).collect();
            let joins = Joins::of(&tokens);
            let key = |text: &[u8], _: usize| {
                tokens.iter().position(|token| token == text).map(|at| at as u32 % 7)
            };
            let mut symbols = Symbols::default();
            let mut of = |text: &[u8]| -> Vec<Vec<u8>> {
                let text = escape_spaces(text);
                symbols.merge(&text, key);
                symbols.texts(&text).map(<[u8]>::to_vec).collect()
            };
            let text = word(&mut random, 60);
            let whole = of(&text);
            let mut parts = Vec::new();
            let mut n = 0;
            joins
                .each_part(&text, |part| {
                    parts.extend(of(part));
                    n += 1;
                    Ok::<_, ()>(())
                })
                .unwrap();
            assert_eq!(parts, whole, "{text:?} with {tokens:?}");
            cuts += n - 1;
            merges += whole.iter().filter(|symbol| symbol.len() > 4).count();
        }
        assert!(cuts > 5_000 && merges > 300, "{cuts} cuts, {merges} merges");
    }
}
