//! Rows that equal others, value for value.

use hashbrown::HashMap;

use super::frame::{Kind, Reader};
use super::judge::{Judge, Look};
use super::tokens::Role;
use super::{Copied, Result};

/// Groups of rows that are equal, ascending.
pub fn groups(judge: &Judge, look: &Look) -> Result<Vec<Vec<u32>>> {
    let rows = (0..judge.n as u32).filter(|row| look.evidence.kind(*row) != Kind::None);
    let mut rows: Vec<(u64, u32)> = rows.map(|row| (look.evidence.fingerprint(row), row)).collect();
    rows.sort_unstable();
    let (mut reader, mut other) = (Reader::default(), Reader::default());
    let mut groups = Vec::new();
    for alike in rows.chunk_by(|a, b| a.0 == b.0).filter(|group| group.len() > 1) {
        let first = reader.read(judge.rows, &[alike[0].1])?;
        let mut equal = vec![alike[0].1];
        for (_, row) in &alike[1..] {
            if other.read(judge.rows, &[*row])? == first {
                equal.push(*row);
            }
        }
        groups.extend((equal.len() > 1).then_some(equal));
    }
    Ok(groups)
}

/// Which of these rows are the mean row. Rows that were overwritten with it
/// have moved the mean, by no more than their share of the distance that rows
/// have from it.
pub fn means(judge: &Judge, groups: &[Vec<u32>]) -> Result<Vec<u32>> {
    let mut reader = Reader::default();
    let mut means = Vec::new();
    for group in groups {
        let share = group.len() as f32 / judge.n as f32;
        if judge.frame.is_near_mean(reader.read(judge.rows, &group[..1])?, share) {
            means.extend(group);
        }
    }
    means.sort_unstable();
    Ok(means)
}

/// Tokens whose rows equal another token's, which the row suits better.
/// Training leaves no two rows equal that it has touched. Those that it never
/// touched suit nobody, and other spellings of a word may share its row.
pub fn copies(judge: &Judge, look: &Look, groups: &[Vec<u32>]) -> Vec<Copied> {
    let mut group_of = HashMap::new();
    for (i, group) in groups.iter().enumerate() {
        group_of.extend(group.iter().map(|row| (*row, i)));
    }
    let mut tokens: Vec<Vec<(u32, u32)>> = vec![Vec::new(); groups.len()];
    for token in 0..judge.n as u32 {
        let Some(row) = judge.row_of(token) else { continue };
        if let Some(group) = group_of.get(&row) {
            tokens[*group].push((token, row));
        }
    }
    let word = |token: u32| judge.tokens.word(token as usize);
    let mut copies = Vec::new();
    for tokens in tokens {
        let said = tokens.iter().filter_map(|it| Some((look.says(it.0, it.1)?, it.0)));
        let best = said.max_by(|a, b| a.0.total_cmp(&b.0).then(b.1.cmp(&a.1)));
        let Some((e, owner)) = best else { continue };
        if look.scale.score(e) > 0.0 {
            let others = tokens.iter().map(|it| it.0).filter(|token| *token != owner);
            let others = others.filter(|it| judge.tokens.role(*it as usize) == Role::Judged);
            let others = others.filter(|it| word(*it) == 0 || word(*it) != word(owner));
            copies.extend(others.map(|id| Copied { id: id.into(), of: owner.into() }));
        }
    }
    copies.sort_unstable();
    copies
}
