//! `tokens --text`: tokenizes a text. Other commands tokenize texts through it too.

pub(super) mod answer;
pub(super) use std::borrow::Cow;
use std::path::PathBuf;

use anyhow::{Context, Error, Result, anyhow};

use super::tokens::Count;
use super::{Opener, Request, stdin};
use crate::model::{Model, TokenId};
use crate::report::{Printer, TokenText, hex};
use crate::text::counted;
use crate::tokenizer::{self, Options, Tokenizer, Trace};
use crate::vocab::{Token, Vocab};

pub use answer::{TextInput, TextReport, TextToken};

pub struct TextRequest {
    pub model: PathBuf,
    pub text: TextToRead,
    /// Prints only the number of tokens.
    pub count: bool,
}

/// A text, and options for its tokenizer.
pub struct TextToRead {
    /// Its bytes; `None` for all of standard input.
    pub bytes: Option<Vec<u8>>,
    /// Whether to add the model's tokens around it, such as BOS and EOS.
    pub add_special: bool,
    /// Whether to read the spellings of special tokens as special tokens.
    pub parse_special: bool,
}

pub(super) struct Tokenized {
    pub input: TextInput,
    pub ids: Vec<u64>,
    pub notes: Vec<String>,
}

impl Request for TextRequest {
    fn answer(&self, open: Opener, out: &mut Printer) -> Result<()> {
        let report = self.run(open)?;
        match self.count {
            true => out.answer(&Count { n_tokens: report.ids.len() as u64, notes: report.notes }),
            false => out.answer(&report),
        }
    }
}

impl TextRequest {
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
    pub(super) fn read(&self) -> Result<Cow<'_, [u8]>> {
        Ok(match &self.bytes {
            Some(bytes) => bytes.into(),
            None => stdin("a text", "tokenize it in parts")?.into(),
        })
    }

    pub(super) fn tokenize(&self, model: &Model, text: &[u8]) -> Result<Tokenized> {
        let tokenizer = Tokenizer::open(model)?;
        let options = Options { add_special: self.add_special, parse_special: self.parse_special };
        let Trace { ids, dropped, adds_space } = tokenizer.trace(text, options).map_err(advised)?;
        let mut notes = tokenizer.notes().to_vec();
        notes.extend(losses(text, &dropped));
        notes.extend(self.bytes.as_deref().and_then(escapes));
        let (front, behind) = tokenizer.around();
        let vocab = Vocab::open(model)?;
        let added = |token: Option<TokenId>| -> Result<Option<TokenText>> {
            let token = token.filter(|_| options.add_special);
            Ok(token.map(|id| vocab.token(id)).transpose()?.map(TokenText::from))
        };
        let Token { text: shown, bytes } = Token::from(text.to_vec());
        Ok(Tokenized {
            input: TextInput {
                text: shown,
                text_hex: bytes.as_deref().map(hex),
                bytes: text.len() as u64,
                in_front: added(front)?,
                behind: added(behind)?,
                adds_space,
            },
            ids,
            notes,
        })
    }
}

/// A note on the bytes that are dropped, with the first few of them.
fn losses(text: &[u8], dropped: &[usize]) -> Option<String> {
    let (first, more) = dropped.split_at(dropped.len().min(8));
    let named: Vec<String> =
        first.iter().map(|&at| format!("0x{:02X} at {at}", text[at])).collect();
    let more = match more.len() {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let (have, are) = if dropped.len() == 1 { ("has", "is") } else { ("have", "are") };
    (!dropped.is_empty()).then(|| {
        format!(
            "{} of {} {have} no token and {are} dropped, as llama.cpp does without a word: {}{more}",
            dropped.len(),
            counted(text.len() as u64, "byte"),
            named.join(", ")
        )
    })
}

/// A note if a typed text has an escape that a shell did not replace.
fn escapes(text: &[u8]) -> Option<String> {
    let escape = text.windows(2).find(|pair| matches!(pair, [b'\\', b'n' | b't']))?;
    let (letter, what) = if escape[1] == b'n' { ('n', "newline") } else { ('t', "tab") };
    Some(format!(
        "\\{letter} in the text is a backslash and a letter, not a {what}: write $'\\{letter}' in \
         the shell, or --text - and the text on standard input"
    ))
}

/// Adds advice for the user to a tokenizer's error.
fn advised(error: tokenizer::Error) -> Error {
    match error {
        tokenizer::Error::NothingAround { .. } => anyhow!("{error}; leave it out with --no-bos"),
        error => error.into(),
    }
}

pub(super) fn type_of(vocab: &Vocab, id: u64) -> Result<Option<&'static str>> {
    Ok(vocab.token_type(id)?.map(|token_type| token_type.name()))
}
