//! The answer of `info` as pairs of a name and a text, which `looks` writes as
//! records; and how keys and shapes look.

use anyhow::Result;

use super::answer::{
    FileType, Fillers, InfoReport, InfoTensor, KeyInfo, KeyValue, TokensOfType, TypeShare,
};
use crate::text::{harmless, visible};

/// A shape: `[262144, 640]`.
pub(super) fn shape(dims: &[u64]) -> String {
    format!("{dims:?}")
}

/// The value of a key, made visible. An array has its type, length and first elements.
pub(super) fn shown(key: &KeyInfo) -> String {
    match (&key.value, key.length) {
        (KeyValue::List(first), Some(length)) => {
            let mut text = format!("[{} x {length}]", key.value_type.trim_matches(['[', ']']));
            for (i, value) in first.iter().enumerate() {
                text += if i == 0 { " " } else { ", " };
                text += &scalar(value);
            }
            text + if length > first.len() as u64 { ", ..." } else { "" }
        }
        (value, _) => scalar(value),
    }
}

fn scalar(value: &KeyValue) -> String {
    match value {
        KeyValue::Bool(value) => value.to_string(),
        KeyValue::Unsigned(value) => value.to_string(),
        KeyValue::Signed(value) => value.to_string(),
        KeyValue::F32(value) => value.digits(),
        KeyValue::F64(value) => value.digits(),
        KeyValue::Text(text) => format!("\"{}\"", visible(text)),
        KeyValue::List(_) | KeyValue::Unreadable(()) => "(unreadable)".to_owned(),
    }
}

/// Visits each fact, in the order of the answer.
pub(super) fn facts(
    report: &InfoReport,
    visit: &mut dyn FnMut(&'static str, String) -> Result<()>,
) -> Result<()> {
    let InfoReport { model, name, architecture, seems, file_type, types, table, .. } = report;
    let text = |text: &String| Some(visible(text).into_owned());
    let said = |sentence: &String| Some(harmless(sentence).into_owned());
    let number = |n: u64| Some(n.to_string());
    let mut add = |name, value: Option<String>| value.map_or(Ok(()), |value| visit(name, value));
    add("model", text(model))?;
    add("name", name.as_ref().and_then(text))?;
    add("architecture", architecture.as_ref().and_then(text))?;
    add("seems", seems.map(str::to_owned))?;
    add("parameters", number(report.parameters))?;
    add("n_tensors", number(report.n_tensors))?;
    add("n_keys", number(report.n_keys))?;
    if let Some(FileType { id, name }) = file_type {
        add("file_type", number(*id))?;
        add("file_type_name", name.map(str::to_owned))?;
    }
    for TypeShare { format, tensors, bytes, .. } in types {
        let bytes = bytes.map_or_else(|| "?".to_owned(), |bytes| bytes.to_string());
        add("type", Some(format!("{format} x {tensors}, {bytes} bytes")))?;
    }
    if let Some(table) = table {
        add("table", tensor(&table.tensor))?;
        add("table_share", table.share.map(|share| share.to_string()))?;
        add("table_parameter_share", table.parameter_share.map(|share| share.to_string()))?;
    }
    add("output_head", Some(report.output_head.name().to_owned()))?;
    add("output", report.output.as_ref().and_then(tensor))?;
    report.other_tables.iter().try_for_each(|other| add("other_table", tensor(other)))?;
    if let Some(tokenizer) = &report.tokenizer {
        add("tokenizer", tokenizer.model.as_ref().and_then(text))?;
        add("tokenizer_pre", tokenizer.pre.as_ref().and_then(text))?;
        add("n_tokens", tokenizer.n_tokens.and_then(number))?;
        if let Some(adds) = &tokenizer.adds {
            add("adds_in_front", adds.front.clone())?;
            add("adds_behind", adds.behind.clone())?;
        }
        for TokensOfType { token_type, tokens } in &tokenizer.types {
            add("tokens_of_type", Some(format!("{token_type}: {tokens}")))?;
        }
        if let Some(Fillers { from_id, to_id }) = tokenizer.fillers {
            add("fillers", Some(format!("{from_id} to {to_id}")))?;
        }
        for token in &tokenizer.special {
            add("special_token", Some(format!("{}: {}", visible(&token.name), token.id)))?;
        }
    }
    add("context_length", report.context_length.and_then(number))?;
    add("file_bytes", number(report.file_bytes))?;
    add("format", Some(report.format.to_owned()))?;
    add("version", report.version.map(|version| version.to_string()))?;
    add("alignment", report.alignment.and_then(number))?;
    add("header_bytes", number(report.header_bytes))?;
    add("parts", number(report.parts))?;
    report.missing_parts.iter().try_for_each(|part| add("missing_part", text(part)))?;
    report.oddities.iter().try_for_each(|oddity| add("oddity", said(oddity)))?;
    report.strict.as_ref().map_or(Ok(()), |strict| {
        let problem = strict.problem.as_ref().and_then(said);
        add("strict", Some(problem.unwrap_or_else(|| "accepted".to_owned())))
    })
}

fn tensor(tensor: &InfoTensor) -> Option<String> {
    let bytes = tensor.bytes.map_or_else(String::new, |bytes| format!(" {bytes} bytes"));
    let name = visible(&tensor.name);
    Some(format!("{name} {} {}{bytes}", shape(&tensor.shape), tensor.format))
}
