//! Token embeddings under the microscope.

mod run;

use std::io::{self, Write};
use std::process::ExitCode;

use anstream::stream::RawStream;
use anstream::{AutoStream, ColorChoice};
use anyhow::Context;
use embcli::cli::{Cli, Stop};
use embcli::{commands, source, text};

use run::{complain, is_broken_pipe, run, success};

/// Exit codes: 0 success, 1 failure, 2 wrong usage; 130 in a shell after Ctrl-C.
///
/// Ctrl-C is left to kill the process, which shells report as 130: a program
/// that exits with that number by itself looks like one that chose to, and a
/// script's loop around it goes on. Nothing is half done when it comes, as a
/// file gets its name when it is whole.
fn main() -> ExitCode {
    source::exit_on_sigbus();
    match commands::complete(std::env::args_os()) {
        Ok(false) => {}
        answered => return finish(answered.map(|_| ExitCode::SUCCESS)),
    }
    let cli = match Cli::parse_from_args(std::env::args_os()) {
        Ok(cli) => cli,
        Err(stop) if stop.asked => {
            let text = worded(&stop, &io::stdout());
            let written = writeln!(io::stdout(), "{text}").context("writing to standard output");
            return finish(written.map(success));
        }
        Err(stop) => {
            complain(worded(&stop, &io::stderr()));
            return ExitCode::from(2);
        }
    };
    finish(run(&cli))
}

/// The text as a stream can show it.
fn worded<'a>(stop: &'a Stop, stream: &impl RawStream) -> &'a str {
    match stop.color.into() {
        ColorChoice::Auto if AutoStream::choice(stream) == ColorChoice::Never => &stop.text,
        ColorChoice::Never => &stop.text,
        _ => &stop.styled,
    }
}

fn finish(result: anyhow::Result<ExitCode>) -> ExitCode {
    match result {
        Ok(code) => code,
        Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            complain(&format!("error: {}", text::visible(&format!("{error:#}"))));
            ExitCode::FAILURE
        }
    }
}
