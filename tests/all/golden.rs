//! Compares every ggml type with ggml's own C code on the same blocks, bit for bit.
//!
//! `fixtures/golden/README.md` says how the vectors were made.

use crate::support;
use std::fs;
use std::path::PathBuf;

use embcli::cpu::Level;
use embcli::quant::{FORMATS, Format};

/// Types that ggml stores but does not convert. The tests of `quant` check them.
const NOT_IN_GGML: [&str; 5] = ["F64", "I8", "I16", "I32", "I64"];

/// The blocks of a vector, and ggml's decoded values.
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
            for level in Level::available() {
                let mut decoded = vec![0.0; expected.len()];
                format.decode_at(level, &blocks, &mut decoded);
                for (i, (ours, ggml)) in decoded.iter().zip(&expected).enumerate() {
                    assert!(
                        ours.to_bits() == ggml.to_bits(),
                        "{format}.{set} at {}, value {i}: {ours:e} ({:#010x}) is {ggml:e} ({:#010x}) in ggml",
                        level.name(),
                        ours.to_bits(),
                        ggml.to_bits(),
                    );
                }
            }
        }
    }
}

/// Reads a JSON value through f64, as most readers do.
fn from_json(value: &serde_json::Value) -> f32 {
    match value {
        serde_json::Value::String(name) => name.parse::<f64>().expect("NaN or Infinity") as f32,
        number => number.as_f64().expect("a number") as f32,
    }
}

#[test]
fn the_binary_prints_ggmls_values() {
    for format in FORMATS.iter().filter(|format| !NOT_IN_GGML.contains(&format.name)) {
        let (mut blocks, mut expected) = vector(format, "real");
        let rand = vector(format, "rand");
        blocks.extend(rand.0);
        expected.extend(rand.1);
        let file = support::Gguf::new().table(format.id, 256, 8, blocks).write();
        let output = std::process::Command::new(env!("CARGO_BIN_EXE_embcli"))
            .arg("lookup")
            .arg(file.path())
            .args(["0..8", "--format", "json"])
            .output()
            .expect("the binary runs");
        let answer: serde_json::Value = serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|_| panic!("{format}: {}", String::from_utf8_lossy(&output.stderr)));
        assert_eq!(answer["table"]["type"], format.name);
        let rows = answer["rows"].as_array().expect("rows");
        let values = rows.iter().flat_map(|row| row["values"].as_array().expect("values"));
        let printed: Vec<u32> = values.map(|value| from_json(value).to_bits()).collect();
        let expected: Vec<u32> = expected.iter().map(|value| value.to_bits()).collect();
        assert_eq!(printed, expected, "{format}");
    }
}
