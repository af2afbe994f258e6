//! What is wrong with a file besides its vocabulary and its rows: each fault on a
//! small made file, with its code, its message and its exit status; and none of them
//! on files that are known to be good.

use std::fs;
use std::path::{Path, PathBuf};

use embcli::gguf::{Files, Layout};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support;
use crate::support::run::{Outcome, embcli};
use crate::support::{F32, Gguf, f32_bytes};

const Q8_0: u32 = 8;
const I64: u32 = 27;
const Q2_0: u32 = 42;

/// Eight tokens, the rows of which have 32 values.
const TOKENS: [&str; 8] = ["a", "▁b", "c", "d", "e", "f", "g", "h"];

fn of(architecture: &str) -> Gguf {
    Gguf::new().kv("general.architecture", architecture).vocab("llama", &TOKENS)
}

fn llama() -> Gguf {
    of("llama").kv("llama.embedding_length", 32_u32)
}

fn values(n: u64) -> Vec<u8> {
    f32_bytes(&(0..n).map(|i| (i * 7919 % 101) as f32 / 50.0 - 1.0).collect::<Vec<_>>())
}

fn table(gguf: Gguf) -> Gguf {
    gguf.table(F32, 32, 8, values(256))
}

/// The table, and a tensor of 512 bytes after its 1,024.
fn good() -> Gguf {
    table(llama()).tensor("blk.0.ffn_up.weight", &[32, 4], F32, values(128))
}

fn run(args: &[&str], path: &Path) -> Outcome {
    embcli([args, &[path.to_str().unwrap()]].concat())
}

fn checked(path: &Path) -> (Vec<Value>, i32) {
    let Outcome { code, stdout, stderr } = run(&["check", "--format=json"], path);
    assert_eq!(stderr, "");
    let answer: Value = serde_json::from_str(&stdout).expect("JSON");
    (answer["findings"].as_array().unwrap().clone(), code.unwrap())
}

/// The findings about the file, and its shape.
fn about_the_file(path: &Path) -> Vec<Value> {
    let is_one = |it: &Value| {
        let code = it["code"].as_str().unwrap();
        code.starts_with("file.") || code.starts_with("meta.")
    };
    checked(path).0.into_iter().filter(is_one).collect()
}

/// The finding of a code, which must be a problem and the only one about the file.
#[track_caller]
fn problem_at(path: &Path, code: &str) -> Value {
    let found = about_the_file(path);
    assert_eq!(found.len(), 1, "{found:#?}");
    let finding = found[0].clone();
    assert_eq!((&finding["code"], &finding["severity"]), (&json!(code), &json!("problem")));
    assert_eq!(checked(path).1, 1);
    let screen = run(&["check"], path).stdout;
    assert!(screen.lines().all(|line| line.chars().count() <= 80), "{screen}");
    finding
}

#[track_caller]
fn problem(gguf: Gguf, code: &str) -> Value {
    problem_at(gguf.write().path(), code)
}

#[track_caller]
fn says(finding: &Value, words: &str) {
    assert!(finding["message"].as_str().unwrap().contains(words), "{words}: {finding:#}");
}

/// What `info` finds odd.
fn odd(path: &Path) -> Vec<String> {
    let info = run(&["info", "--format=json"], path).json();
    serde_json::from_value(info["oddities"].clone()).unwrap()
}

#[track_caller]
fn is_odd(path: &Path, words: &str) {
    let oddities = odd(path);
    assert!(oddities.iter().any(|it| it.contains(words)), "{words}: {oddities:?}");
}

#[test]
fn a_good_file_has_none_of_these() {
    let file = good().write();
    assert_eq!(about_the_file(file.path()), Vec::<Value>::new());
    assert_eq!(odd(file.path()), Vec::<String>::new());
}

// ---- places of tensors

#[test]
fn a_file_that_ends_after_its_table() {
    let whole = good().build().len();
    let file = good().truncate(whole - 100).write();
    let finding = problem_at(file.path(), "file.cut");
    says(&finding, &format!("the file ends at byte {}, its tensors at {whole}", whole - 100));
    says(&finding, "1 tensor is not all there");
    is_odd(file.path(), "1 tensor is not all there");
}

#[test]
fn a_file_that_ends_within_its_table_says_it_once() {
    let whole = table(llama()).build().len();
    let finding = problem(table(llama()).truncate(whole - 100), "file.cut");
    says(&finding, "7 of its 8 rows are there");
}

#[test]
fn tensors_that_overlap() {
    // The second begins 160 bytes before the table ends: 32 bytes before row 7.
    let file = table(llama()).tensor("blk.0.ffn_up.weight", &[32, 4], F32, values(128));
    let file = file.placed_at(864).write();
    let finding = problem_at(file.path(), "file.overlap");
    says(&finding, "\"token_embd.weight\" at 0..1024 and \"blk.0.ffn_up.weight\" at 864..1376");
    says(&finding, "row 6 is damaged in part and row 7 whole");
    assert_eq!(finding["ids"], json!([6, 7]));
    assert_eq!(finding["evidence"]["bytes"], json!([[0, 1024], [864, 1376]]));
    is_odd(file.path(), "row 6 is damaged in part and row 7 whole");

    // A tensor within the table, and one that lies on the whole of another.
    let within = table(llama()).tensor("x", &[64], F32, values(64)).placed_at(256).write();
    says(&problem_at(within.path(), "file.overlap"), "rows 2 to 3 are damaged whole");
    let small = table(llama()).tensor("x", &[8], F32, values(8)).placed_at(288).write();
    says(&problem_at(small.path(), "file.overlap"), "row 2 is damaged in part (or");
}

#[test]
fn a_gap_between_tensors() {
    let file = table(llama()).tensor("x", &[8], F32, values(8)).placed_at(1152).write();
    let finding = problem_at(file.path(), "file.gap");
    says(
        &finding,
        "128 bytes lie between \"token_embd.weight\" at 0..1024 and \"x\" at 1152..1184",
    );
    is_odd(file.path(), "128 bytes lie between");
    let first = llama().table(F32, 32, 8, values(256)).placed_at(64).write();
    says(
        &problem_at(first.path(), "file.gap"),
        "64 bytes lie between the start of the tensor data",
    );
}

#[test]
fn padding_is_no_gap() {
    let file = table(llama().tensor("x", &[3], F32, values(3))).tensor("y", &[5], F32, values(5));
    assert_eq!(about_the_file(file.write().path()), Vec::<Value>::new());
}

#[test]
fn tensors_in_another_order_than_in_the_header() {
    let file = table(llama()).placed_at(512).tensor("x", &[32, 4], F32, values(128)).placed_at(0);
    let finding = problem(file, "file.gap");
    says(&finding, "\"token_embd.weight\" at 512..1536 of the tensor data should begin at 0");
}

#[test]
fn tensors_that_are_not_aligned() {
    let file = table(llama()).tensor("x", &[8], F32, values(8)).placed_at(1028).write();
    let found = about_the_file(file.path());
    let messages = found.iter().map(|it| it["message"].as_str().unwrap());
    assert!(messages.into_iter().any(|it| it == "1 tensor is not aligned to 32 bytes"));
}

#[test]
fn bytes_after_the_last_tensor_are_a_note() {
    let file = good().trailing(vec![7; 100]).write();
    let found = about_the_file(file.path());
    assert_eq!((found.len(), &found[0]["code"]), (1, &json!("file.trailing")));
    assert_eq!(found[0]["severity"], "note");
    says(&found[0], "100 bytes follow the last tensor");
}

// ---- the header

#[test]
fn what_llama_cpp_refuses_in_a_header() {
    let x = |gguf: Gguf, name: &str| gguf.tensor(name, &[8], F32, values(8));
    let twice = x(x(good(), "x"), "x");
    says(&problem(twice, "file.header"), "two tensors are named \"x\"");
    let key = good().kv("k", 1_u32).kv("k", 1_u32);
    says(&problem(key, "file.header"), "two metadata keys are named \"k\"");
    let long = x(good(), &"x".repeat(64));
    says(&problem(long, "file.header"), "has 64 bytes, and may have 63");
    assert_eq!(about_the_file(x(good(), &"x".repeat(63)).write().path()), Vec::<Value>::new());
    let odd = table(llama().alignment(24));
    says(&problem(odd, "file.header"), "general.alignment is 24, which is no power of two");
}

// ---- parts

fn part(gguf: Gguf, no: u16) -> Gguf {
    gguf.kv("split.no", no).kv("split.count", 2_u16).kv("split.tensors.count", 2_i32)
}

fn first_part() -> Gguf {
    table(part(llama(), 0))
}

fn second_part() -> Gguf {
    part(Gguf::new(), 1).tensor("output.weight", &[32, 8], F32, values(256))
}

#[test]
fn parts_joined_with_cat() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("m.gguf");
    let at = first_part().build().len();
    fs::write(&path, [first_part().build(), second_part().build()].concat()).unwrap();
    let found = about_the_file(&path);
    let codes: Vec<_> = found.iter().map(|it| it["code"].as_str().unwrap()).collect();
    assert_eq!(codes, ["file.joined", "file.split"]);
    says(&found[0], &format!("another GGUF file begins at byte {at}"));
    assert!(found[0]["next"].as_str().unwrap().contains("llama-gguf-split --merge"));
    is_odd(&path, "joined with cat");

    // The last tensor of a part need not be padded.
    let mut unpadded =
        llama().table(F32, 3, 8, values(24)).tensor("x", &[3], F32, values(3)).build();
    unpadded.truncate(unpadded.len() - 20);
    let at = unpadded.len();
    fs::write(&path, [unpadded, second_part().build()].concat()).unwrap();
    is_odd(&path, &format!("another GGUF file begins at byte {at}"));
}

#[test]
fn a_part_under_another_name() {
    let file = first_part().write();
    let finding = problem_at(file.path(), "file.split");
    says(&finding, "part 1 of 2 of a split model by its metadata");
    is_odd(file.path(), "part 1 of 2");
    // The head may be in the other part.
    let info = run(&["info", "--format=json"], file.path()).json();
    assert_eq!(info["output_head"], "unknown");
    assert!(!run(&["info"], file.path()).ok().contains("tied"));
}

#[test]
fn a_whole_file_with_the_metadata_of_a_part() {
    let whole = first_part().tensor("x", &[8], F32, values(8)).write();
    let finding = problem_at(whole.path(), "file.split");
    says(&finding, "all its tensors are in this file");
    assert!(finding["next"].as_str().unwrap().contains("set split.count to 1"));
    let info = run(&["info", "--format=json"], whole.path()).json();
    assert_eq!(info["output_head"], "tied");
}

#[test]
fn a_part_that_is_missing() {
    let dir = TempDir::new().unwrap();
    let path = |no: u16| dir.path().join(format!("m-{no:05}-of-00002.gguf"));
    fs::write(path(1), first_part().build()).unwrap();
    says(&problem_at(&path(1), "file.split"), "m-00002-of-00002.gguf is not there");
    // With both, the fault of one names its file.
    let whole = second_part().build();
    fs::write(path(2), &whole).unwrap();
    assert_eq!(about_the_file(&path(1)), Vec::<Value>::new());
    let cut = second_part().tensor("x", &[32], F32, values(32)).build();
    fs::write(path(2), &cut[..cut.len() - 64]).unwrap();
    says(&problem_at(&path(1), "file.cut"), "in m-00002-of-00002.gguf: the file ends at byte");
}

#[test]
fn pieces_that_cat_joins() {
    let dir = TempDir::new().unwrap();
    let path = |no: usize| dir.path().join(format!("x.gguf.part{no}of2"));
    let bytes = good().build();
    let (first, second) = bytes.split_at(bytes.len() - 300);
    fs::write(path(1), first).unwrap();
    fs::write(path(2), second).unwrap();
    let join = "`cat x.gguf.part1of2 x.gguf.part2of2 > x.gguf`";
    let finding = problem_at(&path(1), "file.cut");
    assert!(finding["next"].as_str().unwrap().contains(join), "{finding:#}");
    is_odd(&path(1), join);
    let error = run(&["check"], &path(2)).error();
    assert!(error.contains("not a GGUF file") && error.contains(join), "{error}");
    // A piece may end within the header, too.
    fs::write(path(1), &bytes[..100]).unwrap();
    let error = run(&["check"], &path(1)).error();
    assert!(error.contains("an incomplete download?") && error.contains(join), "{error}");
}

// ---- types of forks

#[test]
fn a_type_number_that_a_fork_uses_otherwise() {
    // Blocks of 128 values in 34 bytes; ggml's Q2_0 has 64 in 18.
    let layer = |gguf: Gguf, no: usize| {
        gguf.tensor(format!("blk.{no}.x"), &[128, 64], Q2_0, vec![1; 34 * 64])
    };
    let file = layer(layer(table(llama()), 0), 1).tensor("y", &[8], F32, values(8)).write();
    let finding = problem_at(file.path(), "file.type");
    says(&finding, "2 tensors");
    says(&finding, "is not ggml's type 42 (Q2_0)");
    says(&finding, "PrismML's older Q2_0, in blocks of 128");
    is_odd(file.path(), "is not ggml's type 42 (Q2_0)");
    assert!(odd(file.path()).iter().all(|it| !it.contains("incomplete download")));

    // The last tensor of a file too: the file is not called cut.
    let last = layer(table(llama()), 0).write();
    says(&problem_at(last.path(), "file.type"), "is not ggml's type 42 (Q2_0)");

    // A table of such a type is not decoded.
    let table =
        of("llama").table(Q2_0, 1024, 8, vec![1; 34 * 64]).tensor("y", &[8], F32, values(8));
    let table = table.write();
    let said = embcli(["lookup", table.path().to_str().unwrap(), "0"]).error();
    assert!(said.contains("is not ggml's type 42"), "{said}");
    assert!(run(&["check"], table.path()).error().contains("is not ggml's type 42"));
}

#[test]
fn ggmls_own_type_42() {
    let file = table(llama()).tensor("blk.0.x", &[128, 64], Q2_0, vec![1; 36 * 64]);
    let file = file.tensor("y", &[8], F32, values(8));
    assert_eq!(about_the_file(file.write().path()), Vec::<Value>::new());
    // If the file is cut within the only one, it is cut.
    let file = table(llama()).tensor("blk.0.x", &[128, 64], Q2_0, vec![1; 36 * 64]);
    let len = file.build().len();
    let file = table(llama()).tensor("blk.0.x", &[128, 64], Q2_0, vec![1; 36 * 64]);
    says(&problem(file.truncate(len - 1000), "file.cut"), "1 tensor is not all there");
}

#[test]
fn types_of_forks_by_their_names() {
    for (id, words) in [
        (36, "BitNet's I2_S"),
        (137, "IQ2_K of ik_llama.cpp"),
        (139, "IQ4_K of ik_llama.cpp"),
        (230, "BF16_R16 of ik_llama.cpp"),
        (9999, "is not one that ggml defines"),
    ] {
        let file = table(llama()).tensor("blk.0.x", &[256, 4], id, vec![0; 576]).write();
        says(&problem_at(file.path(), "file.type"), words);
        is_odd(file.path(), words);
        let error = run(&["check"], of("llama").table(id, 256, 8, vec![0; 1152]).write().path());
        assert!(error.error().contains(words), "{words}");
    }
}

// ---- other kinds of files

fn refused(bytes: &[u8]) -> String {
    let file = support::temp_file(bytes);
    let errors: Vec<String> =
        ["check", "info", "tokens", "footprint"].map(|it| run(&[it], file.path()).error()).into();
    assert!(errors.iter().all(|error| error == &errors[0]), "{errors:?}");
    assert!(errors[0].contains("not a GGUF file"), "{errors:?}");
    errors[0].clone()
}

#[test]
fn files_that_are_no_gguf_files() {
    let whisper: Vec<u8> =
        [51_864_u32, 1500, 384, 6, 4].iter().flat_map(|n| n.to_le_bytes()).collect();
    let manifest = b"{\"schemaVersion\":2,\"layers\":[]}".to_vec();
    let cases: [(Vec<u8>, &[&str]); 17] = [
        (vec![0; 4096], &["zeros"]),
        ([vec![0; 24], vec![7; 4096]].concat(), &["zeros"]),
        (b"Entry not found".to_vec(), &["text", "\"Entry not found\""]),
        (b"{\"error\":\"gated\"}\n".to_vec(), &["JSON", "{\"error\":\"gated\"}"]),
        (b"FROM ./x.gguf\nSYSTEM hello\n".to_vec(), &["Modelfile", "\"FROM ./x.gguf\""]),
        (manifest, &["an Ollama manifest", "schemaVersion"]),
        (b" \n\n\t<!DOCTYPE html><p>Log in".to_vec(), &["web page", "<!DOCTYPE html>"]),
        (b"\xef\xbb\xbf<html>".to_vec(), &["web page", "<html>"]),
        (b"(dp0\nS'a'\np1\n.".to_vec(), &["pickle"]),
        (b"}q\0(U\x01a".to_vec(), &["pickle"]),
        (b"\x80\x02}q\0.".to_vec(), &["pickle"]),
        (b"\x80\x05\x95\x10\0\0\0\0\0\0\0}".to_vec(), &["pickle"]),
        (b"7z\xbc\xaf\x27\x1c\0\x04".to_vec(), &["7z archive"]),
        (b"Rar!\x1a\x07\x01\0".to_vec(), &["rar archive"]),
        (b"\x7fELF\x02\x01\x01\0".to_vec(), &["ELF"]),
        ([&b"lmgg"[..], &whisper].concat(), &["Whisper model", "whisper.cpp"]),
        ([&b"lmgg"[..], &[0; 40]].concat(), &["old llama.cpp"]),
    ];
    for (bytes, words) in cases {
        let error = refused(&bytes);
        assert!(words.iter().all(|word| error.contains(word)), "{words:?}: {error}");
        assert_eq!(error.contains("old llama.cpp"), words[0] == "old llama.cpp", "{error}");
    }
}

#[test]
fn a_first_line_is_quoted_without_what_acts_on_a_terminal() {
    let error = refused("Access \u{202e}denied\u{feff} to this\nmodel".as_bytes());
    assert!(error.contains("Access \\u{202e}denied"), "{error}");
    let long = refused("no ".repeat(4000).as_bytes());
    assert!(long.chars().count() < 300, "{long}");
    assert!(!refused(b"Access \x1b[31mdenied").contains('\x1b'));
}

#[test]
fn a_lora_is_named_as_one_first() {
    let file = Gguf::new()
        .kv("general.architecture", "llama")
        .tensor("token_embd.weight.lora_a", &[32, 2], F32, values(64))
        .tensor("token_embd.weight.lora_b", &[2, 8], F32, values(16))
        .write();
    for command in ["check", "footprint"] {
        let error = run(&[command], file.path()).error();
        assert!(error.contains("seems to be a LoRA adapter"), "{error}");
        assert!(!error.contains("did you mean"), "{error}");
    }
}

#[test]
fn advice_names_no_flag_that_the_command_lacks() {
    let file = Gguf::new().vocab("llama", &TOKENS).tensor("matrix", &[4, 8], F32, []).write();
    for args in [&["tour"][..], &["tokens", "--norm"], &["check"], &["footprint"]] {
        let error = run(args, file.path()).error();
        assert!(error.contains("matrix"), "{error}");
        let has_flag = embcli([args[0], "--help"]).ok().contains("--tensor ");
        assert_eq!(error.contains("--tensor"), has_flag, "{args:?}: {error}");
    }
}

// ---- shapes

#[test]
fn a_table_written_the_other_way_round() {
    let file = llama().table(F32, 8, 32, values(256)).write();
    let finding = problem_at(file.path(), "meta.transposed");
    says(&finding, "the table is [32, 8], and the model has 8 tokens of 32 values");
    assert_eq!(checked(file.path()).0.len(), 1, "its rows are not judged");
    is_odd(file.path(), "written the other way round");
    // A head is judged like a table.
    let head = table(llama()).tensor("output.weight", &[8, 32], F32, values(256));
    assert_eq!(problem(head, "meta.transposed")["tensor"], "output.weight");
    // A square table can't tell.
    let square = of("llama").kv("llama.embedding_length", 8_u32).table(F32, 8, 8, values(64));
    assert_eq!(about_the_file(square.write().path()), Vec::<Value>::new());
}

#[test]
fn the_width_of_wavtokenizer_is_that_of_its_features() {
    let wav = || of("wavtokenizer-dec").kv("wavtokenizer-dec.embedding_length", 64_u32);
    let good = table(wav().kv("wavtokenizer-dec.features_length", 32_u32)).write();
    assert_eq!(about_the_file(good.path()), Vec::<Value>::new());
    assert_eq!(odd(good.path()), Vec::<String>::new());
    let bad = table(wav().kv("wavtokenizer-dec.features_length", 16_u32));
    says(&problem(bad, "meta.width"), "wavtokenizer-dec.features_length says 16");
}

#[test]
fn an_unknown_architecture_is_not_judged() {
    let file = table(of("mine").kv("mine.embedding_length", 64_u32)).write();
    let found = about_the_file(file.path());
    assert_eq!((found.len(), &found[0]["code"]), (1, &json!("meta.architecture")));
    assert_eq!(found[0]["severity"], "note");
    says(&found[0], "\"mine\": how wide its rows should be is not judged");
    assert_eq!(checked(file.path()).1, 0);
    assert_eq!(odd(file.path()), Vec::<String>::new());
    let known = table(of("llama").kv("llama.embedding_length", 64_u32));
    problem(known, "meta.width");
}

#[test]
fn a_file_type_that_says_f32_beside_quantised_tensors() {
    let file = |id: u32, format: u32, row: usize| {
        of("llama").kv("general.file_type", id).table(format, 32, 8, vec![1; 8 * row]).write()
    };
    is_odd(file(0, Q8_0, 34).path(), "general.file_type 0 says all F32, and 1 tensor of Q8_0");
    assert_eq!(odd(file(0, F32, 128).path()), Vec::<String>::new());
    assert_eq!(odd(file(7, Q8_0, 34).path()), Vec::<String>::new());
}

// ---- draft models

/// A head with rows for four of eight tokens.
fn draft(d2t: Option<[i64; 4]>) -> tempfile::NamedTempFile {
    let file = of("eagle3").kv("eagle3.embedding_length", 32_u32);
    let file = file.table(F32, 32, 6, values(192));
    let file = file.tensor("output.weight", &[32, 4], F32, values(128));
    let bytes = |map: [i64; 4]| map.iter().flat_map(|n| n.to_le_bytes()).collect::<Vec<_>>();
    match d2t {
        Some(map) => file.tensor("d2t", &[4], I64, bytes(map)).write(),
        None => file.write(),
    }
}

#[test]
fn the_head_of_a_draft_model_is_labelled_by_its_map() {
    // Offsets to the row's number, and token IDs, which llama.cpp's converter writes.
    for map in [[0, 1, 1, 3], [0, 2, 3, 6]] {
        let file = draft(Some(map));
        let path = file.path().to_str().unwrap();
        let head = |args: &[&str]| {
            let common = ["--tensor=output.weight", "--format=json", path];
            embcli([&args[..1], &common, &args[1..]].concat()).json()
        };
        let rows = head(&["lookup", "0..4"]);
        let tokens: Vec<_> = (0..4).map(|row| rows["rows"][row]["token"].clone()).collect();
        assert_eq!(tokens, ["a", "c", "d", "g"]);
        // By text too.
        assert_eq!(head(&["lookup", "g"])["rows"][0]["id"], 3);
        assert_eq!(head(&["neighbors", "g"])["queries"][0]["neighbors"][0]["token"], "d");
        let none = embcli(["lookup", "--tensor=output.weight", path, "h"]).error();
        assert!(none.contains("token 7 has no row in output.weight"), "{none}");
    }
}

#[test]
fn without_its_map_the_head_of_a_draft_model_has_no_labels() {
    // None, one that is too large, and one that names a token twice.
    for map in [None, Some([0, 0, 0, 9]), Some([0, 0, 0, -1])] {
        let file = draft(map);
        let path = file.path().to_str().unwrap();
        let args = ["lookup", "--tensor=output.weight", "--format=json", path, "0..4"];
        let rows = embcli(args).json();
        assert!((0..4).all(|row| rows["rows"][row]["token"].is_null()), "{rows:#}");
        let notes = rows["notes"].to_string();
        assert!(notes.contains("without tokens") && !notes.contains("refuses"), "{notes}");
    }
}

#[test]
fn a_draft_model_may_have_rows_for_some_tokens() {
    let file = draft(Some([0, 1, 1, 3]));
    let path = file.path().to_str().unwrap();
    for args in [&["check", path][..], &["info", path], &["lookup", path, "0"]] {
        let said = embcli(args).ok();
        assert!(!said.contains("refuses"), "{said}");
    }
    let (findings, code) = checked(file.path());
    let count = findings.iter().find(|it| it["code"] == "rows.count").unwrap();
    assert_eq!((code, &count["severity"]), (0, &json!("note")));
}

// ---- none on good files

#[test]
#[ignore = "needs the fetched models"]
fn the_real_models_have_none_of_these() {
    let folder = support::models().join("vocabularies");
    let mut files: Vec<PathBuf> =
        fs::read_dir(folder).unwrap().map(|it| it.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "gguf"));
    files.push(support::real_model());
    assert!(files.len() > 8);
    for path in files {
        let opened = Files::open(&path).unwrap();
        let layout = Layout::of(opened.metadata().unwrap()).unwrap();
        let name = path.display();
        assert_eq!((layout.cut, layout.askew, layout.rest.is_empty()), (0, 0, true), "{name}");
        assert_eq!(layout.faults, [], "{name}");
        assert_eq!((opened.stray().unwrap(), opened.piece()), (None, None), "{name}");
    }
}
