//! `lookup --as-input`: what the first block receives, against arithmetic
//! written out in f64.

#[path = "support/run.rs"]
mod run;
mod support;

use std::path::Path;

use run::{Outcome, embcli};
use serde_json::Value;
use support::{F32, Gguf, f32_bytes};

/// Three rows of four values.
const ROWS: [[f32; 4]; 3] =
    [[0.12, -0.34, 0.56, 0.78], [1.5, -2.25, 0.1, 0.3], [-0.7, 0.6, 0.05, -1.2]];
const POSITIONS: [[f32; 4]; 3] =
    [[0.01, 0.02, -0.03, 0.04], [-0.5, 0.25, 0.125, 0.7], [0.3, 0.3, -0.9, 0.2]];
const TYPES: [[f32; 4]; 2] = [[0.2, -0.1, 0.07, 0.3], [9.0, 9.0, 9.0, 9.0]];
const WEIGHT: [f32; 4] = [1.1, 0.9, -0.5, 2.0];
const BIAS: [f32; 4] = [0.05, -0.2, 0.0, 0.6];
const EPSILON: f32 = 1e-5;

fn model(arch: &str) -> Gguf {
    Gguf::new().kv("general.architecture", arch).vocab("llama", &["a", "b", "c"]).table(
        F32,
        4,
        3,
        f32_bytes(ROWS.as_flattened()),
    )
}

impl Gguf {
    fn with_positions(self) -> Self {
        self.tensor("position_embd.weight", &[4, 3], F32, f32_bytes(POSITIONS.as_flattened()))
    }

    fn with_types(self) -> Self {
        self.tensor("token_types.weight", &[4, 2], F32, f32_bytes(TYPES.as_flattened()))
    }

    fn with_weight(self) -> Self {
        self.tensor("token_embd_norm.weight", &[4], F32, f32_bytes(&WEIGHT))
    }

    fn with_norm(self, arch: &str) -> Self {
        self.with_weight()
            .tensor("token_embd_norm.bias", &[4], F32, f32_bytes(&BIAS))
            .kv(format!("{arch}.attention.layer_norm_epsilon"), EPSILON)
    }

    /// Runs a lookup with the given IDs and options after `--as-input`.
    fn lookup(self, args: &[&str]) -> Outcome {
        on(self.write().path(), args)
    }

    fn json(self, args: &[&str]) -> Value {
        self.lookup(&[args, &["--format", "json"]].concat()).json()
    }
}

fn on(path: &Path, args: &[&str]) -> Outcome {
    let path = path.to_str().unwrap();
    embcli([&["lookup", path, "--as-input"], args].concat())
}

fn values(answer: &Value, row: usize) -> Vec<f64> {
    let values = answer["rows"][row]["values"].as_array().unwrap();
    values.iter().map(|value| value.as_f64().unwrap()).collect()
}

fn steps(answer: &Value) -> Vec<&str> {
    let steps = answer["steps"].as_array().unwrap();
    for step in steps {
        assert_ne!(step["from"], "", "{step}");
        assert!(step["text"].as_str().unwrap().len() > 20, "{step}");
    }
    steps.iter().map(|step| step["step"].as_str().unwrap()).collect()
}

/// Row `row` is `expected`, to 1e-6 of each value, and its norm is theirs.
#[track_caller]
fn assert_near(answer: &Value, row: usize, expected: [f64; 4]) {
    let found = values(answer, row);
    for (found, expected) in found.iter().zip(expected) {
        assert!((found - expected).abs() <= 1e-6 * expected.abs(), "{found} is not {expected}");
    }
    let norm = expected.iter().map(|x| x * x).sum::<f64>().sqrt();
    let found = answer["rows"][row]["norm"].as_f64().unwrap();
    assert!((found - norm).abs() <= 1e-6 * norm, "norm {found} is not {norm}");
}

/// Row `row` is `expected`, bit for bit.
#[track_caller]
fn assert_exactly(answer: &Value, row: usize, expected: [f32; 4]) {
    let bits: Vec<u32> = values(answer, row).iter().map(|&x| (x as f32).to_bits()).collect();
    assert_eq!(bits, expected.map(f32::to_bits), "{answer}");
}

fn wide(row: [f32; 4]) -> [f64; 4] {
    row.map(f64::from)
}

fn sum(a: [f32; 4], b: [f32; 4]) -> [f32; 4] {
    std::array::from_fn(|i| a[i] + b[i])
}

/// LayerNorm by its definition.
fn layer_norm(x: [f64; 4], bias: [f32; 4]) -> [f64; 4] {
    let mean = (x[0] + x[1] + x[2] + x[3]) / 4.0;
    let variance = x.map(|x| (x - mean) * (x - mean)).iter().sum::<f64>() / 4.0;
    std::array::from_fn(|i| {
        (x[i] - mean) / (variance + f64::from(EPSILON)).sqrt() * f64::from(WEIGHT[i])
            + f64::from(bias[i])
    })
}

#[test]
fn bert_adds_type_and_position_and_normalises() {
    let file = || model("bert").with_types().with_positions().with_norm("bert");
    let answer = file().json(&["1", "2", "1"]);
    assert_eq!(steps(&answer), ["token_type", "position", "layer_norm"]);
    for (row, id) in [1, 2, 1].into_iter().enumerate() {
        let added = sum(sum(ROWS[id], TYPES[0]), POSITIONS[row]);
        assert_near(&answer, row, layer_norm(wide(added), BIAS));
        assert_eq!(answer["rows"][row]["position"], row);
        assert_eq!(answer["rows"][row].get("repeats"), None, "positions differ");
    }

    let answer = file().json(&["1", "--start", "2"]);
    let added = sum(sum(ROWS[1], TYPES[0]), POSITIONS[2]);
    assert_near(&answer, 0, layer_norm(wide(added), BIAS));
    assert_eq!(answer["rows"][0]["position"], 2);

    let error = file().lookup(&["1", "1", "--start", "2"]).error();
    assert!(error.contains("position 3") && error.contains("0 to 2"), "{error}");

    let untyped = model("bert").with_positions().with_norm("bert").json(&["0"]);
    assert_eq!(steps(&untyped), ["position", "layer_norm"]);
    assert_near(&untyped, 0, layer_norm(wide(sum(ROWS[0], POSITIONS[0])), BIAS));
}

#[test]
fn the_other_berts_add_no_position() {
    for arch in ["nomic-bert", "nomic-bert-moe", "jina-bert-v2", "jina-bert-v3"] {
        let answer = model(arch).with_types().with_positions().with_norm(arch).json(&["2", "2"]);
        assert_eq!(steps(&answer), ["token_type", "layer_norm"]);
        assert_near(&answer, 0, layer_norm(wide(sum(ROWS[2], TYPES[0])), BIAS));
        assert_eq!(answer["rows"][1]["repeats"], 0);
    }
    let answer = model("nomic-bert").with_norm("nomic-bert").json(&["2"]);
    assert_eq!(steps(&answer), ["layer_norm"]);
    let error = model("jina-bert-v2").with_norm("jina-bert-v2").lookup(&["2"]).error();
    assert!(error.contains("no token_types.weight"), "{error}");

    let arch = "modern-bert";
    let answer = model(arch).with_types().with_norm(arch).json(&["0"]);
    assert_eq!(steps(&answer), ["layer_norm"]);
    assert_near(&answer, 0, layer_norm(wide(ROWS[0]), [0.0; 4]));
}

#[test]
fn gpt2_adds_positions() {
    for arch in ["gpt2", "starcoder", "mpt"] {
        let answer = model(arch).with_positions().json(&["0..3"]);
        assert_eq!(steps(&answer), ["position"]);
        assert_eq!(answer["steps"][0]["from"], "position_embd.weight");
        for row in 0..3 {
            assert_exactly(&answer, row, sum(ROWS[row], POSITIONS[row]));
        }
    }
    assert_eq!(steps(&model("mpt").json(&["0"])), ["nothing"], "an mpt with ALiBi");
    let error = model("gpt2").lookup(&["0"]).error();
    assert!(error.contains("no position_embd.weight, which gpt2 needs"), "{error}");
    let narrow = [4.0; 9];
    let narrow = model("gpt2").tensor("position_embd.weight", &[3, 3], F32, f32_bytes(&narrow));
    let error = narrow.lookup(&["0"]).error();
    assert!(error.contains("rows of 3 values"), "{error}");
}

#[test]
fn bloom_and_rwkv_normalise() {
    for arch in ["bloom", "rwkv6", "rwkv7"] {
        let answer = model(arch).with_norm(arch).json(&["1", "--start", "1000000"]);
        assert_eq!(steps(&answer), ["layer_norm"]);
        assert_eq!(answer["steps"][0]["value"], 1e-5);
        assert_near(&answer, 0, layer_norm(wide(ROWS[1]), BIAS));
        assert_eq!(answer["rows"][0]["position"], 1_000_000);
    }
    let error = model("bloom").with_norm("llama").lookup(&["1"]).error();
    assert!(error.contains("no bloom.attention.layer_norm_epsilon"), "{error}");
    let no_bias = model("bloom").with_weight().kv("bloom.attention.layer_norm_epsilon", EPSILON);
    let error = no_bias.lookup(&["1"]).error();
    assert!(error.contains("no token_embd_norm.bias"), "{error}");
}

#[test]
fn talkie_divides_by_the_root_mean_square() {
    let answer =
        model("talkie").kv("talkie.attention.layer_norm_rms_epsilon", 0.01_f32).json(&["2"]);
    assert_eq!(steps(&answer), ["rms_norm"]);
    let x = wide(ROWS[2]);
    let square = (x[0] * x[0] + x[1] * x[1] + x[2] * x[2] + x[3] * x[3]) / 4.0;
    assert_near(&answer, 0, x.map(|x| x / (square + f64::from(0.01_f32)).sqrt()));
}

#[test]
fn scales_come_from_rules_and_keys() {
    let scaled = |file: Gguf, by: f32, from: &str| {
        let answer = file.json(&["0..3"]);
        assert_eq!(steps(&answer), ["scale"]);
        assert_eq!(answer["steps"][0]["value"].as_f64().unwrap() as f32, by);
        assert_eq!(answer["steps"][0]["from"], from);
        for (row, raw) in ROWS.into_iter().enumerate() {
            assert_exactly(&answer, row, raw.map(|x| x * by));
        }
    };
    for arch in ["gemma", "gemma2", "gemma3", "gemma3n", "gemma4", "gemma-embedding", "afmoe"] {
        scaled(model(arch), 2.0, "sqrt(d_model)");
    }
    scaled(model("minicpm"), 12.0, "12 without minicpm.embedding_scale");
    let key = "minicpm.embedding_scale";
    scaled(model("minicpm").kv(key, 3.7_f32), 3.7, key);
    scaled(model("minicpm3").kv("minicpm3.embedding_scale", 3.7_f32), 12.0, "12");
    // What C makes of 78.38367176906169f.
    let grok = f32::from_bits(0x429c_c471);
    scaled(model("grok"), grok, "78.383675 without grok.embedding_scale");
    for arch in ["granite", "granitemoe", "granitehybrid", "granite_swa", "hrm_text"] {
        let key = format!("{arch}.embedding_scale");
        scaled(model(arch).kv(&key, 1.3_f32), 1.3, &key);
        for file in [model(arch), model(arch).kv(&key, 0.0_f32)] {
            let answer = file.json(&["1"]);
            assert_eq!(steps(&answer), ["nothing"]);
            assert_exactly(&answer, 0, ROWS[1]);
        }
    }
    let none = model("minicpm").kv("minicpm.embedding_scale", 0.0_f32).json(&["1"]);
    assert_exactly(&none, 0, ROWS[1]);
    let error = model("granite").kv("granite.embedding_scale", "twelve").lookup(&["0"]).error();
    assert!(error.contains("granite.embedding_scale"), "{error}");
}

#[test]
fn a_second_table_is_told_of_and_not_mixed_in() {
    let file = || {
        let second = f32_bytes(&[5.0; 3 * 18]);
        model("gemma3n").tensor("per_layer_token_embd.weight", &[18, 3], F32, second)
    };
    let answer = file().kv("gemma3n.embedding_length_per_layer_input", 9_u32).json(&["1"]);
    assert_eq!(steps(&answer), ["scale", "per_layer"]);
    assert_eq!(answer["steps"][1]["value"], 3.0);
    assert_exactly(&answer, 0, ROWS[1].map(|x| x * 2.0));
    let error = file().lookup(&["1"]).error();
    assert!(error.contains("gemma3n.embedding_length_per_layer_input"), "{error}");
}

/// lfm2's final norm has the embedding norm's name; and no tensor, whatever
/// its name, makes an architecture do what it does not.
#[test]
fn tensors_do_not_decide() {
    for arch in ["lfm2", "lfm2moe", "llama", "mamba", "qwen3", "t5encoder", "jais", "falcon-h1"] {
        let file = model(arch).with_types().with_positions().with_norm(arch);
        let answer = file.kv(format!("{arch}.embedding_scale"), 5.0_f32).json(&["2", "0", "2"]);
        assert_eq!(steps(&answer), ["nothing"]);
        assert_exactly(&answer, 0, ROWS[2]);
        assert_exactly(&answer, 1, ROWS[0]);
        assert_eq!(answer["rows"][2]["repeats"], 0);
    }
}

#[test]
fn the_unknown_is_said_to_be_unknown() {
    let answer = model("frobnicator").with_positions().with_norm("frobnicator").json(&["2"]);
    assert_eq!(steps(&answer), ["unknown"]);
    assert!(answer["steps"][0]["text"].as_str().unwrap().contains("\"frobnicator\""));
    assert_exactly(&answer, 0, ROWS[2]);
    let nameless = Gguf::new().table(F32, 4, 3, f32_bytes(ROWS.as_flattened()));
    assert_eq!(steps(&nameless.json(&["2"])), ["unknown"]);
}

#[test]
fn a_partial_download_lacks_its_late_positions() {
    let whole = model("gpt2").with_positions().build();
    // The last row of positions and the padding after it.
    let cut = support::temp_file(&whole[..whole.len() - 32]);
    on(cut.path(), &["0", "1"]).ok();
    let error = on(cut.path(), &["0", "--start", "2"]).error();
    assert!(error.contains("position_embd.weight") && error.contains("incomplete"), "{error}");
}

#[test]
fn the_table_shows_the_steps_between() {
    let file = model("bert").with_types().with_positions().with_norm("bert").write();
    insta::assert_snapshot!(on(file.path(), &["1", "1"]).ok());
}

#[test]
fn only_lookups_of_the_token_table_have_an_input() {
    let file = model("gpt2").with_positions().write();
    let path = file.path().to_str().unwrap();
    for (args, why) in [
        (vec!["lookup", path, "0", "--as-input", "--tensor", "position_embd.weight"], "--as-input"),
        (vec!["lookup", path, "0", "--start", "1"], "--as-input"),
        (vec!["neighbors", path, "0", "--as-input"], "--as-input"),
    ] {
        let outcome = embcli(&args);
        assert_eq!(outcome.code, Some(2), "{args:?}: {outcome:?}");
        assert!(outcome.stderr.contains(why), "{args:?}: {outcome:?}");
    }
    let plain = embcli(["lookup", path, "0", "--format", "json"]).json();
    assert_eq!(plain.get("steps"), None);
}

#[test]
fn the_real_model_scales_by_the_root_of_640() {
    let Some(path) = support::real_model() else { return };
    let ids = ["0", "791", "2368", "262143"];
    let json = [&ids[..], &["--format", "json"]].concat();
    let answer = on(&path, &json).json();
    assert_eq!(steps(&answer), ["scale"]);
    let path = path.to_str().unwrap();
    let raw = embcli([&["lookup", path], &json[..]].concat()).json();
    for row in 0..ids.len() {
        let scaled: Vec<u32> =
            values(&raw, row).iter().map(|&x| (x as f32 * 25.298_222_f32).to_bits()).collect();
        let found: Vec<u32> = values(&answer, row).iter().map(|&x| (x as f32).to_bits()).collect();
        assert_eq!(found, scaled);
    }
}
