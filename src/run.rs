//! A command carried out: its results where they belong, its remarks on
//! standard error.

use std::io::{self, BufRead, IsTerminal, Write};
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use embcli::cli::{Cli, Command};
use embcli::output::Place;
use embcli::{commands, report, text};

/// Carries out a command; the exit code says what came of it.
pub fn run(cli: &Cli) -> Result<ExitCode> {
    let place = Place::of(cli.output.as_deref(), cli.force)?;
    let format = cli.format().into();
    if format == report::Format::Npy && place.is_terminal() {
        bail!("npy is for programs, not for a terminal: write it to a file, -o rows.npy");
    }
    let style = report::Style {
        values: cli.command.values(),
        color: place.color(cli.color.into()),
        ..report::Style::of_stdout()
    };
    if let (Command::Neighbors(args), Some(form)) = (&cli.command, cli.stream_form()) {
        let mut out = place.open()?;
        let notes = commands::stream(args, &mut report::Stream::new(form, &mut out))?;
        return out.finish().map(|()| remark(notes.iter().map(String::as_str))).map(success);
    }
    if let Command::Tokens(args) = &cli.command
        && !args.text.is_given()
    {
        let mut out = place.open()?;
        let notes =
            commands::stream_tokens(args, &mut report::Tokens::new(format, &style, &mut out))?;
        return out.finish().map(|()| remark(notes.iter().map(String::as_str))).map(success);
    }
    if let (Command::Tour(args), Some(steps)) = (&cli.command, cli.steps_to_read()) {
        let is_read = place.is_terminal() && io::stdin().is_terminal();
        let mut left = if is_read { steps } else { 0 };
        let goes_on = || {
            left = left.saturating_sub(1);
            if left > 0 { goes_on(&mut io::stdin().lock(), &mut io::stderr()) } else { Ok(true) }
        };
        let mut out = place.open()?;
        commands::walk_tour(args, &mut report::Tour::new(style, goes_on, &mut out))?;
        return out.finish().map(success);
    }
    let answer = commands::run(&cli.command)?;
    let mut out = place.open()?;
    let written = report::write(&answer, format, &style, &mut out).and_then(|()| out.finish());
    match written {
        // A verdict stands, whether or not all of it was read.
        Err(error) if !is_broken_pipe(&error) => return Err(error),
        _ => remark(report::remarks(&answer, format)),
    }
    Ok(ExitCode::from(answer.exit_code()))
}

/// Whether whoever reads our output has seen enough, as `| head` has.
pub fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        let io = cause.downcast_ref::<io::Error>();
        io.is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
    })
}

/// The exit code of what was carried out.
pub fn success((): ()) -> ExitCode {
    ExitCode::SUCCESS
}

/// Says what a reader should know besides an answer that has no place for it.
fn remark<'a>(notes: impl IntoIterator<Item = &'a str>) {
    for note in notes {
        complain(&format!("note: {}", text::harmless(note)));
    }
}

/// Says it on standard error, if that can be written to: `eprintln!` panics
/// where it can't, and the exit code is still to be given.
pub fn complain(text: &str) {
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
