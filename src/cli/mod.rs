//! The command line: arguments, defaults, help, and the request that they make.

mod args;
mod completions;
mod export;
mod first;
mod form;
mod man;
mod manual;
#[cfg(feature = "remote")]
mod remote;

use std::ffi::OsString;
use std::path::PathBuf;

use clap::error::ErrorKind;
use clap::{CommandFactory, Parser, Subcommand};

use crate::commands::Request;
use crate::commands::models::ModelsRequest;
use crate::embedding::TOKEN_EMBEDDING;
use crate::report::{Form, listed};
use crate::store::Stores;

pub use args::*;
pub use completions::complete;
pub use export::ExportArgs;
pub use form::Color;

/// Look at the first matrix of a language model: its token embedding table.
///
/// Before a language model does any mathematics, each token ID picks one row of
/// a learned table of n_vocab rows and d_model columns. embcli finds that table
/// in a GGUF file (llama.cpp, Ollama, LM Studio), reads rows of any quantised
/// type, and shows their shape, cost and geometry.
#[derive(Debug, Parser)]
#[command(
    name = "embcli",
    version,
    subcommand_required = true,
    after_help = first::AFTER
)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Command,

    /// How to print the answer [default: table, or the extension of --output]
    #[arg(long, global = true, display_order = 100, value_enum, long_help = manual::FORMAT_LONG)]
    pub format: Option<Form>,

    /// Write the answer to a file: complete or not at all
    ///
    /// The extension gives the form: .txt (the table), .json, .jsonl, .csv,
    /// .tsv, .md, .npy, .svg, .sarif, .safetensors, .parquet, .html or .png. The file
    /// gets its name when it is complete, so a command that fails leaves no file. - is
    /// standard output; a pipe or a device receives the bytes at once.
    #[arg(short, long, global = true, display_order = 101, value_name = "FILE")]
    pub output: Option<PathBuf>,

    /// Replace the file if it exists
    #[arg(long, global = true, display_order = 102, requires = "output")]
    pub force: bool,

    /// Colour tables
    ///
    /// Colour only repeats what the marks show. Other forms have no colour.
    #[arg(long, global = true, display_order = 103, value_name = "WHEN", value_enum, default_value_t = Color::Auto)]
    pub color: Color,

    /// Leave out explanations and notes
    ///
    /// The results stay. JSON and exit codes are the same as without it.
    #[arg(short, long, global = true, display_order = 104)]
    pub quiet: bool,

    #[cfg(feature = "remote")]
    #[command(flatten)]
    pub remote: remote::RemoteArgs,
}

/// What embcli can do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Token IDs to rows: the matrix a model starts from
    #[command(long_about = manual::LOOKUP, after_help = "\
Examples:
  embcli lookup toy 791 2368 3290        three IDs, a [3, d_model] matrix
  embcli lookup toy The ' cat' ' sat'    tokens by their text
  embcli lookup toy --token 7            the token that reads 7, not ID 7
  embcli lookup toy --text 'The cat'     a text, by the model's own tokenizer
  embcli lookup toy 450 --values 2       the first two values of row 450
  embcli lookup toy 0..5 --full          every value of rows 0 to 4
  embcli lookup toy 791 --as-input       as the first block receives it
  embcli lookup toy 0..5 -o rows.npy     a matrix that numpy.load opens
  embcli lookup hf://org/repo ' cat'     from the hub: the header and a row
  echo 1,2,3 | embcli lookup toy -       IDs from standard input")]
    Lookup(LookupArgs),

    /// The rows nearest to a token's row, over the whole table
    #[command(long_about = manual::NEIGHBORS, after_help = "\
Examples:
  embcli neighbors toy 2368                          the ten nearest by cosine
  embcli neighbors toy ' cat'                        by the token's text
  embcli neighbors toy 2368 5765 -k 5                two IDs, one pass
  embcli neighbors toy 2368 --metric l2              by Euclidean distance
  embcli neighbors toy 2368 --as-input               as the first block's input
  embcli neighbors toy 2368 --centre                 without the mean row
  embcli neighbors toy 2368 --words-only             no pieces of words
  embcli neighbors model.gguf ' king' --minus ' man' --plus ' woman'
  embcli neighbors model.gguf --vector x.npy         of vectors from outside
  embcli neighbors toy --all --format csv            of every row, as they come
  embcli neighbors toy --all 0..500 --format jsonl   of a part of them
  embcli neighbors hf://org/repo ' cat' --fetch-table

A row of zeros has no direction: under cosine and dot it is an error as a query,
and under cosine left out and counted as a candidate. Rows with a NaN or an
infinity are left out and counted under every metric.

--all writes whole lines as it goes. It uses at most 150 MB of memory for a
table of any size (not counting pages of the file, which the system caches).
Rows come in the order of their IDs: to continue after a stop, give the range
that is missing. Rows that can't be queries are skipped and counted on standard
error.")]
    Neighbors(NeighborsArgs),

    /// How near tokens are to each other: a number, or a matrix
    #[command(long_about = manual::SIMILARITY, after_help = "\
Examples:
  embcli similarity toy ' cat' ' dog'              one number
  embcli similarity toy ' cat' ' dog' ';'          each with each
  embcli similarity toy ' cat' ' dog' --centre     without the mean row
  embcli similarity toy --words FILE               a token text a line
  embcli similarity toy 0..20 -o similarity.svg    a heat map
  embcli similarity toy 0..20 -o similarity.npy    a matrix for numpy")]
    Similarity(SimilarityArgs),

    /// A is to B as C is to what? By vector arithmetic
    #[command(long_about = manual::ANALOGY, after_help = "\
Examples:
  embcli analogy model.gguf ' man' ' king' ' woman'
  embcli analogy model.gguf ' Paris' ' France' ' Rome' --whiten
  embcli analogy model.gguf ' cat' ' cats' ' dog' --method mul
  embcli analogy model.gguf --test fixtures/analogies.txt

A, B and C are left out of the answer, and so are tokens that differ from them
only in case or spaces (--variants keeps these).")]
    Analogy(AnalogyArgs),

    /// The shape of a table: norms, mean, cosines, dimensions
    #[command(long_about = manual::STATS, after_help = "\
Examples:
  embcli stats toy                            one screen
  embcli stats a.gguf b.gguf                  two tables side by side
  embcli stats model.gguf --format json       every number, every digit
  embcli stats model.gguf --tensor output.weight

The answer is computed from all rows, in float64, and is the same for any number
of threads. (The spread of the cosines of a large table is in part summed in
float32: nine digits of it are right.) One number is an estimate: the spread of
the cosines of centred rows, of a table with more than 65,536 rows. JSON says
from how many rows (sd_rows). One pair of near-duplicates in a hundred may be
missed.")]
    Stats(StatsArgs),

    /// A map of the vocabulary: a page, a picture, or dots
    #[command(long_about = manual::MAP, after_help = "\
Examples:
  embcli map                                    the built-in words, in dots
  embcli map model.gguf -o map.html             a page: search, click, zoom
  embcli map model.gguf -o map.svg              a picture
  embcli map model.gguf -o map.png --label ' cat' --label ' dog'
  embcli map model.gguf --text 'The cat sat' -o map.html
  embcli map model.gguf 0..5000 -o map.csv      places, for a program
  embcli map model.gguf --words FILE            only the tokens of a list
  embcli map model.gguf --method pca            at once

A row of zeros, or with a NaN or an infinity, has no direction and so no place: it
is left out and counted.")]
    Map(MapArgs),

    /// Rows or their neighbours, in files that other tools load
    #[command(long_about = manual::EXPORT, after_help = "\
Examples:
  embcli export model.gguf -o rows.npy           all rows, tokens in rows.jsonl
  embcli export model.gguf -o rows.safetensors --dtype BF16
  embcli export model.gguf -o rows.parquet       for DuckDB, pandas, polars, ...
  embcli export model.gguf -o rows.parquet --compress
  embcli export model.gguf 0..1000 -o rows.npy   a range of rows
  embcli export model.gguf --words FILE -o rows.npy
  embcli export model.gguf --neighbors 10 -o edges.parquet
  embcli export model.gguf 0..100 --neighbors 10 -o edges.csv
  embcli export model.gguf --neighbors 15 --atlas -o atlas.parquet

All files are written as they are computed, in less than 64 MB of memory for a
table of any length (--neighbors 150 MB; --atlas some 700 bytes a row, as map).
.parquet needs the feature `parquet`, which release binaries have.")]
    Export(ExportArgs),

    /// The size of a table at each precision
    #[command(long_about = manual::FOOTPRINT, after_help = "\
Examples:
  embcli footprint --vocab 128000 --dim 4096          a table on paper
  embcli footprint --vocab 128000 --dim 4096,8192     two, side by side
  embcli footprint --like llama3-8b                   a well-known one
  embcli footprint toy                                the one in a file")]
    Footprint(FootprintArgs),

    /// The vocabulary: every token, those that match, or those of a text
    #[command(long_about = manual::TOKENS, after_help = "\
Examples:
  embcli tokens toy cat                     every token that contains cat
  embcli tokens toy ' cat' --exact          the one that is ' cat'
  embcli tokens toy '^ ?[0-9]+$' --regex    all numbers, with a space or not
  embcli tokens toy '(?i)cat' --regex       cat, Cat, CAT
  embcli tokens toy --type control          control tokens
  embcli tokens toy --range 0..100 --norm   with the norms of their rows
  embcli tokens toy --sort norm             the shortest rows first
  embcli tokens toy --sort length           the shortest texts first
  embcli tokens toy --format csv            the whole vocabulary
  embcli tokens toy --text 'The cat sat'    a text in tokens
  embcli tokens toy --text - < FILE         a file, byte for byte
  embcli tokens toy --text cat --count      how many tokens a text has
  embcli tokens toy --ids 95,791,2368       the text of token IDs

Write texts as people read them: with a space, not with the file's sign for one.
Only --norm and --sort norm need a table.")]
    Tokens(TokensArgs),

    /// What a file contains: types, table, tokenizer, oddities
    #[command(long_about = manual::INFO, after_help = "\
Examples:
  embcli info toy                                all on one screen
  embcli info toy --keys                         its metadata, a line each
  embcli info toy --tensors --format csv         its tensors, for a program
  embcli info toy --strict                       a second reader's opinion too

info also describes files without an embedding table (an adapter, a projector, a
vocabulary). `general.file_type` is what the writer declared; the types are
counted over the tensors themselves.")]
    Info(InfoArgs),

    /// Ten steps through one table: what embeddings are, measured
    #[command(long_about = manual::TOUR, after_help = "\
Examples:
  embcli tour                         on the built-in table
  embcli tour model.gguf              on a model's
  embcli tour --step 5                one step
  embcli tour --step 1,5,6            several
  embcli tour --list                  their titles
  embcli tour --format json           every number

In a terminal, Enter goes on, b goes back a step and q ends the tour; a step that
is longer than the screen has pages. Times are measured as the tour goes;
everything else is the same on every run.")]
    Tour(TourArgs),

    /// Check that a table fits its vocabulary: sizes, rows, order
    #[command(long_about = manual::CHECK, after_help = "\
Examples:
  embcli check model.gguf                     one file by itself
  embcli check model.gguf || echo look        for scripts that convert or merge
  embcli check model.gguf --strict            also fails if order is unknown
  embcli check model.gguf --format jsonl      one finding per line
  embcli check model.gguf -o check.sarif      for a code-scanning page
  embcli check model.gguf --allow rows.zero   accepts this kind of finding
  embcli check q4.gguf f16.gguf               compares two, token by token

Exit code: 0 without a problem, 1 with a problem.")]
    Check(CheckArgs),

    /// List the models on this machine: Ollama's, the hub's, ...
    #[command(long_about = manual::MODELS, after_help = "\
Examples:
  embcli models                     all models, by store
  embcli models --format csv        for a program, with the paths
  embcli info ollama:llama3.2       any of the names, in any command")]
    Models,

    /// A shell script that completes commands, options, models
    #[command(after_help = "\
Examples:
  embcli completions bash          ~/.bashrc: source <(embcli completions bash)
  embcli completions zsh           ~/.zshrc, after compinit, the same
  embcli completions fish          config.fish: embcli completions fish | source
  embcli completions elvish        rc.elv: eval (embcli completions elvish | slurp)
  embcli completions powershell    $PROFILE: embcli completions powershell |
                                   Out-String | Invoke-Expression

The script calls the embcli on the path. After an update of embcli, start a new
shell.")]
    Completions(CompletionsArgs),

    /// The manual page, for man(1)
    #[command(after_help = "\
Examples:
  embcli man                       all commands, to view with man -l
  embcli man lookup                one command
  embcli man -o FILE               for your man path: .../man1/embcli.1")]
    Man(ManArgs),
}

impl Command {
    /// The call that the user probably meant, if an ID comes before the model.
    fn with_model_first(&self, words: &[OsString]) -> Option<String> {
        let (model, others) = match self {
            Self::Lookup(args) => (&args.model.path, &*args.ids),
            Self::Neighbors(args) => (&args.model.path, &*args.ids),
            Self::Similarity(args) => (&args.model.path, &*args.ids),
            Self::Analogy(args) => (&args.model.path, &*args.ids),
            Self::Map(MapArgs { path: Some(path), ids, .. }) => (path, &**ids),
            Self::Export(args) => (&args.model.path, &*args.ids),
            Self::Tokens(args) => (&args.path, args.pattern.as_slice()),
            _ => return None,
        };
        first::model_first(words, model.to_str()?, others)
    }

    pub fn request(&self) -> Box<dyn Request> {
        match self {
            Self::Lookup(args) => Box::new(args.request()),
            Self::Neighbors(args) => Box::new(args.request()),
            Self::Similarity(args) => Box::new(args.request()),
            Self::Analogy(args) => Box::new(args.request()),
            Self::Stats(args) => Box::new(args.request()),
            Self::Map(args) => Box::new(args.request()),
            Self::Export(args) => Box::new(args.request()),
            Self::Footprint(args) => Box::new(args.request()),
            Self::Tokens(args) => args.request(),
            Self::Info(args) => Box::new(args.request()),
            Self::Tour(args) => args.request(),
            Self::Check(args) => Box::new(args.request()),
            Self::Models => Box::new(ModelsRequest { stores: Stores::of_process() }),
            Self::Completions(args) => Box::new(args.clone()),
            Self::Man(args) => Box::new(args.clone()),
        }
    }
}

/// A text to print instead of running a command.
pub struct Stop {
    /// The text, without a line end.
    pub text: String,
    /// The same with colours.
    pub styled: String,
    pub color: Color,
    /// Whether the user asked for it (help, version): standard output, exit 0.
    pub asked: bool,
}

impl Cli {
    pub fn parse_from_args(args: impl IntoIterator<Item = OsString>) -> Result<Self, Stop> {
        let args: Vec<OsString> = args.into_iter().collect();
        let color = Color::among(&args);
        let stop = |text: String, styled: String, asked| Stop { text, styled, color, asked };
        let words = args.get(1..).unwrap_or_default();
        if words.is_empty() {
            return Err(stop(first::BARE.to_owned(), first::BARE.to_owned(), false));
        }
        if first::asks_for_help(words) {
            let help = first::overview(Self::command());
            let [text, styled] = [help.to_string(), help.ansi().to_string()];
            return Err(stop(text.trim_end().to_owned(), styled.trim_end().to_owned(), true));
        }
        let parsed = Self::try_parse_from(&args).and_then(|cli| cli.check(words));
        parsed.map_err(|error| {
            let plain = || error.to_string().trim_end().to_owned();
            let styled = || error.render().ansi().to_string().trim_end().to_owned();
            match error.kind() {
                ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => stop(plain(), styled(), true),
                kind => {
                    let line = first::complaint(&one_line(&error), kind, words, Self::command());
                    let line = first::without_queries(&line);
                    stop(line.clone(), line, false)
                }
            }
        })
    }

    /// Checks the rules that clap can't express.
    fn check(mut self, words: &[OsString]) -> Result<Self, clap::Error> {
        if let Some(call) = self.command.with_model_first(words) {
            return Err(conflict(call));
        }
        let forms = self.command.request().forms();
        let form = self.named_form(forms.is_empty())?;
        if let Command::Export(export) = &self.command
            && self.output.is_none()
            && self.format.is_none()
        {
            return Err(conflict(export.without_output()));
        }
        if !forms.is_empty() && !forms.contains(&form) {
            if let Command::Export(export) = &self.command {
                return Err(conflict(export.no_such_form(form, forms)));
            }
            let other = match form {
                Form::Safetensors | Form::Parquet => " (embcli export writes that)",
                _ => "",
            };
            let (form, forms) = (form.name(), listed(forms));
            return Err(conflict(format!(
                "this command can't print {form}: choose --format {forms}{other}"
            )));
        }
        if let Command::Export(export) = &self.command
            && let Some(problem) = export.problem(form)
        {
            return Err(conflict(problem));
        }
        self.format = Some(form);
        if let Command::Lookup(LookupArgs { text, .. }) | Command::Tokens(TokensArgs { text, .. }) =
            &self.command
            && !text.is_given()
            && (text.no_bos || text.no_parse_special)
        {
            // clap's `requires` does not work together with a conflict.
            return Err(Self::command().error(
                ErrorKind::MissingRequiredArgument,
                "--no-bos and --no-parse-special need --text",
            ));
        }
        if let Command::Lookup(LookupArgs { as_input: true, model, .. })
        | Command::Neighbors(NeighborsArgs { as_input: true, model, .. }) = &self.command
            && model.tensor != TOKEN_EMBEDDING
        {
            return Err(conflict(format!(
                "--as-input needs {TOKEN_EMBEDDING}: rows of \"{}\" do not enter the first block",
                crate::text::clip(&model.tensor, 64)
            )));
        }
        Ok(self)
    }

    /// The form of `--format`, or of the output file's extension.
    fn named_form(&self, is_text: bool) -> Result<Form, clap::Error> {
        if is_text && self.format.is_some() {
            return Err(conflict("--format does not apply: the output is for a shell or for man"));
        }
        let path = match &self.output {
            // Standard output and devices have no extension.
            Some(path) if path.as_os_str() != "-" && !path.starts_with("/dev") => path,
            _ => return Ok(self.form()),
        };
        if is_text || self.format.is_some() {
            return Ok(self.form());
        }
        let extension = path.extension().and_then(|extension| extension.to_str());
        extension.and_then(Form::of_extension).ok_or_else(|| {
            Self::command().error(
                ErrorKind::InvalidValue,
                format!(
                    "cannot tell the output format from \"{}\": use .txt, .json, .jsonl, .csv, \
                     .tsv, .md, .npy, .svg, .sarif, .safetensors, .parquet, .html or .png, or pass \
                     --format",
                    path.display()
                ),
            )
        })
    }

    pub fn form(&self) -> Form {
        self.format.unwrap_or(Form::Table)
    }
}

fn conflict(message: impl std::fmt::Display) -> clap::Error {
    Cli::command().error(ErrorKind::ArgumentConflict, message)
}

/// A usage error in one line: what is wrong, and clap's tip.
fn one_line(error: &clap::Error) -> String {
    let rendered = error.to_string();
    let mut line = String::new();
    for part in rendered.lines().map(str::trim).filter(|part| !part.is_empty()) {
        if part.starts_with("Usage:") || part.starts_with("For more information") {
            break;
        }
        let (joint, part) = match part.strip_prefix("tip: ") {
            Some(tip) => ("; ", tip),
            None => (if line.is_empty() { "" } else { " " }, part),
        };
        line += joint;
        line += part;
    }
    // It quotes arguments, which may contain control characters.
    crate::text::harmless(&line).into_owned()
}
