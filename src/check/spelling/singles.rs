//! Single rows that are not their tokens': exchanged, or copied.

use super::Result;
use hashbrown::HashMap;

use super::drawn;
use super::evidence::{Evidence, small_bin};
use super::frame::{Kind, Reader, in_order, piece};
use super::judge::{Judge, Look};
use super::matrix::{self, Left};
use super::path::CHANCE;
use super::tokens::Role;
use super::{Swap, Untrained};
use crate::stats::{Moments, sample};
use crate::threads::{self, Pieces};

/// Misfits that are compared with each other, and partners that are kept of
/// each.
const MISFITS: usize = 2048;
const PARTNERS: usize = 8;

/// Relatives of a word that are looked at.
const RELATIVES: usize = 6;

/// Words that tell how near relatives are.
const WORDS: u64 = 1024;

/// The most that relatives may say, in nats.
const MOST: f64 = 10.0;

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

/// Rows whitened to unit length, and how long they were before.
struct Whitened {
    width: usize,
    points: Vec<f32>,
    index: HashMap<u32, usize>,
}

impl Whitened {
    fn of(judge: &Judge, mut ids: Vec<u32>) -> Result<Self> {
        ids.sort_unstable();
        ids.dedup();
        let (width, level) = (judge.frame.width, judge.frame.level);
        let across = matrix::Panels::of(&matrix::transposed(&judge.frame.rows, width), width);
        let mut all = Self { width, points: Vec::new(), index: HashMap::new() };
        let (mut reader, mut points) = (Reader::default(), Vec::new());
        for block in ids.chunks(piece(judge.rows.dim())) {
            let (points, _) = judge.frame.points(reader.read(judge.rows, block)?, &mut points);
            let start = all.points.len();
            all.points.resize(start + points.len(), 0.0);
            matrix::multiply(level, Left::Rows(points), &across, &mut all.points[start..]);
            for (id, point) in block.iter().zip(all.points[start..].chunks_exact_mut(width)) {
                let norm = matrix::dot(level, point, point).sqrt();
                all.index.insert(*id, all.index.len());
                if norm > 0.0 {
                    point.iter_mut().for_each(|x| *x /= norm);
                }
            }
        }
        Ok(all)
    }

    fn point(&self, id: u32) -> &[f32] {
        &self.points[self.index[&id] * self.width..][..self.width]
    }
}

/// The relatives of tokens: other spellings of the same word.
struct Families {
    /// Words and tokens, by word.
    by_word: Vec<(u32, u32)>,
}

impl Families {
    fn of(judge: &Judge) -> Self {
        let ids = (0..judge.n as u32).filter(|id| judge.tokens.role(*id as usize) == Role::Judged);
        let words = ids.map(|id| (judge.tokens.word(id as usize), id));
        let mut by_word: Vec<(u32, u32)> = words.filter(|(word, _)| *word != 0).collect();
        by_word.sort_unstable();
        Self { by_word }
    }

    fn relatives(&self, judge: &Judge, token: u32) -> Vec<u32> {
        let word = judge.tokens.word(token as usize);
        if word == 0 {
            return Vec::new();
        }
        let from = self.by_word.partition_point(|(other, _)| *other < word);
        let same = self.by_word[from..].iter().take_while(|(other, _)| *other == word);
        let others = same.map(|(_, id)| *id).filter(|id| *id != token);
        others.filter_map(|id| judge.row_of(id)).take(RELATIVES).collect()
    }
}

/// How near a row is to a word's, where it is one of them and where not.
struct Nearness {
    own: Moments,
    strange: Moments,
}

impl Nearness {
    /// By how much a cosine speaks for a word: the logarithm of the ratio of
    /// two normal densities; beyond the mean of its own it grows no more.
    fn says(&self, cosine: f64) -> f64 {
        let at = |moments: &Moments| {
            let sd = moments.sample_sd().max(1e-6);
            -0.5 * ((cosine.min(self.own.mean()) - moments.mean()) / sd).powi(2) - sd.ln()
        };
        (at(&self.own) - at(&self.strange)).clamp(-MOST, MOST)
    }

    fn is_known(&self) -> bool {
        self.own.n() >= 30 && self.own.mean() > self.strange.mean() + self.strange.sample_sd()
    }
}

/// Looks at tokens in place whose rows don't fit them.
pub fn find(judge: &Judge, look: &Look) -> Result<Singles> {
    let Look { evidence, scale, .. } = look;
    let level = judge.frame.level;
    let mut scores: Vec<(f32, u32)> = Vec::new();
    for token in 0..judge.n as u32 {
        let Some(row) = judge.row_of(token) else { continue };
        scores.extend(look.says(token, row).map(|e| (scale.score(e), token)));
    }
    let fits: Vec<u32> = scores.iter().filter(|it| it.0 >= 0.0).map(|it| it.1).collect();
    let mut misfits: Vec<(f32, u32)> = scores.iter().copied().filter(|it| it.0 < 0.0).collect();
    misfits.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    misfits.truncate(MISFITS);
    let row = |token: u32| judge.row_of(token).unwrap_or(token);

    // Who might have whose row, by spelling.
    let said = said(judge, evidence, &misfits);
    let gain = |i: usize, j: usize| {
        let says = |i: usize, j: usize| f64::from(scale.of_bin(said[i * misfits.len() + j]));
        says(i, j) + says(j, i) - f64::from(misfits[i].0) - f64::from(misfits[j].0)
    };
    let mut partners: Vec<Vec<(f64, usize)>> = vec![Vec::new(); misfits.len()];
    for i in 0..misfits.len() {
        for j in 0..i {
            let gain = gain(i, j);
            for (i, j) in [(i, j), (j, i)] {
                let partners = &mut partners[i];
                if partners.len() < PARTNERS {
                    partners.push((gain, j));
                } else if let Some(least) = partners.iter_mut().min_by(|a, b| a.0.total_cmp(&b.0))
                    && gain > least.0
                {
                    *least = (gain, j);
                }
            }
        }
    }

    // What relatives say to that.
    let families = Families::of(judge);
    let of_misfits: Vec<Vec<u32>> =
        misfits.iter().map(|(_, token)| families.relatives(judge, *token)).collect();
    let chosen = sample(fits.len() as u64, 8 * WORDS, 31).into_iter().map(|i| fits[i as usize]);
    let of_fits: Vec<(u32, Vec<u32>)> = chosen
        .map(|token| (token, families.relatives(judge, token)))
        .filter(|(_, relatives)| !relatives.is_empty())
        .take(WORDS as usize)
        .collect();
    let mut ids: Vec<u32> = misfits.iter().map(|(_, token)| row(*token)).collect();
    ids.extend(of_misfits.iter().flatten());
    ids.extend(
        of_fits
            .iter()
            .flat_map(|(token, relatives)| relatives.iter().copied().chain([row(*token)])),
    );
    let whitened = Whitened::of(judge, ids)?;
    let middle = |relatives: &[u32]| {
        let mut middle = vec![0.0; whitened.width];
        relatives
            .iter()
            .for_each(|id| matrix::add_scaled(level, &mut middle, 1.0, whitened.point(*id)));
        let norm = matrix::dot(level, &middle, &middle).sqrt().max(f32::MIN_POSITIVE);
        middle.iter_mut().for_each(|x| *x /= norm);
        middle
    };
    let mut nearness =
        [(); 2].map(|()| Nearness { own: Moments::default(), strange: Moments::default() });
    for (i, (token, relatives)) in of_fits.iter().enumerate() {
        let middle = middle(relatives);
        let cosine =
            |token: u32| f64::from(matrix::dot(level, &middle, whitened.point(row(token))));
        let nearness = &mut nearness[usize::from(relatives.len() > 1)];
        nearness.own.add(cosine(*token));
        nearness.strange.add(cosine(of_fits[(i + of_fits.len() / 2) % of_fits.len()].0));
    }
    let middles: Vec<Option<Vec<f32>>> = of_misfits
        .iter()
        .map(|relatives| (!relatives.is_empty()).then(|| middle(relatives)))
        .collect();
    let related = |i: usize, j: usize| {
        let Some(middle) = &middles[i] else { return 0.0 };
        let nearness = &nearness[usize::from(of_misfits[i].len() > 1)];
        if !nearness.is_known() {
            return 0.0;
        }
        nearness.says(matrix::dot(level, middle, whitened.point(row(misfits[j].1))).into())
    };

    // Each other's best, better than any of the n²/2 pairs is by chance; and
    // better where they go than any pair of misfits would be.
    let pairs = |n: usize| (n as f64).powi(2).ln() - 2_f64.ln();
    let bar = pairs(judge.n) - CHANCE.ln();
    let fit_bar = pairs(misfits.len().max(2));
    let full: Vec<Vec<(f64, usize)>> = (0..misfits.len())
        .map(|i| {
            let with = |(gain, j): &(f64, usize)| {
                let more = related(i, *j) + related(*j, i) - related(i, i) - related(*j, *j);
                (gain + more, *j)
            };
            let mut partners: Vec<(f64, usize)> = partners[i].iter().map(with).collect();
            partners.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
            partners
        })
        .collect();
    let mut swaps = Vec::new();
    for (i, partners) in full.iter().enumerate() {
        let Some(&(nats, j)) = partners.first() else { continue };
        let back = full[j].first().is_some_and(|(_, back)| *back == i);
        let fit = gain(i, j) + f64::from(misfits[i].0) + f64::from(misfits[j].0);
        let is_fit = fit + related(i, j) + related(j, i) >= fit_bar;
        if nats >= bar && is_fit && back && i < j {
            let mut ids = [misfits[i].1.into(), misfits[j].1.into()];
            ids.sort_unstable();
            swaps.push(Swap { ids, nats });
        }
    }
    swaps.sort_by_key(|swap| swap.ids);

    scores.retain(|(_, token)| swaps.iter().all(|it| !it.ids.contains(&u64::from(*token))));
    let redrawn = drawn::find(judge, scale, scores)?;

    let mut untrained: Vec<Untrained> = (0..judge.n as u32)
        .filter(|id| judge.tokens.role(*id as usize) == Role::Judged)
        .filter(|id| judge.row_of(*id).is_some_and(|row| evidence.kind(row) == Kind::NeverTrained))
        .map(|id| Untrained {
            id: id.into(),
            nats: f64::from(evidence.says(&evidence.ask(id), row(id))),
        })
        .collect();
    untrained.sort_by(|a, b| a.nats.total_cmp(&b.nats).then(a.id.cmp(&b.id)));
    let (copies, equal) = copies(judge, look)?;
    Ok(Singles { swaps, copies, equal, redrawn, untrained })
}

/// What the row of each misfit says for being each other's: one row a token.
fn said(judge: &Judge, evidence: &Evidence, misfits: &[(f32, u32)]) -> Vec<u8> {
    let pieces = Pieces::new(misfits.len() as u64, 64);
    let parts: Result<_> = threads::each(pieces.threads(judge.frame.threads), || {
        let mut parts = Vec::new();
        while let Some(piece) = pieces.next() {
            let mut said = Vec::with_capacity(64 * misfits.len());
            for (_, token) in &misfits[piece.start as usize..piece.end as usize] {
                let asked = evidence.ask(*token);
                let rows = misfits.iter().map(|(_, other)| judge.row_of(*other).unwrap_or(*other));
                said.extend(rows.map(|row| small_bin(evidence.says(&asked, row))));
            }
            parts.push((piece.start, said));
        }
        Ok(parts)
    });
    in_order(parts.unwrap_or_default()).concat()
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
            role(*token) == Role::Judged && owner.is_none_or(|it| it.1 != *token)
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
