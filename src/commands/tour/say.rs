//! How sentences and tables of a tour write tokens and numbers.

use super::TourToken;
pub(super) use crate::report::number::rounded;
use crate::text::{grouped, quoted};

/// A token in quotes, or its ID where it has no text.
pub(super) fn name(token: &TourToken) -> String {
    match &token.text.token {
        Some(text) if token.text.token_hex.is_none() => quoted(text, 24),
        _ => format!("row {}", token.id),
    }
}

/// A token in a table, at most 16 columns wide; its bytes if they are no text.
pub(super) fn short(token: &TourToken) -> String {
    match token.text.token {
        Some(_) => token.text.quoted(16),
        None => format!("row {}", token.id),
    }
}

/// A number with this many decimals. Zero has no minus sign.
pub(super) fn decimal(value: f64, decimals: usize) -> String {
    let shown = format!("{value:.decimals$}");
    match shown.strip_prefix('-') {
        Some(rest) if rest.bytes().all(|byte| matches!(byte, b'0' | b'.')) => rest.to_owned(),
        _ => shown,
    }
}

/// A cosine: three decimals.
pub(super) fn cosine(value: f64) -> String {
    decimal(value, 3)
}

/// A time in microseconds.
pub(super) fn microseconds(value: f64) -> String {
    match value {
        value if value < 0.1 => format!("{value:.3}"),
        value if value < 10.0 => format!("{value:.2}"),
        value => grouped(value.round() as u128),
    }
}

/// A factor, such as 2.43 or 30,482.
pub(super) fn factor(value: f64) -> String {
    match value {
        v if v < 100.0 => decimal(v, 2),
        v if v < 1e15 => grouped(v.round() as u128),
        v => format!("{v:.1e}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zero_has_no_minus_sign() {
        assert_eq!(decimal(-0.0004, 3), "0.000");
        assert_eq!(decimal(-0.0006, 3), "-0.001");
        assert_eq!(factor(2.434), "2.43");
        assert_eq!(factor(30_482.4), "30,482");
        assert_eq!(factor(f64::INFINITY), "inf");
    }
}
