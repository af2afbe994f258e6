//! Token IDs as people type them: numbers, ranges, texts, a list on standard
//! input.

use std::io::Read;

use anyhow::{Context, Result, bail, ensure};

use super::{by_text, model};
use crate::embedding::Table;

/// As many IDs as one call takes.
const MAX_IDS: u64 = 1 << 20;

/// As much of standard input as is read for them.
const MAX_STDIN: u64 = 16 << 20;

/// The IDs that some arguments name, in order, repeats and all, each in range;
/// those of `texts`, which are never numbers, come last. What a reader should
/// know of the texts becomes a note of the view.
pub(super) fn parse(args: &[String], texts: &[String], view: &mut model::View) -> Result<Vec<u64>> {
    let typed = args.iter().filter(|arg| is_text(arg)).chain(texts).map(String::as_str);
    let (found, notes) = by_text::find(&typed.collect::<Vec<_>>(), view)?;
    view.notes.extend(notes);
    let mut found = found.into_iter();
    let table = &view.table;
    let mut ids = Vec::new();
    for arg in args {
        if is_text(arg) {
            push_text(found.next(), table, &mut ids)?;
            continue;
        }
        if arg == "-" {
            let list = read_stdin()?;
            for word in list.split(|c: char| c.is_whitespace() || c == ',') {
                if !word.is_empty() {
                    add(word, table, &mut ids).context("on standard input")?;
                }
            }
        } else {
            add(arg, table, &mut ids)?;
        }
    }
    for id in found {
        push_text(Some(id), table, &mut ids)?;
    }
    ensure!(!ids.is_empty(), "no token IDs: standard input is empty");
    Ok(ids)
}

/// Whether an argument can only be a token's text.
fn is_text(arg: &str) -> bool {
    let is_range = |(first, end): (&str, &str)| is_digits(first) && is_digits(end);
    arg != "-" && !is_digits(arg) && !arg.split_once("..").is_some_and(is_range)
}

fn push_text(id: Option<u64>, table: &Table, ids: &mut Vec<u64>) -> Result<()> {
    let id = id.context("a text without an ID")?;
    table.check_id(id)?;
    ids.push(id);
    Ok(())
}

fn read_stdin() -> Result<String> {
    let mut bytes = Vec::new();
    std::io::stdin()
        .lock()
        .take(MAX_STDIN + 1)
        .read_to_end(&mut bytes)
        .context("reading token IDs from standard input")?;
    ensure!(
        bytes.len() as u64 <= MAX_STDIN,
        "standard input is longer than {} MiB: too much for a list of token IDs",
        MAX_STDIN >> 20
    );
    String::from_utf8(bytes)
        .ok()
        .context("standard input is not text: a list of token IDs is read there")
}

fn add(word: &str, table: &Table, ids: &mut Vec<u64>) -> Result<()> {
    let (first, end) = match word.split_once("..") {
        None => {
            let id = number(word).with_context(|| not_an_id(word))?;
            table.check_id(id)?;
            (id, id + 1)
        }
        Some((first, end)) => {
            let (Some(first), Some(end)) = (number(first), number(end)) else {
                bail!(not_an_id(word));
            };
            ensure!(
                first < end,
                "the range {} is empty: a..b is a, a+1, ... up to b, b not included",
                crate::text::clip(word, 64)
            );
            table.check_id(end - 1)?;
            (first, end)
        }
    };
    ensure!(
        ids.len() as u64 + (end - first) <= MAX_IDS,
        "more than {MAX_IDS} token IDs: ask for them in several calls"
    );
    ids.extend(first..end);
    Ok(())
}

/// A plain decimal number; signs and the like are not part of one.
fn number(word: &str) -> Option<u64> {
    is_digits(word).then(|| word.parse().ok()).flatten()
}

fn is_digits(word: &str) -> bool {
    !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_digit())
}

fn not_an_id(word: &str) -> String {
    let shown = crate::text::visible(word);
    let word = crate::text::clip(&shown, 64);
    if is_digits(&word) {
        return format!("{word} is too large for a token ID");
    }
    format!(
        "\"{word}\" is not a token ID: write a number (791), a range (0..5), or - for standard input"
    )
}
