//! `tokens --text`: tokenizes a text. Other commands tokenize texts through it too.

pub(super) mod answer;
pub(super) use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use anyhow::{Context, Error, Result, anyhow};

use super::tokens::Count;
use super::{Opener, Reads, Request, stdin};
use crate::model::{Model, TokenId};
use crate::report::{Items, Printer, Sink, TokenText};
use crate::text::counted;
use crate::threads;
use crate::tokenizer::{self, Options, Read, Tokenizer};
use crate::vocab::{Token, Vocab};

pub use answer::{TextHead, TextInput, TextToken};

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
    pub ids: Vec<u32>,
    pub notes: Vec<String>,
}

/// The columns of the table are fitted on at most this many tokens.
const FITTED: usize = 1000;

/// A thread formats so many tokens at a time.
const BLOCK: u64 = 1 << 12;

impl Request for TextRequest {
    fn reads(&self) -> Reads {
        Reads::Header
    }

    fn answer(&self, open: Opener, out: &mut Printer) -> Result<()> {
        match self.count {
            true => out.answer(&self.count(open)?),
            false => self.run(open, &mut out.list()),
        }
    }
}

impl TextRequest {
    /// Gives the tokens of the text to a sink.
    pub fn run(&self, open: Opener, sink: &mut dyn Sink<TextHead>) -> Result<()> {
        let text = self.text.read()?;
        let model = open(&self.model)?;
        let name = || self.model.display().to_string();
        let vocab = Vocab::open(&model).with_context(name)?;
        let Tokenized { input, ids, notes } =
            self.text.tokenize(&model, text).with_context(name)?;
        let texts = (ids.len() as u64 > BLOCK).then(|| Texts::of(&vocab)).transpose()?;
        let token = |id: &u32| {
            let id = TokenId::from(*id);
            let token = match &texts {
                Some(texts) => texts.get(id),
                None => vocab.token(id)?,
            };
            Ok(TextToken { id, token: token.into(), token_type: type_of(&vocab, id)? })
        };
        let first = ids.iter().take(FITTED).map(token).collect::<Result<_>>()?;
        let (n, ids) = (ids.len() as u64, Arc::new(ids));
        sink.head(TextHead { input, ids: Arc::clone(&ids), first, columns: OnceLock::new() })?;
        sink.items(&Items {
            n,
            threads: threads::available(),
            per_block: BLOCK,
            item: &|nth| token(&ids[nth as usize]),
        })?;
        sink.end(notes)
    }

    fn count(&self, open: Opener) -> Result<Count> {
        let text = self.text.read()?;
        let model = open(&self.model)?;
        let tokenized = self.text.tokenize(&model, text);
        let Tokenized { ids, notes, .. } =
            tokenized.with_context(|| self.model.display().to_string())?;
        Ok(Count { n_tokens: ids.len() as u64, notes })
    }
}

/// A copy of the texts of all tokens: to find one in the file, some hundred others are
/// passed.
#[derive(Default)]
struct Texts {
    bytes: Vec<u8>,
    ends: Vec<usize>,
}

impl Texts {
    fn of(vocab: &Vocab) -> Result<Self> {
        let mut texts = Self::default();
        vocab.each(|_, text| -> Result<bool> {
            texts.bytes.extend_from_slice(text);
            texts.ends.push(texts.bytes.len());
            Ok(true)
        })?;
        Ok(texts)
    }

    /// The token with an ID; `None` past the last.
    fn get(&self, id: TokenId) -> Option<Token> {
        let id = usize::try_from(id).ok()?;
        let start = id.checked_sub(1).map_or(Some(0), |before| self.ends.get(before).copied())?;
        Some(Token::from(self.bytes[start..*self.ends.get(id)?].to_vec()))
    }
}

impl TextToRead {
    pub(super) fn read(&self) -> Result<Vec<u8>> {
        match &self.bytes {
            Some(bytes) => Ok(bytes.clone()),
            None => stdin("a text", "tokenize it in parts"),
        }
    }

    pub(super) fn tokenize(&self, model: &Model, text: Vec<u8>) -> Result<Tokenized> {
        let tokenizer = Tokenizer::open(model)?;
        let options = Options { add_special: self.add_special, parse_special: self.parse_special };
        let Read { ids, dropped, adds_space } = tokenizer.read(&text, options).map_err(advised)?;
        let mut notes = tokenizer.notes().to_vec();
        notes.extend(losses(&text, &dropped));
        notes.extend(self.bytes.as_deref().and_then(escapes));
        let (front, behind) = tokenizer.around();
        let vocab = Vocab::open(model)?;
        let added = |token: Option<TokenId>| -> Result<Option<TokenText>> {
            let token = token.filter(|_| options.add_special);
            Ok(token.map(|id| vocab.token(id)).transpose()?.map(TokenText::from))
        };
        let (in_front, behind) = (added(front)?, added(behind)?);
        Ok(Tokenized { input: TextInput { bytes: text, in_front, behind, adds_space }, ids, notes })
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
