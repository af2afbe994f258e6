//! The binary as people run it: its standard output, standard error and exit code.

use std::io::Write;
use std::process::{Command, Output, Stdio};

use crate::support::{F32, Gguf, f32_bytes};

const TOY: &str = "fixtures/toy.gguf";

fn embcli(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_embcli"));
    command.args(args).current_dir(env!("CARGO_MANIFEST_DIR"));
    command.env_remove("COLUMNS").env_remove("NO_COLOR").stdin(Stdio::null());
    command
}

fn run(args: &[&str]) -> Output {
    embcli(args).output().unwrap()
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

/// The standard output of a run that succeeds with nothing on standard error.
fn stdout(args: &[&str]) -> String {
    let output = run(args);
    assert_eq!(text(&output.stderr), "", "{args:?}");
    assert!(output.status.success(), "{args:?}");
    text(&output.stdout).to_owned()
}

fn json(args: &[&str]) -> serde_json::Value {
    serde_json::from_str(&stdout(&[args, &["--format", "json"]].concat())).unwrap()
}

/// The one line on standard error of a run that fails with this exit code.
fn error(code: i32, args: &[&str]) -> String {
    let output = run(args);
    assert_eq!(output.status.code(), Some(code), "{args:?}: {}", text(&output.stderr));
    assert_eq!(text(&output.stdout), "", "{args:?}");
    let line = text(&output.stderr);
    assert_eq!(line.lines().count(), 1, "{args:?} is not one line: {line}");
    line.trim_end().to_owned()
}

#[test]
fn lookup_shows_each_step() {
    insta::assert_snapshot!(stdout(&["lookup", TOY, "791", "2368", "3290"]));
}

#[test]
fn lookup_in_160_columns() {
    let output = embcli(&["lookup", TOY, "0..3", "0"]).env("COLUMNS", "160").output().unwrap();
    insta::assert_snapshot!(text(&output.stdout));
}

#[test]
fn lookup_prints_every_value_on_request() {
    insta::assert_snapshot!(stdout(&["lookup", TOY, "2368", "5765", "--full"]));
    let first = stdout(&["lookup", TOY, "2368", "--values", "2"]);
    assert!(first.contains("0.12") && first.contains("-0.34") && first.contains("… 2 more"));
    assert!(!first.contains("0.56"), "{first}");
}

#[test]
fn lookup_json_is_the_answer() {
    let answer = json(&["lookup", TOY, "2368", "2367..2369"]);
    assert_eq!(answer["model"], TOY);
    assert_eq!(answer["ids"], serde_json::json!([2368, 2367, 2368]));
    assert_eq!(answer["shape"], serde_json::json!([3, 4]));
    assert_eq!(answer["bytes_read"], 2 * 16);
    assert_eq!(answer["table"]["tensor"], "token_embd.weight");
    assert_eq!(answer["table"]["type"], "F32");
    assert_eq!(answer["table"]["n_vocab"], 8192);
    assert_eq!(answer["table"]["d_model"], 4);
    assert_eq!(answer["table"]["bytes"], 8192 * 16);
    let row = &answer["rows"][0];
    assert_eq!((&row["position"], &row["id"]), (&0.into(), &2368.into()));
    assert_eq!(row["token"], " cat");
    assert_eq!(row["values"], serde_json::json!([0.12, -0.34, 0.56, 0.78]));
    assert_eq!(answer["rows"][2]["repeats"], 0);
    assert_eq!(answer["rows"][2]["values"], row["values"]);
}

#[test]
fn lookup_csv_has_one_column_per_dimension() {
    let csv = stdout(&["lookup", TOY, "2368", "--format", "csv"]);
    let mut lines = csv.lines();
    assert_eq!(lines.next(), Some("position,id,token,norm,v0,v1,v2,v3"));
    let row = lines.next().unwrap();
    assert!(
        row.starts_with("0,2368, cat,1.0256") && row.ends_with(",0.12,-0.34,0.56,0.78"),
        "{row}"
    );
    assert_eq!(lines.next(), None);
}

#[test]
fn ids_come_from_standard_input_too() {
    let mut child = embcli(&["lookup", TOY, "5", "-", "0..2", "--format", "json"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(b"7, 8\n\t9,7..9\n").unwrap();
    let output = child.wait_with_output().unwrap();
    let answer: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(answer["ids"], serde_json::json!([5, 7, 8, 9, 7, 8, 0, 1]));
}

#[test]
fn neighbors_of_the_cat() {
    insta::assert_snapshot!(stdout(&["neighbors", TOY, "2368", "-k", "3"]));
    for metric in ["cosine", "dot", "l2"] {
        let answer = json(&["neighbors", TOY, "2368", "--metric", metric, "-k", "9000"]);
        let neighbors = answer["queries"][0]["neighbors"].as_array().unwrap();
        assert_eq!(neighbors.len(), 8191, "all but the row itself");
        assert_eq!(neighbors[0]["id"], 5765, "{metric}");
        assert!(neighbors.iter().all(|neighbor| neighbor["id"] != 2368));
    }
}

#[test]
fn several_queries_are_answered_in_order() {
    let both = json(&["neighbors", TOY, "5765", "26"]);
    for (i, id) in ["5765", "26"].into_iter().enumerate() {
        let alone = json(&["neighbors", TOY, id]);
        assert_eq!(both["queries"][i], alone["queries"][0]);
    }
    let csv = stdout(&["neighbors", TOY, "26", "-k", "2", "--format", "csv"]);
    assert!(csv.starts_with("query_id,query_token,rank,id,token,cosine\n26,;,1,"), "{csv}");
}

/// The rows are: a vector, twice it, zeros, its opposite, a NaN, a neighbour, zeros.
fn odd_rows() -> tempfile::NamedTempFile {
    let rows = [1., 0., 2., 0., 0., 0., -1., 0., f32::NAN, 1., 1., 1., 0., 0.];
    Gguf::new()
        .kv("general.architecture", "llama")
        .vocab("llama", &["a", "b", "c", "d", "e"])
        .table(F32, 2, 7, f32_bytes(&rows))
        .write()
}

#[test]
fn rows_without_direction_are_counted_not_ranked() {
    let file = odd_rows();
    let path = file.path().to_str().unwrap();
    let answer = json(&["neighbors", path, "0"]);
    let ids: Vec<_> = answer["queries"][0]["neighbors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|n| n["id"].as_u64().unwrap())
        .collect();
    assert_eq!(ids, [1, 5, 3]);
    let notes = answer["notes"].to_string();
    assert!(notes.contains("2 rows of zeros") && notes.contains("1 row with NaN"), "{notes}");
    let distance = json(&["neighbors", path, "2", "--metric", "l2"]);
    let ids: Vec<_> = distance["queries"][0]["neighbors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|n| n["id"].as_u64().unwrap())
        .collect();
    assert_eq!(ids, [6, 0, 3, 5, 1], "zeros have a distance, and ties go to the lower ID");

    assert!(error(1, &["neighbors", path, "2"]).contains("row 2 is all zeros"));
    assert!(error(1, &["neighbors", path, "4"]).contains("row 4 holds NaN"));
}

#[test]
fn rows_and_tokens_may_differ() {
    let file = odd_rows();
    let path = file.path().to_str().unwrap();
    let answer = json(&["lookup", path, "4", "5"]);
    assert_eq!(answer["rows"][0]["token"], "e");
    assert!(answer["rows"][1]["token"].is_null());
    assert_eq!(answer["rows"][0]["values"][0], "NaN");
    let shown = stdout(&["lookup", path, "5"]);
    assert!(shown.contains("(no token)"), "{shown}");
    assert!(shown.contains("7 rows and the vocabulary 5 tokens: rows 5 to 6"), "{shown}");
}

#[test]
fn footprint_on_paper() {
    insta::assert_snapshot!(stdout(&["footprint", "--vocab", "128000", "--dim", "4096"]));
    insta::assert_snapshot!(stdout(&["footprint", "--vocab", "32000", "--dim", "100"]));
    insta::assert_snapshot!(stdout(&["footprint", "--like", "gpt2,llama3-8b"]));
    let answer = json(&["footprint", "--vocab", "128000", "--dim", "4096,8192"]);
    assert_eq!(answer["tables"][0]["parameters"], 524_288_000);
    assert_eq!(answer["tables"][1]["d_model"], 8192);
}

#[test]
fn footprint_bytes_are_rows_times_blocks() {
    use embcli::quant::Format;
    for (n, d) in
        [(128_000, 4096), (262_144, 640), (32_000, 100), (50_257, 768), (1, 256), (201_088, 2880)]
    {
        let answer = json(&["footprint", "--vocab", &n.to_string(), "--dim", &d.to_string()]);
        let precisions = answer["precisions"].as_array().unwrap();
        assert_eq!(precisions.len(), 28);
        for precision in precisions {
            let format = Format::from_name(precision["type"].as_str().unwrap()).unwrap();
            let block = format.block_len as u64;
            if d % block == 0 {
                assert_eq!(precision["bytes"], n * (d / block) * format.block_bytes as u64);
                assert_eq!(precision["storable"], true);
            } else {
                assert!(precision["bytes"].is_null());
                assert_eq!(precision["storable"], false);
            }
        }
    }
}

#[test]
fn footprint_of_a_file() {
    insta::assert_snapshot!(stdout(&["footprint", TOY]));
    let answer = json(&["footprint", TOY]);
    assert_eq!(answer["actual"]["tied"], true);
    assert_eq!(answer["actual"]["bytes"], 8192 * 16);
    let separate = Gguf::new()
        .table(F32, 2, 2, f32_bytes(&[0.0; 4]))
        .tensor("output.weight", &[2, 2], 1, vec![0; 8])
        .write();
    let answer = json(&["footprint", separate.path().to_str().unwrap()]);
    assert_eq!(answer["actual"]["tied"], false);
    assert_eq!(answer["actual"]["output"], serde_json::json!({"type": "F16", "bytes": 8}));
}

#[test]
fn failures_are_one_line_and_exit_1() {
    let no_table = Gguf::new()
        .kv("general.type", "adapter")
        .tensor("blk.0.attn_q.weight.lora_a", &[4, 2], F32, vec![0; 32])
        .write();
    let no_table = no_table.path().to_str().unwrap();
    let flat = Gguf::new().tensor("token_embd.weight", &[4], F32, vec![0; 16]).write();
    let flat = flat.path().to_str().unwrap();
    let empty = tempfile::NamedTempFile::new().unwrap();
    let empty = empty.path().to_str().unwrap();
    for (args, says) in [
        (
            &["lookup", TOY, "cat!"][..],
            "\"cat!\" is 2 tokens here: 893 \"cat\", 0 \"!\"; near it: ",
        ),
        (
            &["lookup", TOY, "8192"],
            "token ID 8192 is out of range: this table has 8192 rows, 0 to 8191",
        ),
        (&["lookup", TOY, "5..8199"], "token ID 8198 is out of range"),
        (&["lookup", TOY, "0..18446744073709551615"], "out of range"),
        (&["lookup", TOY, "5..5"], "the range 5..5 is empty"),
        (&["lookup", TOY, "99999999999999999999"], "too large for a token ID"),
        (&["lookup", TOY, "-"], "standard input is empty"),
        (&["lookup", ".", "1"], "this is a directory"),
        (&["lookup", "no-such.gguf", "1"], "no-such.gguf: no such file"),
        (&["lookup", empty, "1"], "the file is empty"),
        (&["lookup", "Cargo.toml", "1"], "not a GGUF file: it begins with text"),
        (&["lookup", no_table, "1"], "this file seems to be a LoRA adapter"),
        (&["lookup", flat, "1"], "has one dimension"),
        (
            &["lookup", TOY, "1", "--tensor", "token_emb.weight"],
            "did you mean \"token_embd.weight\"?",
        ),
        (&["footprint", "--like", "gpt-2"], "gpt2"),
        (
            &["footprint", "--vocab", "18446744073709551615", "--dim", "2"],
            "more than 64 bits can count",
        ),
    ] {
        let line = error(1, args);
        assert!(line.starts_with("error: ") && line.contains(says), "{args:?}: {line}");
    }
}

#[test]
fn wrong_usage_is_one_line_and_exits_2() {
    for (args, says) in [
        (&["lookup", TOY][..], "<ID>"),
        (&["lookup", TOY, "1", "--formt", "json"], "a similar argument exists: '--format'"),
        (&["neighbors", TOY, "1", "-k", "0"], "invalid value '0'"),
        (&["footprint"], "--vocab"),
        (&["footprint", "--vocab", "5"], "--dim"),
        (&["footprint", "--vocab", "18446744073709551616", "--dim", "1"], "invalid value"),
        (&["lokup", TOY, "1"], "similar subcommand exists: 'lookup'"),
    ] {
        let line = error(2, args);
        assert!(line.starts_with("error: ") && line.contains(says), "{args:?}: {line}");
    }
}

#[test]
fn nothing_wraps_at_80_columns_or_160() {
    for columns in [40, 80, 160] {
        for args in [
            &["lookup", TOY, "0..9", "97", "0"][..],
            &["neighbors", TOY, "2368", "26"],
            &["footprint", TOY],
            &["tokens", TOY, "cat", "--norm"],
            &["footprint", "--vocab", "32000,128256,262144", "--dim", "640,4096"],
        ] {
            let output = embcli(args).env("COLUMNS", columns.to_string()).output().unwrap();
            for line in text(&output.stdout).lines() {
                let width = embcli::text::width(line);
                // A table can't be narrower than its fixed columns.
                assert!(width <= columns.max(79), "{width} of {columns} columns: {line}");
            }
        }
    }
}

#[test]
fn pipes_get_no_escapes() {
    for args in [&["lookup", TOY, "1"][..], &["neighbors", TOY, "1"], &["footprint", TOY]] {
        assert!(!stdout(args).contains('\x1b'));
    }
}
