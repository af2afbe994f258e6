//! The queries of `neighbors`: rows, sums of rows, and vectors from a file.

use std::path::Path;

use anyhow::{Context, Result, anyhow, ensure};

use crate::commands::NamedTokens;
use crate::commands::frame::Framed;
use crate::commands::model::View;
use crate::npy;
use crate::similarity::{Metric, Query, norm};

/// At most this many bytes of vectors are read.
const MAX_FILE: u64 = 1 << 28;

/// A query, and the row that it is about.
pub(super) struct Asked {
    pub id: Option<u64>,
    pub query: Query,
}

/// What is added to each query.
pub(super) struct Sum {
    pub plus: Vec<u64>,
    pub minus: Vec<u64>,
}

impl Sum {
    pub fn of(plus: &NamedTokens, minus: &NamedTokens, view: &mut View) -> Result<Self> {
        let mut ids = |named: &NamedTokens| match named.is_empty() {
            true => Ok(Vec::new()),
            false => named.ids(view),
        };
        Ok(Self { plus: ids(plus)?, minus: ids(minus)? })
    }

    pub fn is_empty(&self) -> bool {
        self.plus.is_empty() && self.minus.is_empty()
    }

    pub fn ids(&self) -> impl Iterator<Item = &u64> {
        self.plus.iter().chain(&self.minus)
    }

    /// A row with the others added. Under cosine every row counts with length 1, because
    /// lengths say nothing there.
    pub fn with(
        &self,
        row: Vec<f32>,
        metric: Metric,
        of: impl Fn(u64) -> Result<Vec<f32>>,
    ) -> Result<Vec<f32>> {
        if self.is_empty() {
            return Ok(row);
        }
        let mut sum = vec![0.0; row.len()];
        let mut add = |row: &[f32], sign: f64| {
            let by = if metric == Metric::Cosine { sign / norm(row) } else { sign };
            sum.iter_mut().zip(row).for_each(|(sum, x)| *sum += f64::from(*x) * by);
        };
        add(&row, 1.0);
        for id in &self.plus {
            add(&of(*id)?, 1.0);
        }
        for id in &self.minus {
            add(&of(*id)?, -1.0);
        }
        Ok(sum.into_iter().map(|x: f64| x as f32).collect())
    }
}

/// The vectors in a file of NumPy, moved as the rows are.
pub(super) fn vectors(path: &Path, width: usize, framed: &Framed) -> Result<Vec<Vec<f32>>> {
    let name = || path.display().to_string();
    let length = std::fs::metadata(path).with_context(name)?.len();
    ensure!(length <= MAX_FILE, "{} is larger than {} MiB", name(), MAX_FILE >> 20);
    let bytes = std::fs::read(path).with_context(name)?;
    let mut matrix = npy::read(&bytes).map_err(|problem| anyhow!("{} {problem}", name()))?;
    ensure!(
        matrix.columns == width && matrix.rows > 0,
        "{} has {} vectors of {} values; the table has rows of {width}",
        name(),
        matrix.rows,
        matrix.columns
    );
    framed.apply(&mut matrix.values);
    Ok(matrix.values.chunks_exact(width).map(<[f32]>::to_vec).collect())
}
