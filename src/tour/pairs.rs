//! Cosines of many pairs of rows, drawn at random or side by side.

use crate::similarity::{Metric, norm};
use crate::stats::{SplitMix64, is_usable};

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Pairs {
    /// The IDs of each pair, the lower one first.
    pub ids: Vec<(u64, u64)>,
    pub cosines: Vec<f64>,
    /// The number of pairs that have none: a row of theirs has no direction.
    pub left_out: u64,
}

impl Pairs {
    /// Measures pairs of IDs. `row` reads a row.
    pub fn of<E>(
        ids: impl Iterator<Item = (u64, u64)>,
        row: impl Fn(u64) -> Result<Vec<f32>, E>,
    ) -> Result<Self, E> {
        let mut found = Self::default();
        for (a, b) in ids {
            let (x, y) = (row(a)?, row(b)?);
            let (x, y) = ((&*x, norm(&x)), (&*y, norm(&y)));
            if is_usable(x.1) && is_usable(y.1) {
                found.ids.push((a, b));
                found.cosines.push(Metric::Cosine.score(x, y));
            } else {
                found.left_out += 1;
            }
        }
        Ok(found)
    }
}

/// `n` random pairs of two different rows of the first `n_rows`; every pair, once,
/// where there are no more than `n`.
pub fn random_pairs(n_rows: u64, n: u64, seed: u64) -> Box<dyn Iterator<Item = (u64, u64)>> {
    if u128::from(n_rows) * u128::from(n_rows.saturating_sub(1)) / 2 <= u128::from(n) {
        return Box::new((0..n_rows).flat_map(move |a| (a + 1..n_rows).map(move |b| (a, b))));
    }
    let mut random = SplitMix64::new(seed);
    Box::new((0..n).map(move |_| {
        let a = random.below(n_rows);
        // Any row but `a`, each with the same probability.
        let b = random.below(n_rows - 1);
        let b = b + u64::from(b >= a);
        (a.min(b), a.max(b))
    }))
}

/// `n` random pairs of rows whose IDs differ by 1; every such pair, once, where there
/// are no more than `n`.
pub fn adjacent_pairs(n_rows: u64, n: u64, seed: u64) -> Box<dyn Iterator<Item = (u64, u64)>> {
    let last = n_rows.saturating_sub(1);
    let pair = |a| (a, a + 1);
    if last <= n {
        return Box::new((0..last).map(pair));
    }
    let mut random = SplitMix64::new(seed);
    Box::new((0..n).map(move |_| pair(random.below(last))))
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use super::*;

    fn unit(id: u64) -> Result<Vec<f32>, Infallible> {
        Ok(match id {
            3 => vec![0.0, 0.0],
            4 => vec![f32::NAN, 1.0],
            _ => vec![1.0, id as f32],
        })
    }

    #[test]
    fn all_pairs_of_a_few_rows_are_taken() {
        let found = Pairs::of(random_pairs(5, 10, 1), unit).unwrap();
        assert_eq!((&*found.ids, found.left_out), (&[(0, 1), (0, 2), (1, 2)][..], 7));
        assert!((found.cosines[0] - 0.5_f64.sqrt()).abs() < 1e-12);
        let found = Pairs::of(adjacent_pairs(5, 10, 1), unit).unwrap();
        assert_eq!((&*found.ids, found.left_out), (&[(0, 1), (1, 2)][..], 2));
        assert_eq!(Pairs::of(random_pairs(1, 10, 1), unit).unwrap(), Pairs::default());
        assert_eq!(Pairs::of(adjacent_pairs(0, 10, 1), unit).unwrap(), Pairs::default());
    }

    #[test]
    fn pairs_of_many_rows_are_drawn_from_all_of_them() {
        let found: Vec<_> = random_pairs(100, 500, 1).collect();
        assert_eq!(found.len(), 500);
        assert!(found.iter().all(|(a, b)| a < b && *b < 100));
        let met = |id| found.iter().any(|(a, b)| *a == id || *b == id);
        assert!((0..100).all(met), "an ID can't be drawn");
        let found: Vec<_> = adjacent_pairs(1000, 50, 1).collect();
        assert!(found.len() == 50 && found.iter().all(|(a, b)| a + 1 == *b));
    }
}
