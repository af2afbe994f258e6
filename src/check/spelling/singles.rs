//! Single rows that are not their tokens'.

use super::Result;

use super::frame::{Kind, Reader};
use super::judge::{Judge, Look};
use super::tokens::Role;
use super::{Swap, Untrained};
use super::{drawn, swaps};

/// What is found among single rows.
pub struct Singles {
    pub swaps: Vec<Swap>,
    /// Copies of other tokens' rows.
    pub copies: Vec<u64>,
    /// Rows that several tokens have and none suits.
    pub equal: Vec<u64>,
    /// Rows as drawn at random.
    pub redrawn: Vec<u64>,
    /// Never trained, by the worst first.
    pub untrained: Vec<Untrained>,
}

/// Looks at tokens in place whose rows don't fit them.
pub fn find(judge: &Judge, look: &Look) -> Result<Singles> {
    let mut scores: Vec<(f32, u32)> = Vec::new();
    for token in 0..judge.n as u32 {
        let Some(row) = judge.row_of(token) else { continue };
        scores.extend(look.says(token, row).map(|e| (look.scale.score(e), token)));
    }
    let swaps = swaps::find(judge, look, &scores)?;
    scores.retain(|(_, token)| swaps.iter().all(|it| !it.ids.contains(&u64::from(*token))));
    let redrawn = drawn::find(judge, &look.scale, scores)?;
    let (copies, equal) = copies(judge, look)?;
    Ok(Singles { swaps, copies, equal, redrawn, untrained: untrained(judge, look) })
}

/// Ordinary tokens whose rows are like those that training never touched.
fn untrained(judge: &Judge, look: &Look) -> Vec<Untrained> {
    let evidence = &look.evidence;
    let tokens = (0..judge.n as u32).filter(|id| judge.tokens.role(*id as usize) == Role::Judged);
    let rows = tokens.filter_map(|token| Some((token, judge.row_of(token)?)));
    let mut untrained: Vec<Untrained> = rows
        .filter(|(_, row)| evidence.kind(*row) == Kind::NeverTrained)
        .map(|(token, row)| Untrained {
            id: token.into(),
            nats: f64::from(evidence.says(&evidence.ask(token), row)),
        })
        .collect();
    untrained.sort_by(|a, b| a.nats.total_cmp(&b.nats).then(a.id.cmp(&b.id)));
    untrained
}

/// Tokens whose rows equal another token's, value for value: those that have
/// the row of a token which it suits, and those of which nobody knows whose row
/// they have. Rows are drawn before training, and training leaves no two equal
/// that it has touched; so where tokens are ordinary text, equal rows are never
/// chance. Two spellings of one word may share a row, and tokens that training
/// never touched may share theirs with tokens that no text has.
fn copies(judge: &Judge, look: &Look) -> Result<(Vec<u64>, Vec<u64>)> {
    let evidence = &look.evidence;
    let rows = (0..judge.n as u32).filter_map(|token| {
        let row = judge.row_of(token).filter(|row| evidence.kind(*row) != Kind::None)?;
        Some((evidence.fingerprint(row), row, token))
    });
    let mut rows: Vec<(u64, u32, u32)> = rows.collect();
    rows.sort_unstable();
    rows.dedup_by_key(|(_, row, _)| *row);
    let (mut copies, mut nobodys) = (Vec::new(), Vec::new());
    let (mut reader, mut other) = (Reader::default(), Reader::default());
    for group in rows.chunk_by(|a, b| a.0 == b.0).filter(|group| group.len() > 1) {
        let first = reader.read(judge.rows, &[group[0].1])?;
        let mut equal = vec![group[0]];
        for it in &group[1..] {
            if other.read(judge.rows, &[it.1])? == first {
                equal.push(*it);
            }
        }
        let role = |token: u32| judge.tokens.role(token as usize);
        let says = |(_, row, token): &(u64, u32, u32)| look.says(*token, *row);
        let owner = equal
            .iter()
            .filter_map(|it| Some((says(it)?, it.2)))
            .max_by(|a, b| a.0.total_cmp(&b.0).then(b.1.cmp(&a.1)))
            .filter(|(e, _)| look.scale.score(*e) > 0.0);
        let is_nobodys = owner.is_none() && equal.iter().all(|it| role(it.2) != Role::Silent);
        let word = |token: u32| judge.tokens.word(token as usize);
        let mut words: Vec<u32> = equal.iter().map(|it| word(it.2)).collect();
        words.sort_unstable();
        let is_alone = |word: u32| {
            let from = words.partition_point(|it| *it < word);
            word == 0 || words.get(from + 1) != Some(&word)
        };
        let told = equal.iter().map(|it| it.2).filter(|token| {
            role(*token) == Role::Judged
                && owner.is_none_or(|it| it.1 != *token)
                && is_alone(word(*token))
        });
        match owner {
            Some(_) => copies.extend(told.map(u64::from)),
            None if is_nobodys && equal.len() > 1 => nobodys.extend(told.map(u64::from)),
            None => {}
        }
    }
    copies.sort_unstable();
    nobodys.sort_unstable();
    Ok((copies, nobodys))
}
