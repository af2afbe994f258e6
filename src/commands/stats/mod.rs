//! `stats`: measures the shape of the cloud that a table's rows make.

mod answer;
mod looks;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};

use super::{Opener, Reads, Request, model};
use crate::geometry::shape;
use crate::report::Printer;
use crate::threads;

pub use answer::*;

pub struct StatsRequest {
    pub model: PathBuf,
    /// Another model, to show beside the first.
    pub other: Option<PathBuf>,
    pub tensor: String,
    /// The number of threads. `None`: the number of cores.
    pub threads: Option<usize>,
}

impl Request for StatsRequest {
    fn reads(&self) -> Reads {
        Reads::table(&self.tensor)
    }

    fn answer(&self, open: Opener, out: &mut Printer) -> Result<()> {
        out.answer(&self.run(open)?)
    }
}

impl StatsRequest {
    pub fn run(&self, open: Opener) -> Result<StatsReport> {
        let mut report = self.of(&self.model, open)?;
        if let Some(other) = &self.other {
            let other = self.of(other, open)?;
            report.notes.extend(other.notes.iter().map(|note| format!("{}: {note}", other.model)));
            report.other = Some(Box::new(StatsReport { notes: Vec::new(), ..other }));
        }
        Ok(report)
    }

    fn of(&self, path: &Path, open: Opener) -> Result<StatsReport> {
        let view = model::View::new(&open(path)?, path, &self.tensor)?;
        let (present, n_vocab) = (view.table.rows_present(), view.table.n_vocab());
        let name = || path.display().to_string();
        ensure!(present > 0, "{}: the file has no complete row of the table", name());
        let threads = self.threads.unwrap_or_else(threads::available);
        let shape = shape(&view.table, present, threads).with_context(name)?;
        let mut notes = view.notes.clone();
        if present < n_vocab {
            notes.push(format!(
                "only rows 0 to {} of {n_vocab} are in the file (an incomplete download?); \
                 the others are not measured",
                present - 1
            ));
        }
        notes.extend(
            shape
                .no_spectrum
                .iter()
                .map(|why| format!("no spectrum, no isotropy and no spread of cosines: {why}")),
        );
        StatsReport::new(name(), &view, shape, notes)
    }
}
