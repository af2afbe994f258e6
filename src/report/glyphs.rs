//! Numbers as block characters: the height shows size and sign.
//!
//! Colour only repeats what the characters show.

use anstyle::{AnsiColor, Style};

use super::Float;

/// Below zero, from far to near; then above it, from near to far.
const LEVELS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// A cell in which everything is zero.
const ZERO: char = '·';

/// A cell that holds a NaN or an infinity.
const NO_NUMBER: char = '×';

/// The colours of negative numbers, of positive ones, and of bars.
const BELOW: AnsiColor = AnsiColor::Blue;
const ABOVE: AnsiColor = AnsiColor::Yellow;
const QUIET: AnsiColor = AnsiColor::Cyan;
const HIGHEST: AnsiColor = AnsiColor::Red;

/// Colours that tell groups apart, the largest group first.
pub(crate) const HUES: [AnsiColor; 6] = [
    AnsiColor::Blue,
    AnsiColor::Yellow,
    AnsiColor::Green,
    AnsiColor::Magenta,
    AnsiColor::Cyan,
    AnsiColor::Red,
];

/// Text that may be coloured.
pub(crate) struct Painter {
    pub color: bool,
}

impl Painter {
    fn paint(&self, color: AnsiColor, text: &str) -> String {
        if !self.color || text.is_empty() {
            return text.to_owned();
        }
        let style = Style::new().fg_color(Some(color.into()));
        format!("{style}{text}{style:#}")
    }
}

impl Painter {
    /// A text in the colour of a group; groups past the last colour have none.
    pub(crate) fn hue(&self, group: usize, text: &str) -> String {
        HUES.get(group).map_or(text.to_owned(), |colour| self.paint(*colour, text))
    }

    /// A text whose colour shows a level from 0 to 1; a lower one is negative.
    pub(crate) fn graded(&self, level: f64, text: &str) -> String {
        match level {
            x if x < 0.0 => self.paint(BELOW, text),
            x if x >= 0.75 => self.paint(HIGHEST, text),
            x if x >= 0.5 => self.paint(ABOVE, text),
            x if x >= 0.25 => self.paint(QUIET, text),
            _ => text.to_owned(),
        }
    }
}

/// A cell for a level from 0 to 1, two columns wide.
pub(crate) fn shade(level: f64) -> &'static str {
    match level {
        x if x >= 0.8 => "██",
        x if x >= 0.6 => "▓▓",
        x if x >= 0.4 => "▒▒",
        x if x >= 0.2 => "░░",
        _ => "··",
    }
}

/// Reduces a row of values to `n` cells, each for a part of the row. A cell is the
/// value farthest from zero, or NaN if its part has a NaN or an infinity.
pub(crate) fn cells(values: &[Float<f32>], n: usize) -> Vec<f32> {
    let farther = |a: f32, b: f32| if b.abs() > a.abs() { b } else { a };
    let cell = |i: usize| {
        let part = &values[i * values.len() / n..(i + 1) * values.len() / n];
        match part.iter().all(|value| value.0.is_finite()) {
            true => part.iter().map(|value| value.0).fold(0.0, farther),
            false => f32::NAN,
        }
    };
    (0..n).map(cell).collect()
}

/// The value of the highest and the lowest mark: 95 % of the cells are not larger. The
/// few largest cells are often many times larger, and would make the others look alike.
pub(crate) fn extent<'a>(cells: impl IntoIterator<Item = &'a f32>) -> f32 {
    let sizes = cells.into_iter().map(|cell| cell.abs()).filter(|size| *size > 0.0);
    let mut sizes: Vec<f32> = sizes.collect();
    sizes.sort_unstable_by(f32::total_cmp);
    let last = (sizes.len() * 19).div_ceil(20);
    last.checked_sub(1).map_or(0.0, |last| sizes[last])
}

/// Cells as marks: `▁` for `-extent` or less, `█` for `extent` or more, `▄` and
/// `▅` on either side of zero.
pub(crate) fn strip(cells: &[f32], extent: f32, paint: &Painter) -> String {
    let marks: Vec<char> = cells.iter().map(|cell| mark(*cell, extent)).collect();
    // One escape sequence per run of a colour, not per cell.
    let sign = |mark: &char| LEVELS.iter().position(|level| level == mark).map(|at| at >= 4);
    let mut painted = String::new();
    for run in marks.chunk_by(|a, b| sign(a) == sign(b)) {
        let text: String = run.iter().collect();
        painted += &match sign(&run[0]) {
            Some(true) => paint.paint(ABOVE, &text),
            Some(false) => paint.paint(BELOW, &text),
            None => text,
        };
    }
    painted
}

fn mark(value: f32, extent: f32) -> char {
    if value.is_nan() {
        return NO_NUMBER;
    }
    if value == 0.0 {
        return ZERO;
    }
    let step = ((value.abs() / extent * 4.0) as usize).min(3);
    if value > 0.0 { LEVELS[4 + step] } else { LEVELS[3 - step] }
}

/// A bar for a fraction, in eighths of a column; a light one below zero.
pub(crate) fn bar(part: f64, columns: usize, paint: &Painter) -> String {
    if !part.is_finite() {
        return String::new();
    }
    let eighths = (part.abs().min(1.0) * columns as f64 * 8.0).round() as usize;
    if part < 0.0 {
        return paint.paint(BELOW, &"░".repeat(eighths.div_ceil(8)));
    }
    let rest = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"][eighths % 8];
    paint.paint(QUIET, &("█".repeat(eighths / 8) + rest))
}

/// Numbers from 0 on as marks, the largest as the highest. 0 is blank, and what is not
/// 0 is never blank.
pub(crate) fn heights(values: &[f64]) -> String {
    let most = values.iter().copied().fold(0.0, f64::max);
    let mark = |value: &f64| match value / most * LEVELS.len() as f64 {
        level if level > 0.0 => LEVELS[(level.ceil() as usize).clamp(1, LEVELS.len()) - 1],
        _ => ' ',
    };
    values.iter().map(mark).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: Painter = Painter { color: false };

    fn strip_of(values: &[f32], n: usize) -> String {
        let values: Vec<_> = values.iter().copied().map(Float).collect();
        let cells = cells(&values, n);
        strip(&cells, extent(&cells), &PLAIN)
    }

    #[test]
    fn height_tells_sign_and_size() {
        assert_eq!(strip_of(&[-4.0, -3.0, -2.0, -0.1, 0.1, 2.0, 3.0, 4.0], 8), "▁▁▂▄▅▇██");
        assert_eq!(strip_of(&[1.0, -2.0, 0.0, -0.0, 0.1, 0.2], 3), "▁·▅");
        assert_eq!(strip_of(&[0.0; 3], 3), "···");
        assert_eq!(strip_of(&[f32::NAN, 1.0, f32::INFINITY], 3), "×█×");
        // A width that is not a divisor leaves out no value.
        assert_eq!(strip_of(&[0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 7.0], 3), "··█");
    }

    #[test]
    fn one_outlier_does_not_make_the_others_alike() {
        let mut cells = [1.0; 40];
        cells[7] = -100.0;
        assert_eq!(extent(&cells), 1.0);
        assert_eq!(extent(&[f32::NAN, 0.0]), 0.0);
    }

    #[test]
    fn colour_repeats_what_the_marks_say() {
        let painted = strip(&[-1.0, -1.0, 1.0, 0.0], 1.0, &Painter { color: true });
        assert_eq!(painted, "\x1b[34m▁▁\x1b[0m\x1b[33m█\x1b[0m·");
    }

    #[test]
    fn the_largest_number_is_the_highest() {
        assert_eq!(heights(&[0.0, 0.1, 4.0, 8.0]), " ▁▄█");
        assert_eq!(heights(&[0.0, f64::NAN]), "  ");
    }

    #[test]
    fn bars_are_as_long_as_their_part() {
        assert_eq!(bar(1.0, 4, &PLAIN), "████");
        assert_eq!(bar(0.5, 3, &PLAIN), "█▌");
        assert_eq!(bar(0.0, 3, &PLAIN), "");
        assert_eq!(bar(7.0, 3, &PLAIN), "███");
        assert_eq!(bar(-0.5, 4, &PLAIN), "░░");
        assert_eq!(bar(f64::NAN, 4, &PLAIN), "");
    }
}
