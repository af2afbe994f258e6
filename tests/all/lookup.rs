//! `lookup` of many rows, which several threads format.

use std::process::Output;

use crate::support::run::{command, embcli};
use crate::support::{F32, Gguf, f32_bytes};

const TOY: &str = "fixtures/toy.gguf";

fn lookup(args: &[&str], form: &str) -> Output {
    command().arg("lookup").args(args).args(["--format", form]).output().unwrap()
}

const FORMS: [&str; 7] = ["table", "json", "jsonl", "csv", "tsv", "md", "npy"];

#[test]
fn the_number_of_threads_changes_no_byte() {
    // Two blocks and a few rows, and rows that repeat others.
    for ids in [&["0..8192", "5..12"][..], &["7"]] {
        for form in FORMS {
            let run = |threads| {
                let output = lookup(&[&[TOY, "--threads", threads], ids].concat(), form);
                assert!(output.status.success(), "{form}: {output:?}");
                output.stdout
            };
            let one = run("1");
            assert!(!one.is_empty());
            assert!(one == run("2") && one == run("7"), "{form} of {ids:?}");
        }
    }
}

/// The columns are fitted on the first thousand rows.
#[test]
fn every_row_of_a_long_table_is_printed_in_its_columns() {
    let printed = embcli(["lookup", TOY, "0..3000", "0"]).ok();
    let lines: Vec<&str> = printed.lines().skip_while(|line| !line.starts_with('─')).collect();
    let columns = |line: &str| {
        let values: Vec<usize> = line.match_indices('.').map(|(at, _)| at).collect();
        (line.len() == line.chars().count()).then(|| values.last().copied())
    };
    for (n, line) in lines[1..3001].iter().enumerate() {
        let mut words = line.split_whitespace();
        let n = n.to_string();
        assert_eq!((words.next(), words.next()), (Some(&*n), Some(&*n)), "{line}");
        // In tokens of ASCII, a byte is a column.
        assert!(columns(line).is_none_or(|last| last < Some(80)), "{line}");
    }
    assert!(lines[3001].trim_start().starts_with("3000     0  "), "{}", lines[3001]);
    let strips = printed.lines().find(|line| line.contains("rows more"));
    assert_eq!(strips, Some(" … 2961 rows more"));
    assert!(printed.ends_with("position 3000 repeats position 0: the same row\n"));
}

#[test]
fn what_can_not_be_read_is_told_before_the_first_row() {
    let rows = vec![0.5; 4000];
    let whole = Gguf::new().table(F32, 1, 4000, f32_bytes(&rows)).build();
    let cut = Gguf::new().table(F32, 1, 4000, f32_bytes(&rows)).truncate(whole.len() - 8).write();
    let path = cut.path().to_str().unwrap();
    for form in FORMS {
        let output = lookup(&[path, "0..4000"], form);
        assert!(output.stdout.is_empty(), "{form}");
        let error = String::from_utf8(output.stderr).unwrap();
        assert!(error.contains("row 3998 needs bytes up to"), "{error}");
        assert!(lookup(&[path, "0..3998"], form).status.success());
    }
}

/// 77 MB of rows, in 64 MB of private memory.
#[cfg(target_os = "linux")]
#[test]
fn a_whole_table_needs_little_memory_in_every_form() {
    let (n, d) = (150_000, 128);
    let header = Gguf::new().table(F32, d, n, Vec::new()).build();
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), &header).unwrap();
    file.as_file().set_len(header.len() as u64 + d * n * 4).unwrap();
    let ids = format!("0..{n}");
    for form in FORMS {
        let output = std::process::Command::new("sh")
            .args(["-c", "ulimit -d 65536; exec \"$0\" lookup \"$1\" \"$2\" --format \"$3\""])
            .args([env!("CARGO_BIN_EXE_embcli"), file.path().to_str().unwrap(), &ids, form])
            .args(["--threads", "2", "-o", "/dev/null"])
            .output()
            .unwrap();
        assert!(output.status.success(), "{form}: {output:?}");
    }
}
