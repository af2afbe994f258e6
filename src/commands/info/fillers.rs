//! Tokens that only fill the vocabulary up to the number of rows, and how many tokens
//! have each type.

use anyhow::Result;

use super::answer::{Fillers, TokensOfType};
use crate::model::{Error, Numbers, Strings, ValueType};
use crate::tokenizer::Counts;
use crate::vocab::TokenType;

/// The tokens at the end that converters name `[PAD151646]`, by their own IDs.
///
/// Reads few other tokens: the first one is searched by halving, and then all are read.
pub(super) fn fillers(tokens: &Strings) -> Result<Option<Fillers>, Error> {
    let name = |id: u64| format!("[PAD{id}]");
    let is_filler = |id: u64| Ok::<_, Error>(tokens.get(id)? == Some(name(id).into_bytes()));
    let Some(last) = tokens.len().checked_sub(1) else { return Ok(None) };
    if !is_filler(last)? {
        return Ok(None);
    }
    // A filler, and a token before it that is none.
    let (mut first, mut none) = (last, None);
    let mut step = 1;
    while none.is_none()
        && let Some(id) = first.checked_sub(step)
    {
        if is_filler(id)? {
            (first, step) = (id, 2 * step);
        } else {
            none = Some(id);
        }
    }
    let mut none = none.map_or(0, |id| id + 1);
    while none < first {
        let middle = none + (first - none) / 2;
        if is_filler(middle)? { first = middle } else { none = middle + 1 }
    }
    // Others may lie among them.
    tokens.each_from(first, |id, text| {
        if text != name(id).as_bytes() {
            first = id + 1;
        }
        Ok::<_, Error>(true)
    })?;
    Ok(Some(Fillers { from_id: first, to_id: last }))
}

/// How many tokens have each type, without the fillers. `types` are the tokens' types,
/// and `counts` count them all.
pub(super) fn by_type(
    mut counts: Counts,
    types: Option<Numbers>,
    fillers: Option<Fillers>,
) -> Result<Vec<TokensOfType>, Error> {
    let types = types.filter(|types| types.element() == ValueType::I32);
    if let (Some(types), Some(Fillers { from_id, to_id })) = (types, fillers) {
        for id in from_id..=to_id.min(types.len().saturating_sub(1)) {
            let kind = types.get(id)?.and_then(|kind| usize::try_from(kind.integer()?).ok());
            let count = &mut counts[kind.filter(|kind| *kind < 7).unwrap_or(0)];
            *count = count.saturating_sub(1);
        }
    }
    let of = |id: usize| TokenType::from_id(id as i64).map_or("none", TokenType::name);
    let order = [1, 3, 4, 5, 6, 2, 0];
    let counted = order.map(|id| TokensOfType { token_type: of(id), tokens: counts[id] });
    Ok(counted.into_iter().filter(|it| it.tokens > 0).collect())
}
