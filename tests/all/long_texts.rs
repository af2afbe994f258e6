//! A megabyte of text takes two seconds of a processor at most, whatever the
//! vocabulary: those here are made so that many tokens begin alike. The texts
//! are a fifth of that, and so is their time.

use std::time::Duration;

use crate::support;
use embcli::gguf::Gguf;
use embcli::model::Model;
use embcli::tokenizer::{Options, Tokenizer};

/// The length of the texts, and the most time for one.
const LENGTH: usize = 200_000;
const MOST: Duration = Duration::from_millis(400);

const OPTIONS: Options = Options { add_special: false, parse_special: true };

const NORMAL: i32 = 1;
const CONTROL: i32 = 3;
const USER_DEFINED: i32 = 4;
const BYTE: i32 = 6;

/// The time that this thread has had on a processor, which a busy machine does
/// not stretch.
#[cfg(unix)]
fn processor_time() -> Duration {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the clock is written to a `timespec` of our own.
    let done = unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &mut time) };
    assert_eq!(done, 0);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

#[cfg(not(unix))]
fn processor_time() -> Duration {
    static START: std::sync::LazyLock<std::time::Instant> =
        std::sync::LazyLock::new(std::time::Instant::now);
    START.elapsed()
}

fn repeated(part: &str) -> String {
    part.repeat(LENGTH.div_ceil(part.len()))
}

/// Tokens that begin with one another: `a`, `aa`, `aaa`, ...
fn nested(longest: usize) -> Vec<String> {
    (1..=longest).map(|len| "a".repeat(len)).collect()
}

/// Tokens that part from one another at each byte: `b`, `ab`, `aab`, ...
fn branching(longest: usize) -> Vec<String> {
    (0..longest).map(|len| "a".repeat(len) + "b").chain(["a".to_owned()]).collect()
}

/// A token that is nearly found at each place, and one that is.
fn deep() -> Vec<String> {
    vec!["a".to_owned(), "a".repeat(2040) + "b"]
}

/// A token that is cut out of the middle of others, so that all that overlap it
/// are looked for again.
fn overlapping() -> Vec<String> {
    let middle = "a".repeat(500) + "b" + &"c".repeat(1400);
    nested(1200).into_iter().chain([middle]).collect()
}

fn texts() -> Vec<String> {
    let parts = [
        "a".to_owned(),
        "a".repeat(100) + "b",
        "a".repeat(2039) + "c",
        "a".repeat(1700) + "b" + &"c".repeat(1400),
    ];
    parts.iter().map(|part| repeated(part)).collect()
}

/// A file with these tokens, all of one type, in the way of a family.
fn file(model: &str, tokens: &[String], token_type: i32) -> support::Gguf {
    let specials = ["<unk>", "▁"].map(|text| (text.to_owned(), NORMAL));
    let bytes = (0..=255).map(|byte: u8| (format!("<0x{byte:02X}>"), BYTE));
    let own = tokens.iter().map(|text| (text.clone(), token_type));
    let (texts, types): (Vec<String>, Vec<i32>) =
        specials.into_iter().chain(bytes).chain(own).unzip();
    // The longer, the better: so all of them are made of one another.
    let scores: Vec<f32> = texts.iter().map(|text| text.len() as f32).collect();
    let merges: Vec<String> = tokens.iter().map(|text| format!("{} a", &text[1..])).collect();
    support::Gguf::new()
        .kv("tokenizer.ggml.model", model)
        .kv("tokenizer.ggml.pre", "default")
        .kv("tokenizer.ggml.tokens", texts)
        .kv("tokenizer.ggml.token_type", types)
        .kv("tokenizer.ggml.scores", scores)
        .kv("tokenizer.ggml.merges", merges)
        .kv("tokenizer.ggml.unknown_token_id", 0_u32)
        .kv("tokenizer.ggml.add_bos_token", false)
}

fn model(file: support::Gguf) -> Model {
    Gguf::new(Box::new(file.build())).unwrap().into()
}

/// Encodes texts, and holds each to its time.
fn assert_fast(family: &str, shape: &str, tokens: &[String], token_type: i32, texts: &[String]) {
    let tokenizer = match Tokenizer::open(&model(file(family, tokens, token_type))) {
        Ok(tokenizer) => tokenizer,
        Err(error) => {
            let reason = error.to_string();
            let is_deep = reason.contains("of its tokens begin with one another");
            assert!(is_deep && ["t5", "plamo2"].contains(&family), "{family}, {shape}: {reason}");
            return;
        }
    };
    for text in texts {
        let start = processor_time();
        let encoded = tokenizer.encode(text.as_bytes(), OPTIONS);
        let took = processor_time() - start;
        assert!(took < MOST, "{took:?} for {family}, {shape}: {}...", &text[..40]);
        // RWKV has no way to write what is the beginning of a token and no more.
        assert!(encoded.is_ok() || family == "rwkv", "{family}, {shape}: {encoded:?}");
    }
}

#[test]
fn no_vocabulary_makes_a_text_slow() {
    let shapes = [
        ("nested", nested(1900)),
        ("nested as far as is weighed", nested(250)),
        ("branching", branching(1900)),
        ("deep", deep()),
        ("overlapping", overlapping()),
    ];
    let texts = texts();
    for (shape, tokens) in &shapes {
        for family in ["llama", "gpt2", "gemma4", "bert", "t5", "rwkv", "plamo2"] {
            assert_fast(family, shape, tokens, NORMAL, &texts[..2]);
        }
        assert_fast("llama", shape, tokens, USER_DEFINED, &texts);
        assert_fast("gpt2", shape, tokens, CONTROL, &texts[..1]);
    }
}

/// A normalisation that leads along many bytes and replaces few.
#[test]
fn no_normalisation_makes_a_text_slow() {
    let file = file("t5", &nested(1), NORMAL)
        .kv("tokenizer.ggml.precompiled_charsmap", support::deep_charsmap(100));
    let tokenizer = Tokenizer::open(&model(file)).unwrap();
    let start = processor_time();
    let ids = tokenizer.encode(repeated("A").as_bytes(), OPTIONS).unwrap();
    let took = processor_time() - start;
    assert!(took < MOST, "{took:?}");
    assert!(ids.len() >= LENGTH, "each was replaced");

    let file = support::deep_charsmap(200);
    let file = support::Gguf::new()
        .kv("tokenizer.ggml.model", "t5")
        .kv("tokenizer.ggml.tokens", vec!["<unk>", "a"])
        .kv("tokenizer.ggml.unknown_token_id", 0_u32)
        .kv("tokenizer.ggml.precompiled_charsmap", file);
    let tokenizer = Tokenizer::open(&model(file)).unwrap();
    let error = tokenizer.encode(&[b'A'; 300], OPTIONS).unwrap_err().to_string();
    assert!(error.contains("replaces a text of more than 128 bytes"), "{error}");
}
