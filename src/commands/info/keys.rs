//! Lists the metadata, with long values shortened.

use anyhow::Result;

use super::Oddities;
use super::answer::{KeyInfo, KeyValue};
use crate::gguf::{Array, Entry, Error, Gguf};
use crate::model::{Value, ValueType};
use crate::report::Float;

/// An array shows at most this many elements, a string at most this many characters.
const ELEMENTS: u64 = 3;
const CHARACTERS: usize = 200;

pub(super) fn list(gguf: &Gguf, oddities: &mut Oddities) -> Result<Vec<KeyInfo>> {
    oddities.extend(super::unlisted(gguf.key_count(), "metadata keys"));
    let info = |entry: Result<Entry, Error>| {
        let entry = entry?;
        Ok(of(gguf, &entry).unwrap_or_else(|error| {
            oddities.add(error.to_string());
            unreadable(&entry)
        }))
    };
    gguf.entries().take(super::LISTED).map(info).collect()
}

fn unreadable(entry: &Entry) -> KeyInfo {
    KeyInfo {
        key: String::from_utf8_lossy(&entry.key).into_owned(),
        value_type: entry.value_type.name().to_owned(),
        length: None,
        value: KeyValue::Unreadable(()),
    }
}

fn of(gguf: &Gguf, entry: &Entry) -> Result<KeyInfo, Error> {
    let shell = unreadable(entry);
    Ok(match entry.value_type {
        ValueType::Array => {
            let array = gguf.array_of(entry)?;
            let mut first = Vec::new();
            for i in 0..array.len().min(ELEMENTS) {
                first.extend(match &array {
                    Array::Strings(strings) => strings.get(i)?.map(|bytes| text(&bytes)),
                    Array::Numbers(numbers) => numbers.get(i)?.map(scalar),
                    Array::Nested(_) => None,
                });
            }
            KeyInfo {
                value_type: format!("[{}]", array.element_type().name()),
                length: Some(array.len()),
                value: KeyValue::List(first),
                ..shell
            }
        }
        ValueType::String => {
            let (length, bytes) = gguf.start_of_text(entry, 4 * CHARACTERS)?;
            KeyInfo { length: Some(length), value: text(&bytes), ..shell }
        }
        _ => KeyInfo { value: scalar(gguf.decode(entry)?), ..shell },
    })
}

fn text(bytes: &[u8]) -> KeyValue {
    let text = String::from_utf8_lossy(bytes);
    KeyValue::Text(match text.char_indices().nth(CHARACTERS) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.into_owned(),
    })
}

fn scalar(value: Value) -> KeyValue {
    match value {
        Value::Bool(value) => KeyValue::Bool(value),
        Value::F32(value) => KeyValue::F32(Float(value)),
        Value::F64(value) => KeyValue::F64(Float(value)),
        Value::Unsigned(value) => KeyValue::Unsigned(value),
        Value::Signed(value) => match u64::try_from(value) {
            Ok(value) => KeyValue::Unsigned(value),
            Err(_) => KeyValue::Signed(value),
        },
        Value::Text(_) | Value::Array => KeyValue::Unreadable(()),
    }
}
