//! A model in one file or in several.
//!
//! `gguf-split` cuts a model into shards named `<prefix>-00002-of-00005.gguf`,
//! counted from 1; inside, `split.no` counts from 0 and `split.count` is the total.
//! Each shard is a GGUF file of its own with some of the tensors, and only the
//! first has the metadata of the model. The model is the same whichever shard is
//! named. Shards are searched in order, and a shard is opened only if no shard
//! before it has what is searched.

use std::ffi::{OsStr, OsString};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use super::{Gguf, pieces};
use crate::model::{Error, Tensor};
use crate::source::{Folder, OnDisk};

/// The files of a model: one, or its shards. A clone shares the open files.
#[derive(Clone, Debug)]
pub struct Files {
    named: Gguf,
    split: Option<Arc<Split>>,
    /// How to join the pieces of the file, if its name says that it is one of them.
    piece: Option<Arc<str>>,
}

/// What the metadata of a file says about a split model whose other parts can't be
/// found, because the file has no name of a part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stray {
    /// The number of this part, counted from 0.
    pub no: Option<u64>,
    /// The number of parts.
    pub count: u64,
    /// Whether the file has all tensors of the model all the same: its parts were
    /// joined, and the metadata stayed.
    pub is_whole: bool,
}

/// The shards besides the named one.
#[derive(Debug)]
struct Split {
    folder: Arc<dyn Folder>,
    /// The parts of the name of the named file.
    name: ShardName,
    /// The shards by number; `None` if the file does not exist.
    opened: Vec<OnceLock<Option<Gguf>>>,
}

impl Files {
    /// Opens the model of a file, whole or split.
    ///
    /// A file is a shard if its name *and* its metadata say so: the name alone can be
    /// a coincidence, and a shard with another name (a blob of a store) does not tell
    /// the names of the others. If both describe a split but disagree, that is an
    /// error.
    pub fn open(path: &Path) -> Result<Self, Error> {
        let folder = OnDisk(path.parent().unwrap_or(Path::new("")).to_owned());
        Self::of(Gguf::open(path), Arc::new(folder), path)
    }

    /// The same for a file of a folder that need not be on a disk.
    pub fn open_in(folder: Arc<dyn Folder>, name: &OsStr) -> Result<Self, Error> {
        let named = folder.open(name).map_err(Error::from).and_then(Gguf::new);
        Self::of(named, folder, name.as_ref())
    }

    fn of(named: Result<Gguf, Error>, folder: Arc<dyn Folder>, path: &Path) -> Result<Self, Error> {
        let piece = pieces::advice(path);
        let named = named.map_err(|error| match &piece {
            Some(piece) => Error::Split(format!("{error}; {piece}")),
            None => error,
        })?;
        let split = match ShardName::of(path) {
            Some(name) if named.integer("split.count")?.is_some_and(|count| count > 1) => {
                name.check(&named, &*folder)?;
                let opened = (0..name.count).map(|_| OnceLock::new()).collect();
                Some(Arc::new(Split { folder, name, opened }))
            }
            _ => None,
        };
        Ok(Self { named, split, piece: piece.map(Into::into) })
    }

    /// Whether the file is part of a split model by its metadata, but not by its name.
    ///
    /// # Errors
    /// If a metadata key is there twice.
    pub fn stray(&self) -> Result<Option<Stray>, Error> {
        let count = self.named.integer("split.count")?.filter(|count| *count > 1);
        let Some(count) = count.filter(|_| self.split.is_none()) else { return Ok(None) };
        let tensors = self.named.integer("split.tensors.count")?;
        let is_whole = tensors == Some(self.named.tensor_count());
        Ok(Some(Stray { no: self.named.integer("split.no")?, count, is_whole }))
    }

    /// How to join the pieces of the file, if its name says that it is one of them.
    pub fn piece(&self) -> Option<&str> {
        self.piece.as_deref()
    }

    /// The file with the metadata of the model: its architecture, its vocabulary. An
    /// error if that is another shard than the named one, and it can't be read.
    pub fn metadata(&self) -> Result<&Gguf, Error> {
        match self.shard(0)? {
            Some(gguf) => Ok(gguf),
            None => Err(self.absent("it has the metadata of the model", &[0])),
        }
    }

    /// The tensor with a name, from any of the files. An error if shards are missing
    /// and no other shard has the tensor: it may be in them.
    pub(super) fn find_tensor(&self, name: &str) -> Result<Option<Tensor>, Error> {
        let mut missing = Vec::new();
        for no in 0..self.shard_count() {
            match self.shard(no)? {
                Some(gguf) => {
                    if let Some(tensor) = gguf.tensor(name)? {
                        return Ok(Some(self.placed(no, tensor)));
                    }
                }
                None => missing.push(no),
            }
        }
        match &missing[..] {
            [] => Ok(None),
            missing => Err(self.absent(&format!("no other part has \"{name}\""), missing)),
        }
    }

    /// The files of the model that exist, in order.
    pub fn files(&self) -> Result<Vec<&Gguf>, Error> {
        let shards = (0..self.shard_count()).map(|no| self.shard(no).transpose());
        shards.flatten().collect()
    }

    /// The files of the model that exist, in order, with their names if it is split.
    pub fn named_files(&self) -> Result<Vec<(Option<String>, &Gguf)>, Error> {
        let name = |no| {
            let split = self.split.as_ref()?;
            Some(split.name.file_name(no).to_string_lossy().into_owned())
        };
        let shards = (0..self.shard_count()).map(|no| Ok((name(no), self.shard(no)?)));
        let found = |(name, shard): (_, Option<_>)| shard.map(|shard| (name, shard));
        shards.filter_map(|it: Result<_, Error>| it.map(found).transpose()).collect()
    }

    /// The number of files of the model; 1 if it is not split.
    pub fn shard_count(&self) -> u64 {
        self.split.as_ref().map_or(1, |split| split.name.count)
    }

    pub(super) fn all_tensors(&self) -> Result<impl Iterator<Item = Result<Tensor, Error>>, Error> {
        let mut files = Vec::new();
        for no in 0..self.shard_count() {
            files.extend(self.shard(no)?.map(|gguf| (no, gguf)));
        }
        Ok(files.into_iter().flat_map(move |(no, gguf)| {
            gguf.tensors().map(move |tensor| Ok(self.placed(no, tensor?)))
        }))
    }

    /// Adds the name of its file to a tensor of a split model.
    fn placed(&self, no: u64, tensor: Tensor) -> Tensor {
        let file = self.split.as_ref().map(|split| split.name.file_name(no));
        Tensor { file: file.map(|name| name.to_string_lossy().into()), ..tensor }
    }

    /// The total length of the files that exist.
    pub(super) fn len(&self) -> u64 {
        match &self.split {
            None => self.named.file_len(),
            Some(split) => {
                let len = |no| split.folder.len_of(&split.name.file_name(no)).unwrap_or_default();
                (0..split.name.count).map(len).sum()
            }
        }
    }

    pub(super) fn missing_names(&self) -> Vec<String> {
        let Some(split) = &self.split else { return Vec::new() };
        (0..split.name.count)
            .map(|no| split.name.file_name(no))
            .filter(|name| split.folder.len_of(name).is_none())
            .map(|name| name.to_string_lossy().into_owned())
            .collect()
    }

    /// Shard `no`, counted from 0; `None` if its file does not exist.
    fn shard(&self, no: u64) -> Result<Option<&Gguf>, Error> {
        let Some(split) = &self.split else { return Ok(Some(&self.named)) };
        if no == split.name.no {
            return Ok(Some(&self.named));
        }
        let slot = &split.opened[no as usize];
        if let Some(shard) = slot.get() {
            return Ok(shard.as_ref());
        }
        let shard = split.open(no)?;
        Ok(slot.get_or_init(|| shard).as_ref())
    }

    fn absent(&self, why: &str, numbers: &[u64]) -> Error {
        let name = |no: &u64| match &self.split {
            Some(split) => split.name.file_name(*no).to_string_lossy().into_owned(),
            None => String::new(),
        };
        let first = numbers.first().map(name).unwrap_or_default();
        let are = match numbers.len() {
            0 | 1 => "is".to_owned(),
            n => format!("and {} more are", n - 1),
        };
        let message = format!("{first} {are} not there, and {why}: put all parts in one folder");
        Error::MissingFile(message)
    }
}

impl From<Gguf> for Files {
    fn from(named: Gguf) -> Self {
        Self { named, split: None, piece: None }
    }
}

/// The paths of the other parts of a split model, by the name of one alone.
pub fn parts(path: &Path) -> impl Iterator<Item = PathBuf> {
    let name = ShardName::of(path);
    let others = name.into_iter().flat_map(|name| {
        let numbers = (0..name.count).filter(move |&no| no != name.no);
        numbers.map(move |no| name.file_name(no))
    });
    others.map(|name| path.with_file_name(name))
}

impl Split {
    fn open(&self, no: u64) -> Result<Option<Gguf>, Error> {
        let name = self.name.file_name(no);
        match self.folder.open(&name).map_err(Error::from).and_then(Gguf::new) {
            Err(Error::Io(error)) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(Error::Split(format!("{}: {error}", self.folder.shown(&name)))),
            Ok(gguf) => {
                ShardName { prefix: self.name.prefix.clone(), no, ..self.name }
                    .check(&gguf, &*self.folder)?;
                Ok(Some(gguf))
            }
        }
    }
}

/// The parts of the name `<prefix>-00002-of-00005.gguf`. `no` counts from 0.
#[derive(Clone, Debug, PartialEq, Eq)]
struct ShardName {
    prefix: OsString,
    no: u64,
    count: u64,
}

impl ShardName {
    /// `None` if a name does not have that form. A model in one part has no other
    /// parts, so `-00001-of-00001` is no shard.
    fn of(path: &Path) -> Option<Self> {
        let name = path.file_name()?;
        let at = name.len().checked_sub("-00001-of-00001.gguf".len())?;
        let suffix = std::str::from_utf8(&name.as_encoded_bytes()[at..]).ok()?;
        let (no, count) = suffix.strip_prefix('-')?.strip_suffix(".gguf")?.split_once("-of-")?;
        let number = |digits: &str| {
            let plain = digits.len() == 5 && digits.bytes().all(|byte| byte.is_ascii_digit());
            plain.then(|| digits.parse::<u64>().ok())?
        };
        let (no, count) = (number(no)?, number(count)?);
        if count < 2 || !(1..=count).contains(&no) {
            return None;
        }
        Some(Self { prefix: cut(name, at)?, no: no - 1, count })
    }

    fn file_name(&self, no: u64) -> OsString {
        let mut name = self.prefix.clone();
        name.push(format!("-{:05}-of-{:05}.gguf", no + 1, self.count));
        name
    }

    /// Checks that the metadata of the file with this name agrees with it.
    fn check(&self, gguf: &Gguf, folder: &dyn Folder) -> Result<(), Error> {
        let inside = (gguf.integer("split.no")?, gguf.integer("split.count")?);
        if inside == (Some(self.no), Some(self.count)) {
            return Ok(());
        }
        let says = match inside {
            (_, None | Some(0 | 1)) => "not part of a split model".to_owned(),
            (None, Some(count)) => format!("one of {count} parts, without a number"),
            (Some(no), Some(count)) => {
                format!("part {} of {count}", u128::from(no) + 1)
            }
        };
        Err(Error::Split(format!(
            "{} is {says} by its metadata (split.no, split.count), not part {} of {} as its name \
             says: give it its original name",
            folder.shown(&self.file_name(self.no)),
            self.no + 1,
            self.count
        )))
    }
}

/// The first `len` bytes of a name. An ASCII suffix follows them.
fn cut(name: &OsStr, len: usize) -> Option<OsString> {
    #[cfg(unix)]
    {
        use std::os::unix::ffi::OsStrExt;
        Some(OsStr::from_bytes(&name.as_bytes()[..len]).to_owned())
    }
    #[cfg(not(unix))]
    Some(name.to_str()?[..len].into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shard_is_known_by_the_form_of_its_name() {
        let name = ShardName::of("dir/m-00002-of-00005.gguf".as_ref()).unwrap();
        assert_eq!(name, ShardName { prefix: "m".into(), no: 1, count: 5 });
        assert_eq!(name.file_name(4), "m-00005-of-00005.gguf");
        for other in [
            "m-00001-of-00001.gguf",
            "m-00000-of-00005.gguf",
            "m-00006-of-00005.gguf",
            "m-0002-of-0005.gguf",
            "m-00002-of-00005.GGUF",
            "m-00002-of-00005.gguf.part",
            "m_00002-of-00005.gguf",
            "m-+0002-of-00005.gguf",
            "m-of-.gguf",
            "m",
            "",
        ] {
            assert_eq!(ShardName::of(other.as_ref()), None, "{other}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_prefix_need_not_be_utf8() {
        use std::os::unix::ffi::OsStrExt;
        let path = OsStr::from_bytes(b"\xff-00001-of-00002.gguf");
        let name = ShardName::of(path.as_ref()).unwrap();
        assert_eq!(name.file_name(1).as_bytes(), b"\xff-00002-of-00002.gguf");
    }
}
