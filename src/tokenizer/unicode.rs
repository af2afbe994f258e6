//! Unicode character properties as llama.cpp has them: version 15.1.

use std::sync::LazyLock;

use regex_syntax::hir::{Class, HirKind};

/// The first letter of a character's general category.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Category {
    /// Not assigned in Unicode 15.1.
    Unassigned,
    /// `\p{N}`
    Number,
    /// `\p{L}`
    Letter,
    /// `\p{Z}`
    Separator,
    /// `\p{M}`
    Mark,
    /// `\p{P}`
    Punctuation,
    /// `\p{S}`
    Symbol,
    /// `\p{C}` without unassigned: controls, formats, surrogates, private use.
    Control,
}

/// The first and the last character of each run with one category, sorted.
/// `regex-syntax` has the Unicode data; its version is newer, so the age of a
/// character counts too.
static RUNS: LazyLock<Vec<(char, char, Category)>> = LazyLock::new(|| {
    use Category::{Control, Letter, Mark, Number, Punctuation, Separator, Symbol};
    let sets = [
        (r"\p{N}", Number),
        (r"\p{L}", Letter),
        (r"\p{Z}", Separator),
        (r"\p{M}", Mark),
        (r"\p{P}", Punctuation),
        (r"\p{S}", Symbol),
        (r"[\p{Cc}\p{Cf}\p{Co}]", Control),
    ];
    let mut runs = Vec::new();
    for (set, category) in sets {
        let set = format!(r"[{set}&&\p{{Age:15.1}}]");
        match regex_syntax::parse(&set).expect("the set is well-formed").into_kind() {
            HirKind::Class(Class::Unicode(set)) => {
                runs.extend(set.iter().map(|run| (run.start(), run.end(), category)));
            }
            other => unreachable!("a set is a class, not {other:?}"),
        }
    }
    runs.sort_unstable_by_key(|(start, ..)| *start);
    runs
});

impl Category {
    /// The category of a code point, which may be a surrogate or above U+10FFFF.
    pub fn of(point: u32) -> Self {
        let Some(c) = char::from_u32(point) else {
            return if point <= char::MAX.into() { Self::Control } else { Self::Unassigned };
        };
        let at = RUNS.partition_point(|&(_, last, _)| last < c);
        match RUNS.get(at) {
            Some(&(first, _, category)) if first <= c => category,
            _ => Self::Unassigned,
        }
    }
}
/// `\s`: Unicode's property White_Space.
pub(super) fn is_whitespace(point: u32) -> bool {
    char::from_u32(point).is_some_and(char::is_whitespace)
}

/// ASCII white space as in C's `isspace`, which includes the vertical tab.
pub(super) fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t'..=b'\r')
}

/// The lower case of a code point; if that has several characters, the first.
pub(super) fn lower(point: u32) -> u32 {
    match char::from_u32(point) {
        // The standard library may have a newer Unicode version than 15.1.
        Some(c) if Category::of(point) != Category::Unassigned => {
            c.to_lowercase().next().map_or(point, u32::from)
        }
        _ => point,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn categories_are_those_of_15_1() {
        let of = |c: char| Category::of(c.into());
        assert_eq!(of('\0'), Category::Control);
        assert_eq!(of('a'), Category::Letter);
        assert_eq!(of('²'), Category::Number);
        assert_eq!(of('\u{301}'), Category::Mark);
        assert_eq!(of('\u{3000}'), Category::Separator);
        assert_eq!(of('\u{2ffc}'), Category::Symbol, "new in 15.1");
        assert_eq!(of('\u{1c89}'), Category::Unassigned, "new in 16");
        assert_eq!(of('\u{10ffff}'), Category::Unassigned);
        assert_eq!(Category::of(0xd800), Category::Control);
        assert_eq!(lower('İ'.into()), u32::from('i'));
        assert_eq!(lower(0x1c89), 0x1c89);
    }

    /// The number of characters in each category is that of Unicode 15.1.
    #[test]
    fn a_newer_unicode_version_changes_no_category() {
        use Category::*;
        let counts =
            [Number, Letter, Separator, Mark, Punctuation, Symbol, Control].map(|category| {
                (0..=char::MAX.into()).filter(|&point| Category::of(point) == category).count()
            });
        assert_eq!(counts, [1831, 136_726, 19, 2450, 842, 7775, 139_751]);
    }
}
