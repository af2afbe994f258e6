//! Mean, standard deviation and extremes.

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Moments {
    pub mean: f64,
    /// The standard deviation of these numbers, `sqrt(Σ (x - mean)² / n)`.
    pub sd: f64,
    pub min: f64,
    pub max: f64,
}

impl Moments {
    /// The moments of a list, in two passes: the mean, then the deviations from it.
    /// So numbers that differ little from their mean lose no digits, as they would in
    /// Σ x² - n mean². `None` for an empty list.
    pub fn of(values: &[f64]) -> Option<Self> {
        let (n, &first) = (values.len() as f64, values.first()?);
        let mean = values.iter().sum::<f64>() / n;
        let squares = values.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>();
        let (min, max) =
            values.iter().fold((first, first), |(min, max), &x| (min.min(x), max.max(x)));
        Some(Self { mean, sd: (squares / n).sqrt(), min, max })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_of_one_to_five() {
        let all = Moments::of(&[1.0, 2.0, 3.0, 4.0, 5.0]).unwrap();
        assert_eq!((all.mean, all.min, all.max), (3.0, 1.0, 5.0));
        assert!((all.sd - 2.0_f64.sqrt()).abs() < 1e-12);
        assert_eq!(Moments::of(&[]), None);
    }

    #[test]
    fn a_large_mean_costs_no_digits() {
        let moments = Moments::of(&[1e9 + 1.0, 1e9 + 2.0, 1e9 + 3.0]).unwrap();
        assert!((moments.sd - (2.0_f64 / 3.0).sqrt()).abs() < 1e-6);
    }
}
