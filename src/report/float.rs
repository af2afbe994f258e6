//! Floats that a program reads back with the same bits.

use serde::{Serialize, Serializer};

/// A float whose JSON reads back as the same bits.
///
/// Finite values are JSON numbers with the fewest digits that identify them,
/// whether the reader parses to the float's own width or to 64 bits first. JSON
/// has no other numbers, so the rest are the strings `"NaN"`, `"Infinity"` and
/// `"-Infinity"`, which Python's `float` and JavaScript's `Number` read.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Float<T>(pub T);

impl Float<f32> {
    /// The digits for JSON and CSV.
    pub fn digits(self) -> String {
        self.written(&mut zmij::Buffer::new()).to_owned()
    }

    /// The same without a copy.
    pub(super) fn written(self, buffer: &mut zmij::Buffer) -> &str {
        match self.0 {
            value if !value.is_finite() => special(value.into()),
            value if self.is_tipped_over() => buffer.format_finite(f64::from(value)),
            value => buffer.format_finite(value),
        }
    }

    /// Whether a reader that parses to `f64` first gets another `f32` from the shortest
    /// digits, because they lie almost in the middle between two `f32` values (those of
    /// 7.038531e-26 do). Then the digits of the `f64` are written.
    ///
    /// The `f64` is then the middle itself, which rounds to the neighbour with the even
    /// last bit. So a value whose last bit is 0 comes back: most values of a table that is
    /// not stored as f32 are such.
    fn is_tipped_over(self) -> bool {
        if self.0.to_bits() & 1 == 0 {
            return false;
        }
        let reads_back = |wide: f64| (wide as f32).to_bits() == self.0.to_bits();
        !zmij::Buffer::new().format_finite(self.0).parse().is_ok_and(reads_back)
    }
}

impl Float<f64> {
    /// The digits for CSV.
    pub fn digits(self) -> String {
        if self.0.is_finite() { self.0.to_string() } else { special(self.0).to_owned() }
    }
}

impl Serialize for Float<f32> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            value if !value.is_finite() => serializer.serialize_str(special(value.into())),
            value if self.is_tipped_over() => serializer.serialize_f64(value.into()),
            value => serializer.serialize_f32(value),
        }
    }
}

impl Serialize for Float<f64> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.0.is_finite() {
            serializer.serialize_f64(self.0)
        } else {
            serializer.serialize_str(special(self.0))
        }
    }
}

fn special(value: f64) -> &'static str {
    if value.is_nan() {
        "NaN"
    } else if value > 0.0 {
        "Infinity"
    } else {
        "-Infinity"
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::SplitMix64;

    #[test]
    fn floats_read_back_whatever_the_readers_width() {
        let odd = [7.038531e-26_f32, 1e-45, -0.0, 0.1, f32::MAX, f32::MIN_POSITIVE, 16777216.0];
        let mut random = SplitMix64::new(1);
        let random = std::iter::repeat_with(|| f32::from_bits(random.bits() as u32));
        let neighbours = |value: f32| {
            [-1, 0, 1].map(|by| f32::from_bits(value.to_bits().wrapping_add_signed(by)))
        };
        let odd = odd.into_iter().flat_map(neighbours).filter(|value| value.is_finite());
        for value in odd.chain(random.filter(|v| v.is_finite()).take(100_000)) {
            let json = serde_json::to_string(&Float(value)).unwrap();
            let narrow: f32 = json.parse().unwrap();
            let wide: f64 = json.parse().unwrap();
            assert_eq!(narrow.to_bits(), value.to_bits(), "{json}");
            assert_eq!((wide as f32).to_bits(), value.to_bits(), "{json}");
        }
    }

    #[test]
    fn what_is_no_number_is_a_string() {
        for (value, json) in [
            (f32::NAN, "\"NaN\""),
            (f32::INFINITY, "\"Infinity\""),
            (f32::NEG_INFINITY, "\"-Infinity\""),
        ] {
            assert_eq!(serde_json::to_string(&Float(value)).unwrap(), json);
        }
    }
}
