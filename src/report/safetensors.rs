//! A tensor in the safetensors format: the length of a JSON object, the object, the
//! values.

use std::io::Write;

use anyhow::Result;

use super::json;

/// The data begins at a multiple of this many bytes.
const ALIGNMENT: usize = 8;

/// A matrix, row after row.
pub(crate) struct Matrix<'a> {
    pub name: &'a str,
    /// `F32`, `F16` or `BF16`.
    pub dtype: &'static str,
    pub shape: [u64; 2],
    pub bytes: u64,
}

/// The key of texts about the file. It comes first, so that its start shows who wrote it.
pub(crate) const METADATA: &str = "{\"__metadata__\":{";

/// Writes the header of a file with one matrix; its values follow.
pub(crate) fn header(
    matrix: &Matrix,
    metadata: &[(String, String)],
    out: &mut dyn Write,
) -> Result<()> {
    let mut header = METADATA.as_bytes().to_vec();
    for (nth, (key, text)) in metadata.iter().enumerate() {
        header.extend((nth > 0).then_some(b','));
        json::value(key, &mut header)?;
        header.push(b':');
        json::value(text, &mut header)?;
    }
    header.extend(b"},");
    json::value(matrix.name, &mut header)?;
    let ([rows, columns], Matrix { dtype, bytes, .. }) = (matrix.shape, matrix);
    write!(header, ":{{\"dtype\":\"{dtype}\",\"shape\":[{rows},{columns}],")?;
    write!(header, "\"data_offsets\":[0,{bytes}]}}}}")?;
    header.resize(header.len().next_multiple_of(ALIGNMENT), b' ');
    out.write_all(&(header.len() as u64).to_le_bytes())?;
    Ok(out.write_all(&header)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::safetensors::Header;

    #[test]
    fn the_header_reads_back() {
        let matrix = Matrix { name: "odd \"name\"\n", dtype: "F16", shape: [2, 3], bytes: 12 };
        let metadata = [("a".to_owned(), "\u{1b}猫\"".to_owned()), ("b".to_owned(), String::new())];
        let mut file = Vec::new();
        header(&matrix, &metadata, &mut file).unwrap();
        assert!(file.len().is_multiple_of(ALIGNMENT) && file[8..].starts_with(METADATA.as_bytes()));
        file.extend([0; 12]);
        let read = Header::read(&file).unwrap();
        assert_eq!(read.whole_len, file.len() as u64);
        assert_eq!(read.metadata.into_iter().collect::<Vec<_>>(), metadata);
        let [entry] = &read.tensors[..] else { panic!("{:?}", read.tensors) };
        assert_eq!((&*entry.name, &*entry.dtype, &*entry.shape), (matrix.name, "F16", &[2, 3][..]));
    }
}
