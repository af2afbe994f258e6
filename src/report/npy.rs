//! A matrix in NumPy's file format: `numpy.load` opens it.
//!
//! A header of version 1.0, then the `[n, d]` values as little-endian f32, row
//! after row. All bits are kept, including those of a NaN.

use std::io::Write;
use std::iter;

use anyhow::Result;
use npy_writer::{NumpyArray, NumpyWriter};

/// Writes the header of a matrix of `f32`; its values follow.
pub(crate) fn header(shape: [u64; 2], mut out: &mut dyn Write) -> Result<()> {
    Ok(Header(shape.map(|n| n as usize)).write_npy(&mut out)?)
}

/// Appends some values of the matrix to its bytes.
pub(crate) fn values(values: impl IntoIterator<Item = f32>, out: &mut Vec<u8>) {
    out.extend(values.into_iter().flat_map(f32::to_le_bytes));
}

/// An array without values: npy-writer writes its header, the rows follow.
struct Header([usize; 2]);

impl NumpyArray for Header {
    type Elem = f32;
    type Iter = iter::Empty<f32>;

    fn npy_shape(&self) -> Vec<usize> {
        self.0.to_vec()
    }

    fn npy_elements(self) -> Self::Iter {
        iter::empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_bit_is_kept() {
        let odd = [0x7fc0_0001, 0xff80_0000, 0x8000_0000, 1, 0x3f80_0001, 0x7f7f_ffff];
        let mut bytes = Vec::new();
        header([2, 3], &mut bytes).unwrap();
        values(odd.map(f32::from_bits), &mut bytes);
        assert_eq!(&bytes[..8], b"\x93NUMPY\x01\x00");
        let header = usize::from(u16::from_le_bytes([bytes[8], bytes[9]]));
        let text = std::str::from_utf8(&bytes[10..10 + header]).unwrap();
        assert!(text.contains("'<f4'") && text.contains("(2, 3,)"), "{text}");
        assert!(text.contains("'fortran_order': False"), "{text}");
        let data: Vec<u8> = odd.iter().flat_map(|bits| bits.to_le_bytes()).collect();
        assert_eq!((&bytes[10 + header..], (10 + header) % 64), (&data[..], 0));
    }
}
