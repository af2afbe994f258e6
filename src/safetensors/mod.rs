//! Hugging Face checkpoints: `.safetensors` files, with `config.json` and
//! `tokenizer.json` beside them.

mod header;
mod names;
mod tokens;

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::path::Path;
use std::sync::Arc;
use std::{fmt, io};

use serde::Deserialize;
use serde_json::Value as Json;

pub use header::{Entry, Header};

use crate::model::{
    Description, Error, Fact, Model, Numbers, Role, SpecialToken, Strings, Tensor, TokenList,
};
use crate::quant::{Format, TypeError};
use crate::source::{Folder, OnDisk, Source};

/// The longest of the files beside the tensors, in bytes.
const LONGEST: u64 = 256 << 20;

const INDEX: &str = "model.safetensors.index.json";
const SINGLE: &str = "model.safetensors";

/// A checkpoint: files of tensors, and what is said beside them.
pub struct Checkpoint {
    folder: Arc<dyn Folder>,
    files: Vec<File>,
    /// Files that the index names and that are not there.
    missing: Vec<String>,
    config: Json,
}

struct File {
    name: Arc<str>,
    source: Arc<dyn Source>,
    header: Header,
}

/// What an index says: the file of each tensor.
#[derive(Deserialize)]
struct Index {
    weight_map: BTreeMap<String, String>,
}

/// Whether a path is one of a checkpoint: a file with the ending of its format, or a
/// folder with such a file or an index.
pub fn is_checkpoint(path: &Path) -> bool {
    if path.is_dir() {
        return [SINGLE, INDEX].iter().any(|name| path.join(name).exists());
    }
    path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("safetensors"))
}

/// Opens a checkpoint: a folder, or one file of it.
///
/// # Errors
/// If there is no file of tensors, or one breaks a rule of its format.
pub fn open(path: &Path) -> Result<Model, Error> {
    let (folder, file) = match path.is_dir() {
        true => (path, None),
        false => (path.parent().unwrap_or(Path::new("")), path.file_name()),
    };
    open_in(Arc::new(OnDisk(folder.to_owned())), file)
}

/// The same for a folder that need not be on a disk: all of it, or one file.
///
/// # Errors
/// As for [`open`].
pub fn open_in(folder: Arc<dyn Folder>, file: Option<&OsStr>) -> Result<Model, Error> {
    Checkpoint::open(folder, file).map(Model::new)
}

impl Checkpoint {
    fn open(folder: Arc<dyn Folder>, file: Option<&OsStr>) -> Result<Self, Error> {
        let mut names: Vec<String> = Vec::new();
        if let Some(name) = file {
            names.push(name.to_string_lossy().into_owned());
        } else if let Some(json) = beside(&*folder, INDEX)? {
            let index: Index = serde_json::from_slice(&json)
                .map_err(|error| Error::Split(format!("{INDEX}: {error}")))?;
            names.extend(index.weight_map.into_values());
            names.sort();
            names.dedup();
            if let Some(name) = names.iter().find(|name| !is_file_name(name)) {
                let problem = format!("{INDEX} names a file of another folder: \"{name}\"");
                return Err(Error::Split(problem));
            }
        } else {
            names.push(SINGLE.to_owned());
        }
        let (mut files, mut missing) = (Vec::new(), Vec::new());
        for name in names {
            let source: Arc<dyn Source> = match folder.open(file.unwrap_or(name.as_ref())) {
                Ok(source) => Arc::from(source),
                Err(error) if error.kind() == io::ErrorKind::NotFound && file.is_none() => {
                    missing.push(name);
                    continue;
                }
                Err(error) => return Err(error.into()),
            };
            let header = Header::read(&*source)?;
            source.release(header.data_at..u64::MAX);
            files.push(File { name: name.into(), source, header });
        }
        if files.is_empty() {
            return Err(Error::MissingFile(format!(
                "the folder has no {SINGLE} and no file that an index names"
            )));
        }
        let config = match beside(&*folder, "config.json")? {
            Some(json) => serde_json::from_slice(&json)
                .map_err(|error| Error::Unfit(format!("config.json: {error}")))?,
            None => Json::Null,
        };
        Ok(Self { folder, files, missing, config })
    }

    /// A field of `config.json`, or of its part for texts.
    fn field(&self, name: &str) -> Option<&Json> {
        let text = self.config.get("text_config");
        text.and_then(|config| config.get(name)).or_else(|| self.config.get(name))
    }

    fn found(&self, name: &str) -> Option<Tensor> {
        self.files.iter().find_map(|file| {
            file.header.tensor(name).map(|entry| file.tensor(entry, self.files.len() > 1))
        })
    }
}

impl File {
    fn tensor(&self, entry: &Entry, is_one_of_many: bool) -> Tensor {
        Tensor {
            name: entry.name.clone(),
            dims: entry.shape.iter().rev().copied().collect(),
            format: format_of(&entry.dtype),
            at: self.header.data_at.checked_add(entry.range[0]),
            source: Arc::clone(&self.source),
            file: is_one_of_many.then(|| Arc::clone(&self.name)),
        }
    }
}

/// ggml's type with the values of a type of safetensors.
fn format_of(dtype: &str) -> Result<&'static Format, TypeError> {
    match dtype {
        "F32" | "F16" | "BF16" | "F64" | "I8" | "I16" | "I32" | "I64" => {
            Format::from_name(dtype).ok_or_else(|| TypeError::of_checkpoint(dtype))
        }
        _ => Err(TypeError::of_checkpoint(dtype)),
    }
}

/// A file of the folder; `None` if it is not there.
fn beside(folder: &dyn Folder, name: &str) -> Result<Option<Vec<u8>>, Error> {
    match folder.read(name, LONGEST) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Whether a name from an index is that of a file in the same folder.
fn is_file_name(name: &str) -> bool {
    !matches!(name, "" | "." | "..") && !name.contains(['/', '\\', ':', '\0'])
}

impl fmt::Debug for Checkpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a checkpoint of {} files", self.files.len())
    }
}

/// The fields of `config.json` that may state a fact.
fn fields_of(fact: Fact) -> &'static [&'static str] {
    match fact {
        Fact::Architecture => &["model_type"],
        Fact::Name => &["_name_or_path"],
        Fact::ContextLength => &["max_position_embeddings", "n_positions"],
        Fact::EmbeddingLength => &["hidden_size", "n_embd", "d_model"],
        Fact::VocabSize => &["vocab_size"],
        Fact::PerLayerLength => &["hidden_size_per_layer_input"],
        Fact::EmbeddingScale => &["embedding_multiplier"],
        Fact::LayerNormEpsilon => &["layer_norm_eps", "layer_norm_epsilon"],
        Fact::RmsNormEpsilon => &["rms_norm_eps"],
        _ => &[],
    }
}

impl Description for Checkpoint {
    fn text(&self, fact: Fact) -> Result<Option<String>, Error> {
        let text = fields_of(fact).iter().find_map(|name| self.field(name)?.as_str());
        Ok(text.map(|text| match fact {
            Fact::Architecture => names::architecture(text).to_owned(),
            _ => text.to_owned(),
        }))
    }

    fn whole(&self, fact: Fact) -> Result<Option<u64>, Error> {
        Ok(fields_of(fact).iter().find_map(|name| self.field(name)?.as_u64()))
    }

    fn real(&self, fact: Fact) -> Result<Option<f32>, Error> {
        Ok(fields_of(fact).iter().find_map(|name| Some(self.field(name)?.as_f64()? as f32)))
    }

    fn flag(&self, fact: Fact) -> Result<Option<bool>, Error> {
        Ok(fields_of(fact).iter().find_map(|name| self.field(name)?.as_bool()))
    }

    fn key(&self, fact: Fact) -> String {
        fields_of(fact).first().map_or_else(|| format!("{fact:?}"), |name| (*name).to_owned())
    }

    fn special(&self, role: Role) -> Result<Vec<u64>, Error> {
        let field = match role {
            Role::Bos => "bos_token_id",
            Role::Eos => "eos_token_id",
            _ => return Ok(Vec::new()),
        };
        Ok(match self.field(field) {
            Some(Json::Array(ids)) => ids.iter().filter_map(Json::as_u64).collect(),
            Some(id) => id.as_u64().into_iter().collect(),
            None => Vec::new(),
        })
    }

    fn special_tokens(&self) -> Box<dyn Iterator<Item = Result<SpecialToken, Error>> + '_> {
        let tokens = ["bos", "eos", "pad", "sep"].into_iter().filter_map(|name| {
            let key = format!("{name}_token_id");
            let id = self.field(&key)?.as_i64()?;
            Some(Ok(SpecialToken { name: name.to_owned(), key, id: Some(id.into()) }))
        });
        Box::new(tokens)
    }

    fn tokens(&self) -> Result<TokenList, Error> {
        if let Some(json) = beside(&*self.folder, "tokenizer.json")? {
            return tokens::of_json(&json);
        }
        if let Some(bytes) = beside(&*self.folder, "vocab.txt")? {
            return tokens::of_lines(&String::from_utf8_lossy(&bytes));
        }
        let reason = "the folder has no tokenizer.json and no vocab.txt".to_owned();
        Err(Error::NoVocabulary(reason))
    }

    fn scores(&self) -> Result<Option<Numbers>, Error> {
        Ok(None)
    }

    fn merges(&self) -> Result<Option<Strings>, Error> {
        Ok(None)
    }

    fn charsmap(&self) -> Result<Option<Numbers>, Error> {
        Ok(None)
    }

    fn tensor(&self, name: &str) -> Result<Option<Tensor>, Error> {
        let found = self.found(name).or_else(|| names::of(name).find_map(|name| self.found(&name)));
        match (found, self.missing.first()) {
            (None, Some(missing)) => {
                let problem = format!("{missing} is missing, and may have the tensor");
                Err(Error::MissingFile(problem))
            }
            (found, _) => Ok(found),
        }
    }

    fn tensors(&self) -> Result<Box<dyn Iterator<Item = Result<Tensor, Error>> + '_>, Error> {
        let is_many = self.files.len() > 1;
        Ok(Box::new(self.files.iter().flat_map(move |file| {
            file.header.tensors.iter().map(move |entry| Ok(file.tensor(entry, is_many)))
        })))
    }

    fn kind(&self) -> Result<Option<&'static str>, Error> {
        Ok(None)
    }

    fn file_count(&self) -> u64 {
        (self.files.len() + self.missing.len()) as u64
    }

    fn file_len(&self) -> u64 {
        self.files.iter().map(|file| file.source.len()).sum()
    }

    fn missing(&self) -> Vec<String> {
        self.missing.clone()
    }
}
