//! The answer of `tokens --ids` and how it looks: the tokens, then their text.

use std::borrow::Cow;
use std::io::Write;

use anyhow::Result;
use serde::Serialize;

use crate::commands::text::TextToken;
use crate::commands::text::answer::{token_grid, token_records};
use crate::report::{Answer, Page, Records, TOKEN_WIDTH, bytes_of};
use crate::text::{counted, quoted_bytes};

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct DecodeReport {
    pub ids: Vec<u64>,
    pub tokens: Vec<TextToken>,
    #[serde(flatten)]
    pub text: DecodedText,
    /// The IDs that the model adds around a text. They are left out of the text.
    pub left_out: Vec<u64>,
    /// Whether the model's tokenizer turns the text into the same IDs. `None` if it
    /// can't encode the text.
    pub gives_ids: Option<bool>,
    /// The IDs that the text gives, if they are others.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub again: Option<Vec<u64>>,
    /// The first token that differs, if there is one.
    #[serde(skip)]
    pub other: Option<TextToken>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct DecodedText {
    /// The text. Bytes that are not UTF-8 are replaced.
    pub text: String,
    /// Its bytes in hex, only if they are not UTF-8.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text_hex: Option<String>,
    #[serde(skip)]
    pub n_bytes: u64,
}

impl DecodedText {
    fn exact(&self) -> Cow<'_, [u8]> {
        bytes_of(&self.text, self.text_hex.as_deref())
    }
}

/// The column where texts begin.
const INDENT: usize = 8;

impl Answer for DecodeReport {
    fn records(&self, out: &mut dyn Records) -> Result<()> {
        token_records(&self.tokens, out)
    }

    fn table(&self, page: &mut Page) -> Result<()> {
        token_grid(&self.tokens, page)?;
        writeln!(page)?;
        let columns = page.width() - INDENT;
        let text = quoted_bytes(&self.text.exact(), columns - 2);
        writeln!(page, "{:INDENT$}{text}", "text")?;
        let bytes = counted(self.text.n_bytes, "byte");
        let size = match &self.text.text_hex {
            Some(_) => format!("{bytes}, not all of them UTF-8: some of a character are missing"),
            None => {
                let n = self.text.text.chars().count() as u64;
                format!("{bytes}, {}", counted(n, "character"))
            }
        };
        page.labelled(INDENT, "", &size)?;
        if !self.left_out.is_empty() {
            let named: Vec<String> = self.left_out.iter().map(|id| self.named(*id)).collect();
            let are = if named.len() == 1 { "is" } else { "are" };
            let named = named.join(" and ");
            let line = format!("{named} {are} not part of it: the model adds that around a text");
            page.labelled(INDENT, "", &line)?;
        }
        match (self.gives_ids, &self.again) {
            (Some(true), _) => page.labelled(INDENT, "again", "yes: the text gives these IDs"),
            (_, Some(again)) => page.labelled(INDENT, "again", &self.difference(again)),
            _ => Ok(()),
        }
    }

    fn notes(&self) -> &[String] {
        &self.notes
    }
}

impl DecodeReport {
    fn named(&self, id: u64) -> String {
        let token = self.tokens.iter().find(|token| token.id == id);
        token.map_or_else(String::new, |token| token.token.quoted(TOKEN_WIDTH))
    }

    /// How the IDs that the text gives differ.
    fn difference(&self, again: &[u64]) -> String {
        let n = counted(again.len() as u64, "token");
        let at = again.iter().zip(&self.ids).take_while(|(a, b)| a == b).count();
        let named = |token: &TextToken| format!("{} {}", token.id, token.token.quoted(TOKEN_WIDTH));
        match (&self.other, self.tokens.get(at)) {
            (Some(there), Some(here)) => format!(
                "no: the text gives {n}; the first that differs is at position {at}: {} for {}",
                named(there),
                named(here)
            ),
            _ => format!("no: the text gives {n}, the same up to position {at}"),
        }
    }
}
