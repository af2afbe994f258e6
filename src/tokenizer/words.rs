//! Cuts a text into words by the rules of a [pre-tokenizer](super::pre).

use std::borrow::Cow;

use regex::{Regex, RegexBuilder, bytes};

use super::pre::Rule;
use super::symbols::utf8_len;
use super::unicode::{Category, is_space, is_whitespace};
use super::utf8;

pub(super) struct Cutter(Vec<Cut>);

enum Cut {
    Classes(bytes::Regex),
    Words { pattern: bytes::Regex, powers: bool },
    Points(Regex),
    Threes,
    BeforeThrees,
}

/// A part of a text, and one byte for the class of each of its characters.
#[derive(Clone, Copy)]
struct Stretch<'t> {
    text: &'t [u8],
    classes: &'t [u8],
}

/// The bytes for the classes of non-ASCII characters. White space is b'\x0b'.
const NUMBER: u8 = 0xd1;
const LETTER: u8 = 0xd2;
const PUNCTUATION: u8 = 0xd3;
const MARK: u8 = 0xd4;
const SYMBOL: u8 = 0xd5;
/// Han ideographs, which are letters too.
const HAN: u8 = 0xd6;
/// Unassigned characters in Han's ranges, which are not letters.
const HAN_UNASSIGNED: u8 = 0xd7;
const OTHER: u8 = 0xd0;

/// What patterns have in common: contractions in upper or lower case, the rest after
/// letters and digits, and the categories, which are sets of these bytes.
const PARTS: [(&str, &str); 8] = [
    ("<contraction>", "(?i:'(?:s|t|re|ve|m|ll|d))"),
    ("<others>", r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+"),
    (r"\p{N}", r"[0-9\xd1]"),
    (r"\p{L}", r"[A-Za-z\xd2\xd6]"),
    (r"\p{P}", r"[!-#%-*,-/:;?@\[-\]_{}\xd3]"),
    (r"\p{M}", r"[\xd4]"),
    (r"\p{S}", r"[$+<->\^`|~\xd5]"),
    (r"\p{Han}", r"[\xd6\xd7]"),
];

impl Cutter {
    pub fn new(rules: &[Rule]) -> Self {
        Self(rules.iter().map(|rule| Cut::new(*rule)).collect())
    }

    /// Calls `take` with each word of a text, in order. No word is empty, and together
    /// they are the text. Its characters are those of [`normal`](super::bpe::normal).
    ///
    /// No list of words is made, so the memory is a byte for each character, or nothing
    /// if all are ASCII. (A cut at points copies what it cuts.)
    pub fn cut(&self, text: &[u8], take: &mut dyn FnMut(&[u8])) {
        let classes: Cow<[u8]> = match text.is_ascii() {
            true => text.into(),
            false => utf8::code_points(text).map(class_of).collect(),
        };
        cut(&self.0, Stretch { text, classes: &classes }, take);
    }
}

/// Makes all cuts, one after another, in each stretch that the cuts before have made.
fn cut(cuts: &[Cut], stretch: Stretch, take: &mut dyn FnMut(&[u8])) {
    let Some((first, finer)) = cuts.split_first() else {
        if !stretch.text.is_empty() {
            take(stretch.text);
        }
        return;
    };
    let (mut at, mut rest) = (0, stretch);
    let mut end = |to: usize| {
        if to > at {
            let (before, after) = rest.split(to - at);
            cut(finer, before, take);
            (at, rest) = (to, after);
        }
    };
    let classes = stretch.classes;
    match first {
        Cut::Classes(pattern) => {
            pattern
                .find_iter(classes)
                .flat_map(|word| [word.start(), word.end()])
                .for_each(&mut end);
        }
        Cut::Words { pattern, powers } => cut_words(pattern, *powers, classes, &mut end),
        Cut::Points(pattern) => cut_points(pattern, stretch.text, &mut end),
        Cut::Threes => cut_threes(classes, &mut end),
        Cut::BeforeThrees => cut_before_threes(classes, &mut end),
    }
    end(classes.len());
}

impl<'t> Stretch<'t> {
    /// The first `n` characters, and the others.
    fn split(self, n: usize) -> (Self, Self) {
        let bytes = match self.text.len() == self.classes.len() {
            true => n,
            false => (0..n).fold(0, |at, _| at + utf8_len(self.text[at])),
        };
        let ((a, b), (c, d)) = (self.text.split_at(bytes), self.classes.split_at(n));
        (Self { text: a, classes: c }, Self { text: b, classes: d })
    }
}

impl Cut {
    fn new(rule: Rule) -> Self {
        const KNOWN: &str = "the patterns in pre/known.rs are valid: a test compiles them all";
        let classes = |pattern: &str| {
            let replace = |pattern: String, (part, with)| pattern.replace(part, with);
            let pattern = PARTS.into_iter().fold(pattern.to_owned(), replace);
            bytes::RegexBuilder::new(&pattern).unicode(false).build().expect(KNOWN)
        };
        match rule {
            Rule::Classes(pattern) => Self::Classes(classes(pattern)),
            Rule::Words(pattern) => Self::Words { pattern: classes(pattern), powers: false },
            Rule::WordsAndPowers(pattern) => {
                Self::Words { pattern: classes(pattern), powers: true }
            }
            Rule::Points(pattern) => Self::Points(RegexBuilder::new(pattern).build().expect(KNOWN)),
            Rule::Threes => Self::Threes,
            Rule::BeforeThrees => Self::BeforeThrees,
        }
    }
}

/// The class of a code point, as one byte.
fn class_of(point: u32) -> u8 {
    if point < 0x80 {
        return point as u8;
    }
    if is_whitespace(point) {
        return b'\x0b';
    }
    match Category::of(point) {
        Category::Letter if is_han(point) => HAN,
        Category::Letter => LETTER,
        Category::Unassigned if is_han(point) => HAN_UNASSIGNED,
        Category::Number => NUMBER,
        Category::Punctuation => PUNCTUATION,
        Category::Mark => MARK,
        Category::Symbol => SYMBOL,
        Category::Unassigned | Category::Separator | Category::Control => OTHER,
    }
}

/// Whether a code point lies in the Han blocks that llama.cpp has.
fn is_han(point: u32) -> bool {
    matches!(
        point,
        0x3400..=0x4dbf
            | 0x4e00..=0x9fff
            | 0xf900..=0xfaff
            | 0x20000..=0x2a6df
            | 0x2a700..=0x2b73f
            | 0x2b740..=0x2ebef
            | 0x2f800..=0x2fa1f
    )
}

/// The longest run of white space that is one word if runs are cut into powers of two.
const LARGEST: usize = 512;

/// Cuts at the matches of a pattern and, beside them, at runs of white space.
///
/// The regex crate has no look-ahead. But the last alternatives of a pattern are
/// tried last, so this function can try them where the others do not match. It
/// never backtracks, so the time is proportional to the length of the text.
fn cut_words(pattern: &bytes::Regex, powers: bool, classes: &[u8], end: &mut impl FnMut(usize)) {
    let mut at = 0;
    let mut found = pattern.find(classes);
    loop {
        let before = &classes[at..found.map_or(classes.len(), |found| found.start())];
        if let Some(skipped) = before.iter().position(|&class| is_space(class)) {
            at += skipped;
            let rest = classes[at..].iter().take(if powers { LARGEST + 1 } else { usize::MAX });
            let run = rest.take_while(|&&class| is_space(class)).count();
            // The last space before a word belongs to that word.
            let free = if at + run == classes.len() { run } else { run - 1 }.max(1);
            let len = if powers { 1 << free.min(LARGEST).ilog2() } else { free };
            end(at);
            at += len;
            end(at);
            if found.is_some_and(|found| found.start() < at) {
                found = pattern.find_at(classes, at);
            }
        } else if let Some(match_) = found {
            end(match_.start());
            end(match_.end());
            at = match_.end();
            found = pattern.find_at(classes, at);
        } else {
            break;
        }
    }
}

/// Cuts at the matches of a pattern over points.
fn cut_points(pattern: &Regex, text: &[u8], end: &mut impl FnMut(usize)) {
    let text: String = utf8::code_points(text)
        .map(|point| match char::from_u32(point) {
            Some(c) if c.is_ascii() || !c.is_whitespace() => c,
            Some(_) => '\x0b',
            // A `String` can't hold a surrogate. Every pattern that matches
            // surrogates has a range that includes U+E000 too.
            None => '\u{e000}',
        })
        .collect();
    let (mut bytes, mut at) = (0, 0);
    for byte in pattern.find_iter(&text).flat_map(|found| [found.start(), found.end()]) {
        at += text[bytes..byte].chars().count();
        bytes = byte;
        end(at);
    }
}

/// Cuts runs of numbers into groups of three. The first group may be shorter.
fn cut_threes(classes: &[u8], end: &mut impl FnMut(usize)) {
    let is_number = |&class: &u8| class == NUMBER || class.is_ascii_digit();
    let mut at = 0;
    while let Some(start) = classes[at..].iter().position(is_number) {
        at += start;
        let run = classes[at..].iter().take_while(|class| is_number(class)).count();
        let behind = at + run;
        // In llama.cpp the text before a run belongs to the run's first word.
        if run % 3 > 0 {
            at += run % 3;
            end(at);
        }
        while at < behind {
            at += 3;
            end(at);
        }
    }
}

/// Cuts before each group of three digits of a run, counted from its end.
fn cut_before_threes(classes: &[u8], end: &mut impl FnMut(usize)) {
    let mut at = 0;
    while at < classes.len() {
        let run = classes[at..].iter().take_while(|class| class.is_ascii_digit()).count();
        let behind = at + run;
        at += run % 3;
        while at < behind {
            end(at);
            at += 3;
        }
        at = behind + 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tokenizer::pre::Pre;

    /// The words that the named pre-tokenizer makes of a text.
    fn words(pre: &str, text: &str) -> Vec<String> {
        let (pre, note) = Pre::named(Some(pre));
        assert_eq!(note, None);
        cut_by(&Cutter::new(pre.rules), text)
    }

    fn cut_by(cutter: &Cutter, text: &str) -> Vec<String> {
        let mut words = Vec::new();
        cutter.cut(text.as_bytes(), &mut |word| {
            words.push(String::from_utf8(word.to_vec()).unwrap());
        });
        words
    }

    /// Patterns of ASCII alone are over classes, which is faster than over points.
    #[test]
    fn ascii_patterns_cut_alike_over_classes_and_over_points() {
        let text = "a\n\nb\u{2028}\n\u{85}\r\nc 1234567 ٣٤٥ 漢\n\n\n字\u{a0}\r\r 99\n";
        for pattern in [r"[^\n]+|\n+", r"[\r\n]", "[0-9][0-9][0-9]"] {
            let [classes, points] = [Rule::Classes(pattern), Rule::Points(pattern)]
                .map(|rule| cut_by(&Cutter::new(&[rule]), text));
            assert!(classes.len() > 3);
            assert_eq!(classes, points, "{pattern}");
        }
    }

    #[test]
    fn every_rule_compiles_and_loses_no_text() {
        let text = "It's  12345 naïve\u{a0}words,\r\n\r\n  漢字かな 👩‍👩‍👧 \u{378}\0 e\u{301}   ";
        let mut names = 0;
        for name in Pre::names() {
            assert_eq!(words(name, text).concat(), text, "{name}");
            assert!(words(name, text).iter().all(|word| !word.is_empty()), "{name}");
            assert!(words(name, "").is_empty());
            names += 1;
        }
        assert!(names > 90, "{names}");
    }

    #[test]
    fn words_follow_the_pattern() {
        assert_eq!(
            words("gpt-2", "It's 12  o'clock"),
            ["It", "'s", " 12", " ", " o", "'", "clock"]
        );
        assert_eq!(words("gpt-2", "IT'S"), ["IT", "'", "S"]);
        assert_eq!(words("llama3", "IT'S a(b)\n\nc"), ["IT", "'S", " a", "(b", ")\n\n", "c"]);
        assert_eq!(words("llama3", "1234567"), ["123", "456", "7"]);
        assert_eq!(words("qwen2", "x 12"), ["x", " ", "1", "2"]);
        assert_eq!(words("gpt-4o", "camelCase"), ["camel", "Case"]);
        assert_eq!(words("kimi-k2", "a漢b"), ["a", "漢", "b"]);
        assert_eq!(words("laguna", "a\n\nb"), ["a", "\n\n", "b"]);
    }

    #[test]
    fn the_last_space_belongs_to_the_next_word() {
        assert_eq!(words("llama3", "a   b"), ["a", "  ", " b"]);
        assert_eq!(words("llama3", "a   "), ["a", "   "]);
        assert_eq!(words("llama3", "a \n \n b"), ["a", " \n \n", " b"]);
        assert_eq!(words("llama3", "a\u{3000}\u{3000}b"), ["a", "\u{3000}", "\u{3000}b"]);
        let powers = words("jais-2", &" ".repeat(700));
        assert_eq!(powers.iter().map(String::len).collect::<Vec<_>>(), [512, 128, 32, 16, 8, 4]);
        let before = words("jais-2", &format!("{}!", " ".repeat(4)));
        assert_eq!(before, ["  ", " ", " !"]);
    }

    #[test]
    fn groups_of_three_count_from_the_end() {
        // As in llama.cpp, no word ends where a run starts.
        assert_eq!(words("tiny_aya", "1234567"), ["1", "234", "567"]);
        assert_eq!(words("superbpe", "1234567a123"), ["1", "234", "567", "a", "123"]);
    }
}
