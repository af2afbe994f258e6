//! Two tables, token by token.

use std::collections::BTreeMap;

use anyhow::Result;

use super::stats::{self, quantile, sample};
use crate::embedding::Table;
use crate::similarity::{self, Metric, Query, Search};
use crate::threads::{self, Pieces};
use crate::vocab::Vocab;

/// As many tokens of each as are matched: 8 MiB of hashes a file.
pub const MOST_MATCHED: u64 = 1 << 20;

/// Pieces of work for a thread, in tokens.
const PIECE: u64 = 1024;

/// As many of the worst as are named.
const WORST: usize = 10;

/// As many tokens as are asked whether they kept their nearest.
const ASKED: u64 = 200;

/// As many values of them as are held at a time: 8 MiB.
const MOST_VALUES: usize = 1 << 21;

/// Which tokens of two vocabularies are the same.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Matching {
    /// IDs in the one and in the other, ascending by the former.
    pub pairs: Vec<[u32; 2]>,
    /// Tokens of the one that the other has not.
    pub added: Vec<u32>,
    /// Tokens of the other that the one has not.
    pub removed: Vec<u32>,
}

impl Matching {
    /// By text: the same text at the same ID first, then each text that is left
    /// over in the order of the IDs, so that of several tokens with one text
    /// the first is matched with the first.
    pub fn by_text(one: (&Vocab, u64), other: (&Vocab, u64)) -> Result<Self> {
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

    /// By ID alone, where there are no texts.
    pub fn by_id(one: u64, other: u64) -> Self {
        let [one, other] = [one, other].map(|n| n.min(MOST_MATCHED) as u32);
        let both = one.min(other);
        Self {
            pairs: (0..both).map(|id| [id; 2]).collect(),
            added: (both..one).collect(),
            removed: (both..other).collect(),
        }
    }

    /// The pairs that have another ID in the other.
    pub fn moved(&self) -> impl Iterator<Item = &[u32; 2]> {
        self.pairs.iter().filter(|[one, other]| one != other)
    }
}

fn hashes(vocab: &Vocab, end: u64) -> Result<Vec<u64>> {
    let mut hashes = Vec::new();
    vocab.each(|id, text| {
        let wanted = id < end.min(MOST_MATCHED);
        if wanted {
            hashes.push(stats::hash(text));
        }
        Ok(wanted)
    })?;
    Ok(hashes)
}

/// How one token's rows differ.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Difference {
    /// The IDs in the one and in the other.
    pub ids: [u32; 2],
    /// The cosine of the rows; NaN where one of them has no direction.
    pub cosine: f32,
    /// `|one - other| / |other|`; infinite where only the other is zero, NaN
    /// where a value is not finite.
    pub error: f32,
}

/// Some of the tokens.
#[derive(Clone, Debug, PartialEq)]
pub struct Group {
    /// What they have in common.
    pub name: String,
    /// How many.
    pub tokens: u64,
    /// The median cosine.
    pub cosine: f64,
    /// The median relative error, and the largest of the lowest 99 in 100.
    pub error: [f64; 2],
}

/// How two tables differ.
#[derive(Debug)]
pub struct Comparison {
    /// `sqrt(Σ |one - other|² / Σ |other|²)` over all tokens whose rows are
    /// finite.
    pub error: f64,
    /// Every token.
    pub all: Group,
    /// By the other's token types.
    pub by_type: Vec<Group>,
    /// By the other's IDs.
    pub by_band: Vec<Group>,
    /// Those whose rows differ most.
    pub worst: Vec<Difference>,
    /// How many are damaged, and the limit of their error.
    pub damaged: (u64, f64),
}

/// Where bands of IDs end, the last one never.
const BANDS: [u32; 4] = [1000, 10_000, 50_000, 200_000];

/// Measures every pair. `limits` gives the error above which a row is damaged, and
/// the cosine below which it is, from the medians of all.
///
/// # Errors
/// Where rows can't be read, or the tables have rows of different lengths.
pub fn compare(
    tables: [&Table; 2],
    matching: &Matching,
    kind: &dyn Fn(u64) -> &'static str,
    limits: impl Fn(f64, f64) -> [f64; 2],
    workers: usize,
) -> Result<Comparison> {
    let [one, other] = tables;
    let d_model = other.d_model();
    anyhow::ensure!(one.d_model() == d_model, "rows have {} and {d_model} values", one.d_model());
    let pieces = Pieces::new(matching.pairs.len() as u64, PIECE);
    let parts = threads::each(workers, || {
        let (mut a, mut b) = (vec![0.0; d_model], vec![0.0; d_model]);
        let mut parts = Vec::new();
        while let Some(piece) = pieces.next() {
            let mut sums = [0.0; 2];
            let mut each = Vec::with_capacity(PIECE as usize);
            for ids in &matching.pairs[piece.start as usize..piece.end as usize] {
                one.read_row(ids[0].into(), &mut a)?;
                other.read_row(ids[1].into(), &mut b)?;
                let (difference, squares) = difference(*ids, &a, &b);
                if squares.iter().all(|square| square.is_finite()) {
                    sums = [sums[0] + squares[0], sums[1] + squares[1]];
                }
                each.push(difference);
            }
            parts.push((piece.start, sums, each));
        }
        Ok(parts)
    })?;
    let mut parts: Vec<_> = parts.into_iter().flatten().collect();
    parts.sort_unstable_by_key(|(start, ..)| *start);
    let sums = parts.iter().fold([0.0, 0.0], |[a, b], (_, [c, d], _)| [a + c, b + d]);
    let mut each: Vec<Difference> = parts.into_iter().flat_map(|(.., each)| each).collect();

    let all = group("all", each.iter());
    let [limit, least] = limits(all.error[0], all.cosine);
    // What is no number is worse than all that is.
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
    let bands = (0..=BANDS.len()).map(|i| {
        let start = i.checked_sub(1).map_or(0, |before| BANDS[before]);
        let name = match BANDS.get(i) {
            Some(end) => format!("{start} to {}", end - 1),
            None => format!("{start} on"),
        };
        group(&name, each.iter().filter(|it| band(it.ids[1]) == i))
    });
    let by_band = bands.filter(|group| group.tokens > 0).collect();
    let rank = |error: f32| if error.is_nan() { f32::INFINITY } else { error };
    each.sort_by(|a, b| rank(b.error).total_cmp(&rank(a.error)).then(a.ids.cmp(&b.ids)));
    each.truncate(WORST);
    each.retain(|difference| difference.error != 0.0);
    Ok(Comparison {
        error: if sums[1] > 0.0 { (sums[0] / sums[1]).sqrt() } else { 0.0 },
        all,
        by_type,
        by_band,
        worst: each,
        damaged: (damaged, limit),
    })
}

/// The difference of two rows, and `|a - b|²` and `|b|²`.
fn difference(ids: [u32; 2], a: &[f32], b: &[f32]) -> (Difference, [f64; 2]) {
    let (aa, bb, ab) = (similarity::dot(a, a), similarity::dot(b, b), similarity::dot(a, b));
    let apart = a.iter().zip(b).map(|(a, b)| (f64::from(*a) - f64::from(*b)).powi(2)).sum::<f64>();
    // Of a NaN and itself there's no difference to be told, and none there.
    let is_same = apart == 0.0 || a.iter().zip(b).all(|(a, b)| a.to_bits() == b.to_bits());
    let error = if is_same { 0.0 } else { (apart / bb).sqrt() };
    let cosine = if apart == 0.0 && aa > 0.0 { 1.0 } else { ab / (aa * bb).sqrt() };
    (Difference { ids, cosine: cosine as f32, error: error as f32 }, [apart, bb])
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

/// How many of a sample of tokens have another nearest token in the one table
/// than in the other: so many of so many.
///
/// # Errors
/// Where rows can't be read.
pub fn lost_neighbors(
    tables: [&Table; 2],
    matching: &Matching,
    threads: usize,
) -> Result<[u64; 2]> {
    let pairs = &matching.pairs;
    let search = Search { metric: Metric::Cosine, k: 1, threads };
    let [mut lost, mut asked] = [0, 0];
    let mut others: Vec<u32> = pairs.iter().map(|[_, other]| *other).collect();
    others.sort_unstable();
    let places = sample(pairs.len() as u64, ASKED, 17);
    for places in places.chunks((MOST_VALUES / tables[0].d_model()).max(1)) {
        let mut queries = [Vec::new(), Vec::new()];
        for &place in places {
            let ids = pairs[place as usize].map(u64::from);
            let rows = [tables[0].row(ids[0])?, tables[1].row(ids[1])?];
            let usable = |row: &Vec<f32>| {
                let norm = similarity::norm(row);
                norm > 0.0 && norm.is_finite()
            };
            if rows.iter().all(usable) {
                for ((queries, values), id) in queries.iter_mut().zip(rows).zip(ids) {
                    queries.push(Query { id, values });
                }
            }
        }
        let [one, other] = [0, 1].map(|i| {
            let rows = tables[i].rows_present();
            similarity::nearest(tables[i], rows, &queries[i], &search)
        });
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
            // A row that only one of the tables has was not lost.
            if let (Some(place), Some(other)) = (place, matched) {
                asked += 1;
                lost += u64::from(pairs[place][1] != other);
            }
        }
    }
    Ok([lost, asked])
}

/// What a type costs on real rows: the relative error over a whole table, of
/// rows of the Gemma 3 270M table that ggml quantised without an importance
/// matrix; the floats' as the bound that rounding has. `None` where ggml asks
/// for a matrix, or nobody would store a table so.
///
/// For Q8_0, which those rows were stored in, they were moved by half a block
/// first: else it would cost nothing.
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
