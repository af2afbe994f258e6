//! What the headers and `config.json` of a checkpoint tell in their own way.

use anyhow::{Result, ensure};
use serde_json::Value as Json;

use super::answer::{KeyInfo, KeyValue};
use super::{Header, InfoRequest, Oddities, tensors};
use crate::commands::layout;
use crate::model::{Error, Model};
use crate::report::Float;
use crate::safetensors::Checkpoint;

pub(super) fn header(
    checkpoint: &Checkpoint,
    model: &Model,
    request: &InfoRequest,
    oddities: &mut Oddities,
) -> Result<Header> {
    ensure!(!request.strict, "--strict reads GGUF files; this is a checkpoint of safetensors");
    for (name, len, whole) in checkpoint.lengths() {
        oddities.extend(layout::length(name, len, whole));
    }
    let has_tokenizer = match model.tokens() {
        Ok(_) => true,
        Err(Error::NoVocabulary(problem)) => {
            oddities.add(problem);
            false
        }
        Err(error) => return Err(error.into()),
    };
    let fields = checkpoint.config().fields();
    if fields.is_empty() {
        oddities.add("no config.json lies beside it".to_owned());
    }
    Ok(Header {
        said: model.clone(),
        tally: tensors::tally_of(model, oddities)?,
        has_tokenizer,
        format: "safetensors",
        file_type: None,
        basename: None,
        n_keys: fields.len() as u64,
        version: None,
        alignment: None,
        bytes: checkpoint.header_len(),
        strict: None,
        keys: request.keys.then(|| fields.iter().map(|(name, value)| key(name, value)).collect()),
    })
}

fn key(name: &str, value: &Json) -> KeyInfo {
    let (value_type, length) = match value {
        Json::Null => ("null", None),
        Json::Bool(_) => ("bool", None),
        Json::Number(number) if number.is_f64() => ("f64", None),
        Json::Number(_) => ("integer", None),
        Json::String(text) => ("string", Some(text.len() as u64)),
        Json::Array(values) => ("[]", Some(values.len() as u64)),
        Json::Object(_) => ("object", None),
    };
    let value = of(value);
    KeyInfo { key: name.to_owned(), value_type: value_type.to_owned(), length, value }
}

fn of(value: &Json) -> KeyValue {
    match value {
        Json::Bool(value) => KeyValue::Bool(*value),
        Json::Number(number) => match (number.as_u64(), number.as_i64(), number.as_f64()) {
            (Some(number), _, _) => KeyValue::Unsigned(number),
            (_, Some(number), _) => KeyValue::Signed(number),
            (_, _, Some(number)) => KeyValue::F64(Float(number)),
            _ => KeyValue::Unreadable(()),
        },
        Json::String(text) => KeyValue::Text(text.chars().take(200).collect()),
        Json::Array(values) => KeyValue::List(values.iter().take(3).map(of).collect()),
        Json::Null => KeyValue::Text("null".to_owned()),
        Json::Object(_) => KeyValue::Unreadable(()),
    }
}
