//! The type of exported values.

use half::{bf16, f16};

use crate::named::named;

named! {
    /// The type of exported values. Values are rounded to the nearest, in the middle to the
    /// even one.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
    pub enum Dtype {
        #[default]
        F32 = "F32",
        F16 = "F16",
        Bf16 = "BF16",
    }
}

impl Dtype {
    /// The bytes of a value.
    pub(super) fn bytes(self) -> u64 {
        if self == Self::F32 { 4 } else { 2 }
    }

    /// Appends values to bytes. Returns how many finite values became infinite.
    pub(super) fn append(self, values: &[f32], out: &mut Vec<u8>) -> u64 {
        let most = match self {
            Self::F32 => {
                out.extend(values.iter().flat_map(|x| x.to_le_bytes()));
                return 0;
            }
            Self::F16 => {
                out.extend(values.iter().flat_map(|x| f16::from_f32(*x).to_le_bytes()));
                // The middle of 65504, the largest half, and the next power of two.
                65520.0
            }
            Self::Bf16 => {
                out.extend(values.iter().flat_map(|x| bf16::from_f32(*x).to_le_bytes()));
                f32::from_bits(0x7f7f_8000)
            }
        };
        values.iter().filter(|x| x.is_finite() && x.abs() >= most).count() as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_that_are_too_large_are_counted() {
        let next = |x: f32, by| f32::from_bits(x.to_bits().wrapping_add_signed(by));
        for (dtype, most) in [(Dtype::F16, 65520.0), (Dtype::Bf16, f32::from_bits(0x7f7f_8000))] {
            let values =
                [most, -most, next(most, -1), f32::INFINITY, f32::NAN, 1.0, next(-most, 1)];
            let mut bytes = Vec::new();
            assert_eq!(dtype.append(&values, &mut bytes), 3, "{dtype:?}");
            let infinite = bytes.as_chunks::<2>().0.iter().filter(|x| match dtype {
                Dtype::F16 => f16::from_le_bytes(**x).is_infinite(),
                _ => bf16::from_le_bytes(**x).is_infinite(),
            });
            assert_eq!(infinite.count(), 4, "{dtype:?}");
        }
    }
}
