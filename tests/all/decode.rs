//! `tokens --ids`: from IDs to text and back, and what `tokens --text` tells of a text.

use serde_json::{Value, json};

use crate::support::run::{command, embcli};
use crate::support::{Gguf, temp_file};

const TOY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/toy.gguf");

/// A SentencePiece vocabulary without a table: some words, then all bytes.
fn llama() -> tempfile::NamedTempFile {
    let bytes = (0..256).map(|byte| format!("<0x{byte:02X}>"));
    let words = ["<s>", "▁", "▁cat", "s", "▁c", "▁ca"].map(str::to_owned);
    let texts: Vec<String> = words.into_iter().chain(bytes).collect();
    let types: Vec<i32> =
        (0..texts.len()).map(|id| [3, 1, 1, 1, 1, 1].get(id).map_or(6, |it| *it)).collect();
    let scores: Vec<f32> = (0..texts.len()).map(|id| -(id as f32)).collect();
    Gguf::new()
        .kv("general.architecture", "llama")
        .kv("tokenizer.ggml.model", "llama")
        .kv("tokenizer.ggml.tokens", texts)
        .kv("tokenizer.ggml.token_type", types)
        .kv("tokenizer.ggml.scores", scores)
        .kv("tokenizer.ggml.bos_token_id", 0_u32)
        .write()
}

/// A byte-level vocabulary without the byte 0xAD.
fn gpt2() -> tempfile::NamedTempFile {
    let texts = ["s", "o", "f", "t", "Â", "so", "Ġ", "Ċ", "h", "y", "Ġso", "<|end|>"];
    Gguf::new()
        .kv("general.architecture", "gpt2")
        .vocab("gpt2", &texts)
        .kv("tokenizer.ggml.pre", "gpt-2")
        .kv("tokenizer.ggml.merges", vec!["s o", "Ġ so"])
        .kv("tokenizer.ggml.token_type", vec![1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 3])
        .write()
}

fn tokens(file: &tempfile::NamedTempFile, args: &[&str]) -> Value {
    let path = file.path().to_str().unwrap();
    let page = embcli([&["tokens", path], args].concat());
    assert!(page.stdout.lines().all(|line| line.chars().count() <= 80), "{page:?}");
    embcli([&["tokens", path, "--format=json"], args].concat()).json()
}

#[test]
fn ids_make_a_text_that_gives_them_again() {
    let llama = llama();
    // F0 9F A6 99 is one character.
    let answer = tokens(&llama, &["--ids=0,2,3,1,246,165,172,159"]);
    assert_eq!((&answer["text"], &answer["gives_ids"]), (&json!("cats 🦙"), &json!(true)));
    assert_eq!(answer["left_out"], json!([0]));
    assert_eq!(answer["tokens"][4], json!({ "id": 246, "token": "<0xF0>", "type": "byte" }));
    let page = embcli(["tokens", llama.path().to_str().unwrap(), "--ids", "0,2"]).ok();
    assert!(page.contains("text    \"cat\"\n        3 bytes, 3 characters\n"), "{page}");
    assert!(
        page.contains("\"<s>\" is not part of it: the model adds that around a text"),
        "{page}"
    );
    assert!(page.contains("again   yes: the text gives these IDs"), "{page}");
}

#[test]
fn ids_that_no_text_gives() {
    // A text begins with the space that the tokenizer puts there.
    let llama = llama();
    let answer = tokens(&llama, &["--ids=[3, 0]"]);
    assert_eq!((&answer["text"], &answer["gives_ids"]), (&json!("s<s>"), &json!(false)));
    assert_eq!(answer["again"], json!([1, 3, 0]));
    let half = tokens(&llama, &["--ids=2,246"]);
    assert_eq!((&half["text"], &half["text_hex"]), (&json!("cat\u{fffd}"), &json!("636174f0")));
    let page = embcli(["tokens", llama.path().to_str().unwrap(), "--ids=3"]).ok();
    assert!(page.contains("no: the text gives 2 tokens; the first that differs is at position 0"));
}

#[test]
fn ids_come_from_standard_input_too() {
    use std::io::Write as _;
    let mut child = command()
        .args(["tokens", TOY, "--ids", "-", "--format=json"])
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(b"95 791\n2368, 0..2\n").unwrap();
    let answer: Value = serde_json::from_slice(&child.wait_with_output().unwrap().stdout).unwrap();
    assert_eq!(answer["ids"], json!([95, 791, 2368, 0, 1]));
}

#[test]
fn ids_beyond_the_vocabulary_and_words_are_refused() {
    let file = gpt2();
    let path = file.path().to_str().unwrap();
    let error = embcli(["tokens", path, "--ids=12"]).error();
    assert!(
        error.ends_with("token ID 12 is out of range: the vocabulary has 12 tokens"),
        "{error}"
    );
    let error = embcli(["tokens", path, "--ids=cat"]).error();
    assert!(error.contains("\"cat\" is not a token ID"), "{error}");
    assert_eq!(embcli(["tokens", path, "--ids=1", "--text=x"]).code, Some(2));
}

/// A vocabulary that no tokenizer can use still has texts.
#[test]
fn ids_without_a_tokenizer() {
    let file = Gguf::new().vocab("mine", &["a", "▁b"]).write();
    let answer = tokens(&file, &["--ids=0,1"]);
    assert_eq!((&answer["text"], &answer["gives_ids"]), (&json!("a b"), &Value::Null));
    assert!(answer["notes"][0].as_str().unwrap().contains("of a kind that embcli does not run"));
}

#[test]
fn bytes_without_a_token_are_told() {
    let answer = tokens(&gpt2(), &["--text=soft\u{ad}hy"]);
    assert_eq!(
        answer["notes"],
        json!(["1 of 8 bytes has no token and is dropped, as llama.cpp does without a word: \
                0xAD at 5"])
    );
    let answer = tokens(&gpt2(), &["--text=so<|end|>xx so"]);
    assert_eq!(
        answer["notes"],
        json!(["2 of 14 bytes have no token and are dropped, as llama.cpp does without a word: \
                0x78 at 9, 0x78 at 10"])
    );
    assert_eq!(tokens(&gpt2(), &["--text=so<|end|> so"])["notes"], Value::Null);
}

#[test]
fn the_space_in_front_and_escapes_are_explained() {
    let llama = llama();
    let path = llama.path().to_str().unwrap();
    let page = embcli(["tokens", path, "--text=cat"]).ok();
    assert_eq!(page.matches("puts a space in front of a text").count(), 1, "{page}");
    let page = embcli(["tokens", gpt2().path().to_str().unwrap(), "--text=so"]).ok();
    assert!(!page.contains("puts a space"), "{page}");
    let answer = tokens(&gpt2(), &[r"--text=so\n"]);
    let note = answer["notes"].to_string();
    assert!(note.contains("is a backslash and a letter, not a newline: write $'"), "{note}");
    assert_eq!(tokens(&gpt2(), &["--text=so\n"])["notes"], Value::Null);
}

#[test]
fn count_prints_one_number() {
    let file = llama();
    let path = file.path().to_str().unwrap();
    assert_eq!(embcli(["tokens", path, "--text=cats", "--count"]).ok(), "3\n");
    assert_eq!(embcli(["tokens", path, "cat", "--count"]).ok(), "1\n");
    assert_eq!(tokens(&file, &["--text=cats", "--count"]), json!({ "n_tokens": 3 }));
    let missing = embcli(["tokens", gpt2().path().to_str().unwrap(), "--text=so\u{ad}", "--count"]);
    assert_eq!((&*missing.stdout, missing.code), ("2\n", Some(0)));
    assert!(missing.stderr.contains("has no token and is dropped"), "{missing:?}");
}

#[test]
fn the_longest_tokens_come_first_or_last() {
    let file = gpt2();
    let path = file.path().to_str().unwrap();
    let answer = embcli(["tokens", path, "--sort=length", "--reverse", "--format=json"]).json();
    let first: Vec<_> = (0..3).map(|at| answer["tokens"][at]["id"].as_u64().unwrap()).collect();
    assert_eq!(first, [11, 10, 5]);
    assert_eq!(answer["tokens"][0]["length"], 7);
    let page = embcli(["tokens", path, "--sort=length"]).ok();
    assert!(page.starts_with(" ID  type     merge rank  length  token\n"), "{page}");
}

#[test]
fn signs_of_the_file_get_a_hint() {
    let table = |gguf: Gguf, n: usize| {
        let bytes = gguf.table(crate::support::F32, 1, n as u64, vec![0; 4 * n]).build();
        temp_file(&bytes)
    };
    let file = table(Gguf::new().vocab("gpt2", &["Ċ", "Ã©", "Ġ"]), 3);
    let error = |file: &tempfile::NamedTempFile, text: &str| {
        embcli(["lookup", file.path().to_str().unwrap(), text]).error()
    };
    assert!(error(&file, "Ċ").ends_with("not the file's sign for it: write $'\\n' (ID 0)"));
    assert!(error(&file, "Ã©").ends_with("write 'é' (ID 1)"));
    let bert = table(Gguf::new().vocab("bert", &["[UNK]", "▁go", "ing"]), 3);
    let hint = "a piece of a word has no ## in a GGUF file: write 'ing' (ID 2)";
    assert!(error(&bert, "##ing").ends_with(hint));
    let none = embcli(["tokens", bert.path().to_str().unwrap(), "##ing"]);
    assert!(none.stderr.contains("here pieces of words have no ##; write 'ing'"), "{none:?}");
}

/// The lookup by text and the tokenizer agree on which of two equal tokens is meant.
#[test]
fn of_equal_tokens_the_last_is_meant() {
    let file = Gguf::new()
        .kv("general.architecture", "llama")
        .vocab("llama", &["x", "▁y", "▁y", "▁"])
        .kv("tokenizer.ggml.bos_token_id", 0_u32)
        .table(crate::support::F32, 1, 4, vec![0; 16])
        .write();
    let path = file.path().to_str().unwrap();
    let looked_up = embcli(["lookup", path, " y", "--format=json"]).json();
    let encoded = embcli(["tokens", path, "--text=y", "--no-bos", "--format=json"]).json();
    assert_eq!((&looked_up["ids"], &encoded["ids"]), (&json!([2]), &json!([2])));
    let note = looked_up["notes"].to_string();
    assert!(
        note.contains("is ID 2 here, as for the tokenizer; 2 tokens read so, ID 1 too"),
        "{note}"
    );
}
