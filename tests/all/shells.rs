//! `completions` and `man`, tested with the real shells and man, if they are installed.
#![cfg(unix)]

use std::path::Path;
use std::process::{Command, Output, Stdio};

use crate::support::machine::{Machine, hex};
use crate::support::run;
use crate::support::run::{assert_harmless, embcli, skipped};

/// A folder for completions: two models, another file, and a store.
fn furnished() -> Machine {
    let home = Machine::new();
    for file in ["my model.gguf", "notes.txt", "zoo/model.gguf"] {
        home.write(file, "");
    }
    home.ollama("library/llama3.2/1b", &hex('a'), "");
    home
}

impl Machine {
    /// Runs a program in the home folder, with embcli on its PATH and no other stores.
    fn run_program(&self, program: &str, args: &[&str]) -> Option<Output> {
        let bin = Path::new(env!("CARGO_BIN_EXE_embcli")).parent().unwrap();
        let path = std::env::var("PATH").unwrap_or_default();
        let mut command = Command::new(program);
        let others =
            ["HF_HOME", "HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE", "LLAMA_CACHE", "XDG_CACHE_HOME"];
        for name in others {
            command.env_remove(name);
        }
        let output = command
            .args(args)
            .current_dir(self.home())
            .env("HOME", self.home())
            .env("OLLAMA_MODELS", self.path(".ollama/models"))
            .env("XDG_CONFIG_HOME", self.home())
            .env("PATH", format!("{}:{path}", bin.display()))
            .stdin(Stdio::null())
            .output();
        match output {
            Ok(output) => Some(output),
            Err(_) => {
                skipped(&format!("{program} is not installed"));
                None
            }
        }
    }

    /// The lines that a script prints. `None` if the shell is not installed.
    #[track_caller]
    fn lines(&self, shell: &str, args: &[&str]) -> Option<Vec<String>> {
        let output = self.run_program(shell, args)?;
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        assert_eq!(text(&output.stderr), "", "{shell}");
        assert!(output.status.success(), "{shell}: {}", output.status);
        Some(text(&output.stdout).lines().map(str::to_owned).collect())
    }
}

/// Bash's completions of a line, which Bash has cut into `words`.
fn in_bash(home: &Machine, words: &[&str], line: &str) -> Option<Vec<String>> {
    let quoted: Vec<_> = words.iter().map(|word| format!("'{word}'")).collect();
    let script = format!(
        "source <(embcli completions bash)
         COMP_LINE='{line}' COMP_POINT=${{#COMP_LINE}}
         COMP_WORDS=({}) COMP_CWORD={} COMPREPLY=()
         _embcli embcli '{}' ''
         printf '%s\\n' \"${{COMPREPLY[@]}}\"",
        quoted.join(" "),
        words.len() - 1,
        words.last().unwrap()
    );
    home.lines("bash", &["--norc", "-c", &script])
}

#[test]
fn bash_completes() {
    let home = furnished();
    let Some(commands) = in_bash(&home, &["embcli", "lo"], "embcli lo") else { return };
    assert_eq!(commands, ["lookup"]);
    let models = in_bash(&home, &["embcli", "lookup", ""], "embcli lookup ").unwrap();
    assert_eq!(models[..5], ["toy", "words", "ollama:llama3.2:1b", "my\\ model.gguf", "zoo/"]);
    let offered = |words: &[&str], line| in_bash(&home, words, line).unwrap();
    // Bash replaces only the text after the colon, so it must get only that part.
    let line = "embcli lookup ollama:ll";
    assert_eq!(offered(&["embcli", "lookup", "ollama", ":", "ll"], line), ["llama3.2:1b"]);
    let line = "embcli lookup ollama:";
    assert_eq!(offered(&["embcli", "lookup", "ollama", ":"], line), ["llama3.2:1b"]);
    let line = "embcli lookup --format=c";
    assert_eq!(offered(&["embcli", "lookup", "--format", "=", "c"], line), ["csv"]);
    let line = "embcli footprint --like gem";
    let known = offered(&["embcli", "footprint", "--like", "gem"], line);
    assert!(known.iter().all(|name| name.starts_with("gem")) && !known.is_empty(), "{known:?}");
    assert_eq!(offered(&["embcli", "info", "zoo/"], "embcli info zoo/"), ["zoo/model.gguf"]);
    // If no model matches, other files are offered.
    assert_eq!(offered(&["embcli", "info", "no"], "embcli info no"), ["notes.txt"]);
}

#[test]
fn fish_completes() {
    let home = furnished();
    let offered = |line: &str| {
        let script = format!("embcli completions fish | source; complete -C '{line}'");
        home.lines("fish", &["--no-config", "-c", &script])
    };
    let Some(commands) = offered("embcli lo") else { return };
    assert!(commands.len() == 1 && commands[0].starts_with("lookup\t"), "{commands:?}");
    assert_eq!(offered("embcli lookup ollama:ll").unwrap(), ["ollama:llama3.2:1b"]);
    let metrics = offered("embcli neighbors toy --metric ").unwrap();
    assert_eq!(metrics.len(), 3, "{metrics:?}");
}

#[test]
fn zsh_completes() {
    let home = furnished();
    let script = "autoload -U compinit; compinit -u -d ./dump
        source <(embcli completions zsh)
        [[ $_comps[embcli] == _clap_dynamic_completer_embcli ]] || echo not registered
        words=(embcli lookup ollama:ll) CURRENT=3
        _describe() { print -rl -- ${(P)3} }
        _clap_dynamic_completer_embcli";
    let Some(lines) = home.lines("zsh", &["-f", "-c", script]) else { return };
    assert_eq!(lines, ["ollama\\:llama3.2\\:1b"]);
}

#[test]
fn scripts_call_the_embcli_on_the_path() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = embcli(["completions", shell]).ok();
        assert!(script.contains("embcli") && script.contains("EMBCLI_COMPLETE"), "{script}");
        assert!(!script.contains(env!("CARGO_MANIFEST_DIR")), "{script}");
        assert_harmless(&script.replace('\t', " "));
    }
    assert_eq!(embcli(["completions", "tcsh"]).code, Some(2));
    let asked = run::command().env("EMBCLI_COMPLETE", "tcsh").output().unwrap();
    assert_eq!(asked.status.code(), Some(1));
    let said = String::from_utf8(asked.stderr).unwrap();
    assert!(said.starts_with("error: EMBCLI_COMPLETE: unknown shell `tcsh`"), "{said}");
}

#[test]
fn a_script_goes_to_a_file_of_any_name() {
    let home = furnished();
    let output = home.run_program("embcli", &["completions", "zsh", "-o", "_embcli"]).unwrap();
    assert!(output.status.success());
    let written = std::fs::read_to_string(home.path("_embcli")).unwrap();
    assert_eq!(written, embcli(["completions", "zsh"]).ok());
    let formed = embcli(["man", "--format", "json"]);
    assert_eq!((formed.code, formed.stderr.lines().count()), (Some(2), 1), "{formed:?}");
}

#[test]
fn the_manual_has_every_command_and_option() {
    let page = embcli(["man"]).ok();
    let help = embcli(["--help"]).ok();
    let commands = help.lines().skip_while(|line| *line != "Commands:").skip(1);
    let commands: Vec<_> = commands
        .take_while(|line| !line.is_empty())
        .filter_map(|line| line.strip_prefix("  ")?.split(' ').next())
        .filter(|name| !name.is_empty() && *name != "help")
        .collect();
    assert!(commands.len() > 7, "{commands:?}");
    for command in commands {
        assert!(page.contains(&format!(".SH {}\n", command.to_uppercase())), "{command}");
        let own = embcli(["man", command]).ok();
        assert!(own.starts_with(".ie ") && own.contains(".SH NAME\n"), "{own}");
        for option in embcli([command, "--help"]).ok().split_whitespace() {
            let name = option.trim_matches(|c: char| !c.is_ascii_alphanumeric());
            if option.starts_with("--") && option == format!("--{name}") {
                assert!(own.contains(&name.replace('-', "\\-")), "{command} {option}");
            }
        }
    }
    assert!(page.contains("embcli lookup "), "examples");
    let unknown = embcli(["man", "nothing"]).error();
    assert!(unknown.starts_with("unknown command nothing: the commands are lookup, "), "{unknown}");
}

#[test]
fn man_prints_no_warning() {
    let home = furnished();
    for command in ["", "lookup", "neighbors", "footprint", "tokens", "info", "tour", "models"] {
        home.write("embcli.1", embcli(["man", command].iter().filter(|arg| !arg.is_empty())).ok());
        for width in ["80", "160"] {
            let man = format!("LC_ALL=C.UTF-8 MANWIDTH={width} man --warnings -l ./embcli.1");
            let Some(output) = home.run_program("man", &["--version"]) else { return };
            if !String::from_utf8_lossy(&output.stdout).starts_with("man ") {
                return skipped("man is not man-db, which can warn");
            }
            let shown = home.lines("sh", &["-c", &man]).unwrap();
            assert!(shown.iter().any(|line| line == "SYNOPSIS"), "{shown:?}");
        }
    }
}
