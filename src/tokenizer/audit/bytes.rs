//! The tokens `<0x00>` to `<0xFF>`, which spell what no other token can.

use super::super::settings::Kind;
use super::super::token_index::byte_of;
use super::{BYTES, Fault, FaultKind, Seen, push};
use crate::text::counted;

/// The type of a byte token.
const BYTE: i32 = 6;

pub(super) fn check(seen: &Seen, faults: &mut Vec<Fault>) {
    // Other families spell bytes in other ways.
    if seen.kind != Some(Kind::Spm) && seen.name.as_deref() != Some("gemma4") {
        return;
    }
    let form = |id: u32| byte_of(seen.tokens.text(id));
    let of_form = seen.ids(|id| form(id).is_some());
    if (1..BYTES).contains(&of_form.len()) && seen.tokens.len() >= BYTES {
        let message = format!(
            "{} of 256 byte tokens exist: llama.cpp fails at a text that needs another",
            of_form.len()
        );
        push(faults, FaultKind::Bytes, message, Vec::new());
    }
    let kind = |id: u32| seen.types.get(id as usize).copied();
    let untyped = seen.ids(|id| form(id).is_some() && kind(id).is_some_and(|kind| kind != BYTE));
    if !untyped.is_empty() {
        let message = format!(
            "{} of the form <0xNN> {} not of type 6 (byte): llama.cpp prints the form, <0x0A> for \
             a newline",
            counted(untyped.len() as u64, "token"),
            if untyped.len() == 1 { "is" } else { "are" }
        );
        push(faults, FaultKind::Bytes, message, untyped);
    }
    let formless = seen.ids(|id| kind(id) == Some(BYTE) && form(id).is_none());
    if !formless.is_empty() {
        let message = format!(
            "{} of type 6 (byte) {} not of the form <0xNN>: llama.cpp prints another byte for such \
             a token, or refuses the file",
            counted(formless.len() as u64, "token"),
            if formless.len() == 1 { "is" } else { "are" }
        );
        push(faults, FaultKind::Bytes, message, formless);
    }
}
