//! Quantiles, and the correlation of ranks.

use super::Moments;

/// A quantile of some numbers: the number at position `share * (n - 1)` of the
/// sorted list, rounded to the nearest position. `None` for an empty list. Sorts
/// the list.
pub fn quantile(values: &mut [f64], share: f64) -> Option<f64> {
    values.sort_unstable_by(f64::total_cmp);
    let last = values.len().checked_sub(1)?;
    values.get((last as f64 * share).round() as usize).copied()
}

/// Spearman's rank correlation of two lists of one length ("The proof and
/// measurement of association between two things", 1904): Pearson's correlation of
/// their ranks, where equal numbers share the mean of their ranks. From -1 to 1;
/// `None` if there are fewer than two pairs, or all numbers of a list are equal.
pub fn rank_correlation(a: &[f64], b: &[f64]) -> Option<f64> {
    let (a, b) = (ranks(a), ranks(b));
    let (x, y) = (Moments::of(&a)?, Moments::of(&b)?);
    let products = a.iter().zip(&b).map(|(a, b)| (a - x.mean()) * (b - y.mean()));
    let covariance = products.sum::<f64>() / a.len() as f64;
    (x.sd() > 0.0 && y.sd() > 0.0).then(|| (covariance / (x.sd() * y.sd())).clamp(-1.0, 1.0))
}

/// The rank of each number among all of them, from 1.
fn ranks(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|&i, &j| values[i].total_cmp(&values[j]));
    let mut ranks = vec![0.0; values.len()];
    let mut before = 0;
    for tied in order.chunk_by(|&i, &j| values[i] == values[j]) {
        // The mean of before + 1 to before + n.
        let rank = before as f64 + (tied.len() as f64 + 1.0) / 2.0;
        tied.iter().for_each(|&i| ranks[i] = rank);
        before += tied.len();
    }
    ranks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_of_a_few() {
        let mut values = [3.0, 1.0, 2.0];
        assert_eq!(quantile(&mut values, 0.5), Some(2.0));
        assert_eq!(quantile(&mut values, 1.0), Some(3.0));
        assert_eq!(quantile(&mut [], 0.5), None);
    }

    #[test]
    fn ranks_of_ties_are_shared() {
        assert_eq!(ranks(&[3.0, 1.0, 3.0, 2.0]), [3.5, 1.0, 3.5, 2.0]);
        assert_eq!(rank_correlation(&[1.0, 2.0, 3.0], &[1.0, 4.0, 9.0]), Some(1.0));
        assert_eq!(rank_correlation(&[1.0, 2.0, 3.0], &[9.0, 4.0, 1.0]), Some(-1.0));
        assert_eq!(rank_correlation(&[1.0, 2.0], &[5.0, 5.0]), None);
        assert_eq!(rank_correlation(&[], &[]), None);
        // scipy.stats.spearmanr([1, 2, 3, 4, 5], [5, 6, 7, 8, 7])
        let rho = rank_correlation(&[1.0, 2.0, 3.0, 4.0, 5.0], &[5.0, 6.0, 7.0, 8.0, 7.0]);
        assert!((rho.unwrap() - 0.820_782_681_668_123_3).abs() < 1e-12, "{rho:?}");
    }
}
