//! Byte-pair encoding that drops all white space.

use super::bpe::{Bpe, points};
use super::settings::Settings;
use super::token_index::TokenIndex;
use super::unicode::{is_whitespace, lower};
use super::{Family, Fragment, Result, Work, utf8};

/// The family `whitespace`: it encodes each part between white space separately.
pub(super) struct White {
    bpe: Bpe,
    lowercase: bool,
}

impl White {
    pub fn new(bpe: Bpe, settings: &Settings) -> Self {
        Self { bpe, lowercase: settings.lowercase }
    }
}

impl Family for White {
    fn encode(
        &self,
        vocabulary: &TokenIndex,
        text: Fragment,
        work: &mut Work,
        ids: &mut Vec<u32>,
    ) -> Result<()> {
        let text = self.bpe.escaped(text.bytes);
        for words in points(&text).collect::<Vec<_>>().split(|&point| is_whitespace(point)) {
            let mut text = Vec::with_capacity(words.len());
            for &point in words {
                utf8::encode(if self.lowercase { lower(point) } else { point }, &mut text);
            }
            self.bpe.encode_text(vocabulary, &text, work, ids);
        }
        Ok(())
    }
}
