//! The arguments of `export`, and what its output file and they must agree on.

use std::path::{Path, PathBuf};

use clap::Args;
use clap::builder::{NonEmptyStringValueParser, PossibleValue};

use super::args::{ModelArgs, named};
use crate::commands::NamedTokens;
use crate::commands::export::{Dtype, ExportRequest, Lists};
use crate::report::{Form, listed};
use crate::similarity::Metric;

#[derive(Debug, Args)]
pub struct ExportArgs {
    #[command(flatten)]
    pub model: ModelArgs,

    /// Token IDs, ranges a..b (b not included), lists 7,8,9, token texts (' cat' with its space), or - to read
    /// a list of IDs from standard input [default: all rows]
    #[arg(value_name = "ID", value_parser = NonEmptyStringValueParser::new())]
    pub ids: Vec<String>,

    /// The token with this text, even if it looks like an ID; repeatable, comes after the others
    #[arg(long = "token", value_name = "TEXT", allow_hyphen_values = true, value_parser = NonEmptyStringValueParser::new())]
    pub tokens: Vec<String>,

    /// Token texts from a file, one a line (- for standard input); they come last
    #[arg(long, value_name = "FILE")]
    pub words: Option<PathBuf>,

    /// The type of the values, in .safetensors
    #[arg(long, value_name = "TYPE", value_enum, ignore_case = true, default_value_t = Dtype::F32)]
    pub dtype: Dtype,

    /// Compress the file, in .parquet: zstd, a third smaller and several times slower
    #[arg(long)]
    pub compress: bool,

    /// Write the N nearest rows of each row instead of the rows: model, id, neighbor_id, rank, score
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=10_000))]
    pub neighbors: Option<u64>,

    /// How to measure nearness
    #[arg(long, value_enum, default_value_t = Metric::Cosine, requires = "neighbors")]
    pub metric: Metric,

    /// Write all rows, their places on the map, and their neighbours in one column, as
    /// embedding-atlas reads them
    #[arg(long, requires = "neighbors", conflicts_with_all = ["ids", "tokens", "words"])]
    pub atlas: bool,

    /// Number of threads; the output does not depend on it [default: the number of cores]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub threads: Option<u16>,
}

impl ExportArgs {
    pub(super) fn request(&self) -> ExportRequest {
        ExportRequest {
            model: self.model.path.clone(),
            tensor: self.model.tensor.clone(),
            tokens: NamedTokens { words: self.words.clone(), ..named(&self.ids, &self.tokens) },
            dtype: self.dtype,
            compress: self.compress,
            neighbors: self.neighbors.map(|k| Lists { k, metric: self.metric, atlas: self.atlas }),
            threads: self.threads.map(usize::from),
        }
    }

    /// The call that the user probably meant, if a file is named without `-o`, or none is.
    pub(super) fn without_output(&self) -> String {
        let is_file = |id: &&String| {
            let extension = Path::new(*id).extension().and_then(|end| end.to_str());
            extension.and_then(Form::of_extension).is_some()
        };
        match self.ids.iter().find(is_file) {
            Some(file) => format!("the file comes after -o: -o {file}"),
            None if self.neighbors.is_some() => {
                "export writes a file: add -o edges.parquet, .csv or .jsonl".to_owned()
            }
            None => "export writes a file: add -o rows.npy, .safetensors or .parquet".to_owned(),
        }
    }

    /// What is wrong with the form of the output, if the command does not have it.
    pub(super) fn no_such_form(&self, form: Form, forms: &[Form]) -> String {
        let (name, forms) = (form.name(), listed(forms));
        match (form, &self.neighbors) {
            (Form::Csv | Form::Tsv | Form::Json | Form::Jsonl | Form::Md, None) => format!(
                "export writes rows as {forms}; for {name}: embcli lookup MODEL 0.. -o rows.{name}"
            ),
            _ => format!("this command can't print {name}: choose --format {forms}"),
        }
    }

    /// What is wrong with the options in this form.
    pub(super) fn problem(&self, form: Form) -> Option<&'static str> {
        if self.dtype != Dtype::F32 && form != Form::Safetensors {
            return Some("--dtype is for .safetensors: other files hold float32");
        }
        if self.compress && form != Form::Parquet {
            return Some("--compress is for .parquet");
        }
        if self.atlas && self.metric == Metric::Dot {
            return Some("--atlas needs distances: a dot product is none, use cosine or l2");
        }
        None
    }
}

impl clap::ValueEnum for Dtype {
    fn value_variants<'a>() -> &'a [Self] {
        Self::ALL
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(PossibleValue::new(self.name()).help(match self {
            Self::F32 => "32 bits: exact for every type that a model stores",
            Self::F16 => "16 bits with 10 of fraction, up to 65504: exact for F16 and smaller",
            Self::Bf16 => "16 bits with 7 of fraction, the range of F32",
        }))
    }
}
