//! Rows laid out by their two principal directions.

use super::{Chosen, Error, Point};
use crate::cpu::Level;
use crate::geometry::{Covariance, MOST_COLUMNS};
use crate::rows::{Changed, Pass, RowRun, Rows};
use crate::similarity::kernel;

/// The coordinates of rows in two principal directions.
#[derive(Clone, Debug, PartialEq)]
pub struct Flat {
    /// One point for each row.
    pub at: Vec<Point>,
    /// The share of the variance that each axis has; 0 if there is none.
    pub variance: [f64; 2],
}

/// Lays rows out by the two directions in which they vary most. Each row is taken at
/// length 1, because cosines compare directions. The largest coefficient of an axis is
/// positive, so the map is the same on every run.
///
/// # Errors
/// When rows can't be read or are too wide.
pub fn pca(rows: &Chosen, threads: usize) -> Result<Flat, Error> {
    let (n, dim) = (rows.n_rows(), rows.dim());
    if dim > MOST_COLUMNS {
        return Err(Error::TooWide { width: dim });
    }
    let unit = Unit { rows, level: Level::detect() };
    let covariance = Covariance::of(&unit, n, threads)?;
    let total: f64 = (0..dim).map(|i| covariance.centred[i * (dim + 1)]).sum();
    // What is less than this is rounding.
    let is_spread = total > 1e-12 * n as f64;
    let axes = covariance.axes::<2>();
    let variance = axes
        .each_ref()
        .map(|(energy, _)| if is_spread { (energy / total).clamp(0.0, 1.0) } else { 0.0 });
    if !is_spread {
        return Ok(Flat { at: vec![[0.0; 2]; n as usize], variance });
    }
    let mean = &covariance.mean;
    let place = |row: &[f32]| {
        let mut sums = [0.0; 2];
        for (i, (x, mean)) in row.iter().zip(mean).enumerate() {
            let x = f64::from(*x) - mean;
            sums[0] += x * axes[0].1[i];
            sums[1] += x * axes[1].1[i];
        }
        sums.map(|sum| sum as f32)
    };
    let each = |parts: &mut Vec<(u64, Vec<Point>)>, run: RowRun| {
        parts.push((run.ids.start, run.rows().map(|(_, row)| place(row)).collect()));
    };
    let mut parts = Pass::new(&unit, n, threads).fold(Vec::new, each)?.concat();
    parts.sort_unstable_by_key(|(start, _)| *start);
    Ok(Flat { at: parts.into_iter().flat_map(|(_, part)| part).collect(), variance })
}

/// Rows at length 1.
struct Unit<'a> {
    rows: &'a Chosen<'a>,
    level: Level,
}

impl Changed for Unit<'_> {
    fn table(&self) -> &dyn Rows {
        self.rows
    }

    fn change(&self, rows: &mut [f32]) {
        for row in rows.chunks_exact_mut(self.rows.dim()) {
            let norm = kernel::norm(self.level, row);
            row.iter_mut().for_each(|x| *x = (f64::from(*x) / norm) as f32);
        }
    }
}
