//! Ollama's store: manifests by name, blobs by digest.
//!
//! ```text
//! manifests/<host>/<namespace>/<model>/<tag>   JSON: layers by media type
//! blobs/sha256-<hex>                           a layer, for example the model
//! ```

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use serde::Deserialize;

use super::guard::{component, read_small, stay_within};
use super::walk::{Walk, is_there};
use super::{Address, Found, Store};
use crate::text::{clip, visible};

/// Ollama's defaults for the parts that a name omits.
const HOST: &str = "registry.ollama.ai";
const NAMESPACE: &str = "library";
const TAG: &str = "latest";

/// The longest manifest that is read. Real manifests have about a kilobyte; one
/// with a thousand layers has some hundred.
const MAX_MANIFEST: u64 = 4 << 20;

/// The media type of the layer that holds the GGUF model.
const MODEL: &str = "application/vnd.ollama.image.model";

/// A name in Ollama's form: `[[host/]namespace/]model[:tag]`.
#[derive(Debug, PartialEq, Eq)]
struct Name<'a> {
    host: &'a str,
    namespace: &'a str,
    model: &'a str,
    tag: &'a str,
}

impl<'a> Name<'a> {
    fn parse(name: &'a str) -> Result<Self> {
        // A colon before the last slash belongs to a host's port.
        let file = name.rfind('/').map_or(0, |at| at + 1);
        let (path, tag) = match name[file..].split_once(':') {
            Some((_, tag)) => (&name[..name.len() - tag.len() - 1], tag),
            None => (name, TAG),
        };
        let parts: Vec<&str> = path.split('/').collect();
        let name = match parts[..] {
            [model] => Self { host: HOST, namespace: NAMESPACE, model, tag },
            [namespace, model] => Self { host: HOST, namespace, model, tag },
            [host, namespace, model] => Self { host, namespace, model, tag },
            _ => bail!("an Ollama model is named ollama:[[host/]namespace/]model[:tag]"),
        };
        for part in [name.host, name.namespace, name.model, name.tag] {
            component(part)?;
        }
        Ok(name)
    }

    /// The shortest name with the same meaning.
    fn shortest(&self) -> String {
        let Self { host, namespace, model, tag } = self;
        let mut name = match (*host, *namespace) {
            (HOST, NAMESPACE) => (*model).to_owned(),
            (HOST, namespace) => format!("{namespace}/{model}"),
            (host, namespace) => format!("{host}/{namespace}/{model}"),
        };
        if *tag != TAG {
            name += &format!(":{tag}");
        }
        name
    }

    fn manifest(&self, root: &Path) -> PathBuf {
        let folder = root.join("manifests").join(self.host).join(self.namespace);
        folder.join(self.model).join(self.tag)
    }
}

/// Finds the manifest of a name in the store at `root`; `None` if there is none.
pub(super) fn find(root: &Path, name: &str) -> Result<Option<Address>> {
    let path = Name::parse(name)?.manifest(root);
    Ok(is_there(&path)?.then(|| Address::Manifest { root: root.into(), path }))
}

/// The path of the model's blob, which the manifest gives.
pub(super) fn blob(root: &Path, manifest: &Path) -> Result<PathBuf> {
    let context = || format!("its manifest {}", manifest.display());
    let digest = digest(root, manifest).with_context(context)?;
    let path = root.join("blobs").join(format!("sha256-{digest}"));
    stay_within(root, &path).with_context(|| path.display().to_string())?;
    Ok(path)
}

/// The fields of a manifest that embcli needs.
#[derive(Deserialize)]
struct Manifest {
    #[serde(default)]
    layers: Vec<Layer>,
}

#[derive(Deserialize)]
struct Layer {
    #[serde(rename = "mediaType")]
    media_type: String,
    digest: String,
}

/// The hex of the model's digest.
fn digest(root: &Path, manifest: &Path) -> Result<String> {
    stay_within(root, manifest)?;
    let bytes = read_small(manifest, MAX_MANIFEST)?;
    let manifest: Manifest =
        serde_json::from_slice(&bytes).context("it is not the JSON that it should be")?;
    // If there are several model layers, Ollama uses the last.
    if let Some(layer) = manifest.layers.iter().rfind(|layer| layer.media_type == MODEL) {
        return Ok(sha256(&layer.digest)?.to_owned());
    }
    let is_tensor = |layer: &Layer| layer.media_type.ends_with(".tensor");
    ensure!(
        !manifest.layers.iter().any(is_tensor),
        "the model is in another format (a layer for each tensor), not GGUF: \
         pull a tag of it that is GGUF"
    );
    bail!("it has no layer that is a model (a model that runs elsewhere?)")
}

/// The hex part of a digest. Only one exact form is accepted, because the hex
/// becomes part of a path.
fn sha256(digest: &str) -> Result<&str> {
    let is_hex =
        |hex: &&str| hex.len() == 64 && hex.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    digest.strip_prefix("sha256:").filter(is_hex).with_context(|| {
        format!(
            "the digest \"{}\" is not sha256: and 64 lower-case hex digits",
            clip(&visible(digest), 80)
        )
    })
}

/// Lists every model in the store at `root`, without reading a manifest.
pub(super) fn list(walk: &mut Walk, root: &Path, found: &mut Vec<Found>) {
    let manifests = root.join("manifests");
    if manifests.is_dir() && !walk.is_within(root, &manifests) {
        return;
    }
    for host in folders(walk, root, &manifests) {
        for namespace in folders(walk, root, &host.1) {
            for model in folders(walk, root, &namespace.1) {
                let tags = walk.entries(root, &model.1).into_iter();
                for tag in tags.filter(|entry| !entry.is_folder) {
                    let name = Name {
                        host: &host.0,
                        namespace: &namespace.0,
                        model: &model.0,
                        tag: &tag.name,
                    };
                    let short = name.shortest();
                    let mut called = vec![short.clone()];
                    if name.tag == TAG {
                        called.push(format!("{short}:{TAG}"));
                    }
                    found.push(Found {
                        name: format!("{}{short}", Store::Ollama.prefix()),
                        store: Store::Ollama,
                        called,
                        address: Address::Manifest { root: root.into(), path: tag.path },
                    });
                }
            }
        }
    }
}

fn folders(walk: &mut Walk, root: &Path, folder: &Path) -> Vec<(String, PathBuf)> {
    let entries = walk.entries(root, folder).into_iter();
    entries.filter(|entry| entry.is_folder).map(|entry| (entry.name, entry.path)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_get_defaults_and_have_a_shortest_form() {
        for (name, path, short) in [
            ("llama3.2", "registry.ollama.ai/library/llama3.2/latest", "llama3.2"),
            ("llama3.2:1b", "registry.ollama.ai/library/llama3.2/1b", "llama3.2:1b"),
            ("me/mine:latest", "registry.ollama.ai/me/mine/latest", "me/mine"),
            ("hf.co/org/repo:Q8_0", "hf.co/org/repo/Q8_0", "hf.co/org/repo:Q8_0"),
            ("localhost:5000/a/b", "localhost:5000/a/b/latest", "localhost:5000/a/b"),
        ] {
            if cfg!(windows) && path.contains(':') {
                continue;
            }
            let parsed = Name::parse(name).unwrap();
            assert_eq!(parsed.manifest("/".as_ref()), Path::new("/manifests").join(path));
            assert_eq!(parsed.shortest(), short);
        }
        for name in ["", "..", "a/..", "a//b", "../../x", "/x", "x:", "x:..", "a/b/c/d"] {
            assert!(Name::parse(name).is_err(), "{name}");
        }
    }

    #[test]
    fn only_one_form_of_digest_is_accepted() {
        let hex = "0123456789abcdef".repeat(4);
        assert_eq!(sha256(&format!("sha256:{hex}")).unwrap(), hex);
        for digest in [
            String::new(),
            hex.clone(),
            format!("sha256-{hex}"),
            format!("sha512:{hex}"),
            format!("sha256:{}", hex.to_uppercase()),
            format!("sha256:{}", &hex[1..]),
            format!("sha256:{hex}0"),
            format!("sha256:../{}", &hex[3..]),
            format!("sha256:/{}", &hex[1..]),
        ] {
            assert!(sha256(&digest).is_err(), "{digest}");
        }
    }
}
