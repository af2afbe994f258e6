//! Whether a table has learned anything: whether rows have near ones.

use super::fit::Group;
use super::scan::{COPY, Scan};
use super::sums::Sums;
use crate::check::Error;
use crate::embedding::Table;
use crate::stats::{quantile, sample};

/// As many rows as tell what is usual.
const USUAL: u64 = 512;

/// How near the nearest rows are, and how near they'd be by chance.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Geometry {
    /// By how many standard deviations a row's nearest is nearer than most
    /// rows are: of a quarter of the rows, this many or more.
    pub z: f64,
    /// What the nearest of so many rows comes to where they have nothing to
    /// do with each other, at most: `sqrt(2 ln n)`.
    pub chance: f64,
    /// How many rows were asked.
    pub rows: u64,
}

impl Geometry {
    /// Whether rows have nearer ones than chance gives, by a wide margin: the
    /// quarter that has the nearest exceeds chance by less than a tenth in
    /// random tables of any width, and by a half and more in learned ones.
    pub fn is_learned(&self) -> bool {
        self.z > 1.25 * self.chance
    }
}

/// Compares what a scan found with rows at random.
pub(super) fn geometry(table: &Table, scan: &Scan) -> Result<Geometry, Error> {
    let present = table.rows_present();
    let mut usual = Group::new(table);
    let mut query = Group::new(table);
    let mut nearest: Vec<f64> = Vec::new();
    let ids = sample(present, USUAL, 11);
    let mut moments = vec![Sums::default(); scan.queries.len()];
    // A few rows at a time, as they may be wide.
    for ids in ids.chunks(16) {
        usual.read(ids.iter().copied())?;
        for (found, moments) in scan.queries.iter().zip(&mut moments) {
            query.read([found.row])?;
            for (i, id) in ids.iter().enumerate() {
                if *id != found.row
                    && let Some(cosine) = query.cosine(0, &usual, i)
                {
                    moments.add(cosine.into());
                }
            }
        }
    }
    for (found, moments) in scan.queries.iter().zip(&moments) {
        let best = found.nearest.iter().find(|neighbor| neighbor.score < COPY);
        if let Some(best) = best
            && moments.sd() > 0.0
        {
            nearest.push((best.score - moments.mean()) / moments.sd());
        }
    }
    Ok(Geometry {
        rows: nearest.len() as u64,
        z: quantile(&mut nearest, 0.75).unwrap_or(0.0),
        chance: (2.0 * (present.max(2) as f64).ln()).sqrt(),
    })
}
