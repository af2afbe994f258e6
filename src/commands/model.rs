//! The table of a model and the tokens of its rows, which every command needs, and
//! the steps from a row to the input of the first block.

use std::path::Path;

use anyhow::{Context, Result};
use serde::Serialize;

use super::draft::{self, Draft};
use crate::embedding::{Error as TableError, TABLES, TOKEN_EMBEDDING, Table};
use crate::gguf::Files;
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
    /// Whether the file states the shape fastest dimension first, as GGUF does.
    #[serde(skip)]
    pub is_fastest_first: bool,
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
pub struct View {
    pub table: Table,
    vocab: Result<Vocab, String>,
    /// What names the rows in place of the vocabulary.
    draft: Option<Draft>,
    pub notes: Vec<String>,
    is_gguf: bool,
}

impl View {
    pub fn new(model: &Model, path: &Path, tensor: &str) -> Result<Self> {
        Self::of(model, tensor).with_context(|| path.display().to_string())
    }

    /// For commands that can read another tensor. An error says how.
    pub fn of(model: &Model, tensor: &str) -> Result<Self> {
        let table = Table::open(model, tensor).map_err(|error| match error {
            TableError::NoTensor { name, message } if message.contains(TABLES) => {
                let message = message.replacen(TABLES, &format!("{TABLES} (--tensor NAME)"), 1);
                TableError::NoTensor { name, message }
            }
            other => other,
        })?;
        Self::around(model, table)
    }

    /// The view of the embedding table, for commands that read no other tensor.
    pub fn of_table(model: &Model, path: &Path) -> Result<Self> {
        let table = Table::open(model, TOKEN_EMBEDDING).map_err(Into::into);
        table
            .and_then(|table| Self::around(model, table))
            .with_context(|| path.display().to_string())
    }

    fn around(model: &Model, table: Table) -> Result<Self> {
        let tensor = &*table.usual_name().to_owned();
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
        let draft = match &vocab {
            Ok(vocab) if tensor == HEAD => Draft::of(model, table.n_vocab(), vocab)?,
            _ => None,
        };
        let vocab = match vocab {
            Ok(_) if draft.is_some() => {
                notes.push(draft::NOTE.to_owned());
                Err(draft::NOTE.to_owned())
            }
            Ok(vocab) if transposes(model, &table, &vocab)? => {
                notes.push(transposed([table.n_vocab(), table.d_model() as u64]));
                Ok(vocab)
            }
            // Row i of another table, such as one of positions, is not token i.
            Ok(vocab)
                if is_per_token(tensor) && !(tensor == HEAD && is_draft(model))
                    || vocab.len() == table.n_vocab() =>
            {
                notes.extend(mismatch(model, table.n_vocab(), vocab.len()));
                Ok(vocab)
            }
            Ok(_) if tensor == HEAD => {
                let reason = "the head of a draft model has rows for some of the tokens, and \
                              no d2t in the file says which";
                notes.push(format!("rows are shown without tokens: {reason}"));
                Err(reason.to_owned())
            }
            Ok(_) => Err(format!("the rows of \"{tensor}\" do not belong to tokens")),
            Err(reason) => {
                notes.push(format!("rows are shown without tokens: {reason}"));
                Err(reason)
            }
        };
        Ok(Self { table, vocab, draft, notes, is_gguf: model.as_format::<Files>().is_some() })
    }

    /// The token of a row.
    pub fn token(&self, row: u64) -> Result<TokenText> {
        let token = match (&self.draft, &self.vocab) {
            (Some(draft), _) => draft.token(row)?,
            (None, Ok(vocab)) => vocab.token(row)?,
            (None, Err(_)) => None,
        };
        Ok(token.into())
    }

    /// The row of a token.
    pub fn row_of(&self, id: u64) -> Result<u64> {
        match &self.draft {
            None => Ok(id),
            Some(draft) => draft.row_of(id).with_context(|| {
                format!("token {id} has no row in {}: a draft model has some tokens only", HEAD)
            }),
        }
    }

    /// The vocabulary whose tokens the rows are of. Row i may be of another token than
    /// i: see [`row_of`](Self::row_of).
    pub fn labels(&self) -> Result<&Vocab, &str> {
        match &self.draft {
            Some(draft) => Ok(draft.vocab()),
            None => self.vocab(),
        }
    }

    /// The vocabulary, if row i is of token i.
    pub fn vocab(&self) -> Result<&Vocab, &str> {
        self.vocab.as_ref().map_err(String::as_str)
    }

    pub fn info(&self) -> TableInfo {
        let table = &self.table;
        TableInfo {
            tensor: table.name().to_owned(),
            format: table.format().name,
            n_vocab: table.n_vocab(),
            d_model: table.d_model() as u64,
            bytes: table.bytes(),
            offset: table.offset(),
            is_fastest_first: self.is_gguf,
            n_tokens: self.labels().ok().map(Vocab::len),
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

/// Whether tensors may be in other parts of a split model, which can't be found because
/// this one has no name of a part.
pub(super) fn may_lack_parts(model: &Model) -> bool {
    let stray = model.as_format::<Files>().and_then(|files| files.stray().ok()?);
    stray.is_some_and(|stray| !stray.is_whole)
}

/// The fact that says how wide the rows of the table are.
pub(super) fn width(model: &Model) -> Fact {
    match model.text(Fact::Architecture).ok().flatten().as_deref() {
        Some("wavtokenizer-dec") => Fact::FeaturesLength,
        _ => Fact::EmbeddingLength,
    }
}

/// Whether a table has a row per column and a column per token.
pub(super) fn is_transposed(
    model: &Model,
    [rows, columns]: [u64; 2],
    tokens: Option<u64>,
) -> Result<bool, Error> {
    if rows == columns || Some(rows) != model.whole(width(model))? {
        return Ok(false);
    }
    Ok(match tokens {
        Some(tokens) => tokens == columns,
        None => model.whole(Fact::VocabSize)? == Some(columns),
    })
}

fn transposes(model: &Model, table: &Table, vocab: &Vocab) -> Result<bool, Error> {
    let shape = [table.n_vocab(), table.d_model() as u64];
    Ok(is_per_token(table.usual_name()) && is_transposed(model, shape, Some(vocab.len()))?)
}

/// That a table is transposed.
pub(super) fn transposed([rows, columns]: [u64; 2]) -> String {
    format!(
        "the table is [{rows}, {columns}], and the model has {columns} tokens of {rows} values: \
         it is written the other way round (llama.cpp refuses such a file)"
    )
}

/// A note if the numbers of rows and tokens differ.
pub(super) fn mismatch(model: &Model, rows: u64, tokens: u64) -> Option<String> {
    match rows.cmp(&tokens) {
        std::cmp::Ordering::Equal => None,
        std::cmp::Ordering::Greater => Some(format!(
            "the table has {rows} rows and the vocabulary {tokens} tokens: rows {tokens} to {} \
             have no token (padding, usually)",
            rows - 1
        )),
        std::cmp::Ordering::Less => Some(format!(
            "the vocabulary has {tokens} tokens and the table {rows} rows: tokens {rows} to {} \
             have no row{}",
            tokens - 1,
            if is_draft(model) || model.as_format::<Files>().is_none() {
                ""
            } else {
                " (llama.cpp refuses such a file)"
            }
        )),
    }
}

/// Whether the architecture is an encoder, which has no output head.
pub(super) fn is_encoder(architecture: &str) -> bool {
    architecture.contains("bert") || matches!(architecture, "t5encoder" | "gemma-embedding")
}
