//! `completions`: the script that a shell runs when the user presses Tab.
//!
//! The script calls embcli itself through clap_complete's dynamic engine, so it can
//! complete the models in stores as well as files.
//!
//! Names come from folders that others may write to. The shell shows them on a
//! terminal and inserts them into a command line, so a name that could act on either
//! is left out.

use std::ffi::{OsStr, OsString};
use std::sync::OnceLock;

use anyhow::{Context, Result, anyhow};
use clap::{CommandFactory, ValueHint};
use clap_complete::engine::{
    ArgValueCandidates, ArgValueCompleter, CompletionCandidate, PathCompleter, ValueCompleter,
};
use clap_complete::env::Shells;
use clap_complete::{CompleteEnv, Shell};

use super::{Cli, CompletionsArgs};
use crate::commands::{Opener, Request};
use crate::footprint::KNOWN;
use crate::report::{Form, Printer};
use crate::store::toy;
use crate::store::{self, Store};
use crate::text::acts;

/// The environment variable by which a script asks; it holds the shell's name.
const ASKED: &str = "EMBCLI_COMPLETE";

impl Request for CompletionsArgs {
    fn forms(&self) -> &'static [Form] {
        &[]
    }

    fn answer(&self, _: Opener, out: &mut Printer) -> Result<()> {
        out.text(&script(self)?)
    }
}

fn script(args: &CompletionsArgs) -> Result<String> {
    let shells = Shells::builtins();
    let name = args.shell.to_string();
    let shell = shells.completer(&name).with_context(|| format!("{name} can't complete"))?;
    let mut script = Vec::new();
    // Call embcli by name: this binary may move while the script stays.
    shell.write_registration(ASKED, "embcli", "embcli", "embcli", &mut script)?;
    let script = String::from_utf8(script)?;
    Ok(if args.shell == Shell::Bash { script + COLONS } else { script })
}

/// Answers a completion script. Returns `false` if no script called.
pub fn complete(args: impl IntoIterator<Item = OsString>) -> Result<bool> {
    if let Some(shell) = std::env::var_os(ASKED) {
        let _ = SHELL.set(shell);
    }
    let asked = CompleteEnv::with_factory(command).var(ASKED);
    let directory = std::env::current_dir().ok();
    asked.try_complete(args, directory.as_deref()).map_err(|error| {
        let said = error.to_string();
        anyhow!("{ASKED}: {}", said.trim_start_matches("error: ").trim_end())
    })
}

/// The command line, extended with completion for models, tables and files.
fn command() -> clap::Command {
    let known = || KNOWN.iter().map(|known| CompletionCandidate::new(known.name)).collect();
    let commands = || {
        let commands = Cli::command();
        let named = commands.get_subcommands().map(|command| {
            CompletionCandidate::new(command.get_name()).help(command.get_about().cloned())
        });
        named.collect()
    };
    let files = |arg: clap::Arg| match arg.get_value_hint() {
        ValueHint::AnyPath | ValueHint::FilePath => arg.add(ArgValueCompleter::new(any_file)),
        _ => arg,
    };
    Cli::command().mut_args(files).mut_subcommands(|command| {
        let is_man = command.get_name() == "man";
        command.mut_args(|arg| {
            let names = arg.get_value_names().unwrap_or_default();
            if names.iter().any(|name| *name == "MODEL" || *name == "OTHER") {
                arg.add(ArgValueCompleter::new(models))
            } else if arg.get_id() == "like" {
                arg.add(ArgValueCandidates::new(known))
            } else if is_man && arg.get_id() == "command" {
                arg.add(ArgValueCandidates::new(commands))
            } else {
                files(arg)
            }
        })
    })
}

/// Completes a model: names in stores, directories, GGUF files; else any file.
fn models(typed: &OsStr) -> Vec<CompletionCandidate> {
    let start = typed.to_string_lossy();
    let names = store::names().into_iter().filter(|name| is_safe(name));
    let names = names.filter(|name| name.starts_with(&*start));
    let mut found: Vec<_> = names.map(CompletionCandidate::new).collect();
    let is_gguf = |path: &std::path::Path| path.extension().is_some_and(|end| end == "gguf");
    found.extend(paths(typed, PathCompleter::any().filter(is_gguf)));
    if found.is_empty() {
        found = any_file(typed);
    }
    found
}

fn any_file(typed: &OsStr) -> Vec<CompletionCandidate> {
    paths(typed, PathCompleter::any())
}

/// The safe paths that begin with the typed text. A path that looks like an option
/// or a name in a store gets the prefix `./`.
fn paths(typed: &OsStr, completer: PathCompleter) -> Vec<CompletionCandidate> {
    let found = completer.complete(typed).into_iter();
    let offered = found.filter_map(|candidate| {
        let path = candidate.get_value().to_str()?;
        let is_other = path.starts_with(['-', '~'])
            || toy::named(path).is_some()
            || Store::of_name(path).is_some();
        match is_safe(path) {
            // If the user has typed something, the candidate must begin with it.
            true if is_other && typed.is_empty() => Some(candidate.add_prefix("./")),
            safe => safe.then_some(candidate),
        }
    });
    offered.collect()
}

/// Whether a name is safe on a terminal and in a command line. PowerShell inserts a
/// name without quotes. The other shells quote it, or the script below does.
fn is_safe(name: &str) -> bool {
    let shell = SHELL.get().map(OsString::as_os_str).and_then(OsStr::to_str).unwrap_or_default();
    let is_plain = |c: char| c.is_alphanumeric() || "-_.:/\\+=~".contains(c);
    let is_power_shell = shell.contains("powershell") || shell.contains("pwsh");
    !name.chars().any(acts) && (!is_power_shell || name.chars().all(is_plain))
}

/// The calling shell. clap_complete removes the variable before it completes.
static SHELL: OnceLock<OsString> = OnceLock::new();

/// Bash splits words at each colon and equals sign, and model names contain colons.
/// This function joins the words before the completion and splits the results again.
const COLONS: &str = r#"
_embcli() {
    local rest=$COMP_LINE whole=() word i at=0
    for ((i = 0; i < ${#COMP_WORDS[@]}; i++)); do
        word=${COMP_WORDS[i]}
        if ((i > 0)) && [[ $rest != [[:space:]]* ]]; then
            whole[${#whole[@]} - 1]+=$word
        else
            whole+=("$word")
        fi
        if ((i == COMP_CWORD)); then
            at=$((${#whole[@]} - 1))
        fi
        rest=${rest#"${rest%%[![:space:]]*}"}
        rest=${rest#"$word"}
    done
    local COMP_WORDS=("${whole[@]}") COMP_CWORD=$at current=${whole[at]}
    # Keep bash from expanding a name with a * in it.
    local options=$-
    set -f
    _clap_complete_embcli "$1" "$current" "$3"
    [[ $options == *f* ]] || set +f
    local cut=${current%"${current##*[:=]}"}
    COMPREPLY=("${COMPREPLY[@]#"$cut"}")
    # Outside quotes, the shell's special characters need a backslash.
    if [[ $current != [\"\']* ]]; then
        for i in "${!COMPREPLY[@]}"; do
            printf -v word %q "${COMPREPLY[i]}"
            # Keep the tilde, which the shell expands to the home folder.
            COMPREPLY[$i]=${word/#\\\~/\~}
        done
    fi
}
if [[ "${BASH_VERSINFO[0]}" -eq 4 && "${BASH_VERSINFO[1]}" -ge 4 || "${BASH_VERSINFO[0]}" -gt 4 ]]; then
    complete -o nospace -o bashdefault -o nosort -F _embcli embcli
else
    complete -o nospace -o bashdefault -F _embcli embcli
fi
"#;
