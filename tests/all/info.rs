//! `info`: the contents of a file, and its oddities.

use crate::support;
use crate::support::run::{assert_harmless, embcli, watched};
use crate::support::{F32, Gguf, f32_bytes};
use serde_json::{Value, json};

const TOY: &str = "fixtures/toy.gguf";

fn info(file: &tempfile::NamedTempFile) -> Value {
    let path = file.path().to_str().unwrap();
    for form in ["table", "csv", "jsonl"] {
        for list in ["", "--keys", "--tensors", "--strict"] {
            let args = ["info", path, "--format", form, list];
            let printed = watched(args.iter().filter(|arg| !arg.is_empty())).ok();
            let too_wide = |line: &&str| line.chars().count() > 80;
            let wide = printed.lines().find(too_wide).filter(|_| form == "table");
            assert_eq!(wide, None, "{list}");
        }
    }
    watched(["info", path, "--format", "json"]).json()
}

#[track_caller]
fn assert_odd(info: &Value, part: &str) {
    let oddities = info["oddities"].as_array().unwrap();
    let any = oddities.iter().any(|oddity| oddity.as_str().unwrap().contains(part));
    assert!(any, "{part}: {oddities:?}");
}

fn small() -> Gguf {
    Gguf::new()
        .kv("general.architecture", "llama")
        .kv("tokenizer.ggml.bos_token_id", 1u32)
        .vocab("llama", &["a", "▁b"])
}

fn tiny() -> Gguf {
    small().table(F32, 2, 2, f32_bytes(&[1.0, 2.0, 3.0, 4.0]))
}

#[test]
fn the_toy_on_one_screen() {
    insta::assert_snapshot!(embcli(["info", TOY, "--strict"]).ok());
    insta::assert_snapshot!(embcli(["info", TOY, "--keys"]).ok());
    insta::assert_snapshot!(embcli(["info", TOY, "--tensors"]).ok());
    insta::assert_snapshot!(embcli(["info", TOY, "--format", "csv"]).ok());
}

#[test]
fn a_plain_file_has_nothing_odd() {
    let info = info(&tiny().write());
    assert_eq!(info["oddities"], json!([]));
    assert_eq!((&info["parameters"], &info["n_tensors"]), (&json!(4), &json!(1)));
    assert_eq!(info["output_head"], "tied");
    assert_eq!(info["table"]["shape"], json!([2, 2]));
    let bos = json!({ "name": "bos", "id": 1, "token": " b" });
    assert_eq!(info["tokenizer"]["special"], json!([bos]));
    assert_eq!(
        info["types"][0],
        json!({"type": "F32", "tensors": 1, "parameters": 4, "bytes": 16})
    );
}

#[test]
fn oddities_are_listed() {
    let odd = info(&tiny().kv("tokenizer.ggml.eos_token_id", 7u32).write());
    assert_odd(&odd, "eos is token 7");
    assert_odd(&info(&tiny().kv("x", 1u32).kv("x", 2u32).write()), "two metadata keys");
    let twice = info(
        &tiny()
            .tensor("x", &[1], F32, f32_bytes(&[0.0]))
            .tensor("x", &[1], F32, f32_bytes(&[0.0]))
            .write(),
    );
    assert_odd(&twice, "two tensors are named \"x\"");
    assert_odd(&info(&tiny().trailing(vec![1; 100]).write()), "100 bytes follow");
    assert_odd(&info(&small().table(F32, 2, 3, f32_bytes(&[0.0; 6])).write()), "3 rows");
    let len = tiny().build().len();
    let cut = info(&tiny().truncate(len - 24).write());
    assert_odd(&cut, "1 of its 2 rows");
    assert_odd(&cut, "1 tensor is not all there");
    assert_odd(&info(&tiny().kv("general.architecture", "two").write()), "general.architecture");
    assert_odd(&info(&tiny().kv(b"\xff", 1u32).write()), "not UTF-8");
    let evil = "\x1b[2J\u{202e}".repeat(80);
    let named = tiny().kv("general.name", &*evil).tensor(&evil, &[2, 2], 200, vec![0; 16]);
    assert_odd(&info(&named.write()), "ggml type 200");
}

#[test]
fn tokens_are_counted_by_type_and_fillers_apart() {
    let with = |names: &[&str], types: Vec<i32>| {
        let file = Gguf::new().kv("general.architecture", "llama").vocab("gpt2", names);
        let file = file.kv("tokenizer.ggml.token_type", types).write();
        let path = file.path().to_str().unwrap().to_owned();
        (info(&file)["tokenizer"].clone(), embcli(["info", &path]).ok())
    };
    let names = ["a", "b", "<|x|>", "[PAD3]", "[PAD4]"];
    let (told, page) = with(&names, vec![1, 1, 3, 5, 5]);
    let of = |name: &str, n: u64| json!({ "type": name, "tokens": n });
    assert_eq!(told["types"], json!([of("normal", 2), of("control", 1)]));
    assert_eq!(told["fillers"], json!({ "from_id": 3, "to_id": 4 }));
    let line = "tokens        2 ordinary, 1 control, 2 fillers [PAD3] to [PAD4]\n";
    assert!(page.contains(line), "{page}");
    // A name with another number is a token like any other.
    let (told, page) = with(&["a", "[PAD7]", "[PAD2]"], vec![1, 1, 9]);
    assert_eq!(told["types"], json!([of("normal", 2)]));
    assert!(page.contains("2 ordinary, 1 filler [PAD2]\n"), "{page}");
    let (told, _) = with(&["[PAD0]", "x", "[PAD2]", "[PAD3]"], vec![5, 1, 5, 5]);
    assert_eq!(told["fillers"], json!({ "from_id": 2, "to_id": 3 }));
    let (told, _) = with(&["[PAD0]", "[PAD1]"], vec![5, 5]);
    assert_eq!((&told["types"], &told["fillers"]["from_id"]), (&json!([]), &json!(0)));
    let many: Vec<String> =
        (0..1000).map(|id| format!("[PAD{}]", id + u32::from(id < 300))).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    let (told, page) = with(&many, vec![5; 1000]);
    assert_eq!(told["fillers"], json!({ "from_id": 300, "to_id": 999 }));
    assert!(page.contains("300 unused, 700 fillers [PAD300] to [PAD999]"), "{page}");
}

#[test]
fn what_is_added_to_a_text_is_told_without_a_key_too() {
    let adds = |model: &str, keys: &[(&str, bool)]| {
        let file = Gguf::new().vocab(model, &["a", "b"]).kv("tokenizer.ggml.bos_token_id", 0_u32);
        let file = keys.iter().fold(file, |file, (key, value)| file.kv(key, *value)).write();
        let page = embcli(["info", file.path().to_str().unwrap()]).ok();
        let page = page.split_whitespace().collect::<Vec<_>>().join(" ");
        let from = page.find("adds ").map_or(page.len(), |at| at);
        (info(&file)["tokenizer"]["adds"].clone(), page[from..].to_owned())
    };
    let (told, page) = adds("llama", &[]);
    assert_eq!(told, json!({ "front": "bos", "behind": null, "is_default": true }));
    assert!(page.starts_with("adds bos (the default: no key says so)"), "{page}");
    let bos = "tokenizer.ggml.add_bos_token";
    assert!(adds("llama", &[(bos, false)]).1.starts_with("adds no bos special"));
    let both = [(bos, true), ("tokenizer.ggml.add_eos_token", true)];
    assert!(adds("gpt2", &both).1.starts_with("adds bos and eos special"));
    assert!(adds("gpt2", &[]).1.starts_with("adds no bos (the default"));
    assert!(adds("bert", &[]).1.starts_with("adds bos and sep (the default"));
    assert_eq!(adds("mine", &[]).0, Value::Null);
}

#[test]
fn embedding_models_and_the_share_of_the_parameters() {
    let data = || f32_bytes(&[0.0; 4]);
    let told = info(&tiny().tensor("blk.0.attn_q.weight", &[2, 6], F32, vec![0; 48]).write());
    assert_eq!(told["table"]["parameter_share"], 0.25);
    assert_eq!(told["is_embedding_model"], false);
    let of = |architecture: &str, pooling: u32| {
        let key = format!("{architecture}.pooling_type");
        let file = Gguf::new().kv("general.architecture", architecture).kv(key, pooling);
        let file = file.table(F32, 2, 2, data()).write();
        let page = embcli(["info", file.path().to_str().unwrap()]).ok();
        (info(&file)["is_embedding_model"].clone(), page)
    };
    assert_eq!(of("qwen3", 0).0, false);
    for (architecture, pooling) in [("qwen3", 3), ("bert", 0)] {
        let (is_one, page) = of(architecture, pooling);
        assert_eq!(is_one, true);
        assert!(page.contains("a row is not the embedding of a text"), "{page}");
    }
}

#[test]
fn a_table_of_an_unknown_type_is_still_named() {
    let info = info(&small().table(36, 2, 2, vec![0; 16]).write());
    assert_eq!(info["table"]["type"], "IQ4_NL_4_4");
    assert_eq!(info["table"]["bytes"], Value::Null);
    assert_eq!(info["types"][0]["bytes"], Value::Null);
}

#[test]
fn heads_and_other_tables() {
    let data = || f32_bytes(&[0.0; 4]);
    let model = tiny()
        .tensor("output.weight", &[2, 2], F32, data())
        .tensor("position_embd.weight", &[2, 2], F32, data())
        .tensor("blk.0.attn_q.weight", &[2, 2], F32, data());
    let info = info(&model.write());
    assert_eq!((&info["output_head"], &info["n_other_tables"]), (&json!("separate"), &json!(1)));
    assert_eq!(info["other_tables"][0]["name"], "position_embd.weight");
}

#[test]
fn files_without_a_table_have_info_too() {
    let vocab = info(&small().write());
    assert_eq!((&vocab["table"], &vocab["output_head"]), (&Value::Null, &json!("none")));
    assert_eq!(vocab["seems"], "vocabulary only (no tensors)");
    let adapter = Gguf::new().kv("general.type", "adapter").write();
    let printed = embcli([std::ffi::OsStr::new("info"), adapter.path().as_os_str()]).ok();
    assert!(printed.contains("none: this seems to be a LoRA adapter"), "{printed}");
}

#[test]
fn the_strict_reader_gives_its_own_verdict() {
    let file = tiny().kv("x", 1u32).kv("x", 2u32).write();
    let path = file.path().to_str().unwrap();
    let info = watched(["info", path, "--strict", "--format", "json"]).json();
    assert_eq!(info["strict"]["accepted"], false);
    let toy = embcli(["info", TOY, "--strict", "--format", "json"]).json();
    assert_eq!(toy["strict"], json!({ "accepted": true, "problem": null }));
}

#[test]
fn keys_are_shortened() {
    let file = tiny().kv("long", "x".repeat(5000)).kv("half", 0.1_f32).write();
    let path = file.path().to_str().unwrap();
    let keys = watched(["info", path, "--keys", "--format", "json"]).json()["keys"].clone();
    let key = |name: &str| {
        let found = keys.as_array().unwrap().iter().find(|key| key["key"] == name);
        found.unwrap().clone()
    };
    assert_eq!(key("long")["length"], 5000);
    assert_eq!(key("long")["value"].as_str().unwrap().chars().count(), 201);
    assert_eq!(key("half")["value"], 0.1);
    let tokens = key("tokenizer.ggml.tokens");
    assert_eq!((&tokens["type"], &tokens["value"]), (&json!("[string]"), &json!(["a", "▁b"])));
}

#[test]
#[ignore = "needs the real model: scripts/fetch-real-model.sh"]
fn the_real_model() {
    let path = support::real_model();
    let path = path.to_str().unwrap();
    let info = embcli(["info", path, "--format", "json"]).json();
    assert_eq!((&info["n_tensors"], &info["n_keys"]), (&json!(236), &json!(33)));
    assert_eq!(info["architecture"], "gemma3");
    assert_eq!(info["context_length"], 32768);
    assert_eq!(info["file_type"], json!({ "id": 15, "name": "mostly Q4_K_M" }));
    assert_eq!(info["table"]["type"], "Q8_0");
    assert_eq!(info["table"]["shape"], json!([262_144, 640]));
    assert_eq!(info["output_head"], "tied");
    assert_eq!(info["oddities"], json!([]));
    let screen = embcli(["info", path]).ok();
    assert!(screen.lines().count() <= 24, "{screen}");
    assert_harmless(&screen);
}

/// A file that is cut short is smaller than its table.
#[test]
fn no_share_of_a_cut_file_is_more_than_all() {
    let file = Gguf::new().table(F32, 4, 1000, f32_bytes(&[0.5; 400])).write();
    let found = info(&file);
    assert_eq!(found["table"]["share"], Value::Null);
    let path = file.path().to_str().unwrap();
    for command in ["info", "footprint"] {
        let said = embcli([command, path]).ok();
        let said = said.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(said.contains("more than the file"), "{said}");
        assert!(!said.contains("% of the file"), "{said}");
    }
}
