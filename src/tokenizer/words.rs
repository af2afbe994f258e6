//! Cuts a text into words by the rules of a [pre-tokenizer](super::pre).

use regex::{Regex, RegexBuilder, bytes};

use super::pre::Rule;
use super::unicode::{Category, is_space, is_whitespace};

pub(super) struct Cutter {
    cuts: Vec<Cut>,
    needs_classes: bool,
}

enum Cut {
    Classes(bytes::Regex),
    Words { pattern: bytes::Regex, powers: bool },
    Points(Regex),
    Threes,
    BeforeThrees,
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
        let cuts: Vec<Cut> = rules.iter().map(|rule| Cut::new(*rule)).collect();
        let needs_classes =
            cuts.iter().any(|cut| !matches!(cut, Cut::Points(_) | Cut::BeforeThrees));
        Self { cuts, needs_classes }
    }

    /// Cuts a text into words and returns their ends, in order. The last end is the
    /// end of the text. No word is empty.
    pub fn cut(&self, points: &[u32]) -> Vec<usize> {
        let classes = match self.needs_classes {
            true => points.iter().map(|&point| class_of(point)).collect(),
            false => Vec::new(),
        };
        let mut ends = vec![points.len()];
        // The starts and ends of words in a stretch, counted from its start.
        let mut found = Vec::new();
        for cut in &self.cuts {
            let mut finer: Vec<usize> = Vec::with_capacity(ends.len());
            let mut start = 0;
            for end in ends {
                let (classes, points) = (classes.get(start..end), &points[start..end]);
                let classes = classes.unwrap_or_default();
                match cut {
                    Cut::Classes(pattern) => {
                        let words = pattern.find_iter(classes);
                        found.extend(words.flat_map(|word| [word.start(), word.end()]));
                    }
                    Cut::Words { pattern, powers } => {
                        cut_words(pattern, *powers, classes, &mut found);
                    }
                    Cut::Points(pattern) => cut_points(pattern, points, &mut found),
                    Cut::Threes => cut_threes(classes, &mut found),
                    Cut::BeforeThrees => cut_before_threes(points, &mut found),
                }
                for at in found.drain(..).chain([end - start]) {
                    // No word is empty.
                    if start + at > finer.last().copied().unwrap_or(0) {
                        finer.push(start + at);
                    }
                }
                start = end;
            }
            ends = finer;
        }
        ends
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
fn cut_words(pattern: &bytes::Regex, powers: bool, classes: &[u8], cuts: &mut Vec<usize>) {
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
            cuts.extend([at, at + len]);
            at += len;
            if found.is_some_and(|found| found.start() < at) {
                found = pattern.find_at(classes, at);
            }
        } else if let Some(match_) = found {
            cuts.extend([match_.start(), match_.end()]);
            at = match_.end();
            found = pattern.find_at(classes, at);
        } else {
            break;
        }
    }
}

/// Cuts at the matches of a pattern over points.
fn cut_points(pattern: &Regex, points: &[u32], cuts: &mut Vec<usize>) {
    let text: String = points
        .iter()
        .map(|&point| match char::from_u32(point) {
            Some(c) if c.is_ascii() || !c.is_whitespace() => c,
            Some(_) => '\x0b',
            // A `String` can't hold a surrogate. Every pattern that matches
            // surrogates has a range that includes U+E000 too.
            None => '\u{e000}',
        })
        .collect();
    let (mut bytes, mut at) = (0, 0);
    let mut points_up_to = |byte: usize| {
        at += text[bytes..byte].chars().count();
        bytes = byte;
        at
    };
    for found in pattern.find_iter(&text) {
        cuts.extend([points_up_to(found.start()), points_up_to(found.end())]);
    }
}

/// Cuts runs of numbers into groups of three. The first group may be shorter.
fn cut_threes(classes: &[u8], cuts: &mut Vec<usize>) {
    let is_number = |&class: &u8| class == NUMBER || class.is_ascii_digit();
    let mut at = 0;
    while let Some(start) = classes[at..].iter().position(is_number) {
        at += start;
        let run = classes[at..].iter().take_while(|class| is_number(class)).count();
        let end = at + run;
        // In llama.cpp the text before a run belongs to the run's first word.
        if run % 3 > 0 {
            at += run % 3;
            cuts.push(at);
        }
        while at < end {
            at += 3;
            cuts.push(at);
        }
    }
}

/// Cuts before each group of three digits of a run, counted from its end.
fn cut_before_threes(points: &[u32], cuts: &mut Vec<usize>) {
    let is_digit = |&point: &u32| char::from_u32(point).is_some_and(|c| c.is_ascii_digit());
    let mut at = 0;
    while at < points.len() {
        let run = points[at..].iter().take_while(|point| is_digit(point)).count();
        let end = at + run;
        at += run % 3;
        while at < end {
            cuts.push(at);
            at += 3;
        }
        at = end + 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tokenizer::pre::Pre;

    /// The words that the named pre-tokenizer makes of a text.
    fn words(pre: &str, text: &str) -> Vec<String> {
        let points: Vec<u32> = text.chars().map(u32::from).collect();
        let (pre, note) = Pre::named(Some(pre));
        assert_eq!(note, None);
        let mut start = 0;
        let ends = Cutter::new(pre.rules).cut(&points);
        let word = |end| {
            let word = points[start..end].iter().map(|&point| char::from_u32(point).unwrap());
            start = end;
            word.collect()
        };
        ends.into_iter().map(word).collect()
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
