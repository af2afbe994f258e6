//! embcli: the token embedding table of a GGUF model, read, measured and compared.
//!
//! Before a language model does any mathematics, each token ID picks one row of
//! a learned table `[n_vocab, d_model]`. This crate finds that table in a GGUF
//! file, decodes the rows asked for exactly as ggml does, and answers questions
//! about them. The binary `embcli` is a thin shell over it.
//!
//! One way in, one way through, one way out:
//!
//! ```text
//! a name -> store: a path
//! bytes -> source: ranges of them -> gguf: index of what is where
//!   -> model: what any format says of a model -> embedding: the table
//!   -> quant: rows as f32 -> similarity, footprint, vocab, tokenizer, input
//!   -> commands: an answer (plain data) -> report: a table, JSON or CSV
//! ```
//!
//! ```no_run
//! use embcli::{embedding::Table, gguf};
//!
//! let model = gguf::open("model.gguf".as_ref())?;
//! let table = Table::open(&model, embcli::embedding::TOKEN_EMBEDDING)?;
//! let cat: Vec<f32> = table.row(2368)?;
//! assert_eq!(cat.len(), table.d_model());
//! # Ok::<(), anyhow::Error>(())
//! ```

pub mod answer;
pub mod check;
pub mod cli;
pub mod commands;
pub mod cpu;
pub mod embedding;
pub mod footprint;
pub mod gguf;
pub mod input;
pub mod model;
pub mod output;
pub mod program;
pub mod quant;
pub mod report;
pub mod rows;
pub mod similarity;
pub mod source;
pub mod stats;
pub mod store;
pub mod text;
mod threads;
pub mod tokenizer;
pub mod tour;
pub mod vocab;
