//! The answer of `tokens --text` and how it looks: the text, its tokens, their IDs.

use std::borrow::Cow;
use std::fmt;
use std::io::Write;
use std::result::Result as StdResult;
use std::sync::{Arc, OnceLock};

use anyhow::{Context, Result};
use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};

use crate::report::{
    Cell, Column, Fitted, Grid, List, Notes, Page, Records, TOKEN_WIDTH, TokenText, hex,
};
use crate::text::{counted, quoted_bytes};

/// A text that is tokenized. Its JSON has `text`, in which bytes that are not UTF-8 are
/// replaced, and `text_hex`, its bytes, only if they are not UTF-8.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TextInput {
    pub bytes: Vec<u8>,
    /// The token that the model added in front.
    pub in_front: Option<TokenText>,
    /// The token that the model added behind.
    pub behind: Option<TokenText>,
    /// Whether the tokenizer put a space in front of the text, or after a special token.
    pub adds_space: bool,
}

/// The text is written piece by piece: it may be long.
impl Serialize for TextInput {
    fn serialize<S: Serializer>(&self, serializer: S) -> StdResult<S::Ok, S::Error> {
        let is_text = self.as_text().is_some();
        let mut fields = serializer.serialize_struct("TextInput", if is_text { 1 } else { 2 })?;
        fields.serialize_field("text", &Lossy(&self.bytes))?;
        if !is_text {
            fields.serialize_field("text_hex", &Hex(&self.bytes))?;
        }
        fields.end()
    }
}

struct Lossy<'t>(&'t [u8]);
struct Hex<'t>(&'t [u8]);

impl fmt::Display for Lossy<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.utf8_chunks().try_for_each(|chunk| {
            f.write_str(chunk.valid())?;
            f.write_str(if chunk.invalid().is_empty() { "" } else { "\u{fffd}" })
        })
    }
}

impl fmt::Display for Hex<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.chunks(1 << 10).try_for_each(|bytes| f.write_str(&hex(bytes)))
    }
}

impl Serialize for Lossy<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> StdResult<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl Serialize for Hex<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> StdResult<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl TextInput {
    /// The text, if its bytes are UTF-8.
    fn as_text(&self) -> Option<&str> {
        std::str::from_utf8(&self.bytes).ok()
    }
}

/// A text and its token IDs; the items are the tokens.
#[derive(Debug, Serialize)]
pub struct TextHead {
    #[serde(flatten)]
    pub input: TextInput,
    #[serde(serialize_with = "list")]
    pub ids: Arc<Vec<u32>>,
    /// The first tokens, on which the columns of the table are fitted.
    #[serde(skip)]
    pub first: Vec<TextToken>,
    #[serde(skip)]
    pub columns: OnceLock<Fitted>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TextToken {
    pub id: u64,
    #[serde(flatten)]
    pub token: TokenText,
    #[serde(rename = "type")]
    pub token_type: Option<&'static str>,
}

fn list<S: Serializer>(ids: &[u32], serializer: S) -> StdResult<S::Ok, S::Error> {
    ids.serialize(serializer)
}

const COLUMNS: [&str; 3] = ["#id", "token", "type"];

fn record(token: &TextToken, out: &mut dyn Records) -> Result<()> {
    let token_type = Cell::word(token.token_type);
    out.record(&[Cell::Number(token.id), Cell::Token(&token.token), token_type])
}

/// Writes tokens as records.
pub(in crate::commands) fn token_records(
    tokens: &[TextToken],
    out: &mut dyn Records,
) -> Result<()> {
    out.header(&COLUMNS.map(Column::of))?;
    tokens.iter().try_for_each(|token| record(token, out))
}

impl List for TextHead {
    type Item = TextToken;

    const ITEMS: &'static str = "tokens";
    const NOTES: Notes = Notes::InJson;
    const LINE_BY_LINE: bool = true;

    fn columns(&self) -> Vec<Column<'_>> {
        COLUMNS.map(Column::of).to_vec()
    }

    fn records(&self, token: &TextToken, out: &mut dyn Records) -> Result<()> {
        record(token, out)
    }

    fn table_head(&self, page: &mut Page) -> Result<()> {
        let n = self.ids.len() as u64;
        let shown = shown(&self.input, page.width().saturating_sub(8));
        let (size, tokens) = (size(&self.input), counted(n, "token"));
        writeln!(page, "text    {shown}\n        {size}\n  ▼\ntokens  {tokens}")?;
        if n == 0 {
            return Ok(());
        }
        writeln!(page)?;
        let mut grid = Grid::new(&GRID.map(Column::of));
        for (position, token) in (0..).zip(&self.first) {
            grid.row(cells(position, token, page));
        }
        // The largest numbers may be in lines that come later.
        let id = self.ids.iter().max().copied().unwrap_or_default();
        grid.measure(&[(n - 1).to_string(), id.to_string()]);
        for line in grid.lines().take(2) {
            writeln!(page, "{}", line.trim_end())?;
        }
        self.columns.get_or_init(|| grid.fitted());
        Ok(())
    }

    fn table_item(&self, nth: usize, token: &TextToken, page: &mut Page) -> Result<()> {
        let columns = self.columns.get().context("a token before the head")?;
        let mut line = columns.line(cells(nth as u64, token, page));
        line.push('\n');
        Ok(page.write_all(line.as_bytes())?)
    }

    fn table_end(&self, page: &mut Page) -> Result<()> {
        added(&self.input).map_or(Ok(()), |added| page.paragraph(&added))
    }
}

const GRID: [&str; 4] = ["#position", "#ID", "type", "token"];

fn cells(position: u64, token: &TextToken, page: &Page) -> [Cow<'static, str>; 4] {
    let token_width = TOKEN_WIDTH.max(page.width().saturating_sub(32));
    let [position, id] = [position, token.id].map(|number| Cow::Owned(number.to_string()));
    let token_type = Cow::Borrowed(token.token_type.unwrap_or("-"));
    [position, id, token_type, token.token.quoted(token_width).into()]
}

/// Prints tokens, one a line.
pub(in crate::commands) fn token_grid(tokens: &[TextToken], page: &mut Page) -> Result<()> {
    let rows: Vec<_> = (0..).zip(tokens).map(|(at, token)| cells(at, token, page)).collect();
    page.grid(&GRID.map(Column::of), rows)
}

/// A text in quotes, at most `columns` wide.
pub(in crate::commands) fn shown(input: &TextInput, columns: usize) -> String {
    // A column has at most three characters: one, and two marks on it.
    let most = 16 * (columns + 2);
    let near = input.bytes.get(most).map(|_| most);
    let cut = near.map(|at| (0..at).rev().find(|&at| input.bytes[at] & 0xc0 != 0x80).unwrap_or(at));
    quoted_bytes(&input.bytes[..cut.unwrap_or(input.bytes.len())], columns.saturating_sub(2))
}

/// A phrase for the length of a text.
pub(in crate::commands) fn size(input: &TextInput) -> String {
    let bytes = counted(input.bytes.len() as u64, "byte");
    match input.as_text() {
        Some(text) => format!("{bytes}, {}", counted(text.chars().count() as u64, "character")),
        None => format!("{bytes}, not all of them UTF-8: what is not is shown as \u{fffd}"),
    }
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
