//! Random numbers from a seed alone: the same on every machine, in every run.

/// Steele, Lea and Flood's generator, 64 bits of state ("Fast splittable
/// pseudorandom number generators", 2014;
/// <https://prng.di.unimi.it/splitmix64.c>).
#[derive(Clone, Debug)]
pub struct SplitMix64(u64);

/// What each step adds to the state: 2^64 divided by the golden ratio.
const STEP: u64 = 0x9e37_79b9_7f4a_7c15;

/// The first number of [`SplitMix64`] under a seed: a hash of 64 bits. A change
/// of one bit of the seed changes each bit of the result with probability one
/// half.
pub fn mix(seed: u64) -> u64 {
    let z = seed.wrapping_add(STEP);
    let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

impl SplitMix64 {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub fn bits(&mut self) -> u64 {
        let bits = mix(self.0);
        self.0 = self.0.wrapping_add(STEP);
        bits
    }

    /// A whole number from 0 to `n - 1`, where `n` is not 0: the high half of a
    /// product (Lemire, "Fast random integer generation in an interval", 2019,
    /// without the correction of a bias of `n / 2^64`).
    pub fn below(&mut self, n: u64) -> u64 {
        ((u128::from(self.bits()) * u128::from(n)) >> 64) as u64
    }

    /// A number from 0 up to 1, 1 not included: a multiple of `2^-53`.
    pub fn unit(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1_u64 << 53) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The first numbers of the reference implementation under seed 1234567.
    #[test]
    fn the_generator_is_the_published_one() {
        let mut random = SplitMix64::new(1_234_567);
        let numbers: Vec<u64> = (0..3).map(|_| random.bits()).collect();
        assert_eq!(
            numbers,
            [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423]
        );
        assert_eq!(mix(1_234_567), numbers[0]);
    }

    #[test]
    fn numbers_stay_within_their_range() {
        let mut random = SplitMix64::new(1);
        let mut met = [false; 5];
        for _ in 0..1000 {
            met[random.below(5) as usize] = true;
            assert!((0.0..1.0).contains(&random.unit()));
        }
        assert_eq!((met, random.below(1)), ([true; 5], 0));
    }
}
