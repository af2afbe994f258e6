//! Output formats and files, through the built binary.

use std::ffi::OsStr;
use std::path::Path;

use crate::support;
use crate::support::run;
use crate::support::run::{Outcome, assert_harmless, embcli};
use crate::support::{F32, Gguf, f32_bytes};

const TOY: &str = "fixtures/toy.gguf";

/// Tokens with characters that are special in CSV, TSV, Markdown or a terminal.
const ODD: [&str; 10] = [
    "say \"hi\"",
    "a,b",
    "a\tb",
    "a\nb\r\n",
    "|`<b>*_",
    "\\|",
    "\u{1b}[2J",
    " lead",
    "猫\u{202e}",
    "NA",
];

fn odd() -> tempfile::NamedTempFile {
    let rows: Vec<f32> = (0..20).map(|n| n as f32 - 9.75).collect();
    Gguf::new()
        .kv("general.architecture", "llama")
        .vocab("llama", &ODD)
        .table(F32, 2, 10, f32_bytes(&rows))
        .write()
}

/// One command for each kind of answer.
fn answers(model: &str) -> Vec<Vec<&str>> {
    vec![
        vec!["lookup", model, "0..10"],
        vec!["neighbors", model, "4", "5", "-k3"],
        vec!["neighbors", model, "--all", "-k3"],
        vec!["footprint", model],
        vec!["footprint", "--like", "gpt2,llama3-8b"],
        vec!["tokens", model, "--norm"],
        vec!["info", model],
        vec!["info", model, "--keys"],
        vec!["info", model, "--tensors"],
    ]
}

fn form(args: &[&str], form: &str) -> String {
    let printed = embcli([args, &["--format", form]].concat()).ok();
    assert_harmless(&printed.replace('\t', " "));
    printed
}

#[test]
fn tsv_has_the_same_records_as_csv() {
    let file = odd();
    for args in answers(file.path().to_str().unwrap()) {
        let read = |text: &str, delimiter| -> Vec<csv::StringRecord> {
            let mut reader = csv::ReaderBuilder::new();
            reader.delimiter(delimiter).has_headers(false);
            reader.from_reader(text.as_bytes()).into_records().map(Result::unwrap).collect()
        };
        let records = read(&form(&args, "csv"), b',');
        assert_eq!(records, read(&form(&args, "tsv"), b'\t'), "{args:?}");
        assert!(records.len() > 1, "{args:?}");
    }
}

#[test]
fn every_line_of_a_markdown_table_has_the_same_cells() {
    let file = odd();
    for args in answers(file.path().to_str().unwrap()) {
        let printed = form(&args, "md");
        let cells = |line: &str| line.replace("\\|", "").matches('|').count();
        let tables =
            printed.split("\n\n").map(|part| part.lines().filter(|line| line.starts_with('|')));
        let tables: Vec<Vec<&str>> = tables.map(Iterator::collect).collect();
        assert!(tables.iter().any(|lines| lines.len() > 2), "{args:?}: {printed}");
        for lines in tables {
            for line in &lines {
                assert_eq!(cells(line), cells(lines[0]), "{line}");
                assert!(line.ends_with('|'), "{line}");
            }
        }
    }
}

#[test]
fn markdown_has_a_sentence_and_a_table() {
    insta::assert_snapshot!(form(&["lookup", TOY, "791", "2368"], "md"), @r#"
    2 of the rows [8192, 4] of `token_embd.weight` (F32) in `fixtures/toy.gguf`:
    a matrix [2, 4].

    | position | id | token | norm | v0 | v1 | v2 | v3 |
    |--:|--:|---|--:|--:|--:|--:|--:|
    | 0 | 791 | `"The"` | 0.73 | 0.3711 | 0.0037 | 0.2616 | 0.5715 |
    | 1 | 2368 | `" cat"` | 1.0257 | 0.12 | -0.34 | 0.56 | 0.78 |
    "#);
    insta::assert_snapshot!(form(&["neighbors", TOY, "2368", "-k2"], "md"), @r#"
    Nearest to ID 2368 `" cat"` of 8,192 rows in `fixtures/toy.gguf`, by cosine:

    | rank | id | token | cosine |
    |--:|--:|---|--:|
    | 1 | 5765 | `" dog"` | 0.998 |
    | 2 | 2739 | `" Oran"` | 0.9956 |

    two tokens at random here: 0.02 (estimated from 500 pairs)
    "#);
    let file = odd();
    let tokens = form(&["tokens", file.path().to_str().unwrap()], "md");
    assert!(tokens.contains("| <code>&#34;&#124;&#96;&#60;b&#62;&#42;&#95;&#34;</code> |"));
    assert!(tokens.contains("| <code>&#34;&#92;&#92;&#124;&#34;</code> |"), "{tokens}");
    assert!(tokens.contains(r#"| `"a\nb\r\n"` |"#), "{tokens}");
}

#[test]
fn markdown_shows_few_values_or_all() {
    let file = Gguf::new().table(F32, 20, 1, f32_bytes(&[0.1234567; 20])).write();
    let path = file.path().to_str().unwrap();
    let few = form(&["lookup", path, "0"], "md");
    assert!(few.contains("| v4 | … | v18 | v19 |"), "{few}");
    let all = form(&["lookup", path, "0", "--full"], "md");
    assert_eq!(all.matches("| 0.1234567 ").count(), 20, "{all}");
}

fn temp_dir() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

/// The names in a directory, including hidden files.
fn entries(directory: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(directory).unwrap();
    let mut names: Vec<_> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// Runs with `-o FILE` after the arguments. The file is in `directory`.
fn write_to(directory: &Path, args: &[&str], file: &str) -> Outcome {
    let path = directory.join(file);
    embcli(args.iter().map(OsStr::new).chain([OsStr::new("-o"), path.as_os_str()]))
}

#[test]
fn the_extension_chooses_the_format() {
    let directory = temp_dir();
    let forms = ["txt", "json", "jsonl", "csv", "tsv", "md"];
    for (extension, form_name) in forms.iter().zip(["table", "json", "jsonl", "csv", "tsv", "md"]) {
        for args in answers(TOY) {
            if args.contains(&"--all") && ["txt", "json"].contains(extension) {
                continue;
            }
            let file = format!("{}-{}.{}", args[0], args.len(), extension.to_uppercase());
            assert_eq!(
                write_to(directory.path(), &[&args[..], &["--force"]].concat(), &file).ok(),
                ""
            );
            let written = std::fs::read_to_string(directory.path().join(file)).unwrap();
            assert_eq!(written, form(&args, form_name), "{args:?}");
        }
    }
    let said = write_to(directory.path(), &["lookup", TOY, "1", "--format", "csv"], "rows");
    assert_eq!(said.ok(), "");
    for file in ["rows.xls", "rows2", "rows."] {
        let said = write_to(directory.path(), &["lookup", TOY, "1"], file);
        assert_eq!((said.code, said.stderr.lines().count()), (Some(2), 1), "{said:?}");
        assert!(
            said.stderr.contains(
                ".txt, .json, .jsonl, .csv, .tsv, .md, .npy, .svg, .sarif, .safetensors, .parquet, \
                 .html or .png"
            ),
            "{said:?}"
        );
    }
}

#[test]
fn a_file_is_replaced_only_with_force() {
    let directory = temp_dir();
    let path = directory.path().join("rows.csv");
    std::fs::write(&path, "mine").unwrap();
    let args = ["lookup", TOY, "1"];
    let said = write_to(directory.path(), &args, "rows.csv").error();
    assert!(said.ends_with("rows.csv already exists: --force replaces it"), "{said}");
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "mine");

    let forced = ["lookup", TOY, "1", "--force"];
    // A failure keeps the old file and leaves no other.
    write_to(directory.path(), &["lookup", TOY, "9999", "--force"], "rows.csv").error();
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "mine");
    assert_eq!(write_to(directory.path(), &forced, "rows.csv").ok(), "");
    assert_eq!(std::fs::read_to_string(&path).unwrap(), form(&args, "csv"));
    assert_eq!(entries(directory.path()), ["rows.csv"]);

    let alone = embcli(["lookup", TOY, "1", "--force"]);
    assert_eq!(alone.code, Some(2), "{alone:?}");
}

#[test]
fn a_failure_leaves_no_file() {
    let directory = temp_dir();
    for args in [
        &["lookup", TOY, "9999"][..],
        &["neighbors", TOY, "9999", "--all"],
        &["tokens", "no-such.gguf"],
        &["tokens", TOY, "(", "--regex"],
    ] {
        write_to(directory.path(), args, "rows.csv").error();
    }
    let cut = Gguf::new().table(F32, 2, 4000, f32_bytes(&[1.0; 20])).write();
    let path = cut.path().to_str().unwrap();
    write_to(directory.path(), &["lookup", path, "3999"], "rows.npy").error();
    assert_eq!(entries(directory.path()), [""; 0]);
    let missing = write_to(directory.path(), &["lookup", TOY, "1"], "no/rows.csv").error();
    assert!(missing.contains("there is no directory") && missing.contains("make it first"));
    let folder = write_to(directory.path(), &["lookup", TOY, "1", "--format=csv"], "").error();
    assert!(folder.ends_with("is a directory: name a file in it"), "{folder}");
}

#[cfg(unix)]
mod unix {
    use std::io::Read;
    use std::os::unix::fs::{PermissionsExt, symlink};
    use std::process::{Command, Stdio};

    use super::*;
    use crate::support::run::command;

    fn mode(path: &Path) -> u32 {
        std::fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn the_mode_comes_from_the_umask_or_the_old_file() {
        let directory = temp_dir();
        let path = directory.path().join("rows.csv");
        for (mask, left) in [("022", 0o644), ("077", 0o600), ("007", 0o660)] {
            let script = format!("umask {mask}; exec \"$0\" lookup {TOY} 1 -o \"$1\"");
            let status = Command::new("sh")
                .args(["-c", &script, env!("CARGO_BIN_EXE_embcli")])
                .arg(&path)
                .status();
            assert!(status.unwrap().success());
            assert_eq!(mode(&path), left);
            std::fs::remove_file(&path).unwrap();
        }
        std::fs::write(&path, "").unwrap();
        std::fs::set_permissions(&path, PermissionsExt::from_mode(0o604)).unwrap();
        write_to(directory.path(), &["lookup", TOY, "1", "--force"], "rows.csv").ok();
        assert_eq!(mode(&path), 0o604);
    }

    #[test]
    fn a_link_is_kept_and_its_target_replaced() {
        let directory = temp_dir();
        let (file, link) = (directory.path().join("rows.csv"), directory.path().join("link.csv"));
        std::fs::write(&file, "mine").unwrap();
        symlink(&file, &link).unwrap();
        let args = ["lookup", TOY, "1"];
        assert!(write_to(directory.path(), &args, "link.csv").error().contains("--force"));
        write_to(directory.path(), &["lookup", TOY, "1", "--force"], "link.csv").ok();
        assert!(std::fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(std::fs::read_to_string(&file).unwrap(), form(&args, "csv"));

        symlink("nowhere", directory.path().join("broken.csv")).unwrap();
        let said = write_to(directory.path(), &["lookup", TOY, "1", "--force"], "broken.csv");
        assert!(said.error().contains("is a link to a missing file"));
    }

    #[test]
    fn devices_and_pipes_are_written_directly() {
        let args = ["lookup", TOY, "1", "--format", "csv"];
        let printed = embcli(args).ok();
        for path in ["-", "/dev/stdout"] {
            assert_eq!(embcli([&args[..], &["-o", path]].concat()).ok(), printed);
        }
        assert_eq!(embcli([&args[..], &["-o", "/dev/null"]].concat()).ok(), "");
        if Path::new("/dev/full").exists() {
            let said = embcli([&args[..], &["-o", "/dev/full"]].concat()).error();
            assert!(said.starts_with("writing to /dev/full: No space left"), "{said}");
        }
        let directory = temp_dir();
        let pipe = directory.path().join("pipe");
        assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        let mut child = command().args(args).arg("-o").arg(&pipe).spawn().unwrap();
        assert_eq!(std::fs::read_to_string(&pipe).unwrap(), printed);
        assert!(child.wait().unwrap().success());
    }

    #[test]
    fn an_unwritable_directory_is_an_error() {
        let directory = temp_dir();
        std::fs::set_permissions(directory.path(), PermissionsExt::from_mode(0o500)).unwrap();
        if std::fs::write(directory.path().join("x"), "").is_ok() {
            return run::skipped("this user may write everywhere");
        }
        let said = write_to(directory.path(), &["lookup", TOY, "1"], "rows.csv").error();
        assert!(said.to_lowercase().contains("permission denied"), "{said}");
    }

    /// Waits until a process has opened a file in a directory.
    #[cfg(target_os = "linux")]
    fn wait_for_a_file_in(directory: &Path, process: u32) {
        let directory = std::fs::canonicalize(directory).unwrap();
        let is_open = || {
            let files = std::fs::read_dir(format!("/proc/{process}/fd")).into_iter().flatten();
            files.flatten().any(|file| {
                std::fs::read_link(file.path()).is_ok_and(|path| path.starts_with(&directory))
            })
        };
        for _ in 0..1000 {
            if is_open() {
                return;
            }
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
        panic!("no file was opened in {}", directory.display());
    }

    /// The kernel deletes a file without a name. (Other systems keep the temporary file.)
    #[test]
    #[cfg(target_os = "linux")]
    fn a_signal_leaves_no_file() {
        for signal in ["INT", "TERM", "HUP", "KILL"] {
            let directory = temp_dir();
            let mut child = run::mortal(command())
                .args(["neighbors", TOY, "--all", "-k", "500", "--threads", "1", "-o"])
                .arg(directory.path().join("all.csv"))
                .stderr(Stdio::piped())
                .spawn()
                .unwrap();
            wait_for_a_file_in(directory.path(), child.id());
            let kill = Command::new("kill").args(["-s", signal, &child.id().to_string()]).status();
            assert!(kill.unwrap().success());
            let status = child.wait().unwrap();
            let mut said = String::new();
            child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
            assert!(!status.success() && said.is_empty(), "{signal}: {status}: {said}");
            assert_eq!(entries(directory.path()), [""; 0], "{signal}");
        }
    }
}

#[test]
fn npy_is_only_for_lookup() {
    for args in answers(TOY).into_iter().filter(|args| args[0] != "lookup") {
        let said = embcli([&args[..], &["--format", "npy"]].concat());
        assert_eq!((said.code, said.stderr.lines().count()), (Some(2), 1), "{said:?}");
        assert!(said.stderr.contains("can't print npy: choose --format "), "{said:?}");
    }
}

/// A Python with numpy and pandas: `EMBCLI_PYTHON`, or `python3`.
fn python() -> Option<String> {
    let python = std::env::var("EMBCLI_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let has = std::process::Command::new(&python)
        .args(["-c", "import numpy, pandas"])
        .output()
        .is_ok_and(|output| output.status.success());
    if !has {
        run::skipped(&format!(
            "{python} has no numpy and pandas; set EMBCLI_PYTHON to one that has them"
        ));
    }
    has.then_some(python)
}

#[test]
fn numpy_and_pandas_load_the_files() {
    let Some(python) = python() else { return };
    let mut models =
        vec![(odd(), "0..10"), (Gguf::new().table(F32, 2, 1, vec![0; 8]).write(), "0")];
    // These bits change if anything is rounded.
    let bits = [1u32, 0x8000_0000, 0x7f7f_ffff, 0x3dcc_cccd, 0x15ae_43fe, 0xff80_0000, 0x7fc0_0000];
    let rows: Vec<u8> = bits.iter().flat_map(|bits| bits.to_le_bytes()).collect();
    models.push((Gguf::new().table(F32, 7, 1, rows).write(), "0"));
    for (model, ids) in &models {
        assert_numpy_and_pandas_load(&python, model.path(), &[ids]);
    }
}

#[test]
#[ignore = "needs the real model: scripts/fetch-real-model.sh"]
fn numpy_and_pandas_load_the_real_model() {
    let Some(python) = python() else { return };
    let real = support::real_model();
    assert_numpy_and_pandas_load(&python, &real, &["0..1000"]);
    assert_numpy_and_pandas_load(&python, &real, &["0..3", "--as-input"]);
}

#[track_caller]
fn assert_numpy_and_pandas_load(python: &str, model: &Path, args: &[&str]) {
    let directory = temp_dir();
    for extension in ["npy", "csv", "tsv", "jsonl", "json"] {
        let args = [&["lookup", model.to_str().unwrap()], args].concat();
        let written = write_to(directory.path(), &args, &format!("rows.{extension}"));
        assert_eq!((written.code, &*written.stdout), (Some(0), ""), "{written:?}");
    }
    let output = std::process::Command::new(python)
        .args(["-c", LOAD])
        .arg(directory.path())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}: {said}", model.display());
}

/// Loads the files as a reader would, and compares them bit for bit.
const LOAD: &str = r#"
import json, sys
from pathlib import Path
import numpy as np, pandas as pd

there = Path(sys.argv[1])
rows = np.load(there / "rows.npy")
answer = json.loads((there / "rows.json").read_text())
assert rows.dtype == np.dtype("<f4") and rows.flags.c_contiguous
assert list(rows.shape) == answer["shape"], rows.shape
bits = lambda values: np.array(values, dtype=np.float64).astype(np.float32).view(np.uint32)
stored = rows.view(np.uint32)
assert (bits([[float(v) for v in row["values"]] for row in answer["rows"]]) == stored).all()

exact = pd.read_json(there / "rows.jsonl", lines=True, dtype=False, precise_float=True)
comma = pd.read_csv(there / "rows.csv", keep_default_na=False)
tab = pd.read_csv(there / "rows.tsv", sep="\t", keep_default_na=False)
assert len(exact) == len(comma) == len(rows)
assert comma.equals(tab)
columns = [f"v{i}" for i in range(rows.shape[1])]
assert list(comma.columns) == ["position", "id", "token", "norm", *columns]
values = comma[columns].map(float).to_numpy()
assert (bits(values) == stored).all()
assert (bits([[float(v) for v in row] for row in exact["values"]]) == stored).all()

# JSON has each token exactly. In a CSV or TSV cell, control characters are escaped.
assert exact["id"].tolist() == comma["id"].tolist() == answer["ids"]
texts = [row["token"] for row in answer["rows"]]
for text, loaded, cell in zip(texts, exact["token"], comma["token"], strict=True):
    assert loaded == text or (text is None and pd.isna(loaded)), (text, loaded)
    assert "\n" not in cell and "\t" not in cell
    assert cell == (text or "") or "\\" in cell, (text, cell)
    if text and set(text) <= set("\n\r\t") | set(map(chr, range(32, 127))):
        escapes = {"\n": "\\n", "\r": "\\r", "\t": "\\t", "\\": "\\\\"}
        assert cell == "".join(escapes.get(c, c) for c in text), (text, cell)
"#;

/// The output of a run with these environment variables.
fn printed_with(environment: &[(&str, &str)], args: &[&str]) -> String {
    let mut command = run::command();
    for name in ["NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "TERM"] {
        command.env_remove(name);
    }
    let output = command.envs(environment.iter().copied()).args(args).output().unwrap();
    Outcome::from(output).ok()
}

/// A row with a sine wave of 640 values, and a row that also has NaN and infinity.
fn wide() -> tempfile::NamedTempFile {
    let wave = |i: u32| (f64::from(i) / 40.0).sin() as f32 * 0.25;
    let odd = |i: u32| match i % 160 {
        0 => f32::NAN,
        80 => f32::INFINITY,
        40..80 => 0.0,
        _ => -wave(i),
    };
    let rows: Vec<f32> = (0..640).map(wave).chain((0..640).map(odd)).collect();
    Gguf::new().vocab("llama", &["▁wave", "odd"]).table(F32, 640, 2, f32_bytes(&rows)).write()
}

#[test]
fn signs_and_sizes_show_without_colour() {
    let file = wide();
    let path = file.path().to_str().unwrap();
    for columns in ["80", "160"] {
        let environment = [("COLUMNS", columns), ("NO_COLOR", "1")];
        let lookup = printed_with(&environment, &["lookup", path, "0", "1"]);
        let strips = &lookup[lookup.find("\n position").unwrap()..];
        insta::assert_snapshot!(format!("strips_in_{columns}_columns"), strips);
        for metric in ["cosine", "l2"] {
            let args = ["neighbors", TOY, "2368", "-k3", "--metric", metric];
            let name = format!("bars_of_{metric}_in_{columns}_columns");
            insta::assert_snapshot!(name, printed_with(&environment, &args));
        }
        let opposite = printed_with(&environment, &["neighbors", TOY, "26", "-k9000"]);
        let last = opposite.lines().rfind(|line| line.starts_with(' ')).unwrap();
        assert!(last.ends_with('░'), "the farthest points the other way");
    }
}

#[test]
fn colour_adds_escapes_and_changes_nothing_else() {
    let args = ["lookup", TOY, "791", "2368"];
    let colored = printed_with(&[], &[&args[..], &["--color", "always"]].concat());
    insta::assert_snapshot!(colored.replace('\u{1b}', "ESC"));
    for args in [&args[..], &["neighbors", TOY, "2368"], &["footprint", TOY], &["info", TOY]] {
        let plain = printed_with(&[], args);
        assert!(!plain.contains('\u{1b}'), "a pipe gets none");
        let always = [args, &["--color=always"]].concat();
        let mut stripped = printed_with(&[("NO_COLOR", "1")], &always);
        for code in ["0", "33", "34", "36"] {
            stripped = stripped.replace(&format!("\u{1b}[{code}m"), "");
        }
        assert_eq!(stripped, plain, "{args:?}");
    }
}

#[test]
fn flags_and_variables_decide_about_colour() {
    let colored = |environment: &[(&str, &str)], more: &[&str]| {
        let args = [&["neighbors", TOY, "1", "-k1"], more].concat();
        printed_with(environment, &args).contains('\u{1b}')
    };
    assert!(colored(&[("CLICOLOR_FORCE", "1")], &[]));
    assert!(!colored(&[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")], &[]));
    assert!(!colored(&[("CLICOLOR_FORCE", "1")], &["--color", "never"]));
    assert!(colored(&[("NO_COLOR", "1"), ("TERM", "dumb")], &["--color", "always"]));
    for form in ["json", "jsonl", "csv", "tsv", "md"] {
        assert!(!colored(&[], &["--color=always", "--format", form]), "{form}");
    }
    let help = |more: &str| embcli(["lookup", "--help", more]).ok().contains('\u{1b}');
    assert!(help("--color=always") && !help("--color=never") && !help("--color=auto"));

    let directory = temp_dir();
    let path = directory.path().join("rows.txt");
    let args = ["lookup", TOY, "1", "-o", path.to_str().unwrap()];
    printed_with(&[("CLICOLOR_FORCE", "1")], &args);
    assert!(!std::fs::read_to_string(&path).unwrap().contains('\u{1b}'));
}

/// Runs in a pseudo-terminal, which util-linux's script(1) makes.
#[test]
#[cfg(target_os = "linux")]
fn a_terminal_gets_colour_but_no_npy() {
    let on_terminal = |environment: &str, args: &str| {
        let line = format!("{environment} {} {args}", env!("CARGO_BIN_EXE_embcli"));
        let output = std::process::Command::new("script")
            .args(["-qec", &line, "/dev/null"])
            .env_remove("NO_COLOR")
            // If CI is set, every terminal counts as coloured.
            .env_remove("CI")
            .env("TERM", "xterm")
            .output();
        Some(String::from_utf8(output.ok()?.stdout).unwrap())
    };
    let args = format!("neighbors {TOY} 1 -k1");
    let Some(printed) = on_terminal("", &args) else {
        return run::skipped("script(1) is not installed");
    };
    assert!(printed.contains("\u{1b}[36m█"), "{printed}");
    for quiet in ["NO_COLOR=1", "TERM=dumb", "CLICOLOR=0"] {
        assert!(!on_terminal(quiet, &args).unwrap().contains('\u{1b}'), "{quiet}");
    }
    let said = on_terminal("", &format!("lookup {TOY} 1 --format npy")).unwrap();
    assert!(said.contains("write it to a file, -o FILE.npy"), "{said}");
}
