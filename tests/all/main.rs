//! Tests of the program, and of several rooms together.
//!
//! They are one binary, so the support code is compiled and linked once. Tests that
//! need a fetched model are ignored by default:
//! `cargo test --test all -- --ignored` runs them.

mod support;

mod as_input;
mod check;
mod checkpoints;
mod cli;
mod decode;
mod export;
mod files;
mod findings;
mod first_minute;
mod footprint;
mod geometry;
mod golden;
mod hostile;
mod info;
mod layouts;
mod long_texts;
mod lookup;
mod map;
mod mutations;
mod neighbors_all;
mod output;
mod real_model;
mod real_world;
mod requantised;
mod requests;
mod safety;
mod second_model;
mod second_opinion;
mod shells;
mod signals;
mod stats;
mod stores;
mod tokenizer;
mod tokens;
mod tour;
mod toy;
mod unmapped;
mod unsafe_list;
mod vocabulary;
#[cfg(feature = "remote")]
mod wire;
mod writer;
