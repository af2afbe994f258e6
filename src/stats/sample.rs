//! An even sample of a range.

use super::mix;

/// `n` different numbers of `0..of`, ascending; the whole range if it has at most
/// `n`. The range is cut into `n` parts whose lengths differ by at most one, and
/// one number is drawn from each (stratified sampling), so every part of the range
/// is represented evenly.
pub fn sample(of: u64, n: u64, seed: u64) -> Vec<u64> {
    if of <= n {
        return (0..of).collect();
    }
    let start = |i: u64| (u128::from(of) * u128::from(i) / u128::from(n)) as u64;
    (0..n).map(|i| start(i) + mix(seed ^ i) % (start(i + 1) - start(i))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sample_is_ascending_and_spread() {
        assert_eq!(sample(3, 5, 1), [0, 1, 2]);
        let sample = sample(1000, 10, 7);
        assert!(sample.iter().enumerate().all(|(i, at)| at / 100 == i as u64), "{sample:?}");
        assert!(super::sample(u64::MAX, 3, 0).is_sorted());
    }
}
