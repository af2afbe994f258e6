//! One file a subcommand: arguments in, an answer out.

mod by_text;
mod check;
mod completions;
mod footprint;
mod ids;
mod info;
mod lookup;
mod man;
mod model;
mod models;
mod neighbors;
mod text;
mod tokens;
mod tour;

use std::path::Path;

use anyhow::Result;

use crate::answer::{Answer, Sink, TokenSink, TourSink};
use crate::cli::{self, Command};
use crate::gguf::Model;
use crate::store::Stores;

pub use completions::complete;

/// How a command comes by the model that it was given the name of.
pub type Opener<'a> = &'a dyn Fn(&Path) -> Result<Model>;

/// Carries out a command on files.
pub fn run(command: &Command) -> Result<Answer> {
    run_with(command, &model::open)
}

/// Carries out a command on a model from elsewhere: memory, in tests.
pub fn run_with(command: &Command, open: Opener) -> Result<Answer> {
    Ok(match command {
        Command::Lookup(args) => Answer::Lookup(lookup::run(args, open)?),
        Command::Neighbors(args) => Answer::Neighbors(neighbors::run(args, open)?),
        Command::Footprint(args) => Answer::Footprint(footprint::run(args, open)?),
        Command::Tokens(args) if args.text.is_given() => Answer::Tokenized(text::run(args, open)?),
        Command::Tokens(args) => Answer::Tokens(tokens::collect(args, open)?),
        Command::Info(args) => Answer::Info(Box::new(info::run(args, open)?)),
        Command::Tour(args) if args.list => Answer::TourList(tour::list()),
        Command::Tour(args) => Answer::Tour(Box::new(tour::collect(args, open)?)),
        Command::Check(args) => Answer::Check(Box::new(check::run(args, open)?)),
        Command::Models => Answer::Models(models::run(&Stores::of_process())?),
        Command::Completions(args) => Answer::Text(completions::script(args)?),
        Command::Man(args) => Answer::Text(man::page(args)?),
    })
}

/// Carries out `neighbors --all`, whose answers are given to `sink` as they are
/// found; returns what a reader should know besides.
///
/// # Errors
/// Those of the model, and those of the sink, which end the work.
pub fn stream(args: &cli::Neighbors, sink: &mut dyn Sink) -> Result<Vec<String>> {
    neighbors::run_all(args, &model::open, sink)
}

/// Carries out `tokens`, whose answers are given to `sink` as they are found;
/// returns what a reader should know besides.
///
/// # Errors
/// Those of the model, and those of the sink, which end the work.
pub fn stream_tokens(args: &cli::Tokens, sink: &mut dyn TokenSink) -> Result<Vec<String>> {
    tokens::run(args, &model::open, sink)
}

/// Carries out `tour`, whose steps are given to `sink` as they are taken, until
/// it wants no more.
///
/// # Errors
/// Those of the model, and those of the sink, which end the tour.
pub fn walk_tour(args: &cli::Tour, sink: &mut dyn TourSink) -> Result<()> {
    tour::run(args, &model::open, sink)
}
