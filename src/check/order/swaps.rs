//! Single rows that changed places.
//!
//! A row that does not fit its own word is nothing unusual: ` May` and ` may`
//! are not used alike. But where it is the odd one out of a family that keeps
//! together, fits another word's family, and the row of that word fits the first
//! one's, then they have been swapped; or three and more of them in a circle.
//! (Of two families of two, nothing tells which pair was swapped: they are left
//! out.)

use crate::check::Error;
use std::cmp::Reverse;
use std::collections::{HashMap, HashSet};
use std::ops::Range;

use super::Part;
use super::fit::{Fit, Fits};
use crate::check::Families;
use crate::embedding::Table;
use crate::rows::{ReadError, Rows};
use crate::similarity::{self, Metric, Query};
use crate::stats::is_usable;
use crate::text::distance;
use crate::vocab::Vocab;

/// Suspects are rows whose fit is below this many standard deviations above
/// chance, while the rest of their family keeps together by so many: in a table
/// that keeps no words together there are none, however badly all fit.
const SUSPECT: f32 = 2.0;
const TOGETHER: f32 = 3.5;

/// As many suspects as are looked into: the largest families first, which are
/// those of the commonest words.
const MOST: usize = 4096;

/// As many values of rows as are held at a time: 8 MiB.
const MOST_VALUES: usize = 1 << 21;

/// As many of the nearest rows as are looked at for each.
const NEAREST: usize = 8;

/// How well a row has to fit another word's family, and by how much better
/// than its own, and than that word's own.
const FITS: f32 = 3.2;
const BETTER: f32 = 2.2;

/// The longest circle that is looked for, and as many as are.
const LONGEST: usize = 4;
const MOST_CIRCLES: usize = 1 << 16;

/// A token whose row is another's, which is not its own either.
#[derive(Clone, Debug, PartialEq)]
pub struct Swap {
    /// The token.
    pub id: u64,
    /// Where its row is: the row that fits its family.
    pub row: u64,
    /// The highest cosine of the token's own row with its family.
    pub cosine: f64,
    /// That of the row that fits.
    pub expected: f64,
}

/// Rows out of order, to be searched as a table of their own.
struct Chosen<'a> {
    table: &'a Table,
    ids: Vec<u64>,
}

impl Rows for Chosen<'_> {
    fn n_rows(&self) -> u64 {
        self.ids.len() as u64
    }

    fn dim(&self) -> usize {
        self.table.d_model()
    }

    fn row_bytes(&self) -> usize {
        Rows::row_bytes(self.table)
    }

    fn is_scaled_bytes(&self) -> bool {
        self.table.is_scaled_bytes()
    }

    fn read(&self, rows: Range<u64>, stored: &mut Vec<u8>) -> Result<(), ReadError> {
        let mut one = Vec::new();
        stored.clear();
        for id in &self.ids[rows.start as usize..rows.end as usize] {
            self.table.read(*id..id + 1, &mut one)?;
            stored.extend_from_slice(&one);
        }
        Ok(())
    }

    fn decode(&self, stored: &[u8], values: &mut [f32]) {
        self.table.decode(stored, values);
    }
}

/// Finds rows that changed places with each other.
pub(super) fn find(
    table: &Table,
    vocab: &Vocab,
    families: &Families,
    fits: &Fits,
    parts: &[Part],
    threads: usize,
) -> Result<Vec<Swap>, Error> {
    let suspects = suspects(fits, families, parts);
    let claims = claims(table, families, fits, &suspects, threads)?;
    let mut circles: Vec<Vec<usize>> = Vec::new();
    for start in 0..suspects.len() {
        walk(&claims, &mut vec![start], &mut circles);
    }
    // The shortest first, and of those the ones that fit best all round.
    let worst = |circle: &Vec<usize>| {
        let steps = circle.iter().zip(circle.iter().cycle().skip(1));
        let z = |(from, to): (&usize, &usize)| claim(&claims, *from, *to).map_or(0.0, |c| c.z);
        steps.map(z).fold(f32::INFINITY, f32::min)
    };
    circles
        .sort_by(|a, b| a.len().cmp(&b.len()).then(worst(b).total_cmp(&worst(a))).then(a.cmp(b)));

    let mut taken: HashSet<usize> = HashSet::new();
    let mut swaps = Vec::new();
    for circle in circles {
        if circle.iter().any(|place| taken.contains(place)) || alike(vocab, &suspects, &circle)? {
            continue;
        }
        taken.extend(&circle);
        for (from, to) in circle.iter().zip(circle.iter().cycle().skip(1)) {
            let Some(claim) = claim(&claims, *from, *to) else { continue };
            swaps.push(Swap {
                id: suspects[*to].id.into(),
                row: suspects[*from].id.into(),
                cosine: suspects[*to].cosine.into(),
                expected: claim.cosine.into(),
            });
        }
    }
    swaps.sort_by_key(|swap| swap.id);
    Ok(swaps)
}

/// The tokens whose rows don't fit, of families that no broken part touches:
/// there, it is the others that are wrong.
fn suspects<'f>(fits: &'f Fits, families: &Families, parts: &[Part]) -> Vec<&'f Fit> {
    let is_whole = |id: &u32| {
        let id = u64::from(*id);
        let before = parts.partition_point(|part| part.ids[0] <= id);
        before.checked_sub(1).is_none_or(|part| id > parts[part].ids[1])
    };
    let mut suspects: Vec<&Fit> =
        fits.each.iter().filter(|fit| fit.z < SUSPECT && fit.rest >= TOGETHER).collect();
    suspects.retain(|fit| families.ids()[families.span(fit.family as usize)].iter().all(is_whole));
    suspects.sort_by_key(|fit| (Reverse(fit.compared), fit.id));
    suspects.truncate(MOST);
    suspects
}

/// That the row of one suspect fits the family of another.
struct Claim {
    to: usize,
    cosine: f32,
    z: f32,
}

fn claim(claims: &[Vec<Claim>], from: usize, to: usize) -> Option<&Claim> {
    claims[from].iter().find(|claim| claim.to == to)
}

/// Which other suspects' families each suspect's row fits.
fn claims(
    table: &Table,
    families: &Families,
    fits: &Fits,
    suspects: &[&Fit],
    threads: usize,
) -> Result<Vec<Vec<Claim>>, Error> {
    let mut of_family: HashMap<u32, Vec<usize>> = HashMap::new();
    for (place, fit) in suspects.iter().enumerate() {
        of_family.entry(fit.family).or_default().push(place);
    }
    let members = |family: &u32| {
        let ids = families.ids()[families.span(*family as usize)].iter();
        ids.map(|id| (u64::from(*id), *family)).collect::<Vec<_>>()
    };
    let mut chosen: Vec<(u64, u32)> = of_family.keys().flat_map(members).collect();
    chosen.sort_unstable();
    let place_of = |id: u64| chosen.binary_search_by_key(&id, |(id, _)| *id).unwrap_or(0) as u64;
    let rows = Chosen { table, ids: chosen.iter().map(|(id, _)| *id).collect() };

    let search = similarity::Search { metric: Metric::Cosine, k: NEAREST, threads };
    let mut claims: Vec<Vec<Claim>> = suspects.iter().map(|_| Vec::new()).collect();
    let batch = (MOST_VALUES / table.d_model()).max(1);
    for (b, batch_of) in suspects.chunks(batch).enumerate() {
        let (mut queries, mut places) = (Vec::new(), Vec::new());
        for (i, fit) in batch_of.iter().enumerate() {
            let values = table.row(fit.id.into())?;
            if is_usable(similarity::norm(&values)) {
                queries.push(Query::of_row(place_of(fit.id.into()), values));
                places.push(b * batch + i);
            }
        }
        let found = similarity::nearest(&rows, rows.n_rows(), &queries, &search)?;
        for (from, nearest) in places.into_iter().zip(found.neighbors) {
            for near in nearest {
                let (id, family) = chosen[near.id as usize];
                for &to in of_family.get(&family).into_iter().flatten() {
                    let (own, other) = (suspects[from], suspects[to]);
                    // The family speaks for a token without the token's help.
                    if own.family == family
                        || u64::from(other.id) == id
                        || claim(&claims, from, to).is_some()
                    {
                        continue;
                    }
                    let cosine = near.score as f32;
                    let z = fits.z(cosine, other.compared.into());
                    if z >= FITS && z >= own.z.max(other.z) + BETTER {
                        claims[from].push(Claim { to, cosine, z });
                    }
                }
            }
        }
    }
    Ok(claims)
}

/// Follows claims from the last of a path, and notes those that lead back to
/// the first. Each circle is noted once, from its lowest place.
fn walk(claims: &[Vec<Claim>], path: &mut Vec<usize>, circles: &mut Vec<Vec<usize>>) {
    let last = path[path.len() - 1];
    for claim in &claims[last] {
        if circles.len() >= MOST_CIRCLES {
            return;
        }
        if claim.to == path[0] {
            circles.push(path.clone());
        } else if claim.to > path[0] && path.len() < LONGEST && !path.contains(&claim.to) {
            path.push(claim.to);
            walk(claims, path, circles);
            path.pop();
        }
    }
}

/// As many letters of a word as are compared.
const LONGEST_WORD: usize = 64;

/// Whether two words of a circle are forms of one word: `unos` and `unas` are
/// used alike, and each spelling of the one can be nearer to the other's same
/// spelling than to its own word's.
fn alike(vocab: &Vocab, suspects: &[&Fit], circle: &[usize]) -> Result<bool, Error> {
    let mut words = Vec::new();
    for place in circle {
        let token = vocab.token(suspects[*place].id.into())?;
        let text = token.map_or_else(String::new, |token| token.text);
        words.push(text.trim().to_lowercase().chars().take(LONGEST_WORD).collect::<Vec<char>>());
    }
    let related = |a: &[char], b: &[char]| {
        let start = a.iter().zip(b).take_while(|(a, b)| a == b).count();
        3 * start >= a.len().min(b.len()) || 2 * distance(a, b) <= a.len().max(b.len())
    };
    Ok((0..words.len()).any(|i| (0..i).any(|j| related(&words[i], &words[j]))))
}
