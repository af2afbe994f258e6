//! The lists that have one element per token.

use std::collections::BTreeSet;

use crate::model::{Error, Model, Numbers, TokenId, ValueType};
use crate::text::counted;

use super::{Fault, FaultKind, Header, Seen, push};

/// The last of llama.cpp's token types; the first is 1.
const LAST_TYPE: i32 = 6;

/// A longer list of types is not read. No vocabulary has as many tokens.
const MOST: u64 = 1 << 21;

/// Checks the lengths and element types of the lists, and returns the token types.
pub(super) fn lengths(model: &Model, faults: &mut Vec<Fault>) -> Result<Vec<i32>, Error> {
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
    let Some(types) = list.types else { return Ok(Vec::new()) };
    check(&types, &[ValueType::I32]);
    if types.element() != ValueType::I32 || types.len() > MOST {
        return Ok(Vec::new());
    }
    let bytes = types.bytes()?;
    Ok(bytes.as_chunks().0.iter().map(|&word| i32::from_le_bytes(word)).collect())
}

/// Checks for types that do not exist.
pub(super) fn types(header: &Header, faults: &mut Vec<Fault>) {
    let ids = (0..).zip(&header.types);
    let unknown: Vec<TokenId> =
        ids.filter(|(_, kind)| !(1..=LAST_TYPE).contains(*kind)).map(|(id, _)| id).collect();
    if !unknown.is_empty() {
        let message = format!(
            "the type of {} is not 1 to {LAST_TYPE}: llama.cpp loads the file and never prints \
             such a token",
            counted(unknown.len() as u64, "token")
        );
        push(faults, FaultKind::Type, message, unknown);
    }
}

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
