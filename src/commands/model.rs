//! What every command on a model needs: the table, and the tokens of its rows.

use std::path::Path;

use anyhow::{Context, Result};

use crate::answer::{TableInfo, TokenText};
use crate::embedding::{TOKEN_EMBEDDING, Table};
use crate::gguf::Model;
use crate::store;
use crate::vocab::{Token, Vocab};

/// Opens the model that an argument names; errors name it.
pub(super) fn open(name: &Path) -> Result<Model> {
    store::open(name).with_context(|| name.display().to_string())
}

/// A table with the vocabulary that names its rows.
pub(super) struct View {
    pub table: Table,
    vocab: Result<Vocab, String>,
    /// What a reader should know of the two.
    pub notes: Vec<String>,
}

impl View {
    pub(super) fn new(model: &Model, path: &Path, tensor: &str) -> Result<Self> {
        Self::of(model, tensor).with_context(|| path.display().to_string())
    }

    pub(super) fn of(model: &Model, tensor: &str) -> Result<Self> {
        let table = Table::of_model(model, tensor)?;
        let mut notes = Vec::new();
        if let Some(name) = model.shard_name(table.file()) {
            notes.push(format!(
                "the model is split in {}: the table is in {name}",
                model.shard_count()
            ));
        }
        let vocab = match model.metadata() {
            Ok(gguf) => Vocab::open(gguf)?.map_err(str::to_owned),
            // The rows are there; only what names them is not.
            Err(error) => Err(error.to_string()),
        };
        let vocab = match vocab {
            // Row i of another table, of positions say, is not token i.
            Ok(vocab) if is_per_token(tensor) || vocab.len() == table.n_vocab() => {
                notes.extend(mismatch(table.n_vocab(), vocab.len()));
                Ok(vocab)
            }
            Ok(_) => Err(format!("the rows of \"{tensor}\" are not those of tokens")),
            Err(reason) => {
                notes.push(format!("rows are shown without tokens: {reason}"));
                Err(reason)
            }
        };
        Ok(Self { table, vocab, notes })
    }

    /// The text of a row's token.
    pub(super) fn token(&self, id: u64) -> Result<TokenText> {
        let token = match &self.vocab {
            Ok(vocab) => vocab.token(id)?,
            Err(_) => None,
        };
        Ok(token_text(token))
    }

    /// The tokens of the rows, or the reason why there are none.
    pub(super) fn vocab(&self) -> Result<&Vocab, &str> {
        self.vocab.as_ref().map_err(String::as_str)
    }

    pub(super) fn info(&self) -> TableInfo {
        let table = &self.table;
        TableInfo {
            tensor: table.name().to_owned(),
            format: table.format().name,
            n_vocab: table.n_vocab(),
            d_model: table.d_model() as u64,
            bytes: table.bytes(),
            offset: table.offset(),
            n_tokens: self.vocab.as_ref().ok().map(Vocab::len),
        }
    }
}

/// A token as an answer names it.
pub(super) fn token_text(token: Option<Token>) -> TokenText {
    token.map_or(TokenText { token: None, token_hex: None }, TokenText::from)
}

impl From<Token> for TokenText {
    fn from(token: Token) -> Self {
        Self { token: Some(token.text), token_hex: token.bytes.as_deref().map(hex) }
    }
}

/// Bytes as two digits each.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Whether row i of a tensor belongs to token i by its name.
fn is_per_token(tensor: &str) -> bool {
    [TOKEN_EMBEDDING, "output.weight", "per_layer_token_embd.weight"].contains(&tensor)
}

/// Says so where rows and tokens are not as many as each other.
pub(super) fn mismatch(rows: u64, tokens: u64) -> Option<String> {
    match rows.cmp(&tokens) {
        std::cmp::Ordering::Equal => None,
        std::cmp::Ordering::Greater => Some(format!(
            "the table has {rows} rows and the vocabulary {tokens} tokens: rows {tokens} to {} \
             have no token (padding, usually)",
            rows - 1
        )),
        std::cmp::Ordering::Less => Some(format!(
            "the vocabulary has {tokens} tokens and the table {rows} rows: tokens {rows} to {} \
             have no row (llama.cpp refuses such a file)",
            tokens - 1
        )),
    }
}

/// Whether an architecture ends without a step back to tokens.
pub(super) fn is_encoder(architecture: &str) -> bool {
    architecture.contains("bert") || matches!(architecture, "t5encoder" | "gemma-embedding")
}
