//! Every argument, default and help text.

mod first;
mod manual;

use std::ffi::OsString;
use std::ops::Range;
use std::path::PathBuf;

use anstream::ColorChoice;
use clap::builder::NonEmptyStringValueParser;
use clap::error::ErrorKind;
use clap::{Args, CommandFactory, Parser, Subcommand, ValueEnum};

use crate::answer::TOUR_STEPS;
use crate::embedding::TOKEN_EMBEDDING;
use crate::report;

/// Look at the first matrix of a language model: its token embedding table.
///
/// Before a language model does any mathematics, each token ID picks one row of
/// a learned table of n_vocab rows and d_model columns. embcli finds that table
/// in a GGUF file (llama.cpp, Ollama, LM Studio), reads the rows asked for,
/// whatever they are quantised to, and shows their shape, cost and geometry.
#[derive(Debug, Parser)]
#[command(
    name = "embcli",
    version,
    subcommand_required = true,
    after_help = first::AFTER
)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,

    /// How to print the answer [default: table, or what --output ends in]
    #[arg(long, global = true, display_order = 100, value_enum)]
    pub format: Option<Format>,

    /// Write the answer to a file: complete or not at all
    ///
    /// Its form is what the name ends in: .txt (the table), .json, .jsonl, .csv,
    /// .tsv, .md or .npy. The file gets its name when it is complete, so a
    /// command that fails leaves nothing. - is standard output; a pipe or a
    /// device takes bytes as they come.
    #[arg(short, long, global = true, display_order = 101, value_name = "FILE")]
    pub output: Option<PathBuf>,

    /// Replace the file if it is there
    #[arg(long, global = true, display_order = 102, requires = "output")]
    pub force: bool,

    /// Colour tables
    ///
    /// Colour repeats what the marks say and adds nothing; no other form has any.
    #[arg(long, global = true, display_order = 103, value_name = "WHEN", value_enum, default_value_t = Color::Auto)]
    pub color: Color,
}

/// When to use colour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Color {
    /// On a terminal, unless NO_COLOR is set; CLICOLOR_FORCE is for pipes too
    #[default]
    Auto,
    /// Everywhere
    Always,
    /// Nowhere
    Never,
}

impl Color {
    /// What arguments say of colour that may not parse as a whole.
    fn among(args: &[OsString]) -> Self {
        let mut said = None;
        let mut words = args.iter().filter_map(|arg| arg.to_str()).take_while(|arg| *arg != "--");
        while let Some(word) = words.next() {
            said = match word {
                "--color" => words.next(),
                word => word.strip_prefix("--color=").or(said),
            };
        }
        said.and_then(|said| Self::from_str(said, false).ok()).unwrap_or_default()
    }
}

impl From<Color> for ColorChoice {
    fn from(color: Color) -> Self {
        match color {
            Color::Auto => Self::Auto,
            Color::Always => Self::Always,
            Color::Never => Self::Never,
        }
    }
}

/// The forms an answer can take.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For reading, fitted to the terminal
    Table,
    /// One JSON object, every digit
    Json,
    /// JSON lines: an object for each row, query, token or precision
    Jsonl,
    /// Comma-separated values with a header; controls in texts as escapes (\n)
    Csv,
    /// The same, separated by tabs
    Tsv,
    /// A Markdown table, for an issue or a notebook
    Md,
    /// NumPy's file format: the [n, d_model] float32 matrix of a lookup
    Npy,
}

impl Format {
    /// The form that files with an extension have.
    fn of_extension(extension: &str) -> Option<Self> {
        Some(match &*extension.to_ascii_lowercase() {
            "txt" => Self::Table,
            "json" => Self::Json,
            "jsonl" => Self::Jsonl,
            "csv" => Self::Csv,
            "tsv" => Self::Tsv,
            "md" => Self::Md,
            "npy" => Self::Npy,
            _ => return None,
        })
    }
}

impl From<Format> for report::Format {
    fn from(format: Format) -> Self {
        match format {
            Format::Table => Self::Table,
            Format::Json => Self::Json,
            Format::Jsonl => Self::Jsonl,
            Format::Csv => Self::Csv,
            Format::Tsv => Self::Tsv,
            Format::Md => Self::Md,
            Format::Npy => Self::Npy,
        }
    }
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
  echo 1,2,3 | embcli lookup toy -       IDs from standard input")]
    Lookup(Lookup),

    /// The rows nearest to a token's row, over the whole table
    #[command(long_about = manual::NEIGHBORS, after_help = "\
Examples:
  embcli neighbors toy 2368                          the ten nearest by cosine
  embcli neighbors toy ' cat'                        by the token's text
  embcli neighbors toy 2368 5765 -k 5                two IDs, one pass
  embcli neighbors toy 2368 --metric l2              by Euclidean distance
  embcli neighbors toy 2368 --as-input               as the first block gets them
  embcli neighbors toy --all --format csv            of every row, as they come
  embcli neighbors toy --all 0..500 --format jsonl   of a part of them

A row of zeros has no direction: under cosine it is an error as a query, and
left out and counted as a candidate. Rows with a NaN or an infinity are left
out and counted under every metric.

--all writes whole lines as it goes, in at most 150 MB of memory whatever the
table's size (beside the pages of the file, which the system keeps as it likes).
Rows come in the order of their IDs: to continue after a stop, give the range
that is missing. Rows that can't be queries are skipped and counted on standard
error.")]
    Neighbors(Neighbors),

    /// What a table costs at each precision
    #[command(long_about = manual::FOOTPRINT, after_help = "\
Examples:
  embcli footprint --vocab 128000 --dim 4096          a table on paper
  embcli footprint --vocab 128000 --dim 4096,8192     two, side by side
  embcli footprint --like llama3-8b                   a well-known one
  embcli footprint toy                                the one in a file")]
    Footprint(Footprint),

    /// The vocabulary: every token, those that match, or those of a text
    #[command(long_about = manual::TOKENS, after_help = "\
Examples:
  embcli tokens toy cat                     every token that holds cat
  embcli tokens toy ' cat' --exact          the one that is ' cat'
  embcli tokens toy '^ ?[0-9]+$' --regex    all numbers, with a space or not
  embcli tokens toy '(?i)cat' --regex       cat, Cat, CAT
  embcli tokens toy --type control          what steers the model
  embcli tokens toy --range 0..100 --norm   with the norms of their rows
  embcli tokens toy --format csv            the whole vocabulary
  embcli tokens toy --text 'The cat sat'    a text in tokens
  embcli tokens toy --text - < FILE         a file, byte for byte

Texts are as people read them: a space, not the sign that stands for one in the
file. No table is needed but for --norm.")]
    Tokens(Tokens),

    /// What a file is and has: types, table, tokenizer, and what is odd
    #[command(long_about = manual::INFO, after_help = "\
Examples:
  embcli info toy                                all on one screen
  embcli info toy --keys                         its metadata, a line each
  embcli info toy --tensors --format csv         its tensors, for a program
  embcli info toy --strict                       a second reader's opinion too

A file without an embedding table (an adapter, a projector, a vocabulary) has
its info too. `general.file_type` is what the writer meant; types are counted
over the tensors themselves.")]
    Info(Info),

    /// Ten steps through one table: what embeddings are, measured
    #[command(long_about = manual::TOUR, after_help = "\
Examples:
  embcli tour                         on the table that is built in
  embcli tour model.gguf              on a model's
  embcli tour --step 5                one step
  embcli tour --step 1,5,6            several
  embcli tour --list                  their titles
  embcli tour --format json           every number

In a terminal, Enter goes on to the next step and q ends the tour. Times are
measured as the tour goes; everything else is the same on every run.")]
    Tour(Tour),

    /// Whether a table is what its vocabulary says: sizes, rows, order
    #[command(after_help = "\
Examples:
  embcli check model.gguf                     all that one file shows
  embcli check model.gguf || echo look        for scripts that convert or merge
  embcli check model.gguf --strict            also fails where order can't be judged
  embcli check model.gguf --format jsonl      a finding a line
  embcli check q4.gguf f16.gguf               what quantising cost, token by token

Exit code 0 where nothing is wrong, 1 where something is. A learned table keeps
the spellings of a word near each other ('cat', ' cat', ' Cat'), which shows
whether rows are still those of their tokens, from which ID on they are not, and
at which offset they are. A table that never learned anything can't be judged.

Two files are matched by the text of their tokens; added are the tokens that only
the first has.")]
    Check(Check),

    /// The models that can be named: Ollama's, LM Studio's, the hub's, ...
    #[command(long_about = manual::MODELS, after_help = "\
Examples:
  embcli models                     what is there, by store
  embcli models --format csv        for a program, with the paths
  embcli info ollama:llama3.2       any of the names, in any command")]
    Models,

    /// A script that makes a shell complete commands, options and models
    #[command(after_help = "\
Examples:
  embcli completions bash          ~/.bashrc: source <(embcli completions bash)
  embcli completions zsh           ~/.zshrc, after compinit, the same
  embcli completions fish          config.fish: embcli completions fish | source
  embcli completions elvish        rc.elv: eval (embcli completions elvish | slurp)
  embcli completions powershell    $PROFILE: embcli completions powershell |
                                   Out-String | Invoke-Expression

The script asks the embcli that is on the path, so a new version needs a new
shell and nothing else.")]
    Completions(Completions),

    /// The manual page, for man(1)
    #[command(after_help = "\
Examples:
  embcli man                       the page: man -l reads it, or a file of it
  embcli man lookup                that of one command
  embcli man -o FILE               for your man path: .../man1/embcli.1")]
    Man(Man),
}

impl Command {
    /// The call that was probably meant where an ID stands in a model's place.
    fn with_model_first(&self, words: &[OsString]) -> Option<String> {
        let (model, others) = match self {
            Self::Lookup(args) => (&args.model.path, &*args.ids),
            Self::Neighbors(args) => (&args.model.path, &*args.ids),
            Self::Tokens(args) => (&args.path, args.pattern.as_slice()),
            _ => return None,
        };
        first::model_first(words, model.to_str()?, others)
    }

    /// How many values of a row to print; `None` for what fits a line.
    pub fn values(&self) -> Option<usize> {
        match self {
            Self::Lookup(Lookup { full: true, .. }) => Some(usize::MAX),
            Self::Lookup(Lookup { values, .. }) => values.map(|n| n as usize),
            _ => None,
        }
    }
}

/// A model and the table in it.
#[derive(Debug, Args)]
pub struct Model {
    /// The model
    #[arg(value_name = "MODEL", help = manual::MODEL, long_help = manual::MODEL_LONG)]
    pub path: PathBuf,

    /// The table to read: any two-dimensional tensor
    #[arg(long, value_name = "NAME", default_value = TOKEN_EMBEDDING)]
    pub tensor: String,
}

/// Arguments of `lookup`.
#[derive(Debug, Args)]
pub struct Lookup {
    #[command(flatten)]
    #[allow(missing_docs)]
    pub model: Model,

    /// Tokens: IDs, ranges a..b of them (b not included), texts (' cat' with its space), - to read
    /// a list of IDs from standard input
    #[arg(value_name = "ID", required_unless_present_any = ["tokens", "text"], conflicts_with = "text", value_parser = NonEmptyStringValueParser::new())]
    pub ids: Vec<String>,

    /// The token with this text, even where that looks like an ID; after the others, repeatable
    #[arg(long = "token", value_name = "TEXT", conflicts_with = "text", allow_hyphen_values = true, value_parser = NonEmptyStringValueParser::new())]
    pub tokens: Vec<String>,

    #[command(flatten)]
    #[allow(missing_docs)]
    pub text: Text,

    /// Print the first N values of each row, every digit [default: first and last few]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..), conflicts_with = "full")]
    pub values: Option<u32>,

    /// Print every value of each row
    #[arg(long)]
    pub full: bool,

    /// Print the rows as the first block receives them: scaled, with positions,
    /// normalised, as the model's architecture does
    #[arg(long)]
    pub as_input: bool,

    /// The position of the first token, for models that add positions [default: 0]
    #[arg(long, value_name = "P", requires = "as_input")]
    pub start: Option<u32>,
}

/// Arguments of `neighbors`.
#[derive(Debug, Args)]
pub struct Neighbors {
    #[command(flatten)]
    #[allow(missing_docs)]
    pub model: Model,

    /// Tokens: IDs, ranges a..b of them (b not included), texts (' cat' with its space), - to read
    /// a list of IDs from standard input
    #[arg(value_name = "ID", required_unless_present_any = ["all", "tokens"], value_parser = NonEmptyStringValueParser::new())]
    pub ids: Vec<String>,

    /// The token with this text, even where that looks like an ID; after the others, repeatable
    #[arg(long = "token", value_name = "TEXT", allow_hyphen_values = true, value_parser = NonEmptyStringValueParser::new())]
    pub tokens: Vec<String>,

    /// Every row's neighbours, or those of the IDs given, as they are found
    /// (with --format csv, tsv, md or jsonl)
    #[arg(long)]
    pub all: bool,

    /// How many neighbours of each
    #[arg(short, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..))]
    pub k: u64,

    /// What "near" means
    #[arg(long, value_enum, default_value_t = Metric::Cosine)]
    pub metric: Metric,

    /// Compare the rows as the first block receives them: scaled, with
    /// positions, normalised, as the model's architecture does
    #[arg(long)]
    pub as_input: bool,

    /// The position of query and candidates, for models that add positions [default: 0]
    #[arg(long, value_name = "P", requires = "as_input")]
    pub start: Option<u32>,

    /// Threads to use, if not as many as there are cores; the answer is the same
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub threads: Option<u16>,
}

/// Ways to measure how near two rows are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Metric {
    /// The cosine of the angle between two rows, 1 the nearest
    Cosine,
    /// The dot product, the largest the nearest
    Dot,
    /// The Euclidean distance, the smallest the nearest
    L2,
}

/// Arguments of `footprint`.
#[derive(Debug, Args)]
#[command(group(clap::ArgGroup::new("shape").args(["path", "vocab", "like"]).required(true).multiple(false)))]
pub struct Footprint {
    /// The model whose table is measured
    #[arg(value_name = "MODEL", help = manual::MODEL, long_help = manual::MODEL_LONG)]
    pub path: Option<PathBuf>,

    /// The file's table to measure: any two-dimensional tensor
    #[arg(long, value_name = "NAME", requires = "path", default_value = TOKEN_EMBEDDING)]
    pub tensor: String,

    /// Rows: the size of the vocabulary (several: 32000,128000)
    #[arg(long, value_name = "N", value_delimiter = ',', requires = "dim", value_parser = clap::value_parser!(u64).range(1..))]
    pub vocab: Vec<u64>,

    /// Columns: the width of the model, d_model (several: 4096,8192)
    #[arg(long, value_name = "N", value_delimiter = ',', requires = "vocab", value_parser = clap::value_parser!(u64).range(1..))]
    pub dim: Vec<u64>,

    /// A well-known table, such as gpt2 or llama3-8b (a wrong name lists them)
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    pub like: Vec<String>,
}

/// Arguments of `tokens`.
#[derive(Debug, Args)]
pub struct Tokens {
    /// The model
    #[arg(value_name = "MODEL", help = manual::MODEL, long_help = manual::MODEL_LONG)]
    pub path: PathBuf,

    #[command(flatten)]
    #[allow(missing_docs)]
    pub text: Text,

    /// Only tokens that hold this text
    #[arg(required_if_eq_any = [("exact", "true"), ("regex", "true")], conflicts_with = "text")]
    pub pattern: Option<String>,

    /// Only tokens that are the pattern, all of it
    #[arg(long, conflicts_with_all = ["regex", "text"])]
    pub exact: bool,

    /// The pattern is a regular expression
    #[arg(long, conflicts_with = "text")]
    pub regex: bool,

    /// Only tokens of a type
    #[arg(long = "type", value_name = "TYPE", value_enum, conflicts_with = "text")]
    pub token_type: Option<TokenType>,

    /// Only IDs from A to B, B not included
    #[arg(long, value_name = "A..B", value_parser = range, conflicts_with = "text")]
    pub range: Option<Range<u64>>,

    /// With the Euclidean norm of each token's row
    #[arg(long, conflicts_with = "text")]
    pub norm: bool,
}

/// A text, and how it is read.
#[derive(Debug, Args)]
pub struct Text {
    /// This text in the model's own tokens, as llama.cpp reads it; - takes all of standard input,
    /// byte for byte
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    pub text: Option<OsString>,

    /// Put nothing around the text: no BOS in front, no EOS behind, no [CLS] and [SEP]
    #[arg(long)]
    pub no_bos: bool,

    /// Read special tokens in the text as plain text
    #[arg(long)]
    pub no_parse_special: bool,
}

impl Text {
    /// Whether there is one.
    pub fn is_given(&self) -> bool {
        self.text.is_some()
    }
}

/// What a file says that a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum TokenType {
    /// Ordinary text
    Normal,
    /// Steers the model
    Control,
    /// Added by whoever trained the model
    User,
    /// Reserved, never trained
    Unused,
    /// A single byte, for what no other token covers
    Byte,
    /// Stands for what can't be spelt
    Unknown,
}

/// A range `a..b` that is not empty.
fn range(text: &str) -> Result<Range<u64>, String> {
    let parsed =
        text.split_once("..").and_then(|(first, end)| Some(first.parse().ok()?..end.parse().ok()?));
    match parsed {
        Some(range) if range.is_empty() => {
            Err("it is empty: a..b is a up to b, b not included".to_owned())
        }
        Some(range) => Ok(range),
        None => Err("a range is two numbers, such as 0..100".to_owned()),
    }
}

/// Arguments of `info`.
#[derive(Debug, Args)]
pub struct Info {
    /// The model
    #[arg(value_name = "MODEL", help = manual::MODEL, long_help = manual::MODEL_LONG)]
    pub path: PathBuf,

    /// List the metadata instead: key, type, value (long ones shortened)
    #[arg(long, conflicts_with = "tensors")]
    pub keys: bool,

    /// List the tensors instead: name, type, shape (rows first), bytes
    #[arg(long)]
    pub tensors: bool,

    /// Ask gguf-rs-lib's own strict reader too
    #[arg(long)]
    pub strict: bool,
}

/// Arguments of `check`.
#[derive(Debug, Args)]
pub struct Check {
    /// A GGUF file
    #[arg(value_name = "MODEL")]
    pub path: PathBuf,

    /// Another file of the same model to compare with: another precision, or before a merge
    #[arg(value_name = "OTHER")]
    pub other: Option<PathBuf>,

    /// Fail also where the order of the rows can't be judged
    #[arg(long)]
    pub strict: bool,
}

/// Arguments of `tour`.
#[derive(Debug, Args)]
pub struct Tour {
    /// The model; the toy where there is none
    #[arg(value_name = "MODEL", help = manual::MODEL, long_help = manual::MODEL_LONG)]
    pub path: Option<PathBuf>,

    /// Only this step, 1 to 10 (several: 1,5,6)
    #[arg(long = "step", value_name = "N", value_delimiter = ',', value_parser = tour_step)]
    pub steps: Vec<u64>,

    /// List the titles of the steps instead
    #[arg(long, conflicts_with_all = ["path", "steps"])]
    pub list: bool,
}

/// The number of a step of the tour.
fn tour_step(text: &str) -> Result<u64, String> {
    let number = text.parse().ok().filter(|number| (1..=TOUR_STEPS).contains(number));
    number.ok_or_else(|| format!("the steps are 1 to {TOUR_STEPS} (--list shows them)"))
}

/// Arguments of `completions`.
#[derive(Debug, Args)]
pub struct Completions {
    /// The shell
    #[arg(value_enum)]
    pub shell: clap_complete::Shell,
}

/// Arguments of `man`.
#[derive(Debug, Args)]
pub struct Man {
    /// The command whose page it is, instead of one of all
    pub command: Option<String>,
}

/// What there is to print when no command runs.
pub struct Stop {
    /// The text, without a line end.
    pub text: String,
    /// The same with colours.
    pub styled: String,
    /// When to use those.
    pub color: Color,
    /// Whether someone asked for it (help, version): standard output, exit 0.
    pub asked: bool,
}

impl Cli {
    /// Parses a command line.
    ///
    /// # Errors
    /// With help or version where they were asked for, and with one line on
    /// what is wrong where the usage is.
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
                    stop(line.clone(), line, false)
                }
            }
        })
    }

    /// What clap's own rules can't say.
    fn check(mut self, words: &[OsString]) -> Result<Self, clap::Error> {
        if let Some(call) = self.command.with_model_first(words) {
            return Err(Self::command().error(ErrorKind::ArgumentConflict, call));
        }
        self.format = Some(self.resolve_format()?);
        if self.format() == Format::Npy && !matches!(self.command, Command::Lookup(_)) {
            return Err(Self::command().error(
                ErrorKind::ArgumentConflict,
                "npy holds the matrix of lookup: the other commands have csv, tsv, json and jsonl",
            ));
        }
        if self.streams() && self.stream_form().is_none() {
            return Err(Self::command().error(
                ErrorKind::ArgumentConflict,
                "--all writes as it goes: it needs --format csv or --format jsonl (or tsv, md)",
            ));
        }
        if let Command::Lookup(Lookup { text, .. }) | Command::Tokens(Tokens { text, .. }) =
            &self.command
            && !text.is_given()
            && (text.no_bos || text.no_parse_special)
        {
            // What `requires` would say, but not beside a conflict.
            return Err(Self::command().error(
                ErrorKind::MissingRequiredArgument,
                "--no-bos and --no-parse-special say how a text is read: they need --text",
            ));
        }
        if let Command::Lookup(Lookup { as_input: true, model, .. })
        | Command::Neighbors(Neighbors { as_input: true, model, .. }) = &self.command
            && model.tensor != TOKEN_EMBEDDING
        {
            return Err(Self::command().error(
                ErrorKind::ArgumentConflict,
                format!(
                    "--as-input is about {TOKEN_EMBEDDING}: rows of \"{}\" do not enter the \
                     first block",
                    crate::text::clip(&model.tensor, 64)
                ),
            ));
        }
        Ok(self)
    }

    /// The form that was asked for, or the one that the file's name asks for.
    fn resolve_format(&self) -> Result<Format, clap::Error> {
        if matches!(self.command, Command::Completions(_) | Command::Man(_)) {
            return match self.format {
                None => Ok(Format::Table),
                Some(_) => Err(Self::command().error(
                    ErrorKind::ArgumentConflict,
                    "--format has no meaning here: what is printed is for the shell or for man",
                )),
            };
        }
        let named = match &self.output {
            _ if self.format.is_some() => return Ok(self.format()),
            // Not a file: nothing is to be read from its name.
            Some(path) if path.as_os_str() != "-" && !path.starts_with("/dev") => path,
            _ => return Ok(self.format()),
        };
        let extension = named.extension().and_then(|extension| extension.to_str());
        extension.and_then(Format::of_extension).ok_or_else(|| {
            Self::command().error(
                ErrorKind::InvalidValue,
                format!(
                    "what form \"{}\" should have does not show: end it in .txt, .json, .jsonl, \
                     .csv, .tsv, .md or .npy, or say --format",
                    named.display()
                ),
            )
        })
    }

    /// The form of the answer.
    pub fn format(&self) -> Format {
        self.format.unwrap_or(Format::Table)
    }

    /// How many steps of a tour a person reads as they are taken; `None` where
    /// there is no tour, or it is for a program.
    pub fn steps_to_read(&self) -> Option<usize> {
        match &self.command {
            Command::Tour(Tour { list: false, steps, .. }) if self.format() == Format::Table => {
                // Steps that were named are not waited between.
                Some(if steps.is_empty() { TOUR_STEPS as usize } else { 1 })
            }
            _ => None,
        }
    }

    fn streams(&self) -> bool {
        matches!(&self.command, Command::Neighbors(Neighbors { all: true, .. }))
    }

    /// The form of an answer that is written as it is found; `None` where the
    /// answer comes as a whole.
    pub fn stream_form(&self) -> Option<report::Form> {
        match self.format() {
            _ if !self.streams() => None,
            Format::Csv => Some(report::Form::Csv),
            Format::Tsv => Some(report::Form::Tsv),
            Format::Md => Some(report::Form::Md),
            Format::Jsonl => Some(report::Form::Jsonl),
            _ => None,
        }
    }
}

/// A usage error without the usage: what is wrong, and the tip if there is one.
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
    // It quotes arguments, which may be pasted from anywhere.
    crate::text::visible(&line).into_owned()
}
