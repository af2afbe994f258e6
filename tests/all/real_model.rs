//! Tests on the real model, which `scripts/fetch-real-model.sh` downloads.

use crate::support;
use std::process::Command;

use serde_json::Value;

fn answer(command: &str, args: &[&str]) -> Value {
    let output = Command::new(env!("CARGO_BIN_EXE_embcli"))
        .arg(command)
        .arg(support::real_model())
        .args(args)
        .args(["--format", "json"])
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
#[ignore = "needs the real model: scripts/fetch-real-model.sh"]
fn only_three_rows_are_read() {
    let answer = answer("lookup", &["791", "2368", "3290"]);
    assert_eq!(answer["shape"], serde_json::json!([3, 640]));
    assert_eq!(answer["bytes_read"], 2040);
    let table = &answer["table"];
    assert_eq!(table["offset"], 6_527_680);
    assert_eq!(table["bytes"], 178_257_920);
    assert_eq!((&table["type"], &table["n_tokens"]), (&"Q8_0".into(), &262_144.into()));
}

/// The bits that the `gguf` Python package (0.19) dequantises.
#[test]
#[ignore = "needs the real model: scripts/fetch-real-model.sh"]
fn row_2368_equals_the_reference_readers() {
    const EXPECTED: [u32; 16] = [
        0x3d53_db80,
        0xbce6_7100,
        0x3ca3_8a00,
        0xbd7c_be00,
        0xbaed_e000,
        0x3c50_2400,
        0xbcaa_f900,
        0x3d0d_3d00,
        0xbd48_b500,
        0xbc32_6800,
        0x3c5f_0200,
        0x3d48_b500,
        0xbcc8_b500,
        0xbd18_6380,
        0xbcaa_f900,
        0xbdec_0440,
    ];
    let answer = answer("lookup", &["2368"]);
    let values = answer["rows"][0]["values"].as_array().unwrap();
    assert_eq!(values.len(), 640);
    let bits: Vec<u32> =
        values.iter().take(16).map(|value| (value.as_f64().unwrap() as f32).to_bits()).collect();
    assert_eq!(bits, EXPECTED);
}

#[test]
#[ignore = "needs the real model: scripts/fetch-real-model.sh"]
fn the_neighbours_of_a_cat() {
    let answer = answer("neighbors", &["5866"]);
    assert_eq!(answer["queries"][0]["token"], " cat");
    let neighbors = answer["queries"][0]["neighbors"].as_array().unwrap();
    assert_eq!(neighbors.len(), 10);
    for (neighbor, (token, score)) in
        neighbors.iter().zip([(" Cat", 0.830_823), (" cats", 0.767_709), (" dog", 0.760_431)])
    {
        assert_eq!(neighbor["token"], token);
        assert!((neighbor["score"].as_f64().unwrap() - score).abs() < 1e-6, "{neighbor}");
    }
}

#[test]
#[ignore = "needs the real model: scripts/fetch-real-model.sh"]
fn the_table_is_most_of_the_file() {
    let answer = answer("footprint", &[]);
    let actual = &answer["actual"];
    assert_eq!(actual["type"], "Q8_0");
    assert_eq!(actual["bytes"], 178_257_920);
    assert_eq!(actual["file_bytes"], 253_113_024);
    assert_eq!(actual["tied"], true);
    assert!((actual["share"].as_f64().unwrap() - 0.704).abs() < 0.0005);
}
