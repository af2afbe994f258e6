//! `tokens --ids`: the tokens of IDs, the text that they make, and whether that text
//! gives these IDs again.

mod answer;

use std::path::PathBuf;

use anyhow::{Context, Result, ensure};

use super::text::{TextToken, type_of};
use super::{Opener, Reads, Request, ids};
use crate::model::{Model, TokenId};
use crate::report::{Printer, hex};
use crate::text::counted;
use crate::tokenizer::{Options, Tokenizer, byte_of};
use crate::vocab::{Token, TokenType, Vocab};

pub use answer::{DecodeReport, DecodedText};

pub struct DecodeRequest {
    pub model: PathBuf,
    /// A list of token IDs, or `-` for one on standard input.
    pub ids: String,
}

impl Request for DecodeRequest {
    fn reads(&self) -> Reads {
        Reads::Header
    }

    fn answer(&self, open: Opener, out: &mut Printer) -> Result<()> {
        out.answer(&self.run(open)?)
    }
}

impl DecodeRequest {
    pub fn run(&self, open: Opener) -> Result<DecodeReport> {
        let model = open(&self.model)?;
        self.of(&model).with_context(|| self.model.display().to_string())
    }

    fn of(&self, model: &Model) -> Result<DecodeReport> {
        let vocab = Vocab::open(model)?;
        let n = vocab.len();
        let ids = ids::listed(&self.ids, &|id| {
            let tokens = counted(n, "token");
            ensure!(id < n, "token ID {id} is out of range: the vocabulary has {tokens}");
            Ok(())
        })?;
        let token = |&id: &TokenId| {
            let token = vocab.token(id)?.into();
            Ok(TextToken { id, token, token_type: type_of(&vocab, id)? })
        };
        let tokens: Vec<TextToken> = ids.iter().map(token).collect::<Result<_>>()?;
        let mut report = DecodeReport { ids, tokens, ..Default::default() };
        match Tokenizer::open(model) {
            Ok(tokenizer) => report.encode(&tokenizer, token)?,
            // The tokens can be read all the same.
            Err(error) => {
                report.text = joined(&report.tokens);
                report.notes.push(format!("the text was not encoded again: {error}"));
            }
        }
        Ok(report)
    }
}

impl DecodeReport {
    /// Adds the text, and what it gives if it is encoded.
    fn encode(
        &mut self,
        tokenizer: &Tokenizer,
        token: impl Fn(&TokenId) -> Result<TextToken>,
    ) -> Result<()> {
        let (text, within) = tokenizer.decode(&self.ids);
        self.left_out = [&self.ids[..within.start], &self.ids[within.end..]].concat();
        let options = Options { add_special: !self.left_out.is_empty(), parse_special: true };
        match tokenizer.encode(&text, options) {
            Ok(again) if again == self.ids => self.gives_ids = Some(true),
            Ok(again) => {
                self.gives_ids = Some(false);
                let same = again.iter().zip(&self.ids).take_while(|(a, b)| a == b).count();
                self.other = again.get(same).map(token).transpose()?;
                self.again = Some(again);
            }
            Err(error) => self.notes.push(format!("the text can't be encoded: {error}")),
        }
        self.text = shown(text);
        self.notes.extend_from_slice(tokenizer.notes());
        Ok(())
    }
}

/// The texts of tokens in a row; a byte token is its byte.
fn joined(tokens: &[TextToken]) -> DecodedText {
    let mut text = Vec::new();
    for TextToken { token, token_type, .. } in tokens {
        let bytes = token.bytes();
        let is_byte = *token_type == Some(TokenType::Byte.name());
        match is_byte.then(|| byte_of(&bytes)).flatten() {
            Some(byte) => text.push(byte),
            None => text.extend_from_slice(&bytes),
        }
    }
    shown(text)
}

fn shown(text: Vec<u8>) -> DecodedText {
    let n_bytes = text.len() as u64;
    let Token { text, bytes } = Token::from(text);
    DecodedText { text, text_hex: bytes.as_deref().map(hex), n_bytes }
}
