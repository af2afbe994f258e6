//! A table beside the one that it was made from: whether its stored rows are what ggml's
//! reference quantiser makes of the original's, byte for byte.
//!
//! Converters take one of three ways: they quantise the original's values, or these
//! values rounded to F16 or BF16, where a file of that type lies between. The way that
//! fits most rows of a sample is taken.
//!
//! A row that is not the same is judged by `near`: some programs sum in another order
//! or weigh values by importance, and then choose other scales.

mod near;
#[cfg(test)]
mod tests;

use half::{bf16, f16};

use crate::embedding::Table;
use crate::quant::{Format, Quantiser};
use crate::rows::{ReadError, Reader, Rows, rows_per_run};
use crate::similarity::{self, Metric, Query, Search};
use crate::stats::{is_usable, sample};
use crate::threads::{self, Pieces};

/// The number of pairs that a thread takes at a time.
const PIECE: u64 = 512;

/// The number of rows by which a way is chosen.
const SAMPLED: u64 = 256;

/// At most this many different rows are looked for in the original.
const SOUGHT: usize = 256;

/// How the original's values become those that are quantised.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Way {
    /// F16 or BF16, if a file of that type lies between.
    pub through: Option<&'static str>,
    /// The factor of all values.
    pub factor: Option<f32>,
}

impl Way {
    /// The ways that converters take; with a factor also those that multiply first.
    fn all(factor: Option<f32>) -> impl Iterator<Item = Self> {
        let factors = std::iter::once(None).chain(factor.map(Some));
        factors.flat_map(|factor| {
            [None, Some("F16"), Some("BF16")].map(|through| Self { through, factor })
        })
    }

    fn apply(self, values: &mut [f32]) {
        if let Some(factor) = self.factor {
            values.iter_mut().for_each(|x| *x *= factor);
        }
        match self.through {
            Some("F16") => values.iter_mut().for_each(|x| *x = f16::from_f32(*x).to_f32()),
            Some(_) => values.iter_mut().for_each(|x| *x = bf16::from_f32(*x).to_f32()),
            None => {}
        }
    }
}

/// How a row of a copy is related to its original.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Relation {
    Exact,
    /// The scales are the same, and values in the middle of two quants got the other one.
    Tied,
    /// The scales are others, and the values are the nearest by them.
    Near,
    Different,
}

/// A row that is not what the original's becomes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Odd {
    /// The IDs in the copy and in the original.
    pub ids: [u32; 2],
    /// The distance from what the original's row becomes, relative to its norm; infinite
    /// if that is zero or a value is not finite.
    pub error: f32,
    /// The token of the original whose row this is instead.
    pub is_of: Option<u32>,
}

/// What a comparison found.
#[derive(Debug)]
pub struct Copied {
    pub way: Way,
    /// The number of rows that are the same byte for byte.
    pub exact: u64,
    /// The number of rows that differ only where a value lies in the middle of two quants.
    pub tied: u64,
    /// Rows whose scales are chosen otherwise, and whose values fit these scales.
    pub near: Vec<[u32; 2]>,
    /// Other rows, the worst first.
    pub different: Vec<Odd>,
    /// The number of rows that another quantiser would give other scales at least.
    fewest: u64,
}

impl Copied {
    /// Whether so few rows have other scales that no other quantiser explains them.
    pub fn has_few_scales(&self) -> bool {
        let near = self.near.len() as u64;
        near > 0 && near < self.fewest
    }
}

/// Compares rows of a copy with those of its original: pairs of IDs. `None` if the
/// copy's type has no quantiser here.
///
/// # Errors
/// When rows can't be read.
pub fn copied(
    copy: &Table,
    original: &Table,
    pairs: &[[u32; 2]],
    factor: Option<f32>,
    threads: usize,
) -> Result<Option<Copied>, ReadError> {
    let Some(quantiser) = copy.format().quantiser() else { return Ok(None) };
    let new = |way| Comparer::new(copy, original, quantiser, way);
    let places = sample(pairs.len() as u64, SAMPLED, 29);
    let mut best = ((0, 0), Way { through: None, factor: None });
    for way in Way::all(factor) {
        let mut comparer = new(way);
        let (mut fit, mut exact) = (0, 0);
        for place in &places {
            let relation = comparer.relation(pairs[*place as usize])?;
            fit += u64::from(relation != Relation::Different);
            exact += u64::from(relation == Relation::Exact);
        }
        // The first of those that fit equally: another rounding may change nothing.
        if (fit, exact) > best.0 {
            best = ((fit, exact), way);
        }
    }
    let way = best.1;
    let mut found = Copied {
        way,
        exact: 0,
        tied: 0,
        near: Vec::new(),
        different: Vec::new(),
        fewest: near::fewest(copy.format(), pairs.len() as u64),
    };
    threads::in_order(
        &Pieces::new(pairs.len() as u64, PIECE),
        threads,
        || new(way),
        |comparer, piece| comparer.compare(&pairs[piece.start as usize..piece.end as usize]),
        |comparer| {
            found.exact += comparer.exact;
            found.tied += comparer.tied;
            found.near.append(&mut comparer.near);
            found.different.append(&mut comparer.different);
        },
    )?;
    found.different.sort_by(|a, b| b.error.total_cmp(&a.error).then(a.ids.cmp(&b.ids)));
    seek(copy, original, &mut new(way), &mut found.different, threads)?;
    Ok(Some(found))
}

/// Finds the tokens whose rows the worst rows are: the nearest row of the original is
/// quantised and compared.
fn seek(
    copy: &Table,
    original: &Table,
    comparer: &mut Comparer<'_>,
    different: &mut [Odd],
    threads: usize,
) -> Result<(), ReadError> {
    let (mut queries, mut asked) = (Vec::new(), Vec::new());
    for odd in different.iter_mut().take(SOUGHT) {
        let id = u64::from(odd.ids[0]);
        let values = Reader::new(copy).read(id..id + 1)?.to_vec();
        if is_usable(similarity::norm(&values)) {
            queries.push(Query::of_row(odd.ids[1].into(), values));
            asked.push(odd);
        }
    }
    let search = Search { metric: Metric::Cosine, k: 1, threads };
    let found = similarity::nearest(original, original.rows_present(), &queries, &search)?;
    for (odd, nearest) in asked.into_iter().zip(found.neighbors) {
        let Some(id) = nearest.first().and_then(|it| u32::try_from(it.id).ok()) else { continue };
        if comparer.relation([odd.ids[0], id])? != Relation::Different {
            odd.is_of = Some(id);
        }
    }
    Ok(())
}

/// Compares rows of one way, with the buffers of one thread.
struct Comparer<'a> {
    copy: &'a Table,
    original: Reader<'a>,
    quantiser: Quantiser,
    way: Way,
    /// The number of rows to read at once.
    most: usize,
    stored: Vec<u8>,
    values: Vec<f32>,
    made: Vec<u8>,
    exact: u64,
    tied: u64,
    near: Vec<[u32; 2]>,
    different: Vec<Odd>,
}

impl<'a> Comparer<'a> {
    fn new(copy: &'a Table, original: &'a Table, quantiser: Quantiser, way: Way) -> Self {
        let most = rows_per_run(copy).min(rows_per_run(original)).max(1);
        Self {
            copy,
            original: Reader::new(original),
            quantiser,
            way,
            most,
            stored: Vec::new(),
            values: Vec::new(),
            made: Vec::new(),
            exact: 0,
            tied: 0,
            near: Vec::new(),
            different: Vec::new(),
        }
    }

    /// Reads `n` rows of both from a pair on, and makes the copy's anew.
    fn read(&mut self, first: [u32; 2], n: usize) -> Result<(), ReadError> {
        let range = |i: usize| u64::from(first[i])..u64::from(first[i]) + n as u64;
        Rows::read(self.copy, range(0), &mut self.stored)?;
        self.values.clear();
        self.values.extend_from_slice(self.original.read(range(1))?);
        self.way.apply(&mut self.values);
        self.made.resize(self.stored.len(), 0);
        self.quantiser.quantise(&self.values, &mut self.made);
        Ok(())
    }

    fn relation(&mut self, pair: [u32; 2]) -> Result<Relation, ReadError> {
        self.read(pair, 1)?;
        Ok(near::relation(self.copy.format(), &self.values, &self.stored, &self.made))
    }

    /// Compares some pairs, in place of those before.
    fn compare(&mut self, pairs: &[[u32; 2]]) -> Result<(), ReadError> {
        (self.exact, self.tied) = (0, 0);
        (self.near, self.different) = (Vec::new(), Vec::new());
        let (format, dim, row) = (self.copy.format(), self.copy.d_model(), self.copy.row_bytes());
        let side_by_side = |a: &[u32; 2], b: &[u32; 2]| (0..2).all(|i| a[i] + 1 == b[i]);
        let most = self.most;
        for run in pairs.chunk_by(side_by_side).flat_map(|run| run.chunks(most)) {
            self.read(run[0], run.len())?;
            let rows = self.stored.chunks(row).zip(self.made.chunks(row));
            for ((ids, values), (stored, made)) in run.iter().zip(self.values.chunks(dim)).zip(rows)
            {
                match near::relation(format, values, stored, made) {
                    Relation::Exact => self.exact += 1,
                    Relation::Tied => self.tied += 1,
                    Relation::Near => self.near.push(*ids),
                    Relation::Different => {
                        let error = error(format, stored, made, dim);
                        self.different.push(Odd { ids: *ids, error, is_of: None });
                    }
                }
            }
        }
        Ok(())
    }
}

/// The distance of two rows, relative to the norm of the second.
fn error(format: &Format, stored: &[u8], made: &[u8], dim: usize) -> f32 {
    let [stored, made] = [stored, made].map(|bytes| {
        let mut values = vec![0.0; dim];
        format.decode(bytes, &mut values);
        values
    });
    let apart: Vec<f32> = stored.iter().zip(&made).map(|(a, b)| a - b).collect();
    let error = similarity::norm(&apart) / similarity::norm(&made);
    if error.is_finite() { error as f32 } else { f32::INFINITY }
}
