//! Which rows the tokens of a broken part belong to.

use crate::check::Error;
use std::collections::HashMap;
use std::ops::Range;

use super::fit::{Fit, Fits, Group};
use super::scan::{Asked, COPY, Scan};
use super::segments::runs;
use super::sums::Sums;
use super::{FEWEST, Part, cosines};
use crate::check::Families;
use crate::embedding::Table;
use crate::stats::sample;
use crate::threads::{self, Pieces};

/// As many parts as are searched for offsets, the longest first.
const MOST_PARTS: usize = 12;

/// As many pairs of spellings as a pair of near rows votes for, of those that
/// lie as far apart.
const VOTES: usize = 1 << 10;

/// As many offsets as are tried in each part.
const TRIED: usize = 8;

/// Offsets from here to here are tried whether or not they are voted for:
/// a row or a few too many is what goes wrong most.
const SMALL: i64 = 8;

/// Rows beside those of an offset, which it has to do better than: rows of one
/// language, or rows that were never trained, suit each other everywhere.
const DECOYS: [i64; 2] = [-37, 41];

/// Tokens that an offset is tried on.
const TRIALS: usize = 200;

/// The share of them that an offset has to suit beyond those that its decoys do:
/// five standard errors of what chance makes of so many.
const SUITED: f64 = 0.12;

/// By how many standard errors a part has to fit better where its rows should
/// be than where they are: less than that, many windows have by chance.
const SURE: f64 = 6.0;

/// Tokens of a part that is told whatever its fit.
const LONG: u64 = 64;

/// Tokens on both sides of a broken part that are judged anew with it.
const MARGIN: usize = 48;

/// Pieces of work for a thread, in tokens.
const PIECE: u64 = 256;

/// A search for offsets.
pub(super) struct Search<'a> {
    pub table: &'a Table,
    pub families: &'a Families,
    /// Ascending by ID.
    pub fits: &'a Fits,
    pub midway: f32,
    pub threads: usize,
}

/// A run of tokens, and the part that it is where an offset suits it.
type Run = (Range<usize>, Option<Part>);

/// A part with the offsets that suit some of it.
struct Candidates {
    span: Range<usize>,
    offsets: Vec<i64>,
}

impl Search<'_> {
    fn each(&self) -> &[Fit] {
        &self.fits.each
    }

    /// The IDs that a run of tokens stands for: to the table's ends where no
    /// token beyond it can be judged.
    fn ids(&self, span: &Range<usize>, n_tokens: u64) -> [u64; 2] {
        let each = self.each();
        let first = if span.start == 0 { 0 } else { each[span.start].id.into() };
        let last = if span.end == each.len() {
            n_tokens.saturating_sub(1)
        } else {
            each[span.end - 1].id.into()
        };
        [first, last]
    }

    /// The IDs of the longest of some parts, as far as their rows are in the file.
    pub(super) fn longest(&self, broken: &[Range<usize>], n_tokens: u64) -> Vec<[u64; 2]> {
        let n_tokens = n_tokens.min(self.table.rows_present());
        longest(broken).into_iter().map(|span| self.ids(span, n_tokens)).collect()
    }

    /// The parts that are broken, each with its offset where it has one.
    pub(super) fn parts(
        &self,
        broken: &[Range<usize>],
        scan: &Scan,
        n_tokens: u64,
    ) -> Result<Vec<Part>, Error> {
        let (mut candidates, mut runs) = self.runs(broken, scan, n_tokens)?;
        // What nothing suits as a whole may be parts, now that what is around
        // them is known.
        let is_open = |(span, named): &Run| named.is_none() && span.len() as u64 >= LONG;
        if runs.len() > 1 && runs.iter().any(is_open) {
            let mut end = 0;
            let apart = runs.iter().map(|(span, _)| {
                let start = span.start.max(end);
                end = span.end.max(end);
                start..end
            });
            let apart: Vec<_> = apart.filter(|span| !span.is_empty()).collect();
            let (found, again) = self.runs(&apart, scan, n_tokens)?;
            candidates = found;
            runs = runs
                .into_iter()
                .flat_map(|run| match is_open(&run) {
                    true => {
                        let within = |it: &&Run| run.0.contains(&it.0.start);
                        let parts: Vec<Run> = again.iter().filter(within).cloned().collect();
                        if parts.is_empty() { vec![run] } else { parts }
                    }
                    false => vec![run],
                })
                .collect();
        }
        // Where no token is in place, nothing tells how well one should fit.
        let none_fits = broken.iter().map(Range::len).sum::<usize>() == self.each().len();
        let parts = runs.into_iter().map(|(span, named)| {
            named.unwrap_or_else(|| self.without_offset(&span, &candidates, n_tokens))
        });
        let mut parts: Vec<Part> =
            parts.filter(|part| part.z >= SURE || (none_fits && part.tokens >= LONG)).collect();
        parts.dedup_by(|next, part| {
            // A margin can reach into the part before.
            if part.offset == next.offset && next.ids[0] <= part.ids[1] {
                part.ids[1] = part.ids[1].max(next.ids[1]);
                return true;
            }
            next.ids[0] = next.ids[0].max(part.ids[1] + 1);
            next.ids[0] > next.ids[1]
        });
        Ok(parts)
    }

    /// Runs of tokens in broken parts, ascending, each with its offset where it
    /// has one.
    fn runs(
        &self,
        broken: &[Range<usize>],
        scan: &Scan,
        n_tokens: u64,
    ) -> Result<(Vec<Candidates>, Vec<Run>), Error> {
        let candidates = self.candidates(broken, scan)?;
        let mut labelled: Vec<(Range<usize>, Part)> = Vec::new();
        for (i, part) in candidates.iter().enumerate() {
            self.label(&candidates, i, part, n_tokens, &mut labelled)?;
        }
        labelled.sort_by_key(|(span, _)| span.start);
        // What an offset does not clearly suit has none, and goes with what is
        // beside it.
        let mut runs: Vec<Run> = Vec::new();
        for (span, part) in labelled {
            let named = Some(part).filter(|part| part.offset.is_some() && part.z >= SURE);
            match runs.last_mut() {
                Some((last, None)) if named.is_none() && span.start <= last.end => {
                    last.end = last.end.max(span.end);
                }
                _ => runs.push((span, named)),
            }
        }
        Ok((candidates, runs))
    }

    /// A run of tokens whose rows are nowhere.
    fn without_offset(&self, span: &Range<usize>, broken: &[Candidates], n_tokens: u64) -> Part {
        let (here, expected) = (cosines(&self.each()[span.clone()]), self.elsewhere(broken));
        Part {
            ids: self.ids(span, n_tokens),
            offset: None,
            tokens: span.len() as u64,
            cosine: here.mean(),
            expected: expected.mean(),
            z: expected.z_above(&here),
        }
    }

    /// All tokens as one part without an offset.
    pub(super) fn whole(&self, n_tokens: u64) -> Part {
        let all = Candidates { span: 0..self.each().len(), offsets: Vec::new() };
        self.without_offset(&all.span.clone(), &[all], n_tokens)
    }

    /// The place of a token in the sequence.
    fn place(&self, id: u64) -> Option<usize> {
        self.each().binary_search_by_key(&id, |fit| fit.id.into()).ok()
    }

    fn family(&self, place: usize) -> &[u32] {
        &self.families.ids()[self.families.span(self.each()[place].family as usize)]
    }

    /// Lets near rows vote, and tries what has votes.
    fn candidates(&self, broken: &[Range<usize>], scan: &Scan) -> Result<Vec<Candidates>, Error> {
        let part_of = |place: usize| part_of(broken, place, |span| span);
        // Spellings of one word that lie in broken parts, by their distance.
        let mut apart: Vec<(i64, u32)> = Vec::new();
        for family in 0..self.families.len() {
            let ids = &self.families.ids()[self.families.span(family)];
            let broken = |id: &&u32| self.place(u64::from(**id)).and_then(part_of).is_some();
            for a in ids.iter().filter(broken) {
                let others = ids.iter().filter(|b| *b != a).filter(broken);
                apart.extend(others.map(|b| (i64::from(*b) - i64::from(*a), *a)));
            }
        }
        apart.sort_unstable();

        let mut votes: HashMap<(usize, i64), u32> = HashMap::new();
        let mut vote = |token: u32, row: u64| {
            let part = self.place(token.into()).and_then(part_of);
            let offset = row as i64 - i64::from(token);
            if let (Some(part), 1..) = (part, offset.unsigned_abs()) {
                *votes.entry((part, offset)).or_default() += 1;
            }
        };
        for Asked { row, nearest } in &scan.queries {
            for near in nearest.iter().filter(|near| near.score < COPY) {
                // Both moved by the same offset.
                let distance = near.id as i64 - *row as i64;
                let start = apart.partition_point(|(d, _)| *d < distance);
                let same = &apart[start..apart.partition_point(|(d, _)| *d <= distance)];
                let spread = same.iter().step_by(same.len() / VOTES + 1);
                spread.for_each(|(_, token)| vote(*token, *row));
                // One moved, and the other where it should be.
                if let Some(place) = self.place(near.id)
                    && part_of(place).is_none()
                {
                    self.family(place).iter().for_each(|token| vote(*token, *row));
                }
            }
        }

        let mut candidates: Vec<Candidates> = broken
            .iter()
            .map(|span| Candidates { span: span.clone(), offsets: Vec::new() })
            .collect();
        let mut voted: Vec<_> = votes.into_iter().filter(|(_, count)| *count >= 3).collect();
        voted.sort_unstable_by_key(|((part, offset), count)| {
            (*part, std::cmp::Reverse(*count), offset.unsigned_abs(), *offset)
        });
        for voted in voted.chunk_by(|((a, _), _), ((b, _), _)| a == b) {
            for &((part, offset), _) in voted.iter().take(TRIED) {
                if self.suits(&candidates, part, offset)? {
                    candidates[part].offsets.push(offset);
                }
            }
        }
        // What was found in one part may suit another, which had fewer votes.
        let mut likely: Vec<i64> = candidates.iter().flat_map(|it| it.offsets.clone()).collect();
        likely.extend((-SMALL..=SMALL).filter(|offset| *offset != 0));
        likely.sort_unstable_by_key(|offset| (offset.unsigned_abs(), *offset));
        likely.dedup();
        let mut searched: Vec<usize> = (0..candidates.len()).collect();
        searched.sort_by_key(|part| std::cmp::Reverse(candidates[*part].span.len()));
        for part in searched.into_iter().take(MOST_PARTS) {
            for &offset in &likely {
                if !candidates[part].offsets.contains(&offset)
                    && self.suits(&candidates, part, offset)?
                {
                    candidates[part].offsets.push(offset);
                }
            }
        }
        Ok(candidates)
    }

    /// Whether an offset suits a good share of a part's tokens, and better than
    /// offsets beside it do. Other parts have their rows where that is known.
    fn suits(&self, all: &[Candidates], part: usize, offset: i64) -> Result<bool, Error> {
        let span = &all[part].span;
        let places = sample(span.len() as u64, TRIALS as u64, 3);
        let (mut own, mut others) = (Group::new(self.table), Group::new(self.table));
        let mut suited = 0.0;
        for &place in &places {
            let place = span.start + place as usize;
            let fit = &self.each()[place];
            let states = |token: u64| {
                let place = self.place(token);
                let other = place.and_then(|place| part_of(all, place, |part| &part.span));
                let known = other.map_or(&[][..], |other| &all[other].offsets);
                let here = other.filter(|other| *other == part).map(|_| offset);
                std::iter::once(0).chain(known.iter().copied()).chain(here).collect()
            };
            let tried =
                [offset, offset.saturating_add(DECOYS[0]), offset.saturating_add(DECOYS[1])];
            let fits = self.fits_at(fit, &tried, states, &mut own, &mut others)?;
            let suits =
                |i: usize| f64::from(u8::from(fits[i].is_some_and(|(_, z)| z > self.midway + 1.0)));
            suited += suits(0) - 0.5 * (suits(1) + suits(2));
        }
        Ok(suited >= SUITED * places.len() as f64)
    }

    /// How well the rows at some offsets from a token fit its family, whose
    /// rows may be at offsets too: cosine and fit.
    fn fits_at(
        &self,
        fit: &Fit,
        offsets: &[i64],
        offsets_of: impl Fn(u64) -> Vec<i64>,
        own: &mut Group,
        others: &mut Group,
    ) -> Result<Vec<Option<(f32, f32)>>, Error> {
        let id = u64::from(fit.id);
        others.read([])?;
        let family = &self.families.ids()[self.families.span(fit.family as usize)];
        for other in family.iter().map(|other| u64::from(*other)).filter(|other| *other != id) {
            for offset in offsets_of(other) {
                if let Some(row) = other.checked_add_signed(offset) {
                    others.push(row)?;
                }
            }
        }
        own.read(offsets.iter().map(|offset| id.checked_add_signed(*offset).unwrap_or(u64::MAX)))?;
        let best = |i| own.best(i, others, 0..others.len());
        let z = |(cosine, n)| (cosine, self.fits.z(cosine, n));
        Ok((0..offsets.len()).map(|i| best(i).map(z)).collect())
    }

    /// Decides for each token of a part, and some beside it, which offset it is
    /// at, if any.
    fn label(
        &self,
        all: &[Candidates],
        index: usize,
        part: &Candidates,
        n_tokens: u64,
        labelled: &mut Vec<(Range<usize>, Part)>,
    ) -> Result<(), Error> {
        let each = self.each();
        let before = index.checked_sub(1).map_or(0, |before| all[before].span.end);
        let after = all.get(index + 1).map_or(each.len(), |after| after.span.start);
        let start = part.span.start.saturating_sub(MARGIN).max(before);
        let end = (part.span.end + MARGIN).min(after);
        let near = start..end;

        // State 0 is no offset, 1 none that fits, the others are the candidates.
        let tried: Vec<i64> = std::iter::once(0).chain(part.offsets.iter().copied()).collect();
        let offsets_of = |token: u64| {
            let place = self.place(token);
            let other = place.and_then(|place| part_of(all, place, |part| &part.span));
            let moved = other.map_or(&[][..], |part| &all[part].offsets);
            let here = place.is_some_and(|place| near.contains(&place));
            let here = if here { &part.offsets[..] } else { &[] };
            let mut offsets: Vec<i64> = [&[0], moved, here].concat();
            offsets.sort_unstable();
            offsets.dedup();
            offsets
        };
        let pieces = Pieces::new(near.len() as u64, PIECE);
        let measured = threads::each(self.threads, || {
            let (mut own, mut others) = (Group::new(self.table), Group::new(self.table));
            let mut measured = Vec::new();
            while let Some(piece) = pieces.next() {
                for i in piece {
                    let fit = &each[near.start + i as usize];
                    let fits = self.fits_at(fit, &tried, offsets_of, &mut own, &mut others)?;
                    measured.push((i, fits));
                }
            }
            Ok::<_, Error>(measured)
        })?;
        let mut measured: Vec<_> = measured.into_iter().flatten().collect();
        measured.sort_unstable_by_key(|(i, _)| *i);
        let says = |i: usize, state: usize| {
            let fit = |tried: usize| measured[i].1[tried].map_or(-1.0, |(_, z)| z - self.midway);
            match state {
                0 => fit(0),
                1 => 0.0,
                moved => fit(moved - 1),
            }
        };
        for run in runs(near.len(), 1 + tried.len(), says) {
            if run.state == 0 || run.span.len() < FEWEST {
                continue;
            }
            let span = near.start + run.span.start..near.start + run.span.end;
            let at = |tried: usize| -> Sums {
                let measured = measured[run.span.clone()].iter();
                measured.filter_map(|(_, fits)| Some(f64::from(fits[tried]?.0))).collect()
            };
            let part = match run.state {
                1 => self.without_offset(&span, all, n_tokens),
                moved => {
                    let (here, expected) = (at(0), at(moved - 1));
                    Part {
                        ids: self.ids(&span, n_tokens),
                        offset: Some(tried[moved - 1]),
                        tokens: span.len() as u64,
                        cosine: here.mean(),
                        expected: expected.mean(),
                        z: expected.z_above(&here),
                    }
                }
            };
            labelled.push((span, part));
        }
        Ok(())
    }

    /// The fits of tokens in no broken part; what chance gives where there are
    /// none.
    fn elsewhere(&self, broken: &[Candidates]) -> Sums {
        let mut moments = Sums::default();
        let mut start = 0;
        for part in broken {
            moments.merge(&cosines(&self.each()[start..part.span.start]));
            start = part.span.end;
        }
        moments.merge(&cosines(&self.each()[start..]));
        moments
    }
}

/// Which of some parts, in their order, a place lies in.
fn part_of<T>(parts: &[T], place: usize, span: impl Fn(&T) -> &Range<usize>) -> Option<usize> {
    let after = parts.partition_point(|part| span(part).start <= place);
    after.checked_sub(1).filter(|part| span(&parts[*part]).contains(&place))
}

/// The longest of some spans, in their order.
fn longest(spans: &[Range<usize>]) -> Vec<&Range<usize>> {
    let mut spans: Vec<_> = spans.iter().collect();
    spans.sort_by_key(|span| std::cmp::Reverse(span.len()));
    spans.truncate(MOST_PARTS);
    spans.sort_by_key(|span| span.start);
    spans
}
