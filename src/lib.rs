//! embcli: the token embedding table of a GGUF model, read, measured and compared.
//!
//! Before a language model does any mathematics, each token ID picks one row of
//! a learned table `[n_vocab, d_model]`. This crate finds that table in a GGUF
//! file, decodes the rows asked for exactly as ggml does, and answers questions
//! about them. The binary `embcli` is a thin shell over it.
//!
//! Read the modules in the order the data flows: [`gguf`] turns a file into an
//! index of spans, [`quant`] turns one block of bytes into `f32`.

pub mod gguf;
pub mod quant;
