//! The output of `check`: table, records, JSON lines, exit code.

use std::io::Write;

use anyhow::Result;

use super::answer::{
    CheckReport, CheckedTable, ComparisonInfo, CopyInfo, NormsInfo, OrderInfo, Severity, Verdict,
};
use super::finding::Finding;
use crate::report::number::{grouped, rounded};
use crate::report::{Answer, Cell, Column, Page, Records, TOKEN_WIDTH, json, lines};
use crate::text::{clip, harmless, visible};

/// The column where messages begin, after the longest severity.
const INDENT: usize = "problem".len() + 2;

impl Answer for CheckReport {
    fn records(&self, out: &mut dyn Records) -> Result<()> {
        let names = [
            "code", "severity", "message", "next", "#from_id", "#to_id", "#offset", "tensor",
            "#n_ids",
        ];
        out.header(&names.map(Column::of))?;
        for finding in &self.findings {
            let offset = finding.place.and_then(|place| place.offset);
            out.record(&[
                Cell::Word(finding.code),
                Cell::Word(finding.label()),
                Cell::shown(finding.sentence()),
                Cell::shown(&finding.next),
                Cell::number(finding.place.map(|place| place.from_id)),
                Cell::number(finding.place.map(|place| place.to_id)),
                offset.map_or(Cell::Nothing, |offset| Cell::text(offset.to_string())),
                finding.tensor.as_deref().map_or(Cell::Nothing, Cell::text),
                Cell::number(finding.about.as_ref().map(|about| about.n_ids)),
            ])?;
        }
        Ok(())
    }

    fn lines(&self, out: &mut dyn Write) -> Result<()> {
        json::lines(&self.findings, out)
    }

    fn exit_code(&self) -> u8 {
        match self.verdict {
            Verdict::Ok => 0,
            Verdict::Problems => 1,
            Verdict::Unknown => u8::from(self.strict),
        }
    }

    fn table(&self, page: &mut Page) -> Result<()> {
        let shape = match &self.table {
            Some(table) => format!("[{}, {}] {}", table.n_vocab, table.d_model, table.format),
            None => "(no table)".to_owned(),
        };
        let own = self.table.as_ref().map(|table| &*table.tensor);
        let is_problem = |it: &&Finding| it.severity == Severity::Problem && !it.allowed;
        let problems = self.findings.iter().filter(is_problem).count();
        let verdict = match (self.verdict, problems) {
            (Verdict::Ok, _) => "ok".to_owned(),
            (Verdict::Unknown, _) => "unknown".to_owned(),
            (Verdict::Problems, 1) => "1 problem".to_owned(),
            (Verdict::Problems, n) => format!("{n} problems"),
        };
        for line in lines(&format!("{verdict}: {} {shape}", visible(&self.model)), page.width()) {
            writeln!(page, "{}", clip(&line, page.width()))?;
        }
        if let Some(order) = &self.order {
            page.labelled(INDENT, "order", &judged(order, self.is_out_of_order(own)))?;
        }
        if let Some(norms) = &self.norms {
            page.labelled(INDENT, "norms", &lengths(norms))?;
        }
        for CheckedTable { table, order, norms } in &self.others {
            let shape = format!("[{}, {}] {}", table.n_vocab, table.d_model, table.format);
            page.labelled(INDENT, "also", &format!("{} {shape}", visible(&table.tensor)))?;
            if let Some(order) = order {
                let is_broken = self.is_out_of_order(Some(&table.tensor));
                page.labelled(INDENT, "order", &judged(order, is_broken))?;
            }
            if let Some(norms) = norms {
                page.labelled(INDENT, "norms", &lengths(norms))?;
            }
        }
        if let Some(comparison) = &self.comparison {
            beside(comparison, page)?;
        }
        for finding in &self.findings {
            writeln!(page)?;
            let tensor = finding.tensor.as_deref().filter(|name| Some(*name) != own);
            let tensor = tensor.map_or_else(String::new, |name| format!(" {}", visible(name)));
            let text = format!("{}{tensor}: {}", finding.code, finding.unbroken());
            page.labelled(INDENT, finding.label(), &text)?;
            page.labelled(INDENT, "", &format!("-> {}", harmless(&finding.next)))?;
        }
        Ok(())
    }
}

impl CheckReport {
    /// Whether rows of a table are not in place.
    fn is_out_of_order(&self, tensor: Option<&str>) -> bool {
        let is_of = |it: &&Finding| it.tensor.as_deref() == tensor;
        self.findings.iter().filter(is_of).any(|it| it.code.starts_with("order."))
    }
}

/// How the order was judged.
fn judged(order: &OrderInfo, is_broken: bool) -> String {
    let (judged, sum_r2) = (grouped(order.judged), order.sum_r2.0);
    if order.bar.0 == 0.0 {
        return format!(
            "no row shows how its token is spelled ({judged} tokens judged; sum of r² {sum_r2:.1})"
        );
    }
    format!(
        "{}: {judged} tokens judged by how they are spelled (sum of r² {sum_r2:.1}). {} wrong \
         rows side by side would be seen: a run is reported from {:.1} nats on, and where rows \
         are in place the highest run has {:.1}",
        if is_broken { "not in place, see below" } else { "in place" },
        order.smallest,
        order.bar.0,
        order.highest.0,
    )
}

/// Where the norms lie.
fn lengths(norms: &NormsInfo) -> String {
    let [least, p01, median, p99, most] =
        [norms.least, norms.p01, norms.median, norms.p99, norms.most].map(|it| rounded(it.0));
    format!("median {median}; 98 in 100 from {p01} to {p99}, all from {least} to {most}")
}

/// How many rows are what the type makes of the original's.
fn copied(copy: &CopyInfo, format: &str) -> String {
    let CopyInfo { tensor, through, factor, rows, exact, tied, scaled, different } = copy;
    let mut way = match through {
        Some(through) => format!("the original's {format}, rounded to {through} first"),
        None => format!("the original's {format}"),
    };
    if let Some(factor) = factor {
        way += &format!(", times {}", factor.digits());
    }
    let tensor = visible(tensor);
    if exact == rows {
        return format!(
            "{tensor}: all {} rows are what ggml makes of {way}, byte for byte",
            grouped(*rows)
        );
    }
    let mut text = format!(
        "{tensor}: {} of {} rows are what ggml makes of {way}, byte for byte",
        grouped(*exact),
        grouped(*rows)
    );
    for (n, what) in [
        (
            tied,
            [
                "differs where a value lies between two quants",
                "differ where a value lies between two quants",
            ],
        ),
        (scaled, ["has other scales", "have other scales"]),
        (different, ["is different", "are different"]),
    ] {
        if *n > 0 {
            let what = what[usize::from(*n > 1)];
            text += &format!("; {} {what}", grouped(*n));
        }
    }
    text
}

/// Prints the comparison with another table.
fn beside(comparison: &ComparisonInfo, page: &mut Page) -> Result<()> {
    let other = &comparison.other_table;
    let usual = comparison.usual_error.map_or_else(String::new, |usual| {
        format!(" (usual for the coarser type: {})", rounded(usual.0))
    });
    let shape = format!(
        "{} [{}, {}] {}",
        visible(&comparison.other),
        other.n_vocab,
        other.d_model,
        other.format
    );
    if comparison.is_identical {
        let text = format!("{shape}: the tables are the same, byte for byte");
        return page.labelled(INDENT, "beside", &text);
    }
    for copy in &comparison.copies {
        page.labelled(INDENT, "copy", &copied(copy, other.format))?;
    }
    let text = format!(
        "{shape}: {} tokens in both, {} of them moved, {} added, {} removed; the rows differ by {} \
         of their norm{usual}; {} of {} sampled tokens have another nearest one",
        grouped(comparison.matched),
        grouped(comparison.moved),
        grouped(comparison.added),
        grouped(comparison.removed),
        rounded(comparison.relative_error.0),
        comparison.neighbors_lost,
        comparison.neighbors_asked,
    );
    page.labelled(INDENT, "beside", &text)?;
    writeln!(page)?;
    let columns = ["tokens", "#how many", "#cosine", "#error", "#99 in 100 below"].map(Column::of);
    let groups = comparison.groups.iter().map(|group| {
        let name = if group.by == "ids" { "IDs " } else { "" }.to_owned() + &group.name;
        let [cosine, error, most] =
            [group.median_cosine, group.median_error, group.p99_error].map(|it| rounded(it.0));
        [name, grouped(group.tokens), cosine, error, most]
    });
    page.grid(&columns, groups)?;
    if comparison.worst.is_empty() {
        return Ok(());
    }
    writeln!(page)?;
    let worst = comparison.worst.iter().map(|it| {
        let [cosine, error] = [it.cosine, it.relative_error].map(|it| rounded(it.0));
        [it.id.to_string(), it.token.quoted(TOKEN_WIDTH), cosine, error]
    });
    page.grid(&["#worst", "token", "#cosine", "#error"].map(Column::of), worst)
}
