//! Help for new users: the message of a call without arguments, and corrections for
//! arguments in the wrong order.
//!
//! A call in the wrong order is an error that shows the right call. Accepting it
//! would give commands a second meaning on which no script should rely.

use std::ffi::OsString;

use clap::builder::StyledStr;
use clap::error::ErrorKind;
use clap::{Arg, Command};

use crate::store::{Store, toy};
use crate::text::harmless;

/// The message of `embcli` without arguments. It goes to standard error with exit
/// code 2, so that a script that lost its arguments notices.
pub(super) const BARE: &str = "\
embcli shows the token embedding table of a language model. Try:

  embcli lookup toy The ' cat' ' sat'    tokens to rows, step by step
  embcli neighbors toy ' cat'            the rows nearest to a row
  embcli tour                            ten steps: what embeddings are

toy is a small built-in table, words one with real rows. Instead of them, name a
.gguf file or a model that `embcli models` finds here (ollama:llama3.2, ...).
`embcli --help` lists the commands, `embcli help lookup` is one's manual.";

/// The end of the manual page of all commands.
pub(super) const AFTER: &str = "\
MODEL is a .gguf file, `toy` (a small built-in table), or a name that
`embcli models` lists: ollama:llama3.2, hf:org/repo, ...

Start with:
  embcli lookup toy The ' cat' ' sat'    tokens to rows, step by step
  embcli neighbors toy ' cat'            the rows nearest to a row
  embcli help lookup                     the manual of a command

Exit codes: 0 success, 1 failure, 2 wrong usage.";

/// The same for a screen of 24 lines.
const BELOW: &str = "\
MODEL is a .gguf file, `toy` (built in), or a name that `embcli models` lists.
Start with  embcli lookup toy The ' cat' ' sat'  or  embcli help lookup";

/// Whether the arguments ask for help, but not for the help of a command.
pub(super) fn asks_for_help(words: &[OsString]) -> bool {
    matches!(words, [word] if ["help", "-h", "--help"].iter().any(|help| word == help))
}

/// The help of the program, on one screen. `-h` and `--help` give the same.
pub(super) fn overview(mut program: Command) -> StyledStr {
    program.build();
    let brief = |arg: Arg, help: &'static str| {
        arg.help(help).hide_possible_values(true).hide_default_value(true)
    };
    program
        .help_template("{about}\n{usage-heading} {usage}\n\n{all-args}{after-help}")
        .mut_subcommand("help", |command| command.hide(true))
        .mut_subcommand("completions", |command| command.hide(true))
        .mut_subcommand("man", |command| command.hide(true))
        .mut_arg("format", |arg| {
            brief(arg, "table (default), json, jsonl, csv, tsv, md, npy, svg...")
        })
        .mut_arg("force", |arg| arg.hide(true))
        .mut_arg("quiet", |arg| arg.hide(true))
        .mut_args(|arg| match arg.get_help_heading() {
            Some(_) => arg.hide(true),
            None => arg,
        })
        .mut_arg("color", |arg| arg.hide(true))
        .mut_arg("version", |arg| arg.hide(true))
        .mut_arg("help", |arg| arg.hide(true))
        .after_help(BELOW)
        .render_help()
}

/// One line for wrong usage: the error, and where to read more.
pub(super) fn complaint(
    error: &str,
    kind: ErrorKind,
    words: &[OsString],
    program: Command,
) -> String {
    let names: Vec<&str> = program.get_subcommands().map(Command::get_name).collect();
    let list = "embcli --help lists the commands";
    match kind {
        ErrorKind::MissingSubcommand => return format!("error: no command given ({list})"),
        ErrorKind::InvalidSubcommand => {
            let mut typed = words.iter().filter_map(|word| word.to_str());
            let first = typed.find(|word| !word.starts_with('-')).unwrap_or_default();
            if let Some(name) = meant(first, &names) {
                return format!("error: no command '{first}': embcli {name} does this ({list})");
            }
            return match reordered(words, &names) {
                Some(call) => format!("error: {}", harmless(&call)),
                None => format!("{error} ({list})"),
            };
        }
        _ => {}
    }
    let Some(command) = words.iter().find_map(|word| program.find_subcommand(word)) else {
        return format!("{error} ({list})");
    };
    let help = format!("embcli help {} is the manual", command.get_name());
    match (kind, example(command)) {
        (ErrorKind::MissingRequiredArgument, Some(example)) => {
            format!("{error} (for example: {example}; {help})")
        }
        _ => format!("{error} ({help})"),
    }
}

/// The command that does what a word asks for, if it is another program's word.
fn meant<'a>(word: &str, commands: &[&'a str]) -> Option<&'a str> {
    let name = match word {
        "diff" | "compare" | "verify" | "validate" | "lint" => "check",
        "vocab" | "vocabulary" | "tokenize" | "tokenise" | "encode" | "decode" => "tokens",
        "list" | "ls" => "models",
        "plot" | "graph" | "draw" | "umap" | "pca" => "map",
        "sim" | "cosine" | "distance" => "similarity",
        "nearest" | "search" | "knn" | "similar" => "neighbors",
        "describe" | "statistics" | "summary" | "norms" => "stats",
        "size" | "sizes" => "footprint",
        "show" | "inspect" => "info",
        "save" | "dump" | "convert" | "extract" | "write" => "export",
        _ => return None,
    };
    commands.iter().copied().find(|command| *command == name)
}

/// The first example of a command's help.
fn example(command: &Command) -> Option<String> {
    let help = command.get_after_help()?.to_string();
    let line = help.lines().find_map(|line| line.strip_prefix("  embcli "))?;
    let call = line.split_once("  ").map_or(line, |(call, _)| call);
    Some(format!("embcli {call}"))
}

/// The options of all commands that take the next word as their value.
const WITH_VALUE: [&str; 4] = ["--format", "-o", "--output", "--color"];

/// The call that the user probably meant, if the first argument is not a command.
/// `words` are those after the program's name.
pub(super) fn reordered(words: &[OsString], commands: &[&str]) -> Option<String> {
    let words: Vec<String> = words.iter().map(|word| word.to_string_lossy().into()).collect();
    let first = first_positional(&words)?;
    let name = words.get(first)?;
    let is_command = |word: &String| commands.contains(&word.as_str());
    let command = words.iter().skip(first + 1).position(is_command).map(|at| at + first + 1);
    let mut rest = words.clone();
    let call = match command {
        // The first word is a misspelt command: another error corrects the spelling.
        Some(_) if crate::text::nearest(name, commands.iter().copied()).is_some() => return None,
        Some(at) => {
            let command = rest.remove(at);
            if let Some(model) = rest.iter().position(|word| stands_back(word, name)) {
                rest[..=model].rotate_right(1);
            }
            rest.insert(0, command);
            return Some(format!("the command comes first: {}", line(&rest)));
        }
        None if !is_model(name) => return None,
        None if words.len() == first + 1 => "info",
        None => "lookup",
    };
    rest.insert(0, call.to_owned());
    Some(format!("a command comes first: {}", line(&rest)))
}

/// The call that the user probably meant, if an ID comes before the model.
pub(super) fn model_first(words: &[OsString], model: &str, others: &[String]) -> Option<String> {
    let meant = others.iter().find(|other| stands_back(other, model))?;
    let mut words: Vec<String> = words.iter().map(|word| word.to_string_lossy().into()).collect();
    let from = words.iter().position(|word| word == meant)?;
    let to = words.iter().position(|word| word == model)?;
    let meant = words.remove(from);
    words.insert(to, meant);
    Some(format!("the model comes before the tokens: {}", line(&words)))
}

fn first_positional(words: &[String]) -> Option<usize> {
    let mut at = 0;
    while let Some(word) = words.get(at) {
        if !word.starts_with('-') {
            return Some(at);
        }
        at += if WITH_VALUE.contains(&word.as_str()) { 2 } else { 1 };
    }
    None
}

/// Whether a word can only be a model, by its form.
fn is_model(word: &str) -> bool {
    toy::named(word).is_some() || Store::of_name(word).is_some() || {
        let word = word.to_ascii_lowercase();
        word.ends_with(".gguf")
            || ["https://", "http://", "hf://"].iter().any(|it| word.starts_with(it))
    }
}

/// Whether a word is the model, and the word in the model's place is not.
fn stands_back(word: &str, in_its_place: &str) -> bool {
    let is_number = in_its_place.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    // `toy` and `words` may be texts of tokens too.
    !is_model(in_its_place) && is_model(word) && (is_number || toy::named(word).is_none())
}

/// A message without the queries of the addresses in it, which may be secret.
pub(super) fn without_queries(message: &str) -> String {
    let mut shown = String::new();
    let mut rest = message;
    while let Some(at) = rest.find("://") {
        let is_end = |c: char| c.is_whitespace() || c == '\'';
        let end = rest[at..].find(is_end).map_or(rest.len(), |end| at + end);
        let query = rest[at..end].find('?').map_or(end, |query| at + query);
        shown += &rest[..query];
        rest = &rest[end..];
    }
    shown + rest
}

/// A call as it can be pasted into a shell.
fn line(words: &[String]) -> String {
    let words = words.iter().map(|word| quoted(word));
    ["embcli".to_owned()].into_iter().chain(words).collect::<Vec<_>>().join(" ")
}

fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || "_./:=,@%+-".contains(c);
    match !word.is_empty() && word.chars().all(is_plain) {
        true => word.to_owned(),
        false => format!("'{}'", word.replace('\'', r"'\''")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<OsString> {
        text.split('|').map(Into::into).collect()
    }

    #[test]
    fn the_command_is_moved_to_the_front() {
        for (typed, meant) in [
            ("model.gguf|lookup|5", Some("embcli lookup model.gguf 5")),
            ("my model.gguf|lookup| cat", Some("embcli lookup 'my model.gguf' ' cat'")),
            ("llama3.2|neighbors|it's", Some(r"embcli neighbors llama3.2 'it'\''s'")),
            ("--format|json|toy|info", Some("embcli info --format json toy")),
            ("5|lookup|m.GGUF", Some("embcli lookup m.GGUF 5")),
            ("model.gguf", Some("embcli info model.gguf")),
            ("hf:org/repo|5|6", Some("embcli lookup hf:org/repo 5 6")),
            ("toy| cat", Some("embcli lookup toy ' cat'")),
            ("lokup|toy|5", None),
            ("lokup|lookup", None),
            ("nonsense", None),
            ("--format", None),
        ] {
            let call = reordered(&words(typed), &["lookup", "neighbors", "info"]);
            let call = call.as_deref().and_then(|text| Some(text.split_once(": ")?.1));
            assert_eq!(call, meant, "{typed}");
        }
    }

    #[test]
    fn words_of_other_programs_lead_on() {
        assert_eq!(meant("diff", &["check", "map"]), Some("check"));
        assert_eq!(meant("plot", &["check", "map"]), Some("map"));
        assert_eq!(meant("dump", &["export"]), Some("export"));
        assert_eq!(meant("plot", &["check"]), None);
        assert_eq!(meant("lokup", &["lookup"]), None);
    }

    #[test]
    fn the_model_is_moved_before_the_tokens() {
        for (typed, meant) in [
            ("lookup|5|6|model.gguf", Some("embcli lookup model.gguf 5 6")),
            ("lookup|0..5|toy|--full", Some("embcli lookup toy 0..5 --full")),
            ("lookup| cat|hf:a/b", Some("embcli lookup hf:a/b ' cat'")),
            // The token "toy" of a model in a store.
            ("lookup|llama3.2|toy", None),
            ("lookup|a.gguf|b.gguf", None),
            ("lookup|5|6", None),
        ] {
            let all = words(typed);
            let others: Vec<String> =
                all[2..].iter().map(|word| word.to_str().unwrap().to_owned()).collect();
            let call = model_first(&all, all[1].to_str().unwrap(), &others);
            let call = call.as_deref().and_then(|text| Some(text.split_once(": ")?.1));
            assert_eq!(call, meant, "{typed}");
        }
    }
}
