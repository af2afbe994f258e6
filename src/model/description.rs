//! The interface of file formats: each implements [`Description`].

use std::any::Any;
use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use super::{Error, Fact, Numbers, Role, SpecialToken, Strings, Tensor, TokenList};

/// What a model says about itself. Each file format implements this once.
///
/// A value is read when it is requested, through an index of the header. Every
/// method fails if the header can't be read or states the value twice; the comments
/// below name only other errors.
pub trait Description: Any + fmt::Debug + Send + Sync {
    /// A text that the model states.
    fn text(&self, fact: Fact) -> Result<Option<String>, Error>;

    /// A whole number that the model states.
    fn whole(&self, fact: Fact) -> Result<Option<u64>, Error>;

    /// A number that the model states in single precision. [`Error::Unfit`] if the
    /// value has another type.
    fn real(&self, fact: Fact) -> Result<Option<f32>, Error>;

    /// A flag that the model states.
    fn flag(&self, fact: Fact) -> Result<Option<bool>, Error>;

    /// The format's own name for a fact, for messages.
    fn key(&self, fact: Fact) -> String;

    /// The token IDs that the model gives a role; the last valid one counts.
    fn special(&self, role: Role) -> Result<Vec<u64>, Error>;

    /// Every token that the model gives a role, even one that [`Role`] lacks.
    fn special_tokens(&self) -> Box<dyn Iterator<Item = Result<SpecialToken, Error>> + '_>;

    /// The vocabulary. [`Error::NoVocabulary`] if there is none.
    fn tokens(&self) -> Result<TokenList, Error>;

    /// The scores of the tokens, by token ID.
    fn scores(&self) -> Result<Option<Numbers>, Error>;

    /// The merges of a byte-pair vocabulary, in order: two texts each, with a space
    /// between. [`Error::Unfit`] if they are not strings.
    fn merges(&self) -> Result<Option<Strings>, Error>;

    /// SentencePiece's compiled normalisation. [`Error::Unfit`] if it is not bytes.
    fn charsmap(&self) -> Result<Option<Numbers>, Error>;

    /// The bytes of a `tokenizer.json`, which describes a tokenizer of any family.
    fn tokenizer_json(&self) -> Result<Option<Vec<u8>>, Error> {
        Ok(None)
    }

    /// The tensor with a name, from any file. [`Error::MissingFile`] if no file has
    /// it and one that may have it is missing.
    ///
    /// llama.cpp's names for the tensors before the first block
    /// (`token_embd.weight` and others) work in every format. A format with other
    /// names for them accepts both.
    fn tensor(&self, name: &str) -> Result<Option<Tensor>, Error>;

    /// Every tensor of the files that exist.
    fn tensors(&self) -> Result<Box<dyn Iterator<Item = Result<Tensor, Error>> + '_>, Error>;

    /// What a model without an embedding table seems to be, with its article: "a
    /// LoRA adapter".
    fn kind(&self) -> Result<Option<&'static str>, Error>;

    /// The number of files of the model.
    fn file_count(&self) -> u64;

    /// The total length of the files that exist, in bytes.
    fn file_len(&self) -> u64;

    /// The names of the missing files.
    fn missing(&self) -> Vec<String>;
}

/// A model: one file, or several that belong together. A clone shares the open
/// files.
///
/// It has every method of [`Description`].
#[derive(Clone, Debug)]
pub struct Model(Arc<dyn Description>);

impl Model {
    /// Makes a model from a format's description.
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
