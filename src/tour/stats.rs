//! Mean, deviation, ranks, and counts by bin.

/// Where numbers lie and how far apart.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spread {
    /// Their arithmetic mean.
    pub mean: f64,
    /// Their standard deviation (over n).
    pub sd: f64,
    /// The least of them.
    pub min: f64,
    /// The largest.
    pub max: f64,
}

impl Spread {
    /// Of some numbers; `None` where there are none.
    pub fn of(values: &[f64]) -> Option<Self> {
        let n = values.len() as f64;
        let (&first, _) = values.split_first()?;
        let mean = values.iter().sum::<f64>() / n;
        let variance = values.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / n;
        let (min, max) =
            values.iter().fold((first, first), |(min, max), &x| (min.min(x), max.max(x)));
        Some(Self { mean, sd: variance.sqrt(), min, max })
    }
}

/// Spearman's rank correlation of two lists of one length: the correlation of
/// their ranks, ties sharing the mean of theirs. From -1 to 1; `None` where
/// there are fewer than two pairs, or all of a list are equal.
pub fn rank_correlation(a: &[f64], b: &[f64]) -> Option<f64> {
    let (a, b) = (ranks(a), ranks(b));
    let (x, y) = (Spread::of(&a)?, Spread::of(&b)?);
    let products = a.iter().zip(&b).map(|(a, b)| (a - x.mean) * (b - y.mean));
    let covariance = products.sum::<f64>() / a.len() as f64;
    (x.sd > 0.0 && y.sd > 0.0).then(|| (covariance / (x.sd * y.sd)).clamp(-1.0, 1.0))
}

/// The rank of each number among all, from 1.
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

/// How many numbers lie between each two edges.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Histogram(pub Vec<u64>);

impl Histogram {
    /// Counts numbers into the bins between `edges`, each with its lower edge
    /// in it, the last with its upper one too.
    pub fn of(values: &[f64], edges: &[f64]) -> Self {
        let bins = edges.len().saturating_sub(1);
        let mut counts = vec![0; bins];
        for value in values {
            let above = edges.partition_point(|edge| edge <= value);
            if (1..=bins).contains(&above) {
                counts[above - 1] += 1;
            } else if above == bins + 1 && edges.last() == Some(value) {
                counts[bins - 1] += 1;
            }
        }
        Self(counts)
    }
}

/// Edges of bins of one round width, at most `most` bins, that hold all from
/// `min` to `max`, numbers of a size near 1.
pub fn edges(min: f64, max: f64, most: usize) -> Vec<f64> {
    // Whole hundredths, so that an edge is the nearest float to what is printed.
    for hundredths in [1, 2, 5, 10, 20, 50, 100] {
        let width = f64::from(hundredths) / 100.0;
        let (first, last) = ((min / width).floor() as i32, (max / width).ceil() as i32);
        let last = last.max(first + 1);
        if (last - first) as usize <= most || hundredths == 100 {
            return (first..=last).map(|i| f64::from(i * hundredths) / 100.0).collect();
        }
    }
    Vec::new()
}

#[cfg(test)]
mod tests {
    use super::*;

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

    #[test]
    fn bins_hold_everything_once() {
        assert_eq!(edges(-0.04, 0.11, 20).len(), 16);
        let edges = edges(-1.0, 1.0, 20);
        assert_eq!((edges.len(), edges[0], edges[20]), (21, -1.0, 1.0));
        let values = [-1.0, -0.95, -0.9, 0.0, 1.0];
        let Histogram(counts) = Histogram::of(&values, &edges);
        assert_eq!((counts[0], counts[1], counts[10], counts[19]), (2, 1, 1, 1));
        assert_eq!(counts.iter().sum::<u64>(), 5);
        assert_eq!(super::edges(0.5, 0.5, 20), [0.5, 0.51]);
    }
}
