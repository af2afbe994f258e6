//! Findings as SARIF 2.1.0, the form that code-scanning pages read.
//!
//! Standard: OASIS, "Static Analysis Results Interchange Format (SARIF) Version
//! 2.1.0". GitHub shows a result only with a line, so each one is at line 1 of the
//! model file.

use std::io::Write;

use anyhow::Result;
use serde_json::{Value, json};

use super::answer::{CheckReport, Severity};
use super::codes::{self, Code};
use super::finding::Finding;
use crate::report::{Answer as _, json};
use crate::text::harmless;

pub(super) fn write(report: &CheckReport, out: &mut dyn Write) -> Result<()> {
    json::line(&log(report), out)
}

fn log(report: &CheckReport) -> Value {
    let uri = uri(&report.model);
    let rules: Vec<Value> = codes::ALL.iter().map(rule).collect();
    let results: Vec<Value> = report.findings.iter().map(|it| result(it, &uri)).collect();
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "embcli",
                "version": env!("CARGO_PKG_VERSION"),
                "rules": rules,
            } },
            "invocations": [{
                "executionSuccessful": true,
                "exitCode": report.exit_code(),
            }],
            "artifacts": [{ "location": { "uri": uri } }],
            "results": results,
        }],
    })
}

fn rule(code: &Code) -> Value {
    json!({
        "id": code.name,
        "shortDescription": { "text": code.meaning },
        "help": { "text": code.remedy },
        "defaultConfiguration": { "level": level(code.severity) },
    })
}

fn result(finding: &Finding, uri: &str) -> Value {
    let message = harmless(&finding.sentence()).into_owned();
    let mut location = json!({
        "physicalLocation": {
            "artifactLocation": { "uri": uri, "index": 0 },
            "region": { "startLine": 1 },
        },
    });
    if let Some(tensor) = &finding.tensor {
        location["logicalLocations"] = json!([{ "name": tensor, "kind": "resource" }]);
    }
    let mut properties = json!({ "evidence": finding.evidence });
    let mut first = None;
    if let Some(about) = &finding.about {
        first = about.ids.first();
        properties["n_ids"] = about.n_ids.into();
        properties["ids"] = json!(about.ids);
    }
    // Pages use it to see that a finding of the next run is the same one.
    let tensor = finding.tensor.as_deref().unwrap_or_default();
    let fingerprint = format!("{}:{tensor}:{}", finding.code, first.copied().unwrap_or(0));
    let mut result = json!({
        "ruleId": finding.code,
        "ruleIndex": codes::ALL.iter().position(|code| code.name == finding.code),
        "level": level(finding.severity),
        "message": { "text": format!("{message} -> {}", harmless(&finding.next)) },
        "locations": [location],
        "partialFingerprints": { "primaryLocationLineHash": fingerprint },
        "properties": properties,
    });
    if finding.allowed {
        result["suppressions"] = json!([{ "kind": "external", "status": "accepted" }]);
    }
    result
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Problem => "error",
        Severity::Unknown => "warning",
        Severity::Note => "note",
    }
}

/// A file's name as a URI: relative names stay relative.
fn uri(path: &str) -> String {
    use std::fmt::Write as _;
    let path = if cfg!(windows) { path.replace('\\', "/") } else { path.to_owned() };
    let mut uri = match path.as_bytes() {
        [b'/', ..] => "file://".to_owned(),
        [_, b':', b'/', ..] if cfg!(windows) => "file:///".to_owned(),
        _ => String::new(),
    };
    for byte in path.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'-' | b'.' | b'_' | b'~' => {
                uri.push(byte.into());
            }
            _ => _ = write!(uri, "%{byte:02X}"),
        }
    }
    uri
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_becomes_a_uri() {
        assert_eq!(uri("models/a b.gguf"), "models/a%20b.gguf");
        assert_eq!(uri("ollama:llama3.2"), "ollama%3Allama3.2");
        assert_eq!(uri("/m/é.gguf"), "file:///m/%C3%A9.gguf");
    }
}
