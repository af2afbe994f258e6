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
//! bytes on disk -> gguf: index of what is where -> embedding: the table
//!   -> quant: rows as f32 -> similarity, footprint, vocab, tokenizer, input
//!   -> commands: an answer (plain data) -> report: a table, JSON or CSV
//! ```
//!
//! ```no_run
//! use embcli::{embedding::Table, gguf::Gguf};
//!
//! let file = Gguf::open("model.gguf".as_ref())?;
//! let table = Table::open(&file, embcli::embedding::TOKEN_EMBEDDING)?;
//! let cat: Vec<f32> = table.row(2368)?;
//! assert_eq!(cat.len(), table.d_model());
//! # Ok::<(), anyhow::Error>(())
//! ```

// The rooms. What is not re-exported below is for this package's own program,
// tests, benches and fuzz targets: it changes without notice.
#[doc(hidden)]
pub mod check;
#[cfg(feature = "cli")]
#[doc(hidden)]
pub mod cli;
#[cfg(feature = "cli")]
#[doc(hidden)]
pub mod commands;
#[doc(hidden)]
pub mod cpu;
#[doc(hidden)]
pub mod embedding;
#[doc(hidden)]
pub mod footprint;
#[doc(hidden)]
pub mod gguf;
#[doc(hidden)]
pub mod input;
#[doc(hidden)]
pub mod model;
#[cfg(feature = "cli")]
#[doc(hidden)]
pub mod output;
#[cfg(feature = "cli")]
pub mod program;
#[doc(hidden)]
pub mod quant;
#[cfg(feature = "cli")]
#[doc(hidden)]
pub mod report;
#[doc(hidden)]
pub mod rows;
#[doc(hidden)]
pub mod similarity;
#[doc(hidden)]
pub mod source;
#[doc(hidden)]
pub mod stats;
#[cfg(feature = "cli")]
#[doc(hidden)]
pub mod store;
#[doc(hidden)]
pub mod text;
mod threads;
#[doc(hidden)]
pub mod tokenizer;
#[cfg(feature = "cli")]
#[doc(hidden)]
pub mod tour;
#[doc(hidden)]
pub mod vocab;
