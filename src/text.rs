//! Text from strangers, made fit to be shown.
//!
//! Tokens, keys, tensor names and file names can hold anything: escape
//! sequences that repaint a terminal, overrides that reverse a line, marks that
//! pile up on a neighbour. Nothing of the kind reaches a terminal: it is shown
//! as the escape that names it.

use std::borrow::Cow;

use unicode_width::UnicodeWidthChar;

/// The text with everything that could act on a terminal, or that could not be
/// seen, written as a Rust escape: `\n`, `\x1b`, `\u{202e}`.
///
/// What a reader of the script needs stays: a vowel sign on its consonant, a
/// joiner between two emoji. Borrowed where nothing changes.
pub fn visible(text: &str) -> Cow<'_, str> {
    if text.bytes().all(|byte| (b' '..=b'~').contains(&byte)) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 8);
    let mut marks = MAX_MARKS;
    for c in text.chars() {
        // A mark needs something to stand on, and not too many of its kind.
        marks = if c.width() == Some(0) { marks + 1 } else { 0 };
        match c {
            '\n' => shown.push_str("\\n"),
            '\r' => shown.push_str("\\r"),
            '\t' => shown.push_str("\\t"),
            '\0'..='\x1f' | '\x7f' => shown.push_str(&format!("\\x{:02x}", c as u32)),
            _ if acts(c) || marks > MAX_MARKS => {
                shown.push_str(&format!("\\u{{{:x}}}", c as u32));
                marks = MAX_MARKS;
            }
            _ => shown.push(c),
        }
    }
    Cow::Owned(shown)
}

/// As many zero-width marks as one character may carry (Indic and Arabic
/// scripts use two).
const MAX_MARKS: usize = 2;

/// Whether a character can act on what is around it, or can't be seen.
pub fn acts(c: char) -> bool {
    let emoji_presentation = c == '\u{fe0f}';
    match c {
        _ if c.is_control() => true,
        // Spaces that look like others, or like nothing.
        '\u{a0}' | '\u{1680}' | '\u{2000}'..='\u{200a}' | '\u{202f}' | '\u{205f}' | '\u{3000}' => {
            true
        }
        // Zero width, direction marks and overrides, line and paragraph
        // separators, invisible operators, the byte order mark.
        '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' => {
            true
        }
        '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' => true,
        // Hangul fillers and other blank letters.
        '\u{115f}' | '\u{1160}' | '\u{3164}' | '\u{ffa0}' | '\u{2800}' | '\u{34f}' => true,
        // Combining marks of no script in particular.
        '\u{300}'..='\u{36f}' | '\u{1ab0}'..='\u{1aff}' | '\u{1dc0}'..='\u{1dff}' => true,
        '\u{20d0}'..='\u{20ff}' | '\u{fe20}'..='\u{fe2f}' => true,
        // Variation selectors, tags, and what is for nobody's use in common.
        '\u{fe00}'..='\u{fe0f}' => !emoji_presentation,
        '\u{e000}'..='\u{f8ff}' | '\u{e0000}'..='\u{10ffff}' => true,
        _ => c.width().is_none(),
    }
}

/// A whole number with its thousands marked: `524,288,000`.
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

/// How many terminal columns a text takes.
pub fn width(text: &str) -> usize {
    unicode_width::UnicodeWidthStr::width(text)
}

/// At most `columns` of a visible text, the last of them `…` where it was cut.
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

/// The candidate that is most likely meant by a misspelt name, if any is close:
/// at most a third of its characters differ.
pub fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    candidates
        .into_iter()
        .map(|candidate| (apart(name, candidate), candidate))
        .filter(|(distance, candidate)| distance * 3 <= name.len().max(candidate.len()))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// How far apart two names of a sensible length are (a tensor's has up to 64
/// bytes). Names of very different lengths are not compared: the distance is no
/// less than the difference.
fn apart(a: &str, b: &str) -> usize {
    if a.len().max(b.len()) > 128 {
        return usize::MAX / 3;
    }
    if a.len().abs_diff(b.len()) * 3 > a.len().max(b.len()) {
        return a.len().abs_diff(b.len());
    }
    distance(a.as_bytes(), b.as_bytes())
}

/// How many letters have to be put in, left out or replaced to make one word of
/// the other (Levenshtein), in time proportional to both lengths multiplied.
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

/// A text in quotes, made visible; what is between them at most `columns` wide.
pub fn quoted(text: &str, columns: usize) -> String {
    format!("\"{}\"", clip(&visible(text), columns))
}

/// So many of something: `1 row`, `3,000 rows`.
pub fn counted(n: u64, what: &str) -> String {
    format!("{} {what}{}", grouped(n.into()), if n == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

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
    fn one_is_not_many() {
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
        ] {
            assert_eq!(visible(text), shown, "{text:?}");
        }
        for c in (0..=0x10ffff).filter_map(char::from_u32) {
            let shown = visible(c.encode_utf8(&mut [0; 4])).into_owned();
            assert!(!shown.chars().any(|c| c.is_control()), "{c:?}");
            assert!(width(&shown) > 0, "{c:?} can't be seen");
        }
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
