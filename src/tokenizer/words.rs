//! Cuts a text into words by the rules of a [pre-tokenizer](super::pre).

use regex::{Regex, RegexBuilder, bytes};

use super::pre::{Rule, Spaces};
use super::unicode::{Category, is_space, is_whitespace};

/// Compiled rules.
pub(super) struct Cutter {
    cuts: Vec<Cut>,
    needs_classes: bool,
}

enum Cut {
    Classes(bytes::Regex),
    Words(bytes::Regex, Spaces),
    Points(Regex),
    Threes,
    BeforeThrees,
}

/// The bytes that stand for the classes of non-ASCII characters. White space is a
/// vertical tab.
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

/// Each category of a pattern, written as a set of these bytes.
const CATEGORIES: [(&str, &str); 6] = [
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
        for cut in &self.cuts {
            let mut finer = Vec::with_capacity(ends.len());
            let mut start = 0;
            for end in ends {
                let mut words = WordEnds { start, end: start, ends: &mut finer };
                match cut {
                    Cut::Classes(pattern) => {
                        for found in pattern.find_iter(&classes[start..end]) {
                            words.found(found.range());
                        }
                    }
                    Cut::Words(pattern, spaces) => {
                        cut_words(pattern, *spaces, &classes[start..end], &mut words);
                    }
                    Cut::Points(pattern) => cut_points(pattern, &points[start..end], &mut words),
                    Cut::Threes => cut_threes(&classes[start..end], &mut words),
                    Cut::BeforeThrees => cut_before_threes(&points[start..end], &mut words),
                }
                words.finish(end);
                start = end;
            }
            ends = finer;
        }
        ends
    }
}

/// Records the ends of words in a stretch of the text.
struct WordEnds<'e> {
    /// The start of the stretch.
    start: usize,
    /// The end of the last word.
    end: usize,
    ends: &'e mut Vec<usize>,
}

impl WordEnds<'_> {
    /// Ends a word at `at`, counted from the stretch's start, unless it is empty.
    fn end_at(&mut self, at: usize) {
        let end = self.start + at;
        if end > self.end {
            self.ends.push(end);
            self.end = end;
        }
    }

    /// Adds a word, and before it the text since the last word, if any.
    fn found(&mut self, word: std::ops::Range<usize>) {
        self.end_at(word.start);
        self.end_at(word.end);
    }

    fn finish(&mut self, end: usize) {
        self.end_at(end - self.start);
    }
}

impl Cut {
    fn new(rule: Rule) -> Self {
        const KNOWN: &str = "the patterns in pre/known.rs are valid: a test compiles them all";
        let classes = |pattern: &str| {
            let mut pattern = pattern.to_owned();
            for (category, class) in CATEGORIES {
                pattern = pattern.replace(category, class);
            }
            bytes::RegexBuilder::new(&pattern).unicode(false).build().expect(KNOWN)
        };
        match rule {
            Rule::Classes(pattern) => Self::Classes(classes(pattern)),
            Rule::Words(pattern, spaces) => Self::Words(classes(pattern), spaces),
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

/// Cuts at the matches of a pattern that ends with `|\s+(?!\S)|\s+`, or the like.
///
/// The regex crate has no look-ahead. But the last alternatives of a pattern are
/// tried last, so this function can try them where the others do not match. It
/// never backtracks, so the time is proportional to the length of the text.
fn cut_words(pattern: &bytes::Regex, spaces: Spaces, classes: &[u8], words: &mut WordEnds<'_>) {
    let mut at = 0;
    let mut found = pattern.find(classes);
    loop {
        let before = &classes[at..found.map_or(classes.len(), |found| found.start())];
        if let Some(skipped) = before.iter().position(|&class| is_space(class)) {
            at += skipped;
            let len = spaces.take(&classes[at..]);
            words.found(at..at + len);
            at += len;
            if found.is_some_and(|found| found.start() < at) {
                found = pattern.find_at(classes, at);
            }
        } else if let Some(match_) = found {
            words.found(match_.range());
            at = match_.end();
            found = pattern.find_at(classes, at);
        } else {
            break;
        }
    }
}

impl Spaces {
    /// The length of the first word of a text that starts with white space.
    fn take(self, classes: &[u8]) -> usize {
        let longest = match self {
            Self::Run => classes.len(),
            Self::Powers => classes.len().min(513),
        };
        let run = classes[..longest].iter().take_while(|&&class| is_space(class)).count();
        // The last space before a word belongs to that word.
        let free = if run == classes.len() { run } else { run - 1 };
        match self {
            Self::Run => free.max(1),
            Self::Powers => {
                let powers = [512, 256, 128, 64, 32, 16, 8, 4, 2];
                powers.into_iter().find(|&power| power <= free).unwrap_or(1)
            }
        }
    }
}

/// Cuts at the matches of a pattern over points.
fn cut_points(pattern: &Regex, points: &[u32], words: &mut WordEnds<'_>) {
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
        let start = points_up_to(found.start());
        words.found(start..points_up_to(found.end()));
    }
}

/// Cuts runs of numbers into groups of three. The first group may be shorter.
fn cut_threes(classes: &[u8], words: &mut WordEnds<'_>) {
    let is_number = |&class: &u8| class == NUMBER || class.is_ascii_digit();
    let mut at = 0;
    while let Some(start) = classes[at..].iter().position(is_number) {
        at += start;
        let run = classes[at..].iter().take_while(|class| is_number(class)).count();
        let end = at + run;
        // In llama.cpp the text before a run belongs to the run's first word.
        if run % 3 > 0 {
            at += run % 3;
            words.end_at(at);
        }
        while at < end {
            at += 3;
            words.end_at(at);
        }
    }
}

/// Cuts before each group of three digits of a run, counted from its end.
fn cut_before_threes(points: &[u32], words: &mut WordEnds<'_>) {
    let is_digit = |&point: &u32| char::from_u32(point).is_some_and(|c| c.is_ascii_digit());
    let mut at = 0;
    while at < points.len() {
        let run = points[at..].iter().take_while(|point| is_digit(point)).count();
        let end = at + run;
        at += run % 3;
        while at < end {
            words.end_at(at);
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
