//! Measures how long it takes to open a tokenizer and to encode with it. It uses the
//! vocabularies that `scripts/fetch-vocabularies.sh` and
//! `scripts/fetch-real-model.sh` download.
//!
//!     cargo bench --bench tokenizer
//!
//! Each text has a megabyte. One repeated letter is the worst case for merging: the
//! whole text is one word, and every pair in it merges.

use std::path::PathBuf;

use divan::counter::BytesCount;
use divan::{Bencher, black_box};
use embcli::gguf;
use embcli::tokenizer::{Options, Tokenizer};

fn main() {
    divan::main();
}

const MEGABYTE: usize = 1 << 20;

/// The files that exist: one SentencePiece vocabulary, three BPE ones of different
/// sizes.
fn files() -> Vec<&'static str> {
    const FILES: [&str; 4] = [
        "gemma-3-270m-q4_k_m.gguf",
        "vocabularies/ggml-vocab-gpt-2.gguf",
        "vocabularies/ggml-vocab-llama-bpe.gguf",
        "vocabularies/ggml-vocab-gemma-4.gguf",
    ];
    FILES.into_iter().filter(|file| path(file).exists()).collect()
}

fn path(file: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("models").join(file)
}

fn open(file: &str) -> Tokenizer {
    let model = gguf::open(&path(file)).expect("a fetched file can be opened");
    Tokenizer::open(&model).expect("it has a tokenizer")
}

/// The time from a path to a usable tokenizer.
#[divan::bench(args = files())]
fn opening(file: &str) -> Tokenizer {
    open(black_box(file))
}

fn encoding(bencher: Bencher<'_, '_>, file: &str, text: &str) {
    let tokenizer = open(file);
    let text = &text.repeat(MEGABYTE / text.len());
    bencher.counter(BytesCount::of_str(text)).bench(|| {
        tokenizer.encode(black_box(text.as_bytes()), Options::default()).expect("a text is encoded")
    });
}

#[divan::bench(args = files(), sample_count = 10)]
fn words(bencher: Bencher<'_, '_>, file: &str) {
    encoding(bencher, file, "The cat sat on the mat, and it's 10:45 now; naïve, isn't it?\n");
}

#[divan::bench(args = files(), sample_count = 10)]
fn one_letter(bencher: Bencher<'_, '_>, file: &str) {
    encoding(bencher, file, "a");
}

#[divan::bench(args = files(), sample_count = 10)]
fn spaces(bencher: Bencher<'_, '_>, file: &str) {
    encoding(bencher, file, " ");
}
