//! The bytes against those of ggml's own code: see `fixtures/README.md`.

use super::super::FORMATS;
use super::Quantiser;

#[test]
fn every_quantiser_writes_ggmls_bytes() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/quantise");
    let values: Vec<f32> = std::fs::read(folder.join("rows.f32"))
        .unwrap()
        .as_chunks::<4>()
        .0
        .iter()
        .map(|bytes| f32::from_le_bytes(*bytes))
        .collect();
    let mut seen = 0;
    for format in FORMATS {
        let Some(quantiser) = Quantiser::of(format) else { continue };
        let mut bytes = vec![0; values.len() / format.block_len * format.block_bytes];
        quantiser.quantise(&values, &mut bytes);
        let expected = if format.name == "F32" {
            values.iter().flat_map(|x| x.to_le_bytes()).collect()
        } else {
            std::fs::read(folder.join(format!("{format}.blocks"))).unwrap()
        };
        let row = format.row_bytes(768).unwrap() as usize;
        let differing: Vec<usize> = bytes
            .chunks(row)
            .zip(expected.chunks(row))
            .enumerate()
            .filter(|(_, (is, should))| is != should)
            .map(|(i, _)| i)
            .collect();
        assert!(differing.is_empty() && bytes.len() == expected.len(), "{format}: {differing:?}");
        seen += 1;
    }
    assert_eq!(seen, 18);
}
