//! Which tokens the rows of a draft model's head are of.
//!
//! A draft model (EAGLE-3) guesses tokens for a larger one. Its head has rows for the
//! commonest tokens only, and the tensor `d2t` says which: row i is of token
//! i + d2t[i]. llama.cpp's converter adds i already, so in its files row i is of token
//! d2t[i]. One of the two names a different token for each row, all of the vocabulary.

use std::collections::HashSet;

use anyhow::Result;

use crate::model::{Model, Tensor};
use crate::vocab::{Token, Vocab};

pub(super) const NOTE: &str = "a draft model: d2t says of which token each row is";

/// The most rows that are labelled. A vocabulary has some hundred thousand tokens.
const MOST: u64 = 1 << 22;

/// The vocabulary, and the token of each row.
pub(super) struct Draft {
    vocab: Vocab,
    tokens: Vec<u64>,
}

impl Draft {
    /// The map of a model's head with so many rows; `None` if there is none that names
    /// a token for each row.
    pub fn of(model: &Model, rows: u64, vocab: &Vocab) -> Result<Option<Self>> {
        let Some(tensor) = model.tensor("d2t")? else { return Ok(None) };
        let Some(stored) = read(&tensor, rows) else { return Ok(None) };
        let n = vocab.len();
        let tokens = named(stored.iter().zip(0..).map(|(token, row)| token.checked_add(row)), n)
            .or_else(|| named(stored.iter().map(|token| Some(*token)), n));
        Ok(tokens.map(|tokens| Self { vocab: vocab.clone(), tokens }))
    }

    pub fn vocab(&self) -> &Vocab {
        &self.vocab
    }

    pub fn token(&self, row: u64) -> Result<Option<Token>> {
        match usize::try_from(row).ok().and_then(|row| self.tokens.get(row)) {
            Some(id) => Ok(self.vocab.token(*id)?),
            None => Ok(None),
        }
    }

    pub fn row_of(&self, id: u64) -> Option<u64> {
        self.tokens.iter().position(|token| *token == id).map(|row| row as u64)
    }
}

/// The tokens, if they are different ones and all below `n`.
fn named(tokens: impl Iterator<Item = Option<i64>>, n: u64) -> Option<Vec<u64>> {
    let mut seen = HashSet::new();
    let mut valid = |token: Option<i64>| {
        let token = u64::try_from(token?).ok()?;
        (token < n && seen.insert(token)).then_some(token)
    };
    tokens.map(&mut valid).collect()
}

/// The values of a vector of whole numbers, one for each row.
fn read(tensor: &Tensor, rows: u64) -> Option<Vec<i64>> {
    let format = tensor.format.as_ref().ok().filter(|format| format.is_integer())?;
    if tensor.n_values() != Some(rows) || rows > MOST {
        return None;
    }
    let (at, size) = (tensor.at?, tensor.bytes()?);
    if at.checked_add(size)? > tensor.source.len() {
        return None;
    }
    let mut bytes = vec![0; usize::try_from(size).ok()?];
    tensor.source.read_exact_at(at, &mut bytes).ok()?;
    let whole = |bytes: &[u8]| {
        let mut wide = [if bytes[bytes.len() - 1] & 0x80 == 0 { 0 } else { 0xff }; 8];
        wide[..bytes.len()].copy_from_slice(bytes);
        i64::from_le_bytes(wide)
    };
    Some(bytes.chunks_exact(format.block_bytes).map(whole).collect())
}
