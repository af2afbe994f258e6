//! Runs every command on one file.

use std::path::Path;

use embcli::cli::Cli;
use embcli::gguf::Gguf;
use embcli::report::{Form, Printer, Style};
use embcli::text;

/// Runs each command on a file. Panics if a raw control character is printed.
pub fn every_command(bytes: &[u8]) {
    let open = |_: &Path| Ok(Gguf::new(Box::new(bytes.to_vec()))?.into());
    let style = Style { width: 80, color: false, quiet: false };
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
        "check m m",
        "tour m",
    ] {
        let words = ["embcli"].into_iter().chain(line.split(' ')).map(Into::into);
        let Ok(cli) = Cli::parse_from_args(words) else { unreachable!("{line}") };
        let request = cli.command.request();
        let mut printed = Vec::new();
        for form in [Form::Table, Form::Json, Form::Csv, Form::Md] {
            if let Err(error) = request.answer(&open, &mut Printer::new(form, style, &mut printed)) {
                printed.extend(text::visible(&format!("{error:#}")).bytes());
                break;
            }
        }
        let printed = std::str::from_utf8(&printed).expect("UTF-8");
        assert!(!printed.chars().any(|c| c != '\n' && text::acts(c)), "raw in {printed:?}");
    }
}
