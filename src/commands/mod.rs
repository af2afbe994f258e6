//! One file a subcommand: arguments in, an answer out.

mod footprint;
mod ids;
mod lookup;
mod model;
mod neighbors;

use anyhow::Result;

use crate::answer::Answer;
use crate::cli::Command;

/// Carries out a command.
pub fn run(command: &Command) -> Result<Answer> {
    Ok(match command {
        Command::Lookup(args) => Answer::Lookup(lookup::run(args)?),
        Command::Neighbors(args) => Answer::Neighbors(neighbors::run(args)?),
        Command::Footprint(args) => Answer::Footprint(footprint::run(args)?),
    })
}
