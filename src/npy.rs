//! Reads a vector or a matrix from NumPy's file format.
//!
//! `b"\x93NUMPY"`, version, length of the header, then a Python dictionary such as
//! `{'descr': '<f4', 'fortran_order': False, 'shape': (2, 640), }` and the values, row
//! after row.

/// Rows of one length.
#[derive(Debug, PartialEq)]
pub struct Matrix {
    pub rows: usize,
    pub columns: usize,
    pub values: Vec<f32>,
}

/// The matrix in the bytes of a file. A vector is a matrix of one row. Values of 64 bits
/// are rounded to 32.
///
/// # Errors
/// A sentence without a subject, if the file is no such matrix.
pub fn read(bytes: &[u8]) -> Result<Matrix, String> {
    let not = || "is not a .npy file of NumPy".to_owned();
    let rest = bytes.strip_prefix(b"\x93NUMPY").ok_or_else(not)?;
    let (version, rest) = rest.split_first_chunk::<2>().ok_or_else(not)?;
    let (length, rest) = match version[0] {
        1 => {
            let (length, rest) = rest.split_first_chunk().ok_or_else(not)?;
            (usize::from(u16::from_le_bytes(*length)), rest)
        }
        _ => {
            let (length, rest) = rest.split_first_chunk().ok_or_else(not)?;
            (u32::from_le_bytes(*length) as usize, rest)
        }
    };
    let (header, data) = rest.split_at_checked(length).ok_or_else(not)?;
    let header = std::str::from_utf8(header).map_err(|_| not())?;
    let after = |key: &str| {
        let at = header.find(&format!("'{key}'"))? + key.len() + 2;
        Some(header[at..].trim_start().strip_prefix(':')?.trim_start())
    };
    let kind = after("descr").and_then(|text| text.strip_prefix('\'')).ok_or_else(not)?;
    let kind = kind.split('\'').next().unwrap_or_default();
    if after("fortran_order").is_none_or(|text| !text.starts_with("False")) {
        return Err("is stored column after column: save numpy.ascontiguousarray(x)".to_owned());
    }
    let shape = after("shape").and_then(|text| text.strip_prefix('(')?.split(')').next());
    let shape = shape.ok_or_else(not)?.split(',').map(str::trim).filter(|n| !n.is_empty());
    let shape: Vec<usize> = shape.map(str::parse).collect::<Result<_, _>>().map_err(|_| not())?;
    let (rows, columns) = match *shape {
        [columns] => (1, columns),
        [rows, columns] => (rows, columns),
        _ => return Err(format!("has {} dimensions, not 1 or 2", shape.len())),
    };
    let size = match kind {
        "<f4" => 4,
        "<f8" => 8,
        _ => {
            let kind = crate::text::visible(crate::text::clip(kind, 16).as_ref()).into_owned();
            return Err(format!("has values of type {kind}: save x.astype('float32')"));
        }
    };
    let expected = rows.checked_mul(columns).and_then(|n| n.checked_mul(size));
    if expected != Some(data.len()) {
        return Err(format!("has {} bytes of values; its shape asks for others", data.len()));
    }
    let values = match size {
        4 => data.as_chunks().0.iter().map(|x| f32::from_le_bytes(*x)).collect(),
        _ => data.as_chunks().0.iter().map(|x| f64::from_le_bytes(*x) as f32).collect(),
    };
    Ok(Matrix { rows, columns, values })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(header: &str, data: &[u8]) -> Vec<u8> {
        let mut file = b"\x93NUMPY\x01\x00".to_vec();
        file.extend((header.len() as u16).to_le_bytes());
        file.extend(header.as_bytes());
        file.extend(data);
        file
    }

    #[test]
    fn vectors_and_matrices_of_both_widths_are_read() {
        let data: Vec<u8> = [1.0_f32, -2.5].iter().flat_map(|x| x.to_le_bytes()).collect();
        let header = "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }\n";
        let expected = Matrix { rows: 1, columns: 2, values: vec![1.0, -2.5] };
        assert_eq!(read(&file(header, &data)), Ok(expected));
        let wide: Vec<u8> = [0.1_f64, 7.0].iter().flat_map(|x| x.to_le_bytes()).collect();
        let header = "{'descr': '<f8', 'fortran_order': False, 'shape': (2, 1), }\n";
        let expected = Matrix { rows: 2, columns: 1, values: vec![0.1, 7.0] };
        assert_eq!(read(&file(header, &wide)), Ok(expected));
    }

    #[test]
    fn other_files_are_refused_and_none_panics() {
        let header = "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }\n";
        let whole = file(header, &[0; 8]);
        for len in 0..whole.len() {
            assert!(read(&whole[..len]).is_err(), "{len}");
        }
        for (from, to) in [
            ("<f4", "<i8"),
            ("<f4", ">f4"),
            ("False", "True"),
            ("(2,)", "(1, 1, 2)"),
            ("(2,)", "(-2,)"),
            ("(2,)", "(18446744073709551615, 18446744073709551615)"),
            ("shape", "form"),
        ] {
            assert!(read(&file(&header.replace(from, to), &[0; 8])).is_err(), "{to}");
        }
    }
}
