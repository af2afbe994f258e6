//! A map for a terminal: braille dots, eight in a character, and the names of some tokens.

use std::io::Write;
use std::ops::Range;

use anyhow::Result;

use super::answer::MapReport;
use super::groups::Groups;
use super::labels::{Area, place};
use crate::report::Page;
use crate::report::glyphs::HUES;
use crate::report::number::grouped;
use crate::text::{clip, width};

/// The bit of each dot of a character, by row and column.
const BITS: [[u8; 2]; 4] = [[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]];

/// The group of what has no colour.
const PLAIN: usize = HUES.len();

/// A map has at most this many columns.
const WIDEST: usize = 120;

/// A character of a terminal is about twice as high as wide: a square map has half as many
/// lines as columns.
pub(super) fn print(report: &MapReport, page: &mut Page) -> Result<()> {
    let points = &report.points;
    let columns = page.width().min(WIDEST);
    let lines = columns / 2 * 4 / 5;
    let [least, most] = super::extent(&points.places);
    let span = [0, 1].map(|axis| (most[axis] - least[axis]).max(f32::MIN_POSITIVE));
    // Dots are square: one zoom for both directions.
    let (wide, high) = ((2 * columns) as f32 - 1.0, (4 * lines) as f32 - 1.0);
    let zoom = (wide / span[0]).min(high / span[1]);
    let dot = |[x, y]: [f32; 2]| {
        let x = wide / 2.0 + (x - (least[0] + most[0]) / 2.0) * zoom;
        let y = high / 2.0 - (y - (least[1] + most[1]) / 2.0) * zoom;
        (x.round().clamp(0.0, wide) as usize, y.round().clamp(0.0, high) as usize)
    };
    let groups = Groups::of(points);
    let mut bits = vec![0u8; columns * lines];
    // Of each character, how many points of each of the first groups it has.
    let mut counts = vec![[0u32; HUES.len() + 1]; columns * lines];
    for (at, place) in points.places.iter().enumerate() {
        let (x, y) = dot(*place);
        let cell = y / 4 * columns + x / 2;
        bits[cell] |= BITS[y % 4][x % 2];
        counts[cell][(groups.of[at] as usize).min(HUES.len())] += 1;
    }
    let mut names = vec![None; columns * lines];
    for (at, column, line) in named(report, &dot, columns, lines) {
        let text = format!(" {} ", clip(&points.tokens[at].quoted(22), 22));
        let start = line * columns + column;
        let shown = width(&text);
        names[start..start + shown].fill(Some(String::new()));
        names[start] = Some(text);
    }
    let paint = page.painter();
    for line in 0..lines {
        // Each run of a colour, and what is written in it.
        let mut runs: Vec<(usize, String)> = Vec::new();
        let cells = line * columns..(line + 1) * columns;
        let last = cells.clone().rfind(|cell| names[*cell].is_some() || bits[*cell] != 0);
        for cell in cells.start..last.map_or(cells.start, |last| last + 1) {
            let (hue, shown) = match (&names[cell], bits[cell]) {
                (Some(name), _) => (PLAIN, name.clone()),
                (None, 0) => (runs.last().map_or(PLAIN, |(hue, _)| *hue), " ".to_owned()),
                (None, dots) => {
                    let most = (0..=HUES.len()).rev().max_by_key(|group| counts[cell][*group]);
                    let glyph = char::from_u32(0x2800 + u32::from(dots)).unwrap_or('.');
                    (most.unwrap_or(PLAIN), glyph.to_string())
                }
            };
            match runs.last_mut() {
                Some((last, text)) if *last == hue => *text += &shown,
                _ => runs.push((hue, shown)),
            }
        }
        let text: String = runs.iter().map(|(hue, text)| paint.hue(*hue, text)).collect();
        writeln!(page, "{}", text.trim_end())?;
    }
    let legend: Vec<String> = groups
        .groups
        .iter()
        .take(HUES.len())
        .map(|group| format!("{} {}", group.name, grouped(group.count)))
        .collect();
    for line in in_lines(&legend, page.width()) {
        let painted = line.map(|nth| paint.hue(nth, &legend[nth]));
        writeln!(page, "{}", painted.collect::<Vec<_>>().join(GAP))?;
    }
    page.paragraph(&report.title())?;
    page.paragraph(&report.truth())
}

/// Between two groups of the legend.
const GAP: &str = "  ";

/// The parts of a legend that go on each line.
fn in_lines(legend: &[String], columns: usize) -> Vec<Range<usize>> {
    let mut lines: Vec<Range<usize>> = Vec::new();
    let mut used = 0;
    for (nth, text) in legend.iter().enumerate() {
        let wide = width(text);
        match lines.last_mut() {
            Some(line) if used + GAP.len() + wide <= columns => {
                line.end = nth + 1;
                used += GAP.len() + wide;
            }
            _ => {
                lines.push(nth..nth + 1);
                used = wide;
            }
        }
    }
    lines
}

/// The points to name, and the column and line where each name begins.
fn named(
    report: &MapReport,
    dot: &dyn Fn([f32; 2]) -> (usize, usize),
    columns: usize,
    lines: usize,
) -> Vec<(usize, usize, usize)> {
    let points = &report.points;
    let some = report.named();
    let boxes: Vec<_> = some
        .iter()
        .map(|at| {
            let (x, y) = dot(points.places[*at]);
            let text = points.tokens[*at].quoted(22);
            ([(x / 2) as f32, (y / 4) as f32 + 0.5], [width(&clip(&text, 22)) as f32 + 2.0, 1.0])
        })
        .collect();
    let within = Area { x: 0.0, y: 0.0, width: columns as f32, height: lines as f32 };
    let placed = place(&boxes, within);
    let whole = some.into_iter().zip(placed).filter_map(|(at, area)| {
        let area = area?;
        Some((at, area.x.round() as usize, area.y.round() as usize))
    });
    // Rounding may have moved two into one another: the first stays.
    let mut taken: Vec<(usize, usize, usize)> = Vec::new();
    for (at, column, line) in whole {
        let shown = |at: usize| width(&clip(&points.tokens[at].quoted(22), 22)) + 2;
        let is_free = taken.iter().all(|&(other, from, on)| {
            on != line || column >= from + shown(other) || from >= column + shown(at)
        });
        if is_free && line < lines && column + shown(at) <= columns {
            taken.push((at, column, line));
        }
    }
    taken
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_legend_goes_on_where_a_line_is_full() {
        let legend = ["Latin 9", "Han 8", "no letters 7"].map(str::to_owned);
        for (columns, ends) in
            [(80, &[3][..]), (28, &[3]), (27, &[2, 3]), (13, &[1, 2, 3]), (1, &[1, 2, 3])]
        {
            let lines = in_lines(&legend, columns);
            assert!(lines.iter().map(|line| line.end).eq(ends.iter().copied()), "{columns}");
            assert!(lines.iter().flat_map(Clone::clone).eq(0..3), "{columns}");
        }
        assert!(in_lines(&[], 80).is_empty());
    }
}
