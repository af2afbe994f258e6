//! Means, tails of the normal distribution, seeded numbers.

/// SplitMix64's output function: every bit of the input changes half of the
/// output's.
pub fn mix(seed: u64) -> u64 {
    let mut z = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// A hash of bytes, the same on every machine; not made to withstand malice:
/// what hashes alike is compared before anything is said of it.
pub fn hash(bytes: &[u8]) -> u64 {
    const PRIME: u64 = 0x9fb2_1c65_1e98_df25;
    // Four sums that don't wait for each other.
    let mut lanes = [1, 2, 3, bytes.len() as u64];
    let (chunks, rest) = bytes.as_chunks::<32>();
    let mut last = [0; 32];
    last[..rest.len()].copy_from_slice(rest);
    for chunk in chunks.iter().chain([&last]) {
        for (lane, word) in lanes.iter_mut().zip(chunk.as_chunks::<8>().0) {
            *lane = (*lane ^ u64::from_le_bytes(*word)).wrapping_mul(PRIME).rotate_left(31);
        }
    }
    lanes.into_iter().fold(0, |hash, lane| mix(hash ^ lane))
}

/// Numbers that are spread evenly over a range and start anywhere in it: every
/// run of them is a fair sample. `n` of `0..of`, ascending, none twice; all of
/// the range where it has no more.
pub fn sample(of: u64, n: u64, seed: u64) -> Vec<u64> {
    if of <= n {
        return (0..of).collect();
    }
    // One of each of n parts that differ by one in length at most.
    let start = |i: u64| (u128::from(of) * u128::from(i) / u128::from(n)) as u64;
    (0..n).map(|i| start(i) + mix(seed ^ i) % (start(i + 1) - start(i))).collect()
}

/// A mean and its spread, built up value by value.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Moments {
    /// How many values.
    pub n: u64,
    sum: f64,
    squares: f64,
}

impl Moments {
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

    /// The mean; 0 of nothing.
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

    /// The standard error of the mean.
    pub fn error(&self) -> f64 {
        self.sd() / (self.n.max(1) as f64).sqrt()
    }

    /// By how many standard errors this mean is above another.
    pub fn z_above(&self, other: &Self) -> f64 {
        let error = self.error().hypot(other.error());
        if error > 0.0 { (self.mean() - other.mean()) / error } else { 0.0 }
    }
}

impl FromIterator<f64> for Moments {
    fn from_iter<I: IntoIterator<Item = f64>>(values: I) -> Self {
        let mut moments = Self::default();
        values.into_iter().for_each(|value| moments.add(value));
        moments
    }
}

/// The chance that a standard normal value is `z` or more.
///
/// The continued fraction of Mills' ratio from 2 on, the power series of the
/// density's integral below (Abramowitz and Stegun, 26.2.14 and 26.2.11);
/// relative error below 1e-9.
pub fn upper_tail(z: f64) -> f64 {
    if z < 0.0 {
        return 1.0 - upper_tail(-z);
    }
    let density = (-0.5 * z * z).exp() / (2.0 * std::f64::consts::PI).sqrt();
    if z >= 2.0 {
        let ratio = (1..=200).rev().fold(z, |below, i| z + f64::from(i) / below);
        return density / ratio;
    }
    let (mut term, mut sum) = (z, z);
    for i in 1..60 {
        term *= z * z / f64::from(2 * i + 1);
        sum += term;
    }
    0.5 - density * sum
}

/// The value that a share of the others lies below; `None` of nothing.
pub fn quantile(values: &mut [f64], share: f64) -> Option<f64> {
    values.sort_unstable_by(f64::total_cmp);
    let last = values.len().checked_sub(1)?;
    values.get((last as f64 * share).round() as usize).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tails_are_those_of_the_tables() {
        for (z, p) in [
            (0.0, 0.5),
            (1.0, 0.158_655_253_931_457_05),
            (1.96, 0.024_997_895_148_220_43),
            (2.0, 0.022_750_131_948_179_21),
            (3.0, 0.001_349_898_031_630_094_6),
            (6.0, 9.865_876_450_376_946e-10),
            (-1.0, 0.841_344_746_068_543),
        ] {
            let off = upper_tail(z) / p - 1.0;
            assert!(off.abs() < 1e-9, "{z}: {off}");
        }
        assert_eq!(upper_tail(100.0), 0.0);
    }

    #[test]
    fn moments_of_one_to_five() {
        let (mut low, high): (Moments, Moments) =
            ([1.0, 2.0].into_iter().collect(), [3.0, 4.0, 5.0].into_iter().collect());
        low.merge(&high);
        assert_eq!((low.n, low.mean()), (5, 3.0));
        assert!((low.sd() - 2.5_f64.sqrt()).abs() < 1e-12);
        assert_eq!(Moments::default().sd(), 0.0);
    }

    #[test]
    fn a_sample_is_ascending_and_spread() {
        assert_eq!(sample(3, 5, 1), [0, 1, 2]);
        let sample = sample(1000, 10, 7);
        assert!(sample.iter().enumerate().all(|(i, at)| at / 100 == i as u64), "{sample:?}");
        assert!(super::sample(u64::MAX, 3, 0).is_sorted());
    }

    #[test]
    fn every_byte_counts_in_a_hash() {
        let bytes: Vec<u8> = (0..100).collect();
        let whole = hash(&bytes);
        for at in 0..bytes.len() {
            let mut other = bytes.clone();
            other[at] ^= 1;
            assert_ne!(hash(&other), whole);
            assert_ne!(hash(&bytes[..at]), whole);
        }
        assert_ne!(hash(&[]), hash(&[0]));
    }

    #[test]
    fn quantiles_of_a_few() {
        let mut values = [3.0, 1.0, 2.0];
        assert_eq!(quantile(&mut values, 0.5), Some(2.0));
        assert_eq!(quantile(&mut values, 1.0), Some(3.0));
        assert_eq!(quantile(&mut [], 0.5), None);
    }
}
