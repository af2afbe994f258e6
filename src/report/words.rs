//! Words that more than one form has.

use crate::answer::{TokenText, TourHead};
use crate::text::{clip, visible};

/// A token in quotes, so that its spaces show; at most `columns` wide.
pub(crate) fn quoted(token: &TokenText, columns: usize) -> String {
    match &token.token {
        None => "(no token)".to_owned(),
        Some(text) => {
            let text = visible(text);
            match &token.token_hex {
                None => format!("\"{}\"", clip(&text, columns.saturating_sub(2))),
                Some(hex) => clip(&format!("(bytes {hex})"), columns).into_owned(),
            }
        }
    }
}

/// What the numbers depend on besides the file.
pub(super) fn drawn(head: &TourHead) -> String {
    let architecture = match &head.architecture {
        Some(architecture) => format!("architecture {}; ", visible(architecture)),
        None => String::new(),
    };
    format!("{architecture}what is drawn by chance is drawn from seed {}", head.seed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_shows_its_spaces_and_not_its_escapes() {
        let token = |text: &str| TokenText { token: Some(text.to_owned()), token_hex: None };
        assert_eq!(quoted(&token(" cat"), 24), "\" cat\"");
        assert_eq!(quoted(&token("\x1b[2J"), 24), "\"\\x1b[2J\"");
        assert_eq!(quoted(&token("abcdefghij"), 8), "\"abcde…\"");
        let bytes =
            TokenText { token: Some("\u{fffd}".to_owned()), token_hex: Some("ff".to_owned()) };
        assert_eq!(quoted(&bytes, 24), "(bytes ff)");
        assert_eq!(quoted(&TokenText { token: None, token_hex: None }, 24), "(no token)");
    }
}
