//! The lists that have one element per token.

use std::collections::BTreeSet;

use crate::model::{Error, Model, Numbers, TokenId, ValueType};
use crate::text::counted;

use super::{Counts, Fault, FaultKind, Header, Seen, push};

/// The last of llama.cpp's token types; the first is 1.
const LAST_TYPE: i32 = 6;

/// Checks the lengths and element types of the lists, and returns the token types, if
/// there are any.
pub(super) fn lengths(model: &Model, faults: &mut Vec<Fault>) -> Result<Option<Numbers>, Error> {
    let list = model.tokens()?;
    let n = list.texts.len();
    let mut check = |numbers: &Numbers, fitting: &[ValueType]| {
        let (key, len, element) = (numbers.key(), numbers.len(), numbers.element());
        if !fitting.contains(&element) {
            let message = format!(
                "{key} is an array of {}: llama.cpp refuses it unless it is of {}",
                element.name(),
                fitting[0].name()
            );
            push(faults, FaultKind::Length, message, Vec::new());
        } else if len != n {
            let does = if len < n { "refuses the file" } else { "ignores the rest" };
            let message = format!("{key} has {len} elements for {n} tokens: llama.cpp {does}");
            push(faults, FaultKind::Length, message, Vec::new());
        }
    };
    if let Some(scores) = model.scores()? {
        check(&scores, &[ValueType::F32, ValueType::I32]);
    }
    let Some(types) = list.types else { return Ok(None) };
    check(&types, &[ValueType::I32]);
    Ok(Some(types).filter(|types| types.element() == ValueType::I32))
}

/// How many tokens are compared at once with normal ones.
const TOGETHER: usize = 32;

/// The types of that many normal tokens, as stored.
const NORMAL: [u8; 4 * TOGETHER] = {
    let mut types = [0; 4 * TOGETHER];
    let mut i = 0;
    while i < TOGETHER {
        types[4 * i] = 1;
        i += 1;
    }
    types
};

/// Counts the tokens of each type, and checks for types that do not exist.
pub(super) fn types(header: &Header, faults: &mut Vec<Fault>) -> Result<Counts, Error> {
    let (mut counts, mut unknown, mut id) = (Counts::default(), Vec::new(), 0);
    let Some(types) = &header.types else { return Ok(counts) };
    let n = header.model.tokens()?.texts.len();
    types.each_run(n, |run| {
        for part in run.chunks(NORMAL.len()) {
            // Most tokens are normal, in long runs.
            if part == NORMAL {
                counts[1] += TOGETHER as u64;
                id += TOGETHER as u64;
                continue;
            }
            for &word in part.as_chunks().0 {
                let kind = i32::from_le_bytes(word);
                let known = (1..=LAST_TYPE).contains(&kind);
                counts[if known { kind as usize } else { 0 }] += 1;
                if !known && unknown.len() < MOST_UNKNOWN {
                    unknown.push(id);
                }
                id += 1;
            }
        }
    })?;
    if counts[0] > 0 {
        let message = format!(
            "the type of {} is not 1 to {LAST_TYPE}: llama.cpp loads the file and never prints \
             such a token",
            counted(counts[0], "token")
        );
        push(faults, FaultKind::Type, message, unknown);
    }
    Ok(counts)
}

/// At most this many tokens of no type are listed.
const MOST_UNKNOWN: usize = 1 << 20;

/// Checks for repeated texts.
pub(super) fn repeated(seen: &Seen, faults: &mut Vec<Fault>) {
    // The index finds the last of equal texts.
    let last = |id: u32| seen.tokens.id_of(seen.tokens.text(id)).unwrap_or(id);
    let repeated: BTreeSet<u32> =
        seen.tokens.ids().filter(|&id| last(id) != id).flat_map(|id| [id, last(id)]).collect();
    if !repeated.is_empty() {
        let message = format!(
            "{} share a text with another token: llama.cpp aborts when it loads the file",
            counted(repeated.len() as u64, "token")
        );
        push(
            faults,
            FaultKind::Duplicate,
            message,
            repeated.into_iter().map(TokenId::from).collect(),
        );
    }
}
