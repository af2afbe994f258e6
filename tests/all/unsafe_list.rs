//! `docs/unsafe.md` must list exactly the files of `src` that contain `unsafe`.

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

/// Whether code has the keyword `unsafe`: in a block, a function, a trait, an `impl`,
/// an `extern`, or an attribute such as `unsafe(no_mangle)`.
fn has_unsafe(code: &str) -> bool {
    let mut words = code
        .lines()
        .map(|line| line.split("//").next().unwrap_or_default())
        .flat_map(|line| line.split(|c: char| !(c.is_alphanumeric() || c == '_')));
    words.any(|word| word == "unsafe")
}

#[test]
fn every_form_of_unsafe_is_found() {
    for code in [
        "let x = unsafe { y };",
        "pub unsafe fn f() {}",
        "unsafe impl Send for X {}",
        "unsafe extern \"C\" { fn f(); }",
        "#[unsafe(no_mangle)]",
    ] {
        assert!(has_unsafe(code), "{code}");
    }
    for code in ["// unsafe", "x(); // unsafe { }", "#![deny(unsafe_op_in_unsafe_fn)]"] {
        assert!(!has_unsafe(code), "{code}");
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
        let has = has_unsafe(&std::fs::read_to_string(&file).unwrap());
        let name = file.strip_prefix(root).unwrap().to_str().unwrap().replace('\\', "/");
        let listed = list.lines().any(|line| line.starts_with(&format!("| `{name}`")));
        assert_eq!(has, listed, "{name}");
    }
}
