//! Single rows that are not their tokens': exchanged, or drawn anew.

use super::Result;
use hashbrown::HashMap;

use super::evidence::{Evidence, Scale};
use super::frame::{Kind, Reader, piece};
use super::judge::Judge;
use super::matrix::{self, Left};
use super::path::CHANCE;
use super::tokens::Role;
use super::{Swap, Untrained};
use crate::stats::{Moments, mix, quantile, sample};

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

/// Standard deviations from the mean draw within which a row looks drawn. Rows
/// that training hardly touched lie below; so the lowest draws are left out.
const DRAWN: [f64; 2] = [-2.0, 4.0];

/// Rows that are drawn to see what such rows look like.
const DRAWS: u64 = 64;

/// The share of rows that fit and may still look drawn.
const BY_CHANCE: f64 = 0.01;

/// What is found among single rows.
pub struct Singles {
    pub swaps: Vec<Swap>,
    /// Copies of other tokens' rows.
    pub copies: Vec<u64>,
    /// Rows as drawn at random.
    pub redrawn: Vec<u64>,
    /// Never trained, by the worst first.
    pub untrained: Vec<Untrained>,
}

/// Rows whitened to unit length, and how long they were before.
struct Whitened {
    width: usize,
    points: Vec<f32>,
    norms: Vec<f64>,
    index: HashMap<u32, usize>,
}

impl Whitened {
    fn of(judge: &Judge, mut ids: Vec<u32>) -> Result<Self> {
        ids.sort_unstable();
        ids.dedup();
        let (width, level) = (judge.frame.width, judge.frame.level);
        let across = matrix::Panels::of(&matrix::transposed(&judge.frame.rows, width), width);
        let mut all = Self { width, points: Vec::new(), norms: Vec::new(), index: HashMap::new() };
        let (mut reader, mut points) = (Reader::default(), Vec::new());
        for block in ids.chunks(piece(judge.rows.dim())) {
            let (points, _) = judge.frame.points(reader.read(judge.rows, block)?, &mut points);
            let start = all.points.len();
            all.points.resize(start + points.len(), 0.0);
            matrix::multiply(level, Left::Rows(points), &across, &mut all.points[start..]);
            for (id, point) in block.iter().zip(all.points[start..].chunks_exact_mut(width)) {
                let norm = matrix::dot(level, point, point).sqrt();
                all.index.insert(*id, all.norms.len());
                all.norms.push(norm.into());
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

    fn norm(&self, id: u32) -> f64 {
        self.norms[self.index[&id]]
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
pub fn find(judge: &Judge, evidence: &Evidence, scale: &Scale) -> Result<Singles> {
    let level = judge.frame.level;
    let (mut misfits, mut fits): (Vec<(f32, u32)>, Vec<u32>) = (Vec::new(), Vec::new());
    for token in 0..judge.n as u32 {
        let Some(row) = judge.row_of(token).filter(|row| evidence.can_tell(token, *row)) else {
            continue;
        };
        let score = scale.score(evidence.says(&evidence.ask(token), row));
        if score < 0.0 {
            misfits.push((score, token));
        } else {
            fits.push(token);
        }
    }
    misfits.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    misfits.truncate(MISFITS);
    let row = |token: u32| judge.row_of(token).unwrap_or(token);

    // Who might have whose row, by spelling.
    let asked: Vec<_> = misfits.iter().map(|(_, token)| evidence.ask(*token)).collect();
    let gain = |i: usize, j: usize| {
        let says = |i: usize, j: usize| {
            f64::from(scale.score(evidence.says(&asked[i], row(misfits[j].1))))
        };
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
    let usual: Vec<u32> =
        sample(fits.len() as u64, 1024, 33).into_iter().map(|i| row(fits[i as usize])).collect();
    let mut ids: Vec<u32> = misfits.iter().map(|(_, token)| row(*token)).collect();
    ids.extend(of_misfits.iter().flatten());
    ids.extend(
        of_fits
            .iter()
            .flat_map(|(token, relatives)| relatives.iter().copied().chain([row(*token)])),
    );
    ids.extend(&usual);
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
    let mut in_swap = vec![false; misfits.len()];
    for (i, partners) in full.iter().enumerate() {
        let Some(&(nats, j)) = partners.first() else { continue };
        let back = full[j].first().is_some_and(|(_, back)| *back == i);
        let fit = gain(i, j) + f64::from(misfits[i].0) + f64::from(misfits[j].0);
        let is_fit = fit + related(i, j) + related(j, i) >= fit_bar;
        if nats >= bar && is_fit && back && i < j {
            (in_swap[i], in_swap[j]) = (true, true);
            let mut ids = [misfits[i].1.into(), misfits[j].1.into()];
            ids.sort_unstable();
            swaps.push(Swap { ids, nats });
        }
    }
    swaps.sort_by_key(|swap| swap.ids);

    let taken = |i: usize| in_swap[i];
    // A drawn row says as little for its token as a stranger's.
    let says_little = |score: f32| f64::from(score) < scale.of_strangers() / 2.0;
    let kept = (0..misfits.len()).filter(|i| !taken(*i) && says_little(misfits[*i].0));
    let kept = kept.map(|i| misfits[i].1);
    let redrawn =
        redrawn(judge, &whitened, &usual, kept.map(|token| (token, row(token))).collect())?;

    let mut untrained: Vec<Untrained> = (0..judge.n as u32)
        .filter(|id| judge.tokens.role(*id as usize) == Role::Judged)
        .filter(|id| judge.row_of(*id).is_some_and(|row| evidence.kind(row) == Kind::NeverTrained))
        .map(|id| Untrained {
            id: id.into(),
            nats: f64::from(evidence.says(&evidence.ask(id), row(id))),
        })
        .collect();
    untrained.sort_by(|a, b| a.nats.total_cmp(&b.nats).then(a.id.cmp(&b.id)));
    Ok(Singles { swaps, copies: copies(judge, evidence, scale)?, redrawn, untrained })
}

/// Tokens whose rows equal another token's, value for value, which that row
/// suits better. Training leaves no two rows equal that it has touched.
fn copies(judge: &Judge, evidence: &Evidence, scale: &Scale) -> Result<Vec<u64>> {
    let usual = (0..judge.n as u32).filter_map(|token| {
        let row = judge.row_of(token).filter(|row| evidence.kind(*row) == Kind::Usual)?;
        Some((evidence.fingerprint(row), token, row))
    });
    let mut usual: Vec<(u64, u32, u32)> = usual.collect();
    usual.sort_unstable_by_key(|(hash, token, row)| (*hash, *row, *token));
    usual.dedup_by_key(|(_, _, row)| *row);
    let mut copies = Vec::new();
    let (mut reader, mut other) = (Reader::default(), Reader::default());
    for group in usual.chunk_by(|a, b| a.0 == b.0).filter(|group| group.len() > 1) {
        let first = reader.read(judge.rows, &[group[0].2])?;
        let mut equal = vec![group[0]];
        for it in &group[1..] {
            if other.read(judge.rows, &[it.2])? == first {
                equal.push(*it);
            }
        }
        let says = |(_, token, row): &(u64, u32, u32)| evidence.says(&evidence.ask(*token), *row);
        let is_judged = |token: u32| judge.tokens.role(token as usize) == Role::Judged;
        let owner = equal.iter().max_by(|a, b| says(a).total_cmp(&says(b)).then(b.1.cmp(&a.1)));
        // Never trained rows may be equal too: those suit nobody.
        let owner = owner.filter(|it| scale.score(says(it)) > 0.0).map(|it| it.1);
        if owner.is_none() {
            continue;
        }
        copies
            .extend(equal.iter().map(|it| it.1).filter(|it| Some(*it) != owner && is_judged(*it)));
    }
    copies.sort_unstable();
    Ok(copies.into_iter().map(u64::from).collect())
}

/// Which of some misfits look like random draws. Those differ from trained
/// rows in all directions alike, so what is small in trained rows is large in
/// them, and whitening makes it larger. How large is found by drawing some:
/// with the mean and the spread of the table's values, and around zero.
fn redrawn(
    judge: &Judge,
    whitened: &Whitened,
    usual: &[u32],
    misfits: Vec<(u32, u32)>,
) -> Result<Vec<u64>> {
    let d_model = judge.rows.dim();
    let mut reader = Reader::default();
    let mut values = vec![Moments::default(); d_model];
    let mut square = Moments::default();
    for block in usual.chunks(piece(d_model)) {
        for row in reader.read(judge.rows, block)?.chunks_exact(d_model) {
            for (moments, x) in values.iter_mut().zip(row) {
                moments.add(f64::from(*x));
            }
            square.add(f64::from(matrix::dot(judge.frame.level, row, row)) / d_model as f64);
        }
    }
    let mut norms: Vec<f64> = usual.iter().map(|id| whitened.norm(*id).ln()).collect();
    let Some(highest) = quantile(&mut norms, 1.0 - BY_CHANCE) else { return Ok(Vec::new()) };
    let mut ranges = Vec::new();
    for around_zero in [false, true] {
        let mut rows = Vec::with_capacity(DRAWS as usize * d_model);
        for draw in 0..DRAWS {
            for (i, moments) in values.iter().enumerate() {
                let chance = normal(mix(draw << 32 | i as u64));
                rows.push(match around_zero {
                    false => (moments.mean() + moments.sample_sd() * chance) as f32,
                    true => (square.mean().sqrt() * chance) as f32,
                });
            }
        }
        let mut points = Vec::new();
        let width = judge.frame.width;
        let (points, _) = judge.frame.points(&rows, &mut points);
        let across = matrix::transposed(&judge.frame.rows, width);
        let white = matrix::product(judge.frame.level, Left::Rows(points), &across, width);
        let norm =
            |point: &[f32]| f64::from(matrix::dot(judge.frame.level, point, point)).sqrt().ln();
        let drawn: Moments = white.chunks_exact(width).map(norm).collect();
        let [low, high] = DRAWN.map(|sds| drawn.mean() + sds * drawn.sample_sd());
        ranges.push((low.max(highest), high));
    }
    let looks_drawn = |norm: f64| ranges.iter().any(|(low, high)| (*low..=*high).contains(&norm));
    let mut redrawn: Vec<u64> = misfits
        .iter()
        .filter(|(_, row)| looks_drawn(whitened.norm(*row).ln()))
        .map(|(token, _)| u64::from(*token))
        .collect();
    redrawn.sort_unstable();
    // Rows that training hardly touched reach from usual ones to drawn ones:
    // where fewer look drawn than lie between, they are the end of those.
    if 2 * redrawn.len() < misfits.len() {
        redrawn.clear();
    }
    Ok(redrawn)
}

/// A normal number of a seed: the sum of twelve uniform ones.
fn normal(seed: u64) -> f64 {
    (0..12)
        .map(|i| (mix(seed.wrapping_mul(12).wrapping_add(i)) >> 11) as f64 / (1_u64 << 53) as f64)
        .sum::<f64>()
        - 6.0
}
