//! The facts of the vocabulary: family, size, special tokens.

use anyhow::Result;

use super::answer::{AddedTokens, SpecialToken, TokenizerInfo};
use super::{Oddities, fillers, shown};
use crate::model::{Error, Fact, Model};
use crate::tokenizer::{self, Glance};
use crate::vocab::Vocab;

/// At most this many special tokens are listed. About fifteen such keys exist.
const MOST: usize = 64;

/// The facts of a model.
pub(super) fn of(said: &Model, oddities: &mut Oddities) -> Result<TokenizerInfo> {
    let mut ids = Vec::new();
    for token in said.special_tokens() {
        let token = token?;
        match token.id.and_then(|id| u64::try_from(id).ok()) {
            _ if ids.len() == MOST => break,
            Some(id) => ids.push((short(&token.name).to_owned(), id)),
            None => oddities.add(format!("\"{}\" is no token ID", shown(&token.key))),
        }
    }
    let vocab = match Vocab::open(said) {
        Ok(vocab) => Some(vocab),
        Err(Error::NoVocabulary(_)) => None,
        Err(error) => {
            oddities.add(error.to_string());
            None
        }
    };
    let mut special = Vec::new();
    for (name, id) in ids {
        let token = match &vocab {
            Some(vocab) => vocab.token(id)?,
            None => None,
        };
        if let (None, Some(vocab)) = (&token, &vocab) {
            oddities.add(format!(
                "{} is token {id}, and the vocabulary has {} tokens",
                shown(&name),
                vocab.len()
            ));
        }
        special.push(SpecialToken { name, id, token: token.into() });
    }
    let glance = match &vocab {
        Some(_) => tokenizer::glance(said).unwrap_or_else(|error| {
            oddities.add(error.to_string());
            Glance::default()
        }),
        None => Glance::default(),
    };
    let (fillers, types) = match vocab {
        Some(_) => {
            let list = said.tokens()?;
            let fillers = fillers::fillers(&list.texts)?;
            (fillers, fillers::by_type(glance.counts, list.types, fillers)?)
        }
        None => (None, Vec::new()),
    };
    for fault in glance.faults {
        oddities.add(fault.message);
    }
    let add_bos = oddities.unless(said.flag(Fact::AddBos));
    let add_eos = oddities.unless(said.flag(Fact::AddEos));
    let adds = match vocab {
        Some(_) => adds(said, add_bos)?,
        None => None,
    };
    Ok(TokenizerInfo {
        add_bos,
        add_eos,
        adds,
        types,
        fillers,
        model: oddities.unless(said.text(Fact::Tokenizer)),
        pre: oddities.unless(said.text(Fact::PreTokenizer)),
        n_tokens: vocab.as_ref().map(Vocab::len),
        special,
    })
}

/// What goes around a text. `stated` is what the key says of BOS.
fn adds(said: &Model, stated: Option<bool>) -> Result<Option<AddedTokens>> {
    let Some(around) = tokenizer::around(said)? else { return Ok(None) };
    let [front, behind] = around.map(|added| added.map(|added| added.role.to_lowercase()));
    Ok(Some(AddedTokens { front, behind, is_default: stated.is_none() }))
}

/// The usual short name of a special token. llama.cpp's own key for `sep` is misspelt.
fn short(name: &str) -> &str {
    match name {
        "unknown" => "unk",
        "seperator" | "separator" => "sep",
        "padding" => "pad",
        other => other,
    }
}
