//! Whether a row has a direction.

/// Whether a row with this Euclidean norm has a direction: the norm is finite
/// and not zero. A row with a NaN or an infinity has a norm that is not finite.
/// Cosines need a usable norm on both sides.
pub fn is_usable(norm: f64) -> bool {
    norm.is_finite() && norm > 0.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zero_and_non_finite_norms_are_not_usable() {
        assert!(is_usable(1e-300) && is_usable(f64::MAX));
        for norm in [0.0, -0.0, f64::NAN, f64::INFINITY] {
            assert!(!is_usable(norm));
        }
    }
}
