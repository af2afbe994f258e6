//! Cosines of many pairs of rows, drawn at random or side by side.

use crate::similarity::{Metric, norm};
use crate::stats::{SplitMix64, is_usable};

/// Pairs of rows.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Pairs {
    /// The IDs of each pair, the lower one first.
    pub ids: Vec<(u64, u64)>,
    /// The cosine of each pair.
    pub cosines: Vec<f64>,
    /// The number of pairs that have none: one of the rows is all zeros, or has a
    /// NaN or an infinity.
    pub left_out: u64,
}

impl Pairs {
    fn measure<E>(
        ids: impl Iterator<Item = (u64, u64)>,
        row: &dyn Fn(u64) -> Result<Vec<f32>, E>,
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
/// where there are no more than `n`. `row` reads a row.
///
/// # Errors
/// Those of `row`.
pub fn random_pairs<E>(
    n_rows: u64,
    n: u64,
    seed: u64,
    row: &dyn Fn(u64) -> Result<Vec<f32>, E>,
) -> Result<Pairs, E> {
    if u128::from(n_rows) * u128::from(n_rows.saturating_sub(1)) / 2 <= u128::from(n) {
        let every = (0..n_rows).flat_map(|a| (a + 1..n_rows).map(move |b| (a, b)));
        return Pairs::measure(every, row);
    }
    let mut random = SplitMix64::new(seed);
    let drawn = (0..n).map(|_| {
        let a = random.below(n_rows);
        // Any row but `a`, each with the same probability.
        let b = random.below(n_rows - 1);
        let b = b + u64::from(b >= a);
        (a.min(b), a.max(b))
    });
    Pairs::measure(drawn, row)
}

/// `n` random pairs of rows whose IDs differ by 1; every such pair, once, where
/// there are no more than `n`. `row` reads a row.
///
/// # Errors
/// Those of `row`.
pub fn adjacent_pairs<E>(
    n_rows: u64,
    n: u64,
    seed: u64,
    row: &dyn Fn(u64) -> Result<Vec<f32>, E>,
) -> Result<Pairs, E> {
    let last = n_rows.saturating_sub(1);
    if last <= n {
        return Pairs::measure((0..last).map(|a| (a, a + 1)), row);
    }
    let mut random = SplitMix64::new(seed);
    let drawn = (0..n).map(|_| {
        let a = random.below(last);
        (a, a + 1)
    });
    Pairs::measure(drawn, row)
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

    fn ones(_: u64) -> Result<Vec<f32>, Infallible> {
        Ok(vec![1.0])
    }

    #[test]
    fn all_pairs_of_a_few_rows_are_taken() {
        let found = random_pairs(5, 10, 1, &unit).unwrap();
        assert_eq!((&*found.ids, found.left_out), (&[(0, 1), (0, 2), (1, 2)][..], 7));
        assert!((found.cosines[0] - 0.5_f64.sqrt()).abs() < 1e-12);
        let found = adjacent_pairs(5, 10, 1, &unit).unwrap();
        assert_eq!((&*found.ids, found.left_out), (&[(0, 1), (1, 2)][..], 2));
        assert_eq!(random_pairs(1, 10, 1, &unit).unwrap(), Pairs::default());
        assert_eq!(adjacent_pairs(0, 10, 1, &unit).unwrap(), Pairs::default());
    }

    #[test]
    fn pairs_of_many_rows_are_drawn_from_all_of_them() {
        let found = random_pairs(100, 500, 1, &ones).unwrap();
        assert_eq!(found.ids.len(), 500);
        assert!(found.ids.iter().all(|(a, b)| a < b && *b < 100));
        let met = |id| found.ids.iter().any(|(a, b)| *a == id || *b == id);
        assert!((0..100).all(met), "an ID can't be drawn");
        let found = adjacent_pairs(1000, 50, 1, &ones).unwrap();
        assert!(found.ids.len() == 50 && found.ids.iter().all(|(a, b)| a + 1 == *b));
    }
}
