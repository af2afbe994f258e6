//! Where the tensors of a file lie, in sentences that `info` and `check` share.

use std::cmp::Ordering;

use crate::embedding::TOKEN_EMBEDDING;
use crate::gguf::{Fault, Layout, Stray, Stretch};
use crate::text::{clip, counted, visible};

/// A name from the file, made safe and short for a sentence.
fn shown(name: &str) -> String {
    format!("\"{}\"", clip(&visible(name), 64))
}

/// Which tensor it is and where: positions count from the start of the tensor data.
fn place(of: &Stretch) -> String {
    format!("{} at {}..{}", shown(&of.name), of.bytes.start, of.bytes.end)
}

/// The tensor whose rows an overlap is told of, and the other: the embedding table if
/// it is one of them.
pub(super) fn damaged(fault: &Fault) -> Option<[&Stretch; 2]> {
    match fault {
        Fault::Overlap(first, second) if second.name == TOKEN_EMBEDDING => Some([second, first]),
        Fault::Overlap(first, second) => Some([first, second]),
        _ => None,
    }
}

/// What is wrong with the place of a tensor.
pub(super) fn fault(fault: &Fault) -> String {
    match fault {
        Fault::Overlap(first, second) => {
            let rows = damaged(fault).and_then(|[of, by]| Some((of, rows(of, by)?)));
            let rows = rows.map_or_else(String::new, |(of, rows)| {
                format!("; in {}, {rows} (or the other tensor is)", shown(&of.name))
            });
            format!("{} and {} of the tensor data overlap{rows}", place(first), place(second))
        }
        Fault::Gap(after, before) => {
            let (from, after) = match after {
                Some(after) => (after.bytes.end, format!("{} and ", place(after))),
                None => (0, "the start of the tensor data and ".to_owned()),
            };
            let gap = before.bytes.start - from;
            format!("{gap} bytes lie between {after}{}, and belong to no tensor", place(before))
        }
        Fault::Order(first, expected) => format!(
            "{} of the tensor data should begin at {expected}, by the order of the header",
            place(first)
        ),
    }
}

/// `row 7 is damaged in part and rows 8 to 9 whole`.
fn rows(of: &Stretch, by: &Stretch) -> Option<String> {
    let (touched, whole) = of.rows_in(by)?;
    let in_part: Vec<String> = [touched.start, touched.end.checked_sub(1)?]
        .into_iter()
        .filter(|row| touched.contains(row) && !whole.contains(row))
        .map(|row| row.to_string())
        .collect();
    let in_part = match &*in_part {
        [] => None,
        [first, last] if first != last => {
            Some(format!("rows {first} and {last} are damaged in part"))
        }
        [first, ..] => Some(format!("row {first} is damaged in part")),
    };
    let whole = match whole.end - whole.start {
        0 => None,
        1 => Some((format!("row {}", whole.start), "is")),
        _ => Some((format!("rows {} to {}", whole.start, whole.end - 1), "are")),
    };
    match (in_part, whole) {
        (Some(part), Some((whole, _))) => Some(format!("{part} and {whole} whole")),
        (None, Some((whole, are))) => Some(format!("{whole} {are} damaged whole")),
        (part, None) => part,
    }
}

/// That the file ends too early.
pub(super) fn cut(layout: &Layout, len: u64) -> Option<String> {
    let first = layout.first_cut.as_deref()?;
    let are = if layout.cut == 1 { "is" } else { "are" };
    let from = if layout.cut == 1 { String::new() } else { format!(", from {} on", shown(first)) };
    Some(format!(
        "the file ends at byte {len}, its tensors at {}: {} {are} not all there{from} \
         (an incomplete download?)",
        layout.end,
        counted(layout.cut, "tensor"),
    ))
}

/// That tensors are not aligned.
pub(super) fn askew(layout: &Layout, alignment: u64) -> Option<String> {
    let are = if layout.askew == 1 { "is" } else { "are" };
    (layout.askew > 0).then(|| {
        format!("{} {are} not aligned to {alignment} bytes", counted(layout.askew, "tensor"))
    })
}

/// What follows the last tensor.
pub(super) fn rest(layout: &Layout) -> Option<String> {
    let n = layout.rest.end - layout.rest.start;
    (n > 0).then(|| match layout.is_joined {
        true => format!(
            "another GGUF file begins at byte {}, where the tensors of this one end: these seem \
             to be the parts of a split model, joined with cat",
            layout.rest.start
        ),
        false => format!("{n} bytes follow the last tensor"),
    })
}

/// That the file is a part, or was one.
pub(super) fn stray(stray: &Stray) -> String {
    let Stray { no, count, is_whole } = stray;
    match (no, is_whole) {
        (_, true) => format!(
            "the metadata says that the model is split in {count} parts (split.count), and all \
             its tensors are in this file"
        ),
        (Some(no), _) => format!(
            "this is part {} of {count} of a split model by its metadata, and has no name of one: \
             what it lacks may be in the other parts",
            u128::from(*no) + 1
        ),
        (None, _) => format!(
            "this is one of {count} parts of a split model by its metadata, and has no name of \
             one: what it lacks may be in the other parts"
        ),
    }
}
/// That a file of a checkpoint has not the length that its header says.
pub(super) fn length(name: &str, len: u64, whole: u64) -> Option<String> {
    let bytes = counted(len.abs_diff(whole), "byte");
    match len.cmp(&whole) {
        Ordering::Less => Some(format!(
            "{name} is cut short: it ends {bytes} before its tensors do (an incomplete download?)"
        )),
        Ordering::Equal => None,
        Ordering::Greater => {
            Some(format!("{name} has {bytes} after its tensors, which belong to none"))
        }
    }
}
