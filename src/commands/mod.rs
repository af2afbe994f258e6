//! One file a subcommand: arguments in, an answer out.

mod footprint;
mod ids;
mod lookup;
mod model;
mod neighbors;

use anyhow::Result;

use crate::answer::{Answer, Sink};
use crate::cli::{self, Command};

/// Carries out a command.
pub fn run(command: &Command) -> Result<Answer> {
    Ok(match command {
        Command::Lookup(args) => Answer::Lookup(lookup::run(args)?),
        Command::Neighbors(args) => Answer::Neighbors(neighbors::run(args)?),
        Command::Footprint(args) => Answer::Footprint(footprint::run(args)?),
    })
}

/// Carries out `neighbors --all`, whose answers are given to `sink` as they are
/// found; returns what a reader should know besides.
///
/// # Errors
/// Those of the model, and those of the sink, which end the work.
pub fn stream(args: &cli::Neighbors, sink: &mut dyn Sink) -> Result<Vec<String>> {
    neighbors::run_all(args, sink)
}
