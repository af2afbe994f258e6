//! Numbers that say how many directions the rows of a table use.

/// What the eigenvalues of a Gram matrix say. Each is the energy of the rows in one of
/// the principal directions: the sum of their squared coordinates.
#[derive(Clone, Debug, PartialEq)]
pub struct Spectrum {
    /// The energies, largest first.
    pub energies: Vec<f64>,
}

/// The shares of the energy that are counted in dimensions.
pub const SHARES: [f64; 3] = [0.5, 0.9, 0.99];

impl Spectrum {
    /// Sorts eigenvalues. Those that rounding made negative become 0.
    pub fn of(eigenvalues: impl IntoIterator<Item = f64>) -> Self {
        let mut energies: Vec<f64> = eigenvalues.into_iter().map(|x| x.max(0.0)).collect();
        energies.sort_unstable_by(|a, b| b.total_cmp(a));
        Self { energies }
    }

    fn total(&self) -> f64 {
        self.energies.iter().sum()
    }

    /// The singular values of the matrix of rows.
    pub fn singular_values(&self) -> impl Iterator<Item = f64> {
        self.energies.iter().map(|energy| energy.sqrt())
    }

    /// The participation ratio, `(Σ λ)² / Σ λ²`: d if all d directions have the same
    /// energy, 1 if one has all of it. NaN if there is none.
    pub fn participation(&self) -> f64 {
        self.total().powi(2) / self.energies.iter().map(|x| x * x).sum::<f64>()
    }

    /// The effective rank of Roy and Vetterli ("The effective rank", 2007) over the
    /// energies: e to the power of the entropy of their shares.
    pub fn effective_rank(&self) -> f64 {
        let total = self.total();
        let shares = self.energies.iter().map(|x| x / total).filter(|share| *share > 0.0);
        if total > 0.0 {
            (-shares.map(|share| share * share.ln()).sum::<f64>()).exp()
        } else {
            f64::NAN
        }
    }

    /// How many leading directions have each of [`SHARES`] of the energy.
    pub fn dimensions(&self) -> [u64; 3] {
        let total = self.total();
        SHARES.map(|share| {
            let mut sum = 0.0;
            let below = |energy: &&f64| {
                sum += **energy;
                sum < share * total
            };
            let n = self.energies.iter().take_while(below).count() + 1;
            n.min(self.energies.len()) as u64
        })
    }

    /// IsoScore (Rudman and others, "IsoScore: measuring the uniformity of embedding
    /// space utilization", 2022): 1 if all directions have the same variance, 0 if one
    /// has all of it. For energies of centred rows. NaN for one dimension.
    pub fn isoscore(&self) -> f64 {
        let d = self.energies.len() as f64;
        let length = self.energies.iter().map(|x| x * x).sum::<f64>().sqrt();
        let off = self.energies.iter().map(|x| (d.sqrt() * x / length - 1.0).powi(2)).sum::<f64>();
        // The squared defect, as a share of the largest.
        let defect = off / (2.0 * (d - d.sqrt()));
        let used = (d - defect * (d - d.sqrt())).powi(2) / (d * d);
        (d * used - 1.0) / (d - 1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn even_and_flat_spectra_are_the_ends() {
        let even = Spectrum::of([2.0; 4]);
        assert_eq!((even.participation(), even.dimensions()), (4.0, [2, 4, 4]));
        assert!((even.effective_rank() - 4.0).abs() < 1e-12);
        assert!((even.isoscore() - 1.0).abs() < 1e-12);
        let flat = Spectrum::of([0.0, 9.0, -1e-9, 0.0]);
        assert_eq!((flat.participation(), flat.dimensions()), (1.0, [1, 1, 1]));
        assert!((flat.effective_rank() - 1.0).abs() < 1e-12 && flat.isoscore().abs() < 1e-12);
        assert_eq!(flat.singular_values().next(), Some(3.0));
        let none = Spectrum::of([0.0; 2]);
        assert!(none.participation().is_nan() && none.effective_rank().is_nan());
    }
}
