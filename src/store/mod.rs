//! Finds models by name, in the stores of Ollama, the Hugging Face hub, LM Studio
//! and llama.cpp.
//!
//! A name is tried in this order:
//!
//! 1. `toy`, the built-in table (for a file called `toy`, write `./toy`);
//! 2. an address on a network (`https://...`, `hf://...`), which the `remote` module
//!    opens before a name comes here;
//! 3. a store and a name in it, which is never a path (for a file called `ollama:x`,
//!    write `./ollama:x`):
//!    `ollama:[[host/]namespace/]model[:tag]`, `hf:org/repo[/file]`,
//!    `hf:org/repo:tag`, `lmstudio:publisher/repo[/file]`, `llama.cpp:file`;
//! 4. a path, if something exists there;
//! 5. a bare name that exactly one model of all stores has.
//!
//! The contents of a store are not trusted: see the `guard` module.

mod advice;
mod environment;
mod folder;
mod guard;
mod hub;
mod llama_cpp;
mod lm_studio;
pub(crate) mod naming;
mod ollama;
pub mod toy;
mod walk;

use std::collections::HashSet;
use std::io;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};

pub use environment::Environment;

use crate::gguf;
use crate::model::Model;
use crate::safetensors;
pub(crate) use advice::choices;
use advice::{beside, is_path, pickle};
use walk::{Walk, is_absence};

/// A program or cache that keeps models.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Store {
    /// embcli itself, for the toy table.
    BuiltIn,
    Ollama,
    Hub,
    LmStudio,
    LlamaCpp,
}

impl Store {
    /// The stores on disk. Any of them may be missing.
    const ALL: [Self; 4] = [Self::Ollama, Self::Hub, Self::LmStudio, Self::LlamaCpp];

    pub fn prefix(self) -> &'static str {
        match self {
            Self::BuiltIn => "",
            Self::Ollama => "ollama:",
            Self::Hub => "hf:",
            Self::LmStudio => "lmstudio:",
            Self::LlamaCpp => "llama.cpp:",
        }
    }

    /// The name to show to people.
    pub fn title(self) -> &'static str {
        match self {
            Self::BuiltIn => "built in",
            Self::Ollama => "Ollama",
            Self::Hub => "HF hub",
            Self::LmStudio => "LM Studio",
            Self::LlamaCpp => "llama.cpp",
        }
    }

    /// The store whose prefix a name has, and the rest of the name.
    pub fn of_name(name: &str) -> Option<(Self, &str)> {
        Self::ALL.into_iter().find_map(|store| {
            let (prefix, rest) = name.split_at_checked(store.prefix().len())?;
            prefix.eq_ignore_ascii_case(store.prefix()).then_some((store, rest))
        })
    }
}

/// Where a model's bytes are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Location {
    /// The name of a built-in table.
    BuiltIn(&'static str),
    File(PathBuf),
}

impl Location {
    /// Opens the model. Only its header is read.
    pub fn open(&self) -> Result<Model> {
        Ok(match self {
            Self::BuiltIn(name) => toy::open(name)?,
            Self::File(path) if safetensors::is_checkpoint(path) => safetensors::open(path)?,
            Self::File(path) => gguf::open(path)?,
        })
    }
}

/// A model that a store lists. Its file has not been read yet.
#[derive(Clone, Debug)]
pub struct Found {
    /// The full name that a user types.
    pub name: String,
    pub store: Store,
    /// Its bare names, without a store's prefix.
    called: Vec<String>,
    address: Address,
}

#[derive(Clone, Debug)]
enum Address {
    BuiltIn(&'static str),
    /// A file of the store at `root`.
    File {
        root: PathBuf,
        path: PathBuf,
    },
    /// A manifest of the Ollama store at `root`.
    Manifest {
        root: PathBuf,
        path: PathBuf,
    },
}

impl Found {
    /// Where its bytes are.
    ///
    /// # Errors
    /// If the store's contents are refused: an invalid digest, or a link that
    /// leaves the store.
    pub fn locate(&self) -> Result<Location> {
        self.address.locate()
    }
}

impl Address {
    fn locate(&self) -> Result<Location> {
        Ok(match self {
            Self::BuiltIn(name) => Location::BuiltIn(name),
            Self::Manifest { root, path } => Location::File(ollama::blob(root, path)?),
            Self::File { root, path } => {
                guard::stay_within(root, path).with_context(|| path.display().to_string())?;
                Location::File(path.clone())
            }
        })
    }
}

/// A folder that a store may have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Root {
    pub store: Store,
    /// Its path, which may not exist.
    pub path: PathBuf,
}

/// Whether a name is an address: `https://...`, `hf://...`.
pub fn is_address(name: &Path) -> bool {
    // A scheme of one letter would be a drive of Windows.
    let is_scheme =
        |scheme: &str| scheme.len() > 1 && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric());
    let parts = name.to_str().and_then(|name| name.split_once("://"));
    parts.is_some_and(|(scheme, _)| is_scheme(scheme))
}

/// Opens the model that an argument names.
pub fn open(name: &Path) -> Result<Model> {
    Stores::of_process().open(name)
}

/// Every model name except paths, for shell completion. No model is opened.
pub fn names() -> Vec<String> {
    let (found, _) = Stores::of_process().list();
    found.into_iter().map(|found| found.name).collect()
}

/// The stores of an environment.
#[derive(Clone, Debug)]
pub struct Stores(Environment);

impl Stores {
    pub fn of_process() -> Self {
        Self::new(Environment::of_process())
    }

    pub fn new(environment: Environment) -> Self {
        Self(environment)
    }

    /// The folders that are searched, including those that do not exist.
    pub fn roots(&self) -> Vec<Root> {
        let of = |store| self.roots_of(store).into_iter().map(move |path| Root { store, path });
        Store::ALL.into_iter().flat_map(of).collect()
    }

    fn roots_of(&self, store: Store) -> Vec<PathBuf> {
        match store {
            Store::BuiltIn => Vec::new(),
            Store::Ollama => self.0.ollama(),
            Store::Hub => self.0.hub(),
            Store::LmStudio => self.0.lm_studio(),
            Store::LlamaCpp => self.0.llama_cpp(),
        }
    }

    /// A path as people write it, with `~` for their home folder.
    pub fn shown(&self, path: &Path) -> String {
        self.0.shown(path)
    }

    /// Every model, sorted by store and name, and notes on what was left out.
    pub fn list(&self) -> (Vec<Found>, Vec<String>) {
        let mut walk = Walk::new();
        let mut seen = HashSet::new();
        let built_in = |name: &'static str| Found {
            name: name.to_owned(),
            store: Store::BuiltIn,
            called: vec![name.to_owned()],
            address: Address::BuiltIn(name),
        };
        let mut all: Vec<Found> = toy::names().map(built_in).collect();
        for Root { store, path } in self.roots() {
            let mut found = Vec::new();
            match store {
                Store::BuiltIn => {}
                Store::Ollama => ollama::list(&mut walk, &path, &mut found),
                Store::Hub => hub::list(&mut walk, &path, &mut found),
                Store::LmStudio => lm_studio::list(&mut walk, &path, &mut found),
                Store::LlamaCpp => llama_cpp::list(&mut walk, &path, &mut found),
            }
            // If two folders have the same name, `open` uses the first.
            found.retain(|new| seen.insert(new.name.clone()));
            all.extend(found);
        }
        all.sort_by(|a, b| (a.store, &a.name).cmp(&(b.store, &b.name)));
        (all, walk.finish())
    }

    /// Opens the model that an argument names.
    pub fn open(&self, name: &Path) -> Result<Model> {
        let location = self.locate(name)?;
        match &location {
            Location::File(path) if path != name => {
                location.open().with_context(|| path.display().to_string())
            }
            _ => location.open(),
        }
    }

    pub fn locate(&self, name: &Path) -> Result<Location> {
        let path = || Location::File(name.to_owned());
        let Some(text) = name.to_str() else { return Ok(path()) };
        if let Some(name) = toy::named(text) {
            return Ok(Location::BuiltIn(name));
        }
        ensure!(
            !is_address(name),
            "this embcli reads no files over a network (it was built without the feature \
             `remote`): download the file, and name it"
        );
        if let Some((store, rest)) = Store::of_name(text) {
            return self.in_store(store, rest);
        }
        match name.symlink_metadata() {
            Err(error) if is_absence(&error) => {}
            Ok(found) if found.is_dir() && !safetensors::is_checkpoint(name) => {
                let files = Walk::new().entries(name, name).into_iter();
                let models = files.filter(|file| naming::is_model(&file.name) && !file.is_folder);
                let paths: Vec<String> =
                    models.map(|file| file.path.display().to_string()).collect();
                ensure!(paths.is_empty(), "this is a directory{}", choices(&paths));
                if let Some(pickle) = pickle(name) {
                    bail!("{pickle}");
                }
                return Ok(path());
            }
            // It exists, or opening it gives the error.
            _ => return Ok(path()),
        }
        if is_path(text) {
            return Err(absent(format!("no such file{}", beside(name).unwrap_or_default())));
        }
        self.by_bare_name(text)
    }

    fn in_store(&self, store: Store, name: &str) -> Result<Location> {
        let roots = self.roots_of(store);
        for root in &roots {
            let address = match store {
                Store::BuiltIn => None,
                Store::Ollama => ollama::find(root, name)?,
                Store::Hub => hub::find(root, name)?,
                Store::LmStudio => lm_studio::find(root, name)?,
                Store::LlamaCpp => llama_cpp::find(root, name)?,
            };
            if let Some(address) = address {
                return address.locate();
            }
        }
        Err(absent(self.not_in(store, name, &roots)))
    }

    fn by_bare_name(&self, name: &str) -> Result<Location> {
        let (found, _) = self.list();
        let exactly = |called: &String| called == name;
        let ignoring_case = |called: &String| called.eq_ignore_ascii_case(name);
        let mut meant: Vec<&Found> =
            found.iter().filter(|found| found.called.iter().any(exactly)).collect();
        if meant.is_empty() {
            meant = found.iter().filter(|found| found.called.iter().any(ignoring_case)).collect();
        }
        match &meant[..] {
            [found] => found.locate(),
            [] => Err(absent(self.nothing(name, &found))),
            several => {
                let names: Vec<String> = several.iter().map(|found| found.name.clone()).collect();
                bail!("no such file, and {} models have this name{}", names.len(), choices(&names))
            }
        }
    }
}

/// The error for a name that nothing has.
fn absent(message: String) -> anyhow::Error {
    io::Error::new(io::ErrorKind::NotFound, message).into()
}
