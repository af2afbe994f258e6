//! Runs the program: it parses the command line, writes the answer to standard output
//! or a file, writes notes and errors to standard error, and sets the exit code.

#[cfg(feature = "remote")]
use std::cell::OnceCell;
use std::io::{self, IsTerminal, Write};
#[cfg(feature = "remote")]
use std::path::Path;
use std::process::ExitCode;
#[cfg(feature = "remote")]
use std::sync::Arc;

use anstream::stream::RawStream;
use anstream::{AutoStream, ColorChoice};
#[cfg(feature = "remote")]
use anyhow::Context;
use anyhow::{Result, bail};

use crate::cli::{Cli, Stop, complete};
#[cfg(feature = "remote")]
use crate::model::Model;
use crate::output::Destination;
use crate::report::{Beside, Form, Printer, Style};
use crate::{commands, output, text};
#[cfg(feature = "remote")]
use crate::{remote::Wire, store::is_address};

/// Runs the program on the arguments of this process.
///
/// Exit codes: 0 success, 1 failure, 2 wrong usage; 130 in a shell after Ctrl-C.
/// Ctrl-C kills the process, and shells report that as 130. If the program exited with
/// 130 by itself, a loop in a shell script would go on. No half-written file remains,
/// because a file gets its name when it is complete.
pub fn main() -> ExitCode {
    output::prepare_for_signals();
    match complete(std::env::args_os()) {
        Ok(false) => {}
        answered => return finish(answered.map(|_| ExitCode::SUCCESS)),
    }
    match Cli::parse_from_args(std::env::args_os()) {
        Ok(cli) => finish(run(&cli)),
        Err(stop) if stop.asked => finish(print(worded(&stop, &io::stdout()))),
        Err(stop) => {
            complain(worded(&stop, &io::stderr()));
            ExitCode::from(2)
        }
    }
}

fn print(text: &str) -> Result<ExitCode> {
    let mut out = Destination::Stdout.open()?;
    writeln!(out, "{text}")?;
    out.finish().map(|()| ExitCode::SUCCESS)
}

fn run(cli: &Cli) -> Result<ExitCode> {
    let destination = Destination::of(cli.output.as_deref(), cli.force)?;
    let (request, form) = (cli.command.request(), cli.form());
    if (form.is_binary() || form == Form::Html) && destination.is_terminal() {
        let form = form.name();
        bail!("{form} is not for a terminal: write it to a file, -o FILE.{form}");
    }
    let beside = match (&cli.output, request.beside(form)) {
        (Some(path), Some(extension)) => destination.beside(path, extension, cli.force)?,
        _ => None,
    };
    let color = destination.color(cli.color.into());
    let style = Style { color, quiet: cli.quiet, ..Style::of_stdout() };
    let is_read = destination.is_terminal() && io::stdin().is_terminal();
    let mut keys = output::Keys;
    let mut out = destination.open()?;
    let mut beside = match beside {
        Some((name, destination)) => Some((name, destination.open()?)),
        None => None,
    };
    let mut printer = Printer::new(form, style, &mut out);
    if is_read {
        printer = printer.read_by(&mut keys);
    }
    printer.beside = beside.as_mut().map(|(name, out)| Beside { name: name.clone(), out });
    #[cfg(feature = "remote")]
    let wire = OnceCell::new();
    #[cfg(feature = "remote")]
    let open = |name: &Path| open(name, &wire, || Wire::new(cli.remote.access(), request.reads()));
    #[cfg(not(feature = "remote"))]
    let open = commands::open;
    let answered = request.answer(&open, &mut printer);
    #[cfg_attr(not(feature = "remote"), expect(unused_mut))]
    let Printer { exit_code, mut notes, .. } = printer;
    #[cfg(feature = "remote")]
    notes.extend(wire.get().into_iter().flat_map(|wire| wire.notes()));
    let finished = answered.and_then(|()| {
        beside.map_or(Ok(()), |(_, beside)| beside.finish())?;
        out.finish()
    });
    match finished {
        // The exit code of `check` holds even if the reader closed the pipe.
        Err(error) if !is_broken_pipe(&error) => return Err(error),
        _ if cli.quiet => {}
        _ => notes.iter().for_each(|note| complain(&format!("note: {}", text::harmless(note)))),
    }
    Ok(ExitCode::from(exit_code))
}

/// Opens a model by its path, its name in a store, or its address.
#[cfg(feature = "remote")]
fn open(
    name: &Path,
    wire: &OnceCell<Arc<Wire>>,
    connect: impl Fn() -> Result<Arc<Wire>>,
) -> Result<Model> {
    if !is_address(name) {
        return commands::open(name);
    }
    let wire = match wire.get() {
        Some(wire) => wire,
        None => {
            let new = connect()?;
            wire.get_or_init(|| new)
        }
    };
    wire.open(name).with_context(|| name.display().to_string())
}

/// The text, with colours if the stream shows them.
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
            complain(&format!("error: {}", text::harmless(&format!("{error:#}"))));
            ExitCode::FAILURE
        }
    }
}

/// Whether the reader closed the pipe, as `| head` does.
fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        let io = cause.downcast_ref::<io::Error>();
        io.is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
    })
}

/// Prints to standard error and ignores failures. `eprintln!` would panic, and the
/// exit code would be lost.
fn complain(text: &str) {
    let _ = writeln!(io::stderr(), "{text}");
}
