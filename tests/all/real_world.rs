//! Odd files that exist in practice. They must open, or fail with a clear message.

use crate::support::run;
use crate::support::run::{Outcome, embcli, every_command, skipped};
use crate::support::{F32, Gguf, Value, f32_bytes, raw, temp_file, text};
use serde_json::{Value as Json, json};
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// Three rows of two: (1,2) (3,4) (5,6).
const ROWS: [f32; 6] = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0];

fn plain() -> Gguf {
    with_vocab(Gguf::new().kv("general.architecture", "llama"))
}

fn with_vocab(gguf: Gguf) -> Gguf {
    gguf.vocab("llama", &["a", "▁b", "c"])
}

fn table(gguf: Gguf) -> Gguf {
    gguf.table(F32, 2, 3, f32_bytes(&ROWS))
}

#[track_caller]
fn lookup(gguf: Gguf, ids: &[&str]) -> Outcome {
    let file = gguf.write();
    embcli(["lookup", "--format=json", file.path().to_str().unwrap()].iter().chain(ids))
}

/// Asserts that the three rows are read. Returns the answer of lookup.
#[track_caller]
fn opens(gguf: Gguf) -> Json {
    let file = gguf.write();
    let [lookup, neighbors, footprint] = every_command(file.path());
    let (lookup, neighbors, footprint) = (lookup.json(), neighbors.json(), footprint.json());
    assert_eq!(lookup["rows"][0]["values"], json!([1.0, 2.0]));
    assert_eq!(neighbors["queries"][0]["neighbors"].as_array().unwrap().len(), 2);
    assert_eq!(footprint["parameters"], 6);
    lookup
}

fn notes(answer: &Json) -> String {
    answer["notes"].to_string()
}

// ---- names

#[test]
fn hyphens_capitals_dots_and_double_underscores_in_keys() {
    let mut gguf = Gguf::new().kv("general.architecture", "nomic-bert-moe");
    for key in
        ["nomic-bert-moe.block_count", "UPPER.Case", "..", ".a.", "a..b", "__x__.__y", "", "a b"]
    {
        gguf = gguf.kv(key, 1u32);
    }
    opens(table(with_vocab(gguf)));
}

#[test]
fn empty_and_repeated_tokens() {
    let gguf = table(Gguf::new().vocab("llama", &["", "x", "x"]));
    let answer = lookup(gguf, &["0..3"]).json();
    let tokens: Vec<_> = (0..3).map(|i| answer["rows"][i]["token"].clone()).collect();
    assert_eq!(tokens, ["", "x", "x"]);
}

#[test]
fn token_text_that_is_not_utf8_is_lossless_in_json() {
    let tokens = Value::Array(8, vec![text(b"\xff\x00"), text("b"), text("c")]);
    let gguf = table(Gguf::new().kv("tokenizer.ggml.tokens", tokens));
    let answer = lookup(gguf, &["0", "1"]).json();
    assert_eq!(answer["rows"][0]["token_hex"], "ff00");
    assert_eq!(answer["rows"][0]["token"], "\u{fffd}\0");
    assert_eq!(answer["rows"][1].get("token_hex"), None);
}

#[test]
fn fewer_tokens_than_rows() {
    let answer = opens(table(Gguf::new().vocab("llama", &["a", "b"])));
    assert!(notes(&answer).contains("rows 2 to 2 have no token"), "{answer}");
}

#[test]
fn more_tokens_than_rows() {
    let answer = opens(table(Gguf::new().vocab("llama", &["a", "b", "c", "d"])));
    assert!(notes(&answer).contains("tokens 3 to 3 have no row"), "{answer}");
}

#[test]
fn no_vocabulary() {
    let answer = opens(table(Gguf::new()));
    assert_eq!(answer["rows"][0]["token"], Json::Null);
    assert!(notes(&answer).contains("no vocabulary"), "{answer}");
}

#[test]
fn an_empty_vocabulary() {
    let answer = opens(table(Gguf::new().kv("tokenizer.ggml.tokens", Vec::<&str>::new())));
    assert!(notes(&answer).contains("rows 0 to 2 have no token"), "{answer}");
}

#[test]
fn a_vocabulary_that_is_not_an_array_of_strings() {
    for odd in [
        Value::from(vec![1u32, 2, 3]),
        Value::from(vec![1.0f64, 2.0, 3.0]),
        Value::from(vec![true, false, true]),
        Value::Array(9, vec![vec!["a"].into(), vec!["b"].into(), vec!["c"].into()]),
        Value::from("abc"),
        Value::from(7u8),
    ] {
        let answer = opens(table(Gguf::new().kv("tokenizer.ggml.tokens", odd)));
        assert!(notes(&answer).contains("rows are shown without tokens"), "{answer}");
    }
}

#[test]
fn token_types_of_any_type_and_length() {
    for odd in [
        Value::from(vec![1i32]),
        Value::from(vec![1u8, 99, 3, 4, 5]),
        Value::from(vec![-1i64, i64::MIN, i64::MAX]),
        Value::from(vec![u64::MAX; 3]),
        Value::from(vec![1.5f32; 3]),
        Value::from(vec!["normal"; 3]),
        Value::from("normal"),
        // Booleans with a value other than 0 and 1.
        Value::Array(7, (0..3).map(|_| raw(7, [9])).collect()),
        Value::Array(9, vec![vec![1u8].into(); 3]),
    ] {
        let gguf = Gguf::new().vocab("gpt2", &["Ġa", "b", "c"]);
        let answer = opens(table(gguf.kv("tokenizer.ggml.token_type", odd.clone())));
        assert!(answer["rows"][0]["token"].is_string(), "{odd:?}: {answer}");
    }
}

#[test]
fn a_tokenizer_model_key_of_an_unexpected_type() {
    for odd in [Value::from(1u8), text(b"\xff"), Value::from(vec!["gpt2"])] {
        opens(table(
            Gguf::new()
                .kv("tokenizer.ggml.model", odd)
                .kv("tokenizer.ggml.tokens", vec!["a", "b", "c"]),
        ));
    }
}

// ---- versions

#[test]
fn version_2() {
    opens(table(plain().version(2)));
}

#[test]
fn other_versions_are_refused_by_name() {
    let refused = |gguf: Gguf| lookup(gguf, &["0"]).error();
    let error = refused(table(plain().version(1)));
    assert!(
        error.contains("GGUF version 1 is not supported") && error.contains("convert"),
        "{error}"
    );
    let error = refused(table(plain().version(4)));
    assert!(error.contains("GGUF version 4") && error.contains("newer"), "{error}");
    for version in [5, 0xFFFF, 0x0001_0000, u32::MAX] {
        let error = refused(table(plain().version(version)));
        assert!(error.contains(&format!("GGUF version {version} ")), "{error}");
    }
    let error = refused(table(plain().version(0)));
    assert!(error.contains("GGUF version 0 ") && error.contains("damaged"), "{error}");
}

#[test]
fn big_endian_is_refused_by_name() {
    for version in [2, 3] {
        let error = lookup(table(plain().version(version).big_endian()), &["0"]).error();
        assert!(error.contains(&format!("big-endian GGUF (version {version})")), "{error}");
        assert!(error.contains("convert"), "{error}");
    }
}

// ---- layout

#[test]
fn alignments() {
    for alignment in [1, 8, 16, 24, 64, 4096] {
        let gguf = plain().alignment(alignment).tensor("other", &[3], F32, [7; 12]);
        opens(table(gguf));
    }
}

#[test]
fn tensors_in_any_order_with_gaps_and_bytes_after_the_end() {
    let data = f32_bytes(&ROWS);
    opens(
        plain()
            .table(F32, 2, 3, data.clone())
            .placed_at(256)
            .tensor("low", &[4], F32, [9; 16])
            .placed_at(0),
    );
    opens(
        plain()
            .tensor("far", &[4], F32, [9; 16])
            .placed_at(8192)
            .table(F32, 2, 3, data)
            .placed_at(64),
    );
    opens(table(plain()).trailing(vec![0xAB; 1000]));
}

#[test]
fn other_tensors_of_every_rank_and_without_elements() {
    let gguf = plain()
        .tensor("scalar", &[], F32, [1; 4])
        .tensor("rank4", &[1, 2, 1, 2], F32, [1; 16])
        .tensor("empty", &[0], F32, [])
        .tensor("empty2", &[7, 0, 7], F32, []);
    opens(table(gguf));
}

#[test]
fn unknown_removed_and_fork_types_on_other_tensors() {
    let mut gguf = plain();
    for id in [4, 31, 36, 43, 97, 139, 250, u32::MAX] {
        gguf = gguf.tensor(format!("t{id}"), &[32, 2], id, [0; 64]);
    }
    opens(table(gguf));
}

#[test]
fn unknown_removed_and_fork_types_of_the_table_are_named() {
    for id in [4, 31, 36, 43, 97, 139, 250] {
        let error = lookup(plain().table(id, 32, 2, [0; 64]), &["0"]).error();
        assert!(error.contains("token_embd.weight") && error.contains(&id.to_string()), "{error}");
    }
}

// ---- partial downloads

fn cut_after_row(n: usize) -> (tempfile::NamedTempFile, usize) {
    let rows: Vec<f32> = (0..200).map(|i| i as f32 + 1.0).collect();
    let bytes = plain().table(F32, 2, 100, f32_bytes(&rows)).build();
    let len = bytes.len() - 800 + 8 * n + 3; // and 3 bytes of the next row
    (temp_file(&bytes[..len]), len)
}

#[test]
fn the_rows_before_the_cut_are_printed() {
    let (file, len) = cut_after_row(10);
    let path = file.path().to_str().unwrap();
    let answer = embcli(["lookup", "--format=json", path, "0", "9"]).json();
    assert_eq!(answer["rows"][1]["values"], json!([19.0, 20.0]));
    for id in [10, 99] {
        let error = embcli(["lookup", path, "0", &id.to_string()]).error();
        let need = len - 3 - 80 + 8 * (id + 1);
        let says = format!(
            "row {id} needs bytes up to {need}, the file ends at {len}: an incomplete download?"
        );
        assert!(error.contains(&says), "{error}");
    }
    embcli(["footprint", path]).ok();
}

#[test]
fn neighbors_in_a_cut_table_notes_which_rows_it_searched() {
    let (file, _) = cut_after_row(10);
    let path = file.path().to_str().unwrap();
    let answer = embcli(["neighbors", "--format=json", "-k", "99", path, "0"]).json();
    assert_eq!(answer["queries"][0]["neighbors"].as_array().unwrap().len(), 9);
    assert!(notes(&answer).contains("only rows 0 to 9 of 100 are in the file"), "{answer}");
}

#[test]
fn neighbors_without_any_row_is_an_error() {
    let (file, _) = cut_after_row(0);
    let error = embcli(["neighbors", file.path().to_str().unwrap(), "0"]).error();
    assert!(error.contains("row 0 needs bytes up to"), "{error}");
}

#[test]
fn a_cut_header_says_so_and_where() {
    let whole = table(plain()).build();
    let header = whole.len() - 32; // the 24 bytes of rows fill one alignment
    for len in 1..header {
        let file = temp_file(&whole[..len]);
        let error = embcli(["lookup", file.path().to_str().unwrap(), "0"]).error();
        if len >= 4 {
            let cut = error.contains(&format!("the file ends at {len}"))
                || error.contains(&format!("the file ends at byte {len}"));
            assert!(cut && error.contains("an incomplete download?"), "{len}: {error}");
        } else {
            assert!(error.contains("not a GGUF file"), "{error}");
        }
    }
    let empty = temp_file(b"");
    let error = embcli(["lookup", empty.path().to_str().unwrap(), "0"]).error();
    assert!(error.contains("empty"), "{error}");
}

// ---- split models

/// Five shards: metadata and one small tensor in the first, the table in the
/// second, the head in the third.
struct Shards(TempDir);

impl Shards {
    fn new() -> Self {
        let shards = Self(TempDir::new().unwrap());
        shards.put(1, plain().tensor("norm", &[2], F32, [0; 8]));
        shards.put(2, table(Gguf::new()));
        shards.put(3, Gguf::new().tensor("output.weight", &[2, 3], F32, f32_bytes(&ROWS)));
        shards.put(4, Gguf::new().tensor("blk.0.ffn", &[2, 3], F32, f32_bytes(&ROWS)));
        shards.put(5, Gguf::new());
        shards
    }

    fn path(&self, no: u16) -> PathBuf {
        self.0.path().join(format!("m-q4_k-{no:05}-of-00005.gguf"))
    }

    fn put(&self, no: u16, gguf: Gguf) {
        self.put_claiming(no, no - 1, 5, gguf);
    }

    fn put_claiming(&self, no: u16, split_no: u16, count: u16, gguf: Gguf) {
        let gguf =
            gguf.kv("split.no", split_no).kv("split.count", count).kv("split.tensors.count", 4i32);
        std::fs::write(self.path(no), gguf.build()).unwrap();
    }

    fn remove(&self, no: u16) {
        std::fs::remove_file(self.path(no)).unwrap();
    }

    fn run(&self, command: &str, no: u16, ids: &[&str]) -> Outcome {
        let path = self.path(no);
        embcli([command, "--format=json", path.to_str().unwrap()].iter().chain(ids))
    }
}

#[test]
fn naming_any_shard_works() {
    let shards = Shards::new();
    for no in 1..=5 {
        let answer = shards.run("lookup", no, &["1"]).json();
        assert_eq!(answer["rows"][0]["values"], json!([3.0, 4.0]));
        assert_eq!(answer["rows"][0]["token"], " b");
        assert!(notes(&answer).contains("m-q4_k-00002-of-00005.gguf"), "{answer}");
        shards.run("neighbors", no, &["1"]).json();
        let answer = shards.run("footprint", no, &[]).json();
        let total: u64 = (1..=5).map(|no| shards.path(no).metadata().unwrap().len()).sum();
        assert_eq!(answer["actual"]["file_bytes"], total);
        assert_eq!(answer["actual"]["tied"], false);
    }
}

#[test]
fn a_missing_shard_that_is_needed_is_named() {
    let shards = Shards::new();
    shards.remove(2);
    for no in [1, 3] {
        let error = shards.run("lookup", no, &["1"]).error();
        assert!(error.contains("m-q4_k-00002-of-00005.gguf is not there"), "{error}");
    }
    // Without the first shard, rows have no tokens, and a note says so.
    let shards = Shards::new();
    shards.remove(1);
    let answer = shards.run("lookup", 2, &["1"]).json();
    assert_eq!(answer["rows"][0]["token"], Json::Null);
    assert!(notes(&answer).contains("m-q4_k-00001-of-00005.gguf is not there"), "{answer}");
}

#[test]
fn a_missing_shard_that_is_not_needed_is_no_error() {
    let shards = Shards::new();
    for no in [3, 4, 5] {
        shards.remove(no);
    }
    for no in [1, 2] {
        let answer = shards.run("lookup", no, &["1"]).json();
        assert_eq!(answer["rows"][0]["token"], " b");
        // But the total size and the output head are unknown without them.
        let answer = shards.run("footprint", no, &[]).json();
        assert_eq!(answer["actual"]["tied"], Json::Null);
        assert!(
            notes(&answer).contains("m-q4_k-00003-of-00005.gguf and 2 more are not there"),
            "{answer}"
        );
    }
}

#[test]
fn shard_1_of_1_is_a_whole_file() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("m-00001-of-00001.gguf");
    std::fs::write(&path, table(plain().kv("split.no", 0u16).kv("split.count", 1u16)).build())
        .unwrap();
    let [lookup, ..] = every_command(&path);
    assert_eq!(lookup.json()["notes"], json!([]));
}

#[test]
fn names_that_only_look_like_shards_are_whole_files() {
    let dir = TempDir::new().unwrap();
    for (name, gguf) in [
        ("photo-00002-of-00005.gguf", plain()),
        ("m-00007-of-00005.gguf", plain().kv("split.no", 6u16).kv("split.count", 5u16)),
        ("m-2-of-5.gguf", plain().kv("split.no", 1u16).kv("split.count", 5u16)),
        ("sha256-blob", plain().kv("split.no", 1u16).kv("split.count", 5u16)),
        ("m-00002-of-00005.gguf", plain().kv("split.count", "five")),
    ] {
        let path = dir.path().join(name);
        std::fs::write(&path, table(gguf).build()).unwrap();
        let [lookup, ..] = every_command(&path);
        assert_eq!(lookup.json()["notes"], json!([]), "{name}");
    }
}

#[test]
fn a_shard_with_a_wrong_number_or_count_is_an_error() {
    for (split_no, count) in [(2, 5), (1, 4), (0, 1), (u16::MAX, u16::MAX)] {
        let shards = Shards::new();
        shards.put_claiming(2, split_no, count, table(Gguf::new()));
        for no in [1, 2, 3] {
            if (no, count) == (2, 1) {
                continue; // it says that it is part 1 of 1, so it opens as a whole file
            }
            let error = shards.run("lookup", no, &["1"]).error();
            assert!(error.contains("m-q4_k-00002-of-00005.gguf is"), "{error}");
            assert!(error.contains("not part 2 of 5 as its name says"), "{error}");
        }
    }
}

#[test]
fn a_missing_tensor_is_searched_in_all_shards() {
    let shards = Shards::new();
    let error = shards.run("lookup", 2, &["--tensor=token_emb.weight", "1"]).error();
    assert!(error.contains("did you mean \"token_embd.weight\"?"), "{error}");
}

#[test]
fn a_damaged_sibling_is_named() {
    let shards = Shards::new();
    std::fs::write(shards.path(1), "junk").unwrap();
    let error = shards.run("lookup", 3, &["1"]).error();
    assert!(error.contains("m-q4_k-00001-of-00005.gguf: not a GGUF file"), "{error}");
}

// ---- where files live

#[test]
fn a_blob_without_extension() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("sha256-0123abcd");
    std::fs::write(&path, table(plain()).build()).unwrap();
    for outcome in every_command(&path) {
        outcome.ok();
    }
}

#[cfg(unix)]
#[test]
fn a_split_model_of_symbolic_links() {
    use std::os::unix::fs::symlink;
    let shards = Shards::new();
    let snapshot = TempDir::new().unwrap();
    let (blobs, links) = (shards.0.path(), snapshot.path());
    for no in 1..=5 {
        let blob = blobs.join(format!("blob{no}"));
        std::fs::rename(shards.path(no), &blob).unwrap();
        symlink(blob, links.join(format!("m-{no:05}-of-00005.gguf"))).unwrap();
    }
    let path = links.join("m-00003-of-00005.gguf");
    let answer = embcli(["lookup", "--format=json", path.to_str().unwrap(), "1"]).json();
    assert_eq!(answer["rows"][0]["values"], json!([3.0, 4.0]));
}

#[cfg(target_os = "linux")]
#[test]
fn file_names_that_are_not_utf8_or_not_printable() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    let dir = TempDir::new().unwrap();
    for name in [&b"\xff\xfe.gguf"[..], b"a\x1b[31m\n.gguf", "\u{202e}猫🐈.gguf".as_bytes(), b" "]
    {
        let path = dir.path().join(OsStr::from_bytes(name));
        std::fs::write(&path, table(plain()).build()).unwrap();
        for outcome in every_command(&path) {
            outcome.ok();
        }
        // Also in an error message.
        std::fs::write(&path, "junk").unwrap();
        for outcome in every_command(&path) {
            outcome.error();
        }
    }
}

#[test]
fn a_file_name_with_a_dash_works_after_two_dashes() {
    let dir = TempDir::new().unwrap();
    std::fs::write(dir.path().join("-m.gguf"), table(plain()).build()).unwrap();
    let outcome = run::command()
        .current_dir(dir.path())
        .args(["lookup", "--", "-m.gguf", "0"])
        .output()
        .unwrap();
    Outcome::from(outcome).ok();
}

// ---- shapes and values

/// Writes a sparse file with a table of `rows` rows. `None` if the filesystem refuses.
fn sparse(path: &Path, d_model: u64, rows: u64) -> Option<u64> {
    let header = with_vocab(Gguf::new()).table(F32, d_model, rows, []).build();
    std::fs::write(path, &header).unwrap();
    let len = header.len() as u64 + d_model * rows * 4;
    let file = std::fs::OpenOptions::new().write(true).open(path).unwrap();
    match file.set_len(len) {
        Ok(()) => Some(len),
        Err(error) => {
            skipped(&format!("no sparse file of {len} bytes here: {error}"));
            None
        }
    }
}

#[test]
fn a_sparse_table_of_200_gb() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("m.gguf");
    let rows = 12_500_000;
    let Some(len) = sparse(&path, 4096, rows) else { return };
    assert!(len > 200_000_000_000);
    let path = path.to_str().unwrap();
    let last = (rows - 1).to_string();
    let answer = run::watched(["lookup", "--format=json", path, "0", &last]).json();
    assert_eq!(answer["rows"][1]["norm"], 0.0);
    run::watched(["lookup", path, &last]).ok();
    run::watched(["footprint", path]).ok();
    let error = run::watched(["neighbors", path, &last]).error();
    assert!(error.contains("all zeros"), "{error}");
}

#[test]
fn one_column_and_one_row() {
    let file = with_vocab(Gguf::new()).table(F32, 1, 3, f32_bytes(&[1.0, -1.0, 2.0])).write();
    for outcome in every_command(file.path()) {
        outcome.ok();
    }
    let file = Gguf::new().vocab("llama", &["a"]).table(F32, 2, 1, f32_bytes(&[1.0, 2.0])).write();
    let path = file.path().to_str().unwrap();
    embcli(["lookup", path, "0"]).ok();
    let answer = embcli(["neighbors", "--format=json", path, "0"]).json();
    assert_eq!(answer["queries"][0]["neighbors"], json!([]));
    embcli(["neighbors", path, "0"]).ok();
}

#[test]
fn rows_that_are_all_equal_rank_by_id() {
    let file = with_vocab(Gguf::new()).table(F32, 2, 3, f32_bytes(&[3.0, 4.0].repeat(3))).write();
    let answer = embcli(["neighbors", "--format=json", file.path().to_str().unwrap(), "1"]).json();
    let ids: Vec<_> = (0..2).map(|i| answer["queries"][0]["neighbors"][i]["id"].clone()).collect();
    assert_eq!(ids, [0, 2]);
}

#[test]
fn rows_of_zeros_nan_and_infinity() {
    let values = [0.0, 0.0, f32::NAN, 1.0, f32::INFINITY, 1.0, 1.0, 1.0, 1.0, 2.0];
    let file = Gguf::new().table(F32, 2, 5, f32_bytes(&values)).write();
    let path = file.path().to_str().unwrap();
    let answer = embcli(["lookup", "--format=json", path, "0..5"]).json();
    assert_eq!(answer["rows"][1]["values"], json!(["NaN", 1.0]));
    assert_eq!(answer["rows"][2]["values"], json!(["Infinity", 1.0]));
    embcli(["lookup", path, "0..5"]).ok();
    let answer = embcli(["neighbors", "--format=json", path, "3"]).json();
    assert_eq!(answer["queries"][0]["neighbors"].as_array().unwrap().len(), 1);
    let notes = notes(&answer);
    assert!(notes.contains("1 row of zeros") && notes.contains("2 rows with NaN"), "{notes}");
    for id in ["0", "1", "2"] {
        embcli(["neighbors", path, id]).error();
    }
}
