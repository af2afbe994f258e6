//! How `map` looks, but for pictures and the page.

use std::io::Write;

use anyhow::Result;

use super::answer::MapReport;
use super::braille;
use crate::report::markdown::{Markdown, code};
use crate::report::{Answer, Cell, Column, Float, Page, Records};

impl Answer for MapReport {
    fn records(&self, out: &mut dyn Records) -> Result<()> {
        let columns = ["#id", "token", "#x", "#y", "#norm", "type", "kind", "script", "#untrained"];
        out.header(&columns.map(Column::of))?;
        let points = &self.points;
        for at in 0..points.len() {
            let [x, y] = points.places[at].map(|value| Cell::Value(Float(value)));
            out.record(&[
                Cell::Number(points.ids[at]),
                Cell::Token(&points.tokens[at]),
                x,
                y,
                Cell::Value(Float(points.norms[at])),
                Cell::word(points.types[at]),
                Cell::Word(points.kinds[at].name()),
                Cell::Word(points.script(at)),
                points.untrained(at).map_or(Cell::Nothing, |cosine| Cell::Value(Float(cosine))),
            ])?;
        }
        Ok(())
    }

    fn table(&self, page: &mut Page) -> Result<()> {
        braille::print(self, page)
    }

    fn markdown(&self, page: &mut Page) -> Result<()> {
        writeln!(page, "{}. {}\n", code(&self.title()), self.truth())?;
        self.records(&mut Markdown::new(page))
    }

    fn notes(&self) -> &[String] {
        &self.notes
    }
}
