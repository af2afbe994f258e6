//! The toy model matches the documentation, equals the generator's output byte for
//! byte, and is valid for gguf-rs-lib's strict reader.

use crate::support;
use crate::support::toy;
use crate::support::toy::{D_MODEL, N_VOCAB, PIECES, ROWS};
use gguf_rs_lib::prelude::{GGUFFileReader, MetadataValue};
use std::collections::{HashMap, HashSet};
use std::io::Cursor;

const FIXTURE: &[u8] = include_bytes!("../../fixtures/toy.gguf");
const CAT: usize = 2368;
const DOG: usize = 5765;
const SEMICOLON: usize = 26;

#[test]
fn the_committed_file_equals_make_toys_output() {
    let same = toy::toy().build() == FIXTURE; // assert_eq would print all bytes of both
    assert!(same, "run `cargo run --example make_toy`");
    assert!(FIXTURE.len() < 300 << 10, "{} bytes", FIXTURE.len());
}

#[test]
fn gguf_rs_lib_reads_the_same_table() {
    let mut reader = GGUFFileReader::new(Cursor::new(FIXTURE)).unwrap();
    assert_eq!(reader.tensor_names(), ["token_embd.weight"]);
    let info = reader.get_tensor_info("token_embd.weight").unwrap();
    assert_eq!(info.shape().dims(), [D_MODEL as u64, N_VOCAB as u64]);
    let data = reader.load_tensor_data("token_embd.weight").unwrap();
    assert_eq!(data.unwrap().as_slice(), support::f32_bytes(&toy::rows()));

    let metadata = reader.metadata();
    assert_eq!(metadata.get_string("general.architecture"), Some("llama"));
    assert_eq!(metadata.get_string("general.name"), Some("embcli toy"));
    assert_eq!(metadata.get_u64("llama.embedding_length"), Some(4));
    assert_eq!(metadata.get_u64("llama.vocab_size"), Some(8192));
    assert_eq!(metadata.get_string("tokenizer.ggml.model"), Some("llama"));
}

#[test]
fn the_vocabulary_has_the_promised_ids() {
    let vocab = Vocab::read();
    assert_eq!(vocab.tokens[SEMICOLON], ";");
    for (id, piece) in PIECES {
        assert_eq!(vocab.tokens[id], piece);
    }
    for (key, token, kind) in [
        ("tokenizer.ggml.unknown_token_id", "<unk>", 2),
        ("tokenizer.ggml.bos_token_id", "<s>", 3),
        ("tokenizer.ggml.eos_token_id", "</s>", 3),
    ] {
        let id = vocab.metadata[key].as_u64().unwrap() as usize;
        assert_eq!((vocab.tokens[id].as_str(), vocab.types[id]), (token, kind));
    }
    for (id, token) in vocab.tokens.iter().enumerate() {
        let is_byte = token.len() == 6 && token.starts_with("<0x");
        assert_eq!(vocab.types[id] == 6, is_byte, "{token}");
    }
    assert_eq!(vocab.types.iter().filter(|t| **t == 6).count(), 256);

    let different: HashSet<&String> = vocab.tokens.iter().collect();
    assert_eq!((vocab.tokens.len(), different.len()), (N_VOCAB, N_VOCAB));
    assert!(!different.contains(&String::new()));
    for word in "▁cats ▁Cat Cat cat ▁mat ▁on ▁the ▁The ▁hello ▁world ▁café ▁猫".split(' ')
    {
        assert!(different.contains(&word.to_string()), "{word}");
    }
}

#[test]
fn merging_gives_the_promised_tokens() {
    let vocab = Vocab::read();
    assert_eq!(vocab.tokenize("The cat sat"), ["The", "▁cat", "▁sat"]);
    assert_eq!(
        vocab.tokenize("The cat sat on the mat; hello world"),
        ["The", "▁cat", "▁sat", "▁on", "▁the", "▁mat", ";", "▁hello", "▁world"]
    );
    // Every word of the list is one token: in lower case, capitalised, and after a space.
    for word in toy::WORDS.split_whitespace() {
        for text in [word.to_owned(), toy::capital(word)] {
            assert_eq!(vocab.tokenize(&text), [text.as_str()]);
            let spaced = format!("▁{text}");
            assert_eq!(vocab.tokenize(&spaced), [spaced.as_str()]);
        }
    }
}

#[test]
fn the_dog_is_nearest_to_the_cat_and_the_semicolon_far() {
    let rows: Vec<[f64; D_MODEL]> = toy::rows()
        .chunks_exact(D_MODEL)
        .map(|row| std::array::from_fn(|i| f64::from(row[i])))
        .collect();
    for (id, row) in ROWS {
        assert_eq!(rows[id], row.map(f64::from));
    }
    let dot = |a: usize, b: usize| -> f64 { (0..D_MODEL).map(|i| rows[a][i] * rows[b][i]).sum() };
    let cosine = |id| dot(CAT, id) / (dot(CAT, CAT) * dot(id, id)).sqrt();
    let distance = |id| dot(CAT, CAT) - 2.0 * dot(CAT, id) + dot(id, id);
    let best = |score: &dyn Fn(usize) -> f64| {
        let others = (0..N_VOCAB).filter(|id| *id != CAT);
        others.max_by(|a, b| score(*a).total_cmp(&score(*b)))
    };
    assert_eq!(best(&cosine), Some(DOG));
    assert_eq!(best(&|id| dot(CAT, id)), Some(DOG));
    assert_eq!(best(&|id| -distance(id)), Some(DOG));
    assert!(cosine(SEMICOLON) < -0.3);
}

/// The vocabulary of the fixture.
struct Vocab {
    metadata: HashMap<String, MetadataValue>,
    tokens: Vec<String>,
    types: Vec<i64>,
    scores: HashMap<String, f64>,
}

impl Vocab {
    fn read() -> Self {
        let reader = GGUFFileReader::new(Cursor::new(FIXTURE)).unwrap();
        let metadata = reader.metadata().data.clone();
        let array = |key: &str| match &metadata[key] {
            MetadataValue::Array(array) => array.values.clone(),
            other => panic!("{key}: {other:?}"),
        };
        let tokens: Vec<String> = array("tokenizer.ggml.tokens")
            .iter()
            .map(|token| token.as_str().unwrap().to_owned())
            .collect();
        let types = array("tokenizer.ggml.token_type");
        let scores = array("tokenizer.ggml.scores");
        let scores = scores.iter().map(|score| score.as_f64().unwrap());
        Self {
            types: types.iter().map(|kind| kind.as_i64().unwrap()).collect(),
            scores: tokens.iter().cloned().zip(scores).collect(),
            tokens,
            metadata,
        }
    }

    /// SentencePiece's rule in its plainest form: while two adjacent parts make a token,
    /// join the pair with the best score, the leftmost of equals.
    fn tokenize(&self, text: &str) -> Vec<String> {
        let mut parts: Vec<String> = text.replace(' ', "▁").chars().map(String::from).collect();
        loop {
            let best = (1..parts.len())
                .filter_map(|i| Some((self.scores.get(&parts[i - 1..=i].concat())?, i)))
                .max_by(|(a, i), (b, j)| a.total_cmp(b).then(j.cmp(i)));
            let Some((_, i)) = best else { return parts };
            let right = parts.remove(i);
            parts[i - 1] += &right;
        }
    }
}
