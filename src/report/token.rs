//! A token as an answer names it.

use serde::Serialize;

use crate::text::clip;
use crate::vocab::Token;

/// The text of a token.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct TokenText {
    /// The text a person reads; `None` where the row has no token. Bytes that are
    /// not UTF-8 are replaced.
    pub token: Option<String>,
    /// The token's bytes in hex, only where they are not UTF-8.
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
    /// The token in quotes, so that its spaces show; at most `columns` wide.
    pub fn quoted(&self, columns: usize) -> String {
        match (&self.token, &self.token_hex) {
            (None, _) => "(no token)".to_owned(),
            (Some(_), Some(hex)) => clip(&format!("(bytes {hex})"), columns).into_owned(),
            (Some(text), None) => crate::text::quoted(text, columns.saturating_sub(2)),
        }
    }
}

/// Bytes as two hex digits each.
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
