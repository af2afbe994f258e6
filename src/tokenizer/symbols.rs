//! A text as a row of symbols, of which neighbours merge.

/// A row of symbols that cover a text from end to end.
///
/// Positions are of 32 bits, for [`MAX_TEXT`](super::MAX_TEXT) keeps texts
/// shorter than that.
pub(super) struct Symbols<'t> {
    text: &'t [u8],
    symbols: Vec<Symbol>,
}

/// A stretch of the text, linked to those beside it.
struct Symbol {
    start: u32,
    /// 0 once it is merged into another.
    len: u32,
    before: u32,
    after: u32,
}

/// No symbol.
const NONE: u32 = u32::MAX;

impl<'t> Symbols<'t> {
    /// A symbol for each character of a text, as [`utf8_len`] sees them.
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

    /// The symbols that are left, in order.
    pub fn iter(&self) -> impl Iterator<Item = u32> {
        let first = (!self.symbols.is_empty()).then_some(0);
        std::iter::successors(first, |&symbol| self.after(symbol))
    }

    pub fn before(&self, symbol: u32) -> Option<u32> {
        Some(self.symbols[symbol as usize].before).filter(|&before| before != NONE)
    }

    pub fn after(&self, symbol: u32) -> Option<u32> {
        Some(self.symbols[symbol as usize].after).filter(|&after| after != NONE)
    }

    pub fn text(&self, symbol: u32) -> &'t [u8] {
        let Symbol { start, len, .. } = self.symbols[symbol as usize];
        &self.text[start as usize..][..len as usize]
    }

    /// The text of two neighbours.
    pub fn text_of_both(&self, left: u32, right: u32) -> &'t [u8] {
        let len = self.symbols[left as usize].len + self.symbols[right as usize].len;
        &self.text[self.symbols[left as usize].start as usize..][..len as usize]
    }

    /// Merges `right` into `left`, its neighbour, if they are still `len` bytes
    /// long together, as they were when they were paired: else one of them has
    /// merged elsewhere since. Says whether it did.
    pub fn merge(&mut self, left: u32, right: u32, len: usize) -> bool {
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

/// How many bytes the character that begins with a byte has, going by that byte
/// alone. One that can't begin any counts for itself.
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
    fn neighbours_merge_and_a_stale_pair_does_not() {
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
    fn bytes_that_are_no_character_are_cut_by_their_first() {
        let text = b"\x80\xe2a\xffbcd\xc3";
        let symbols = Symbols::of_characters(text);
        let texts: Vec<&[u8]> = symbols.iter().map(|symbol| symbols.text(symbol)).collect();
        assert_eq!(texts, [&b"\x80"[..], b"\xe2a\xff", b"b", b"c", b"d", b"\xc3"]);
    }
}
