//! How `similarity` looks: a sentence for two tokens, a matrix for more.

use std::io::Write;

use anyhow::Result;

use super::answer::{RandomPairs, SimilarityReport};
use crate::report::glyphs::shade;
use crate::report::number::{percent, rounded};
use crate::report::{Answer, Cell, Column, Page, Records, TOKEN_WIDTH};
use crate::text::{clip, counted, width};

/// The columns of a token before its scores, and of a score.
const LABEL: usize = 16;
const SCORE: usize = 7;

impl Answer for SimilarityReport {
    fn records(&self, out: &mut dyn Records) -> Result<()> {
        let mut columns = ["#a_id", "a_token", "#b_id", "b_token"].map(Column::of).to_vec();
        columns.push(Column::number(self.metric));
        out.header(&columns)?;
        for (i, a) in self.tokens.iter().enumerate() {
            for (j, b) in self.tokens.iter().enumerate().skip(i + 1) {
                out.record(&[
                    Cell::Number(a.id),
                    Cell::Token(&a.token),
                    Cell::Number(b.id),
                    Cell::Token(&b.token),
                    Cell::Wide(self.matrix[i][j]),
                ])?;
            }
        }
        Ok(())
    }

    fn table(&self, page: &mut Page) -> Result<()> {
        match &*self.tokens {
            [a, b] => {
                let [a, b] =
                    [a, b].map(|it| format!("{} (ID {})", it.token.quoted(TOKEN_WIDTH), it.id));
                let frame = self.frame.told();
                let score = self.matrix[0][1].0;
                page.paragraph(&format!("{a} and {b}: {} {score:.6}{frame}", name(self.metric)))?;
            }
            _ => matrix(self, page)?,
        }
        if let (Some(percentile), Some(random)) = (self.percentile, &self.at_random) {
            page.paragraph(&format!(
                "nearer than {} of two tokens at random ({})",
                percent(percentile.0 / 100.0),
                told(random)
            ))?;
        } else if let Some(random) = &self.at_random {
            page.paragraph(&format!("two tokens at random here: {}", told(random)))?;
        }
        if let Some(stored) = &self.as_stored {
            let score = stored.score.map(|score| format!("{} {:.6}; ", name(self.metric), score.0));
            let random = stored
                .at_random
                .as_ref()
                .map(|random| format!("two tokens at random {}", told(random)));
            page.paragraph(&format!(
                "as stored: {}{}",
                score.unwrap_or_default(),
                random.unwrap_or_default()
            ))?;
        }
        Ok(())
    }

    fn notes(&self) -> &[String] {
        &self.notes
    }
}

fn name(metric: &str) -> &str {
    match metric {
        "dot" => "dot product",
        "l2" => "distance",
        cosine => cosine,
    }
}

fn told(random: &RandomPairs) -> String {
    let [mean, sd] = [random.mean, random.sd].map(|x| rounded((x.0 * 1e4).round() / 1e4));
    format!("{mean} ± {sd}, estimated from {}", counted(random.pairs, "pair"))
}

fn matrix(report: &SimilarityReport, page: &mut Page) -> Result<()> {
    let n = report.tokens.len();
    page.paragraph(&format!("{} of {n} tokens{}", name(report.metric), report.frame.told()))?;
    let paint = page.painter();
    let label = |at: usize| {
        let label = report.tokens[at].token.quoted(LABEL - 2);
        " ".repeat((LABEL - 2).saturating_sub(width(&label))) + &label
    };
    let room = page.width() - LABEL;
    if n * SCORE <= room {
        let heads = report.tokens.iter().map(|it| {
            let text = it.token.quoted(24);
            let text = clip(text.trim_matches('"').trim(), SCORE - 1).into_owned();
            " ".repeat(SCORE - width(&text)) + &text
        });
        writeln!(page, "{}{}", " ".repeat(LABEL - 2), heads.collect::<String>())?;
        for (at, row) in report.matrix.iter().enumerate() {
            let cells = row.iter().map(|score| {
                let shown = match report.metric {
                    "cosine" => format!("{:.3}", score.0 + 0.0),
                    _ => clip(&rounded(score.0), SCORE - 1).into_owned(),
                };
                paint.graded(report.level(score.0), &format!("{shown:>SCORE$}"))
            });
            let cells: String = cells.collect();
            writeln!(page, "{}{cells}", label(at))?;
        }
    } else if 2 * n <= room {
        for (at, row) in report.matrix.iter().enumerate() {
            let cells = row.iter().map(|score| {
                let level = report.level(score.0);
                paint.graded(level, shade(level))
            });
            writeln!(page, "{}  {}", label(at), cells.collect::<String>())?;
        }
        page.paragraph(
            "·· is below 0.2, ░░ below 0.4, ▒▒ below 0.6, ▓▓ below 0.8, ██ 0.8 or more",
        )?;
    } else {
        page.paragraph("the matrix is too wide to print: use -o FILE with .csv, .npy or .svg")?;
    }
    let named =
        |id: u64| report.token(id).map(|it| it.token.quoted(TOKEN_WIDTH)).unwrap_or_default();
    if let Some([a, b]) = report.closest {
        page.paragraph(&format!("closest pair: {} and {}", named(a), named(b)))?;
    }
    if let Some(odd) = report.odd_one_out {
        let mean = report.token(odd).map_or(f64::NAN, |it| it.mean.0);
        page.paragraph(&format!(
            "odd one out: {} (mean with the others {})",
            named(odd),
            rounded(mean)
        ))?;
    }
    Ok(())
}
