//! Unicode character properties as llama.cpp has them: version 15.1.

use super::unicode_data::RUNS;

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
    /// `\p{C}` without unassigned characters: controls, formats, surrogates, private
    /// use.
    Control,
}

impl Category {
    /// The category of a code point, which may be a surrogate.
    pub fn of(point: u32) -> Self {
        use Category::*;
        const BY_NUMBER: [Category; 8] =
            [Unassigned, Number, Letter, Separator, Mark, Punctuation, Symbol, Control];
        let after = RUNS.partition_point(|&run| run >> 3 <= point);
        // The first run starts at 0, so `after` is at least 1.
        BY_NUMBER[(RUNS[after - 1] & 7) as usize]
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
}
