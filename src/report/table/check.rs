//! The verdict, and a finding after the other.

use std::io::Write;

use anyhow::Result;

use super::super::Style;
use super::super::number::{grouped, rounded};
use super::super::words::quoted;
use super::{TOKEN_WIDTH, align_right, grid, lines, print};
use crate::answer::{CheckReport, ComparisonInfo, Severity, Verdict};
use crate::text::{clip, harmless, visible};

/// Where messages begin: one past the longest severity.
const INDENT: usize = "problem".len() + 2;

pub(super) fn write(report: &CheckReport, style: &Style, out: &mut dyn Write) -> Result<()> {
    let table = &report.table;
    let shape = format!("[{}, {}] {}", table.n_vocab, table.d_model, table.format);
    let problems = report.findings.iter().filter(|it| it.severity == Severity::Problem).count();
    let verdict = match (report.verdict, problems) {
        (Verdict::Ok, _) => "ok".to_owned(),
        (Verdict::Unknown, _) => "unknown".to_owned(),
        (Verdict::Problems, 1) => "1 problem".to_owned(),
        (Verdict::Problems, n) => format!("{n} problems"),
    };
    for line in lines(&format!("{verdict}: {} {shape}", visible(&report.model)), style.width) {
        writeln!(out, "{}", clip(&line, style.width))?;
    }
    if let Some(order) = &report.order {
        let text = format!(
            "{} pairs of spellings have mean cosine {:.3}, shuffled {:.3} (sd {:.3}): {:.1} sd \
             apart, z {:.0}; they tell of tokens {} to {}, and not of others",
            grouped(order.pairs),
            order.mean_cosine.0,
            order.shuffled.0,
            order.shuffled_sd.0,
            order.effect.0 + 0.0,
            order.z.0 + 0.0,
            order.judged_ids[0],
            order.judged_ids[1]
        );
        told("order", &text, style, out)?;
    }
    if let Some(comparison) = &report.comparison {
        beside(comparison, style, out)?;
    }
    for finding in &report.findings {
        writeln!(out)?;
        told(finding.severity.name(), &harmless(&finding.message), style, out)?;
        told("", &format!("-> {}", harmless(&finding.next)), style, out)?;
    }
    Ok(())
}

/// The table beside another's.
fn beside(comparison: &ComparisonInfo, style: &Style, out: &mut dyn Write) -> Result<()> {
    let other = &comparison.other_table;
    let usual = comparison.usual_error.map_or_else(String::new, |usual| {
        format!(" (usual for the coarser type: {})", rounded(usual.0))
    });
    let text = format!(
        "{} [{}, {}] {}: {} tokens in both, {} of them moved, {} added, {} removed; the rows \
         differ by {} of their norm{usual}; {} of {} sampled tokens have another nearest one",
        visible(&comparison.other),
        other.n_vocab,
        other.d_model,
        other.format,
        grouped(comparison.matched),
        grouped(comparison.moved),
        grouped(comparison.added),
        grouped(comparison.removed),
        rounded(comparison.relative_error.0),
        comparison.neighbors_lost,
        comparison.neighbors_asked,
    );
    told("beside", &text, style, out)?;
    writeln!(out)?;
    let mut table = grid(["tokens", "how many", "cosine", "error", "99 in 100 below"]);
    for group in &comparison.groups {
        let name = match group.by {
            "ids" => format!("IDs {}", group.name),
            _ => group.name.clone(),
        };
        table.add_row([
            name,
            grouped(group.tokens),
            rounded(group.median_cosine.0),
            rounded(group.median_error.0),
            rounded(group.p99_error.0),
        ]);
    }
    align_right(&mut table, 1..5);
    print(&table, out)?;
    if comparison.worst.is_empty() {
        return Ok(());
    }
    writeln!(out)?;
    let mut table = grid(["worst", "token", "cosine", "error"]);
    for worst in &comparison.worst {
        table.add_row([
            worst.id.to_string(),
            quoted(&worst.token, TOKEN_WIDTH),
            rounded(worst.cosine.0),
            rounded(worst.relative_error.0),
        ]);
    }
    align_right(&mut table, [0, 2, 3]);
    print(&table, out)
}

/// A label, and a text that is wrapped beside it.
fn told(label: &str, text: &str, style: &Style, out: &mut dyn Write) -> Result<()> {
    let columns = style.width - INDENT;
    for (i, line) in lines(text, columns).iter().enumerate() {
        let label = if i == 0 { label } else { "" };
        writeln!(out, "{}", format!("{label:INDENT$}{}", clip(line, columns)).trim_end())?;
    }
    Ok(())
}
