//! Compares our walk with gguf-rs-lib's strict reader. For every file that it accepts,
//! both must agree on keys, types and values, and on each tensor's name, shape, type and
//! offset.

use crate::support::damage;
use std::io::Cursor;

use embcli::gguf::{Array, Entry, Gguf};
use embcli::model::{Value, ValueType};
use gguf_rs_lib::prelude::{GGUFFileReader, MetadataValue};

/// A value as text, because NaN is not equal to NaN. For nested arrays only the length
/// is compared, because our walk does not read them.
fn theirs(value: &MetadataValue) -> Vec<String> {
    let value = match value {
        MetadataValue::Bool(value) => Value::Bool(*value),
        MetadataValue::F32(value) => Value::F32(*value),
        MetadataValue::F64(value) => Value::F64(*value),
        MetadataValue::String(text) => Value::Text(text.clone()),
        MetadataValue::Array(array) => return array.values.iter().flat_map(element).collect(),
        value => match (value.as_u64(), value.as_i64()) {
            (Some(value), _) => Value::Unsigned(value),
            (_, value) => Value::Signed(value.expect("a whole number")),
        },
    };
    vec![format!("{value:?}")]
}

fn element(value: &MetadataValue) -> Vec<String> {
    match value {
        MetadataValue::Array(_) => vec!["an array".to_owned()],
        value => theirs(value),
    }
}

fn ours(gguf: &Gguf, entry: &Entry) -> Vec<String> {
    if entry.value_type != ValueType::Array {
        return vec![format!("{:?}", gguf.decode(entry).unwrap())];
    }
    let text = |bytes| Value::Text(String::from_utf8(bytes).unwrap());
    match gguf.array_of(entry).unwrap() {
        Array::Strings(strings) => (0..strings.len())
            .map(|i| format!("{:?}", text(strings.get(i).unwrap().unwrap())))
            .collect(),
        Array::Numbers(numbers) => {
            (0..numbers.len()).map(|i| format!("{:?}", numbers.get(i).unwrap().unwrap())).collect()
        }
        Array::Nested(len) => vec!["an array".to_owned(); len as usize],
    }
}

/// Compares both readers on these bytes. `false` if the strict reader refuses them.
fn agrees(what: &str, bytes: &[u8]) -> bool {
    let Ok(reader) = GGUFFileReader::new(Cursor::new(bytes)) else { return false };
    let gguf =
        Gguf::new(Box::new(bytes.to_vec())).unwrap_or_else(|error| panic!("{what}: {error}"));

    assert_eq!(gguf.entries().count(), reader.metadata().len(), "{what}");
    for entry in gguf.entries() {
        let entry = entry.unwrap();
        let key = std::str::from_utf8(&entry.key).expect("the strict reader accepts only UTF-8");
        let value = reader.metadata().get(key).unwrap_or_else(|| panic!("{what}: {key}"));
        assert_eq!(ours(&gguf, &entry), theirs(value), "{what}: {key}");
    }

    assert_eq!(gguf.tensor_count(), reader.tensor_count() as u64, "{what}");
    for (ours, info) in gguf.tensors().zip(reader.tensor_infos()) {
        let ours = ours.unwrap();
        assert_eq!(ours.name, info.name(), "{what}");
        assert_eq!(ours.dims, info.shape().dims(), "{what}: {}", ours.name);
        let id = ours.format.as_ref().map_or_else(|error| error.id, |format| format.id);
        assert_eq!(id, info.tensor_type() as u32, "{what}: {}", ours.name);
        let at = reader.tensor_data_offset() + info.data_offset();
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
