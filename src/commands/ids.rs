//! Parses token IDs: numbers, ranges, token texts, or a list on standard input.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};

use super::{MAX_STDIN, by_text, model, stdin};

/// One call takes at most this many IDs.
const MAX_IDS: u64 = 1 << 20;

/// Tokens as the user names them.
#[derive(Clone, Debug, Default)]
pub struct NamedTokens {
    /// IDs, ranges `a..b`, token texts, or `-` for a list of IDs on standard input.
    pub typed: Vec<String>,
    /// Token texts, even if they look like IDs. They come last.
    pub texts: Vec<String>,
    /// A file with a token text in each line, or `-` for standard input.
    pub words: Option<PathBuf>,
}

impl NamedTokens {
    pub fn is_empty(&self) -> bool {
        self.typed.is_empty() && self.texts.is_empty() && self.words.is_none()
    }

    /// The IDs in order, with repeats, all in range. Adds notes on texts to the view.
    pub fn ids(&self, view: &mut model::View) -> Result<Vec<u64>> {
        let typed = self.typed.iter().filter(|arg| is_text(arg));
        let words = self.words.as_deref().map(lines).transpose()?.unwrap_or_default();
        let texts: Vec<_> = typed.chain(&self.texts).chain(&words).map(String::as_str).collect();
        let (found, notes) = by_text::find(&texts, view)?;
        view.notes.extend(notes);
        let found: Vec<u64> = found.into_iter().map(|id| view.row_of(id)).collect::<Result<_>>()?;
        let mut found = found.into_iter();
        let table = &view.table;
        let check = |id| Ok(table.check_id(id)?);
        let mut ids = Vec::new();
        for arg in &self.typed {
            if is_text(arg) {
                let id = found.next().context("a text without an ID")?;
                table.check_id(id)?;
                ids.push(id);
            } else if arg == "-" {
                add_stdin(&check, &mut ids)?;
            } else {
                add_list(&closed(arg, table.n_vocab()), &check, &mut ids)?;
            }
        }
        for id in found {
            table.check_id(id)?;
            ids.push(id);
        }
        let from = if self.words.is_some() { "the list" } else { "standard input" };
        ensure!(!ids.is_empty(), "no token IDs: {from} is empty");
        Ok(ids)
    }
}

/// The lines of a file, or of standard input if its name is `-`. Empty lines are left out.
fn lines(path: &Path) -> Result<Vec<String>> {
    let text = if path.as_os_str() == "-" {
        stdin("token texts", "too much for a list of token texts")?
    } else {
        let name = || path.display().to_string();
        let length = std::fs::metadata(path).with_context(name)?.len();
        ensure!(length <= MAX_STDIN, "{} is larger than {} MiB", name(), MAX_STDIN >> 20);
        std::fs::read(path).with_context(name)?
    };
    let text = String::from_utf8(text).ok().context("the list of token texts is not UTF-8")?;
    let lines: Vec<String> =
        text.lines().filter(|line| !line.is_empty()).map(str::to_owned).collect();
    ensure!(lines.len() as u64 <= MAX_IDS, "more than {MAX_IDS} tokens: use several calls");
    Ok(lines)
}

/// Whether an argument is a token's text: neither an ID, nor a range, nor a list of
/// these as another program prints it, `2,818` or `[2, 818]`.
fn is_text(arg: &str) -> bool {
    let inside = arg.strip_prefix('[').and_then(|list| list.strip_suffix(']'));
    let is_list = match inside {
        Some(list) => list.split(',').all(|word| is_ids(word.trim())),
        None if arg.contains(',') => arg.split(',').enumerate().all(|(i, word)| {
            // A space in front of the first would make it the text of a token.
            is_ids(if i == 0 { word } else { word.trim_start() })
        }),
        None => is_ids(arg),
    };
    arg != "-" && !is_list
}

/// Whether a word is an ID or a range: `7`, `0..5`, `0..`, `..5`.
fn is_ids(word: &str) -> bool {
    let is_end = |end: &str| end.is_empty() || is_digits(end);
    let is_range = |(first, end): (&str, &str)| is_end(first) && is_end(end) && word.len() > 2;
    is_digits(word) || word.split_once("..").is_some_and(is_range)
}

/// A list whose open ranges have both their ends.
fn closed(list: &str, n_rows: u64) -> String {
    let close = |word: &str| match word.trim().split_once("..") {
        Some((first, end)) if first.is_empty() || end.is_empty() => {
            let first = if first.is_empty() { "0" } else { first };
            let end = if end.is_empty() { n_rows.to_string() } else { end.to_owned() };
            format!("{first}..{end}")
        }
        _ => word.to_owned(),
    };
    let inside = list.strip_prefix('[').and_then(|list| list.strip_suffix(']')).unwrap_or(list);
    inside.split(',').map(close).collect::<Vec<_>>().join(",")
}

/// The IDs of a list, `2,818,5866` or `[2, 818]`, or of standard input if it is `-`.
/// `check` refuses those that do not exist.
pub(super) fn listed(list: &str, check: &dyn Fn(u64) -> Result<()>) -> Result<Vec<u64>> {
    let mut ids = Vec::new();
    match list {
        "-" => add_stdin(check, &mut ids)?,
        _ => add_list(list, check, &mut ids)?,
    }
    ensure!(!ids.is_empty(), "no token IDs: the list is empty");
    Ok(ids)
}

fn add_stdin(check: &dyn Fn(u64) -> Result<()>, ids: &mut Vec<u64>) -> Result<()> {
    let list = String::from_utf8(stdin("token IDs", "too much for a list of token IDs")?).ok();
    let list = list.context("standard input is not text: write a list of token IDs to it")?;
    add_list(&list, check, ids).context("on standard input")
}

fn add_list(list: &str, check: &dyn Fn(u64) -> Result<()>, ids: &mut Vec<u64>) -> Result<()> {
    // Brackets are those of a list that another program printed.
    let list = list.trim();
    let list = list.strip_prefix('[').and_then(|list| list.strip_suffix(']')).unwrap_or(list);
    let words = list.split(|c: char| c.is_whitespace() || c == ',');
    words.filter(|word| !word.is_empty()).try_for_each(|word| add(word, check, ids))
}

fn add(word: &str, check: &dyn Fn(u64) -> Result<()>, ids: &mut Vec<u64>) -> Result<()> {
    let (first, end) = match word.split_once("..") {
        None => {
            let id = number(word).with_context(|| not_an_id(word))?;
            check(id)?;
            (id, id + 1)
        }
        Some((first, end)) => {
            let (Some(first), Some(end)) = (number(first), number(end)) else {
                bail!(not_an_id(word));
            };
            ensure!(
                first < end,
                "the range {} is empty: a..b does not include b",
                crate::text::clip(word, 64)
            );
            check(end - 1)?;
            (first, end)
        }
    };
    ensure!(
        ids.len() as u64 + (end - first) <= MAX_IDS,
        "more than {MAX_IDS} token IDs: use several calls"
    );
    ids.extend(first..end);
    Ok(())
}

/// A plain decimal number, without a sign.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_and_open_ranges_are_no_texts() {
        for ids in ["7", "0..5", "0..", "..5", "1,2,3", "1, 2", "[1, 2, 3]", "[7]", "0..3,9", "-"] {
            assert!(!is_text(ids), "{ids}");
        }
        for text in ["..", " 7", ",", "1,", ",1", "[", "[]", "[a]", "a..b", "1,a", "...", "1.5", ""]
        {
            assert!(is_text(text), "{text:?}");
        }
        assert_eq!(closed("[..2, 8..]", 10), "0..2,8..10");
        assert_eq!(closed("5", 10), "5");
    }
}
