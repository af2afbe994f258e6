//! Tokens that their own text does not encode to, even inside other text.

use crate::model::TokenId;
use crate::threads::{self, Pieces};
use crate::tokenizer::{self, Tokenizer};
use crate::vocab::Vocab;

/// The number of tokens that a thread takes at a time.
const PIECE: u64 = 1024;

/// Longer tokens are not tried: an ordinary one has at most some dozen bytes.
const LONGEST: usize = 256;

/// The tokens whose text, within other text, gives other tokens; ascending. Of those
/// that `is_asked` selects, the ones whose bytes are a text by themselves are tried.
///
/// # Errors
/// When a token can't be read.
pub fn unreachable(
    vocab: &Vocab,
    tokenizer: &Tokenizer,
    is_asked: &(dyn Fn(TokenId) -> bool + Sync),
    threads: usize,
) -> Result<Vec<TokenId>, tokenizer::Error> {
    let mut all = Vec::new();
    threads::in_order(
        &Pieces::new(vocab.len(), PIECE),
        threads,
        Vec::new,
        |found: &mut Vec<TokenId>, ids| {
            vocab.each_from(ids.start, |id, text| -> Result<bool, tokenizer::Error> {
                if id == ids.end {
                    return Ok(false);
                }
                // Bytes that the vocabulary can't spell are another matter.
                if (1..=LONGEST).contains(&text.len())
                    && let Ok(text) = str::from_utf8(text)
                    && tokenizer.reaches(id, text).is_ok_and(|it| !it)
                    && is_asked(id)
                {
                    found.push(id);
                }
                Ok(true)
            })
        },
        |found| all.append(found),
    )?;
    Ok(all)
}
