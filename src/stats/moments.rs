//! Mean, standard deviation and extremes.

/// The mean, the spread and the extremes of some numbers.
///
/// Holds the number n of values, their mean, the sum of squared deviations
/// M = Σ (x - mean)², the least and the largest. Values close to their
/// mean keep their digits; in Σ x² - n mean² the digits would cancel.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Moments {
    n: u64,
    mean: f64,
    squares: f64,
    min: f64,
    max: f64,
}

impl Default for Moments {
    fn default() -> Self {
        Self { n: 0, mean: 0.0, squares: 0.0, min: f64::INFINITY, max: f64::NEG_INFINITY }
    }
}

impl Moments {
    /// The moments of a list, in two passes: the mean, then the deviations from
    /// it. `None` for an empty list.
    pub fn of(values: &[f64]) -> Option<Self> {
        let n = values.len() as f64;
        let (&first, _) = values.split_first()?;
        let mean = values.iter().sum::<f64>() / n;
        let squares = values.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>();
        let (min, max) =
            values.iter().fold((first, first), |(min, max), &x| (min.min(x), max.max(x)));
        Some(Self { n: values.len() as u64, mean, squares, min, max })
    }

    /// Adds a value (Welford, "Note on a method for calculating corrected sums of
    /// squares and products", 1962).
    pub fn add(&mut self, value: f64) {
        let off = value - self.mean;
        self.n += 1;
        self.mean += off / self.n as f64;
        self.squares += off * (value - self.mean);
        self.min = self.min.min(value);
        self.max = self.max.max(value);
    }

    /// Adds all values of another (Chan, Golub and LeVeque, "Updating formulae and
    /// a pairwise algorithm for computing sample variances", 1979).
    pub fn merge(&mut self, other: &Self) {
        if other.n == 0 {
            return;
        }
        let (n, m) = (self.n as f64, other.n as f64);
        let off = other.mean - self.mean;
        self.n += other.n;
        self.mean += off * m / (n + m);
        self.squares += other.squares + off * off * n * m / (n + m);
        self.min = self.min.min(other.min);
        self.max = self.max.max(other.max);
    }

    /// The number of values.
    pub fn n(&self) -> u64 {
        self.n
    }

    /// The arithmetic mean; 0 if there are no values.
    pub fn mean(&self) -> f64 {
        self.mean
    }

    /// The standard deviation of these values, `sqrt(M / n)`; 0 if there are no
    /// values.
    pub fn sd(&self) -> f64 {
        if self.n == 0 { 0.0 } else { (self.squares / self.n as f64).sqrt() }
    }

    /// The standard deviation of the population that these values are a sample of,
    /// `sqrt(M / (n - 1))`; 0 if there are fewer than two.
    pub fn sample_sd(&self) -> f64 {
        if self.n < 2 { 0.0 } else { (self.squares / (self.n - 1) as f64).sqrt() }
    }

    /// The least value; positive infinity if there are none.
    pub fn min(&self) -> f64 {
        self.min
    }

    /// The largest value; negative infinity if there are none.
    pub fn max(&self) -> f64 {
        self.max
    }

    /// The standard error of the mean, `sample_sd / sqrt(n)`.
    pub fn error(&self) -> f64 {
        self.sample_sd() / (self.n.max(1) as f64).sqrt()
    }
}

impl FromIterator<f64> for Moments {
    fn from_iter<I: IntoIterator<Item = f64>>(values: I) -> Self {
        let mut moments = Self::default();
        values.into_iter().for_each(|value| moments.add(value));
        moments
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_of_one_to_five() {
        let all = Moments::of(&[1.0, 2.0, 3.0, 4.0, 5.0]).unwrap();
        let (mut low, high): (Moments, Moments) =
            ([1.0, 2.0].into_iter().collect(), [3.0, 4.0, 5.0].into_iter().collect());
        low.merge(&high);
        low.merge(&Moments::default());
        for moments in [all, low] {
            assert_eq!((moments.n(), moments.mean()), (5, 3.0));
            assert_eq!((moments.min(), moments.max()), (1.0, 5.0));
            assert!((moments.sd() - 2.0_f64.sqrt()).abs() < 1e-12);
            assert!((moments.sample_sd() - 2.5_f64.sqrt()).abs() < 1e-12);
            assert!((moments.error() - 0.5_f64.sqrt()).abs() < 1e-12);
        }
        assert_eq!(Moments::of(&[]), None);
        assert_eq!(Moments::default().sd(), 0.0);
    }

    #[test]
    fn a_large_mean_costs_no_digits() {
        let values = [1e9 + 1.0, 1e9 + 2.0, 1e9 + 3.0];
        let streamed: Moments = values.into_iter().collect();
        for moments in [Moments::of(&values).unwrap(), streamed] {
            assert!((moments.sample_sd() - 1.0).abs() < 1e-6);
        }
    }
}
