//! Runs each command on a whole file. No output may contain raw control characters.
#![no_main]

use std::path::Path;

use embcli::cli::Cli;
use embcli::gguf::{Gguf, Model};
use embcli::report::{self, Format, Style};
use embcli::{commands, text};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let open = |_: &Path| Ok(Model::from(Gguf::new(Box::new(bytes.to_vec()))?));
    let style = Style { width: 80, values: None, color: false };
    for line in [
        "lookup m 0 1",
        "lookup m --text a --as-input",
        "neighbors m 0",
        "neighbors m 1 --metric l2",
        "footprint m",
        "info m",
        "tokens m --norm",
        "tokens m --text a",
        "check m",
        "tour m",
    ] {
        let words = ["embcli"].into_iter().chain(line.split(' ')).map(Into::into);
        let Ok(cli) = Cli::parse_from_args(words) else { unreachable!("{line}") };
        let mut printed = Vec::new();
        match commands::run_with(&cli.command, &open) {
            Ok(answer) => {
                for format in [Format::Table, Format::Json, Format::Csv, Format::Md] {
                    report::write(&answer, format, &style, &mut printed).expect("memory takes all");
                }
            }
            Err(error) => printed.extend(text::visible(&format!("{error:#}")).bytes()),
        }
        let printed = std::str::from_utf8(&printed).expect("UTF-8");
        assert!(!printed.chars().any(|c| c != '\n' && text::acts(c)), "raw in {printed:?}");
    }
});
