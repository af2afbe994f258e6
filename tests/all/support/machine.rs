//! A fake machine: a home folder with model stores, in the layout of their programs.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::json;
use tempfile::TempDir;

/// The folder where Ollama keeps the manifests of its own registry.
pub const MANIFESTS: &str = ".ollama/models/manifests/registry.ollama.ai";

/// The machine, which is only its user's home folder.
pub struct Machine(TempDir);

impl Machine {
    pub fn new() -> Self {
        Self(TempDir::new().unwrap())
    }

    pub fn home(&self) -> &Path {
        self.0.path()
    }

    pub fn path(&self, path: &str) -> PathBuf {
        self.home().join(path)
    }

    pub fn write(&self, path: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, bytes).unwrap();
        path
    }

    /// Puts a model into Ollama's store.
    pub fn ollama(&self, manifest: &str, hex: &str, bytes: impl AsRef<[u8]>) {
        self.write(&blob(hex), bytes);
        self.write(&format!("{MANIFESTS}/{manifest}"), manifest_of(&format!("sha256:{hex}")));
    }
}

/// The path where Ollama keeps a layer.
pub fn blob(hex: &str) -> String {
    format!(".ollama/models/blobs/sha256-{hex}")
}

/// The hex of a digest in which all digits are the same.
pub fn hex(digit: char) -> String {
    digit.to_string().repeat(64)
}

/// A manifest whose model layer has this digest.
pub fn manifest_of(digest: &str) -> String {
    let layer = |kind: &str, digest: &str| json!({"mediaType": format!("application/vnd.ollama.image.{kind}"), "digest": digest, "size": 1});
    let template = layer("template", &format!("sha256:{}", hex('f')));
    json!({"schemaVersion": 2, "config": {}, "layers": [layer("model", digest), template]})
        .to_string()
}
