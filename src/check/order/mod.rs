//! Whether rows belong to their tokens, and which do where they don't.
//!
//! A learned table keeps the spellings of a word together, so a token's row is
//! near those of its family ([`Families`]): the *fit*. Nothing in the rows says
//! which token they are; nothing in the tokens says where they lie. So where
//! fits are what chance gives, the two don't belong to each other.
//!
//! 1. `fit`: each token's fit, in standard deviations above chance.
//! 2. `segments`: where along the IDs fits fall to chance, by the most likely
//!    sequence of two states.
//! 3. `scan`: in those places rows ask the whole table for their nearest.
//!    `offsets`: pairs of near rows vote for the offset at which they would be
//!    two spellings of one word. What is voted for is tried on every token there.
//! 4. `swaps`: single rows that fit another word's family, whose row fits
//!    theirs.
//! 5. `learned`: where nothing fits anything, whether the table has learned
//!    something at all: then its order is wrong, else there is none to judge.

mod fit;
mod learned;
mod offsets;
mod scan;
mod segments;
mod sums;
mod swaps;

use crate::check::Error;
use std::ops::Range;

use self::sums::Sums;
use super::Families;
use crate::embedding::Table;
use crate::stats::upper_tail;
use crate::vocab::Vocab;

pub use fit::{Fit, Fits};
pub use learned::Geometry;
pub use swaps::Swap;

/// With fewer pairs than this nothing is said.
pub const FEWEST_PAIRS: u64 = 300;

/// Tokens in a window whose mean fit shows whether a table has any order. By
/// chance the mean is 0 with a standard deviation of an eighth.
const WINDOW: usize = 64;

/// The mean fit of the best window in a table with order: chance does not come
/// near it in any number of windows.
const ORDERED: f32 = 1.0;

/// The spread of cosines in a table whose rows are all alike.
const NO_SPREAD: f64 = 1e-6;

/// The fewest tokens that are called a part.
const FEWEST: usize = 6;

/// What can be said of a table's order.
#[derive(Debug)]
pub struct Order {
    /// The verdict.
    pub judged: Judged,
    /// Pairs of neighbours in a family.
    pub pairs: u64,
    /// Their mean cosine.
    pub cosine: f64,
    /// The mean cosine of the same tokens with other words', and its spread.
    pub shuffled: f64,
    /// The standard deviation of the latter.
    pub shuffled_sd: f64,
    /// By how many standard errors the one mean is above the other.
    pub z: f64,
    /// The first and the last token that was judged: of those beyond, nothing
    /// can be told by their spelling.
    pub judged_ids: [u64; 2],
    /// Parts whose rows are not those of their tokens, ascending.
    pub parts: Vec<Part>,
    /// Rows that changed places with each other.
    pub swaps: Vec<Swap>,
    /// What the nearest rows of some look like, where it had to be asked.
    pub geometry: Option<Geometry>,
}

/// Whether there is an order to judge, and what it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Judged {
    /// Rows are those of their tokens, as far as that can be seen.
    Fits,
    /// Some are not, or none.
    Broken,
    /// There are too few pairs of spellings to tell.
    TooFew,
    /// Rows of a word are no nearer than others, and rows in general have no
    /// near ones: the table has not learned anything that could be out of order.
    NotLearned,
}

/// A range of tokens whose rows are not theirs.
#[derive(Clone, Debug, PartialEq)]
pub struct Part {
    /// The first token and the last; between two parts or tokens that can be
    /// judged, as near as those come.
    pub ids: [u64; 2],
    /// What to add to a token's ID to find its row; `None` where no one number
    /// does.
    pub offset: Option<i64>,
    /// How many tokens of it were judged.
    pub tokens: u64,
    /// Their mean cosine with the best of their family, where they are.
    pub cosine: f64,
    /// The same at the offset, or of all other tokens where there is none.
    pub expected: f64,
    /// By how many standard errors the latter is higher.
    pub z: f64,
}

impl Order {
    /// The chance that shuffled pairs have so high a mean.
    pub fn p(&self) -> f64 {
        upper_tail(self.z)
    }

    fn without(judged: Judged, pairs: u64) -> Self {
        Self {
            judged,
            pairs,
            cosine: 0.0,
            shuffled: 0.0,
            shuffled_sd: 0.0,
            z: 0.0,
            judged_ids: [0; 2],
            parts: Vec::new(),
            swaps: Vec::new(),
            geometry: None,
        }
    }
}

/// Judges the order of a table's first `n_tokens` rows.
///
/// # Errors
/// Where rows can't be read.
pub fn judge(
    table: &Table,
    vocab: &Vocab,
    families: &Families,
    n_tokens: u64,
    threads: usize,
) -> Result<Order, Error> {
    if (families.pairs() as u64) < FEWEST_PAIRS {
        return Ok(Order::without(Judged::TooFew, families.pairs() as u64));
    }
    let mut fits = Fits::measure(table, families, threads)?;
    if fits.pairs.n < FEWEST_PAIRS {
        return Ok(Order::without(Judged::TooFew, fits.pairs.n));
    }
    fits.each.sort_unstable_by_key(|fit| fit.id);
    let mut order = Order {
        cosine: fits.pairs.mean(),
        shuffled: fits.shuffled.mean(),
        shuffled_sd: fits.shuffled.sd(),
        z: fits.pairs.z_above(&fits.shuffled),
        judged_ids: [fits.each.first(), fits.each.last()]
            .map(|fit| fit.map_or(0, |fit| fit.id.into())),
        ..Order::without(Judged::Fits, fits.pairs.n)
    };
    if fits.shuffled.sd() < NO_SPREAD {
        order.judged = Judged::NotLearned;
        return Ok(order);
    }
    let best = best_window(&fits.each);
    let ordered = best >= ORDERED;
    // What tells fits from chance: nearer to chance, whose spread is known and
    // the same everywhere, than to the fits of one table's best words.
    let midway = (best / 3.0).clamp(0.5, 1.5);
    let broken = if ordered {
        broken(&fits.each, midway)
    } else {
        std::iter::once(0..fits.each.len()).collect()
    };
    if !broken.is_empty() {
        let search = offsets::Search { table, families, fits: &fits, midway, threads };
        let scan = scan::scan(table, &search.longest(&broken, n_tokens), threads)?;
        order.parts = search.parts(&broken, &scan, n_tokens)?;
        let named = order.parts.iter().any(|part| part.offset.is_some());
        if !ordered && !named {
            let geometry = learned::geometry(table, &scan)?;
            let learned = geometry.is_learned();
            order.geometry = Some(geometry);
            if !learned {
                order.parts.clear();
                order.judged = Judged::NotLearned;
                return Ok(order);
            }
            if order.parts.is_empty() {
                order.parts.push(search.whole(n_tokens));
            }
        }
    }
    if ordered {
        order.swaps = swaps::find(table, vocab, families, &fits, &order.parts, threads)?;
    }
    if !order.parts.is_empty() || !order.swaps.is_empty() {
        order.judged = Judged::Broken;
    }
    Ok(order)
}

/// The mean fit of the window that fits best.
fn best_window(fits: &[Fit]) -> f32 {
    let mean = |window: &[Fit]| window.iter().map(|fit| fit.z).sum::<f32>() / window.len() as f32;
    let whole = fits.chunks_exact(WINDOW.min(fits.len()).max(1));
    whole.map(mean).fold(f32::NEG_INFINITY, f32::max)
}

/// The runs of tokens whose fits are those of chance.
fn broken(fits: &[Fit], midway: f32) -> Vec<Range<usize>> {
    let says = |i: usize, state: usize| {
        let fit = fits[i].z - midway;
        if state == 0 { fit } else { -fit }
    };
    let runs = segments::runs(fits.len(), 2, says).into_iter();
    runs.filter(|run| run.state == 1 && run.span.len() >= FEWEST).map(|run| run.span).collect()
}

/// Fits of a run of tokens, as cosines.
fn cosines(fits: &[Fit]) -> Sums {
    fits.iter().map(|fit| f64::from(fit.cosine)).collect()
}
