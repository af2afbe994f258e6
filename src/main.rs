//! Token embeddings under the microscope.

use std::io::{self, Write};
use std::process::ExitCode;

use anyhow::Context;
use embcli::cli::{Cli, Command, Stop};
use embcli::{commands, gguf, report, text};

/// Exit codes: 0 success, 1 failure, 2 wrong usage; 130 in a shell after Ctrl-C.
///
/// Ctrl-C is left to kill the process, which shells report as 130: a program
/// that exits with that number by itself looks like one that chose to, and a
/// script's loop around it goes on. Nothing is half done when it comes, as no
/// file is written.
fn main() -> ExitCode {
    gguf::exit_on_sigbus();
    let cli = match Cli::parse_from_args(std::env::args_os()) {
        Ok(cli) => cli,
        Err(Stop { text, asked: true }) => {
            return finish(writeln!(io::stdout(), "{text}").context(WRITING));
        }
        Err(Stop { text, asked: false }) => {
            complain(&text);
            return ExitCode::from(2);
        }
    };
    finish(run(&cli))
}

const WRITING: &str = "writing to standard output";

fn run(cli: &Cli) -> anyhow::Result<()> {
    if let (Command::Neighbors(args), Some(form)) = (&cli.command, cli.stream_form()) {
        let notes = commands::stream(args, &mut report::Stream::new(form, io::stdout().lock()))?;
        for note in notes {
            complain(&format!("note: {}", text::visible(&note)));
        }
        return Ok(());
    }
    if let Command::Tokens(args) = &cli.command {
        let out = io::BufWriter::with_capacity(1 << 16, io::stdout().lock());
        let style = report::Style::of_stdout();
        let mut sink = report::Tokens::new(cli.format.into(), &style, out);
        for note in commands::stream_tokens(args, &mut sink)? {
            complain(&format!("note: {}", text::visible(&note)));
        }
        return Ok(());
    }
    let answer = commands::run(&cli.command)?;
    let mut out = io::BufWriter::new(io::stdout().lock());
    let style = report::Style { values: cli.command.values(), ..report::Style::of_stdout() };
    report::write(&answer, cli.format.into(), &style, &mut out).context(WRITING)?;
    out.flush().context(WRITING)
}

fn finish(result: anyhow::Result<()>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        // Whoever reads our output has seen enough, as `| head` has.
        Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            complain(&format!("error: {}", text::visible(&format!("{error:#}"))));
            ExitCode::FAILURE
        }
    }
}

/// Says it on standard error, if that can be written to: `eprintln!` panics
/// where it can't, and the exit code is still to be given.
fn complain(text: &str) {
    let _ = writeln!(io::stderr(), "{text}");
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        let io = cause.downcast_ref::<io::Error>();
        io.is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
    })
}
