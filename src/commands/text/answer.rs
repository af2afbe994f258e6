//! The answer of `tokens --text` and how it looks: the text, its tokens, their IDs.

use std::borrow::Cow;
use std::io::Write;

use anyhow::Result;
use serde::Serialize;

use crate::report::{Answer, Cell, Column, Form, Page, Records, TOKEN_WIDTH, TokenText, bytes_of};
use crate::text::{counted, quoted_bytes};

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TextInput {
    /// The text. Bytes that are not UTF-8 are replaced.
    pub text: String,
    /// Its bytes in hex, only if they are not UTF-8.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text_hex: Option<String>,
    #[serde(skip)]
    pub bytes: u64,
    /// The token that the model added in front.
    #[serde(skip)]
    pub in_front: Option<TokenText>,
    /// The token that the model added behind.
    #[serde(skip)]
    pub behind: Option<TokenText>,
    /// Whether the tokenizer put a space in front of the text, or after a special token.
    #[serde(skip)]
    pub adds_space: bool,
}

impl TextInput {
    pub fn exact(&self) -> Cow<'_, [u8]> {
        bytes_of(&self.text, self.text_hex.as_deref())
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TextReport {
    #[serde(flatten)]
    pub input: TextInput,
    pub ids: Vec<u64>,
    pub tokens: Vec<TextToken>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TextToken {
    pub id: u64,
    #[serde(flatten)]
    pub token: TokenText,
    #[serde(rename = "type")]
    pub token_type: Option<&'static str>,
}

/// Writes tokens as records.
pub(in crate::commands) fn token_records(
    tokens: &[TextToken],
    out: &mut dyn Records,
) -> Result<()> {
    out.header(&["#id", "token", "type"].map(Column::of))?;
    tokens.iter().try_for_each(|token| {
        let token_type = Cell::word(token.token_type);
        out.record(&[Cell::Number(token.id), Cell::Token(&token.token), token_type])
    })
}

impl Answer for TextReport {
    fn records(&self, out: &mut dyn Records) -> Result<()> {
        token_records(&self.tokens, out)
    }

    fn table(&self, page: &mut Page) -> Result<()> {
        let n = self.ids.len() as u64;
        let shown = shown(&self.input, page.width().saturating_sub(8));
        let (size, tokens) = (size(&self.input), counted(n, "token"));
        writeln!(page, "text    {shown}\n        {size}\n  ▼\ntokens  {tokens}")?;
        if n > 0 {
            writeln!(page)?;
            token_grid(&self.tokens, page)?;
        }
        added(&self.input).map_or(Ok(()), |added| page.paragraph(&added))
    }

    fn notes(&self) -> &[String] {
        &self.notes
    }

    fn tells_notes(&self, form: Form) -> bool {
        form == Form::Json
    }
}

/// Prints tokens, one a line.
pub(in crate::commands) fn token_grid(tokens: &[TextToken], page: &mut Page) -> Result<()> {
    let token_width = TOKEN_WIDTH.max(page.width().saturating_sub(32));
    let rows = tokens.iter().enumerate().map(|(position, token)| {
        let token_type = token.token_type.unwrap_or("-").to_owned();
        let (position, id) = (position.to_string(), token.id.to_string());
        [position, id, token_type, token.token.quoted(token_width)]
    });
    page.grid(&["#position", "#ID", "type", "token"].map(Column::of), rows)
}

/// A text in quotes, at most `columns` wide.
pub(in crate::commands) fn shown(input: &TextInput, columns: usize) -> String {
    quoted_bytes(&input.exact(), columns.saturating_sub(2))
}

/// A phrase for the length of a text.
pub(in crate::commands) fn size(input: &TextInput) -> String {
    let bytes = counted(input.bytes, "byte");
    if input.text_hex.is_some() {
        return format!("{bytes}, not all of them UTF-8: what is not is shown as \u{fffd}");
    }
    format!("{bytes}, {}", counted(input.text.chars().count() as u64, "character"))
}

/// A sentence on the tokens that the model added around a text, and on the space in
/// front.
pub(in crate::commands) fn added(input: &TextInput) -> Option<String> {
    let name = |token: &TokenText| token.quoted(TOKEN_WIDTH);
    let front = input.in_front.as_ref().map(name);
    let behind = input.behind.as_ref().map(name);
    let added = match (front, behind) {
        (Some(front), Some(behind)) => Some(format!("{front} in front and {behind} behind are")),
        (Some(front), None) => Some(format!("{front} in front is")),
        (None, Some(behind)) => Some(format!("{behind} behind is")),
        (None, None) => None,
    };
    let added = added
        .map(|added| format!("{added} put there by the model: --no-bos leaves that out"))
        .into_iter();
    let space = input.adds_space.then(|| {
        "the tokenizer puts a space in front of a text, also after a special token".to_owned()
    });
    let told: Vec<String> = added.chain(space).collect();
    (!told.is_empty()).then(|| told.join("; "))
}
