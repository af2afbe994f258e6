//! What belongs to the user is not lost, not opened to others, and not shown in
//! a way that misleads.

use std::collections::BTreeMap;
use std::path::Path;

use crate::support::run::{Outcome, assert_harmless, command, embcli};
use crate::support::{F32, Gguf, f32_bytes};

const TOY: &str = "fixtures/toy.gguf";

/// Runs `lookup toy 1` into a file that is to be replaced.
fn replace(path: &Path) -> Outcome {
    let args = ["lookup", TOY, "1", "--format", "csv", "--force", "-o"];
    command().args(args).arg(path).output().unwrap().into()
}

fn rows() -> String {
    embcli(["lookup", TOY, "1", "--format", "csv"]).ok()
}

#[test]
fn no_model_is_replaced_whatever_its_form() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("rows.csv");
    let gguf = || Gguf::new().vocab("llama", &["a"]).table(F32, 1, 1, f32_bytes(&[1.0]));
    let zip = |name: &str| {
        let mut bytes = b"PK\x03\x04".to_vec();
        bytes.resize(30, 0);
        bytes[26] = name.len() as u8;
        bytes.extend(name.bytes());
        bytes
    };
    for model in [
        gguf().build(),
        gguf().big_endian().build(),
        gguf().truncate(4).build(),
        [&8_u64.to_le_bytes()[..], b"{\"a\":{}}"].concat(),
        zip("archive/data.pkl"),
        zip("arr_0.npy"),
        b"\x80\x02}q\0.".to_vec(),
        b"lmgg\0\x7d\0\0".to_vec(),
        b"tjgg\x03\0\0\0".to_vec(),
    ] {
        std::fs::write(&path, &model).unwrap();
        let said = replace(&path).error();
        assert!(said.contains("is a model (") && said.contains("never replaced"), "{said}");
        assert_eq!(std::fs::read(&path).unwrap(), model);
    }
    for other in [rows().into_bytes(), Vec::new(), b"\x93NUMPY\x01\0".to_vec(), zip("a.xml")] {
        std::fs::write(&path, &other).unwrap();
        assert_eq!(replace(&path).ok(), "");
        assert_eq!(std::fs::read_to_string(&path).unwrap(), rows());
    }
}

/// A model in a vocabulary of which something can't be seen or told apart.
fn odd(tokens: &[Vec<u8>]) -> tempfile::NamedTempFile {
    let texts: Vec<_> = tokens.iter().map(crate::support::text).collect();
    let values: Vec<f32> = (0..tokens.len()).map(|at| (at % 7) as f32 - 3.5).collect();
    Gguf::new()
        .kv("general.architecture", "llama")
        .kv("general.name", crate::support::text(tokens.concat()))
        .kv("tokenizer.ggml.model", "llama")
        .kv("tokenizer.ggml.tokens", crate::support::Value::Array(8, texts))
        .table(F32, 1, tokens.len() as u64, f32_bytes(&values))
        .write()
}

/// Characters that were once shown raw, of every kind that has no ink.
const UNSEEN: &str = "\u{ad}\u{34f}\u{61c}\u{115f}\u{1160}\u{17b4}\u{17b5}\u{180b}\u{180c}\u{180d}\
    \u{180e}\u{180f}\u{200b}\u{200d}\u{2028}\u{202e}\u{2060}\u{2064}\u{2066}\u{206f}\u{2800}\u{3000}\
    \u{3164}\u{e000}\u{fdd0}\u{fe00}\u{fe0e}\u{fe0f}\u{feff}\u{ffa0}\u{fff0}\u{fff8}\u{fffb}\u{fffe}\
    \u{1107f}\u{13430}\u{1343f}\u{13441}\u{16fe4}\u{1bca0}\u{1bca3}\u{1d159}\u{1d173}\u{1d17a}\
    \u{e0001}\u{e0020}\u{e0100}\u{e01ef}\u{f0000}\u{1fffe}\u{10ffff}\u{378}\u{7f}\u{85}\u{9b}";

#[test]
fn what_can_not_be_seen_is_never_printed_raw() {
    let after_a_letter = UNSEEN.chars().map(|c| format!("a{c}").into_bytes());
    let alone = UNSEEN.chars().map(|c| c.to_string().into_bytes());
    let file = odd(&after_a_letter.chain(alone).collect::<Vec<_>>());
    let path = file.path().to_str().unwrap();
    let commands: [&[&str]; 9] = [
        &["lookup", path, "0..110"],
        &["neighbors", path, "0..110", "-k3"],
        &["footprint", path],
        &["tokens", path],
        &["tokens", TOY, "--text", "a\u{fe0f}\u{17b4}a\u{180b}"],
        &["info", path],
        &["info", path, "--keys"],
        &["check", path],
        &["tour", path],
    ];
    for args in commands {
        for form in ["table", "md", "csv", "tsv", "json", "jsonl"] {
            let outcome = embcli([args, &["--format", form]].concat());
            assert_harmless(&outcome.stdout.replace('\t', " "));
            assert_harmless(&outcome.stderr);
            assert!(outcome.stdout.len() + outcome.stderr.len() > 20, "{args:?}: {outcome:?}");
        }
    }
    // Errors and notes name what was typed.
    for text in UNSEEN.chars().map(|c| format!("a{c}b")) {
        let said = embcli(["lookup", TOY, &text]);
        assert_harmless(&said.stderr);
        assert!(said.stderr.contains('\\'), "{said:?}");
    }
}

#[test]
fn two_tokens_never_look_alike() {
    let mut tokens: Vec<Vec<u8>> = ["\n", "\\n", "\\\\n", "\t", "\\t", "\u{1b}", "\\x1b", "\u{9b}"]
        .iter()
        .chain(&["\\u{9b}", "\u{fffd}", "\\xE2", "\\", "\\\\", "x", "x\u{fe0f}", "x\u{200b}"])
        .map(|text| text.as_bytes().to_vec())
        .collect();
    // Parts of characters, which are one replacement character each when lossy.
    tokens
        .extend([&b"\xe2"[..], b"\xe2\x96", b"\x96", b"\xf0\x9f", b"\xff", b"\x9b"].map(Vec::from));
    let file = odd(&tokens);
    let path = file.path().to_str().unwrap();
    let table = embcli(["tokens", path]).ok();
    let table: Vec<&str> = table.lines().skip(2).map(|line| &line[12..]).collect();
    let comma = embcli(["tokens", path, "--format", "csv"]).ok();
    let mut reader = csv::Reader::from_reader(comma.as_bytes());
    let cells: Vec<String> = reader.records().map(|record| record.unwrap()[1].to_owned()).collect();
    for shown in [table.iter().map(|text| text.to_string()).collect(), cells.clone()] {
        let mut seen = BTreeMap::new();
        for (text, token) in shown.iter().zip(&tokens) {
            let before = seen.insert(text.clone(), token);
            assert_eq!(before, None, "{token:?} looks as another does: {text}");
        }
        assert_eq!(seen.len(), tokens.len());
    }
    assert_eq!(cells[..4], ["\\n", "\\\\n", "\\\\\\\\n", "\\t"]);
    assert!(cells.contains(&"\\xE2\\x96".to_owned()), "{cells:?}");
    let tab = embcli(["tokens", path, "--format", "tsv"]).ok();
    assert!(tab.contains("\t\\xE2\\x96\t"), "{tab}");
}

#[test]
fn cells_that_look_like_formulas_are_data() {
    let tokens = ["=1+1", "+1", "-1", "@SUM(A1)", "=cmd|' /C calc'!A0"];
    let file = odd(&tokens.map(|text| text.as_bytes().to_vec()));
    let comma = embcli(["tokens", file.path().to_str().unwrap(), "--format", "csv"]).ok();
    let mut reader = csv::Reader::from_reader(comma.as_bytes());
    let cells: Vec<String> = reader.records().map(|record| record.unwrap()[1].to_owned()).collect();
    assert_eq!(cells, tokens);
    let help = embcli(["tokens", "--help"]).ok();
    assert!(help.contains("+, - or @ stays as it is"), "{help}");
    assert!(help.lines().all(|line| line.len() <= 80), "{help}");
}

/// Whoever uses the library may say any width.
#[test]
fn tables_fit_any_width() {
    use embcli::cli::Cli;
    use embcli::commands;
    use embcli::report::{Form, Printer, Style};
    for args in [
        &["embcli", "lookup", TOY, "1", "1"][..],
        &["embcli", "lookup", TOY, "--text", "The cat"],
        &["embcli", "neighbors", TOY, "1"],
        &["embcli", "footprint", TOY],
        &["embcli", "tokens", TOY, "cat"],
        &["embcli", "tour", TOY, "--step", "1"],
        &["embcli", "footprint", "--like", "gpt2,llama3-8b"],
        &["embcli", "tokens", TOY, "--text", "The cat"],
        &["embcli", "info", TOY],
        &["embcli", "info", TOY, "--keys"],
        &["embcli", "info", TOY, "--tensors"],
        &["embcli", "check", TOY],
        &["embcli", "models"],
    ] {
        let cli = Cli::parse_from_args(args.iter().map(Into::into)).ok().unwrap();
        for width in [0, 1, 2, 3, 7, 19, 39, usize::MAX] {
            let mut out = Vec::new();
            let mut printer =
                Printer::new(Form::Table, Style { width, color: false, quiet: false }, &mut out);
            cli.command.request().answer(&commands::open, &mut printer).unwrap();
            assert!(!out.is_empty(), "{args:?}");
        }
    }
}

#[cfg(unix)]
mod unix {
    use std::fs::{self, Permissions};
    use std::io::Read;
    use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
    use std::process::{Command, Stdio};

    use super::*;
    use crate::support::run::{NOBODY, as_nobody, is_root, skipped};

    /// Runs a line of the shell, `$0` being the binary.
    fn shell(folder: &Path, line: &str) -> Outcome {
        let mut command = Command::new("sh");
        command.args(["-c", line, env!("CARGO_BIN_EXE_embcli")]).current_dir(folder);
        command.stdin(Stdio::null()).output().unwrap().into()
    }

    #[test]
    fn a_file_that_can_not_be_read_may_be_a_model() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("model.csv");
        fs::write(&path, "GGUF").unwrap();
        fs::set_permissions(folder.path(), Permissions::from_mode(0o777)).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o200)).unwrap();
        let args = ["lookup", "toy", "1", "--force", "-o"];
        let outcome = match is_root() {
            false => replace(&path),
            true => {
                chown(&path, Some(NOBODY), Some(NOBODY)).unwrap();
                let Some(mut nobody) = as_nobody() else {
                    return skipped("nobody can't run the binary where it lies");
                };
                nobody.args(args).arg(&path).output().unwrap().into()
            }
        };
        let said = outcome.error();
        assert!(said.contains("can't be read and may be a model"), "{said}");
        fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "GGUF");
    }

    #[test]
    fn a_disk_is_never_written_to() {
        let folder = tempfile::tempdir().unwrap();
        let disk = folder.path().join("disk");
        // A number that no driver has: nothing is lost, whatever happens.
        let made = Command::new("mknod").arg(&disk).args(["b", "240", "250"]).status();
        if !made.is_ok_and(|status| status.success()) {
            return skipped("this user can't make a block device");
        }
        for force in [&[][..], &["--force"]] {
            let args = ["lookup", TOY, "1", "--format", "csv", "-o"];
            let said: Outcome =
                command().args(args).arg(&disk).args(force).output().unwrap().into();
            assert!(said.error().contains("is a block device"));
        }
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn what_names_an_open_stream_adds_to_it() {
        let folder = tempfile::tempdir().unwrap();
        let keep = folder.path().join("keep");
        std::os::unix::fs::symlink("/dev/stdout", folder.path().join("out.csv")).unwrap();
        let rows = embcli(["lookup", "toy", "1", "--format", "csv"]).ok();
        let paths = ["/dev/stdout", "/dev/fd/1", "/proc/self/fd/1", "out.csv", "-"];
        for (path, force) in paths.iter().flat_map(|path| [(path, ""), (path, "--force")]) {
            fs::write(&keep, "mine\n").unwrap();
            let line = format!("\"$0\" lookup toy 1 --format csv -o {path} {force} >> keep");
            assert_eq!(shell(folder.path(), &line).ok(), "", "{path}");
            assert_eq!(fs::read_to_string(&keep).unwrap(), format!("mine\n{rows}"), "{path}");
        }
        // The same for another number, and where the file is not added to.
        fs::write(&keep, "mine\n").unwrap();
        let line = "\"$0\" lookup toy 1 --format csv -o /dev/fd/3 --force 3>> keep";
        assert_eq!(shell(folder.path(), line).ok(), "");
        assert_eq!(fs::read_to_string(&keep).unwrap(), format!("mine\n{rows}"));
        let line = "{ echo mine; \"$0\" lookup toy 1 --format csv -o /dev/fd/1; } > keep";
        assert_eq!(shell(folder.path(), line).ok(), "");
        assert_eq!(fs::read_to_string(&keep).unwrap(), format!("mine\n{rows}"));
    }

    #[test]
    fn a_pipe_that_nobody_reads_is_an_error_unless_it_is_standard_output() {
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("pipe");
        assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        // More than a pipe holds.
        let args = ["lookup", TOY, "0..8192", "--format", "csv"];
        let child = command().args(args).arg("-o").arg(&pipe).stderr(Stdio::piped()).spawn();
        let mut reader = fs::File::open(&pipe).unwrap();
        reader.read_exact(&mut [0; 10]).unwrap();
        drop(reader);
        let outcome = Outcome::from(child.unwrap().wait_with_output().unwrap());
        assert!(outcome.error().ends_with("Broken pipe (os error 32)"));

        let mut child = command().args(args).stdout(Stdio::piped()).spawn().unwrap();
        drop(child.stdout.take());
        assert!(child.wait().unwrap().success());
    }

    #[test]
    fn an_answer_that_goes_nowhere_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let commands = [
            "lookup toy 1",
            "lookup toy 1 --format npy",
            "--help",
            "--version",
            "tokens toy",
            "man",
            "tour toy --step 1",
            "neighbors toy 1..3 --all --format csv",
            "info toy --format json",
        ];
        for args in commands {
            for closed in [">&-", "<&- >&-", "1</dev/null"] {
                let said = shell(folder.path(), &format!("exec \"$0\" {args} {closed}")).error();
                assert!(said.contains("standard output: Bad file descriptor"), "{args}: {said}");
            }
            if Path::new("/dev/full").exists() {
                let said = shell(folder.path(), &format!("exec \"$0\" {args} > /dev/full")).error();
                assert!(said.contains("standard output: No space left"), "{args}: {said}");
            }
        }
        // Nothing goes there: no error.
        let line = "exec \"$0\" lookup toy 1 -o rows.csv >&-";
        assert_eq!(shell(folder.path(), line).code, Some(0));
        assert_eq!(fs::read_to_string(folder.path().join("rows.csv")).unwrap().lines().count(), 2);
        for null in ["> /dev/null", "1<> /dev/null"] {
            let line = format!("exec \"$0\" lookup toy 1 {null}");
            assert_eq!(shell(folder.path(), &line).ok(), "");
        }
    }

    #[test]
    fn a_limit_on_files_is_an_error_that_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let line = "ulimit -f 8; exec \"$0\" lookup toy 0..8192 --format csv";
        let said = shell(folder.path(), &format!("{line} -o rows.csv")).error();
        assert!(said.starts_with("writing to rows.csv: File too large"), "{said}");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
        let said = shell(folder.path(), &format!("{line} > rows.csv")).error();
        assert!(said.starts_with("writing to standard output: File too large"), "{said}");
    }

    /// Mode, owner and group.
    fn access(path: &Path) -> (u32, u32, u32) {
        let found = fs::metadata(path).unwrap();
        (found.mode() & 0o7777, found.uid(), found.gid())
    }

    #[test]
    fn a_replaced_file_keeps_its_owner_group_and_mode() {
        if !is_root() {
            return skipped("only root can give files away");
        }
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("rows.csv");
        for (mode, owner, group) in
            [(0o4755, 1234, 1234), (0o660, 0, 4321), (0o2750, 7, 8), (0o600, 1, 1), (0o644, 0, 0)]
        {
            fs::write(&path, "old").unwrap();
            chown(&path, Some(owner), Some(group)).unwrap();
            fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
            assert_eq!(replace(&path).ok(), "");
            assert_eq!(access(&path), (mode, owner, group), "{mode:o}");
            assert_eq!(fs::read_to_string(&path).unwrap(), rows());
        }
    }

    #[test]
    fn what_can_not_be_kept_is_dropped_and_said() {
        if !is_root() {
            return skipped("only root can be someone else");
        }
        let folder = tempfile::tempdir().unwrap();
        fs::set_permissions(folder.path(), Permissions::from_mode(0o777)).unwrap();
        let path = folder.path().join("rows.csv");
        for (mode, left) in [(0o4775, 0o705), (0o2644, 0o604), (0o666, 0o606), (0o604, 0o600)] {
            fs::write(&path, "old").unwrap();
            chown(&path, Some(0), Some(4321)).unwrap();
            fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
            let Some(mut nobody) = as_nobody() else {
                return skipped("nobody can't run the binary where it lies");
            };
            let args = ["lookup", "toy", "1", "--format", "csv", "--force", "-o"];
            let outcome = Outcome::from(nobody.args(args).arg(&path).output().unwrap());
            assert_eq!(outcome.code, Some(0), "{outcome:?}");
            let said = outcome.stderr;
            let lost = "could not be kept: the owner 0, the group 4321\n";
            assert!(said.starts_with("note: ") && said.ends_with(lost), "{said}");
            assert_eq!(access(&path), (left, NOBODY, NOBODY), "{mode:o}");
        }
    }

    /// An access list of Linux: user 1234 may read, the mask allows it.
    #[cfg(target_os = "linux")]
    fn access_list() -> Vec<u8> {
        let entry = |tag: u16, may: u16, id: u32| {
            [&tag.to_le_bytes()[..], &may.to_le_bytes(), &id.to_le_bytes()].concat()
        };
        let none = u32::MAX;
        let entries = [
            entry(1, 6, none),
            entry(2, 4, 1234),
            entry(4, 0, none),
            entry(0x10, 4, none),
            entry(0x20, 0, none),
        ];
        [&2_u32.to_le_bytes()[..], &entries.concat()].concat()
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn a_replaced_file_keeps_access_lists_and_attributes() {
        use rustix::fs::{XattrFlags, getxattr, setxattr};
        const LIST: &str = "system.posix_acl_access";
        let get = |path: &Path, name: &str| {
            let mut value = vec![0; 1000];
            let length = getxattr(path, name, &mut value[..]).ok()?;
            Some(value[..length].to_vec())
        };
        let set = |path: &Path, name: &str, value: &[u8]| {
            setxattr(path, name, value, XattrFlags::empty()).is_ok()
        };
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("rows.csv");
        fs::write(&path, "old").unwrap();
        if !set(&path, "user.note", b"mine") || !set(&path, LIST, &access_list()) {
            return skipped("this file system has no access lists");
        }
        assert_eq!(replace(&path).ok(), "");
        assert_eq!(get(&path, "user.note").unwrap(), b"mine");
        assert_eq!(get(&path, LIST).unwrap(), access_list());
        assert_eq!(access(&path).0, 0o640);

        // What the folder gives to new files is not given to one that had none.
        assert!(set(folder.path(), "system.posix_acl_default", &access_list()));
        let plain = folder.path().join("plain.csv");
        fs::write(&plain, "old").unwrap();
        rustix::fs::removexattr(&plain, LIST).unwrap();
        fs::set_permissions(&plain, Permissions::from_mode(0o604)).unwrap();
        assert_eq!(replace(&plain).ok(), "");
        assert_eq!((get(&plain, LIST), access(&plain).0), (None, 0o604));
        assert_eq!(fs::read_to_string(&plain).unwrap(), rows());

        if !is_root() {
            return;
        }
        // The list of a file whose owner is lost: nobody is let in by it.
        fs::set_permissions(folder.path(), Permissions::from_mode(0o777)).unwrap();
        let Some(mut nobody) = as_nobody() else {
            return skipped("nobody can't run the binary where it lies");
        };
        assert!(set(&path, LIST, &access_list()));
        fs::set_permissions(&path, Permissions::from_mode(0o644)).unwrap();
        let args = ["lookup", "toy", "1", "--format", "csv", "--force", "-o"];
        let outcome = Outcome::from(nobody.args(args).arg(&path).output().unwrap());
        assert!(outcome.stderr.contains(LIST) && outcome.code == Some(0), "{outcome:?}");
        assert_eq!((get(&path, LIST), access(&path).0), (None, 0o600));
    }

    /// What each shell is offered, as it asks.
    fn offered(folder: &Path, shell: &str, args: &[&str]) -> String {
        let mut command = command();
        command.env("EMBCLI_COMPLETE", shell).current_dir(folder).env_clear();
        command.env("HOME", folder).env("_CLAP_IFS", "\n");
        command.env("EMBCLI_COMPLETE", shell);
        command.env("_CLAP_COMPLETE_INDEX", args.len().to_string());
        Outcome::from(command.args(["--", "embcli"]).args(args).output().unwrap()).ok()
    }

    #[test]
    fn completions_leave_out_what_is_not_safe() {
        let folder = tempfile::tempdir().unwrap();
        let hostile = [
            "a\nb.gguf",
            "a\u{1b}[2J.gguf",
            "a\u{202e}.gguf",
            "a\u{200b}.gguf",
            "a\r.gguf",
            "a\tb.gguf",
            "a\u{9b}.gguf",
            "a\u{fe0f}.gguf",
        ];
        for name in hostile.iter().chain(&["-x.gguf", "toy", "~y.gguf", "b c.gguf", "hf:z.gguf"]) {
            fs::write(folder.path().join(name), "").unwrap();
        }
        let bytes = std::os::unix::ffi::OsStrExt::from_bytes(b"a\xff.gguf");
        let bytes: &std::ffi::OsStr = bytes;
        let _ = fs::write(folder.path().join(bytes), "");
        for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
            for args in [&["lookup", ""][..], &["lookup", "toy", "1", "-o", ""], &["info", "a"]] {
                let lines = offered(folder.path(), shell, args);
                assert_harmless(&lines.replace('\t', " "));
                for line in lines.lines() {
                    assert!(!line.starts_with("a"), "{shell} {args:?}: {line:?}");
                }
            }
            let lines = offered(folder.path(), shell, &["lookup", ""]);
            let lines: Vec<&str> =
                lines.lines().map(|line| line.split('\t').next().unwrap()).collect();
            assert!(lines.contains(&"./-x.gguf"), "{shell}: {lines:?}");
            assert!(lines.contains(&"./~y.gguf"), "{shell}: {lines:?}");
            let is_quoted = shell != "powershell";
            assert_eq!(lines.contains(&"b c.gguf"), is_quoted, "{shell}: {lines:?}");
            let store = if shell == "zsh" { "./hf\\:z.gguf" } else { "./hf:z.gguf" };
            assert!(lines.contains(&store), "{shell}: {lines:?}");
            let any = offered(folder.path(), shell, &["lookup", "toy", "1", "-o", ""]);
            assert!(any.lines().any(|line| line.starts_with("./toy")), "{shell}: {any}");
        }
        // A name that is a pattern is not made into the names that it matches.
        fs::write(folder.path().join("*"), "").unwrap();
        let script = "source <(\"$0\" completions bash)
            embcli() { \"$BIN\" \"$@\"; }
            COMP_LINE='embcli lookup toy 1 -o ' COMP_POINT=23
            COMP_WORDS=(embcli lookup toy 1 -o '') COMP_CWORD=5 COMPREPLY=()
            _embcli embcli '' ''
            printf '%s\\n' \"${COMPREPLY[@]}\"; echo $-";
        let binary = env!("CARGO_BIN_EXE_embcli");
        let mut bash = Command::new("bash");
        bash.args(["--norc", "-c", script, binary]).env("BIN", binary).current_dir(folder.path());
        let Ok(output) = bash.env("HOME", folder.path()).output() else {
            return skipped("bash is not installed");
        };
        let lines = Outcome::from(output).ok();
        assert_harmless(&lines);
        assert!(lines.lines().any(|line| line == "\\*"), "{lines}");
        assert!(!lines.lines().last().unwrap().contains('f'), "patterns work again: {lines}");
    }
}

/// A store of a size that no person has.
#[cfg(unix)]
mod huge_stores {
    use std::fs;

    use super::*;
    use crate::support::machine::Machine;

    fn models(machine: &Machine) -> serde_json::Value {
        let mut command = command();
        command.env_clear().env("HOME", machine.home()).args(["models", "--format", "json"]);
        Outcome::from(command.output().unwrap()).json()
    }

    #[test]
    fn a_walk_through_many_folders_ends_with_a_note() {
        let machine = Machine::new();
        let pub_ = machine.path(".lmstudio/models/pub");
        fs::create_dir_all(&pub_).unwrap();
        for at in 0..10_100 {
            fs::create_dir(pub_.join(format!("{at}"))).unwrap();
        }
        let answer = models(&machine);
        let notes = answer["notes"].as_array().unwrap();
        assert_eq!(notes.len(), 1, "{notes:?}");
        let note = notes[0].as_str().unwrap();
        assert!(note.starts_with("more than 10000 folders: the rest is left out, from "), "{note}");
    }

    #[test]
    fn of_many_models_the_first_are_opened() {
        let machine = Machine::new();
        let file = Gguf::new().kv("general.architecture", "llama").table(F32, 1, 1, vec![0; 4]);
        let first = machine.write(".cache/llama.cpp/0.gguf", file.build());
        for at in 1..4_005 {
            fs::hard_link(&first, first.with_file_name(format!("{at}.gguf"))).unwrap();
        }
        let answer = models(&machine);
        let models = answer["models"].as_array().unwrap();
        assert_eq!(models.len(), 4_007);
        let opened = models.iter().filter(|model| !model["bytes"].is_null()).count();
        assert_eq!(opened, 4_000);
        assert!(models.iter().all(|model| model["problem"].is_null()));
        let names: Vec<&str> =
            models[2..].iter().map(|model| model["name"].as_str().unwrap()).collect();
        assert!(names.is_sorted(), "in the order of their names");
        assert_eq!(answer["notes"][0], "more than 4000 models: for 7 only the name is listed");
    }
}
