//! A text as a list of symbols. Adjacent symbols can merge.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// A list of symbols that together cover a text.
///
/// Positions have 32 bits: [`MAX_TEXT`](super::MAX_TEXT) is less than that.
pub(super) struct Symbols<'t> {
    text: &'t [u8],
    symbols: Vec<Symbol>,
}

/// A stretch of the text, linked to the stretches before and after it.
struct Symbol {
    start: u32,
    /// The length in bytes; 0 if it has merged into another symbol.
    len: u32,
    before: u32,
    after: u32,
}

const NONE: u32 = u32::MAX;

impl<'t> Symbols<'t> {
    /// Makes one symbol of each character of a text. [`utf8_len`] gives their lengths.
    pub fn of_characters(text: &'t [u8]) -> Self {
        let mut this = Self { text, symbols: Vec::with_capacity(text.len()) };
        let mut start = 0;
        while start < text.len() {
            let len = utf8_len(text[start]).min(text.len() - start);
            this.push(start, len);
            start += len;
        }
        this
    }

    fn push(&mut self, start: usize, len: usize) {
        let place = self.symbols.len() as u32;
        let before = place.checked_sub(1).unwrap_or(NONE);
        if let Some(last) = self.symbols.last_mut() {
            last.after = place;
        }
        self.symbols.push(Symbol { start: start as u32, len: len as u32, before, after: NONE });
    }

    /// The remaining symbols, in order.
    pub fn iter(&self) -> impl Iterator<Item = u32> {
        let first = (!self.symbols.is_empty()).then_some(0);
        std::iter::successors(first, |&symbol| self.after(symbol))
    }

    fn before(&self, symbol: u32) -> Option<u32> {
        Some(self.symbols[symbol as usize].before).filter(|&before| before != NONE)
    }

    fn after(&self, symbol: u32) -> Option<u32> {
        Some(self.symbols[symbol as usize].after).filter(|&after| after != NONE)
    }

    pub fn text(&self, symbol: u32) -> &'t [u8] {
        let Symbol { start, len, .. } = self.symbols[symbol as usize];
        &self.text[start as usize..][..len as usize]
    }

    /// Merges adjacent symbols, the lowest key first (the leftmost of equals), until no
    /// pair has a key. `key` gets the joint text of a pair and the length of its left
    /// symbol.
    pub fn merge_all<K: Ord>(&mut self, key: impl Fn(&[u8], usize) -> Option<K>) {
        let pair = |symbols: &Self, left: u32| {
            let right = symbols.after(left)?;
            let text = symbols.text_of_both(left, right);
            let key = key(text, symbols.symbols[left as usize].len as usize)?;
            Some(Reverse((key, left, right, text.len())))
        };
        let mut pairs: BinaryHeap<_> = self.iter().filter_map(|left| pair(self, left)).collect();
        while let Some(Reverse((_, left, right, len))) = pairs.pop() {
            if self.merge(left, right, len) {
                let changed = self.before(left).into_iter().chain([left]);
                pairs.extend(changed.filter_map(|left| pair(self, left)));
            }
        }
    }

    fn text_of_both(&self, left: u32, right: u32) -> &'t [u8] {
        let len = self.symbols[left as usize].len + self.symbols[right as usize].len;
        &self.text[self.symbols[left as usize].start as usize..][..len as usize]
    }

    /// Merges `right` into `left`, the symbol before it, and returns true. If their
    /// joint length is no longer `len`, one of them has merged with another symbol
    /// since they were paired; then nothing changes, and it returns false.
    fn merge(&mut self, left: u32, right: u32, len: usize) -> bool {
        let (l, r) = (&self.symbols[left as usize], &self.symbols[right as usize]);
        if l.len == 0 || r.len == 0 || (l.len + r.len) as usize != len {
            return false;
        }
        let after = r.after;
        self.symbols[right as usize].len = 0;
        self.symbols[left as usize].len = len as u32;
        self.symbols[left as usize].after = after;
        if after != NONE {
            self.symbols[after as usize].before = left;
        }
        true
    }
}

/// The length of a UTF-8 character, judged by its first byte alone. A byte that
/// can't start a character has length 1.
pub(super) fn utf8_len(first: u8) -> usize {
    match first >> 4 {
        0b1100 | 0b1101 => 2,
        0b1110 => 3,
        0b1111 => 4,
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn adjacent_symbols_merge_but_a_stale_pair_does_not() {
        let mut symbols = Symbols::of_characters("aßc".as_bytes());
        let texts = |symbols: &Symbols<'_>| -> Vec<String> {
            symbols.iter().map(|s| String::from_utf8(symbols.text(s).to_vec()).unwrap()).collect()
        };
        assert_eq!(texts(&symbols), ["a", "ß", "c"]);
        assert_eq!(symbols.text_of_both(1, 2), "ßc".as_bytes());
        assert!(symbols.merge(1, 2, 3));
        assert!(!symbols.merge(0, 1, 3), "`ß` has grown");
        assert!(!symbols.merge(1, 2, 3), "`c` is gone");
        assert_eq!(texts(&symbols), ["a", "ßc"]);
        assert_eq!((symbols.before(1), symbols.after(1)), (Some(0), None));
    }

    #[test]
    fn invalid_utf8_is_cut_by_the_first_byte() {
        let text = b"\x80\xe2a\xffbcd\xc3";
        let symbols = Symbols::of_characters(text);
        let texts: Vec<&[u8]> = symbols.iter().map(|symbol| symbols.text(symbol)).collect();
        assert_eq!(texts, [&b"\x80"[..], b"\xe2a\xff", b"b", b"c", b"d", b"\xc3"]);
    }
}
