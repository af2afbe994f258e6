//! What a token is by its text: its script, and whether it is a word, a piece of one, a
//! number, a sign, code, a special token or bytes.

use std::sync::LazyLock;

use regex_syntax::hir::{Class, HirKind};

use crate::named::named;
use crate::report::TokenText;
use crate::vocab::TokenType;

named! {
    /// What a token is.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum Kind {
        /// Letters after a space, or of a script that has no spaces.
        Word = "word",
        /// Letters without a space in front.
        Piece = "piece",
        Digit = "digit",
        /// Signs and spaces.
        Punctuation = "punctuation",
        /// Letters or digits together with signs.
        Code = "code",
        /// A control token, or one that the model's authors added.
        Special = "special",
        /// Bytes that are no whole characters.
        Byte = "byte",
        /// A row without a token.
        Nothing = "none",
    }
}

impl Kind {
    /// The kind of a token.
    pub(super) fn of(token: &TokenText, token_type: Option<TokenType>) -> Self {
        use TokenType::{Byte, Control, Unknown, Unused, UserDefined};
        let Some(text) = &token.token else { return Self::Nothing };
        match token_type {
            Some(Byte) => return Self::Byte,
            Some(Control | Unknown | Unused) => return Self::Special,
            Some(UserDefined) if text.chars().any(char::is_alphanumeric) => return Self::Special,
            _ => {}
        }
        if token.token_hex.is_some() {
            return Self::Byte;
        }
        let is_special = |open: char, close: char| {
            text.len() > 3 && text.starts_with(open) && text.ends_with(close)
        };
        if token_type.is_none() && (is_special('<', '>') || is_special('[', ']')) {
            return Self::Special;
        }
        Self::of_text(text)
    }

    fn of_text(text: &str) -> Self {
        let inner = text.trim();
        // Marks belong to the letter before, and a word may have an apostrophe.
        let joins = |c: char| matches!(c, '\'' | '’' | '-') || is_mark(c);
        let [mut letters, mut digits, mut signs] = [false; 3];
        for (at, c) in inner.chars().enumerate() {
            match c {
                c if c.is_alphabetic() => letters = true,
                c if c.is_numeric() => digits = true,
                c if joins(c) && at > 0 && letters => {}
                _ => signs = true,
            }
        }
        match (letters, digits, signs) {
            (true, false, false) if text.starts_with(' ') || has_no_spaces(inner) => Self::Word,
            (true, false, false) => Self::Piece,
            (false, true, false) => Self::Digit,
            (false, false, _) => Self::Punctuation,
            _ => Self::Code,
        }
    }
}

/// Whether the text is of a script that writes no spaces between words.
fn has_no_spaces(text: &str) -> bool {
    let script = text.chars().find_map(Script::of_char);
    script.is_some_and(|Script(at)| {
        matches!(SCRIPTS[at as usize].0, "Han" | "Kana" | "Thai" | "Lao" | "Khmer" | "Myanmar")
    })
}

/// The script of a token's first letter: a place in [`SCRIPTS`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Script(pub u8);

/// The scripts that are told apart, and their sets of characters. The last two are for
/// letters of other scripts, and for texts without letters.
pub(super) const SCRIPTS: [(&str, &str); 24] = [
    ("Latin", r"\p{sc=Latin}"),
    ("Cyrillic", r"\p{sc=Cyrillic}"),
    ("Greek", r"\p{sc=Greek}"),
    ("Han", r"\p{sc=Han}"),
    ("Kana", r"[\p{sc=Hiragana}\p{sc=Katakana}]"),
    ("Hangul", r"\p{sc=Hangul}"),
    ("Arabic", r"\p{sc=Arabic}"),
    ("Hebrew", r"\p{sc=Hebrew}"),
    ("Devanagari", r"\p{sc=Devanagari}"),
    ("Bengali", r"\p{sc=Bengali}"),
    ("Tamil", r"\p{sc=Tamil}"),
    ("Telugu", r"\p{sc=Telugu}"),
    ("Kannada", r"\p{sc=Kannada}"),
    ("Malayalam", r"\p{sc=Malayalam}"),
    ("Gujarati", r"\p{sc=Gujarati}"),
    ("Thai", r"\p{sc=Thai}"),
    ("Lao", r"\p{sc=Lao}"),
    ("Khmer", r"\p{sc=Khmer}"),
    ("Myanmar", r"\p{sc=Myanmar}"),
    ("Armenian", r"\p{sc=Armenian}"),
    ("Georgian", r"\p{sc=Georgian}"),
    ("Ethiopic", r"\p{sc=Ethiopic}"),
    ("other", r"\p{L}"),
    ("no letters", r"\P{L}"),
];

const OTHER: u8 = SCRIPTS.len() as u8 - 2;
const NO_LETTERS: u8 = SCRIPTS.len() as u8 - 1;

impl Script {
    pub(super) fn name(self) -> &'static str {
        SCRIPTS[self.0 as usize].0
    }

    /// The script of a token's text.
    pub(super) fn of(token: &TokenText) -> Self {
        let text = token.token.as_deref().filter(|_| token.token_hex.is_none());
        let first = text.and_then(|text| text.chars().find_map(Self::of_char));
        first.unwrap_or(Self(NO_LETTERS))
    }

    /// The script of a letter; `None` if the character is no letter.
    fn of_char(c: char) -> Option<Self> {
        if c.is_ascii() {
            return c.is_ascii_alphabetic().then_some(Self(0));
        }
        if !c.is_alphabetic() {
            return None;
        }
        let at = RANGES.partition_point(|&(_, last, _)| last < c);
        let known = RANGES.get(at).filter(|(first, ..)| *first <= c);
        Some(known.map_or(Self(OTHER), |(.., script)| *script))
    }
}

/// Each known script's ranges of characters, sorted. `regex-syntax` has the Unicode data.
static RANGES: LazyLock<Vec<(char, char, Script)>> = LazyLock::new(|| {
    let mut all = Vec::new();
    for (at, (_, set)) in (0..OTHER).zip(SCRIPTS) {
        all.extend(ranges(set).into_iter().map(|(first, last)| (first, last, Script(at))));
    }
    all.sort_unstable_by_key(|(first, ..)| *first);
    all
});

static MARKS: LazyLock<Vec<(char, char)>> = LazyLock::new(|| ranges(r"\p{M}"));

fn is_mark(c: char) -> bool {
    let at = MARKS.partition_point(|&(_, last)| last < c);
    MARKS.get(at).is_some_and(|(first, _)| *first <= c)
}

fn ranges(set: &str) -> Vec<(char, char)> {
    match regex_syntax::parse(set).map(|set| set.into_kind()) {
        Ok(HirKind::Class(Class::Unicode(set))) => {
            set.iter().map(|range| (range.start(), range.end())).collect()
        }
        other => unreachable!("{set} is a class of characters, not {other:?}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vocab::Token;

    fn token(bytes: &[u8]) -> TokenText {
        Token::from(bytes.to_vec()).into()
    }

    #[test]
    fn a_token_is_of_the_kind_that_its_text_shows() {
        for (text, kind, script) in [
            (" cat", Kind::Word, "Latin"),
            ("ing", Kind::Piece, "Latin"),
            (" don't", Kind::Word, "Latin"),
            (" кот", Kind::Word, "Cyrillic"),
            ("猫", Kind::Word, "Han"),
            ("ねこ", Kind::Word, "Kana"),
            ("हिन्दी", Kind::Piece, "Devanagari"),
            (" 2026", Kind::Digit, "no letters"),
            (" ();", Kind::Punctuation, "no letters"),
            ("\n\n", Kind::Punctuation, "no letters"),
            (".get", Kind::Code, "Latin"),
            ("x1", Kind::Code, "Latin"),
            ("ᚠ", Kind::Piece, "other"),
            ("", Kind::Punctuation, "no letters"),
        ] {
            let token = token(text.as_bytes());
            let found = (Kind::of(&token, Some(TokenType::Normal)), Script::of(&token).name());
            assert_eq!(found, (kind, script), "{text:?}");
        }
        assert_eq!(Kind::of(&token(b"\xff"), None), Kind::Byte);
        assert_eq!(Kind::of(&token(b"<s>"), Some(TokenType::Control)), Kind::Special);
        assert_eq!(Kind::of(&token(b"[UNK]"), None), Kind::Special);
        assert_eq!(Kind::of(&TokenText::default(), None), Kind::Nothing);
    }

    #[test]
    fn the_known_scripts_share_no_character() {
        assert!(RANGES.windows(2).all(|pair| pair[0].1 < pair[1].0));
    }
}
