//! Checkpoints as models, and a GGUF beside the checkpoint that it was made from. The
//! checkpoints are tiny ones, written here, of each family; one test reads a real one.

use std::fs;
use std::path::{Path, PathBuf};

use embcli::quant::Format;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::run::embcli;
use crate::support::{self, Gguf, f32_bytes};

/// The number of tokens, and of values in a row.
const N: usize = 40;
const WIDTH: usize = 256;

/// Rows that are like no other row, of values that repeat from run to run.
fn rows() -> Vec<f32> {
    let unit = |i: u64| embcli::stats::mix(i) as f32 / u64::MAX as f32 - 0.5;
    (0..(N * WIDTH) as u64).map(unit).collect()
}

/// A safetensors file of some tensors, with their types, shapes and bytes.
fn safetensors(tensors: &[(&str, &str, &[usize], Vec<u8>)]) -> Vec<u8> {
    let (mut header, mut data) = (serde_json::Map::new(), Vec::new());
    for (name, dtype, shape, bytes) in tensors {
        let range = [data.len(), data.len() + bytes.len()];
        header.insert(
            (*name).to_owned(),
            json!({ "dtype": dtype, "shape": shape, "data_offsets": range }),
        );
        data.extend(bytes);
    }
    let header = Value::Object(header).to_string();
    [&(header.len() as u64).to_le_bytes(), header.as_bytes(), &data].concat()
}

fn texts() -> Vec<String> {
    (0..N).map(|id| format!("t{id}x")).collect()
}

/// A folder with one file of tensors, a configuration and a vocabulary.
fn checkpoint(table: &str, config: Value) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, bytes: Vec<u8>| fs::write(folder.path().join(name), bytes).unwrap();
    let bytes = f32_bytes(&rows());
    let other = f32_bytes(&[1.0; WIDTH]);
    write(
        "model.safetensors",
        safetensors(&[
            (table, "F32", &[N, WIDTH], bytes),
            ("final.norm.weight", "F32", &[WIDTH], other),
        ]),
    );
    write("config.json", config.to_string().into_bytes());
    let vocab: serde_json::Map<String, Value> =
        texts().into_iter().enumerate().map(|(id, text)| (text, json!(id))).collect();
    let tokenizer = json!({
        "model": { "type": "BPE", "vocab": vocab, "merges": [] },
        "decoder": { "type": "ByteLevel" },
    });
    write("tokenizer.json", tokenizer.to_string().into_bytes());
    folder
}

fn llama() -> TempDir {
    let config = json!({ "model_type": "llama", "hidden_size": WIDTH, "vocab_size": N,
                         "tie_word_embeddings": true });
    checkpoint("model.embed_tokens.weight", config)
}

/// A model of the same tokens with these rows.
fn model(format: &str, stored: Vec<u8>, texts: &[String]) -> Gguf {
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let id = Format::from_name(format).unwrap().id;
    Gguf::new()
        .kv("general.architecture", "llama")
        .kv("llama.embedding_length", WIDTH as u32)
        .vocab("gpt2", &texts)
        .table(id, WIDTH as u64, texts.len() as u64, stored)
}

/// A GGUF of such a model.
fn gguf(folder: &TempDir, format: &str, stored: Vec<u8>, texts: &[String]) -> PathBuf {
    let path = folder.path().join(format!("{format}.gguf"));
    fs::write(&path, model(format, stored, texts).build()).unwrap();
    path
}

fn quantised(format: &str, values: &[f32]) -> Vec<u8> {
    crate::support::requantise::encode(format, values)
}

#[track_caller]
fn check(copy: &Path, original: &Path) -> Value {
    let outcome = embcli([
        "check".as_ref(),
        copy.as_os_str(),
        original.as_os_str(),
        "--format".as_ref(),
        "json".as_ref(),
    ]);
    serde_json::from_str(&outcome.stdout).unwrap_or_else(|_| panic!("{outcome:?}"))
}

/// The findings of a code.
fn found<'a>(report: &'a Value, code: &str) -> Vec<&'a Value> {
    report["findings"].as_array().unwrap().iter().filter(|it| it["code"] == code).collect()
}

#[test]
fn checkpoints_of_each_family_open() {
    for (table, config) in [
        ("embeddings.word_embeddings.weight", json!({ "model_type": "bert" })),
        ("wte.weight", json!({ "model_type": "gpt2" })),
        ("model.embed_tokens.weight", json!({ "model_type": "llama" })),
        ("shared.weight", json!({ "model_type": "t5" })),
        ("model.language_model.embed_tokens.weight", json!({ "model_type": "gemma3" })),
        // No name that is known: the only tensor of this shape.
        ("odd.name", json!({ "vocab_size": N, "hidden_size": WIDTH })),
        ("odd.name", json!({ "text_config": { "vocab_size": N, "hidden_size": WIDTH } })),
    ] {
        let folder = checkpoint(table, config);
        let path = folder.path().to_str().unwrap();
        let answer = embcli(["lookup", path, "7", "--format", "json"]).json();
        assert_eq!(answer["table"]["tensor"], table);
        let info = embcli(["info", path, "--format", "json"]).json();
        assert_eq!(info["table"]["shape"], json!([N, WIDTH]));
        assert_eq!(info["format"], "safetensors");
        let near = embcli(["neighbors", path, "t7x", "--format", "json"]).json();
        assert_eq!(near["queries"][0]["neighbors"].as_array().map(Vec::len), Some(10), "{near}");
        embcli(["footprint", path]).ok();
        embcli(["tokens", path, "t7x"]).ok();
    }
}

#[test]
fn shards_are_found_by_the_index_and_never_elsewhere() {
    let folder = llama();
    let at = |name: &str| folder.path().join(name);
    fs::rename(at("model.safetensors"), at("model-1.safetensors")).unwrap();
    let index = |file: &str| {
        let index = json!({ "weight_map": { "model.embed_tokens.weight": file } });
        fs::write(at("model.safetensors.index.json"), index.to_string()).unwrap();
        embcli(["lookup".as_ref(), folder.path().as_os_str(), "1".as_ref()])
    };
    assert!(index("model-1.safetensors").ok().contains("t1x"));
    for outside in ["../model-1.safetensors", "/etc/passwd", "a/b", "", ".."] {
        assert!(index(outside).error().contains("another folder"), "{outside}");
    }
    assert!(index("model-2.safetensors").error().contains("no file that an index names"));
    // One shard alone, of a folder with an index.
    index("model-1.safetensors").ok();
    let alone = safetensors(&[("x", "F32", &[1], vec![0; 4])]);
    fs::write(at("model-2.safetensors"), alone).unwrap();
    let error = embcli(["lookup".as_ref(), at("model-2.safetensors").as_os_str(), "1".as_ref()]);
    assert!(error.error().contains("give the folder"));
}

#[test]
fn pickles_are_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("pytorch_model.bin"), b"PK\x03\x04").unwrap();
    let lookup = |path: &Path| embcli(["lookup".as_ref(), path.as_os_str(), "1".as_ref()]).error();
    for path in [folder.path().to_owned(), folder.path().join("pytorch_model.bin")] {
        let error = lookup(&path);
        assert!(error.contains("pickle") && error.contains("never reads it"), "{error}");
    }
}

#[test]
fn a_cut_file_opens_and_is_told() {
    let folder = llama();
    let path = folder.path().join("model.safetensors");
    let bytes = fs::read(&path).unwrap();
    fs::write(&path, &bytes[..bytes.len() - WIDTH * 4 - 4 * 10 * WIDTH]).unwrap();
    let arg = folder.path().to_str().unwrap();
    embcli(["lookup", arg, "1"]).ok();
    assert!(embcli(["lookup", arg, "39"]).error().contains("incomplete download"));
    let outcome = embcli(["check", arg, "--format", "json"]);
    let report: Value = serde_json::from_str(&outcome.stdout).unwrap();
    assert!(!found(&report, "file.cut").is_empty() && outcome.code == Some(1), "{report}");
}

#[test]
fn copies_are_faithful_byte_for_byte() {
    let folder = llama();
    for format in ["F32", "F16", "BF16", "Q8_0", "Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q6_K", "Q4_K"] {
        let copy = gguf(&folder, format, quantised(format, &rows()), &texts());
        let report = check(&copy, folder.path());
        let of = &report["comparison"]["copies"][0];
        assert_eq!((&of["exact"], &of["through"]), (&json!(N), &Value::Null), "{format} {of}");
        assert!(
            report["findings"].as_array().unwrap().iter().all(|it| it["severity"] != "problem"
                || !it["code"].as_str().unwrap().starts_with("copy.")
                    && !it["code"].as_str().unwrap().starts_with("other."))
        );
    }
    // By way of F16.
    let through: Vec<f32> = rows().iter().map(|x| half::f16::from_f32(*x).to_f32()).collect();
    let copy = gguf(&folder, "Q8_0", quantised("Q8_0", &through), &texts());
    let of = &check(&copy, folder.path())["comparison"]["copies"][0];
    assert_eq!((&of["exact"], &of["through"]), (&json!(N), &json!("F16")));
}

#[test]
fn what_is_not_the_originals_is_named() {
    let folder = llama();
    for format in ["F16", "Q8_0", "Q4_0", "Q6_K", "Q4_K"] {
        let stored = quantised(format, &rows());
        let row = stored.len() / N;
        // One unit of one quant.
        let mut changed = stored.clone();
        changed[7 * row + row / 2 + 8] ^= 1;
        let report = check(&gguf(&folder, format, changed, &texts()), folder.path());
        let told = found(&report, "copy.rows");
        assert_eq!(told.len(), 1, "{format} {report}");
        let finding = told[0];
        assert_eq!(finding["ids"], json!([7]), "{format} {finding}");
        assert_eq!(
            (&finding["severity"], &report["verdict"]),
            (&json!("problem"), &json!("problems"))
        );

        let mut swapped = stored.clone();
        let (a, b) = swapped.split_at_mut(20 * row);
        a[3 * row..4 * row].swap_with_slice(&mut b[..row]);
        let report = check(&gguf(&folder, format, swapped, &texts()), folder.path());
        let finding = found(&report, "copy.rows")[0];
        assert_eq!(finding["ids"], json!([3, 20]), "{format}");
        let mut of: Vec<_> = finding["evidence"]["rows_of_others"].as_array().unwrap().clone();
        of.sort_by_key(|pair| pair[0].as_u64());
        assert_eq!(json!(of), json!([[3, 20], [20, 3]]), "{format}");

        let mut respelled = texts();
        respelled[5] = "another".to_owned();
        let report = check(&gguf(&folder, format, stored, &respelled), folder.path());
        let finding = found(&report, "other.text")[0];
        assert_eq!((&finding["ids"], &finding["severity"]), (&json!([5]), &json!("problem")));
    }
}

/// A scale of Q4_0 that is one unit larger: no quantiser changes the scale of one row.
#[test]
fn a_changed_scale_is_a_problem() {
    let folder = llama();
    let mut stored = quantised("Q4_0", &rows());
    let row = stored.len() / N;
    stored[7 * row] ^= 1;
    let report = check(&gguf(&folder, "Q4_0", stored, &texts()), folder.path());
    let finding = found(&report, "copy.scales")[0];
    assert_eq!((&finding["ids"], &finding["severity"]), (&json!([7]), &json!("problem")));
}

#[test]
fn what_converters_change_is_no_fault() {
    let folder = llama();
    // Rows past the vocabulary, named after their IDs.
    let bytes = fs::read(folder.path().join("tokenizer.json")).unwrap();
    let mut tokenizer: Value = serde_json::from_slice(&bytes).unwrap();
    for id in 36..N {
        tokenizer["model"]["vocab"].as_object_mut().unwrap().remove(&format!("t{id}x"));
    }
    fs::write(folder.path().join("tokenizer.json"), tokenizer.to_string()).unwrap();
    let named = |id: usize| if id < 36 { format!("t{id}x") } else { format!("[PAD{id}]") };
    let texts: Vec<String> = (0..N).map(named).collect();
    let copy = gguf(&folder, "Q8_0", quantised("Q8_0", &rows()), &texts);
    let report = check(&copy, folder.path());
    assert_eq!(report["comparison"]["copies"][0]["exact"], N, "{report}");
    // Rows past the vocabulary, left out; and zeros in place of rows that are not there.
    let left = gguf(&folder, "Q8_0", quantised("Q8_0", &rows()[..36 * WIDTH]), &texts[..36]);
    let report = check(&left, folder.path());
    assert_eq!(report["comparison"]["copies"][0]["exact"], 36);
    assert_eq!(found(&report, "copy.left")[0]["severity"], "note");
    let mut more = rows();
    more.resize((N + 2) * WIDTH, 0.0);
    let texts: Vec<String> = (0..N + 2).map(named).collect();
    let report = check(&gguf(&folder, "Q8_0", quantised("Q8_0", &more), &texts), folder.path());
    assert_eq!(found(&report, "copy.added").len(), 0);
    more[(N + 1) * WIDTH] = 1.0;
    let report = check(&gguf(&folder, "Q8_0", quantised("Q8_0", &more), &texts), folder.path());
    assert_eq!(found(&report, "copy.added")[0]["ids"], json!([N + 1]));
}

/// A checkpoint with an output head of its own, and the values of the head.
fn untied(hidden_size: usize) -> (TempDir, Vec<f32>) {
    let config = json!({ "model_type": "llama", "hidden_size": hidden_size, "vocab_size": N,
                         "tie_word_embeddings": false });
    let folder = checkpoint("model.embed_tokens.weight", config);
    let head: Vec<f32> = rows().iter().rev().copied().collect();
    let tensors = safetensors(&[
        ("lm_head.weight", "F32", &[N, WIDTH], f32_bytes(&head)),
        ("model.embed_tokens.weight", "F32", &[N, WIDTH], f32_bytes(&rows())),
    ]);
    fs::write(folder.path().join("model.safetensors"), tensors).unwrap();
    (folder, head)
}

#[test]
fn the_rows_of_a_head_are_judged_too() {
    let (folder, head) = untied(WIDTH);
    let path = folder.path().join("both.gguf");
    let mut stored = quantised("Q8_0", &head);
    let told = |stored: Vec<u8>| {
        let id = Format::from_name("Q8_0").unwrap().id;
        let copy = model("F16", quantised("F16", &rows()), &texts());
        let copy = copy.tensor("output.weight", &[WIDTH as u64, N as u64], id, stored);
        fs::write(&path, copy.build()).unwrap();
        check(&path, folder.path())
    };
    let report = told(stored.clone());
    let exact: Vec<_> = report["comparison"]["copies"].as_array().unwrap().iter().collect();
    assert_eq!(exact.len(), 2, "{report:#}");
    assert!(exact.iter().all(|it| it["exact"] == N && it["rows"] == N), "{exact:?}");
    assert_eq!(found(&report, "copy.rows").len(), 0);
    let row = stored.len() / N;
    let (first, second) = stored[2 * row..4 * row].split_at_mut(row);
    first.swap_with_slice(second);
    let report = told(stored);
    let rows = found(&report, "copy.rows");
    assert_eq!((&rows[0]["tensor"], &rows[0]["ids"]), (&"output.weight".into(), &json!([2, 3])));
}

#[test]
fn a_head_that_was_lost_is_told() {
    let (folder, _) = untied(128);
    let copy = folder.path().join("copy.gguf");
    let of = |size: u32| model("F32", f32_bytes(&rows()), &texts()).kv("llama.vocab_size", size);
    fs::write(&copy, of(7).build()).unwrap();
    let report = check(&copy, folder.path());
    let told = found(&report, "copy.config");
    let messages: Vec<&str> = told.iter().map(|it| it["message"].as_str().unwrap()).collect();
    assert!(messages.iter().any(|it| it.contains("hidden_size")), "{messages:?}");
    assert!(messages.contains(&"llama.vocab_size is 7, and vocab_size of config.json is 40"));
    assert!(messages.iter().any(|it| it.contains("lm_head.weight")), "{messages:?}");
}

/// A byte-level tokenizer that merges "ab" and wants tokens around a text.
fn tokenizer() -> Value {
    let byte_level =
        json!({ "type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true });
    json!({
        "version": "1.0",
        "added_tokens": [
            { "id": 6, "content": "<s>", "special": true, "single_word": false, "lstrip": false,
              "rstrip": false, "normalized": false },
        ],
        "pre_tokenizer": byte_level,
        "post_processor": {
            "type": "TemplateProcessing",
            "single": [
                { "SpecialToken": { "id": "<s>", "type_id": 0 } },
                { "Sequence": { "id": "A", "type_id": 0 } },
            ],
            "pair": [{ "Sequence": { "id": "A", "type_id": 0 } }],
            "special_tokens": { "<s>": { "id": "<s>", "ids": [6], "tokens": ["<s>"] } },
        },
        "decoder": byte_level,
        "model": { "type": "BPE", "vocab": { "a": 0, "b": 1, "ab": 2, "<": 3, "s": 4, ">": 5 },
                   "merges": ["a b"] },
        "truncation": { "direction": "Right", "max_length": 2, "strategy": "LongestFirst",
                        "stride": 0 },
    })
}

#[test]
fn a_text_is_read_by_the_checkpoints_own_tokenizer() {
    let folder = llama();
    fs::write(folder.path().join("tokenizer.json"), tokenizer().to_string()).unwrap();
    let path = folder.path().to_str().unwrap();
    let tokens = |text: &str, more: &[&str]| {
        embcli([&["tokens", path, "--text", text, "--format", "json"], more].concat())
    };
    if !cfg!(feature = "tokenizers") {
        let line = tokens("ab", &[]).error();
        assert!(line.contains("install embcli with --features tokenizers"), "{line}");
        return;
    }
    let ids = |text: &str, more: &[&str]| tokens(text, more).json()["ids"].clone();
    assert_eq!(ids("abba", &[]), json!([6, 2, 1, 0]));
    assert_eq!(ids("a<s>b", &["--no-bos"]), json!([0, 6, 1]));
    assert_eq!(ids("<s>", &["--no-bos", "--no-parse-special"]), json!([3, 4, 5]));
    let page = embcli(["lookup", path, "--text", "ab"]).stdout;
    assert!(page.contains("<s>"), "{page}");
}

/// Another program's checkpoint: MiniLM, F32, WordPiece. `scripts/check_copies.py` checks
/// copies of it.
#[test]
#[ignore = "needs models that scripts/fetch-real-model.sh --all fetches"]
fn a_real_checkpoint_answers() {
    let path = support::real_checkpoint();
    let path = path.to_str().unwrap();
    let near = embcli(["neighbors", path, "king", "--format", "json", "-k", "3"]).json();
    let tokens: Vec<_> = near["queries"][0]["neighbors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["token"].clone())
        .collect();
    assert_eq!(tokens.len(), 3, "{near}");
    embcli(["lookup", path, "--text", "the cat sat"]).ok();
    let report = embcli(["check", path, "--format", "json"]).json();
    assert_eq!(report["verdict"], "ok");
    assert_eq!(report["table"]["n_tokens"], 30_522);
}
