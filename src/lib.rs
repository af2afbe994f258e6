//! The token embedding table of a language model: read, measured, compared.
//!
//! Before a language model does any mathematics, each token ID picks one row of
//! a learned table `[n_vocab, d_model]`. This crate finds that table in a GGUF
//! file, decodes the rows you ask for exactly as ggml does, and finds what is
//! near them. The nearest rows of `" cat"`:
//!
//! ```
//! use embcli::{Query, Search, TOKEN_EMBEDDING, Table, Vocab};
//!
//! let model = embcli::open("fixtures/toy.gguf".as_ref())?;
//! let (table, vocab) = (Table::open(&model, TOKEN_EMBEDDING)?, Vocab::open(&model)?);
//! let cat = vocab.find(" cat")?.expect("the toy has a cat");
//! let query = Query::of_row(cat, table.row(cat)?);
//! let found = embcli::nearest(&table, table.rows_present(), &[query], &Search::default())?;
//! for near in &found.neighbors[0] {
//!     println!("{:.4} {:?}", near.score, vocab.token(near.id)?);
//! }
//! # assert_eq!(vocab.token(found.neighbors[0][0].id)?.unwrap().text, " dog");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! | to | use |
//! |---|---|
//! | open a model | [`open`], or [`open_source`] for bytes from anywhere |
//! | read rows by token ID | [`Table`] |
//! | read rows as the first block receives them | [`Input`] |
//! | name token IDs, find them by text | [`Vocab`] |
//! | turn a text into token IDs | [`Tokenizer`] |
//! | find the nearest rows | [`nearest`] |
//! | compute what a table costs at each precision | [`Footprint`] |
//! | look for NaN, zero and equal rows | [`survey`] |
//!
//! A model, a table and a vocabulary are owned and cheap to keep: each holds its
//! file open. The library prints nothing, installs no signal handler and starts
//! threads only inside a call.
//!
//! # Features
//! `cli`, on by default, is the program `embcli`; `commands`, which it brings, is what it
//! answers: commands, the forms of their answers, and the stores of models. Without both
//! the crate needs neither clap nor comfy-table nor csv. `remote`, on by default, lets the
//! program read models over a network.

// The pages of a module link to private items, for `--document-private-items`.
#![allow(rustdoc::private_intra_doc_links)]

// The modules. What is not re-exported below is for this package's own program,
// tests, benches and fuzz targets: it changes without notice.
#[doc(hidden)]
pub mod check;
#[cfg(feature = "cli")]
#[doc(hidden)]
pub mod cli;
#[cfg(feature = "commands")]
#[doc(hidden)]
pub mod commands;
#[doc(hidden)]
pub mod cpu;
#[doc(hidden)]
pub mod embedding;
#[doc(hidden)]
pub mod footprint;
#[doc(hidden)]
pub mod geometry;
#[doc(hidden)]
pub mod gguf;
#[doc(hidden)]
pub mod input;
#[doc(hidden)]
pub mod map;
#[doc(hidden)]
pub mod model;
mod named;
#[cfg(feature = "commands")]
mod npy;
#[cfg(feature = "cli")]
#[doc(hidden)]
pub mod output;
#[cfg(feature = "cli")]
pub mod program;
#[doc(hidden)]
pub mod quant;
#[cfg(feature = "remote")]
#[doc(hidden)]
pub mod remote;
#[cfg(feature = "commands")]
#[doc(hidden)]
pub mod report;
#[doc(hidden)]
pub mod rows;
#[doc(hidden)]
pub mod safetensors;
#[doc(hidden)]
pub mod similarity;
#[doc(hidden)]
pub mod source;
#[doc(hidden)]
pub mod stats;
#[cfg(feature = "commands")]
#[doc(hidden)]
pub mod store;
#[doc(hidden)]
pub mod text;
mod threads;
#[doc(hidden)]
pub mod tokenizer;
#[cfg(feature = "commands")]
#[doc(hidden)]
pub mod tour;
#[doc(hidden)]
pub mod vocab;

pub use check::{Survey, survey};
pub use embedding::{Error as TableError, TOKEN_EMBEDDING, Table};
pub use footprint::{Footprint, Precision};
pub use gguf::{open, open_source};
pub use input::{Error as InputError, Input};
pub use model::{Error, Model, TokenId, TokenType};
pub use rows::{ReadError, Rows};
pub use similarity::{LeftOut, Metric, Nearest, Neighbor, Query, Search, nearest};
pub use source::{Source, exit_on_sigbus, read_without_maps};
pub use tokenizer::{Error as TokenizerError, Options as TokenizerOptions, Tokenizer};
pub use vocab::{Token, Vocab};
