//! Escapes untrusted text so that a terminal can show it.
//!
//! Tokens, keys, tensor names and file names can hold anything: escape sequences
//! that repaint a terminal, overrides that reverse a line, marks that pile up on a
//! neighbour, invisible characters. All of these are shown as escapes.
//!
//! Use [`visible`] for a text from a file: the escapes can be read back, so
//! different texts look different. Use [`harmless`] for embcli's own sentences: the
//! texts in them are escaped already.

use std::borrow::Cow;
use std::fmt::Write;
use std::sync::LazyLock;

use regex_syntax::hir::{Class, HirKind};
use unicode_width::UnicodeWidthChar;

/// Writes every character that acts on a terminal or is invisible as a Rust escape:
/// `\n`, `\x1b`, `\u{202e}`. A backslash is written twice.
///
/// Marks that a script needs stay, such as a vowel sign on its consonant. Borrowed
/// if nothing changes.
pub fn visible(text: &str) -> Cow<'_, str> {
    let is_plain = |byte| (b' '..=b'~').contains(&byte) && byte != b'\\';
    match text.bytes().all(is_plain) {
        true => Cow::Borrowed(text),
        false => escaped(text, true).into(),
    }
}

/// The same for bytes. A byte that is not part of valid UTF-8 becomes `\xE2`;
/// the other escapes of that form stand for bytes below 0x80.
pub fn visible_bytes(bytes: &[u8]) -> Cow<'_, str> {
    if let Ok(text) = std::str::from_utf8(bytes) {
        return visible(text);
    }
    let mut shown = String::with_capacity(bytes.len() * 4);
    for chunk in bytes.utf8_chunks() {
        shown += &visible(chunk.valid());
        for byte in chunk.invalid() {
            let _ = write!(shown, "\\x{byte:02X}");
        }
    }
    shown.into()
}

/// Escapes the same characters in one of embcli's own sentences. Backslashes stay:
/// they are part of escapes already.
pub fn harmless(text: &str) -> Cow<'_, str> {
    match text.bytes().all(|byte| (b' '..=b'~').contains(&byte)) {
        true => Cow::Borrowed(text),
        false => escaped(text, false).into(),
    }
}

fn escaped(text: &str, backslash: bool) -> String {
    let mut shown = String::with_capacity(text.len() + 8);
    let mut marks = MAX_MARKS;
    for c in text.chars() {
        // A mark is shown only on a base character, and only a few on one.
        marks = if c.width() == Some(0) { marks + 1 } else { 0 };
        match c {
            '\\' if backslash => shown.push_str("\\\\"),
            '\n' => shown.push_str("\\n"),
            '\r' => shown.push_str("\\r"),
            '\t' => shown.push_str("\\t"),
            '\0'..='\x1f' | '\x7f' => {
                let _ = write!(shown, "\\x{:02x}", c as u32);
            }
            _ if acts(c) || marks > MAX_MARKS => {
                let _ = write!(shown, "\\u{{{:x}}}", c as u32);
                marks = MAX_MARKS;
            }
            _ => shown.push(c),
        }
    }
    shown
}

/// The most zero-width marks that one character may carry (Indic and Arabic
/// scripts use two).
const MAX_MARKS: usize = 2;

/// Whether a character acts on its surroundings or is invisible.
pub fn acts(c: char) -> bool {
    if c.is_ascii() {
        return c.is_ascii_control();
    }
    let at = UNSEEN.partition_point(|&(_, last)| last < c);
    UNSEEN.get(at).is_some_and(|&(first, _)| first <= c)
}

/// The set of characters for which [`acts`] is true. `regex-syntax` has the
/// Unicode data, for regular expressions.
const UNSEEN_SET: &str = concat!(
    // Controls, format characters, private use, code points that are not
    // assigned; spaces and separators; characters that a terminal may leave out
    // (variation selectors, fillers, joiners, tags).
    r"[\p{Other}\p{Separator}\p{Default_Ignorable_Code_Point}",
    // Combining marks that belong to no script.
    r"\u{300}-\u{36f}\u{1ab0}-\u{1aff}\u{1dc0}-\u{1dff}\u{20d0}-\u{20ff}\u{fe20}-\u{fe2f}",
    // Blank letters, marks and symbols: the empty braille pattern, the object
    // replacement character, the Brahmi number joiner, two blank hieroglyphs, the
    // Khitan filler, the Duployan selector, the null notehead.
    r"\u{2800}\u{fffc}\u{1107f}\u{13441}\u{13442}\u{16fe4}\u{1bc9d}\u{1d159}",
    r"--\x20]",
);

/// The set as sorted ranges, both ends included.
static UNSEEN: LazyLock<Vec<(char, char)>> = LazyLock::new(|| {
    let set = regex_syntax::parse(UNSEEN_SET).expect("the set is well-formed");
    match set.into_kind() {
        HirKind::Class(Class::Unicode(set)) => {
            set.iter().map(|range| (range.start(), range.end())).collect()
        }
        other => unreachable!("a set is a class, not {other:?}"),
    }
});

/// A whole number with thousands separators: `524,288,000`.
pub fn grouped(n: u128) -> String {
    let digits = n.to_string();
    let mut shown = String::with_capacity(digits.len() * 4 / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            shown.push(',');
        }
        shown.push(digit);
    }
    shown
}

/// The width of a text in terminal columns.
pub fn width(text: &str) -> usize {
    if text.bytes().all(|byte| (b' '..=b'~').contains(&byte)) {
        return text.len();
    }
    unicode_width::UnicodeWidthStr::width(text)
}

/// Cuts a visible text to at most `columns` columns. A cut text ends with `…`.
pub fn clip(text: &str, columns: usize) -> Cow<'_, str> {
    if width(text) <= columns {
        return Cow::Borrowed(text);
    }
    let mut kept = String::new();
    let mut used = 1;
    for c in text.chars() {
        used += c.width().unwrap_or(0);
        if used > columns {
            break;
        }
        kept.push(c);
    }
    kept.push('…');
    Cow::Owned(kept)
}

/// The candidate closest to a misspelt name, if at most a third of its characters
/// differ.
pub fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    candidates
        .into_iter()
        .map(|candidate| (apart(name, candidate), candidate))
        .filter(|(distance, candidate)| distance * 3 <= name.len().max(candidate.len()))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// The distance of two names. Names of over 128 bytes count as far apart (a
/// tensor's name has up to 64). Names of very different lengths are not compared:
/// the distance is at least the difference.
fn apart(a: &str, b: &str) -> usize {
    if a.len().max(b.len()) > 128 {
        return usize::MAX / 3;
    }
    if a.len().abs_diff(b.len()) * 3 > a.len().max(b.len()) {
        return a.len().abs_diff(b.len());
    }
    distance(a.as_bytes(), b.as_bytes())
}

/// The Levenshtein distance: the number of insertions, deletions and replacements
/// that turn one word into the other. The time is proportional to the product of
/// the lengths.
pub fn distance<T: PartialEq>(a: &[T], b: &[T]) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], i + 1);
        for (j, y) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(x != y);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

/// A visible text in quotes, cut to `columns` columns between them.
pub fn quoted(text: &str, columns: usize) -> String {
    quoted_bytes(text.as_bytes(), columns)
}

/// The same for bytes that need not be UTF-8.
pub fn quoted_bytes(bytes: &[u8], columns: usize) -> String {
    format!("\"{}\"", clip(&visible_bytes(bytes), columns))
}

/// A count with its noun: `1 row`, `3,000 rows`.
pub fn counted(n: u64, what: &str) -> String {
    format!("{} {what}{}", grouped(n.into()), if n == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::SplitMix64;

    #[test]
    fn forms_of_a_word_are_a_few_letters_apart() {
        let apart = |a: &str, b: &str| {
            distance(&a.chars().collect::<Vec<_>>(), &b.chars().collect::<Vec<_>>())
        };
        assert_eq!(apart("unos", "unas"), 1);
        assert_eq!(apart("них", "ними"), 2);
        assert_eq!(apart("house", "river"), 5);
        assert_eq!(apart("", "abc"), 3);
    }

    #[test]
    fn one_has_no_plural() {
        assert_eq!(counted(1, "row"), "1 row");
        assert_eq!(counted(30_482, "row"), "30,482 rows");
    }

    #[test]
    fn nothing_that_acts_on_a_terminal_survives() {
        for (text, shown) in [
            ("plain", "plain"),
            ("\x1b[31mred", "\\x1b[31mred"),
            ("a\rb\nc\td", "a\\rb\\nc\\td"),
            ("\u{9b}2J", "\\u{9b}2J"),
            ("\u{202e}evil", "\\u{202e}evil"),
            ("zero\u{200b}width", "zero\\u{200b}width"),
            ("e\u{301}", "e\\u{301}"),
            ("é 猫 🐈", "é 猫 🐈"),
            ("कि", "कि"),
            ("\u{941}", "\\u{941}"),
            ("\\n", "\\\\n"),
            ("C:\\", "C:\\\\"),
            ("❤\u{fe0f}", "❤\\u{fe0f}"),
            ("\u{fffd}", "\u{fffd}"),
        ] {
            assert_eq!(visible(text), shown, "{text:?}");
        }
    }

    /// All characters that are invisible or unassigned by Unicode's properties, and
    /// some blank ones by code point.
    #[test]
    fn no_invisible_character_is_shown_raw() {
        let set = r"[\p{Cc}\p{Cf}\p{Cn}\p{Co}\p{Zl}\p{Zp}\p{Zs}\p{DI}\u{2800}\u{fffc}--\x20]";
        let unseen = regex::Regex::new(set).unwrap();
        for c in (0..=0x10ffff).filter_map(char::from_u32) {
            for text in [c.to_string(), format!("a{c}"), format!("é{c}"), format!("क{c}x")] {
                let shown = visible(&text);
                let raw = unseen.find(&shown);
                assert!(raw.is_none(), "{text:?} is shown as {shown:?}");
                assert!(width(&shown) > 0, "{text:?} can't be seen");
                assert!(!shown.chars().any(acts), "{text:?}");
                assert_eq!(harmless(&shown), shown, "what is visible stays as it is");
                assert_eq!(read_back(&shown), text.as_bytes(), "{shown:?}");
            }
        }
        // Characters that were once shown raw, each after a letter.
        for c in "\u{17b4}\u{17b5}\u{180b}\u{180c}\u{180d}\u{180f}\u{fe00}\u{fe0e}\u{fe0f}\u{fff0}\
                  \u{fff8}\u{1bca0}\u{1bca3}\u{1d173}\u{1d17a}\u{e0100}\u{e01ef}\u{13430}\u{1345f}\
                  \u{fdd0}\u{fffe}\u{1fffe}\u{10ffff}\u{378}\u{16fe4}\u{13441}"
            .chars()
        {
            assert!(visible(&format!("a{c}")).is_ascii(), "{c:?}");
        }
    }

    #[test]
    fn invalid_utf8_is_shown_byte_by_byte() {
        for (bytes, shown) in [
            (&b"\xe2\x96"[..], "\\xE2\\x96"),
            (b" \xff.", " \\xFF."),
            (b"\x1b\x9b", "\\x1b\\x9B"),
            ("\u{9b}\u{fffd}".as_bytes(), "\\u{9b}\u{fffd}"),
            (b"\\xE2", "\\\\xE2"),
            (b"plain", "plain"),
        ] {
            assert_eq!(visible_bytes(bytes), shown, "{bytes:?}");
            assert_eq!(read_back(shown), bytes);
        }
        let mut random = SplitMix64::new(5);
        let mut random = |below: usize| random.below(below as u64) as usize;
        let odd = *b"\\nx{}u\x00\x1b\x7f\x80\x96\xbf\xc2\xe2\xf0\xff \"e";
        for _ in 0..200_000 {
            let bytes: Vec<u8> = (0..random(7)).map(|_| odd[random(odd.len())]).collect();
            let shown = visible_bytes(&bytes);
            assert_eq!(read_back(&shown), bytes, "{shown:?}");
            assert!(!shown.chars().any(acts), "{shown:?}");
        }
    }

    fn read_back(shown: &str) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut rest = shown.chars();
        while let Some(c) = rest.next() {
            let mut put = |c: char| bytes.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
            if c != '\\' {
                put(c);
                continue;
            }
            match rest.next() {
                Some('n') => put('\n'),
                Some('r') => put('\r'),
                Some('t') => put('\t'),
                Some('\\') => put('\\'),
                Some('x') => {
                    let digits: String = rest.by_ref().take(2).collect();
                    bytes.push(u8::from_str_radix(&digits, 16).unwrap());
                }
                Some('u') => {
                    let digits: String = rest.by_ref().skip(1).take_while(|c| *c != '}').collect();
                    put(char::from_u32(u32::from_str_radix(&digits, 16).unwrap()).unwrap());
                }
                other => panic!("{other:?} after a backslash in {shown:?}"),
            }
        }
        bytes
    }

    #[test]
    fn a_clipped_text_fits() {
        assert_eq!(clip("abcdef", 6), "abcdef");
        assert_eq!(clip("abcdefg", 6), "abcde…");
        assert_eq!(clip("猫猫猫猫", 6), "猫猫…");
    }

    #[test]
    fn the_nearest_name_is_close_or_none() {
        let names = ["token_embd.weight", "output.weight"];
        assert_eq!(nearest("token_emb.weight", names), Some("token_embd.weight"));
        assert_eq!(nearest("ouput.weight", names), Some("output.weight"));
        assert_eq!(nearest("blk", names), None);
    }
}
