//! Error messages for a name that no model has: the name that was probably meant,
//! the folders that were searched, and how to download the model.

use std::path::{Path, PathBuf};

use super::{Found, Store, Stores, naming};
use crate::text::{clip, nearest, visible};

/// A message lists at most this many names.
const LISTED: usize = 6;

/// A misspelt name is compared with at most this many names.
const COMPARED: usize = 5_000;

impl Store {
    /// How to download a model into this store.
    fn advice(self, name: &str) -> String {
        let name = clip(&visible(name), 80).into_owned();
        match self {
            Self::BuiltIn => String::new(),
            Self::Ollama => format!("`ollama pull {name}` fetches it"),
            Self::Hub if cfg!(feature = "remote") => {
                format!(
                    "`hf download {name}` fetches it, and hf://{name} reads it over the network"
                )
            }
            Self::Hub => format!("`hf download {name}` fetches it"),
            Self::LmStudio => format!("`lms get {name}` fetches it"),
            Self::LlamaCpp => "`llama-cli -hf ORG/REPO` fetches one".to_owned(),
        }
    }
}

/// The refusal of a folder whose checkpoint is a pickle.
pub(super) fn pickle(folder: &Path) -> Option<String> {
    let names = ["pytorch_model.bin", "pytorch_model.bin.index.json", "consolidated.00.pth"];
    let name = names.iter().find(|name| folder.join(name).exists())?;
    Some(format!(
        "the checkpoint of this folder is a pickle, {name}: it can run code, so embcli never reads \
         it; load it with transformers and save_pretrained(safe_serialization=True), or look for a \
         safetensors version"
    ))
}

impl Stores {
    /// The message for a name that a store does not have.
    pub(super) fn not_in(&self, store: Store, name: &str, roots: &[PathBuf]) -> String {
        let (found, _) = self.list();
        let of_it = found.into_iter().filter(|found| found.store == store);
        let names: Vec<String> = of_it.map(|found| found.name).collect();
        let typed = format!("{}{name}", store.prefix());
        let near = suggest(&typed, &names).unwrap_or_else(|| match names.is_empty() {
            true => String::new(),
            false => format!("; the store has {}", list(&names)),
        });
        format!("no such model in {}{near}; {}", self.places(roots), store.advice(name))
    }

    /// The message for a name that is no file and is in no store.
    pub(super) fn nothing(&self, name: &str, found: &[Found]) -> String {
        let near = near(name, found).or_else(|| beside(name.as_ref())).unwrap_or_default();
        let roots = self.roots().into_iter().map(|root| root.path);
        let there: Vec<PathBuf> = roots.filter(|path| path.is_dir()).collect();
        let looked = match there.is_empty() {
            true => "no model store was found".to_owned(),
            false => format!("no model has this name in {}", self.places(&there)),
        };
        if near.is_empty() && name.contains(':') {
            let stores = Store::ALL.map(Store::prefix).join(", ");
            return format!("no such file, and {looked}; a name in a store starts with {stores}");
        }
        format!("no such file, and {looked}{near} (`embcli models` lists every name)")
    }

    /// Lists folders, and marks those that do not exist.
    fn places(&self, roots: &[PathBuf]) -> String {
        let mut places: Vec<String> = Vec::new();
        for root in roots {
            let there = if root.is_dir() { "" } else { " (not there)" };
            let place = format!("{}{there}", self.shown(root));
            if !places.contains(&place) {
                places.push(place);
            }
        }
        match places.is_empty() {
            true => "any folder (HOME is not set)".to_owned(),
            false => places.join(", "),
        }
    }
}

/// Whether a name can only be a path, because it starts like one.
pub(super) fn is_path(name: &str) -> bool {
    Path::new(name).has_root() || name.is_empty() || name.starts_with(['.', '~'])
}

/// Suggests a file in the same folder as the missing one.
pub(super) fn beside(path: &Path) -> Option<String> {
    let folder = path.parent()?;
    let here = if folder == Path::new("") { Path::new(".") } else { folder };
    let names: Vec<String> = here
        .read_dir()
        .ok()?
        .flatten()
        .take(COMPARED)
        .filter_map(|entry| entry.file_name().into_string().ok())
        .filter(|name| naming::is_model(name))
        .collect();
    let name = nearest(path.file_name()?.to_str()?, names.iter().map(String::as_str))?;
    Some(format!("; did you mean {}?", clip(&visible(&folder.join(name).to_string_lossy()), 160)))
}

/// Suggests models for a bare name.
fn near(name: &str, found: &[Found]) -> Option<String> {
    let called = found.iter().flat_map(|found| found.called.iter().chain([&found.name]));
    let called = called.take(COMPARED);
    if let Some(nearest) = nearest(name, called.map(String::as_str)) {
        let meant = found.iter().find(|found| {
            found.name == nearest || found.called.iter().any(|called| called == nearest)
        })?;
        return Some(format!("; did you mean {}?", shown(&meant.name)));
    }
    let part = name.to_lowercase();
    let holds =
        |found: &&Found| found.called.iter().any(|called| called.to_lowercase().contains(&part));
    let names: Vec<String> = found.iter().filter(holds).map(|found| found.name.clone()).collect();
    (!names.is_empty()).then(|| format!("; names that contain it: {}", list(&names)))
}

/// Suggests one of `names`, if one is close.
pub(super) fn suggest(name: &str, names: &[String]) -> Option<String> {
    let nearest = nearest(name, names.iter().take(COMPARED).map(String::as_str))?;
    Some(format!("; did you mean {}?", shown(nearest)))
}

/// The names to choose from, if there are any.
pub(crate) fn choices(names: &[String]) -> String {
    if names.is_empty() { String::new() } else { format!(": name one of {}", list(names)) }
}

fn list(names: &[String]) -> String {
    let first: Vec<String> = names.iter().take(LISTED).map(|name| shown(name)).collect();
    match names.len() - first.len() {
        0 => first.join(", "),
        more => format!("{} and {more} more", first.join(", ")),
    }
}

fn shown(name: &str) -> String {
    clip(&visible(name), 120).into_owned()
}
