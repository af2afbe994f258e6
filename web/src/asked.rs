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
use embcli::commands::{Filter, Frame, NamedTokens, Opener};
use embcli::similarity::Metric;
use serde::Deserialize;

use crate::one_hot::OneHotRequest;
use crate::written::{Json, Markdown, json};

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
                let mut out = Json::default();
                request.run(open, &mut out)?;
                out.text()
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
                let mut out = Json::default();
                request.run(open, &mut out)?;
                out.text()
            }
            Self::Footprint { model } => {
                let of = Measured::Model { path: model, tensor: tensor() };
                json(&FootprintRequest { of, presets: Vec::new() }.run(open)?)
            }
            Self::Info { model } => {
                let request = InfoRequest { model, keys: false, tensors: false, strict: false };
                json(&request.run(open)?)
            }
            Self::Check { model } => {
                let request = CheckRequest {
                    model,
                    other: None,
                    tensor: None,
                    strict: false,
                    allow: Vec::new(),
                };
                json(&request.run(open)?)
            }
            Self::TourTitles {} => json(&TitlesRequest.run()),
            Self::Tour { model, step } => {
                let mut out = Markdown::default();
                TourRequest { model, steps: vec![step] }.run(open, &mut out)?;
                out.text()
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
                let (mut report, mut page) = (request.run(open)?, Vec::new());
                request.write_page(&mut report, &mut page)?;
                Ok(String::from_utf8(page)?)
            }
        }
    }
}
