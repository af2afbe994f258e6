//! Hugging Face checkpoints: `.safetensors` files, with `config.json` and
//! `tokenizer.json` beside them.

mod config;
mod header;
mod names;
mod sentencepiece;
mod tokens;

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::{fmt, io};

use serde::Deserialize;

pub use header::{Entry, Header};

use crate::embedding::TOKEN_EMBEDDING;
use crate::model::{
    Description, Error, Fact, Model, Numbers, Role, SpecialToken, Strings, Tensor, TokenList,
};
use crate::quant::Format;
use crate::source::{Folder, OnDisk, Source};
use config::Config;
pub use names::HEAD;
use tokens::Vocabulary;

/// The longest of the files beside the tensors, in bytes.
const LONGEST: u64 = 256 << 20;

/// The file that names the file of each tensor.
pub const INDEX: &str = "model.safetensors.index.json";

/// The file that describes a tokenizer of any family.
const TOKENIZER: &str = "tokenizer.json";

/// The file of a checkpoint that has one.
pub const SINGLE: &str = "model.safetensors";

/// The files beside the tensors that are read.
const BESIDE: [&str; 7] = [
    "config.json",
    INDEX,
    "tokenizer.json",
    "vocab.json",
    "added_tokens.json",
    "vocab.txt",
    "tokenizer.model",
];

/// A checkpoint: files of tensors, and what is said beside them.
pub struct Checkpoint {
    folder: Arc<dyn Folder>,
    files: Vec<File>,
    /// The file of each tensor, as the index says.
    weight_map: BTreeMap<String, String>,
    /// Files that the index names and that are not there.
    missing: Vec<String>,
    config: Config,
    /// This checkpoint's names of the embedding table and of the output head.
    table: Option<String>,
    head: Option<String>,
    vocabulary: OnceLock<Result<Vocabulary, String>>,
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

/// Whether a path is one of a checkpoint: a file with the ending of its format, an
/// index, or a folder with such a file.
pub fn is_checkpoint(path: &Path) -> bool {
    if path.is_dir() {
        return [SINGLE, INDEX].iter().any(|name| path.join(name).exists());
    }
    is_index(path)
        || path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("safetensors"))
}

/// Whether a path is the index of a checkpoint in several files.
pub fn is_index(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name == INDEX)
}

/// The other files that opening a checkpoint may read.
pub fn parts(path: &Path) -> Vec<PathBuf> {
    if !is_checkpoint(path) {
        return Vec::new();
    }
    let folder = match path.is_dir() {
        true => path,
        false => path.parent().unwrap_or(Path::new("")),
    };
    let shards = match beside(&OnDisk(folder.to_owned()), INDEX) {
        Ok(Some(json)) => serde_json::from_slice(&json).map_or_else(
            |_| Vec::new(),
            |index: Index| {
                index.weight_map.into_values().filter(|name| is_file_name(name)).collect()
            },
        ),
        _ => Vec::new(),
    };
    let names = BESIDE.iter().chain([&SINGLE]).map(|name| (*name).to_owned());
    names.chain(shards).map(|name| folder.join(name)).filter(|path| path.exists()).collect()
}

/// Opens a checkpoint: a folder, its index, or one file of it.
///
/// # Errors
/// If there is no file of tensors, or one breaks a rule of its format.
pub fn open(path: &Path) -> Result<Model, Error> {
    let parent = || path.parent().unwrap_or(Path::new(""));
    let (folder, file) = match (path.is_dir(), is_index(path)) {
        (true, _) => (path, None),
        (_, true) => (parent(), None),
        _ => (parent(), path.file_name()),
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
        let mut weight_map = BTreeMap::new();
        if let Some(name) = file {
            names.push(name.to_string_lossy().into_owned());
        } else if let Some(json) = beside(&*folder, INDEX)? {
            let index: Index = serde_json::from_slice(&json)
                .map_err(|error| Error::Split(format!("{INDEX}: {error}")))?;
            weight_map = index.weight_map;
            names.extend(weight_map.values().cloned());
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
        let config = Config::of(beside(&*folder, "config.json")?.as_deref())?;
        let mut checkpoint = Self {
            folder,
            files,
            weight_map,
            missing,
            config,
            table: None,
            head: None,
            vocabulary: OnceLock::new(),
        };
        checkpoint.table = checkpoint.named(TOKEN_EMBEDDING).or_else(|| checkpoint.searched());
        // A head beside a tied table is a leftover that no program reads.
        if checkpoint.config.is_tied() != Some(true) {
            checkpoint.head = checkpoint.named(HEAD);
        }
        Ok(checkpoint)
    }

    /// The name of a tensor that every model has, by the names that are known.
    fn named(&self, usual: &str) -> Option<String> {
        names::of(usual).find(|name| self.weight_map.contains_key(name) || self.has(name))
    }

    /// The name of the embedding table, if a single tensor has its shape.
    fn searched(&self) -> Option<String> {
        let [n_vocab, d_model] = [Fact::VocabSize, Fact::EmbeddingLength];
        let (n_vocab, d_model) = (self.config.whole(n_vocab)?, self.config.whole(d_model)?);
        let is_head = |name: &str| names::of(HEAD).any(|head| head == name);
        let fits = |entry: &&Entry| {
            matches!(*entry.shape, [rows, columns] if rows >= n_vocab && columns == d_model)
                && !is_head(&entry.name)
        };
        let mut found = self.files.iter().flat_map(|file| &file.header.tensors).filter(fits);
        match (found.next(), found.next()) {
            (Some(only), None) => Some(only.name.clone()),
            _ => None,
        }
    }

    fn has(&self, name: &str) -> bool {
        self.files.iter().any(|file| file.header.tensor(name).is_some())
    }

    /// Its files: the name of each, the length it has, and the one it should have.
    pub fn lengths(&self) -> impl Iterator<Item = (&str, u64, u64)> {
        self.files.iter().map(|file| (&*file.name, file.source.len(), file.header.whole_len))
    }

    /// The bytes of all headers.
    pub fn header_len(&self) -> u64 {
        self.files.iter().map(|file| file.header.data_at).sum()
    }

    /// What `config.json` says.
    pub fn config(&self) -> &Config {
        &self.config
    }

    fn tensor_of(&self, file: &File, entry: &Entry) -> Tensor {
        let is = |name: &Option<String>| name.as_deref() == Some(&*entry.name);
        Tensor {
            name: entry.name.clone(),
            usual: match () {
                () if is(&self.table) => Some(TOKEN_EMBEDDING),
                () if is(&self.head) => Some(HEAD),
                () => None,
            },
            dims: entry.shape.iter().rev().copied().collect(),
            format: Format::of_checkpoint(&entry.dtype),
            at: file.header.data_at.checked_add(entry.range[0]),
            source: Arc::clone(&file.source),
            file: (self.files.len() + self.missing.len() > 1).then(|| Arc::clone(&file.name)),
        }
    }

    fn found(&self, name: &str) -> Option<Tensor> {
        let of = |file: &File| Some(self.tensor_of(file, file.header.tensor(name)?));
        self.files.iter().find_map(of)
    }

    /// The vocabulary of the files beside the tensors, which is read once.
    fn vocabulary(&self) -> Result<&Vocabulary, Error> {
        let read = || self.read_vocabulary().map_err(|error| error.to_string());
        let vocabulary = self.vocabulary.get_or_init(read);
        vocabulary.as_ref().map_err(|problem| Error::NoVocabulary(problem.clone()))
    }

    fn read_vocabulary(&self) -> Result<Vocabulary, Error> {
        let beside = |name| beside(&*self.folder, name);
        if let Some(json) = beside(TOKENIZER)? {
            return tokens::of_tokenizer(&json);
        }
        if let Some(json) = beside("vocab.json")? {
            return tokens::of_ids(&json, beside("added_tokens.json")?.as_deref());
        }
        if let Some(bytes) = beside("vocab.txt")? {
            return tokens::of_lines(&String::from_utf8_lossy(&bytes));
        }
        if let Some(bytes) = beside("tokenizer.model")? {
            return sentencepiece::read(&bytes);
        }
        Err(Error::NoVocabulary(
            "no tokenizer.json, vocab.json, vocab.txt or tokenizer.model lies beside it".to_owned(),
        ))
    }

    /// Why a tensor is not there, if it may be in a file that is not there.
    fn absence(&self, name: &str) -> Option<String> {
        if let Some(file) = self.weight_map.get(name).filter(|file| self.missing.contains(file)) {
            return Some(format!("{file} is not there, and has {name}: an incomplete download?"));
        }
        let is_one_of_many = self.weight_map.is_empty()
            && self.files.iter().all(|file| &*file.name != SINGLE)
            && self.folder.len_of(INDEX.as_ref()).is_some();
        is_one_of_many.then(|| {
            format!("{name} is not in this file, which is one of several: give the folder instead")
        })
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

impl Description for Checkpoint {
    fn text(&self, fact: Fact) -> Result<Option<String>, Error> {
        if fact == Fact::Tokenizer {
            return Ok(self.vocabulary().ok().and_then(|vocabulary| vocabulary.family.clone()));
        }
        Ok(self.config.text(fact))
    }

    fn whole(&self, fact: Fact) -> Result<Option<u64>, Error> {
        Ok(self.config.whole(fact))
    }

    fn real(&self, fact: Fact) -> Result<Option<f32>, Error> {
        Ok(self.config.real(fact))
    }

    fn flag(&self, fact: Fact) -> Result<Option<bool>, Error> {
        let vocabulary = || self.vocabulary().ok();
        Ok(match fact {
            Fact::Lowercase => vocabulary().and_then(|it| it.lowercase),
            Fact::StripAccents => vocabulary().and_then(|it| it.strip_accents),
            _ => None,
        })
    }

    fn key(&self, fact: Fact) -> String {
        match fact {
            Fact::Tokenizer => "tokenizer.json".to_owned(),
            _ => config::key(fact),
        }
    }

    fn special(&self, role: Role) -> Result<Vec<u64>, Error> {
        let ids = self.config.special(role);
        let stated = self.vocabulary().ok().and_then(|vocabulary| vocabulary.role(role));
        Ok(ids.into_iter().chain(stated).collect())
    }

    fn special_tokens(&self) -> Box<dyn Iterator<Item = Result<SpecialToken, Error>> + '_> {
        Box::new(self.config.special_tokens().map(Ok))
    }

    fn tokens(&self) -> Result<TokenList, Error> {
        Ok(self.vocabulary()?.list.clone())
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

    fn tokenizer_json(&self) -> Result<Option<Vec<u8>>, Error> {
        beside(&*self.folder, TOKENIZER)
    }

    fn tensor(&self, name: &str) -> Result<Option<Tensor>, Error> {
        let own = match name {
            TOKEN_EMBEDDING => &self.table,
            HEAD => &self.head,
            _ => &None,
        };
        let own = own.as_deref().unwrap_or(name);
        match self.found(own) {
            Some(tensor) => Ok(Some(tensor)),
            // Most models have no head: its absence says nothing.
            None if name == HEAD && self.head.is_none() => Ok(None),
            None => self.absence(own).map_or(Ok(None), |problem| Err(Error::MissingFile(problem))),
        }
    }

    fn tensors(&self) -> Result<Box<dyn Iterator<Item = Result<Tensor, Error>> + '_>, Error> {
        Ok(Box::new(self.files.iter().flat_map(move |file| {
            file.header.tensors.iter().map(move |entry| Ok(self.tensor_of(file, entry)))
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
