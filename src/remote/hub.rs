//! The Hugging Face hub: names of its files, and which of them are models.

use serde::Deserialize;

use super::fault::Fault;
use super::url::{Url, decoded, encoded};
use crate::safetensors;
use crate::store::naming;

/// The usual hub.
pub(super) const USUAL: &str = "https://huggingface.co";

/// A name `hf://org/repo[@rev][/file]` or `hf://org/repo[@rev]:tag`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    repo: String,
    /// A branch, a tag or a commit.
    pub rev: String,
    pub file: Option<String>,
    /// A precision that the name of the file has.
    tag: Option<String>,
}

/// What the hub says about a repository.
#[derive(Deserialize)]
struct Repository {
    sha: String,
    siblings: Vec<Sibling>,
}

#[derive(Deserialize)]
struct Sibling {
    rfilename: String,
}

/// The files of a repository at one commit.
#[derive(Debug)]
pub struct Listing {
    pub commit: String,
    pub files: Vec<String>,
}

/// Whether a text is a full commit, which never changes.
pub fn is_commit(text: &str) -> bool {
    text.len() == 40 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

impl Named {
    /// Parses what follows `hf://`.
    pub fn parse(name: &str) -> Result<Self, Fault> {
        let bad = || Fault::new("the name must be hf://ORG/REPO, with /FILE, @REVISION or :TAG");
        let mut parts = name.splitn(3, '/');
        let (org, second) = (parts.next().unwrap_or_default(), parts.next());
        let mut file = parts.next().filter(|file| !file.is_empty()).map(str::to_owned);
        // The oldest repositories have no organisation.
        let (repo, org) = match second {
            Some(repo) => (repo, format!("{org}/")),
            None => (org, String::new()),
        };
        let (repo, mut rev) = match repo.split_once('@') {
            Some((repo, rev)) => (repo, rev.to_owned()),
            None => (repo, "main".to_owned()),
        };
        // `refs/pr/1` is a revision with slashes.
        if rev == "refs"
            && let Some(rest) = &file
        {
            let mut parts = rest.splitn(3, '/');
            rev = format!("refs/{}/{}", parts.next().unwrap_or(""), parts.next().unwrap_or(""));
            file = parts.next().map(str::to_owned);
        }
        let (repo, tag) = match repo.split_once(':') {
            Some((repo, tag)) => (repo, Some(tag.to_owned())),
            None => match rev.clone().split_once(':') {
                Some((before, tag)) => {
                    rev = before.to_owned();
                    (repo, Some(tag.to_owned()))
                }
                None => (repo, None),
            },
        };
        let is_name = |name: &str| {
            let is_plain = |c: char| c.is_ascii_alphanumeric() || "-._".contains(c);
            !matches!(name, "" | "." | "..") && name.chars().all(is_plain)
        };
        let org = org.as_str();
        let is_valid = is_name(repo)
            && org.strip_suffix('/').is_none_or(is_name)
            && !rev.is_empty()
            && (tag.is_none() || file.is_none())
            && file.iter().all(|file| file.split('/').all(|part| !matches!(part, "" | "." | "..")));
        let rev = decoded(&rev);
        is_valid.then(|| Self { repo: format!("{org}{repo}"), rev, file, tag }).ok_or_else(bad)
    }

    /// The address of one of its files.
    pub fn url(&self, hub: &Url, rev: &str, file: &str) -> Url {
        let (rev, file) = (encoded(rev, ""), encoded(file, "/"));
        hub.with_path(format!("{}/{}/resolve/{rev}/{file}", root(hub), self.repo))
    }

    /// The address that lists the files.
    pub fn listing(&self, hub: &Url) -> Url {
        let rev = encoded(&self.rev, "");
        hub.with_path(format!("{}/api/models/{}/revision/{rev}", root(hub), self.repo))
    }

    /// The file to open: one of a split model stands for all, and the index for the
    /// files of a checkpoint.
    pub fn choose(&self, listing: &Listing) -> Result<String, Fault> {
        let mut wholes = std::collections::HashSet::new();
        let mut models: Vec<&String> = listing
            .files
            .iter()
            .filter(|name| naming::is_model(naming::file_name(name)))
            .filter(|name| naming::whole(name).is_none_or(|whole| wholes.insert(whole)))
            .collect();
        if let Some(tag) = &self.tag {
            models.retain(|name| naming::has_tag(name, tag));
        }
        let checkpoint = [safetensors::INDEX, safetensors::SINGLE].into_iter();
        let checkpoint = checkpoint.filter(|_| self.tag.is_none());
        let is_there = |name: &&str| listing.files.iter().any(|file| file == name);
        let checkpoint = checkpoint.filter(is_there).map(str::to_owned).next();
        match (&models[..], checkpoint) {
            ([model], None) => Ok((*model).clone()),
            ([], Some(file)) => Ok(file),
            ([], None) if self.tag.is_some() => {
                let all = self.named(&listing.files, "gguf");
                Err(Fault::new(format!("no GGUF file of the repository has this tag{all}")))
            }
            ([], None) => Err(Fault::new(
                "the repository has no GGUF file and no model.safetensors".to_owned(),
            )),
            (_, checkpoint) => {
                let models = models.into_iter().cloned().chain(checkpoint);
                let models: Vec<String> = models.collect();
                let n = models.len();
                Err(Fault::new(format!("the repository has {n} models{}", self.named(&models, ""))))
            }
        }
    }

    /// A choice of files, as names to type.
    pub fn named(&self, files: &[String], ending: &str) -> String {
        let of_ending = files.iter().filter(|file| file.ends_with(ending));
        let rev = if self.rev == "main" { String::new() } else { format!("@{}", self.rev) };
        let names = of_ending.map(|file| format!("hf://{}{rev}/{file}", self.repo));
        crate::store::choices(&names.collect::<Vec<_>>())
    }
}

/// The path of the hub itself, which most hubs do not have.
fn root(hub: &Url) -> &str {
    hub.path().trim_end_matches('/')
}

impl Listing {
    /// Reads the hub's answer.
    pub fn read(json: &[u8]) -> Result<Self, Fault> {
        let repository: Repository = serde_json::from_slice(json).map_err(|error| {
            Fault::new(format!("the hub's list of files can't be read: {error}"))
        })?;
        let files = repository.siblings.into_iter().map(|sibling| sibling.rfilename).collect();
        match is_commit(&repository.sha) {
            true => Ok(Self { commit: repository.sha, files }),
            false => Err(Fault::new("the hub's list of files names no commit")),
        }
    }
}

/// The address of the same file of a hub at a commit. Addresses of other forms stay.
pub(super) fn pinned(url: &Url, commit: &str) -> Url {
    match parts(url) {
        Some((repo, _, file)) => url.with_path(format!("{repo}/resolve/{commit}/{file}")),
        None => url.clone(),
    }
}

/// The path of a hub's file in its repository.
pub(super) fn path_in_repository(url: &Url) -> Option<String> {
    parts(url).map(|(_, _, file)| decoded(file))
}

/// Whether an address names a commit, so that its file never changes.
pub(super) fn is_pinned(url: &Url) -> bool {
    parts(url).is_some_and(|(_, rev, _)| is_commit(rev))
}

/// The repository, the revision and the file of an address; the page of a file counts as
/// the file.
fn parts(url: &Url) -> Option<(&str, &str, &str)> {
    let path = url.path();
    let (repo, rest) = path.split_once("/resolve/").or_else(|| path.split_once("/blob/"))?;
    let (rev, file) = rest.split_once('/')?;
    Some((repo, rev, file))
}

/// The address of a file of the hub, also if that of its page was given.
pub(super) fn file_of_page(url: Url) -> Url {
    match parts(&url) {
        Some((repo, rev, file)) => url.with_path(format!("{repo}/resolve/{rev}/{file}")),
        None => url,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";

    #[test]
    fn names_have_a_revision_a_file_or_a_tag() {
        let hub = Url::parse(USUAL).unwrap();
        for (name, url) in [
            ("org/repo/m.gguf", "org/repo/resolve/main/m.gguf"),
            ("org/repo@v1/a/m 1.gguf", "org/repo/resolve/v1/a/m%201.gguf"),
            ("org/repo@refs/pr/1/m.gguf", "org/repo/resolve/refs%2Fpr%2F1/m.gguf"),
            ("org/repo@refs%2Fpr%2F1/m.gguf", "org/repo/resolve/refs%2Fpr%2F1/m.gguf"),
        ] {
            let named = Named::parse(name).unwrap();
            let found = named.url(&hub, &named.rev, named.file.as_ref().unwrap());
            assert_eq!(found.to_string(), format!("{USUAL}/{url}"));
        }
        let old = Named::parse("gpt2").unwrap();
        assert_eq!(old.listing(&hub).path(), "/api/models/gpt2/revision/main");
        assert_eq!(Named::parse("o/r:Q8_0").unwrap().tag.as_deref(), Some("Q8_0"));
        let tagged = Named::parse("o/r@v1:Q8_0").unwrap();
        assert_eq!((&*tagged.rev, tagged.tag.as_deref()), ("v1", Some("Q8_0")));
        for bad in ["", "/", "a/", "../a", "a/b/../c", "a/b c", "a/b@/c", "a/b:t/c", "a/b//c"] {
            assert!(Named::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_commit_pins_an_address() {
        let url = Url::parse("https://huggingface.co/o/r/blob/main/a/m.gguf").unwrap();
        let url = file_of_page(url);
        assert!(url.to_string().ends_with("/o/r/resolve/main/a/m.gguf") && !is_pinned(&url));
        let url = pinned(&url, COMMIT);
        assert!(url.to_string().ends_with(&format!("/o/r/resolve/{COMMIT}/a/m.gguf")));
        assert!(is_pinned(&url));
        let other = Url::parse("https://e.com/m.gguf").unwrap();
        assert_eq!(pinned(&other, COMMIT), other);
    }

    #[test]
    fn the_one_model_of_a_repository_is_chosen() {
        let listing = |files: &[&str]| Listing {
            commit: COMMIT.to_owned(),
            files: files.iter().map(|file| (*file).to_owned()).collect(),
        };
        let choose = |name: &str, files: &[&str]| {
            Named::parse(name).unwrap().choose(&listing(files)).map_err(|fault| fault.to_string())
        };
        let one = ["README.md", "m-Q8_0.gguf", "mmproj-m.gguf"];
        assert_eq!(choose("o/r", &one).unwrap(), "m-Q8_0.gguf");
        let split = ["m-00001-of-00002.gguf", "m-00002-of-00002.gguf"];
        assert_eq!(choose("o/r", &split).unwrap(), split[0]);
        let two = ["a-Q8_0.gguf", "a-Q4_0.gguf"];
        assert_eq!(choose("o/r:q4_0", &two).unwrap(), "a-Q4_0.gguf");
        let error = choose("o/r@v1", &two).unwrap_err();
        assert!(error.contains("2 models") && error.contains("hf://o/r@v1/a-Q8_0.gguf"), "{error}");
        assert!(choose("o/r:Q5_0", &two).unwrap_err().contains("has this tag: name one of"));
        let checkpoint = ["config.json", "model.safetensors"];
        assert_eq!(choose("o/r", &checkpoint).unwrap(), "model.safetensors");
        let shards = ["model.safetensors.index.json", "model-00001-of-00002.safetensors"];
        assert_eq!(choose("o/r", &shards).unwrap(), shards[0]);
        assert!(choose("o/r", &["a.bin"]).unwrap_err().contains("no GGUF file"));
    }
}
