//! Finds the folders of the stores. Only this file reads environment variables for it.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt;
use std::path::{Path, PathBuf};

use super::guard::read_small;

/// The only variables that are read.
const READ: [&str; 14] = [
    "HOME",
    "USERPROFILE",
    "LOCALAPPDATA",
    "OLLAMA_MODELS",
    "HF_HUB_CACHE",
    "HUGGINGFACE_HUB_CACHE",
    "HF_HOME",
    "HF_ENDPOINT",
    "HF_TOKEN",
    "HF_TOKEN_PATH",
    "HF_HUB_DISABLE_IMPLICIT_TOKEN",
    "SSL_CERT_FILE",
    "XDG_CACHE_HOME",
    "LLAMA_CACHE",
];

/// The variables that say where models are. This is a value, so tests need not
/// change their own process. An empty variable counts as not set, because that is
/// how people unset one.
#[derive(Clone, Default)]
pub struct Environment(BTreeMap<&'static str, PathBuf>);

/// Without the values, one of which is a secret.
impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

impl Environment {
    pub fn of_process() -> Self {
        Self::of(|name| std::env::var_os(name))
    }

    /// An environment from any function that maps a variable's name to its value.
    pub fn of(get: impl Fn(&str) -> Option<OsString>) -> Self {
        let set = |name| Some((name, get(name).filter(|value| !value.is_empty())?.into()));
        Self(READ.into_iter().filter_map(set).collect())
    }

    pub fn home(&self) -> Option<&Path> {
        let name = if cfg!(windows) { "USERPROFILE" } else { "HOME" };
        self.0.get(name).map(PathBuf::as_path)
    }

    /// A path as people write it, with `~` for their home folder.
    pub fn shown(&self, path: &Path) -> String {
        match self.home().and_then(|home| path.strip_prefix(home).ok()) {
            Some(rest) if !rest.as_os_str().is_empty() => {
                Path::new("~").join(rest).display().to_string()
            }
            _ => path.display().to_string(),
        }
    }

    /// The path that a variable holds. A leading `~/` is the user's home folder, as in
    /// the hub's client; a folder called `~` is never meant. A relative path starts at
    /// the current folder, as it does for the stores' own programs.
    fn path(&self, name: &str) -> Option<PathBuf> {
        let path = self.0.get(name)?;
        match (path.strip_prefix("~"), self.home()) {
            (Ok(rest), Some(home)) => Some(home.join(rest)),
            _ => Some(path.clone()),
        }
    }

    fn at_home(&self, rest: &str) -> Option<PathBuf> {
        Some(self.home()?.join(rest))
    }

    fn cache(&self) -> Option<PathBuf> {
        self.path("XDG_CACHE_HOME").or_else(|| self.at_home(".cache"))
    }

    /// Ollama's folders: `OLLAMA_MODELS`, or else the user's own folder and those of
    /// the service that Ollama's installer and Linux distributions set up.
    pub(super) fn ollama(&self) -> Vec<PathBuf> {
        if let Some(told) = self.path("OLLAMA_MODELS") {
            return vec![told];
        }
        let service = ["/usr/share/ollama/.ollama/models", "/var/lib/ollama/.ollama/models"];
        let service = service.into_iter().filter(|_| cfg!(unix)).map(PathBuf::from);
        self.at_home(".ollama/models").into_iter().chain(service).collect()
    }

    /// The hub caches. `LLAMA_CACHE` comes first, because llama.cpp's `-hf` uses the
    /// hub's layout there; then comes the cache of `huggingface_hub`.
    pub(super) fn hub(&self) -> Vec<PathBuf> {
        let hub = self
            .path("HF_HUB_CACHE")
            .or_else(|| self.path("HUGGINGFACE_HUB_CACHE"))
            .or_else(|| Some(self.path("HF_HOME")?.join("hub")))
            .or_else(|| Some(self.cache()?.join("huggingface/hub")));
        let mut roots: Vec<_> = self.path("LLAMA_CACHE").into_iter().chain(hub).collect();
        roots.dedup();
        roots
    }

    /// LM Studio's folders: the one in its pointer file, or else the usual one; then
    /// the folder of older versions.
    pub(super) fn lm_studio(&self) -> Vec<PathBuf> {
        let Some(home) = self.home() else { return Vec::new() };
        let pointed = read_small(&home.join(".lmstudio-home-pointer"), 4096)
            .ok()
            .and_then(|bytes| String::from_utf8(bytes).ok())
            .map(|text| PathBuf::from(text.trim()))
            .filter(|path| path.is_absolute());
        let home_of_it = pointed.unwrap_or_else(|| home.join(".lmstudio"));
        let mut roots = vec![home_of_it.join("models"), home.join(".cache/lm-studio/models")];
        roots.dedup();
        roots
    }

    /// llama.cpp's own cache, which it used before it adopted the hub's layout.
    pub(super) fn llama_cpp(&self) -> Vec<PathBuf> {
        let default = || Some(self.caches()?.join("llama.cpp"));
        self.path("LLAMA_CACHE").or_else(default).into_iter().collect()
    }

    /// The folder where the system wants the caches of programs.
    fn caches(&self) -> Option<PathBuf> {
        if cfg!(target_os = "macos") {
            self.at_home("Library/Caches")
        } else if cfg!(windows) {
            self.path("LOCALAPPDATA")
        } else {
            self.cache()
        }
    }

    /// The folder of what is fetched of remote models.
    pub fn own_cache(&self) -> Option<PathBuf> {
        Some(self.caches()?.join("embcli"))
    }

    /// The file with the authorities whose servers are trusted, in place of the usual.
    pub fn authorities(&self) -> Option<PathBuf> {
        self.path("SSL_CERT_FILE")
    }

    /// The address of the hub, if it is not the usual one.
    pub fn hub_address(&self) -> Option<&str> {
        self.0.get("HF_ENDPOINT")?.to_str()
    }

    /// The user's token for the hub: `HF_TOKEN`, or else the file that the hub's client
    /// writes.
    pub fn hub_token(&self) -> Option<String> {
        let is_on = |value: &PathBuf| {
            let value = value.to_string_lossy().to_ascii_uppercase();
            ["1", "ON", "YES", "TRUE"].contains(&&*value)
        };
        if self.0.get("HF_HUB_DISABLE_IMPLICIT_TOKEN").is_some_and(is_on) {
            return None;
        }
        let token = match self.0.get("HF_TOKEN") {
            Some(token) => token.to_str()?.to_owned(),
            None => {
                let file = self
                    .path("HF_TOKEN_PATH")
                    .or_else(|| Some(self.path("HF_HOME")?.join("token")))
                    .or_else(|| Some(self.cache()?.join("huggingface/token")));
                String::from_utf8(read_small(&file?, 4096).ok()?).ok()?
            }
        };
        let token = token.trim();
        let is_plain = !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_graphic());
        is_plain.then(|| token.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(set: &[(&str, &str)]) -> Environment {
        Environment::of(|name| {
            set.iter().find(|(key, _)| *key == name).map(|(_, value)| value.into())
        })
    }

    fn paths(names: &[&str]) -> Vec<PathBuf> {
        names.iter().map(PathBuf::from).collect()
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn home_gives_the_default_folders() {
        let plain = with(&[("HOME", "/h"), ("OLLAMA_MODELS", "")]);
        assert_eq!(plain.ollama()[0], Path::new("/h/.ollama/models"));
        assert_eq!(plain.ollama().len(), 3);
        assert_eq!(plain.hub(), paths(&["/h/.cache/huggingface/hub"]));
        assert_eq!(
            plain.lm_studio(),
            paths(&["/h/.lmstudio/models", "/h/.cache/lm-studio/models"])
        );
        assert_eq!(plain.llama_cpp(), paths(&["/h/.cache/llama.cpp"]));
        assert_eq!(plain.shown("/h/x".as_ref()), "~/x");
        assert_eq!(plain.shown("/hx/x".as_ref()), "/hx/x");
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn variables_override_the_defaults_in_order() {
        let mut set = vec![("HOME", "/h"), ("XDG_CACHE_HOME", "/x")];
        assert_eq!(with(&set).hub(), paths(&["/x/huggingface/hub"]));
        assert_eq!(with(&set).llama_cpp(), paths(&["/x/llama.cpp"]));
        for (name, value, hub) in [
            ("HF_HOME", "~/hf", "/h/hf/hub"),
            ("HUGGINGFACE_HUB_CACHE", "/old", "/old"),
            ("HF_HUB_CACHE", "/new", "/new"),
        ] {
            set.push((name, value));
            assert_eq!(with(&set).hub(), paths(&[hub]), "{name}");
        }
        set.push(("LLAMA_CACHE", "/l"));
        assert_eq!(with(&set).hub(), paths(&["/l", "/new"]));
        assert_eq!(with(&set).llama_cpp(), paths(&["/l"]));
        set.push(("OLLAMA_MODELS", "/o"));
        assert_eq!(with(&set).ollama(), paths(&["/o"]));
    }

    #[test]
    fn without_a_home_no_hub_or_lm_studio_folder_is_known() {
        let none = with(&[]);
        assert_eq!((none.hub(), none.lm_studio()), (vec![], vec![]));
    }
}
