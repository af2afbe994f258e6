//! Requests as the page writes them, and how they become the program's.

use std::path::PathBuf;

use anyhow::{Context, Result};
use embcli::TOKEN_EMBEDDING;
use embcli::commands::check::CheckRequest;
use embcli::commands::footprint::{FootprintRequest, Measured};
use embcli::commands::info::InfoRequest;
use embcli::commands::lookup::{LookupRequest, RowsOf};
use embcli::commands::map::{Layout, MapRequest};
use embcli::commands::neighbors::NeighborsRequest;
use embcli::commands::text::TextToRead;
use embcli::commands::tour::{TitlesRequest, TourRequest};
use embcli::commands::{Filter, Frame, NamedTokens, Opener, Request};
use embcli::report::{Form, Printer, Style};
use embcli::similarity::Metric;
use serde::Deserialize;

use crate::one_hot::OneHotRequest;

/// A request. `model` is the name of the opened file, or of a built-in table.
#[derive(Deserialize)]
#[serde(tag = "command", rename_all = "snake_case", deny_unknown_fields)]
pub enum Asked {
    /// Rows of a text, or of tokens. `as_input`: as the first block receives them, from this
    /// position on.
    Lookup {
        model: PathBuf,
        text: Option<String>,
        #[serde(default)]
        tokens: Vec<String>,
        as_input: Option<u64>,
        #[serde(default)]
        add_special: bool,
    },
    /// One-hot vectors of a few IDs, times the table.
    OneHot {
        model: PathBuf,
        ids: Vec<u64>,
    },
    Neighbors {
        model: PathBuf,
        tokens: Vec<String>,
        #[serde(default)]
        plus: Vec<String>,
        #[serde(default)]
        minus: Vec<String>,
        k: u64,
        metric: String,
        #[serde(default)]
        centre: bool,
        #[serde(default)]
        no_variants: bool,
    },
    Footprint {
        model: PathBuf,
    },
    Info {
        model: PathBuf,
    },
    Check {
        model: PathBuf,
    },
    TourTitles {},
    /// One step of the tour, as Markdown.
    Tour {
        model: PathBuf,
        step: u64,
    },
    /// The map of some rows, as a page.
    Map {
        model: PathBuf,
        #[serde(default)]
        tokens: Vec<String>,
        layout: String,
        text: Option<String>,
    },
}

impl Asked {
    pub fn answer(self, open: Opener) -> Result<String> {
        let tensor = || TOKEN_EMBEDDING.to_owned();
        let named = |typed: Vec<String>| NamedTokens { typed, ..NamedTokens::default() };
        let written = |text: String, add_special: bool| TextToRead {
            bytes: Some(text.into_bytes()),
            add_special,
            parse_special: true,
        };
        match self {
            Self::Lookup { model, text, tokens, as_input, add_special } => {
                let of = match text {
                    Some(text) => RowsOf::Text(written(text, add_special)),
                    None => RowsOf::Tokens(named(tokens)),
                };
                let (values, threads) = (None, Some(1));
                let request =
                    LookupRequest { model, tensor: tensor(), of, values, as_input, threads };
                told(&request, Form::Json, open)
            }
            Self::OneHot { model, ids } => OneHotRequest { model, ids }.answer(open),
            Self::Neighbors { model, tokens, plus, minus, k, metric, centre, no_variants } => {
                let request = NeighborsRequest {
                    model,
                    tensor: tensor(),
                    tokens: named(tokens),
                    all: false,
                    plus: named(plus),
                    minus: named(minus),
                    vectors: None,
                    filter: Filter { no_variants, ..Filter::default() },
                    k,
                    metric: *Metric::ALL
                        .iter()
                        .find(|it| it.name() == metric)
                        .context("no such metric")?,
                    frame: if centre { Frame::Centred } else { Frame::Stored },
                    as_input: None,
                    threads: Some(1),
                };
                told(&request, Form::Json, open)
            }
            Self::Footprint { model } => {
                let of = Measured::Model { path: model, tensor: tensor() };
                told(&FootprintRequest { of, presets: Vec::new() }, Form::Json, open)
            }
            Self::Info { model } => {
                let request = InfoRequest { model, keys: false, tensors: false, strict: false };
                told(&request, Form::Json, open)
            }
            Self::Check { model } => {
                let request = CheckRequest {
                    model,
                    other: None,
                    tensor: None,
                    strict: false,
                    allow: Vec::new(),
                };
                told(&request, Form::Json, open)
            }
            Self::TourTitles {} => told(&TitlesRequest, Form::Json, open),
            Self::Tour { model, step } => {
                told(&TourRequest { model, steps: vec![step] }, Form::Md, open)
            }
            Self::Map { model, tokens, layout, text } => {
                let request = MapRequest {
                    model,
                    tensor: tensor(),
                    tokens: named(tokens),
                    layout: *Layout::ALL
                        .iter()
                        .find(|it| it.name() == layout)
                        .context("no such layout")?,
                    neighbors: None,
                    text: text.map(|text| written(text, false)),
                    labels: NamedTokens::default(),
                    width: 1600,
                    frame: Frame::Stored,
                    threads: Some(1),
                };
                told(&request, Form::Html, open)
            }
        }
    }
}

/// The answer in one form, as the program writes it into a file.
fn told(request: &dyn Request, form: Form, open: Opener) -> Result<String> {
    let mut bytes = Vec::new();
    let style = Style { width: 100, color: false, quiet: false };
    request.answer(open, &mut Printer::new(form, style, &mut bytes))?;
    Ok(String::from_utf8(bytes)?)
}
