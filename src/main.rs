//! Token embeddings under the microscope.

mod early;
mod run;

use std::io::{self, Write};
use std::process::ExitCode;

use anstream::stream::RawStream;
use anstream::{AutoStream, ColorChoice};
use embcli::cli::{Cli, Stop};
use embcli::output::Place;
use embcli::{commands, gguf, output, text};

use run::{complain, is_broken_pipe, run, success};

/// Exit codes: 0 success, 1 failure, 2 wrong usage; 130 in a shell after Ctrl-C.
///
/// Ctrl-C is left to kill the process, which shells report as 130: a program
/// that exits with that number by itself looks like one that chose to, and a
/// script's loop around it goes on. Nothing is half done when it comes, as a
/// file gets its name when it is whole.
fn main() -> ExitCode {
    gguf::exit_on_sigbus();
    output::prepare_for_signals();
    match commands::complete(std::env::args_os()) {
        Ok(false) => {}
        answered => return finish(answered.map(|_| ExitCode::SUCCESS)),
    }
    let cli = match Cli::parse_from_args(std::env::args_os()) {
        Ok(cli) => cli,
        Err(stop) if stop.asked => {
            let text = worded(&stop, &io::stdout());
            return finish(print(text).map(success));
        }
        Err(stop) => {
            complain(worded(&stop, &io::stderr()));
            return ExitCode::from(2);
        }
    };
    finish(run(&cli))
}

/// Prints a text that was asked for.
fn print(text: &str) -> anyhow::Result<()> {
    let mut out = Place::Stdout.open()?;
    writeln!(out, "{text}")?;
    out.finish()
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
            complain(&format!("error: {}", text::harmless(&format!("{error:#}"))));
            ExitCode::FAILURE
        }
    }
}
