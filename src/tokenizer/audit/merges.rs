//! Merges and the tokens that they make.

use std::collections::HashSet;

use crate::model::{Error, Fact, TokenId};
use crate::text::counted;
use crate::vocab::made_by;

use super::super::pre::{Pre, Spelling};
use super::super::settings::Kind;
use super::{Fault, FaultKind, Header, Seen, markers, push};

/// At most this many merges that make no token are named.
const NAMED: usize = 3;

/// Checks that there are merges, if the tokenizer needs some.
pub(super) fn missing(header: &Header, faults: &mut Vec<Fault>) -> Result<(), Error> {
    if header.kind != Some(Kind::Bpe) {
        return Ok(());
    }
    let (pre, _) = match header.name.as_deref() {
        Some("gemma4") => (Pre::gemma(), None),
        _ => Pre::named(header.model.text(Fact::PreTokenizer)?.as_deref()),
    };
    let message = match header.model.merges() {
        Ok(None) if pre.needs_merges => {
            "the file has no merges (tokenizer.ggml.merges): llama.cpp refuses it".to_owned()
        }
        Ok(_) => return Ok(()),
        Err(Error::Unfit(message)) => format!("{message}: llama.cpp refuses the file"),
        Err(error) => return Err(error),
    };
    push(faults, FaultKind::Merge, message, Vec::new());
    Ok(())
}

pub(super) fn check(seen: &Seen, pre: &Pre, faults: &mut Vec<Fault>) -> Result<(), Error> {
    if seen.kind != Some(Kind::Bpe) {
        return Ok(());
    }
    let merges = match seen.model.merges() {
        Ok(Some(merges)) => merges,
        Ok(None) | Err(Error::Unfit(_)) => return Ok(()),
        Err(error) => return Err(error),
    };
    let mut made = HashSet::new();
    let (mut tokenless, mut named) = (0, Vec::new());
    merges.each(|_, merge| {
        match made_by(merge).and_then(|text| seen.tokens.id_of(&text)) {
            Some(id) => drop(made.insert(id)),
            None => {
                tokenless += 1;
                if named.len() < NAMED {
                    named.push(super::super::quoted(&String::from_utf8_lossy(merge)));
                }
            }
        }
        Ok::<_, Error>(true)
    })?;
    if tokenless > 0 {
        let message = format!(
            "{} {} no token, {} among them: llama.cpp cuts texts into other pieces there, without \
             a word",
            counted(tokenless, "merge"),
            if tokenless == 1 { "makes" } else { "make" },
            named.join(" and ")
        );
        push(faults, FaultKind::Merge, message, Vec::new());
    }
    // Without merges there is nothing to compare; some vocabularies take whole words
    // without merging.
    if merges.is_empty() || pre.ignore_merges || pre.spelling != Spelling::Bytes {
        return Ok(());
    }
    let roles = markers::roles(&seen.header)?;
    let unmade: Vec<TokenId> = seen.ids(|id| {
        let text = seen.tokens.text(id);
        let letters = std::str::from_utf8(text).map_or(0, |text| text.chars().count());
        letters > 1
            && seen.is_normal(id)
            && !made.contains(&id)
            && !markers::is_marker(text)
            && !roles.iter().any(|&(_, role)| role == id)
    });
    if !unmade.is_empty() && !seen.types.is_empty() {
        let message = format!(
            "no merge makes {}: no text is cut into {}",
            counted(unmade.len() as u64, "ordinary token"),
            if unmade.len() == 1 { "it" } else { "them" }
        );
        push(faults, FaultKind::Unmade, message, unmade);
    }
    Ok(())
}
