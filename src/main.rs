//! Token embeddings under the microscope.

use std::io::{self, Write};
use std::process::ExitCode;

use embcli::cli::{Cli, Command, Stop};
use embcli::{commands, report, text};

/// Exit codes: 0 success, 1 failure, 2 wrong usage.
fn main() -> ExitCode {
    let cli = match Cli::parse_from_args(std::env::args_os()) {
        Ok(cli) => cli,
        Err(Stop { text, asked: true }) => {
            return finish(writeln!(io::stdout(), "{text}").map_err(Into::into));
        }
        Err(Stop { text, asked: false }) => {
            eprintln!("{text}");
            return ExitCode::from(2);
        }
    };
    finish(run(&cli))
}

fn run(cli: &Cli) -> anyhow::Result<()> {
    if let (Command::Neighbors(args), Some(form)) = (&cli.command, cli.stream_form()) {
        let notes = commands::stream(args, &mut report::Stream::new(form, io::stdout().lock()))?;
        for note in notes {
            eprintln!("note: {}", text::visible(&note));
        }
        return Ok(());
    }
    let answer = commands::run(&cli.command)?;
    let mut out = io::BufWriter::new(io::stdout().lock());
    let style = report::Style { values: cli.command.values(), ..report::Style::of_stdout() };
    report::write(&answer, cli.format.into(), &style, &mut out)?;
    out.flush()?;
    Ok(())
}

fn finish(result: anyhow::Result<()>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        // Whoever reads our output has seen enough, as `| head` has.
        Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {}", text::visible(&format!("{error:#}")));
            ExitCode::FAILURE
        }
    }
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        let io = cause.downcast_ref::<io::Error>();
        io.is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
    })
}
