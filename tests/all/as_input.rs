//! `--as-input`: the vectors that the first block receives, and their neighbours,
//! compared with plain f64 arithmetic.

use std::path::Path;

use crate::support;
use crate::support::run::{Outcome, embcli};
use crate::support::{F32, Gguf, f32_bytes};
use serde_json::Value;

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

/// Asserts that row `row` is `expected` within 1e-6 of each value, and that its norm is
/// right.
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

/// Asserts that row `row` is `expected`, bit for bit.
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
fn bert_variants_add_no_position() {
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
    assert_eq!(steps(&model("mpt").json(&["0"])), ["nothing"], "mpt with ALiBi");
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
    // The bits that C gives for 78.38367176906169f.
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
fn a_second_table_gets_a_step_but_is_not_added() {
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

/// The architecture decides the steps, not the names of the tensors. (In lfm2, the
/// final norm has the name of the embedding norm.)
#[test]
fn the_architecture_decides_not_the_tensors() {
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
fn an_unknown_architecture_gives_the_step_unknown() {
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
    // Cuts off the last row of positions and the padding after it.
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
fn only_rows_of_the_token_table_have_an_input() {
    let file = model("gpt2").with_positions().write();
    let path = file.path().to_str().unwrap();
    for (args, why) in [
        (vec!["lookup", path, "0", "--as-input", "--tensor", "position_embd.weight"], "--as-input"),
        (vec!["lookup", path, "0", "--start", "1"], "--as-input"),
        (vec!["neighbors", path, "0", "--as-input", "--tensor", "output.weight"], "--as-input"),
        (vec!["neighbors", path, "0", "--start", "1"], "--as-input"),
    ] {
        let outcome = embcli(&args);
        assert_eq!(outcome.code, Some(2), "{args:?}: {outcome:?}");
        assert!(outcome.stderr.contains(why), "{args:?}: {outcome:?}");
    }
    let plain = embcli(["lookup", path, "0", "--format", "json"]).json();
    assert_eq!(plain.get("steps"), None);
}

#[test]
#[ignore = "needs the real model: scripts/fetch-real-model.sh"]
fn the_real_model_scales_by_the_root_of_640() {
    let path = support::real_model();
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

/// Compares all scores of `neighbors --as-input` on `ROWS` with a plain computation.
/// `entering` is `ROWS` as the first block receives them.
#[track_caller]
fn assert_neighbors(file: Gguf, args: &[&str], entering: [[f64; 4]; 3]) -> Value {
    let file = file.write();
    let path = file.path().to_str().unwrap();
    let dot = |a: [f64; 4], b: [f64; 4]| -> f64 { a.iter().zip(b).map(|(a, b)| a * b).sum() };
    let mut answer = Value::Null;
    for metric in ["cosine", "dot", "l2"] {
        let ids = ["0", "1", "2", "--as-input", "--metric", metric, "--format", "json"];
        answer = embcli([&["neighbors", path], &ids[..], args].concat()).json();
        for (query, found) in answer["queries"].as_array().unwrap().iter().enumerate() {
            let a = entering[query];
            let mut expected: Vec<(f64, u64)> = (0..3)
                .filter(|id| *id != query)
                .map(|id| {
                    let b = entering[id];
                    let score = match metric {
                        "cosine" => dot(a, b) / (dot(a, a) * dot(b, b)).sqrt(),
                        "dot" => dot(a, b),
                        _ => std::array::from_fn::<f64, 4, _>(|i| (a[i] - b[i]).powi(2))
                            .iter()
                            .sum::<f64>()
                            .sqrt(),
                    };
                    (score, id as u64)
                })
                .collect();
            expected.sort_by(|a, b| a.0.total_cmp(&b.0));
            if metric != "l2" {
                expected.reverse();
            }
            let neighbors = found["neighbors"].as_array().unwrap();
            assert_eq!(neighbors.len(), 2);
            for (neighbor, (score, id)) in neighbors.iter().zip(expected) {
                assert_eq!(neighbor["id"], id, "{metric}: {answer}");
                let found = neighbor["score"].as_f64().unwrap();
                assert!(
                    (found - score).abs() < 1e-6 * score.abs().max(1.0),
                    "{found}, not {score}"
                );
            }
            let norm = found["norm"].as_f64().unwrap();
            assert!((norm - dot(a, a).sqrt()).abs() < 1e-6 * norm, "{norm}");
        }
    }
    answer
}

fn notes(answer: &Value) -> String {
    answer["notes"].to_string()
}

#[test]
fn neighbors_are_ranked_as_the_first_block_receives_the_rows() {
    let bert = || model("bert").with_types().with_positions().with_norm("bert");
    for (start, position) in [(&[][..], 0), (&["--start", "2"], 2)] {
        let entering =
            ROWS.map(|row| layer_norm(wide(sum(sum(row, TYPES[0]), POSITIONS[position])), BIAS));
        let answer = assert_neighbors(bert(), start, entering);
        assert_eq!(answer["position"], position);
        assert_eq!(steps(&answer), ["token_type", "position", "layer_norm"]);
        assert!(notes(&answer).contains(&format!("at position {position}")), "{answer}");

        let entering = ROWS.map(|row| wide(sum(row, POSITIONS[position])));
        assert_neighbors(model("gpt2").with_positions(), start, entering);
    }
    let entering = ROWS.map(|row| layer_norm(wide(row), BIAS));
    let answer = assert_neighbors(model("bloom").with_norm("bloom"), &[], entering);
    assert_eq!(answer["notes"], serde_json::json!([]));
    let out_of_range = bert().write();
    let path = out_of_range.path().to_str().unwrap();
    let error = embcli(["neighbors", path, "0", "--as-input", "--start", "3"]).error();
    assert!(error.contains("position 3") && error.contains("0 to 2"), "{error}");
}

#[test]
fn steps_that_change_no_ranking_give_a_note() {
    for (file, scale) in [
        (model("minicpm"), 12.0),
        (model("minicpm").kv("minicpm.embedding_scale", 0.25_f32), 0.25),
        (model("gemma3"), 2.0),
        (model("granite").kv("granite.embedding_scale", 1.5_f32), 1.5),
    ] {
        let entering = ROWS.map(|row| wide(row).map(|x| x * scale));
        let answer = assert_neighbors(file, &[], entering);
        let notes = notes(&answer);
        assert!(notes.contains(&format!("every distance {scale} times")), "{notes}");
        assert!(notes.contains("no ranking"), "{notes}");
    }
    // A negative scale can change a ranking, so it is applied.
    let negative = model("granite").kv("granite.embedding_scale", -1.5_f32);
    let answer = assert_neighbors(negative, &[], ROWS.map(|row| wide(row).map(|x| x * -1.5)));
    assert_eq!(answer["notes"], serde_json::json!([]));
    let answer = assert_neighbors(model("llama"), &["--start", "9"], ROWS.map(wide));
    assert!(notes(&answer).contains("as they are"), "{answer}");
    let answer = assert_neighbors(model("frobnicator"), &[], ROWS.map(wide));
    assert!(notes(&answer).contains("is not known"), "{answer}");

    let epsilon = 0.01_f32;
    let file = || model("talkie").kv("talkie.attention.layer_norm_rms_epsilon", epsilon);
    let entering = ROWS.map(|row| {
        let x = wide(row);
        let square = x.iter().map(|x| x * x).sum::<f64>() / 4.0;
        x.map(|x| x / (square + f64::from(epsilon)).sqrt())
    });
    assert_neighbors(file(), &[], entering);
    let file = file().write();
    let path = file.path().to_str().unwrap();
    let said = embcli(["neighbors", path, "0", "--as-input"]).ok();
    assert!(said.replace("\n  ", " ").contains("as the first block receives them"), "{said}");
    assert!(said.contains("a number of its own"), "{said}");
}

/// A stored row of zeros has no direction. With a position added it has one.
#[test]
fn a_row_of_zeros_has_a_direction_after_a_position_is_added() {
    let rows = [[0.0; 4], ROWS[1], ROWS[2]];
    let file = Gguf::new()
        .kv("general.architecture", "gpt2")
        .table(F32, 4, 3, f32_bytes(rows.as_flattened()))
        .with_positions()
        .write();
    let path = file.path().to_str().unwrap();
    embcli(["neighbors", path, "0"]).error();
    let answer = embcli(["neighbors", path, "0", "--as-input", "--format", "json"]).json();
    assert_eq!(answer["queries"][0]["neighbors"].as_array().unwrap().len(), 2);
}

#[test]
fn all_rows_give_the_same_as_one_by_one() {
    let file = model("bloom").with_norm("bloom").write();
    let path = file.path().to_str().unwrap();
    let one_by_one = embcli(["neighbors", path, "0", "1", "2", "--as-input", "--format", "csv"]);
    let all = embcli(["neighbors", path, "--all", "--as-input", "--format", "csv"]);
    assert_eq!(all.ok(), one_by_one.ok());
}

/// Many queries and few queries use different code paths in the scan.
#[test]
fn many_queries_give_the_same_as_few() {
    let n = 300;
    let rows: Vec<f32> = (0..n * 4).map(|i| ((i * 37 % 101) as f32 - 50.0) / 25.0).collect();
    let file = Gguf::new()
        .kv("general.architecture", "bloom")
        .table(F32, 4, n, f32_bytes(&rows))
        .with_norm("bloom")
        .write();
    let path = file.path().to_str().unwrap();
    let json = ["--as-input", "--format", "json"];
    let many = embcli([&["neighbors", path, "0..40"], &json[..]].concat()).json();
    for id in [0, 17, 39] {
        let few = embcli([&["neighbors", path, &id.to_string()], &json[..]].concat()).json();
        assert_eq!(many["queries"][id], few["queries"][0]);
    }
}

#[test]
#[ignore = "needs the real model: scripts/fetch-real-model.sh"]
fn the_real_model_ranks_the_same_with_as_input() {
    let path = support::real_model();
    let path = path.to_str().unwrap();
    let run = |args: &[&str]| {
        embcli([&["neighbors", path, "5866", "--format", "json"], args].concat()).json()
    };
    for metric in ["cosine", "dot", "l2"] {
        let scale = match metric {
            "cosine" => 1.0,
            "dot" => 640.0,
            _ => 640.0_f64.sqrt(),
        };
        let raw = run(&["--metric", metric]);
        let answer = run(&["--metric", metric, "--as-input"]);
        assert!(notes(&answer).contains("raw rows") || notes(&answer).contains("no ranking"));
        let pairs = |answer: &Value| -> Vec<(u64, f64)> {
            let neighbors = answer["queries"][0]["neighbors"].as_array().unwrap();
            neighbors
                .iter()
                .map(|n| (n["id"].as_u64().unwrap(), n["score"].as_f64().unwrap()))
                .collect()
        };
        for (raw, found) in pairs(&raw).into_iter().zip(pairs(&answer)) {
            assert_eq!(raw.0, found.0);
            assert!((raw.1 * scale - found.1).abs() < 1e-6 * found.1.abs(), "{found:?}");
        }
    }
}
