//! Every ggml type against what ggml's own C code makes of the same blocks, bit for bit.
//!
//! How the vectors were made: `fixtures/golden/README.md`.

use std::fs;
use std::path::PathBuf;

use embcli::quant::{FORMATS, Format};

/// Types that ggml stores and does not convert: `quant`'s own tests check them.
const NOT_IN_GGML: [&str; 5] = ["F64", "I8", "I16", "I32", "I64"];

/// The blocks of a vector, and the values that ggml decodes them to.
fn vector(format: &Format, set: &str) -> (Vec<u8>, Vec<f32>) {
    let read = |extension| {
        let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
            .join("fixtures/golden")
            .join(format!("{format}.{set}.{extension}"));
        fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    };
    let values = read("f32");
    let values = values.as_chunks().0.iter().map(|v| f32::from_le_bytes(*v));
    (read("blocks"), values.collect())
}

#[test]
fn every_format_decodes_as_ggml_does() {
    for format in FORMATS {
        if NOT_IN_GGML.contains(&format.name) {
            continue;
        }
        for set in ["real", "rand"] {
            let (blocks, expected) = vector(format, set);
            assert!(!expected.is_empty(), "{format}.{set} is empty");
            let mut decoded = vec![0.0; expected.len()];
            format.decode(&blocks, &mut decoded);
            for (i, (ours, ggml)) in decoded.iter().zip(&expected).enumerate() {
                assert!(
                    ours.to_bits() == ggml.to_bits(),
                    "{format}.{set}, value {i}: {ours:e} ({:#010x}) is {ggml:e} ({:#010x}) in ggml",
                    ours.to_bits(),
                    ggml.to_bits(),
                );
            }
        }
    }
}
