//! Makes a valid file from the input, with any tokenizer family, architecture and
//! type, and runs each command on it.
#![no_main]

#[path = "drive.rs"]
mod drive;
#[path = "../../tests/all/support/writer.rs"]
#[allow(dead_code, reason = "the tests use more of it")]
mod writer;

use arbitrary::Arbitrary;
use embcli::quant::FORMATS;
use libfuzzer_sys::fuzz_target;
use writer::{Gguf, Value, text};

const FAMILIES: [&str; 10] = [
    "llama", "gpt2", "bert", "t5", "rwkv", "plamo2", "gemma4", "hybriddna", "whitespace", "none",
];
const PRES: [&str; 8] =
    ["default", "llama-bpe", "qwen2", "deepseek-llm", "falcon", "gpt-2", "tekken", "unheard-of"];
const ARCHITECTURES: [&str; 8] =
    ["llama", "gemma3", "bert", "gpt2", "bloom", "minicpm", "talkie", "unheard-of"];
/// Pieces of token texts. Bytes of the input follow them.
const PIECES: [&str; 12] =
    ["a", "b", "ab", "▁", "▁a", "Ġ", "Ġa", "##b", "<0x41>", "<|im_end|>", "\\x20", "猫"];

/// The choices that the input makes for a file.
#[derive(Debug, Arbitrary)]
struct File {
    family: u8,
    pre: u8,
    architecture: u8,
    format: u8,
    d_model: u8,
    extra_rows: i8,
    tokens: Vec<Token>,
    merges: Vec<(u8, u8)>,
    charsmap: Option<Vec<u8>>,
    special: [Option<u16>; 4],
    flags: [Option<bool>; 5],
    epsilon: f32,
    values: Vec<u8>,
}

/// A token: some pieces, then raw bytes.
#[derive(Debug, Arbitrary)]
struct Token {
    pieces: Vec<u8>,
    bytes: Vec<u8>,
    token_type: i8,
    score: f32,
}

impl Token {
    fn text(&self) -> Vec<u8> {
        let mut text = Vec::new();
        for piece in self.pieces.iter().take(4) {
            text.extend(pick(&PIECES, *piece).bytes());
        }
        text.extend(self.bytes.iter().take(8));
        text
    }
}

fn pick<T: Copy>(all: &[T], choice: u8) -> T {
    all[usize::from(choice) % all.len()]
}

impl File {
    fn build(&self) -> Vec<u8> {
        let tokens = &self.tokens[..self.tokens.len().min(64)];
        let texts: Vec<_> = tokens.iter().map(Token::text).collect();
        let architecture = pick(&ARCHITECTURES, self.architecture);
        let types = tokens.iter().map(|token| i32::from(token.token_type)).collect::<Vec<_>>();
        let scores = tokens.iter().map(|token| token.score).collect::<Vec<_>>();
        let mut file = Gguf::new()
            .kv("general.architecture", architecture)
            .kv("tokenizer.ggml.model", pick(&FAMILIES, self.family))
            .kv("tokenizer.ggml.pre", pick(&PRES, self.pre))
            .kv("tokenizer.ggml.tokens", Value::Array(8, texts.iter().map(text).collect()))
            .kv("tokenizer.ggml.token_type", types)
            .kv("tokenizer.ggml.scores", scores)
            .kv(&format!("{architecture}.attention.layer_norm_epsilon"), self.epsilon)
            .kv(&format!("{architecture}.attention.layer_norm_rms_epsilon"), self.epsilon)
            .kv(&format!("{architecture}.embedding_scale"), self.epsilon);
        if !texts.is_empty() {
            let merge = |(left, right): &(u8, u8)| {
                let half = |at: &u8| &texts[usize::from(*at) % texts.len()];
                text([half(left), &b" "[..], half(right)].concat())
            };
            let merges = self.merges.iter().take(64).map(merge).collect();
            file = file.kv("tokenizer.ggml.merges", Value::Array(8, merges));
        }
        if let Some(map) = &self.charsmap {
            file = file.kv("tokenizer.ggml.precompiled_charsmap", map.clone());
        }
        for (name, id) in ["bos", "eos", "unknown", "seperator"].into_iter().zip(self.special) {
            if let Some(id) = id {
                file = file.kv(&format!("tokenizer.ggml.{name}_token_id"), u32::from(id));
            }
        }
        let flags = [
            "add_bos_token",
            "add_eos_token",
            "add_space_prefix",
            "remove_extra_whitespaces",
            "normalizer.lowercase",
        ];
        for (name, flag) in flags.into_iter().zip(self.flags) {
            if let Some(flag) = flag {
                file = file.kv(&format!("tokenizer.ggml.{name}"), flag);
            }
        }
        let format = &FORMATS[usize::from(self.format) % FORMATS.len()];
        let blocks = if format.block_len == 1 { 8 } else { 1 + usize::from(self.d_model) % 3 };
        let rows = (tokens.len() as i64 + i64::from(self.extra_rows)).clamp(1, 128) as usize;
        let row_bytes = blocks * format.block_bytes;
        let mut data: Vec<u8> =
            self.values.iter().copied().cycle().take(rows * row_bytes).collect();
        data.resize(rows * row_bytes, 0x3c);
        let d_model = (blocks * format.block_len) as u64;
        file.table(format.id, d_model, rows as u64, data).build()
    }
}

fuzz_target!(|file: File| drive::every_command(&file.build()));
