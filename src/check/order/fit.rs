//! How well each token's row fits those of the other spellings of its word.

use super::sums::Sums;
use crate::check::Error;
use crate::check::families::Families;
use crate::cpu::Level;
use crate::embedding::Table;
use crate::similarity::kernel;
use crate::threads::{self, Pieces};

/// As many families as a thread takes at a time. The answer does not depend on
/// the number of threads.
const PIECE: u64 = 512;

/// As many comparisons as are told apart: the best of three chances is higher
/// than the best of one.
const CHANCES: usize = 7;

/// How well one token's row fits.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Fit {
    /// The token.
    pub id: u32,
    /// Its family, as a number of [`Families`].
    pub family: u32,
    /// The highest cosine with another spelling's row.
    pub cosine: f32,
    /// With how many it was compared.
    pub compared: u8,
    /// By how many standard deviations that is above what rows of other words
    /// come to, as many of them compared.
    pub z: f32,
    /// By how many the rest of its family fits among itself: the median of what
    /// each comes to. High above `z` for the odd one out; 0 in a family of two,
    /// which has no rest.
    pub rest: f32,
}

/// How every token's row fits, and what chance gives.
#[derive(Debug)]
pub struct Fits {
    /// In the order of the families.
    pub each: Vec<Fit>,
    /// The cosines of a family's first token with each of the others.
    pub pairs: Sums,
    /// The cosines of those others with another family's first token.
    pub shuffled: Sums,
    /// The highest of so many cosines with another family's rows.
    chance: [Sums; CHANCES],
}

/// Rows of one family at a time, with their norms.
pub(super) struct Group<'a> {
    table: &'a Table,
    level: Level,
    ids: Vec<u64>,
    values: Vec<f32>,
    norms: Vec<f32>,
}

impl<'a> Group<'a> {
    pub(super) fn new(table: &'a Table) -> Self {
        let (ids, values, norms) = (Vec::new(), Vec::new(), Vec::new());
        Self { table, level: Level::detect(), ids, values, norms }
    }

    /// Reads rows in the place of those that were there.
    pub(super) fn read(&mut self, ids: impl IntoIterator<Item = u64>) -> Result<(), Error> {
        self.ids.clear();
        self.values.clear();
        self.norms.clear();
        ids.into_iter().try_for_each(|id| self.push(id))
    }

    /// Reads one row more. One that is not in the file has no direction.
    pub(super) fn push(&mut self, id: u64) -> Result<(), Error> {
        let start = self.values.len();
        self.values.resize(start + self.table.d_model(), 0.0);
        let row = &mut self.values[start..];
        if id < self.table.rows_present() {
            self.table.read_row(id, row)?;
        }
        self.norms.push(kernel::estimate(self.level, row, row).1.sqrt());
        self.ids.push(id);
        Ok(())
    }

    pub(super) fn len(&self) -> usize {
        self.norms.len()
    }

    pub(super) fn row(&self, i: usize) -> &[f32] {
        let d_model = self.table.d_model();
        &self.values[i * d_model..][..d_model]
    }

    /// The cosine with a row of another group, or of this; `None` where one of
    /// them has no direction.
    pub(super) fn cosine(&self, i: usize, other: &Self, j: usize) -> Option<f32> {
        let norms = self.norms[i] * other.norms[j];
        let (dot, _) = kernel::estimate(self.level, self.row(i), other.row(j));
        let cosine = dot / norms;
        (norms > 0.0 && cosine.is_finite()).then_some(cosine)
    }

    /// The highest cosine of a row with some of another group, and with how
    /// many it was compared: not with itself, which says nothing.
    pub(super) fn best(
        &self,
        i: usize,
        other: &Self,
        among: impl IntoIterator<Item = usize>,
    ) -> Option<(f32, usize)> {
        let among = among.into_iter().filter(|j| other.ids[*j] != self.ids[i]);
        let cosines = among.filter_map(|j| self.cosine(i, other, j));
        cosines.fold(None, |best: Option<(f32, usize)>, cosine| match best {
            Some((highest, n)) => Some((highest.max(cosine), n + 1)),
            None => Some((cosine, 1)),
        })
    }
}

impl Group<'_> {
    /// The median of what the others come to at best among themselves.
    fn rest_without(&self, i: usize) -> f32 {
        let others = || (0..self.len()).filter(|j| *j != i);
        let best = |j| self.best(j, self, others()).map(|(cosine, _)| cosine);
        let mut best: Vec<f32> = others().filter_map(best).collect();
        best.sort_unstable_by(f32::total_cmp);
        best.get(best.len() / 2).copied().unwrap_or(0.0)
    }
}

impl Fits {
    /// Measures every family's rows against each other, and against those of
    /// the family before it, which is as good as any at random.
    pub(super) fn measure(
        table: &Table,
        families: &Families,
        threads: usize,
    ) -> Result<Self, Error> {
        let pieces = Pieces::new(families.len() as u64, PIECE);
        let parts = threads::each(threads, || {
            let mut parts = Vec::new();
            while let Some(piece) = pieces.next() {
                let piece = piece.start as usize..piece.end as usize;
                parts.push((piece.start, Self::of_piece(table, families, piece)?));
            }
            Ok::<_, Error>(parts)
        })?;
        let mut parts: Vec<_> = parts.into_iter().flatten().collect();
        parts.sort_by_key(|(start, _)| *start);
        let mut all = Self::empty();
        for (_, part) in parts {
            all.each.extend(part.each);
            all.pairs.merge(&part.pairs);
            all.shuffled.merge(&part.shuffled);
            for (chance, more) in all.chance.iter_mut().zip(&part.chance) {
                chance.merge(more);
            }
        }
        let mut each = std::mem::take(&mut all.each);
        for fit in &mut each {
            fit.z = all.z(fit.cosine, fit.compared.into());
            if fit.compared > 1 {
                fit.rest = all.z(fit.rest, usize::from(fit.compared) - 1);
            }
        }
        all.each = each;
        Ok(all)
    }

    fn empty() -> Self {
        Self {
            each: Vec::new(),
            pairs: Sums::default(),
            shuffled: Sums::default(),
            chance: Default::default(),
        }
    }

    fn of_piece(
        table: &Table,
        families: &Families,
        piece: std::ops::Range<usize>,
    ) -> Result<Self, Error> {
        let mut part = Self::empty();
        let ids = |family| families.ids()[families.span(family)].iter().map(|id| u64::from(*id));
        let (mut before, mut here) = (Group::new(table), Group::new(table));
        before.read(ids(piece.start.checked_sub(1).unwrap_or(families.len() - 1)))?;
        for family in piece {
            here.read(ids(family))?;
            let span = families.span(family);
            for (i, id) in families.ids()[span].iter().enumerate() {
                if let Some((cosine, n)) = here.best(i, &here, 0..here.len()) {
                    let (family, compared) = (family as u32, n as u8);
                    // In deviations when all chances are known.
                    let (z, rest) = (0.0, here.rest_without(i));
                    part.each.push(Fit { id: *id, family, cosine, compared, z, rest });
                }
                if i > 0 {
                    let cosine = |with: &Group| here.cosine(i, with, 0).map(f64::from);
                    cosine(&here).into_iter().for_each(|cosine| part.pairs.add(cosine));
                    cosine(&before).into_iter().for_each(|cosine| part.shuffled.add(cosine));
                }
                if let Some((cosine, n)) =
                    here.best(i, &before, 0..before.len().min(here.len() - 1))
                {
                    part.chance[n.min(CHANCES) - 1].add(cosine.into());
                }
            }
            std::mem::swap(&mut before, &mut here);
        }
        Ok(part)
    }

    /// By how many standard deviations the highest of `n` cosines is above what
    /// rows of other words come to.
    pub(super) fn z(&self, cosine: f32, n: usize) -> f32 {
        // Few families are large, and a spread takes some values to measure: where
        // there are too few, it is that of a few less, or else of more.
        let n = n.clamp(1, CHANCES);
        let known = (0..n).rev().chain(n..CHANCES).map(|i| &self.chance[i]);
        match known.into_iter().find(|chance| chance.n >= 30 && chance.sd() > 0.0) {
            Some(chance) => ((f64::from(cosine) - chance.mean()) / chance.sd()) as f32,
            None => 0.0,
        }
    }
}
