//! Numbers as people read them.

/// A whole number with its thousands marked: `524,288,000`.
pub(crate) fn grouped(n: u64) -> String {
    crate::text::grouped(n.into())
}

/// Bytes in powers of 1000: `1.05 GB`.
pub(crate) fn decimal_size(bytes: u64) -> String {
    scaled(bytes, 1000.0, ["B", "kB", "MB", "GB", "TB", "PB", "EB"])
}

/// Bytes in powers of 1024: `1000 MiB`.
pub(crate) fn binary_size(bytes: u64) -> String {
    scaled(bytes, 1024.0, ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"])
}

/// Three significant digits, or the whole integer part if that is longer.
fn scaled(bytes: u64, base: f64, units: [&str; 7]) -> String {
    let mut value = bytes as f64;
    let mut unit = 0;
    // A value that rounds up to the next unit is shown in that unit.
    while value.round() >= base && unit < 6 {
        value /= base;
        unit += 1;
    }
    let digits = match value {
        _ if unit == 0 => 0,
        v if v < 9.995 => 2,
        v if v < 99.95 => 1,
        _ => 0,
    };
    format!("{value:.digits$} {}", units[unit])
}

/// A share as a percentage with three digits; tiny shares keep their first one.
pub(crate) fn percent(share: f64) -> String {
    let percent = share * 100.0;
    match percent {
        p if p == 0.0 || p >= 99.95 => format!("{p:.0} %"),
        p if p >= 9.995 => format!("{p:.1} %"),
        p if p >= 0.995 => format!("{p:.2} %"),
        p => {
            let decimals = (1.0 - p.log10().floor()).clamp(2.0, 17.0) as usize;
            format!("{p:.decimals$} %")
        }
    }
}

/// A value in at most eight columns, rounded to four decimals (two from 10 on, none
/// from 10,000 on). Very small and very large values are in powers of ten.
pub(crate) fn rounded(value: f64) -> String {
    let magnitude = value.abs();
    if magnitude == 0.0 {
        "0".to_owned()
    } else if (0.0001..10_000.0).contains(&magnitude) {
        let decimals = if magnitude < 10.0 { 4 } else { 2 };
        let shown = format!("{value:.decimals$}");
        shown.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else if (10_000.0..1e7).contains(&magnitude) {
        format!("{value:.0}")
    } else {
        // NaN and infinities too: NaN, inf, -inf.
        format!("{value:.1e}")
    }
}

/// A value with the fewest digits that identify it among the `f32`.
pub(crate) fn exact(value: f32) -> String {
    let shown = format!("{value:?}");
    shown.strip_suffix(".0").unwrap_or(&shown).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_name_their_powers() {
        assert_eq!(decimal_size(1_048_576_000), "1.05 GB");
        assert_eq!(binary_size(1_048_576_000), "1000 MiB");
        assert_eq!(decimal_size(2_097_152_000), "2.10 GB");
        assert_eq!(decimal_size(512), "512 B");
        assert_eq!(decimal_size(999_999), "1.00 MB");
        assert_eq!(binary_size(1023), "1023 B");
        assert_eq!(binary_size(1024), "1.00 KiB");
        assert_eq!(decimal_size(u64::MAX), "18.4 EB");
    }

    #[test]
    fn thousands_are_marked() {
        assert_eq!(grouped(0), "0");
        assert_eq!(grouped(999), "999");
        assert_eq!(grouped(1000), "1,000");
        assert_eq!(grouped(524_288_000), "524,288,000");
    }

    #[test]
    fn shares_keep_a_digit() {
        assert_eq!(percent(0.704), "70.4 %");
        assert_eq!(percent(1.0), "100 %");
        assert_eq!(percent(2040.0 / 178_257_920.0), "0.0011 %");
        assert_eq!(percent(0.0), "0 %");
    }

    #[test]
    fn values_are_short_and_never_lie_about_zero() {
        assert_eq!(rounded(0.12_f32.into()), "0.12");
        assert_eq!(rounded(-0.030_273_438), "-0.0303");
        assert_eq!(rounded(1.2e-7), "1.2e-7");
        assert_eq!([0.0, -0.0].map(rounded), ["0", "0"]);
        assert_eq!([f64::NAN, f64::INFINITY, -f64::INFINITY].map(rounded), ["NaN", "inf", "-inf"]);
        assert_eq!([f32::NAN, f32::INFINITY, -f32::INFINITY].map(exact), ["NaN", "inf", "-inf"]);
        assert_eq!(exact(-0.0), "-0");
        assert_eq!(exact(0.1), "0.1");
    }
}
