//! Chat markers, tokens with a role, and the chat template.

use std::collections::{BTreeSet, HashMap};

use unicode_normalization::UnicodeNormalization;

use crate::model::{Error, Fact, Role, TokenId};
use crate::text::counted;

use super::super::pre::Pre;
use super::super::settings::{self, Settings};
use super::super::special;
use super::{Fault, FaultKind, Header, Seen, push};

/// Markers that have another form than `<|name|>`.
const MARKERS: &[&str] =
    &["<start_of_turn>", "<end_of_turn>", "<think>", "</think>", "<tool_call>", "</tool_call>"];

/// Those of them that begin or end a turn.
const TURNS: &[&str] = &["<start_of_turn>", "<end_of_turn>"];

pub(super) fn check(seen: &Seen, pre: &Pre, faults: &mut Vec<Fault>) -> Result<(), Error> {
    // llama.cpp corrects the type of the markers that end a text.
    let plain = seen.ids(|id| {
        let text = seen.tokens.text(id);
        seen.is_normal(id) && !seen.types.is_empty() && is_marker(text) && !special::is_end(text)
    });
    if !plain.is_empty() {
        let message = format!(
            "{} of type 1 (normal) {}: llama.cpp cuts such a text into pieces, and the model never \
             sees the marker",
            counted(plain.len() as u64, "chat marker"),
            if plain.len() == 1 {
                "looks like a control token"
            } else {
                "look like control tokens"
            }
        );
        push(faults, FaultKind::Marker, message, plain);
    }
    look_alikes(seen, faults);
    template(seen, faults)?;
    bos_twice(seen, pre, faults)
}

/// Checks for tokens with a role that are ordinary words.
pub(super) fn roles_of_words(header: &Header, faults: &mut Vec<Fault>) -> Result<(), Error> {
    let (Some(_), Some(types)) = (header.kind, &header.types) else { return Ok(()) };
    let tokens = header.model.tokens()?.texts;
    for (name, id) in roles(header)? {
        let text = tokens.get(id.into())?.unwrap_or_default();
        let kind = types.get(id.into())?.and_then(|kind| kind.integer());
        if kind == Some(1) && is_word(&text) {
            let does = match name {
                "BOS" => "every text begins with it",
                _ => "an answer ends at this word",
            };
            let message = format!("the {name} token is an ordinary word, token {id}: {does}");
            push(faults, FaultKind::Role, message, vec![id.into()]);
        }
    }
    Ok(())
}

/// The tokens that begin or end a text or a turn, with the names of their roles.
pub(super) fn roles(header: &Header) -> Result<Vec<(&'static str, u32)>, Error> {
    let n = usize::try_from(header.model.tokens()?.texts.len()).unwrap_or(usize::MAX);
    let role = |role| settings::special(header.model, role, n);
    let roles =
        [("BOS", role(Role::Bos)?), ("EOS", role(Role::Eos)?), ("EOT", role(Role::EndOfTurn)?)];
    Ok(roles.into_iter().filter_map(|(name, id)| Some((name, id?))).collect())
}

/// Whether a text has the form of a chat marker: `<|name|>`, with ASCII or full-width
/// bars, or one of a few others.
pub(super) fn is_marker(text: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(text) else { return false };
    if MARKERS.contains(&text) {
        return true;
    }
    ["|", "｜"].iter().any(|bar| {
        let inner = text.strip_prefix('<').and_then(|text| text.strip_prefix(bar));
        let inner = inner.and_then(|text| text.strip_suffix('>')?.strip_suffix(bar));
        inner.is_some_and(|name| name.chars().any(char::is_alphabetic) && is_name(name))
    })
}

fn is_name(name: &str) -> bool {
    name.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '▁' | ' ' | ':' | '.'))
}

/// Whether a token is a word: letters, digits and spaces alone.
fn is_word(text: &[u8]) -> bool {
    let text = std::str::from_utf8(text).unwrap_or_default();
    let text = text.trim_start_matches(['▁', 'Ġ', ' ']);
    !text.is_empty() && text.chars().all(char::is_alphanumeric)
}

/// Finds markers that differ only in the width or case of their characters.
fn look_alikes(seen: &Seen, faults: &mut Vec<Fault>) {
    let mut by_shape: HashMap<String, Vec<u32>> = HashMap::new();
    for id in seen.tokens.ids().filter(|&id| is_marker(seen.tokens.text(id))) {
        let text = String::from_utf8_lossy(seen.tokens.text(id));
        let shape =
            text.nfkc().flat_map(char::to_lowercase).map(|c| if c == '▁' { '_' } else { c });
        by_shape.entry(shape.collect()).or_default().push(id);
    }
    let alike: BTreeSet<TokenId> =
        by_shape.into_values().filter(|ids| ids.len() > 1).flatten().map(TokenId::from).collect();
    if !alike.is_empty() {
        let message = format!(
            "{} look like one another: a prompt that has the wrong one of them is another prompt \
             to the model",
            counted(alike.len() as u64, "marker")
        );
        push(faults, FaultKind::LookAlike, message, alike.into_iter().collect());
    }
}

/// Finds markers that the chat template writes and the vocabulary lacks.
fn template(seen: &Seen, faults: &mut Vec<Fault>) -> Result<(), Error> {
    let Some(template) = seen.model.text(Fact::ChatTemplate)? else { return Ok(()) };
    let mut missing = BTreeSet::new();
    let mut find = |marker: &str| {
        if is_marker(marker.as_bytes()) && seen.tokens.id_of(marker.as_bytes()).is_none() {
            missing.insert(marker.to_owned());
        }
    };
    for (open, close) in [("<|", "|>"), ("<｜", "｜>")] {
        for (start, _) in template.match_indices(open) {
            let end = template[start..].find(close);
            let Some(end) = end.map(|end| start + end + close.len()) else { break };
            find(&template[start..end]);
        }
    }
    // Others, such as <think>, may be meant as plain text.
    TURNS.iter().filter(|turn| template.contains(**turn)).for_each(|turn| find(turn));
    if !missing.is_empty() {
        let named: Vec<String> =
            missing.iter().take(5).map(|marker| super::super::quoted(marker)).collect();
        let message = format!(
            "the chat template writes {} that {} no token, {}: llama.cpp cuts {} into pieces",
            counted(missing.len() as u64, "marker"),
            if missing.len() == 1 { "is" } else { "are" },
            named.join(", "),
            if missing.len() == 1 { "it" } else { "them" }
        );
        push(faults, FaultKind::Template, message, Vec::new());
    }
    Ok(())
}

/// Finds a BOS that both the tokenizer and the chat template write.
fn bos_twice(seen: &Seen, pre: &Pre, faults: &mut Vec<Fault>) -> Result<(), Error> {
    let (Some(kind), Some(template)) = (seen.kind, seen.model.text(Fact::ChatTemplate)?) else {
        return Ok(());
    };
    let settings = Settings::read(seen.model, kind, pre, seen.tokens.len())?;
    let (Some((_, Some(bos))), _) = settings.frame() else { return Ok(()) };
    let text = String::from_utf8_lossy(seen.tokens.text(bos));
    if template.contains("bos_token") || template.contains(&*text) {
        let message = format!(
            "the tokenizer puts {} in front of a text, and the chat template writes it too: \
             llama.cpp takes it out of a prompt that it makes from the template",
            super::super::quoted(&text)
        );
        push(faults, FaultKind::BosTwice, message, vec![bos.into()]);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markers_have_a_form() {
        for marker in ["<|im_start|>", "<｜User｜>", "<think>", "<｜begin▁of▁sentence｜>"] {
            assert!(is_marker(marker.as_bytes()), "{marker}");
        }
        for text in ["<||>", "<()>", "<?>>", "<|a", "a|>", "<|x y <|z|>", "<br>", "word"] {
            assert!(!is_marker(text.as_bytes()), "{text}");
        }
        assert!(is_word("▁the".as_bytes()) && !is_word(b"<s>") && !is_word(b"."));
    }
}
