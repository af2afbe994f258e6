//! A tour, step by step: the claim, the figures, what they show.

use std::io::Write;

use anyhow::Result;

use super::super::Style;
use super::super::figures::{Figure, figures};
use super::super::words::drawn;
use super::{align_right, grid, lines, notes, print};
use crate::answer::{TourHead, TourList, TourReport, TourStep};
use crate::text::{harmless, visible};

/// The longest line of prose: longer ones are hard to follow.
const PROSE: usize = 96;

pub(super) fn write(report: &TourReport, style: &Style, out: &mut dyn Write) -> Result<()> {
    head(&report.head, style, out)?;
    report.steps.iter().try_for_each(|of| step(of, report.head.of, style, out))
}

/// What the tour is of.
pub(in crate::report) fn head(head: &TourHead, style: &Style, out: &mut dyn Write) -> Result<()> {
    let table = &head.table;
    prose(
        &format!(
            "A tour of {}: {}, {}, [{}, {}] (n_vocab, d_model)",
            visible(&head.model),
            visible(&table.tensor),
            table.format,
            table.n_vocab,
            table.d_model
        ),
        style,
        out,
    )?;
    prose(&drawn(head), style, out)?;
    notes(&head.notes, &narrow(style), out)
}

/// One step.
pub(in crate::report) fn step(
    step: &TourStep,
    of: u64,
    style: &Style,
    out: &mut dyn Write,
) -> Result<()> {
    let title = format!("{} of {of}: {}", step.step, step.title);
    writeln!(out, "\n{title}\n{}\n", "─".repeat(title.chars().count()))?;
    prose(&step.claim, style, out)?;
    for figure in figures(&step.measured) {
        match figure {
            Figure::Grid { columns, rows } => {
                let mut table = grid(columns.iter().map(|column| &*column.name));
                rows.into_iter().for_each(|row| {
                    table.add_row(row);
                });
                let numbers = columns.iter().enumerate().filter(|(_, column)| column.is_number);
                align_right(&mut table, numbers.map(|(at, _)| at));
                writeln!(out)?;
                print(&table, out)?;
            }
            Figure::Drawing(lines) => {
                writeln!(out)?;
                lines.iter().try_for_each(|line| writeln!(out, "{line}"))?;
            }
            Figure::Line(line) => {
                writeln!(out)?;
                prose(&line, style, out)?;
            }
        }
    }
    for shown in &step.shows {
        writeln!(out)?;
        prose(shown, style, out)?;
    }
    notes(&step.notes, &narrow(style), out)
}

/// The titles.
pub(super) fn list(list: &TourList, out: &mut dyn Write) -> Result<()> {
    for title in &list.steps {
        writeln!(out, "{:>2}  {}", title.step, title.title)?;
    }
    Ok(())
}

/// The style for prose.
fn narrow(style: &Style) -> Style {
    Style { width: style.width.min(PROSE), ..*style }
}

/// Prints a paragraph. A token that begins with a space is not broken there.
fn prose(text: &str, style: &Style, out: &mut dyn Write) -> Result<()> {
    let text = harmless(text).replace(" \" ", " \"\u{a0}").replace("(\" ", "(\"\u{a0}");
    for line in lines(&text, narrow(style).width) {
        writeln!(out, "{line}")?;
    }
    Ok(())
}
