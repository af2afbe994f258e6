//! A mean and its spread, from plain sums.

/// The number, the sum and the sum of squares of some values.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Sums {
    /// The number of values.
    pub n: u64,
    sum: f64,
    squares: f64,
}

impl Sums {
    /// Takes a value in.
    pub fn add(&mut self, value: f64) {
        self.n += 1;
        self.sum += value;
        self.squares += value * value;
    }

    /// Takes in all the values of another.
    pub fn merge(&mut self, other: &Self) {
        self.n += other.n;
        self.sum += other.sum;
        self.squares += other.squares;
    }

    /// The mean; 0 where there are no values.
    pub fn mean(&self) -> f64 {
        if self.n == 0 { 0.0 } else { self.sum / self.n as f64 }
    }

    /// The standard deviation; 0 of fewer than two values.
    pub fn sd(&self) -> f64 {
        if self.n < 2 {
            return 0.0;
        }
        let n = self.n as f64;
        ((self.squares - self.sum * self.sum / n) / (n - 1.0)).max(0.0).sqrt()
    }

    /// How far this mean is above another, in standard errors.
    pub fn z_above(&self, other: &Self) -> f64 {
        let of_mean = |sums: &Self| sums.sd() / (sums.n.max(1) as f64).sqrt();
        let error = of_mean(self).hypot(of_mean(other));
        if error > 0.0 { (self.mean() - other.mean()) / error } else { 0.0 }
    }
}

impl FromIterator<f64> for Sums {
    fn from_iter<I: IntoIterator<Item = f64>>(values: I) -> Self {
        let mut sums = Self::default();
        values.into_iter().for_each(|value| sums.add(value));
        sums
    }
}
