//! `analogy`: A is to B as C is to what?

mod answer;
mod looks;
mod mul;
mod questions;
mod test;

use std::path::PathBuf;

use anyhow::{Result, bail, ensure};

use super::candidates::{Candidates, Filter};
use super::frame::{Frame, Framed};
use super::{NamedTokens, Opener, Reads, Request, model};
use crate::named::named;
use crate::report::{Float, Printer};
use crate::similarity::{Metric, Neighbor, Query, Search, norm};
use crate::stats::is_usable;
use crate::threads;

pub use answer::*;

named! {
    /// How candidates are scored.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum Method {
        /// The cosine with b - a + c, all of unit length (Mikolov and others, "Linguistic
        /// regularities in continuous space word representations", 2013).
        Add = "add",
        /// s(b) s(c) / (s(a) + 0.001), where s is (1 + cosine) / 2 (Levy and Goldberg,
        /// "Linguistic regularities in sparse and explicit word representations", 2014).
        Mul = "mul",
    }
}

pub struct AnalogyRequest {
    pub model: PathBuf,
    pub tensor: String,
    /// A, B and C.
    pub tokens: NamedTokens,
    pub k: u64,
    pub method: Method,
    /// Which tokens can't be the answer.
    pub filter: Filter,
    /// What is done to every row before.
    pub frame: Frame,
    /// A file of questions to answer instead.
    pub test: Option<PathBuf>,
    /// The number of threads. `None`: the number of cores.
    pub threads: Option<usize>,
}

impl Request for AnalogyRequest {
    fn reads(&self) -> Reads {
        Reads::table(&self.tensor)
    }

    fn answer(&self, open: Opener, out: &mut Printer) -> Result<()> {
        match &self.test {
            Some(path) => out.answer(&self.test(path, open)?),
            None => out.answer(&self.run(open)?),
        }
    }
}

impl AnalogyRequest {
    pub fn run(&self, open: Opener) -> Result<AnalogyReport> {
        let model = open(&self.model)?;
        let mut view = model::View::new(&model, &self.model, &self.tensor)?;
        let ids = self.tokens.ids(&mut view)?;
        let [a, b, c] = *ids else {
            bail!("an analogy needs three tokens, A B C; these are {}", ids.len());
        };
        let threads = self.threads.unwrap_or_else(threads::available);
        ids.iter().try_for_each(|id| view.table.row(*id).map(|_| ()))?;
        let framed = Framed::new(self.frame, &view.table, threads)?;
        let rows = [framed.row(a)?, framed.row(b)?, framed.row(c)?];
        for (id, row) in ids.iter().zip(&rows) {
            ensure!(
                is_usable(norm(row)),
                "row {id} has no direction (zeros, NaN or infinity): it is in no analogy"
            );
        }
        let candidates = Candidates::new(&self.filter, &view, &ids)?;
        let exclude = candidates.with_variants(&ids)?;
        let search = Search { metric: Metric::Cosine, k: usize::try_from(self.k)?, threads };
        let present = view.table.rows_present();
        // What is nearest to C alone: an analogy must beat it. Both share a pass.
        let alone = Query { exclude: exclude.clone(), values: rows[2].clone() };
        let mut queries = vec![alone];
        if self.method == Method::Add {
            let values = sum([&rows[0], &rows[1], &rows[2]]);
            ensure!(norm(&values) > 0.0, "B - A + C is zero: it has no direction");
            queries.push(Query { exclude: exclude.clone(), values });
        }
        let found = candidates.nearest(framed.rows(), present, &queries, &search)?;
        let mut found = found.neighbors.into_iter();
        let alone = found.next().and_then(|nearest| nearest.first().copied());
        let found = match found.next() {
            Some(found) => found,
            None => mul::best(framed.rows(), present, &rows, &exclude, &candidates, &search)?,
        };
        let named = |(rank, it): (u64, Neighbor)| -> Result<Candidate> {
            Ok(Candidate { rank, id: it.id, token: view.token(it.id)?, score: Float(it.score) })
        };
        let term = |id: u64| -> Result<Term> { Ok(Term { id, token: view.token(id)? }) };
        let mut notes = view.notes.clone();
        notes.extend(framed.note(self.frame));
        Ok(AnalogyReport {
            model: self.model.display().to_string(),
            table: view.info(),
            method: self.method.name(),
            frame: self.frame,
            a: term(a)?,
            b: term(b)?,
            c: term(c)?,
            candidates: (1..).zip(found).map(named).collect::<Result<_>>()?,
            nearest_to_c: alone.map(|it| named((1, it))).transpose()?,
            notes,
        })
    }
}

/// b - a + c, each of unit length.
fn sum([a, b, c]: [&[f32]; 3]) -> Vec<f32> {
    let scales = [a, b, c].map(|row| 1.0 / norm(row));
    let terms = a.iter().zip(b).zip(c);
    let sum = terms.map(|((a, b), c)| {
        f64::from(*b) * scales[1] - f64::from(*a) * scales[0] + f64::from(*c) * scales[2]
    });
    sum.map(|x| x as f32).collect()
}
