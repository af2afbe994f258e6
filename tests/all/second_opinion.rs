//! Compares our walk with gguf-rs-lib's strict reader. For every file that it accepts,
//! both must agree on keys, types and values, and on each tensor's name, shape, type and
//! offset.

use crate::support::damage;
use std::io::Cursor;

use embcli::gguf::Gguf;
use gguf_rs_lib::prelude::GGUFFileReader;

/// Compares both readers on these bytes. `false` if the strict reader refuses them.
fn agrees(what: &str, bytes: &[u8]) -> bool {
    let Ok(theirs) = GGUFFileReader::new(Cursor::new(bytes)) else { return false };
    let ours =
        Gguf::new(Box::new(bytes.to_vec())).unwrap_or_else(|error| panic!("{what}: {error}"));

    assert_eq!(ours.entries().count(), theirs.metadata().len(), "{what}");
    for entry in ours.entries() {
        let entry = entry.unwrap();
        let key = std::str::from_utf8(&entry.key).expect("the strict reader accepts only UTF-8");
        let value = theirs.metadata().get(key).unwrap_or_else(|| panic!("{what}: {key}"));
        // Compared as text, because NaN is not equal to NaN.
        assert_eq!(
            format!("{:?}", ours.decode(&entry).unwrap()),
            format!("{value:?}"),
            "{what}: {key}"
        );
    }

    assert_eq!(ours.tensor_count(), theirs.tensor_count() as u64, "{what}");
    for (ours, info) in ours.tensors().zip(theirs.tensor_infos()) {
        let ours = ours.unwrap();
        assert_eq!(ours.name, info.name(), "{what}");
        assert_eq!(ours.dims(), info.shape().dims(), "{what}: {}", ours.name);
        assert_eq!(ours.type_id, info.tensor_type() as u32, "{what}: {}", ours.name);
        let at = theirs.tensor_data_offset() + info.data_offset();
        assert_eq!(ours.at, Some(at), "{what}: {}", ours.name);
    }
    true
}

#[test]
fn both_readers_agree_on_valid_files() {
    assert!(agrees("the toy model", include_bytes!("../../fixtures/toy.gguf")));
    let accepted = damage::files().iter().filter(|file| agrees("a small file", file)).count();
    assert_eq!(accepted, 3, "it refuses only the file with a scalar");
}

#[test]
fn both_readers_agree_on_damaged_files() {
    let files = damage::files();
    let accepted = (0..20_000)
        .filter(|&seed| agrees(&format!("seed {seed}"), &damage::damaged(seed, &files)))
        .count();
    assert!(accepted > 1000, "only {accepted} of 20,000 are accepted: too few to compare");
}
