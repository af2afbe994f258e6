//! The first minute of a new user: a call without arguments, the short help, the
//! manual, examples that run, and arguments in the wrong order.

use std::process::Stdio;

use crate::support::run::{Outcome, assert_harmless, embcli};
use crate::support::{F32, Gguf, f32_bytes};
use clap::CommandFactory;
use embcli::cli::Cli;
use embcli::text::width;

/// The one line that wrong usage prints.
#[track_caller]
fn complaint(args: &[&str]) -> String {
    let Outcome { code, stdout, stderr } = embcli(args);
    assert_eq!((code, &*stdout), (Some(2), ""), "{args:?}: {stderr}");
    assert_harmless(&stderr);
    let line = stderr.strip_prefix("error: ").and_then(|line| line.strip_suffix('\n'));
    let line = line.unwrap_or_else(|| panic!("{args:?}: {stderr}"));
    assert!(!line.contains('\n'), "{line}");
    line.to_owned()
}

#[test]
fn a_call_without_arguments_shows_what_to_type() {
    let Outcome { code, stdout, stderr } = embcli::<&str>([]);
    assert_eq!((code, &*stdout), (Some(2), ""));
    assert!(stderr.lines().count() < 12 && stderr.lines().all(|line| width(line) <= 80));
    let calls: Vec<&str> =
        stderr.lines().filter_map(|line| line.strip_prefix("  embcli ")).collect();
    assert_eq!(calls.len(), 3, "{stderr}");
    for call in calls {
        runs(call.split_once("  ").map_or(call, |(call, _)| call));
    }
}

#[test]
fn short_help_fits_one_screen() {
    let help = embcli(["--help"]).ok();
    assert_eq!(help, embcli(["help"]).ok());
    assert_eq!(help, embcli(["-h"]).ok());
    let lines = help.lines().count();
    assert!((20..=24).contains(&lines), "{lines} lines: {help}");
    assert!(help.lines().all(|line| width(line) <= 80), "{help}");
    assert!(help.contains("toy") && help.contains("embcli help lookup"), "{help}");
}

#[test]
fn help_of_a_command_is_a_manual() {
    for command in Cli::command().get_subcommands().filter(|command| !command.is_hide_set()) {
        let name = command.get_name();
        let manual = embcli(["help", name]).ok();
        assert_eq!(manual, embcli([name, "--help"]).ok());
        assert!(manual.contains("Examples:"), "{name}");
        let wide = manual.lines().find(|line| width(line) > 80);
        assert_eq!(wide, None, "{name}");
        // The short help has no explanations.
        let short = embcli([name, "-h"]).ok();
        assert!(short.len() <= manual.len(), "{name}");
    }
    for part in ["label", "looked up, not computed", "ollama:llama3.2", "--full"] {
        assert!(embcli(["help", "lookup"]).ok().contains(part), "{part}");
    }
}

/// Runs a shell command, with the binary as `embcli`.
#[track_caller]
fn runs(call: &str) {
    let folder = tempfile::tempdir().unwrap();
    let binary = folder.path().join("bin");
    std::fs::create_dir(&binary).unwrap();
    std::fs::hard_link(env!("CARGO_BIN_EXE_embcli"), binary.join("embcli"))
        .or_else(|_| std::fs::copy(env!("CARGO_BIN_EXE_embcli"), binary.join("embcli")).map(|_| ()))
        .unwrap();
    let path = std::env::join_paths(
        std::iter::once(binary)
            .chain(std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default())),
    );
    let output = std::process::Command::new("sh")
        .args(["-c", &format!("embcli {call}")])
        .env("PATH", path.unwrap())
        .current_dir(&folder)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{call}: {stderr}");
    assert!(!output.stdout.is_empty() || call.contains(" -o "), "{call}: nothing is printed");
}

#[cfg(unix)]
#[test]
fn every_example_that_needs_no_file_runs() {
    let mut ran = 0;
    for command in Cli::command().get_subcommands() {
        let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
        for line in help.lines().filter(|line| line.starts_with("  ")) {
            let Some((before, call)) = line.split_once("embcli ") else { continue };
            let call = call.split_once("   ").map_or(call, |(call, _)| call);
            // Skips examples that need the reader's own model, file or shell setup.
            let before = before.trim();
            let of_theirs = [".gguf", "ollama:", "hf:", "FILE", "<", ">", "~"];
            if of_theirs.iter().any(|part| call.contains(part) || before.contains(part)) {
                continue;
            }
            match before.strip_suffix('|') {
                None if before.is_empty() => runs(call),
                None => continue,
                Some(first) => runs(&format!("--version >/dev/null && {first} | embcli {call}")),
            }
            ran += 1;
        }
    }
    assert!(ran > 20, "only {ran} examples");
}

#[test]
fn words_in_the_wrong_order_are_corrected() {
    for (typed, meant) in [
        (&["model.gguf", "lookup", "5"][..], "the command comes first: embcli lookup model.gguf 5"),
        (&["model.gguf"], "a command comes first: embcli info model.gguf"),
        (&["toy"], "a command comes first: embcli info toy"),
        (&["toy", "5", " cat"], "a command comes first: embcli lookup toy 5 ' cat'"),
        (&["llama3.2", "neighbors", "5"], "embcli neighbors llama3.2 5"),
        (&["5", "lookup", "toy"], "embcli lookup toy 5"),
        (
            &["lookup", "5", "model.gguf"],
            "the model comes before the tokens: embcli lookup model.g",
        ),
        (&["neighbors", "0..5", "toy"], "embcli neighbors toy 0..5"),
        (&["tokens", "cat", "model.gguf"], "embcli tokens model.gguf cat"),
        (&["\x1b[2J.gguf"], "embcli info '\\x1b[2J.gguf'"),
    ] {
        let line = complaint(typed);
        assert!(line.contains(meant), "{typed:?}: {line}");
        assert!(!line.contains("similar"), "{line}");
    }
}

#[test]
fn wrong_usage_says_what_to_type_instead() {
    for (typed, says) in [
        (&["lookup"][..], "for example: embcli lookup toy 791 2368 3290"),
        (&["lookup", "toy"], "for example: embcli lookup toy 791"),
        (&["neighbors", "toy"], "for example: embcli neighbors toy 2368"),
        (&["neighbours", "toy", "5"], "a similar subcommand exists: 'neighbors'"),
        (&["info"], "for example: embcli info toy"),
        (&["footprint"], "for example: embcli footprint --vocab"),
        (&["lokup", "toy", "5"], "a similar subcommand exists: 'lookup'"),
        (&["neighbor", "toy", "5"], "a similar subcommand exists: 'neighbors'"),
        (&["modles"], "a similar subcommand exists: 'models'"),
        (&["nonsense"], "embcli --help lists the commands"),
        (&["help", "nonsense"], "embcli --help lists the commands"),
        (&["--format", "json"], "no command given"),
        (&["lookup", "toy", "5", "--ful"], "'--full' exists"),
        (&["info", "toy", "--nonsense"], "embcli help info is the manual"),
    ] {
        let line =
            complaint(typed).replace("a similar argument exists: '--full'", "'--full' exists");
        assert!(line.contains(says), "{typed:?}: {line}");
    }
}

/// Each wrong spelling of " cat" gives an error that names the right one.
#[test]
fn a_misspelt_word_names_its_token() {
    let file =
        Gguf::new().vocab("llama", &["x", "▁cat"]).table(F32, 1, 2, f32_bytes(&[1.0, 2.0])).write();
    let model = file.path().to_str().unwrap();
    for command in ["lookup", "neighbors"] {
        for (word, says) in [
            ("cat", "write ' cat'"),
            ("Cat", "near it: \" cat\" (ID 1)"),
            ("CAT ", "near it: \" cat\" (ID 1)"),
            ("cats", "near it: \" cat\" (ID 1)"),
            ("▁cat", "write ' cat'"),
            ("Ġcat", "write ' cat'"),
        ] {
            let line = embcli([command, model, word]).error();
            assert!(line.contains(says), "{word}: {line}");
        }
        embcli([command, model, " cat"]).ok();
        embcli([command, model, "--token", " cat"]).ok();
    }
}

/// `-q` takes lines away, and changes none.
#[test]
fn quiet_answers_are_results_alone() {
    for (call, gone) in [
        ("stats words", "the rows lean"),
        ("lookup toy 791 2368", "values are rounded"),
        ("lookup toy 791", "each ID names one row"),
        ("footprint toy", "do not divide"),
        ("similarity words 5 7 --centre", "note: the mean row"),
        ("neighbors words 5 --centre", "note: the mean row"),
        ("tour words --step 2", "To look a token up"),
    ] {
        let of = |more: &[&str]| {
            let output = embcli(call.split(' ').chain(more.iter().copied()));
            assert_eq!((output.code, &*output.stderr), (Some(0), ""), "{call}");
            output.stdout
        };
        let (usual, quiet) = (of(&[]), of(&["-q"]));
        assert!(usual.contains(gone), "{call}: {usual}");
        assert!(!quiet.contains(gone) && quiet.lines().count() > 1, "{call}: {quiet}");
        if !call.starts_with("tour") {
            assert_eq!(of(&["--format=json"]), of(&["--format=json", "-q"]), "{call}");
        }
    }
}
