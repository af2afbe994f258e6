//! What other spellings of a word say about a row: ` word`, `Word` and `word`
//! have rows near each other.

use super::Result;
use super::frame::{Kind, Reader, blocks, in_order};
use super::judge::Judge;
use super::matrix::{self, Left, Panels};
use super::tokens::Role;
use crate::stats::{Moments, sample};
use crate::threads::{self, Pieces};

/// Relatives of a token that are looked at.
const RELATIVES: usize = 6;

/// Tokens that tell how near relatives are.
const MEASURED: u64 = 512;

/// The most that relatives may say, in nats.
const MOST: f64 = 10.0;

/// Words that a thread looks at one after the other, and tokens whose relatives
/// are whitened together.
const WORDS: u64 = 256;
const TOGETHER: usize = 256;

/// Tokens by the words that they spell.
pub struct Families<'a> {
    judge: &'a Judge<'a>,
    by_word: Vec<(u32, u32)>,
}

/// How near a row is to a word's, where it is one of them and where not.
#[derive(Clone, Copy, Default)]
struct Nearness {
    own: Moments,
    strange: Moments,
}

impl Nearness {
    /// By how much a cosine speaks for a word: the logarithm of the ratio of
    /// two normal densities; beyond the mean of its own it grows no more.
    fn says(&self, cosine: f32) -> f32 {
        let (own, strange) = (&self.own, &self.strange);
        if own.n() < 30 || own.mean() <= strange.mean() + strange.sample_sd() {
            return 0.0;
        }
        let at = |moments: &Moments| {
            let sd = moments.sample_sd().max(1e-6);
            -0.5 * ((f64::from(cosine).min(own.mean()) - moments.mean()) / sd).powi(2) - sd.ln()
        };
        (at(own) - at(strange)).clamp(-MOST, MOST) as f32
    }
}

/// A token, whether it has several relatives, its row's cosine with them, and
/// with those of another word.
type Seen = (u32, bool, f32, f32);

impl<'a> Families<'a> {
    /// The families of all words that are judged.
    pub fn of(judge: &'a Judge<'a>) -> Self {
        let ids = (0..judge.n as u32).filter(|id| judge.tokens.role(*id as usize) == Role::Judged);
        let words = ids.map(|id| (judge.tokens.word(id as usize), id));
        let mut by_word: Vec<(u32, u32)> = words.filter(|(word, _)| *word != 0).collect();
        by_word.sort_unstable();
        Self { judge, by_word }
    }

    /// The rows of a token's relatives.
    fn relatives(&self, token: u32) -> Vec<u32> {
        let word = self.judge.tokens.word(token as usize);
        if word == 0 {
            return Vec::new();
        }
        let from = self.by_word.partition_point(|(other, _)| *other < word);
        let same = self.by_word[from..].iter().take_while(|(other, _)| *other == word);
        let others = same.map(|(_, id)| *id).filter(|id| *id != token);
        others.filter_map(|id| self.judge.row_of(id)).take(RELATIVES).collect()
    }

    /// For every token, about how much its relatives say for its row. Instead
    /// of whitened rows, which take long to compute for all, this compares rows
    /// without their leading directions.
    pub fn hints(&self) -> Result<Vec<f32>> {
        let judge = self.judge;
        let groups: Vec<&[(u32, u32)]> =
            self.by_word.chunk_by(|a, b| a.0 == b.0).filter(|group| group.len() > 1).collect();
        let pieces = Pieces::new(groups.len() as u64, WORDS);
        let parts = threads::each(pieces.threads(judge.frame.threads), || {
            let mut parts = Vec::new();
            while let Some(piece) = pieces.next() {
                let groups = &groups[piece.start as usize..piece.end as usize];
                parts.push((piece.start, self.compare(groups)?));
            }
            Ok(parts)
        })?;
        let seen: Vec<Seen> = in_order(parts).concat();
        let mut nearness = [Nearness::default(); 2];
        for (_, several, own, strange) in &seen {
            let nearness = &mut nearness[usize::from(*several)];
            nearness.own.add((*own).into());
            nearness.strange.add((*strange).into());
        }
        let mut hints = vec![0.0; judge.n];
        for (token, several, own, _) in seen {
            hints[token as usize] = nearness[usize::from(several)].says(own);
        }
        Ok(hints)
    }

    fn compare(&self, groups: &[&[(u32, u32)]]) -> Result<Vec<Seen>> {
        let (judge, level, width) = (self.judge, self.judge.frame.level, self.judge.frame.width);
        let dot = |a: &[f32], b: &[f32]| matrix::dot(level, a, b);
        let (mut reader, mut points) = (Reader::default(), Vec::new());
        let mut before = vec![0.0; width];
        let mut seen = Vec::new();
        for group in groups {
            let tokens = group.iter().take(RELATIVES + 1).map(|(_, token)| *token);
            let pairs: Vec<(u32, u32)> =
                tokens.filter_map(|token| Some((token, judge.row_of(token)?))).collect();
            let ids: Vec<u32> = pairs.iter().map(|(_, row)| *row).collect();
            let (points, kinds) = judge.frame.points(reader.read(judge.rows, &ids)?, &mut points);
            let mut sum = vec![0.0; width];
            let mut n = 0;
            for (point, kind) in points.chunks_exact_mut(width).zip(&kinds) {
                if *kind == Kind::Usual {
                    judge.frame.drop_leading(point);
                    matrix::add_scaled(level, &mut sum, 1.0, point);
                    n += 1;
                }
            }
            if n < 2 {
                continue;
            }
            let square = dot(&sum, &sum);
            for (point, ((token, _), kind)) in
                points.chunks_exact(width).zip(pairs.iter().zip(kinds))
            {
                if kind == Kind::Usual {
                    // The cosine with the sum of the others.
                    let along = dot(point, &sum);
                    let rest = (square - 2.0 * along + 1.0).max(1e-6).sqrt();
                    seen.push((*token, n > 2, (along - 1.0) / rest, dot(point, &before)));
                }
            }
            before.copy_from_slice(&sum);
            let norm = square.sqrt().max(f32::MIN_POSITIVE);
            before.iter_mut().for_each(|x| *x /= norm);
        }
        Ok(seen)
    }

    /// What tokens and their relatives come to in whitened rows. `fits` are
    /// tokens whose rows are taken to be right.
    pub fn kinship(&self, tokens: &[u32], fits: &[u32]) -> Result<Kinship> {
        let judge = self.judge;
        let level = judge.frame.level;
        let width = judge.frame.width;
        let across = Panels::whitening(&judge.frame.rows, width);
        let rows = |tokens: &[u32]| -> Vec<u32> {
            tokens.iter().map(|token| judge.row_of(*token).unwrap_or(*token)).collect()
        };
        let chosen = sample(fits.len() as u64, 16 * MEASURED, 31).into_iter();
        let chosen = chosen.map(|i| fits[i as usize]);
        let (measured, relatives): (Vec<u32>, Vec<Vec<u32>>) = chosen
            .map(|token| (token, self.relatives(token)))
            .filter(|(_, relatives)| !relatives.is_empty())
            .take(MEASURED as usize)
            .unzip();
        let points = white(judge, &across, &rows(&measured))?;
        let middles = middles(judge, &across, &relatives)?;
        let mut nearness = [Nearness::default(); 2];
        let n = measured.len();
        for (i, middle) in middles.chunks_exact(width).enumerate() {
            let cosine = |i: usize| matrix::dot(level, middle, &points[i * width..][..width]);
            let nearness = &mut nearness[usize::from(relatives[i].len() > 1)];
            nearness.own.add(cosine(i).into());
            nearness.strange.add(cosine((i + n / 2) % n).into());
        }
        let relatives: Vec<Vec<u32>> = tokens.iter().map(|token| self.relatives(*token)).collect();
        Ok(Kinship {
            nearness: relatives.iter().map(|of| of.len().min(2)).collect(),
            kinds: nearness,
            middles: self::middles(judge, &across, &relatives)?,
            points: Panels::of(
                &matrix::transposed(&white(judge, &across, &rows(tokens))?, width),
                tokens.len(),
            ),
            n: tokens.len(),
            width,
        })
    }
}

/// Some tokens' rows and relatives, whitened.
pub struct Kinship {
    /// How many relatives each has: none, one, or several.
    nearness: Vec<usize>,
    kinds: [Nearness; 2],
    middles: Vec<f32>,
    /// One column a row.
    points: Panels,
    n: usize,
    width: usize,
}

impl Kinship {
    /// What the relatives of some of the tokens say for each of the rows.
    pub fn say(&self, judge: &Judge, tokens: std::ops::Range<usize>) -> Vec<f32> {
        let middles = &self.middles[tokens.start * self.width..tokens.end * self.width];
        let mut said = vec![0.0; tokens.len() * self.n];
        matrix::multiply(judge.frame.level, Left::Rows(middles), &self.points, &mut said);
        for (said, token) in said.chunks_exact_mut(self.n).zip(tokens) {
            match self.nearness[token].checked_sub(1) {
                Some(kind) => said.iter_mut().for_each(|x| *x = self.kinds[kind].says(*x)),
                None => said.fill(0.0),
            }
        }
        said
    }
}

/// Rows whitened, of unit length.
fn white(judge: &Judge, across: &Panels, ids: &[u32]) -> Result<Vec<f32>> {
    let (level, width) = (judge.frame.level, judge.frame.width);
    let parts =
        blocks(judge.rows, ids, judge.frame.threads, Vec::new, |all: &mut Vec<f32>, _, rows| {
            let mut points = Vec::new();
            let (points, _) = judge.frame.points(rows, &mut points);
            let start = all.len();
            all.resize(start + points.len(), 0.0);
            matrix::multiply(level, Left::Rows(points), across, &mut all[start..]);
            all[start..].chunks_exact_mut(width).for_each(|point| to_unit(level, point));
        })?;
    Ok(parts.concat())
}

/// The middle of each list of rows, of unit length.
fn middles(judge: &Judge, across: &Panels, lists: &[Vec<u32>]) -> Result<Vec<f32>> {
    let (level, width) = (judge.frame.level, judge.frame.width);
    let mut middles = vec![0.0; lists.len() * width];
    for (lists, middles) in lists.chunks(TOGETHER).zip(middles.chunks_mut(TOGETHER * width)) {
        let points = white(judge, across, &lists.concat())?;
        let mut points = points.chunks_exact(width);
        for (list, middle) in lists.iter().zip(middles.chunks_exact_mut(width)) {
            for point in points.by_ref().take(list.len()) {
                matrix::add_scaled(level, middle, 1.0, point);
            }
            to_unit(level, middle);
        }
    }
    Ok(middles)
}

fn to_unit(level: crate::cpu::Level, point: &mut [f32]) {
    let norm = matrix::dot(level, point, point).sqrt();
    if norm > 0.0 {
        point.iter_mut().for_each(|x| *x /= norm);
    }
}
