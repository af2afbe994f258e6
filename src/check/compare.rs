//! Two tables, token by token: which tokens both have, how their rows differ, and
//! whether they keep their nearest rows.

use std::collections::BTreeMap;

use thiserror::Error;

use super::hash::hash;
use crate::model;
use crate::rows::{ReadError, Reader, Rows, rows_per_run};
use crate::similarity::{self, Metric, Query, Search};
use crate::stats::{is_usable, quantile, sample};
use crate::threads::{self, Pieces};
use crate::vocab::Vocab;

/// At most this many tokens of each vocabulary are matched. Their hashes take
/// 8 MiB per file.
pub const MOST_MATCHED: u64 = 1 << 20;

/// The number of tokens that a thread takes at a time.
const PIECE: u64 = 1024;

/// At most this many of the rows that differ most are named.
const WORST: usize = 10;

/// The number of tokens whose nearest rows are searched for in both tables.
const ASKED: u64 = 200;

/// At most this many values of queries are in memory at a time: 8 MiB.
const MOST_VALUES: usize = 1 << 21;

/// Two tables that can't be compared.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum CompareError {
    /// Their rows have different lengths.
    #[error("rows have {one} and {other} values")]
    Widths {
        /// The number of values in a row of the one.
        one: usize,
        /// The number of values in a row of the other.
        other: usize,
    },
    /// Rows of one of them can't be read.
    #[error(transparent)]
    Read(#[from] ReadError),
}

/// Which tokens of two vocabularies are the same.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Matching {
    /// The IDs of a token in the one and in the other, ascending by the first.
    pub pairs: Vec<[u32; 2]>,
    /// IDs of tokens that only the one has.
    pub added: Vec<u32>,
    /// IDs of tokens that only the other has.
    pub removed: Vec<u32>,
}

impl Matching {
    /// Matches tokens by their text. Tokens with the same text at the same ID are
    /// matched first. The others are matched in the order of their IDs: if several
    /// tokens have one text, the first of them goes with the first.
    ///
    /// Each vocabulary comes with a limit: only its tokens below this ID are
    /// matched.
    ///
    /// # Errors
    /// When a vocabulary can't be read.
    pub fn by_text(one: (&Vocab, u64), other: (&Vocab, u64)) -> Result<Self, model::Error> {
        let (one, other) = (hashes(one.0, one.1)?, hashes(other.0, other.1)?);
        let mut matching = Self::default();
        let is_same = |id: usize| one.get(id).is_some_and(|hash| other.get(id) == Some(hash));
        let left = |hashes: &[u64]| {
            let left = hashes.iter().enumerate().filter(|(id, _)| !is_same(*id));
            let mut left: Vec<(u64, u32)> = left.map(|(id, hash)| (*hash, id as u32)).collect();
            left.sort_unstable();
            left
        };
        matching.pairs.extend((0..one.len()).filter(|id| is_same(*id)).map(|id| [id as u32; 2]));
        let (one_left, other_left) = (left(&one), left(&other));
        let mut rest = other_left.into_iter().peekable();
        for (hash, id) in one_left {
            while let Some((_, removed)) = rest.next_if(|(other, _)| *other < hash) {
                matching.removed.push(removed);
            }
            match rest.next_if(|(other, _)| *other == hash) {
                Some((_, other)) => matching.pairs.push([id, other]),
                None => matching.added.push(id),
            }
        }
        matching.removed.extend(rest.map(|(_, id)| id));
        matching.pairs.sort_unstable();
        matching.added.sort_unstable();
        matching.removed.sort_unstable();
        Ok(matching)
    }

    /// Matches tokens by their ID, for files without texts.
    pub fn by_id(one: u64, other: u64) -> Self {
        let [one, other] = [one, other].map(|n| n.min(MOST_MATCHED) as u32);
        let both = one.min(other);
        Self {
            pairs: (0..both).map(|id| [id; 2]).collect(),
            added: (both..one).collect(),
            removed: (both..other).collect(),
        }
    }

    /// Matches these tokens by their ID instead.
    pub fn by_their_ids(&mut self, ids: &[u32]) {
        let is_one = |id: &u32| ids.binary_search(id).is_ok();
        let (left, kept): (Vec<_>, Vec<_>) =
            self.pairs.iter().copied().partition(|[one, other]| is_one(one) || is_one(other));
        self.pairs = kept;
        self.added.extend(left.iter().map(|[one, _]| *one));
        self.removed.extend(left.iter().map(|[_, other]| *other));
        self.added.retain(|id| !is_one(id));
        self.removed.retain(|id| !is_one(id));
        self.pairs.extend(ids.iter().map(|id| [*id; 2]));
        self.pairs.sort_unstable();
        self.added.sort_unstable();
        self.removed.sort_unstable();
    }

    /// The pairs whose two IDs differ.
    pub fn moved(&self) -> impl Iterator<Item = &[u32; 2]> {
        self.pairs.iter().filter(|[one, other]| one != other)
    }
}

/// The hashes of the texts of the tokens below ID `end`.
fn hashes(vocab: &Vocab, end: u64) -> Result<Vec<u64>, model::Error> {
    let mut hashes = Vec::new();
    vocab.each(|id, text| {
        let wanted = id < end.min(MOST_MATCHED);
        if wanted {
            hashes.push(hash(text));
        }
        Ok::<_, model::Error>(wanted)
    })?;
    Ok(hashes)
}

/// How one token's rows differ.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Difference {
    /// The token's IDs in the one table and in the other.
    pub ids: [u32; 2],
    /// The cosine of the two rows; NaN where one of them has no direction.
    pub cosine: f32,
    /// `|one - other| / |other|`; infinite where only the other row is zero, NaN
    /// where a value is not finite. Bit-identical rows differ by 0, NaN included.
    pub error: f32,
    /// The factor of the other row that comes nearest to the one; NaN where there is
    /// none.
    pub factor: f32,
    /// The sine of the angle between the rows: what is left after that factor.
    pub residual: f32,
    /// Whether all values are the same, bit for bit.
    pub is_same: bool,
}

/// How the rows of some of the tokens differ.
#[derive(Clone, Debug, PartialEq)]
pub struct Group {
    /// What these tokens have in common.
    pub name: String,
    /// The number of tokens.
    pub tokens: u64,
    /// The median cosine.
    pub cosine: f64,
    /// The median of the relative errors, and their 99 % quantile.
    pub error: [f64; 2],
}

/// How two tables differ.
#[derive(Debug)]
pub struct Comparison {
    /// `sqrt(Σ |one - other|² / Σ |other|²)` over all tokens whose rows are
    /// finite.
    pub error: f64,
    /// All tokens.
    pub all: Group,
    /// Tokens by their type in the other.
    pub by_type: Vec<Group>,
    /// Tokens by their ID in the other.
    pub by_band: Vec<Group>,
    /// The tokens whose rows differ most, the worst first.
    pub worst: Vec<Difference>,
    /// The 10 % quantile, the median and the 90 % quantile of the factors.
    pub factors: [f64; 3],
    /// The median of what is left after each row's factor.
    pub residual: f64,
    /// Tokens whose rows are not the same bit for bit, by their ID in the one,
    /// ascending.
    pub changed: Vec<u32>,
    /// The number of damaged rows, and the error above which a row is damaged.
    pub damaged: (u64, f64),
}

/// The IDs at which a new band begins, after the band from 0.
const BANDS: [u32; 4] = [1000, 10_000, 50_000, 200_000];

/// Compares the two rows of every pair. `kind` names the type of a token of the
/// other. `limits` makes two limits from the median error and the median cosine
/// of all rows: a row is damaged if its error is above the first or its cosine is
/// below the second.
///
/// # Errors
/// When rows can't be read, or the tables have rows of different lengths.
pub fn compare(
    tables: [&dyn Rows; 2],
    matching: &Matching,
    kind: &dyn Fn(u64) -> &'static str,
    limits: impl Fn(f64, f64) -> [f64; 2],
    threads: usize,
) -> Result<Comparison, CompareError> {
    let [one, other] = tables.map(|table| table.dim());
    if one != other {
        return Err(CompareError::Widths { one, other });
    }
    let mut all_sums = [0.0; 2];
    let mut each = Vec::with_capacity(matching.pairs.len());
    threads::in_order(
        &Pieces::new(matching.pairs.len() as u64, PIECE),
        threads,
        || Differences::new(tables),
        |differences, piece| {
            differences.measure(&matching.pairs[piece.start as usize..piece.end as usize])
        },
        |differences| {
            all_sums = [0, 1].map(|i| all_sums[i] + differences.sums[i]);
            each.append(&mut differences.each);
        },
    )?;

    let all = group("all", each.iter());
    let [limit, least] = limits(all.error[0], all.cosine);
    // A NaN is worse than any number.
    let is_damaged = |it: &&Difference| {
        it.error.is_nan() || f64::from(it.error) > limit || f64::from(it.cosine) < least
    };
    let damaged = each.iter().filter(is_damaged).count() as u64;
    let mut types: BTreeMap<&'static str, Vec<Difference>> = BTreeMap::new();
    for difference in &each {
        types.entry(kind(difference.ids[1].into())).or_default().push(*difference);
    }
    let by_type = types.into_iter().map(|(name, each)| group(name, each.iter())).collect();
    let band = |id: u32| BANDS.iter().take_while(|end| id >= **end).count();
    let last = matching.pairs.iter().map(|[_, other]| *other).max().unwrap_or(0);
    let bands = (0..=BANDS.len()).map(|i| {
        let start = i.checked_sub(1).map_or(0, |before| BANDS[before]);
        let end = BANDS.get(i).map_or(last, |end| last.min(end - 1));
        let name = format!("{start} to {end}");
        group(&name, each.iter().filter(|it| band(it.ids[1]) == i))
    });
    let by_band = bands.filter(|group| group.tokens > 0).collect();
    let mut factors: Vec<f64> = each.iter().map(|it| it.factor.into()).collect();
    factors.retain(|factor| factor.is_finite());
    let mut residuals: Vec<f64> = each.iter().map(|it| it.residual.into()).collect();
    residuals.retain(|residual| residual.is_finite());
    let changed = each.iter().filter(|it| !it.is_same).map(|it| it.ids[0]).collect();
    let rank = |error: f32| if error.is_nan() { f32::INFINITY } else { error };
    each.sort_by(|a, b| rank(b.error).total_cmp(&rank(a.error)).then(a.ids.cmp(&b.ids)));
    each.truncate(WORST);
    each.retain(|difference| difference.error != 0.0);
    Ok(Comparison {
        error: if all_sums[1] > 0.0 { (all_sums[0] / all_sums[1]).sqrt() } else { 0.0 },
        all,
        by_type,
        by_band,
        worst: each,
        factors: [0.1, 0.5, 0.9].map(|share| quantile(&mut factors, share).unwrap_or(1.0)),
        residual: quantile(&mut residuals, 0.5).unwrap_or(0.0),
        changed,
        damaged: (damaged, limit),
    })
}

/// The differences of a run of pairs, and the buffers of one thread.
struct Differences<'a> {
    readers: [Reader<'a>; 2],
    dim: usize,
    /// The number of rows to read at once.
    most: usize,
    /// The sums of `|one - other|²` and of `|other|²`, over finite rows.
    sums: [f64; 2],
    each: Vec<Difference>,
}

impl<'a> Differences<'a> {
    fn new(tables: [&'a dyn Rows; 2]) -> Self {
        Self {
            readers: tables.map(Reader::new),
            dim: tables[0].dim(),
            most: tables.map(rows_per_run).into_iter().fold(usize::MAX, usize::min),
            sums: [0.0; 2],
            each: Vec::new(),
        }
    }

    /// Measures some pairs, in place of those before. Rows that are side by side
    /// in both tables are read together.
    fn measure(&mut self, pairs: &[[u32; 2]]) -> Result<(), ReadError> {
        self.sums = [0.0; 2];
        let side_by_side = |a: &[u32; 2], b: &[u32; 2]| (0..2).all(|i| a[i] + 1 == b[i]);
        for run in pairs.chunk_by(side_by_side).flat_map(|run| run.chunks(self.most)) {
            let [one, other] = &mut self.readers;
            let ids = |i: usize| {
                let first = u64::from(run[0][i]);
                first..first + run.len() as u64
            };
            let (a, b) = (one.read(ids(0))?, other.read(ids(1))?);
            for ((ids, a), b) in run.iter().zip(a.chunks(self.dim)).zip(b.chunks(self.dim)) {
                let (difference, squares) = difference(*ids, a, b);
                if squares.iter().all(|square| square.is_finite()) {
                    self.sums = [0, 1].map(|i| self.sums[i] + squares[i]);
                }
                self.each.push(difference);
            }
        }
        Ok(())
    }
}

/// How two rows differ, and `|a - b|²` and `|b|²`.
fn difference(ids: [u32; 2], a: &[f32], b: &[f32]) -> (Difference, [f64; 2]) {
    let (aa, bb, ab) = (similarity::dot(a, a), similarity::dot(b, b), similarity::dot(a, b));
    let apart = a.iter().zip(b).map(|(a, b)| (f64::from(*a) - f64::from(*b)).powi(2)).sum::<f64>();
    // Bit-identical rows differ by 0, NaN included.
    let is_same = a.iter().zip(b).all(|(a, b)| a.to_bits() == b.to_bits());
    let error = if is_same || apart == 0.0 { 0.0 } else { (apart / bb).sqrt() };
    let cosine = if apart == 0.0 && aa > 0.0 { 1.0 } else { ab / (aa * bb).sqrt() };
    let difference = Difference {
        ids,
        cosine: cosine as f32,
        error: error as f32,
        factor: (ab / bb) as f32,
        residual: (1.0 - cosine * cosine).max(0.0).sqrt() as f32,
        is_same,
    };
    (difference, [apart, bb])
}

fn group<'d>(name: &str, each: impl Iterator<Item = &'d Difference>) -> Group {
    let (mut cosines, mut errors): (Vec<f64>, Vec<f64>) =
        each.map(|it| (f64::from(it.cosine), f64::from(it.error))).unzip();
    let tokens = errors.len() as u64;
    cosines.retain(|cosine| !cosine.is_nan());
    errors.retain(|error| !error.is_nan());
    Group {
        name: name.to_owned(),
        tokens,
        cosine: quantile(&mut cosines, 0.5).unwrap_or(0.0),
        error: [0.5, 0.99].map(|share| quantile(&mut errors, share).unwrap_or(0.0)),
    }
}

/// The IDs whose texts differ and whose rows are those of the ID all the same: the
/// two rows of the ID differ by less than half of what the rows of its texts do, or,
/// if the other lacks the text, of what it differs from a strange row. Ascending.
///
/// # Errors
/// When rows can't be read.
pub fn retexted(
    tables: [&dyn Rows; 2],
    n: u64,
    matching: &Matching,
) -> Result<Vec<u32>, ReadError> {
    let [mut one, mut other] = tables.map(Reader::new);
    let moved = matching.moved().map(|[id, other]| (*id, u64::from(*other)));
    let renamed = matching.added.iter().filter(|id| matching.removed.binary_search(id).is_ok());
    let renamed = renamed.map(|id| (*id, (u64::from(*id) + n / 2) % n.max(1)));
    let mut ids = Vec::new();
    for (id, elsewhere) in moved.chain(renamed).filter(|(id, _)| u64::from(*id) < n) {
        let at = u64::from(id);
        let row = one.read(at..at + 1)?;
        let mut error =
            |at: u64| Ok::<_, ReadError>(difference([id; 2], row, other.read(at..at + 1)?).0.error);
        let (here, there) = (error(at)?, error(elsewhere)?);
        if here < 0.5 * there {
            ids.push(id);
        }
    }
    ids.sort_unstable();
    Ok(ids)
}

/// Searches for the nearest row of a sample of tokens in both tables. Returns how
/// many have another nearest token in the one than in the other, and how many
/// were asked. `present` is the number of rows of each that can be read.
///
/// # Errors
/// When rows can't be read.
pub fn lost_neighbors(
    tables: [&dyn Rows; 2],
    present: [u64; 2],
    matching: &Matching,
    threads: usize,
) -> Result<[u64; 2], ReadError> {
    let pairs = &matching.pairs;
    let search = Search { metric: Metric::Cosine, k: 1, threads };
    let [mut lost, mut asked] = [0, 0];
    let mut others: Vec<u32> = pairs.iter().map(|[_, other]| *other).collect();
    others.sort_unstable();
    let places = sample(pairs.len() as u64, ASKED, 17);
    for places in places.chunks((MOST_VALUES / tables[0].dim()).max(1)) {
        let mut queries = [Vec::new(), Vec::new()];
        for &place in places {
            let ids = pairs[place as usize].map(u64::from);
            let rows = [row(tables[0], ids[0])?, row(tables[1], ids[1])?];
            if rows.iter().all(|row| is_usable(similarity::norm(row))) {
                for ((queries, values), id) in queries.iter_mut().zip(rows).zip(ids) {
                    queries.push(Query::of_row(id, values));
                }
            }
        }
        let [one, other] =
            [0, 1].map(|i| similarity::nearest(tables[i], present[i], &queries[i], &search));
        for (one, other) in one?.neighbors.iter().zip(other?.neighbors) {
            let [one, other] = [one.first(), other.first()].map(|near| near.map(|near| near.id));
            let place = one.and_then(|id| {
                let id = u32::try_from(id).ok()?;
                pairs.binary_search_by_key(&id, |pair| pair[0]).ok()
            });
            let matched = other.and_then(|id| {
                let id = u32::try_from(id).ok()?;
                others.binary_search(&id).is_ok().then_some(id)
            });
            // A nearest row that only one of the tables has was not lost.
            if let (Some(place), Some(other)) = (place, matched) {
                asked += 1;
                lost += u64::from(pairs[place][1] != other);
            }
        }
    }
    Ok([lost, asked])
}

/// The values of one row.
fn row(rows: &dyn Rows, id: u64) -> Result<Vec<f32>, ReadError> {
    Ok(Reader::new(rows).read(id..id + 1)?.to_vec())
}

/// The usual error of a type: the relative error over a whole table. Measured on
/// the Gemma 3 270M table, quantised by ggml without an importance matrix. For
/// float types, the bound on their rounding. `None` for types that ggml quantises
/// only with such a matrix, and for types that no table is stored in.
///
/// That table is stored as Q8_0. To measure Q8_0 itself, the rows were moved by
/// half a block first; otherwise the error would be 0.
pub fn usual_error(format: &str) -> Option<f64> {
    Some(match format {
        "F64" | "F32" => 0.0,
        "F16" => 0.0005,
        "BF16" => 0.002,
        "Q8_0" => 0.005,
        "Q6_K" => 0.022,
        "Q5_K" => 0.041,
        "Q5_1" => 0.042,
        "Q5_0" => 0.055,
        "Q4_K" => 0.082,
        "Q4_1" => 0.087,
        "IQ4_NL" => 0.088,
        "IQ4_XS" => 0.089,
        "Q4_0" => 0.114,
        "MXFP4" => 0.126,
        "Q3_K" => 0.167,
        "IQ3_S" => 0.191,
        "IQ3_XXS" => 0.244,
        "Q2_K" => 0.316,
        "IQ2_S" => 0.333,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_differs_from_itself_by_nothing() {
        let (same, _) = difference([1, 2], &[3.0, 4.0], &[3.0, 4.0]);
        assert_eq!((same.cosine, same.error), (1.0, 0.0));
        let (half, squares) = difference([0, 0], &[3.0, 0.0], &[3.0, 4.0]);
        assert_eq!((half.error, squares), (0.8, [16.0, 25.0]));
        assert!((half.cosine - 0.6).abs() < 1e-7);
        assert_eq!(difference([0, 0], &[1.0], &[0.0]).0.error, f32::INFINITY);
        assert_eq!(difference([0, 0], &[0.0], &[0.0]).0.error, 0.0);
        assert!(difference([0, 0], &[f32::NAN], &[1.0]).0.error.is_nan());
        assert_eq!(difference([0, 0], &[f32::NAN], &[f32::NAN]).0.error, 0.0);
    }
}
