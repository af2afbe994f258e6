//! `tokens --text`: a text in tokens. Other commands read texts through it too.

mod answer;
pub(super) mod looks;

use std::borrow::Cow;
use std::path::PathBuf;

use anyhow::{Context, Error, Result, anyhow};

use super::{Opener, Request, stdin};
use crate::model::{Model, TokenId};
use crate::report::{Printer, hex};
use crate::tokenizer::{self, Options, Tokenizer};
use crate::vocab::{Token, Vocab};

pub use answer::{TextInput, TextReport, TextToken};

/// Asks for the tokens of a text.
#[derive(Clone, Debug)]
pub struct TextRequest {
    /// The model.
    pub model: PathBuf,
    /// The text.
    pub text: TextToRead,
}

/// A text, and how it is read.
#[derive(Clone, Debug)]
pub struct TextToRead {
    /// Its bytes; `None` for all of standard input.
    pub bytes: Option<Vec<u8>>,
    /// Whether the model's own tokens are put around it: BOS, EOS.
    pub add_special: bool,
    /// Whether special tokens that are spelt in it are read as those.
    pub parse_special: bool,
}

/// A text as a model reads it.
pub(super) struct Tokenized {
    pub input: TextInput,
    pub ids: Vec<u64>,
    /// What a reader should know of the tokenizer.
    pub notes: Vec<String>,
}

impl Request for TextRequest {
    fn answer(&self, open: Opener, out: &mut Printer) -> Result<()> {
        out.answer(&self.run(open)?)
    }
}

impl TextRequest {
    /// The text in tokens.
    pub fn run(&self, open: Opener) -> Result<TextReport> {
        let text = self.text.read()?;
        let model = open(&self.model)?;
        self.of(&model, &text).with_context(|| self.model.display().to_string())
    }

    fn of(&self, model: &Model, text: &[u8]) -> Result<TextReport> {
        let vocab = Vocab::open(model)?;
        let Tokenized { input, ids, notes } = self.text.tokenize(model, text)?;
        let token = |id: &u64| {
            Ok(TextToken {
                id: *id,
                token: vocab.token(*id)?.into(),
                token_type: type_of(&vocab, *id)?,
            })
        };
        let tokens = ids.iter().map(token).collect::<Result<_>>()?;
        Ok(TextReport { input, ids, tokens, notes })
    }
}

impl TextToRead {
    /// The bytes.
    pub(super) fn read(&self) -> Result<Cow<'_, [u8]>> {
        Ok(match &self.bytes {
            Some(bytes) => bytes.into(),
            None => stdin("a text", "tokenize it in parts")?.into(),
        })
    }

    /// Tokenizes a text with a model's own tokenizer.
    ///
    /// # Errors
    /// Where the file has none that can be used, with the reason.
    pub(super) fn tokenize(&self, model: &Model, text: &[u8]) -> Result<Tokenized> {
        let tokenizer = Tokenizer::open(model)?;
        let options = Options { add_special: self.add_special, parse_special: self.parse_special };
        let ids = tokenizer.encode(text, options).map_err(advised)?;
        let (front, behind) = tokenizer.around();
        let added = |token: Option<TokenId>| usize::from(options.add_special && token.is_some());
        let Token { text: shown, bytes } = Token::from(text.to_vec());
        Ok(Tokenized {
            input: TextInput {
                text: shown,
                text_hex: bytes.as_deref().map(hex),
                bytes: text.len() as u64,
                in_front: added(front),
                behind: added(behind),
            },
            ids,
            notes: tokenizer.notes().to_vec(),
        })
    }
}

/// What an error of the tokenizer means to whoever gave the arguments.
fn advised(error: tokenizer::Error) -> Error {
    match error {
        tokenizer::Error::NothingAround(_) => anyhow!("{error}; leave it out with --no-bos"),
        error => error.into(),
    }
}

/// What the file says that a token is.
pub(super) fn type_of(vocab: &Vocab, id: u64) -> Result<Option<&'static str>> {
    Ok(vocab.token_type(id)?.map(|token_type| token_type.name()))
}
