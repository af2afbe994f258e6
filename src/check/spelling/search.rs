//! Proposes pairings (offset, reversed, exchanged) for tokens whose rows are not in
//! place.

use super::Result;

use super::fit::{Fit, Pair};
use super::judge::{Judge, Look, price};
use super::lags;
use super::path::{Bar, Pairing, Run};
use super::tokens::Role;
use crate::stats::sample;
use crate::threads::{self, Pieces};

/// Stretches that are looked at, the longest ones.
const STRETCHES: usize = 24;

/// Tokens of a stretch that every row is tried for, offsets that are tried on
/// more, and tokens that those are tried on.
const ASKED: u64 = 8;
const TRIED: usize = 64;
const MORE: u64 = 96;

/// The fewest tokens whose rows are called reversed.
const REVERSED: usize = 32;

/// Offsets that each stretch's tokens agree on, by the evidence of a fit.
pub fn offsets(judge: &Judge, look: &Look, bar: &Bar, runs: &[Run]) -> Vec<Pairing> {
    let nowhere = judge.hypotheses.len();
    let mut stretches: Vec<&Run> = runs.iter().filter(|run| run.state == nowhere).collect();
    stretches.sort_by_key(|run| std::cmp::Reverse(run.span.len()));
    stretches.truncate(STRETCHES);
    let pieces = Pieces::new(stretches.len() as u64, 1);
    let found: Result<_> = threads::each(pieces.threads(judge.frame.threads), || {
        let mut found = Vec::new();
        while let Some(piece) = pieces.next() {
            let run = stretches[piece.start as usize];
            found.push((piece.start, of_stretch(judge, look, bar, run)));
        }
        Ok(found)
    });
    let mut found = found.map(super::frame::in_order).unwrap_or_default().concat();
    let mut seen = std::collections::HashSet::new();
    found.retain(|pairing| seen.insert(*pairing));
    found
}

fn of_stretch(judge: &Judge, look: &Look, bar: &Bar, run: &Run) -> Vec<Pairing> {
    let (cap, Look { evidence, scale, .. }) = (bar.cap(), look);
    let tokens: Vec<u32> = (run.span.start as u32..run.span.end as u32)
        .filter(|id| judge.tokens.role(*id as usize) == Role::Judged)
        .collect();
    let choose = |n: u64| {
        let chosen = sample(tokens.len() as u64, n, 13).into_iter();
        chosen.map(|i| tokens[i as usize]).collect::<Vec<u32>>()
    };
    let score = |tokens: &[u32], pairing: Pairing| -> f64 {
        let each = tokens.iter().filter_map(|token| {
            let row = pairing.row(*token, judge.n)?;
            let score = evidence
                .can_tell(*token, row)
                .then(|| scale.score(evidence.says(&evidence.ask(*token), row)));
            Some(score?.clamp(-cap, cap))
        });
        // A stretch may have several orders, one after the other.
        let (mut here, mut best) = (0.0_f64, 0.0_f64);
        for score in each.map(f64::from) {
            here = (here + score).max(0.0);
            best = best.max(here);
        }
        best
    };
    let few = choose(ASKED);
    let n = judge.n as i64;
    // Sums at every offset from -n to n, and at every sum for rows reversed.
    let mut at = vec![[0.0_f32; 2]; 2 * judge.n];
    for token in &few {
        let asked = evidence.ask(*token);
        for row in 0..judge.n as u32 {
            if !evidence.can_tell(*token, row) {
                continue;
            }
            let score = scale.score(evidence.says(&asked, row)).clamp(-cap, cap);
            at[(i64::from(row) - i64::from(*token) + n) as usize][0] += score;
            at[(i64::from(row) + i64::from(*token)) as usize][1] += score;
        }
    }
    let mut tried = Vec::new();
    // Few rows are in any order that is looked for.
    let kinds = if tokens.len() < REVERSED { 1 } else { 2 };
    for kind in 0..kinds {
        let mut order: Vec<u32> = (0..at.len() as u32).collect();
        let by = |a: &u32, b: &u32| {
            at[*b as usize][kind].total_cmp(&at[*a as usize][kind]).then(a.cmp(b))
        };
        order.select_nth_unstable_by(TRIED.min(at.len() - 1), by);
        order.truncate(TRIED);
        tried.extend(order.into_iter().map(|place| match kind {
            0 => Pairing::Shift(i64::from(place) - n),
            _ => Pairing::Mirror(place.into()),
        }));
    }
    tried.extend((-8..=8).filter(|offset| *offset != 0).map(Pairing::Shift));
    tried.extend([false, true].map(Pairing::Exchange));
    let more = choose(MORE);
    let mut best: Vec<(f64, Pairing)> = tried
        .into_iter()
        .map(|pairing| {
            let price = match pairing {
                Pairing::Shift(offset) => price(offset),
                Pairing::Exchange(_) => price(1),
                Pairing::Mirror(sum) => {
                    price(sum - run.span.start as i64 - run.span.end as i64 + 1)
                }
            };
            (score(&more, pairing) - price, pairing)
        })
        .filter(|(score, _)| *score > 0.0)
        .collect();
    best.sort_by(|a, b| b.0.total_cmp(&a.0));
    best.truncate(2);
    best.into_iter().map(|(_, pairing)| pairing).collect()
}

/// Pairs that a search for an order fits at a time.
const FITTED: u64 = 12_000;

/// The pairing that fits tokens best whose rows are not in place; `None` if none
/// fits.
pub fn elsewhere(judge: &Judge, tokens: &[u32]) -> Result<Option<Pairing>> {
    let heard: Vec<u32> = tokens
        .iter()
        .copied()
        .filter(|id| judge.tokens.role(*id as usize) != Role::Silent)
        .collect();
    let chosen: Vec<u32> =
        sample(heard.len() as u64, FITTED, 21).into_iter().map(|i| heard[i as usize]).collect();
    if chosen.is_empty() {
        return Ok(None);
    }
    let mut tried: Vec<Pairing> = (1..=8).flat_map(|i| [i, -i]).map(Pairing::Shift).collect();
    tried.extend([false, true].map(Pairing::Exchange));
    tried.push(Pairing::Mirror(judge.n as i64 - 1));
    for offset in lags::likeliest(judge, tokens)? {
        tried.extend(
            (!tried.contains(&Pairing::Shift(offset)) && offset != 0)
                .then_some(Pairing::Shift(offset)),
        );
    }
    // Rows of other regions: what a region's words have in common.
    let far = [judge.n as i64 / 7, judge.n as i64 / 11].map(Pairing::Shift);
    let mut best: Option<(f64, Pairing)> = None;
    let mut chance = Vec::new();
    for pairing in far.into_iter().chain(tried) {
        let pairs: Vec<Pair> =
            chosen.iter().filter_map(|id| Some([*id, pairing.row(*id, judge.n)?])).collect();
        let fit = Fit::of(judge.rows, judge.frame, judge.tokens, &pairs, 2, judge.seed)?;
        let r2 = fit.measure(judge.rows, judge.frame, judge.tokens, &pairs)?;
        if far.contains(&pairing) {
            chance.push(r2);
        } else if best.is_none_or(|(most, _)| r2 > most) {
            best = Some((r2, pairing));
        }
    }
    let chance = chance.into_iter().fold(0.0, f64::max);
    Ok(best.filter(|(r2, _)| *r2 > 2.0 * chance + 0.3).map(|(_, pairing)| pairing))
}
