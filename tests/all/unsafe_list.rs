//! `docs/unsafe.md` lists every file that has `unsafe` in it, and no other.

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
    assert!(files.len() > 20, "that is not all of src");
    for file in files {
        let text = std::fs::read_to_string(&file).unwrap();
        let forms = ["unsafe {", "unsafe fn", "unsafe impl", "unsafe extern", "unsafe("];
        let has = forms.iter().any(|form| text.contains(form));
        let name = file.strip_prefix(root).unwrap().to_str().unwrap().replace('\\', "/");
        let listed = list.lines().any(|line| line.starts_with(&format!("| `{name}`")));
        assert_eq!(has, listed, "{name}");
    }
}
