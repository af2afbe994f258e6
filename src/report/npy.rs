//! The matrix of a lookup as NumPy's own file format: `numpy.load` opens it.
//!
//! A header of version 1.0, then the `[n, d_model]` values as little-endian
//! f32, row after row. Every bit is kept, of NaNs too.

use std::io::Write;

use anyhow::{Result, bail};
use npy_writer::{NumpyArray, NumpyWriter};

use crate::answer::{Answer, LookupReport};

/// Writes the matrix of an answer that is one.
///
/// # Errors
/// For every answer but that of `lookup`.
pub(super) fn write(answer: &Answer, mut out: &mut dyn Write) -> Result<()> {
    let Answer::Lookup(report) = answer else { bail!("npy holds the matrix of a lookup only") };
    Ok(Matrix(report).write_npy(&mut out)?)
}

struct Matrix<'r>(&'r LookupReport);

impl<'r> NumpyArray for Matrix<'r> {
    type Elem = f32;
    type Iter = Box<dyn Iterator<Item = f32> + 'r>;

    fn npy_shape(&self) -> Vec<usize> {
        self.0.shape.map(|n| n as usize).to_vec()
    }

    fn npy_elements(self) -> Self::Iter {
        Box::new(self.0.rows.iter().flat_map(|row| row.values.iter().map(|value| value.0)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::answer::{Float, LookupReport, LookupRow, TableInfo, TokenText};

    #[test]
    fn every_bit_is_kept() {
        let odd = [0x7fc0_0001, 0xff80_0000, 0x8000_0000, 1, 0x3f80_0001, 0x7f7f_ffff];
        let row = |position: u64| LookupRow {
            position,
            id: 0,
            token: TokenText { token: None, token_hex: None },
            token_type: None,
            norm: Float(0.0),
            repeats: None,
            values: odd[3 * position as usize..][..3]
                .iter()
                .map(|b| Float(f32::from_bits(*b)))
                .collect(),
        };
        let table = TableInfo {
            tensor: String::new(),
            format: "F32",
            n_vocab: 1,
            d_model: 3,
            bytes: 12,
            offset: 0,
            n_tokens: None,
        };
        let report = LookupReport {
            model: String::new(),
            text: None,
            table,
            ids: vec![0, 0],
            shape: [2, 3],
            bytes_read: 12,
            steps: None,
            rows: vec![row(0), row(1)],
            notes: Vec::new(),
        };
        let mut bytes = Vec::new();
        write(&Answer::Lookup(report), &mut bytes).unwrap();
        assert_eq!(&bytes[..8], b"\x93NUMPY\x01\x00");
        let header = usize::from(u16::from_le_bytes([bytes[8], bytes[9]]));
        let text = std::str::from_utf8(&bytes[10..10 + header]).unwrap();
        assert!(text.contains("'<f4'") && text.contains("(2, 3,)"), "{text}");
        assert!(text.contains("'fortran_order': False"), "{text}");
        let data: Vec<u8> = odd.iter().flat_map(|bits| bits.to_le_bytes()).collect();
        assert_eq!((&bytes[10 + header..], (10 + header) % 64), (&data[..], 0));
    }
}
