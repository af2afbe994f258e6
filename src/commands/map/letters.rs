//! The letters of a PNG picture: bitmaps of Latin, Greek and Cyrillic letters, 7 by 14
//! dots, from the public-domain font misc-fixed (`scripts/letters.py`).

/// The width and height of a letter.
pub(super) const WIDTH: usize = 7;
const HEIGHT: usize = 14;

/// The characters of the file, in order.
const RANGES: [(u32, u32); 4] = [(0x20, 0x7f), (0xa0, 0x180), (0x370, 0x400), (0x400, 0x460)];

/// A byte a row; the leftmost dot is the bit 0x40.
static BITMAPS: &[u8] = include_bytes!("letters.bin");

fn bitmap(c: char) -> Option<&'static [u8]> {
    let mut before = 0;
    for (first, end) in RANGES {
        if (first..end).contains(&(c as u32)) {
            let at = (before + c as u32 - first) as usize * HEIGHT;
            return BITMAPS.get(at..at + HEIGHT);
        }
        before += end - first;
    }
    None
}

/// Whether there is a bitmap of this character.
pub(super) fn has(c: char) -> bool {
    c == ' ' || bitmap(c).is_some_and(|rows| rows.iter().any(|row| *row != 0))
}

/// The dots of a letter: row and column.
pub(super) fn pixels(c: char) -> impl Iterator<Item = (usize, usize)> {
    let rows = bitmap(c).unwrap_or_default().iter().enumerate();
    rows.flat_map(|(row, bits)| {
        (0..WIDTH)
            .filter(move |column| bits & (0x40 >> column) != 0)
            .map(move |column| (row, column))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_letter_of_three_alphabets_has_a_bitmap() {
        assert!((' '..='~').chain('¡'..='ÿ').filter(|c| *c != '\u{ad}').all(has));
        assert!(('α'..='ω').chain('а'..='я').all(has));
        assert!(!has('猫') && !has('\n') && !has('\u{10ffff}'));
        assert_eq!(
            BITMAPS.len(),
            RANGES.iter().map(|(a, b)| (b - a) as usize).sum::<usize>() * HEIGHT
        );
        let bar: Vec<_> = pixels('|').map(|(_, column)| column).collect();
        assert!(bar.len() > 8 && bar.iter().all(|column| *column == bar[0]));
    }
}
