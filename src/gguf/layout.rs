//! Where the tensors of a file lie.
//!
//! llama.cpp takes a file only if each tensor begins where the one before it in the
//! header ends, at the next multiple of the alignment (`gguf_init_from_reader` in its
//! `gguf.cpp`), and if the file has all bytes of each. embcli reads any file whose
//! rows are there, so it says what llama.cpp would refuse.

use std::collections::HashSet;
use std::ops::Range;

use super::{Described, Gguf};
use crate::embedding::TOKEN_EMBEDDING;
use crate::model::{Error, Tensor};
use crate::quant::{Format, TypeError};

/// Type numbers that forks used before ggml did, or use otherwise.
pub(super) const IN_DISPUTE: [u32; 4] = [39, 40, 41, 42];

/// At most this many tensors are compared with each other, and this many faults of
/// their places are listed.
const COMPARED: usize = 100_000;
const LISTED: usize = 8;

/// Where the tensors of one file lie.
#[derive(Debug, Default)]
pub struct Layout {
    /// One past the last byte of a tensor, as a position in the file.
    pub end: u64,
    /// How many tensors the end of the file cuts off, and the name of the first.
    pub cut: u64,
    pub first_cut: Option<String>,
    /// How many tensors are not aligned.
    pub askew: u64,
    /// The bytes after the last tensor, as positions in the file. Empty if the type of
    /// a tensor is not known, so that its size is not known either.
    pub rest: Range<u64>,
    /// Whether these bytes begin like another GGUF file.
    pub is_joined: bool,
    /// Overlaps and gaps, in the order of the data; only the first few.
    pub faults: Vec<Fault>,
}

/// A tensor that is not where llama.cpp expects it. Positions count from the start of
/// the tensor data, as the offsets in the header do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The second tensor begins before the first ends.
    Overlap(Stretch, Stretch),
    /// Bytes of no tensor come before this one, after another one if there is one.
    Gap(Option<Stretch>, Stretch),
    /// The tensors are in another order than in the header. This is the first that
    /// does not begin where the one before it ends.
    Order(Stretch, u64),
}

/// A tensor and its bytes in the tensor data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stretch {
    pub name: String,
    pub bytes: Range<u64>,
    /// The bytes of a row, if it is a matrix.
    pub row_bytes: Option<u64>,
}

impl Stretch {
    fn of(tensor: &Tensor, bytes: Range<u64>) -> Self {
        let row_bytes = tensor.matrix().and_then(|[columns, _]| {
            tensor.format.as_ref().ok()?.row_bytes(columns).filter(|bytes| *bytes > 0)
        });
        Self { name: tensor.name.clone(), bytes, row_bytes }
    }

    /// The rows that share bytes with another tensor, and those of them that lie
    /// whole in it; `None` if it is not a matrix.
    pub fn rows_in(&self, other: &Self) -> Option<(Range<u64>, Range<u64>)> {
        let row = self.row_bytes?;
        let from = self.bytes.start.max(other.bytes.start) - self.bytes.start;
        let to = self.bytes.end.min(other.bytes.end).checked_sub(self.bytes.start)?;
        let whole = from.div_ceil(row)..to / row;
        Some((from / row..to.div_ceil(row), whole.start..whole.end.max(whole.start)))
    }
}

/// A tensor's bytes in the tensor data and its number in the header. The end is `None`
/// if its size is not known.
#[derive(Clone, Copy)]
struct Span {
    start: u64,
    end: Option<u64>,
    index: u32,
}

impl Layout {
    /// Looks at the tensors of a file in one pass; in more if llama.cpp would refuse
    /// their places.
    ///
    /// # Errors
    /// If the header can't be read.
    pub fn of(gguf: &Gguf) -> Result<Self, Error> {
        let mut measure = Measure::new(gguf);
        for tensor in gguf.tensors() {
            measure.add(&tensor?);
        }
        measure.finish()
    }
}

/// A layout while the tensors are counted.
pub struct Measure<'g> {
    gguf: &'g Gguf,
    layout: Layout,
    /// Where the next tensor has to begin; `None` after one of unknown size.
    expected: Option<u64>,
    has_unknown: bool,
    is_in_place: bool,
}

impl<'g> Measure<'g> {
    /// No tensor yet.
    pub fn new(gguf: &'g Gguf) -> Self {
        let layout = Layout::default();
        Self { gguf, layout, expected: Some(0), has_unknown: false, is_in_place: true }
    }

    /// Adds the next tensor of the header.
    pub fn add(&mut self, tensor: &Tensor) {
        let alignment = self.gguf.alignment();
        let layout = &mut self.layout;
        let bytes = tensor.bytes();
        let end = tensor.at.and_then(|at| at.checked_add(bytes?));
        if let Some(end) = end {
            layout.end = layout.end.max(end);
            if end > self.gguf.file_len() {
                layout.cut += 1;
                layout.first_cut.get_or_insert_with(|| tensor.name.clone());
            }
        }
        self.has_unknown |= end.is_none();
        layout.askew += u64::from(tensor.at.is_none_or(|at| at % alignment != 0));
        let offset = tensor.at.and_then(|at| at.checked_sub(self.gguf.data_at));
        self.is_in_place &= self.expected.is_none_or(|expected| offset == Some(expected));
        self.expected =
            offset.and_then(|at| at.checked_add(bytes?)?.checked_next_multiple_of(alignment));
    }

    /// The layout of all tensors.
    ///
    /// # Errors
    /// If the header can't be read.
    pub fn finish(mut self) -> Result<Layout, Error> {
        let gguf = self.gguf;
        let end = self.layout.end.max(gguf.header_len());
        let len = gguf.file_len();
        if !self.has_unknown && end < len {
            // The last tensor may be padded or not.
            let padded = end.checked_next_multiple_of(gguf.alignment()).unwrap_or(len).min(len);
            let begins = |at: u64| {
                let window = gguf.source().window(at, 4);
                window.is_ok_and(|window| window.starts_with(b"GGUF"))
            };
            let joined = [end, padded].into_iter().find(|at| begins(*at));
            self.layout.is_joined = joined.is_some();
            self.layout.rest = joined.unwrap_or(padded)..len;
        }
        if !self.is_in_place {
            self.layout.faults = faults(gguf)?;
        }
        Ok(self.layout)
    }
}

/// What is wrong with the places of the tensors.
fn faults(gguf: &Gguf) -> Result<Vec<Fault>, Error> {
    let mut spans = Vec::new();
    for (index, tensor) in (0..).zip(gguf.tensors().take(COMPARED)) {
        let tensor = tensor?;
        let Some(start) = tensor.at.and_then(|at| at.checked_sub(gguf.data_at)) else { continue };
        let end = tensor.bytes().and_then(|bytes| start.checked_add(bytes));
        spans.push(Span { start, end, index });
    }
    let in_header = spans.clone();
    spans.sort_by_key(|span| (span.start, span.end));
    let stretch = |span: Span| -> Result<Stretch, Error> {
        let tensors = &gguf.index.tensors;
        let i = span.index as usize;
        let tensor = gguf.read_tensor(&mut gguf.cursor(tensors, i), i)?;
        Ok(Stretch::of(&tensor, span.start..span.end.unwrap_or(span.start)))
    };
    let mut faults = Vec::new();
    let mut overlapping = HashSet::new();
    // The tensor that reaches farthest so far, and where the next one may begin.
    let (mut last, mut free) = (None::<Span>, Some(0));
    for &span in &spans {
        if faults.len() == LISTED {
            return Ok(faults);
        }
        let reach = last.and_then(|last| last.end).unwrap_or(0);
        match (last, free) {
            (Some(last), _) if span.start < reach && span.end != Some(span.start) => {
                // One tensor in a wrong place lies over several others. The first is told,
                // and all that concern the embedding table.
                let pair = [stretch(last)?, stretch(span)?];
                let is_new = overlapping.insert(last.index) & overlapping.insert(span.index);
                if is_new || pair.iter().any(|of| of.name == TOKEN_EMBEDDING) {
                    let [first, second] = pair;
                    faults.push(Fault::Overlap(first, second));
                }
            }
            (_, Some(free)) if span.start > free => {
                faults.push(Fault::Gap(last.map(stretch).transpose()?, stretch(span)?));
            }
            _ => {}
        }
        match span.end {
            Some(end) if end >= reach => {
                free = end.checked_next_multiple_of(gguf.alignment());
                last = Some(span);
            }
            Some(_) => {}
            None => (last, free) = (Some(span), None),
        }
    }
    if faults.is_empty() {
        let mut expected = Some(0);
        for span in in_header {
            if let Some(expected) = expected
                && span.start != expected
            {
                faults.push(Fault::Order(stretch(span)?, expected));
                break;
            }
            expected = span.end.and_then(|end| end.checked_next_multiple_of(gguf.alignment()));
        }
    }
    Ok(faults)
}

/// The types in dispute that are not ggml's in this file: no tensor of the type ends
/// where the next tensor begins.
pub(super) fn not_ggmls(gguf: &Gguf) -> Vec<TypeError> {
    let mut starts = Vec::new();
    let mut disputed = Vec::new();
    for entry in gguf.described().take(COMPARED) {
        // What is wrong with an entry is told where the tensors are read.
        let Ok(Described { dims, type_id, offset, .. }) = entry else { return Vec::new() };
        starts.push(offset);
        if IN_DISPUTE.contains(&type_id) {
            disputed.push((type_id, dims, offset));
        }
    }
    starts.sort_unstable();
    let data_end = gguf.file_len().saturating_sub(gguf.data_at);
    let judge = |id: u32| {
        let format = Format::from_id(id).ok()?;
        let mut sizes = Vec::new();
        let mut is_sure = false;
        for (_, dims, offset) in disputed.iter().filter(|entry| entry.0 == id) {
            let next = starts[starts.partition_point(|start| start <= offset)..].first();
            let room = next.copied().unwrap_or(data_end).saturating_sub(*offset);
            let values = dims.iter().try_fold(1_u64, |product, dim| product.checked_mul(*dim))?;
            let (columns, rows) = dims.split_first()?;
            let rows = rows.iter().try_fold(1_u64, |product, dim| product.checked_mul(*dim))?;
            let size = format.row_bytes(*columns).and_then(|bytes| bytes.checked_mul(rows));
            if size.is_some_and(|size| size <= room && room - size < gguf.alignment()) {
                return None;
            }
            // The file may have been cut within the last tensor, or have more after it.
            is_sure |= next.is_some();
            sizes.push([values, room]);
        }
        (is_sure || TypeError::is_known_fork(format.id, &sizes))
            .then(|| TypeError::not_ggmls(format, &sizes))
    };
    IN_DISPUTE.into_iter().filter_map(judge).collect()
}
