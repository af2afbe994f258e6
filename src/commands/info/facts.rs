//! What a file is, as pairs of a name and a text: for CSV, a line each.

use super::answer::{InfoReport, InfoTensor, KeyInfo, KeyValue, OutputKind};
use crate::text::visible;

/// A shape: `[262144, 640]`.
pub(super) fn shape(dims: &[u64]) -> String {
    format!("{dims:?}")
}

/// The value of a key, visible: of an array its type, length and beginning.
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

/// The word for where the output head is.
pub(super) fn head(kind: OutputKind) -> &'static str {
    match kind {
        OutputKind::Tied => "tied",
        OutputKind::Separate => "separate",
        OutputKind::None => "none",
        OutputKind::Unknown => "unknown",
    }
}

/// The facts that there are, in the order of the answer.
pub(super) fn facts(report: &InfoReport) -> Vec<(&'static str, String)> {
    let mut facts: Vec<(&str, String)> = Vec::new();
    let text = |text: &String| visible(text).into_owned();
    let mut add = |name, value: Option<String>| facts.extend(value.map(|value| (name, value)));
    add("model", Some(text(&report.model)));
    add("name", report.name.as_ref().map(text));
    add("architecture", report.architecture.as_ref().map(text));
    add("seems", report.seems.map(str::to_owned));
    add("parameters", Some(report.parameters.to_string()));
    add("n_tensors", Some(report.n_tensors.to_string()));
    add("n_keys", Some(report.n_keys.to_string()));
    add("file_type", report.file_type.as_ref().map(|file_type| file_type.id.to_string()));
    let named = report.file_type.as_ref().and_then(|file_type| file_type.name);
    add("file_type_name", named.map(str::to_owned));
    for share in &report.types {
        let bytes = share.bytes.map_or_else(|| "?".to_owned(), |bytes| bytes.to_string());
        add("type", Some(format!("{} x {}, {bytes} bytes", share.format, share.tensors)));
    }
    if let Some(table) = &report.table {
        add("table", Some(tensor(&table.tensor)));
        add("table_share", table.share.map(|share| share.to_string()));
    }
    add("output_head", Some(head(report.output_head).to_owned()));
    add("output", report.output.as_ref().map(tensor));
    for other in &report.other_tables {
        add("other_table", Some(tensor(other)));
    }
    if let Some(tokenizer) = &report.tokenizer {
        add("tokenizer", tokenizer.model.as_ref().map(text));
        add("tokenizer_pre", tokenizer.pre.as_ref().map(text));
        add("n_tokens", tokenizer.n_tokens.map(|n| n.to_string()));
        for token in &tokenizer.special {
            add("special_token", Some(format!("{}: {}", visible(&token.name), token.id)));
        }
    }
    add("context_length", report.context_length.map(|n| n.to_string()));
    add("file_bytes", Some(report.file_bytes.to_string()));
    add("version", Some(report.version.to_string()));
    add("alignment", Some(report.alignment.to_string()));
    add("header_bytes", Some(report.header_bytes.to_string()));
    add("parts", Some(report.parts.to_string()));
    for part in &report.missing_parts {
        add("missing_part", Some(text(part)));
    }
    for oddity in &report.oddities {
        add("oddity", Some(text(oddity)));
    }
    if let Some(strict) = &report.strict {
        add("strict", Some(strict.problem.as_ref().map_or_else(|| "accepted".to_owned(), text)));
    }
    facts
}

fn tensor(tensor: &InfoTensor) -> String {
    let bytes = tensor.bytes.map_or_else(String::new, |bytes| format!(" {bytes} bytes"));
    let name = visible(&tensor.name);
    format!("{name} {} {}{bytes}", shape(&tensor.shape), tensor.format)
}
