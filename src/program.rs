//! The program: a command line in, an answer on standard output or in a file,
//! remarks on standard error, an exit code.

use std::io::{self, BufRead, IsTerminal, Write};
use std::process::ExitCode;

use anstream::stream::RawStream;
use anstream::{AutoStream, ColorChoice};
use anyhow::{Context, Result, bail};

use crate::cli::{Cli, Stop, complete};
use crate::output::Place;
use crate::report::{Form, Printer, Style};
use crate::{commands, source, text};

/// Runs the program on the arguments of this process.
///
/// Exit codes: 0 success, 1 failure, 2 wrong usage; 130 in a shell after Ctrl-C.
/// Ctrl-C kills the process, which shells report as 130: a program that exits
/// with that number by itself looks like one that chose to, and a script's loop
/// around it goes on. Nothing is half done when it comes, as a file gets its
/// name when it is whole.
pub fn main() -> ExitCode {
    source::exit_on_sigbus();
    match complete(std::env::args_os()) {
        Ok(false) => {}
        answered => return finish(answered.map(|_| ExitCode::SUCCESS)),
    }
    match Cli::parse_from_args(std::env::args_os()) {
        Ok(cli) => finish(run(&cli)),
        Err(stop) if stop.asked => {
            let written = writeln!(io::stdout(), "{}", worded(&stop, &io::stdout()));
            let written = written.context("writing to standard output");
            finish(written.map(|()| ExitCode::SUCCESS))
        }
        Err(stop) => {
            complain(worded(&stop, &io::stderr()));
            ExitCode::from(2)
        }
    }
}

/// Carries out a command; the exit code says what came of it.
fn run(cli: &Cli) -> Result<ExitCode> {
    let place = Place::of(cli.output.as_deref(), cli.force)?;
    let (request, form) = (cli.command.request(), cli.form());
    if form == Form::Npy && place.is_terminal() {
        bail!("npy is for programs, not for a terminal: write it to a file, -o rows.npy");
    }
    let style = Style { color: place.color(cli.color.into()), ..Style::of_stdout() };
    let is_read = place.is_terminal() && io::stdin().is_terminal();
    let mut ask = || goes_on(&mut io::stdin().lock(), &mut io::stderr());
    let mut out = place.open()?;
    let mut printer = Printer::new(form, style, &mut out);
    if is_read {
        printer = printer.asking(&mut ask);
    }
    let answered = request.answer(&commands::open, &mut printer);
    let Printer { exit_code, notes, .. } = printer;
    match answered.and_then(|()| out.finish()) {
        // A verdict stands, whether or not all of it was read.
        Err(error) if !is_broken_pipe(&error) => return Err(error),
        _ => notes.iter().for_each(|note| complain(&format!("note: {}", text::visible(note)))),
    }
    Ok(ExitCode::from(exit_code))
}

/// The text as a stream can show it.
fn worded<'a>(stop: &'a Stop, stream: &impl RawStream) -> &'a str {
    match stop.color.into() {
        ColorChoice::Auto if AutoStream::choice(stream) == ColorChoice::Never => &stop.text,
        ColorChoice::Never => &stop.text,
        _ => &stop.styled,
    }
}

fn finish(result: Result<ExitCode>) -> ExitCode {
    match result {
        Ok(code) => code,
        Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            complain(&format!("error: {}", text::visible(&format!("{error:#}"))));
            ExitCode::FAILURE
        }
    }
}

/// Whether whoever reads our output has seen enough, as `| head` has.
fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        let io = cause.downcast_ref::<io::Error>();
        io.is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
    })
}

/// Says it on standard error, if that can be written to: `eprintln!` panics
/// where it can't, and the exit code is still to be given.
fn complain(text: &str) {
    let _ = writeln!(io::stderr(), "{text}");
}

/// Asks whether to go on: Enter does; `q`, or the end of the input, does not.
fn goes_on(input: &mut dyn BufRead, prompt: &mut dyn Write) -> Result<bool> {
    // Who can't see it is waiting all the same.
    let _ = write!(prompt, "\n(Enter goes on, q ends) ").and_then(|()| prompt.flush());
    let mut line = String::new();
    let read = input.read_line(&mut line).context("reading standard input")?;
    if read == 0 {
        let _ = writeln!(prompt);
    }
    Ok(read > 0 && !line.trim().to_lowercase().starts_with('q'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn enter_goes_on_and_q_ends() {
        for (typed, on) in
            [("\n", true), ("yes\n", true), ("q\n", false), ("Quit\n", false), ("", false)]
        {
            let mut prompt = Vec::new();
            assert_eq!(goes_on(&mut typed.as_bytes(), &mut prompt).unwrap(), on, "{typed:?}");
            assert!(!prompt.is_empty());
        }
    }
}
