//! The questions that a format answers, and the model that they are asked of.

use std::any::Any;
use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use super::{Error, Fact, Numbers, Role, SpecialToken, Strings, Tensor, TokenList};

/// What a model says about itself. Each file format implements this once.
///
/// Nothing is read before it is asked for; an answer costs a look into an index of
/// the header.
pub trait Description: Any + fmt::Debug + Send + Sync {
    /// A text that the model states; `None` where it states none.
    ///
    /// # Errors
    /// Where the header can't be read, or states it twice.
    fn text(&self, fact: Fact) -> Result<Option<String>, Error>;

    /// A whole number that the model states; `None` where it states none.
    ///
    /// # Errors
    /// As for [`text`](Self::text).
    fn whole(&self, fact: Fact) -> Result<Option<u64>, Error>;

    /// A number that the model states in single precision; `None` where it states
    /// none.
    ///
    /// # Errors
    /// As for [`text`](Self::text), and where it states something else
    /// ([`Error::Type`]).
    fn real(&self, fact: Fact) -> Result<Option<f32>, Error>;

    /// A flag that the model states; `None` where it states none.
    ///
    /// # Errors
    /// As for [`text`](Self::text).
    fn flag(&self, fact: Fact) -> Result<Option<bool>, Error>;

    /// The format's own name for a fact, for messages.
    fn key(&self, fact: Fact) -> String;

    /// The token IDs that the model gives a role. Of several, the last that is the
    /// ID of a token counts.
    ///
    /// # Errors
    /// As for [`text`](Self::text).
    fn special(&self, role: Role) -> Result<Vec<u64>, Error>;

    /// Every token that the model gives a role, known here or not.
    fn special_tokens(&self) -> Box<dyn Iterator<Item = Result<SpecialToken, Error>> + '_>;

    /// The vocabulary.
    ///
    /// # Errors
    /// Where there is none ([`Error::NoVocabulary`]), or it can't be read.
    fn tokens(&self) -> Result<TokenList, Error>;

    /// The scores of the tokens, by token ID.
    ///
    /// # Errors
    /// As for [`text`](Self::text).
    fn scores(&self) -> Result<Option<Numbers>, Error>;

    /// The merges of a byte-pair vocabulary, in their order: two texts each, with a
    /// space between.
    ///
    /// # Errors
    /// As for [`text`](Self::text), and where they are no strings
    /// ([`Error::Unfit`]).
    fn merges(&self) -> Result<Option<Strings>, Error>;

    /// SentencePiece's compiled normalisation: bytes.
    ///
    /// # Errors
    /// As for [`text`](Self::text), and where it is no bytes ([`Error::Unfit`]).
    fn charsmap(&self) -> Result<Option<Numbers>, Error>;

    /// The tensor with a name, in whichever file it is.
    ///
    /// Some names mean the same in every format: `token_embd.weight` and the others
    /// that llama.cpp gives the tensors before the first block. A format that names
    /// them otherwise answers to both names.
    ///
    /// # Errors
    /// Where two tensors have the name, or where a file that may have it is missing.
    fn tensor(&self, name: &str) -> Result<Option<Tensor>, Error>;

    /// Every tensor of the files that are there.
    ///
    /// # Errors
    /// Where one of those files can't be read.
    fn tensors(&self) -> Result<Box<dyn Iterator<Item = Result<Tensor, Error>> + '_>, Error>;

    /// What a model without an embedding table seems to be, with its article: "a
    /// LoRA adapter".
    ///
    /// # Errors
    /// As for [`text`](Self::text).
    fn kind(&self) -> Result<Option<&'static str>, Error>;

    /// In how many files the model is.
    fn file_count(&self) -> u64;

    /// The length of all files that are there together, in bytes.
    fn file_len(&self) -> u64;

    /// The names of the files that are not there.
    fn missing(&self) -> Vec<String>;
}

/// A model: one file, or several that belong together. A clone is the same model,
/// its files opened once.
///
/// It answers every method of [`Description`].
#[derive(Clone, Debug)]
pub struct Model(Arc<dyn Description>);

impl Model {
    /// A model that a format describes.
    pub fn new(description: impl Description) -> Self {
        Self(Arc::new(description))
    }

    /// The description as the format's own type, if it is of that format.
    pub fn as_format<T: Description>(&self) -> Option<&T> {
        let description: &dyn Any = &*self.0;
        description.downcast_ref()
    }
}

impl Deref for Model {
    type Target = dyn Description;

    fn deref(&self) -> &Self::Target {
        &*self.0
    }
}
