//! `docs/unsafe.md` must list exactly the files that contain `unsafe`.

use std::path::{Path, PathBuf};

fn sources(directory: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

#[test]
fn the_list_is_complete() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let list = std::fs::read_to_string(root.join("docs/unsafe.md")).unwrap();
    let mut files = Vec::new();
    sources(&root.join("src"), &mut files);
    assert!(files.len() > 20, "only {} files found in src", files.len());
    for file in files {
        let has = std::fs::read_to_string(&file).unwrap().contains("unsafe {");
        let name = file.strip_prefix(root).unwrap().to_str().unwrap().replace('\\', "/");
        let listed = list.lines().any(|line| line.starts_with(&format!("| `{name}`")));
        assert_eq!(has, listed, "{name}");
    }
}
