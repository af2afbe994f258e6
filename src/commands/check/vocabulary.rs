//! Reports the faults of the vocabulary.

use anyhow::Result;

use super::codes::{self, Code};
use super::{Finding, Findings};
use crate::model::Model;
use crate::tokenizer::{FaultKind, audit};
use crate::vocab::Vocab;

pub(super) fn check(model: &Model, vocab: &Vocab, findings: &mut Findings) -> Result<()> {
    for fault in audit(model)? {
        let finding = Finding::of(code(fault.kind), fault.message);
        findings.push(match &*fault.ids {
            [] => finding,
            ids => finding.tokens(Some(vocab), None, ids.iter().copied())?,
        });
    }
    Ok(())
}

fn code(kind: FaultKind) -> &'static Code {
    match kind {
        FaultKind::Unread => &codes::VOCAB_UNREAD,
        FaultKind::Duplicate => &codes::VOCAB_DUPLICATE,
        FaultKind::Length => &codes::VOCAB_LENGTH,
        FaultKind::Type => &codes::VOCAB_TYPE,
        FaultKind::Bytes => &codes::VOCAB_BYTES,
        FaultKind::Alphabet => &codes::VOCAB_ALPHABET,
        FaultKind::Family => &codes::VOCAB_FAMILY,
        FaultKind::PreTokenizer => &codes::VOCAB_PRE,
        FaultKind::Merge => &codes::VOCAB_MERGE,
        FaultKind::Unmade => &codes::VOCAB_UNMADE,
        FaultKind::Marker => &codes::VOCAB_MARKER,
        FaultKind::Role => &codes::VOCAB_ROLE,
        FaultKind::LookAlike => &codes::VOCAB_LOOK_ALIKE,
        FaultKind::Template => &codes::VOCAB_TEMPLATE,
        FaultKind::BosTwice => &codes::VOCAB_BOS_TWICE,
    }
}
