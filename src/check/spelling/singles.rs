//! Single rows that are not their tokens'.

use super::Result;

use super::frame::Kind;
use super::judge::{Judge, Look};
use super::tokens::Role;
use super::{Copied, Swap, Untrained};
use super::{drawn, equal, swaps};

/// What is found among single rows.
pub struct Singles {
    pub swaps: Vec<Swap>,
    /// Copies of other tokens' rows.
    pub copies: Vec<Copied>,
    /// Rows as drawn at random.
    pub redrawn: Vec<u64>,
    /// Never trained, by the worst first.
    pub untrained: Vec<Untrained>,
}

/// Looks at tokens in place whose rows don't fit them.
pub fn find(judge: &Judge, look: &Look, groups: &[Vec<u32>]) -> Result<Singles> {
    let mut scores: Vec<(f32, u32)> = Vec::new();
    for token in 0..judge.n as u32 {
        let Some(row) = judge.row_of(token) else { continue };
        scores.extend(look.says(token, row).map(|e| (look.scale.score(e), token)));
    }
    let copies = equal::copies(judge, look, groups);
    let is_copy = |token: u32| copies.binary_search_by_key(&u64::from(token), |it| it.id).is_ok();
    scores.retain(|(_, token)| !is_copy(*token));
    let swaps = swaps::find(judge, look, &scores)?;
    scores.retain(|(_, token)| swaps.iter().all(|it| !it.ids.contains(&u64::from(*token))));
    let redrawn = drawn::find(judge, &look.scale, scores)?;
    Ok(Singles { swaps, copies, redrawn, untrained: untrained(judge, look) })
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
