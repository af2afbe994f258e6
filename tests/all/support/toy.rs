//! The toy model: a table of made-up numbers with a small realistic vocabulary. It is
//! small enough to commit and to check by hand.
//!
//! `examples/make_toy.rs` writes it to `fixtures/toy.gguf`, and `tests/all/toy.rs`
//! compares every byte. So nothing here may depend on the platform: it uses integers,
//! and only those floating-point operations that IEEE 754 rounds exactly.

use crate::support::{F32, Gguf, f32_bytes};
use std::collections::HashSet;

pub const D_MODEL: usize = 4;
pub const N_VOCAB: usize = 8192;

/// Rows that the documentation shows; all others are random.
pub const ROWS: [(usize, [f32; D_MODEL]); 3] = [
    (26, [-0.88, 0.42, -0.15, 0.03]),
    (2368, [0.12, -0.34, 0.56, 0.78]),
    (5765, [0.15, -0.31, 0.52, 0.81]),
];

/// Pieces whose IDs the documentation names. (`;` has ID 26 anyway.)
pub const PIECES: [(usize, &str); 4] =
    [(791, "The"), (2368, "▁cat"), (3290, "▁sat"), (5765, "▁dog")];

/// The first of 1, 2, 3, ... for which the dog is the cat's nearest row by cosine, by
/// dot product and by distance.
const SEED: u64 = 2;

/// The file.
pub fn toy() -> Gguf {
    let tokens = tokens();
    let first = first_piece();
    // SentencePiece merges the pair with the best score first. Earlier pieces win, as
    // in Llama's own vocabulary. Only pieces merge.
    let scores: Vec<f32> = (0..N_VOCAB).map(|id| 0.0 - id.saturating_sub(first) as f32).collect();
    Gguf::new()
        .kv("general.architecture", "llama")
        .kv("general.name", "embcli toy")
        .kv(
            "general.description",
            "A made-up token embedding table for teaching and tests: \
             random rows, a vocabulary written by hand, nothing learned from anything.",
        )
        .kv("general.license", "cc0-1.0")
        .kv("general.file_type", 0u32)
        .kv("llama.embedding_length", D_MODEL as u32)
        .kv("llama.vocab_size", N_VOCAB as u32)
        .kv("tokenizer.ggml.model", "llama")
        .kv("tokenizer.ggml.tokens", tokens)
        .kv("tokenizer.ggml.scores", scores)
        .kv("tokenizer.ggml.token_type", token_types())
        .kv("tokenizer.ggml.bos_token_id", id_of("<s>"))
        .kv("tokenizer.ggml.eos_token_id", id_of("</s>"))
        .kv("tokenizer.ggml.unknown_token_id", id_of("<unk>"))
        .kv("tokenizer.ggml.add_bos_token", true)
        .kv("tokenizer.ggml.add_eos_token", false)
        // Llama adds a space before the text, so "The cat sat" would start with
        // `▁The`. Gemma and the toy do not: 791 2368 3290.
        .kv("tokenizer.ggml.add_space_prefix", false)
        .table(F32, D_MODEL as u64, N_VOCAB as u64, f32_bytes(&rows()))
}

/// IDs 0 to 93 are the printable ASCII characters, in GPT-2's order.
fn ascii() -> impl Iterator<Item = String> {
    ('!'..='~').map(String::from)
}

const SPECIALS: [&str; 3] = ["<unk>", "<s>", "</s>"];

fn first_piece() -> usize {
    ascii().count() + SPECIALS.len() + 256
}

fn id_of(special: &str) -> u32 {
    let at = SPECIALS.iter().position(|s| *s == special).unwrap();
    (ascii().count() + at) as u32
}

/// 1 normal, 2 unknown, 3 control, 6 byte.
fn token_types() -> Vec<i32> {
    let mut types = vec![1; N_VOCAB];
    types[ascii().count()..][..3].copy_from_slice(&[2, 3, 3]);
    types[first_piece() - 256..first_piece()].fill(6);
    types
}

/// The vocabulary in order of ID: characters, specials, bytes, then pieces.
fn tokens() -> Vec<String> {
    let mut tokens: Vec<String> = ascii()
        .chain(SPECIALS.map(String::from))
        .chain((0..256).map(|byte| format!("<0x{byte:02X}>")))
        .collect();
    let mut seen: HashSet<String> = tokens.iter().cloned().collect();
    seen.extend(PIECES.map(|(_, piece)| piece.to_string()));
    let mut pieces = words().into_iter().chain(syllables());
    while tokens.len() < N_VOCAB {
        let pinned = PIECES.iter().find(|(id, _)| *id == tokens.len());
        tokens.push(match pinned {
            Some((_, piece)) => piece.to_string(),
            None => pieces.find(|piece| seen.insert(piece.clone())).expect("syllables never end"),
        });
    }
    tokens
}

/// Every word as `word`, `▁word`, `Word` and `▁Word`, and every prefix of each, so
/// that a tokenizer can build it character by character. Short pieces come first,
/// so they merge first.
fn words() -> Vec<String> {
    let mut pieces = Vec::new();
    for word in WORDS.split_whitespace() {
        for word in [word, &capital(word)] {
            for form in [format!("▁{word}"), word.to_string()] {
                let ends = form.char_indices().map(|(at, c)| at + c.len_utf8());
                pieces.extend(ends.map(|end| form[..end].to_string()));
            }
        }
    }
    pieces.sort_by_key(|piece| piece.chars().count());
    pieces
}

/// The word with its first letter in upper case.
pub fn capital(word: &str) -> String {
    let (head, tail) = word.split_at(word.chars().next().unwrap().len_utf8());
    head.to_uppercase() + tail
}

/// Pieces that fill the vocabulary: two soft syllables each, like `ola`, `temu`,
/// `▁fisa`. (A richer alphabet would soon spell something rude.)
fn syllables() -> impl Iterator<Item = String> {
    let spaces = ["", "", "", "", "", "", "▁"];
    let vowels = ["a", "e", "i", "o", "u"];
    let first = ["", "", "b", "d", "f", "l", "m", "n", "r", "s", "t", "v", "w", "y"];
    let second = first[2..].to_vec();
    let mut random = SplitMix64(SEED);
    std::iter::repeat_with(move || {
        [&spaces[..], &first, &vowels, &second, &vowels]
            .map(|parts| parts[(random.next() % parts.len() as u64) as usize])
            .concat()
    })
}

/// The table. Random values are near a normal distribution with mean 0 and standard
/// deviation 1/4: the sum of twelve uniform numbers, minus six, divided by four.
/// (`ln` and `cos`, as in Box-Muller, may differ in the last bit between platforms. A
/// sum of integers that is rounded once to f32 does not.)
pub fn rows() -> Vec<f32> {
    let mut random = SplitMix64(SEED);
    let mut normal = || {
        let sum: i64 = (0..12).map(|_| (random.next() >> 40) as i64).sum();
        (sum - (6 << 24)) as f32 / (1 << 26) as f32
    };
    let mut rows: Vec<f32> = (0..N_VOCAB * D_MODEL).map(|_| normal()).collect();
    for (id, row) in ROWS {
        rows[id * D_MODEL..][..D_MODEL].copy_from_slice(&row);
    }
    rows
}

/// Steele, Lea and Flood's generator: <https://prng.di.unimi.it/splitmix64.c>.
struct SplitMix64(u64);

impl SplitMix64 {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
}

/// Common words, and some favourites.
pub const WORDS: &str = "
    a an and are as at be but by can come could did do does for from go had has have he her here
    him his how i if in into is it its just like made make me more most much must my no not now of
    on one only or our out over said she so some such than that the their them then there these
    they this to under up us was we were what when where which who why will with would yes you your

    hello hi world friend friends please thanks sorry love peace hope joy laugh smile dream

    cat cats dog dogs kitten puppy mouse mice horse bird birds fish bear wolf fox lion tiger whale
    duck goose hen frog snail bee bees ant ants dragon

    sat sit sits ran run runs walk walks sleep eat eats ate drink see saw look hear say read write
    sing dance play jump swim fly flew think know learn give take find lost keep open close

    mat hat bat rat house home door room bed table chair lamp book books pen paper story song music
    word words number name names token tokens row rows vector matrix model

    sun moon star stars sky sea river lake rain snow wind cloud stone tree trees leaf grass hill
    forest garden earth fire water light dark day noon morning evening summer winter spring autumn

    man men woman women boy girl child king queen father mother sister brother

    bread butter milk tea coffee apple apples pear plum lemon orange honey soup cake salt sugar

    red blue green yellow white black brown grey pink gold silver

    big small little long short tall old young new good bad happy sad warm cold hot quick slow
    kind wise true false zero two three four five six seven eight nine ten first last next

    France Paris Italy Rome Spain Japan Tokyo Berlin London

    café naïve über señor 猫 犬 🐱
";
