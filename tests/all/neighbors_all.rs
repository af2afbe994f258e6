//! `neighbors --all` and `--threads`, through the built binary on the toy model.

use std::process::{Command, Output};

fn embcli(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_embcli"))
        .arg("neighbors")
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/toy.gguf"))
        .args(args)
        .output()
        .unwrap()
}

fn stdout(args: &[&str]) -> String {
    let output = embcli(args);
    assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn all_gives_the_same_as_single_queries() {
    for metric in ["cosine", "dot", "l2"] {
        let options = ["-k", "3", "--format", "csv", "--metric", metric];
        let all = stdout(&[&["--all"], &options[..]].concat());
        assert_eq!(all.lines().count(), 1 + 3 * 8192);
        // Few queries use another code path in the scan.
        for ids in ["0..5", "2368", "8187..8192"] {
            let some = stdout(&[&[ids], &options[..]].concat());
            let (header, lines) = some.split_once('\n').unwrap();
            assert!(all.starts_with(header));
            assert!(all.contains(lines), "{metric} {ids}");
        }
    }
}

#[test]
fn ranges_join_without_a_gap() {
    let lines = |range| stdout(&["--all", range, "--format", "jsonl"]);
    assert_eq!(lines("100..150") + &lines("150..200"), lines("100..200"));
    assert_eq!(lines("100..200"), stdout(&["100..200", "--format", "jsonl"]));
    assert!(lines("2368..2369").starts_with(r#"{"id":2368,"token":" cat","norm":1.02"#));
}

#[test]
fn the_number_of_threads_changes_nothing() {
    for ids in ["2368", "0..300"] {
        for metric in ["cosine", "dot", "l2"] {
            let run = |threads| {
                stdout(&[ids, "--metric", metric, "--format", "json", "--threads", threads])
            };
            let one = run("1");
            assert!(one == run("2") && one == run("7"), "{ids} by {metric}");
        }
    }
}

#[test]
fn a_format_that_can_not_stream_is_refused() {
    for format in ["table", "json"] {
        let output = embcli(&["--all", "--format", format]);
        assert_eq!(output.status.code(), Some(2));
        assert!(output.stdout.is_empty());
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(stderr.lines().count(), 1, "{stderr}");
        assert!(stderr.contains("choose --format csv, tsv, md or jsonl"), "{stderr}");
    }
}
