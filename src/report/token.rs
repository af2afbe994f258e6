//! The text of a token in an answer.

use std::borrow::Cow;

use serde::Serialize;

use crate::text::{clip, quoted_bytes, visible, visible_bytes};
use crate::vocab::Token;

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct TokenText {
    /// The text that a person reads. `None` if the row has no token. Bytes that are not
    /// UTF-8 are replaced.
    pub token: Option<String>,
    /// The token's bytes in hex, only if they are not UTF-8.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token_hex: Option<String>,
}

impl From<Token> for TokenText {
    fn from(token: Token) -> Self {
        Self { token: Some(token.text), token_hex: token.bytes.as_deref().map(hex) }
    }
}

impl From<Option<Token>> for TokenText {
    fn from(token: Option<Token>) -> Self {
        token.map(Self::from).unwrap_or_default()
    }
}

impl TokenText {
    /// The token's bytes; none if the row has no token.
    pub fn bytes(&self) -> Cow<'_, [u8]> {
        bytes_of(self.token.as_deref().unwrap_or_default(), self.token_hex.as_deref())
    }

    /// The token in quotes, for a sentence. Bytes that are not UTF-8 become escapes.
    pub fn named(&self, columns: usize) -> String {
        quoted_bytes(&self.bytes(), columns)
    }

    /// The token for a program: text that can be read back to its bytes.
    pub fn exact(&self) -> Cow<'_, str> {
        match (&self.token, &self.token_hex) {
            (Some(text), None) => visible(text),
            _ => visible_bytes(&self.bytes()).into_owned().into(),
        }
    }

    /// The token in quotes, so that its spaces show; at most `columns` wide.
    pub fn quoted(&self, columns: usize) -> String {
        match (&self.token, &self.token_hex) {
            (None, _) => "(no token)".to_owned(),
            (Some(_), Some(hex)) => clip(&format!("(bytes {hex})"), columns).into_owned(),
            (Some(text), None) => crate::text::quoted(text, columns.saturating_sub(2)),
        }
    }
}

/// The bytes of a text. The text is lossy if it has its bytes in hex too.
pub fn bytes_of<'a>(text: &'a str, hex: Option<&str>) -> Cow<'a, [u8]> {
    let Some(hex) = hex else { return text.as_bytes().into() };
    let (pairs, _) = hex.as_bytes().as_chunks();
    let digit = |digit: u8| char::from(digit).to_digit(16).unwrap_or(0) as u8;
    pairs.iter().map(|&[high, low]| digit(high) << 4 | digit(low)).collect()
}

pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_shows_its_spaces_and_not_its_escapes() {
        let token = |text: &str| TokenText { token: Some(text.to_owned()), token_hex: None };
        assert_eq!(token(" cat").quoted(24), "\" cat\"");
        assert_eq!(token("\x1b[2J").quoted(24), "\"\\x1b[2J\"");
        assert_eq!(token("abcdefghij").quoted(8), "\"abcde…\"");
        let bytes =
            TokenText { token: Some("\u{fffd}".to_owned()), token_hex: Some("ff".to_owned()) };
        assert_eq!(bytes.quoted(24), "(bytes ff)");
        assert_eq!(TokenText::default().quoted(24), "(no token)");
    }
}
