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
            for id in ids {
                let Some(token) = vocab.token(id)? else { continue };
                if token.bytes.is_some() || !(1..=LONGEST).contains(&token.text.len()) {
                    continue;
                }
                // Bytes that the vocabulary can't spell are another matter.
                if tokenizer.reaches(id, &token.text).is_ok_and(|it| !it) && is_asked(id) {
                    found.push(id);
                }
            }
            Ok::<_, tokenizer::Error>(())
        },
        |found| all.append(found),
    )?;
    Ok(all)
}
