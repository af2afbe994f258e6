//! How `analogy` looks.

use std::io::Write;

use anyhow::Result;

use super::answer::{AnalogyReport, SectionScore, TestReport};
use crate::report::markdown::{self, Markdown, code};
use crate::report::number::grouped;
use crate::report::{Answer, Cell, Column, Float, Page, Records, TOKEN_WIDTH};
use crate::text::{clip, visible};

impl Answer for AnalogyReport {
    fn records(&self, out: &mut dyn Records) -> Result<()> {
        out.header(&["#rank", "#id", "token", "#score"].map(Column::of))?;
        self.candidates.iter().try_for_each(|it| {
            let (rank, id) = (Cell::Number(it.rank), Cell::Number(it.id));
            out.record(&[rank, id, Cell::Token(&it.token), Cell::Wide(it.score)])
        })
    }

    fn table(&self, page: &mut Page) -> Result<()> {
        let [a, b, c] = [&self.a, &self.b, &self.c].map(|it| it.token.quoted(TOKEN_WIDTH));
        let how = match self.method {
            "mul" => "3CosMul",
            _ => "cosine to B - A + C",
        };
        page.paragraph(&format!(
            "{a} is to {b} as {c} is to (of {} rows, by {how}{}):",
            grouped(self.table.n_vocab),
            self.frame.told()
        ))?;
        let columns = ["#rank", "#ID", "token", "#score"].map(Column::of);
        let rows = self.candidates.iter().map(|it| {
            let [rank, id] = [it.rank, it.id].map(|n| n.to_string());
            [rank, id, it.token.quoted(TOKEN_WIDTH), format!("{:.6}", it.score.0)]
        });
        page.grid(&columns, rows)?;
        let Some(alone) = &self.nearest_to_c else { return Ok(()) };
        page.paragraph(&format!(
            "nearest to {c} alone: {} (cosine {:.2})",
            alone.token.quoted(TOKEN_WIDTH),
            alone.score.0
        ))
    }

    fn markdown(&self, page: &mut Page) -> Result<()> {
        let [a, b, c] = [&self.a, &self.b, &self.c].map(|it| markdown::named(&it.token));
        let model = code(&visible(&self.model));
        writeln!(page, "{a} is to {b} as {c} is to, in {model}{}:\n", self.frame.told())?;
        self.records(&mut Markdown::new(page))
    }

    fn notes(&self) -> &[String] {
        &self.notes
    }
}

impl Answer for TestReport {
    fn records(&self, out: &mut dyn Records) -> Result<()> {
        out.header(
            &["section", "#questions", "#skipped", "#top1", "#top5", "#alone_top1", "#alone_top5"]
                .map(Column::of),
        )?;
        let share = |share: Option<Float<f64>>| share.map_or(Cell::Nothing, Cell::Wide);
        self.sections.iter().chain([&self.total]).try_for_each(|it| {
            out.record(&[
                Cell::text(&*it.section),
                Cell::Count(it.questions),
                Cell::Count(it.skipped),
                share(it.top1),
                share(it.top5),
                share(it.alone_top1),
                share(it.alone_top5),
            ])
        })
    }

    fn table(&self, page: &mut Page) -> Result<()> {
        let left_out = if self.variants { "" } else { " and variants of them" };
        page.paragraph(&format!(
            "{} in {}{}: how often the right token is first, or among five, without the \
             question's own tokens{left_out}",
            visible(&self.questions),
            visible(&self.model),
            self.frame.told()
        ))?;
        let columns = ["section", "#questions", "#first", "#of five", "#C alone first", "#of five"];
        let share =
            |share: Option<Float<f64>>| share.map_or("-".to_owned(), |x| format!("{:.3}", x.0));
        let row = |it: &SectionScore| {
            let name = clip(&visible(&it.section), 32).into_owned();
            let shares = [it.top1, it.top5, it.alone_top1, it.alone_top5].map(share);
            [vec![name, grouped(it.questions)], shares.to_vec()].concat()
        };
        page.grid(&columns.map(Column::of), self.sections.iter().chain([&self.total]).map(row))?;
        page.explain("C alone: the nearest to C, as if A and B said nothing")
    }

    fn notes(&self) -> &[String] {
        &self.notes
    }
}
