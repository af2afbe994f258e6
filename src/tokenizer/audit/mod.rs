//! What is wrong with a vocabulary, and what llama.cpp does about it.
//!
//! Every fault here is exact: it is read off the file, and nothing is estimated.
//! What llama.cpp does was read in its `src/llama-vocab.cpp` of October 2026.
//!
//! | file | faults of |
//! |---|---|
//! | `lists` | the lists that have one element per token: lengths, types, repeated texts |
//! | `bytes` | the tokens that stand for single bytes |
//! | `family` | a tokenizer or pre-tokenizer that does not fit the spelling of the tokens |
//! | `merges` | merges without a token, and tokens without a merge |
//! | `markers` | chat markers and the tokens with a role |

mod bytes;
mod family;
mod lists;
mod markers;
mod merges;

use crate::model::{Error as ModelError, Fact, Model, Numbers, TokenId};

use super::Error;
use super::pre::Pre;
use super::settings::Kind;
use super::token_index::TokenIndex;

/// A smaller vocabulary has no room for all bytes.
const BYTES: usize = 256;

/// A fault of a vocabulary.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// What kind of fault it is.
    pub kind: FaultKind,
    /// What is wrong, and what llama.cpp does about it.
    pub message: String,
    /// The tokens it is about, ascending. Empty if it is about the whole vocabulary.
    pub ids: Vec<TokenId>,
}

/// The kinds of faults.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FaultKind {
    /// The vocabulary is too large or too damaged to look at.
    Unread,
    /// Tokens have the text of another token.
    Duplicate,
    /// A list has not one element per token, or elements of the wrong type.
    Length,
    /// Tokens have a type that does not exist.
    Type,
    /// The tokens that stand for bytes are too few or have the wrong type or form.
    Bytes,
    /// No token can spell some byte that texts have.
    Alphabet,
    /// The tokens are spelled for another tokenizer.
    Family,
    /// No pre-tokenizer is named, or llama.cpp does not know it.
    PreTokenizer,
    /// Merges make no token.
    Merge,
    /// No merge makes some ordinary tokens.
    Unmade,
    /// Chat markers have the type of ordinary text.
    Marker,
    /// A token with a role is an ordinary word.
    Role,
    /// Markers look alike.
    LookAlike,
    /// The chat template writes a marker that is no token.
    Template,
    /// Tokenizer and chat template both write the BOS.
    BosTwice,
}

/// What shows without the tokens' texts: it is as quick for a large vocabulary.
struct Header<'a> {
    model: &'a Model,
    /// The name of the tokenizer, and its kind if it is a known one.
    name: Option<String>,
    kind: Option<Kind>,
    /// The types as the file has them.
    types: Option<Numbers>,
}

/// What the checks look at.
struct Seen<'a> {
    header: Header<'a>,
    tokens: TokenIndex,
    /// The types as the file has them. Empty if it has none.
    types: Vec<i32>,
}

impl<'a> std::ops::Deref for Seen<'a> {
    type Target = Header<'a>;

    fn deref(&self) -> &Header<'a> {
        &self.header
    }
}

/// What a look at a vocabulary shows that reads no more than a few of its tokens.
#[derive(Clone, Debug, Default)]
pub struct Glance {
    /// The faults that show already.
    pub faults: Vec<Fault>,
    /// How many tokens have each type.
    pub counts: Counts,
}

/// How many tokens have each type, by llama.cpp's number for it, 1 to 6; and how many
/// have another number, in place 0.
pub type Counts = [u64; 7];

/// A quick look at a model's vocabulary.
///
/// # Errors
/// If the model has no vocabulary, or it can't be read.
pub fn glance(model: &Model) -> Result<Glance, ModelError> {
    let mut faults = Vec::new();
    let (_, counts) = Header::read(model, &mut faults)?;
    Ok(Glance { faults, counts })
}

/// The faults of a model's vocabulary. Reads it whole.
///
/// # Errors
/// If the model has no vocabulary, or it can't be read.
pub fn audit(model: &Model) -> Result<Vec<Fault>, ModelError> {
    let mut faults = Vec::new();
    let (header, _) = Header::read(model, &mut faults)?;
    let has_lists = !faults.iter().any(|fault| fault.kind == FaultKind::Length);
    let tokens = match TokenIndex::read(model, &mut Vec::new()) {
        Ok(tokens) => tokens,
        Err(Error::Model(error)) => return Err(error),
        // A list of the wrong length has been reported already.
        Err(_) if !has_lists => return Ok(faults),
        Err(error) => {
            let message = format!("the vocabulary was not looked at: {error}");
            push(&mut faults, FaultKind::Unread, message, Vec::new());
            return Ok(faults);
        }
    };
    let mut types = Vec::new();
    if let Some(list) = &header.types {
        list.each_run(tokens.len() as u64, |run| {
            types.extend(run.as_chunks().0.iter().map(|&word| i32::from_le_bytes(word)));
        })?;
    }
    let seen = Seen { header, tokens, types };
    lists::repeated(&seen, &mut faults);
    bytes::check(&seen, &mut faults);
    let (pre, _) = match seen.name.as_deref() {
        Some("gemma4") => (Pre::gemma(), None),
        _ => Pre::named(model.text(Fact::PreTokenizer)?.as_deref()),
    };
    family::check(&seen, &pre, &mut faults)?;
    if seen.kind.is_some() {
        merges::check(&seen, &pre, &mut faults)?;
        markers::check(&seen, &pre, &mut faults)?;
    }
    Ok(faults)
}

impl<'a> Header<'a> {
    /// Reads the header and reports the faults that it shows.
    fn read(model: &'a Model, faults: &mut Vec<Fault>) -> Result<(Self, Counts), ModelError> {
        let types = lists::lengths(model, faults)?;
        let name = model.text(Fact::Tokenizer)?;
        let kind = name.as_deref().and_then(Kind::of_model);
        let header = Self { model, name, kind, types };
        let counts = lists::types(&header, faults)?;
        family::pre_tokenizer(&header, faults)?;
        merges::missing(&header, faults)?;
        markers::roles_of_words(&header, faults)?;
        Ok((header, counts))
    }
}

impl Seen<'_> {
    /// Whether a token is ordinary text by its type.
    fn is_normal(&self, id: u32) -> bool {
        self.types.get(id as usize).is_none_or(|&kind| kind == 1)
    }

    /// The IDs of the tokens that a test holds for.
    fn ids(&self, test: impl Fn(u32) -> bool) -> Vec<TokenId> {
        self.tokens.ids().filter(|&id| test(id)).map(TokenId::from).collect()
    }

    /// The number of tokens whose stored text begins with this.
    fn n_with(&self, prefix: &str) -> usize {
        let begins = |id: &u32| {
            let text = self.tokens.text(*id);
            text.len() > prefix.len() && text.starts_with(prefix.as_bytes())
        };
        self.tokens.ids().filter(begins).count()
    }
}

/// Adds a fault.
fn push(faults: &mut Vec<Fault>, kind: FaultKind, message: impl Into<String>, ids: Vec<TokenId>) {
    faults.push(Fault { kind, message: message.into(), ids });
}
