//! Pairs of tokens that have each other's rows.

use super::Result;
use super::Swap;
use super::families::{Families, Kinship};
use super::frame::in_order;
use super::judge::{Judge, Look};
use super::path::CHANCE;
use crate::threads::{self, Pieces};

/// Tokens that are compared with each other: those that fit their rows least.
const MISFITS: usize = 2048;

/// Misfits that a thread compares one after the other.
const TOGETHER: usize = 64;

/// Pairs among tokens with their `scores`.
pub fn find(judge: &Judge, look: &Look, scores: &[(f32, u32)]) -> Result<Vec<Swap>> {
    let families = Families::of(judge);
    let hints = families.hints()?;
    let mut misfits: Vec<(f32, u32)> = scores
        .iter()
        .map(|(score, token)| (score + hints[*token as usize], *token))
        .filter(|(score, _)| *score < 0.0)
        .collect();
    misfits.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    misfits.truncate(MISFITS);
    let misfits: Vec<u32> = misfits.into_iter().map(|(_, token)| token).collect();
    if misfits.len() < 2 {
        return Ok(Vec::new());
    }
    let fits: Vec<u32> = scores.iter().filter(|it| it.0 >= 0.0).map(|it| it.1).collect();
    let kinship = families.kinship(&misfits, &fits)?;
    let (n, said) = (misfits.len(), said(judge, look, &kinship, &misfits));
    let at = |i: usize, j: usize| {
        let piece: &[f32] = &said[i / TOGETHER];
        f64::from(piece[i % TOGETHER * n + j])
    };
    let gain = |i: usize, j: usize| at(i, j) + at(j, i) - at(i, i) - at(j, j);
    let mut best: Vec<Option<(f64, usize)>> = vec![None; n];
    for i in 0..n {
        for j in 0..i {
            let gain = gain(i, j);
            for (i, j) in [(i, j), (j, i)] {
                if best[i].is_none_or(|(most, _)| gain > most) {
                    best[i] = Some((gain, j));
                }
            }
        }
    }
    // Each is the other's best partner. The gain exceeds what the best of all pairs
    // reaches by chance, and the score after the exchange exceeds what the best pair
    // of misfits would have.
    let pairs = |n: usize| (n.max(2) as f64).powi(2).ln() - 2_f64.ln();
    let bar = pairs(judge.n) - CHANCE.ln();
    let fit_bar = pairs(n);
    let mut swaps = Vec::new();
    for (i, partner) in best.iter().enumerate() {
        let Some((nats, j)) = *partner else { continue };
        let is_mutual = best[j].is_some_and(|(_, back)| back == i);
        if i < j && is_mutual && nats >= bar && at(i, j) + at(j, i) >= fit_bar {
            let mut ids = [misfits[i].into(), misfits[j].into()];
            ids.sort_unstable();
            swaps.push(Swap { ids, nats });
        }
    }
    swaps.sort_by_key(|swap| swap.ids);
    Ok(swaps)
}

/// What each misfit's spelling and relatives say for the row of each: one row a
/// token, so many rows in each part.
fn said(judge: &Judge, look: &Look, kinship: &Kinship, misfits: &[u32]) -> Vec<Vec<f32>> {
    let row_of = |misfit: &u32| judge.row_of(*misfit).unwrap_or(*misfit);
    let rows = look.evidence.abreast(&misfits.iter().map(row_of).collect::<Vec<u32>>());
    let pieces = Pieces::new(misfits.len() as u64, TOGETHER as u64);
    let parts: Result<_> = threads::each(pieces.threads(judge.frame.threads), || {
        let mut parts = Vec::new();
        while let Some(piece) = pieces.next() {
            let tokens = piece.start as usize..piece.end as usize;
            let mut said = kinship.say(judge, tokens.clone());
            let word = |token: u32| judge.tokens.word(token as usize);
            for (i, said) in tokens.zip(said.chunks_exact_mut(misfits.len())) {
                let (token, own) = (&misfits[i], said[i]);
                // Two spellings of a word are related in each other's place too.
                if word(*token) != 0 {
                    let others = misfits.iter().zip(said.iter_mut());
                    let same = others.filter(|(other, _)| word(**other) == word(*token));
                    same.for_each(|(_, said)| *said = own);
                }
                let of_rows = look.evidence.say(&look.evidence.ask(*token), &rows);
                for (said, of_row) in said.iter_mut().zip(of_rows) {
                    *said += look.scale.score(of_row);
                }
            }
            parts.push((piece.start, said));
        }
        Ok(parts)
    });
    in_order(parts.unwrap_or_default())
}
