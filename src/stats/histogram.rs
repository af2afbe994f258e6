//! Counts of numbers by bin.

/// Counts numbers into the bins between `edges`. A bin includes its lower edge; the
/// last bin also includes its upper edge.
pub fn histogram(values: &[f64], edges: &[f64]) -> Vec<u64> {
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
    counts
}

/// Edges of at most `most` bins of one round width that cover `min` to `max`, for
/// numbers near 1. The width is at most 1, so a range longer than `most` gets more
/// bins.
pub fn edges(min: f64, max: f64, most: usize) -> Vec<f64> {
    // Whole hundredths, so that an edge is the float nearest to what is printed.
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
    fn bins_count_every_number_once() {
        assert_eq!(edges(-0.04, 0.11, 20).len(), 16);
        let edges = edges(-1.0, 1.0, 20);
        assert_eq!((edges.len(), edges[0], edges[20]), (21, -1.0, 1.0));
        let values = [-1.0, -0.95, -0.9, 0.0, 1.0];
        let counts = histogram(&values, &edges);
        assert_eq!((counts[0], counts[1], counts[10], counts[19]), (2, 1, 1, 1));
        assert_eq!(counts.iter().sum::<u64>(), 5);
        assert_eq!(super::edges(0.5, 0.5, 20), [0.5, 0.51]);
    }
}
