//! Cosines of many pairs of rows, at random and side by side.

use anyhow::Result;

use super::SplitMix64;
use crate::similarity::{Metric, norm};

/// Two rows and how they lie to each other.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pair {
    /// The lower ID.
    pub a: u64,
    /// The higher one.
    pub b: u64,
    /// The cosine of the angle between their rows.
    pub cosine: f64,
}

/// Pairs of rows, and how many could not be used.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Pairs {
    /// Those with a cosine.
    pub pairs: Vec<Pair>,
    /// Pairs in which a row is all zeros, or has a NaN or an infinity.
    pub left_out: u64,
}

impl Pairs {
    /// Their cosines.
    pub fn cosines(&self) -> Vec<f64> {
        self.pairs.iter().map(|pair| pair.cosine).collect()
    }

    /// How far apart the two IDs of each pair are.
    pub fn distances(&self) -> Vec<f64> {
        self.pairs.iter().map(|pair| (pair.b - pair.a) as f64).collect()
    }

    fn measure(
        ids: impl Iterator<Item = (u64, u64)>,
        row: &dyn Fn(u64) -> Result<Vec<f32>>,
    ) -> Result<Self> {
        let mut found = Self::default();
        for (a, b) in ids {
            let (x, y) = (row(a)?, row(b)?);
            let (x, y) = ((&*x, norm(&x)), (&*y, norm(&y)));
            let usable = |norm: f64| norm.is_finite() && norm > 0.0;
            if usable(x.1) && usable(y.1) {
                found.pairs.push(Pair { a, b, cosine: Metric::Cosine.score(x, y) });
            } else {
                found.left_out += 1;
            }
        }
        Ok(found)
    }
}

/// `n` pairs of two different ones of the first `n_rows` rows, by chance; every
/// pair there is, once, where there are no more than that.
///
/// # Errors
/// Those of `row`, which reads one.
pub fn random_pairs(
    n_rows: u64,
    n: u64,
    seed: u64,
    row: &dyn Fn(u64) -> Result<Vec<f32>>,
) -> Result<Pairs> {
    if u128::from(n_rows) * u128::from(n_rows.saturating_sub(1)) / 2 <= u128::from(n) {
        let every = (0..n_rows).flat_map(|a| (a + 1..n_rows).map(move |b| (a, b)));
        return Pairs::measure(every, row);
    }
    let mut random = SplitMix64::new(seed);
    let drawn = (0..n).map(|_| {
        let a = random.below(n_rows);
        // Any other row, each as likely.
        let b = random.below(n_rows - 1);
        let b = b + u64::from(b >= a);
        (a.min(b), a.max(b))
    });
    Pairs::measure(drawn, row)
}

/// `n` pairs of rows that are side by side, by chance; every such pair, once,
/// where there are no more than that.
///
/// # Errors
/// Those of `row`, which reads one.
pub fn adjacent_pairs(
    n_rows: u64,
    n: u64,
    seed: u64,
    row: &dyn Fn(u64) -> Result<Vec<f32>>,
) -> Result<Pairs> {
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
    use super::*;

    fn unit(id: u64) -> Result<Vec<f32>> {
        Ok(match id {
            3 => vec![0.0, 0.0],
            4 => vec![f32::NAN, 1.0],
            _ => vec![1.0, id as f32],
        })
    }

    #[test]
    fn of_few_rows_every_pair_is_taken() {
        let found = random_pairs(5, 10, 1, &unit).unwrap();
        assert_eq!((found.pairs.len(), found.left_out), (3, 7));
        assert_eq!((found.pairs[0].a, found.pairs[0].b), (0, 1));
        assert!((found.pairs[0].cosine - 0.5_f64.sqrt()).abs() < 1e-12);
        let found = adjacent_pairs(5, 10, 1, &unit).unwrap();
        assert_eq!((found.pairs.len(), found.left_out), (2, 2));
        assert_eq!(random_pairs(1, 10, 1, &unit).unwrap(), Pairs::default());
        assert_eq!(adjacent_pairs(0, 10, 1, &unit).unwrap(), Pairs::default());
    }

    #[test]
    fn of_many_rows_different_ones_are_drawn() {
        let found = random_pairs(100, 500, 1, &|_| Ok(vec![1.0])).unwrap();
        assert_eq!(found.pairs.len(), 500);
        assert!(found.pairs.iter().all(|pair| pair.a < pair.b && pair.b < 100));
        let met = |id| found.pairs.iter().any(|pair| pair.a == id || pair.b == id);
        assert!((0..100).all(met), "an ID can't be drawn");
        let found = adjacent_pairs(1000, 50, 1, &|_| Ok(vec![1.0])).unwrap();
        assert!(found.pairs.len() == 50 && found.pairs.iter().all(|pair| pair.a + 1 == pair.b));
    }
}
