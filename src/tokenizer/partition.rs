//! A text as special tokens and what stands between them.

use memchr::memmem;

use super::vocabulary::{Types, Vocabulary};

/// The tokens that are looked for in a text before anything else.
#[derive(Debug)]
pub(super) struct Partition {
    /// Longest first. Equally long ones by ID, where llama.cpp leaves it to its
    /// sort; it matters only to two that overlap in a text.
    special: Vec<u32>,
    /// The lengths that those beginning with a byte have.
    lengths: Vec<Vec<usize>>,
}

/// A part of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part<'t> {
    Token(u32),
    /// Never empty.
    Text(&'t [u8]),
}

impl Partition {
    pub fn new(vocabulary: &Vocabulary) -> Self {
        let is_special = |&id: &u32| vocabulary.types(id).any(Types::SPECIAL);
        let mut special: Vec<u32> = vocabulary.ids().filter(is_special).collect();
        special.sort_by_key(|&id| std::cmp::Reverse(vocabulary.text(id).len()));
        let mut lengths = vec![Vec::new(); 256];
        for &id in &special {
            let text = vocabulary.text(id);
            let of_byte = &mut lengths[usize::from(text[0])];
            if of_byte.last() != Some(&text.len()) {
                of_byte.push(text.len());
            }
        }
        Self { special, lengths }
    }

    /// Cuts a text at each special token in it: the longest first, wherever it
    /// is, then the next in what is left. Without `parse_special`, only those of
    /// the type "user-defined" count.
    pub fn split<'t>(
        &self,
        vocabulary: &Vocabulary,
        text: &'t [u8],
        parse_special: bool,
    ) -> Vec<Part<'t>> {
        let mut parts = Vec::new();
        if !text.is_empty() {
            parts.push(Part::Text(text));
        }
        let there = self.special_in(vocabulary, text);
        for &id in self.special.iter().filter(|&&id| there[id as usize]) {
            let types = vocabulary.types(id);
            if !parse_special && types.any(Types::CONTROL.with(Types::UNKNOWN)) {
                continue;
            }
            let finder = memmem::Finder::new(vocabulary.text(id));
            let mut cut = Vec::with_capacity(parts.len());
            for part in parts {
                match part {
                    Part::Token(_) => cut.push(part),
                    Part::Text(text) => cut_at(id, types, &finder, text, &mut cut),
                }
            }
            parts = cut;
        }
        parts
    }

    /// Which of them a text contains at all: hardly any, of the thousands that
    /// some vocabularies have.
    fn special_in(&self, vocabulary: &Vocabulary, text: &[u8]) -> Vec<bool> {
        let mut there = vec![false; vocabulary.len()];
        for at in 0..text.len() {
            for &len in &self.lengths[usize::from(text[at])] {
                if let Some(id) = text.get(at..at + len).and_then(|text| vocabulary.id_of(text)) {
                    there[id as usize] = true;
                }
            }
        }
        there
    }
}

/// Cuts a text at each place that a token is in, from the left.
fn cut_at<'t>(
    id: u32,
    types: Types,
    finder: &memmem::Finder<'_>,
    mut text: &'t [u8],
    parts: &mut Vec<Part<'t>>,
) {
    while let Some(at) = finder.find(text) {
        let mut before = &text[..at];
        if types.any(Types::LSTRIP) {
            let end = before.iter().rposition(|&byte| !is_space(byte));
            before = &before[..end.map_or(0, |last| last + 1)];
        }
        if !before.is_empty() {
            parts.push(Part::Text(before));
        }
        parts.push(Part::Token(id));
        text = &text[at + finder.needle().len()..];
        if types.any(Types::RSTRIP) {
            let start = text.iter().position(|&byte| !is_space(byte));
            text = &text[start.unwrap_or(text.len())..];
        }
    }
    if !text.is_empty() {
        parts.push(Part::Text(text));
    }
}

/// C's `isspace`, which counts the vertical tab.
fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t'..=b'\r')
}
