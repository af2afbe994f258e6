//! The heat map of similarities as a picture.

use std::io::Write;

use anyhow::Result;

use super::answer::SimilarityReport;
use crate::report::number::rounded;
use crate::text::{clip, visible};

/// The edge of a cell, the room for labels, and the size of their letters.
const CELL: usize = 34;
const LABEL: usize = 130;
const LETTERS: usize = 12;

/// Values are printed in the cells of at most so many tokens.
const PRINTED: usize = 40;

pub(super) fn write(report: &SimilarityReport, out: &mut dyn Write) -> Result<()> {
    let n = report.tokens.len();
    let size = LABEL + n * CELL + 10;
    let title = escaped(&format!("{} of {n} tokens in {}", report.metric, visible(&report.model)));
    writeln!(
        out,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {size} {size}\" \
         font-family=\"sans-serif\" font-size=\"{LETTERS}\">\n<title>{title}</title>\n\
         <rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>"
    )?;
    for (at, token) in report.tokens.iter().enumerate() {
        let label = escaped(&clip(&token.token.quoted(20), 18));
        let middle = LABEL + at * CELL + CELL / 2;
        writeln!(
            out,
            "<text x=\"{}\" y=\"{}\" text-anchor=\"end\">{label}</text>\n\
             <text transform=\"translate({} {}) rotate(-90)\">{label}</text>",
            LABEL - 6,
            middle + LETTERS / 3,
            middle + LETTERS / 3,
            LABEL - 6
        )?;
    }
    for (i, row) in report.matrix.iter().enumerate() {
        for (j, score) in row.iter().enumerate() {
            let (x, y) = (LABEL + j * CELL, LABEL + i * CELL);
            let level = report.level(score.0);
            writeln!(
                out,
                "<rect x=\"{x}\" y=\"{y}\" width=\"{CELL}\" height=\"{CELL}\" fill=\"{}\"/>",
                colour(level)
            )?;
            if n <= PRINTED {
                let shown = match report.metric {
                    "cosine" => format!("{:.2}", (score.0 * 100.0).round() / 100.0 + 0.0),
                    _ => rounded(score.0),
                };
                let ink = if level > 0.6 { "#fff" } else { "#222" };
                writeln!(
                    out,
                    "<text x=\"{}\" y=\"{}\" text-anchor=\"middle\" fill=\"{ink}\" \
                     font-size=\"10\">{shown}</text>",
                    x + CELL / 2,
                    y + CELL / 2 + 3
                )?;
            }
        }
    }
    Ok(writeln!(out, "</svg>")?)
}

/// White at 0, dark red at 1, blue below 0.
fn colour(level: f64) -> String {
    let end = if level < 0.0 { [33.0, 102.0, 172.0] } else { [140.0, 20.0, 30.0] };
    let share = level.abs().min(1.0);
    let [r, g, b] = end.map(|end| (255.0 + (end - 255.0) * share).round() as u8);
    format!("#{r:02x}{g:02x}{b:02x}")
}

fn escaped(text: &str) -> String {
    let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    text.replace('"', "&quot;")
}
