//! `completions`: what a shell runs when the Tab key is pressed.
//!
//! The script is a few lines that ask embcli itself, by clap_complete's dynamic
//! engine, so that models can be named: those in stores, and files.

use std::ffi::{OsStr, OsString};

use anyhow::{Context, Result, anyhow};
use clap::CommandFactory;

use clap_complete::engine::{
    ArgValueCandidates, ArgValueCompleter, CompletionCandidate, PathCompleter, ValueCompleter,
};
use clap_complete::env::Shells;
use clap_complete::{CompleteEnv, Shell};

use super::{Cli, CompletionsArgs};
use crate::commands::{Opener, Request};
use crate::footprint::KNOWN;
use crate::report::{Form, Printer};
use crate::store;
use crate::text::visible;

/// Where a script tells embcli that it asks, and for which shell.
const ASKED: &str = "EMBCLI_COMPLETE";

impl Request for CompletionsArgs {
    fn forms(&self) -> &'static [Form] {
        &[]
    }

    fn answer(&self, _: Opener, out: &mut Printer) -> Result<()> {
        out.text(&script(self)?)
    }
}

/// The script that makes a shell complete.
fn script(args: &CompletionsArgs) -> Result<String> {
    let shells = Shells::builtins();
    let name = args.shell.to_string();
    let shell = shells.completer(&name).with_context(|| format!("{name} can't complete"))?;
    let mut script = Vec::new();
    // By its name on the path: the script outlives the place of this binary.
    shell.write_registration(ASKED, "embcli", "embcli", "embcli", &mut script)?;
    let script = String::from_utf8(script)?;
    Ok(if args.shell == Shell::Bash { script + COLONS } else { script })
}

/// Answers a script, if it is one that asks; `false` where none does.
///
/// # Errors
/// Where it asks for a shell that nobody knows.
pub fn complete(args: impl IntoIterator<Item = OsString>) -> Result<bool> {
    let asked = CompleteEnv::with_factory(command).var(ASKED);
    let directory = std::env::current_dir().ok();
    asked.try_complete(args, directory.as_deref()).map_err(|error| {
        let said = error.to_string();
        anyhow!("{ASKED}: {}", said.trim_start_matches("error: ").trim_end())
    })
}

/// The command line with what can be completed besides its own words.
fn command() -> clap::Command {
    let known = || KNOWN.iter().map(|known| CompletionCandidate::new(known.name)).collect();
    let commands = || {
        let commands = Cli::command();
        let named = commands.get_subcommands().map(|command| {
            CompletionCandidate::new(command.get_name()).help(command.get_about().cloned())
        });
        named.collect()
    };
    Cli::command().mut_subcommands(|command| {
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
                arg
            }
        })
    })
}

/// What may stand for a model: the names that stores have, directories, and
/// GGUF files; where there are none of those, any file.
fn models(typed: &OsStr) -> Vec<CompletionCandidate> {
    let start = typed.to_string_lossy();
    // A name that would act on a terminal is none that anyone wants to type.
    let names = store::names().into_iter().filter(|name| visible(name) == *name);
    let names = names.filter(|name| name.starts_with(&*start));
    let mut found: Vec<_> = names.map(CompletionCandidate::new).collect();
    let is_gguf = |path: &std::path::Path| path.extension().is_some_and(|end| end == "gguf");
    found.extend(PathCompleter::any().filter(is_gguf).complete(typed));
    if found.is_empty() {
        found = PathCompleter::any().complete(typed);
    }
    found
}

/// Bash cuts a word at each colon and equals sign, and names of models have
/// colons: here words are whole again for the function above, and what it finds
/// is cut as Bash has cut the word.
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
    _clap_complete_embcli "$1" "$current" "$3"
    local cut=${current%"${current##*[:=]}"}
    COMPREPLY=("${COMPREPLY[@]#"$cut"}")
    # Where no quote is open, what is special to the shell needs a backslash.
    if [[ $current != [\"\']* ]]; then
        for i in "${!COMPREPLY[@]}"; do
            printf -v word %q "${COMPREPLY[i]}"
            # But for the tilde that the shell makes a home of.
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
