//! Reports what llama.cpp refuses about the files themselves: tensors that are cut
//! off, overlap or leave a gap, parts that do not belong together, unknown types.

use std::collections::HashSet;

use anyhow::Result;
use serde_json::json;

use super::codes::{self, Code};
use super::{Finding, Findings};
use crate::commands::layout;
use crate::commands::model::{PER_TOKEN, View};
use crate::gguf::{Fault, Files, Gguf, Layout};
use crate::model::Model;
use crate::safetensors::Checkpoint;
use crate::text::{clip, counted, visible};

/// At most this many types are told one by one, and this many faults of the header.
const TYPES: usize = 16;
const TOLD: usize = 8;

/// At most this many names are compared with each other.
const COMPARED: usize = 100_000;

/// A tensor's name has fewer bytes than this in ggml: `GGML_MAX_NAME`.
const MAX_NAME: usize = 64;

pub(super) fn check(model: &Model, view: &View, findings: &mut Findings) -> Result<()> {
    if let Some(checkpoint) = model.as_format::<Checkpoint>() {
        lengths(checkpoint, findings);
        missing(model, findings);
    }
    let Some(files) = model.as_format::<Files>() else { return Ok(()) };
    let named = files.named_files()?;
    for (name, gguf) in &named {
        let mut told = Told { name: name.as_deref(), files, findings };
        told.layout(gguf, view)?;
    }
    let opened: Vec<&Gguf> = named.iter().map(|(_, gguf)| *gguf).collect();
    header(&opened, findings)?;
    types(&opened, findings)?;
    parts(files, model, findings)
}

/// Reports files of a checkpoint that are too short or too long.
fn lengths(checkpoint: &Checkpoint, findings: &mut Findings) {
    for (name, len, whole) in checkpoint.lengths() {
        if let Some(message) = layout::length(&clip(&visible(name), 64), len, whole) {
            let code = if len < whole { &codes::FILE_CUT } else { &codes::FILE_TRAILING };
            let evidence = json!({ "file_bytes": len, "end": whole });
            findings.push(Finding::of(code, message).evidence(evidence));
        }
    }
}

/// Where the findings about one file go.
struct Told<'a> {
    /// The file's name, if there are several.
    name: Option<&'a str>,
    files: &'a Files,
    findings: &'a mut Findings,
}

impl Told<'_> {
    fn finding(&self, code: &Code, message: &str) -> Finding {
        let message = match self.name {
            Some(name) => format!("in {}: {message}", clip(&visible(name), 64)),
            None => message.to_owned(),
        };
        Finding::of(code, message)
    }

    fn layout(&mut self, gguf: &Gguf, view: &View) -> Result<()> {
        let found = Layout::of(gguf)?;
        if let Some(message) = layout::cut(&found, gguf.file_len())
            && !is_told(gguf, &found)?
        {
            let evidence = json!({ "file_bytes": gguf.file_len(), "end": found.end });
            let mut finding = self.finding(&codes::FILE_CUT, &message).evidence(evidence);
            if let Some(piece) = self.files.piece() {
                finding = finding.next(piece);
            }
            self.findings.push(finding);
        }
        if let Some(message) = layout::askew(&found, gguf.alignment()) {
            self.findings.push(self.finding(&codes::FILE_GAP, &message));
        }
        for fault in &found.faults {
            let finding = match fault {
                Fault::Overlap(first, second) => {
                    let evidence = json!({
                        "tensors": [first.name, second.name],
                        "bytes": [[first.bytes.start, first.bytes.end],
                                  [second.bytes.start, second.bytes.end]],
                    });
                    let finding = self.finding(&codes::FILE_OVERLAP, &layout::fault(fault));
                    rows(finding.evidence(evidence), fault, view)?
                }
                Fault::Gap(..) | Fault::Order(..) => {
                    self.finding(&codes::FILE_GAP, &layout::fault(fault))
                }
            };
            self.findings.push(finding);
        }
        if let Some(message) = layout::rest(&found) {
            let code = if found.is_joined { &codes::FILE_JOINED } else { &codes::FILE_TRAILING };
            let evidence = json!({ "from": found.rest.start, "to": found.rest.end });
            self.findings.push(self.finding(code, &message).evidence(evidence));
        }
        Ok(())
    }
}

/// Whether the tables' own findings tell of every tensor that is cut off.
fn is_told(gguf: &Gguf, found: &Layout) -> Result<bool> {
    let mut tables = 0;
    for name in PER_TOKEN {
        let end = gguf.tensor(name)?.and_then(|tensor| tensor.at?.checked_add(tensor.bytes()?));
        tables += u64::from(end.is_some_and(|end| end > gguf.file_len()));
    }
    Ok(tables == found.cut)
}

/// Adds the rows of the checked table that another tensor lies over.
fn rows(finding: Finding, fault: &Fault, view: &View) -> Result<Finding> {
    match layout::damaged(fault) {
        Some([of, by]) if of.name == view.table.name() => match of.rows_in(by) {
            Some((rows, _)) => finding.rows(view, Some(rows.end - rows.start), rows),
            None => Ok(finding),
        },
        _ => Ok(finding),
    }
}

/// Reports names and numbers of the header that llama.cpp refuses, though embcli reads
/// the file.
fn header(files: &[&Gguf], findings: &mut Findings) -> Result<()> {
    let mut told = Vec::new();
    let mut tell = |message: String| {
        if told.len() < TOLD && !told.contains(&message) {
            told.push(message);
        }
    };
    let shown = |name: &str| clip(&visible(name), 64).into_owned();
    let mut tensors = HashSet::new();
    for gguf in files {
        let mut keys = HashSet::new();
        for entry in gguf.entries().take(COMPARED) {
            let key = entry?.key;
            if key.is_empty() {
                tell("a metadata key has no name".to_owned());
            } else if keys.contains(&key) {
                tell(format!(
                    "two metadata keys are named \"{}\"",
                    shown(&String::from_utf8_lossy(&key))
                ));
            }
            keys.insert(key);
        }
        for tensor in gguf.tensors().take(COMPARED) {
            let name = tensor?.name;
            if name.len() >= MAX_NAME {
                let len = name.len();
                tell(format!(
                    "the name of tensor \"{}\" has {len} bytes, and may have 63",
                    shown(&name)
                ));
            }
            if tensors.contains(&name) {
                tell(format!("two tensors are named \"{}\"", shown(&name)));
            }
            tensors.insert(name);
        }
        if !gguf.alignment().is_power_of_two() {
            tell(format!("general.alignment is {}, which is no power of two", gguf.alignment()));
        }
    }
    for message in told {
        findings.push(Finding::of(&codes::FILE_HEADER, format!("{message}: llama.cpp refuses it")));
    }
    Ok(())
}

/// Reports types that ggml does not have.
fn types(files: &[&Gguf], findings: &mut Findings) -> Result<()> {
    let mut unknown: Vec<(String, u64)> = Vec::new();
    for gguf in files {
        for tensor in gguf.tensors() {
            let Err(error) = tensor?.format else { continue };
            let error = error.to_string();
            match unknown.iter().position(|(told, _)| *told == error) {
                Some(at) => unknown[at].1 += 1,
                None if unknown.len() < TYPES => unknown.push((error, 1)),
                None => {}
            }
        }
    }
    for (error, n) in unknown {
        let message =
            format!("{} of a type that llama.cpp does not read: {error}", counted(n, "tensor"));
        findings.push(Finding::of(&codes::FILE_TYPE, message));
    }
    Ok(())
}

/// Reports parts of a split model that are missing, or can't be found.
fn parts(files: &Files, model: &Model, findings: &mut Findings) -> Result<()> {
    if let Some(stray) = files.stray()? {
        let finding = Finding::of(&codes::FILE_SPLIT, layout::stray(&stray));
        findings.push(match stray.is_whole {
            true => finding.next("set split.count to 1: llama.cpp looks for the other parts"),
            false => finding,
        });
    }
    missing(model, findings);
    Ok(())
}

/// Reports files that are not there.
fn missing(model: &Model, findings: &mut Findings) {
    if let [first, more @ ..] = &model.missing()[..] {
        let are = match more.len() {
            0 => "is".to_owned(),
            n => format!("and {n} more are"),
        };
        let message = format!("{} {are} not there", clip(&visible(first), 64));
        findings.push(Finding::of(&codes::FILE_SPLIT, message).next("put all parts in one folder"));
    }
}
