//! Finds tokens by their text.

use std::collections::HashMap;

use anyhow::{Result, bail};

use super::model;
use crate::text::{clip, counted, harmless, quoted, quoted_bytes, visible};
use crate::tokenizer::{Options, Tokenizer};
use crate::vocab::Vocab;

/// Texts and tokens longer than this many bytes get no suggestions: people type words.
const MAX_COMPARED: usize = 128;

/// A message shows at most this many columns of a text.
const SHOWN: usize = 64;

/// Of tokens that read alike, at most this many are compared as they are stored.
const MOST_EQUAL: usize = 1000;

/// An error lists at most this many tokens of a text.
const MAX_NAMED: usize = 6;

/// The ID of each text, in order, and notes on ambiguous texts. Reads the vocabulary
/// once, or not at all if there are no texts.
pub(super) fn find(texts: &[&str], view: &model::View) -> Result<(Vec<u64>, Vec<String>)> {
    let Some(first) = texts.first() else { return Ok(Default::default()) };
    let vocab = match view.labels() {
        Ok(vocab) => vocab,
        Err(reason) => bail!(
            "{} is not a number, and there is no vocabulary to search: {reason}",
            quoted(first, SHOWN)
        ),
    };
    // The tokens with each text.
    let mut hits: HashMap<Vec<u8>, Vec<u64>> = HashMap::new();
    for text in texts {
        hits.insert(text.as_bytes().to_vec(), Vec::new());
        hits.insert(twin(text).into_bytes(), Vec::new());
    }
    vocab.each(|id, text| -> Result<bool> {
        if let Some(hits) = hits.get_mut(text) {
            hits.push(id);
        }
        Ok(true)
    })?;

    let hits_of = |text: &str| hits.get(text.as_bytes()).map_or(&[][..], Vec::as_slice);
    let (mut ids, mut notes) = (Vec::new(), Vec::new());
    for text in texts {
        let twin = twin(text);
        let (all, other) = (hits_of(text), meant(hits_of(&twin), vocab)?);
        let Some(id) = meant(all, vocab)? else { bail!(no_token(text, &twin, other, vocab)?) };
        ids.push(id);
        let mut note = |note| {
            if !notes.contains(&note) {
                notes.push(note)
            }
        };
        if let Some(second) = all.iter().find(|&&other| other != id) {
            let n = counted(all.len() as u64, "token");
            note(format!(
                "{} is ID {id} here, as for the tokenizer; {n} read so, ID {second} too",
                quoted(text, SHOWN)
            ));
        }
        if let Some(other) = other {
            let with = if text.starts_with(' ') { "without the" } else { "with a" };
            note(format!(
                "{} is ID {id}; {with} leading space, {} is ID {other}",
                quoted(text, SHOWN),
                quoted(&twin, SHOWN)
            ));
        }
    }
    Ok((ids, notes))
}

/// Of tokens that read alike, the one that the tokenizer takes: the last that is stored
/// as the first is. Others with that reading have another spelling in the file.
fn meant(ids: &[u64], vocab: &Vocab) -> Result<Option<u64>> {
    let Some((&first, more)) = ids.split_first() else { return Ok(None) };
    let stored = vocab.stored(first)?;
    for &id in more.iter().rev().take(MOST_EQUAL) {
        if vocab.stored(id)? == stored {
            return Ok(Some(id));
        }
    }
    Ok(Some(first))
}

/// The text without its leading space, or with one if it has none.
fn twin(text: &str) -> String {
    text.strip_prefix(' ').map_or_else(|| format!(" {text}"), str::to_owned)
}

/// The error for a text that no token has.
fn no_token(text: &str, twin: &str, other: Option<u64>, vocab: &Vocab) -> Result<String> {
    let no = format!("{} is not a token of this model", quoted(text, SHOWN));
    if let Some(rest) = text.strip_prefix(['▁', 'Ġ']) {
        // Users copy this text, so a backslash is not doubled.
        let shown = harmless(rest);
        let shown = clip(&shown, SHOWN);
        return Ok(format!("{no}; type a space, not the file's sign for one: write ' {shown}'"));
    }
    if let Some(message) = spelled(text, vocab)? {
        return Ok(format!("{no}; {message}"));
    }
    if let Some(other) = other {
        let named = quoted(twin, SHOWN);
        let shown = harmless(twin);
        let shown = clip(&shown, SHOWN);
        return Ok(format!("{no}; {named} (ID {other}) is one: write '{shown}'"));
    }
    let near = nearest(text.trim(), vocab)?;
    let near = match near.len() {
        _ if is_list(text) => "; separate IDs with spaces (5 7), write a range as 5..8".to_owned(),
        0 => String::new(),
        _ => format!("; near it: {}", near.join(", ")),
    };
    Ok(match pieces(text, vocab) {
        Some(pieces) => format!(
            "{} is {pieces}{near}; use --text to look {} up (embcli lookup)",
            quoted(text, SHOWN),
            if pieces.starts_with("1 ") { "it" } else { "them all" }
        ),
        None => {
            format!("{no}{near}; write a token's whole text, a number (791) or a range (0..5)")
        }
    })
}

/// What to write for a text in the file's own spelling, or in that of another program:
/// `Ċ` is a newline, `##ing` is a piece of a word.
fn spelled(text: &str, vocab: &Vocab) -> Result<Option<String>> {
    let piece = text.strip_prefix("##").filter(|rest| !rest.is_empty());
    let read = match piece {
        Some(rest) => Some(rest.as_bytes().to_vec()),
        None => vocab.reading(text),
    };
    let Some(read) = read.and_then(|read| String::from_utf8(read).ok()) else { return Ok(None) };
    let Some(id) = vocab.find(&read)? else { return Ok(None) };
    let write = match read.chars().any(char::is_control) {
        true => format!("$'{}'", clip(&visible(&read), SHOWN)),
        false => format!("'{}'", clip(&harmless(&read), SHOWN)),
    };
    let what = match piece {
        Some(_) => "a piece of a word has no ## in a GGUF file",
        None => "type the text that it stands for, not the file's sign for it",
    };
    Ok(Some(format!("{what}: write {write} (ID {id})")))
}

/// Whether a text probably means several IDs: `5-8`, `1,2,3`, `5..`.
fn is_list(text: &str) -> bool {
    let numbers = text.split(['-', ',', ':', '.', '=', ' ']);
    numbers.filter(|number| !number.is_empty()).all(|n| n.bytes().all(|b| b.is_ascii_digit()))
        && text.starts_with(|c: char| c.is_ascii_digit())
        && (text.contains(['-', ',', ':', ' ']) || text.contains(".."))
}

/// The tokens that the text encodes to: `2 tokens here: 7 "dragon", 9 "fruit"`.
/// `None` if it can't be encoded or encodes to zero tokens: the error is about the
/// text, not about the tokenizer.
fn pieces(text: &str, vocab: &Vocab) -> Option<String> {
    let tokenizer = Tokenizer::open(vocab.model()).ok()?;
    let options = Options { add_special: false, ..Options::default() };
    let ids = tokenizer.encode(text.as_bytes(), options).ok()?;
    let named = |&id: &u64| {
        let token = vocab.token(id).ok()??;
        let bytes = token.bytes.as_deref().unwrap_or(token.text.as_bytes());
        Some(format!("{id} {}", quoted_bytes(bytes, SHOWN)))
    };
    let mut named: Vec<String> = ids.iter().take(MAX_NAMED).map(named).collect::<Option<_>>()?;
    if ids.len() > MAX_NAMED {
        named.push("...".to_owned());
    }
    match ids.len() {
        0 => None,
        1 => Some(format!("1 token here, with another text: {}", named.join(", "))),
        n => Some(format!("{n} tokens here: {}", named.join(", "))),
    }
}

/// Up to three tokens that the text may mean: first those that differ only in
/// case, then prefixes and extensions of the text, then those that contain
/// it. Within each group the nearest in length comes first.
fn nearest(text: &str, vocab: &Vocab) -> Result<Vec<String>> {
    let text = text.to_lowercase();
    let mut best: Vec<((usize, usize, u64), String)> = Vec::new();
    if text.is_empty() || text.len() > MAX_COMPARED {
        return Ok(Vec::new());
    }
    vocab.each(|id, token| -> Result<bool> {
        if token.len() > MAX_COMPARED {
            return Ok(true);
        }
        let Ok(shown) = std::str::from_utf8(token) else { return Ok(true) };
        let token = shown.trim().to_lowercase();
        let class = match () {
            () if token.len() < 2 => return Ok(true),
            () if token == text => 0,
            () if token.starts_with(&text) || text.starts_with(&token) => 1,
            () if token.contains(&text) => 2,
            () => return Ok(true),
        };
        let rank = (class, token.len().abs_diff(text.len()), id);
        let at = best.partition_point(|(other, _)| *other < rank);
        if at < 3 {
            best.insert(at, (rank, format!("{} (ID {id})", quoted(shown, SHOWN))));
            best.truncate(3);
        }
        Ok(true)
    })?;
    Ok(best.into_iter().map(|(_, shown)| shown).collect())
}
