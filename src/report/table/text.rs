//! A text from top to bottom: the text, its tokens, their IDs.

use std::io::Write;

use anyhow::Result;

use super::super::Style;
use super::super::number::grouped;
use super::super::words::quoted;
use super::{TOKEN_WIDTH, align_right, grid, paragraph, print};
use crate::answer::{TextInput, TextReport, TokenText};
use crate::text::quoted_bytes;

pub(super) fn write(report: &TextReport, style: &Style, out: &mut dyn Write) -> Result<()> {
    let n = report.ids.len();
    writeln!(out, "text    {}", shown(&report.input, style.width.saturating_sub(8)))?;
    writeln!(out, "        {}", size(&report.input))?;
    writeln!(out, "  ▼")?;
    let tokens =
        if n == 1 { "1 token".to_owned() } else { format!("{} tokens", grouped(n as u64)) };
    writeln!(out, "tokens  {tokens}")?;
    if n > 0 {
        writeln!(out)?;
        let mut table = grid(["position", "ID", "type", "token"]);
        for (position, token) in report.tokens.iter().enumerate() {
            table.add_row([
                position.to_string(),
                token.id.to_string(),
                token.token_type.unwrap_or("-").to_owned(),
                quoted(&token.token, TOKEN_WIDTH.max(style.width.saturating_sub(32))),
            ]);
        }
        align_right(&mut table, [0, 1]);
        print(&table, out)?;
    }
    let tokens: Vec<_> = report.tokens.iter().map(|token| &token.token).collect();
    if let Some(added) = added(&report.input, &tokens) {
        paragraph(&added, style, out)?;
    }
    Ok(())
}

/// A text in quotes, at most `columns` wide.
pub(super) fn shown(input: &TextInput, columns: usize) -> String {
    quoted_bytes(&input.exact(), columns.saturating_sub(2))
}

/// How long a text is.
pub(super) fn size(input: &TextInput) -> String {
    let bytes = match input.bytes {
        1 => "1 byte".to_owned(),
        n => format!("{} bytes", grouped(n)),
    };
    if input.text_hex.is_some() {
        return format!("{bytes}, not all of them UTF-8: a byte that is not is shown as \\xHH");
    }
    match input.text.chars().count() as u64 {
        1 => format!("{bytes}, 1 character"),
        n => format!("{bytes}, {} characters", grouped(n)),
    }
}

/// What the model put around a text, if anything; `tokens` are those of all.
pub(super) fn added(input: &TextInput, tokens: &[&TokenText]) -> Option<String> {
    let name = |token: &&TokenText| quoted(token, TOKEN_WIDTH);
    let front = tokens.first().filter(|_| input.in_front > 0).map(name);
    let behind = tokens.last().filter(|_| input.behind > 0).map(name);
    let added = match (front, behind) {
        (Some(front), Some(behind)) => format!("{front} in front and {behind} behind are"),
        (Some(front), None) => format!("{front} in front is"),
        (None, Some(behind)) => format!("{behind} behind is"),
        (None, None) => return None,
    };
    Some(format!("{added} put there by the model: --no-bos leaves that out"))
}
