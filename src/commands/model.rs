//! The table of a model and the tokens of its rows, which every command needs, and
//! the steps from a row to the input of the first block.

use std::path::Path;

use anyhow::{Context, Result};
use serde::Serialize;

use crate::embedding::{TOKEN_EMBEDDING, Table};
use crate::input::Step;
use crate::model::{Error, Fact, Model, Tensor};
use crate::report::{Float, TokenText};
use crate::vocab::Vocab;

/// The table that an answer is about.
#[derive(Clone, Debug, Serialize)]
pub struct TableInfo {
    pub tensor: String,
    #[serde(rename = "type")]
    pub format: &'static str,
    pub n_vocab: u64,
    pub d_model: u64,
    pub bytes: u64,
    /// Position of its first byte in the file.
    pub offset: u64,
    /// The number of tokens in the vocabulary. `None` if there is no vocabulary.
    pub n_tokens: Option<u64>,
}

/// One step from a stored row to the input of the first block.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct InputStep {
    /// `scale`, `token_type`, `position`, `layer_norm`, `rms_norm`,
    /// `per_layer`, `nothing` or `unknown`.
    pub step: &'static str,
    /// The source of the step: a metadata key, tensors, or a rule.
    pub from: String,
    /// The factor of a scale, the epsilon of a norm.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<Float<f32>>,
    /// The step in words.
    pub text: String,
}

impl From<&Step> for InputStep {
    fn from(Step { name, from, value, text, .. }: &Step) -> Self {
        Self { step: name, from: from.clone(), value: value.map(Float), text: text.clone() }
    }
}

/// A table with the vocabulary that names its rows.
pub(super) struct View {
    pub table: Table,
    vocab: Result<Vocab, String>,
    pub notes: Vec<String>,
}

impl View {
    pub(super) fn new(model: &Model, path: &Path, tensor: &str) -> Result<Self> {
        Self::of(model, tensor).with_context(|| path.display().to_string())
    }

    pub(super) fn of(model: &Model, tensor: &str) -> Result<Self> {
        let table = Table::open(model, tensor)?;
        let mut notes = Vec::new();
        if let Some(name) = table.file() {
            notes.push(format!(
                "the model is split in {}: the table is in {name}",
                model.file_count()
            ));
        }
        let vocab = match Vocab::open(model) {
            Ok(vocab) => Ok(vocab),
            Err(Error::NoVocabulary(reason)) => Err(reason),
            // Only the part with the vocabulary is missing: the rows can still be read.
            Err(error) if error.is_missing_part() => Err(error.to_string()),
            Err(error) => return Err(error.into()),
        };
        let vocab = match vocab {
            // Row i of another table, such as one of positions, is not token i.
            Ok(vocab)
                if is_per_token(tensor) && !(tensor == HEAD && is_draft(model))
                    || vocab.len() == table.n_vocab() =>
            {
                notes.extend(mismatch(table.n_vocab(), vocab.len()));
                Ok(vocab)
            }
            Ok(_) => Err(format!("the rows of \"{tensor}\" do not belong to tokens")),
            Err(reason) => {
                notes.push(format!("rows are shown without tokens: {reason}"));
                Err(reason)
            }
        };
        Ok(Self { table, vocab, notes })
    }

    pub(super) fn token(&self, id: u64) -> Result<TokenText> {
        let token = match &self.vocab {
            Ok(vocab) => vocab.token(id)?,
            Err(_) => None,
        };
        Ok(token.into())
    }

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

/// The type of a tensor's values, or its number if ggml can't decode it.
pub(super) fn type_name(tensor: &Tensor) -> String {
    match &tensor.format {
        Ok(format) => format.name.to_owned(),
        Err(error) => format!("type {}", error.id),
    }
}

/// The output head, which has a row per token too.
pub(super) const HEAD: &str = "output.weight";

/// The tensors that have one row per token.
pub(super) const PER_TOKEN: [&str; 3] = [TOKEN_EMBEDDING, HEAD, "per_layer_token_embd.weight"];

/// Whether a tensor of this name has one row per token.
fn is_per_token(tensor: &str) -> bool {
    PER_TOKEN.contains(&tensor)
}

/// Whether the model drafts for another one. Its head then has rows for a part of the
/// tokens, named by `d2t`.
pub(super) fn is_draft(model: &Model) -> bool {
    let architecture = model.text(Fact::Architecture).ok().flatten();
    architecture.is_some_and(|name| name.starts_with("eagle"))
        || matches!(model.tensor("d2t"), Ok(Some(_)))
}

/// A note if the numbers of rows and tokens differ.
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

/// Whether the architecture is an encoder, which has no output head.
pub(super) fn is_encoder(architecture: &str) -> bool {
    architecture.contains("bert") || matches!(architecture, "t5encoder" | "gemma-embedding")
}
