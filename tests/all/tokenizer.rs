//! Compares token IDs with llama.cpp's: its published test cases, and its IDs for our
//! own texts (`scripts/tokenizer_fixtures.py`). `scripts/fetch-vocabularies.sh` downloads
//! the vocabularies.

use std::path::{Path, PathBuf};

use crate::support;
use crate::support::tell;
use embcli::gguf::{self, Gguf};
use embcli::model::Model;
use embcli::tokenizer::{Options, Tokenizer};
use serde_json::Value;

const DEFAULT: Options = Options { add_special: true, parse_special: true };
const PLAIN: Options = Options { add_special: false, parse_special: false };

fn open(model: &Model) -> Tokenizer {
    Tokenizer::open(model).unwrap()
}

fn model(file: support::Gguf) -> Model {
    Gguf::new(Box::new(file.build())).unwrap().into()
}

/// The published vocabularies.
fn vocabularies() -> Vec<(String, PathBuf)> {
    let directory = support::models().join("vocabularies");
    let mut found: Vec<_> = std::fs::read_dir(&directory)
        .into_iter()
        .flatten()
        .filter_map(|entry| {
            let path = entry.unwrap().path();
            let name = path.file_name()?.to_str()?;
            let name = name.strip_prefix("ggml-vocab-")?.strip_suffix(".gguf")?.to_owned();
            Some((name, path))
        })
        .collect();
    found.sort();
    let name = directory.display();
    assert!(!found.is_empty(), "{name} has no vocabularies: run scripts/fetch-vocabularies.sh");
    found
}

fn fixture(name: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/tokenizer").join(name);
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

fn ids(list: &Value) -> Option<Vec<u64>> {
    let id = |id: &Value| id.as_u64().unwrap();
    Some(list.as_array()?.iter().map(id).collect())
}

/// `FILE.gguf.inp` has texts, with a mark between each two. `FILE.gguf.out` has the IDs of
/// each text on one line, with nothing added and with special tokens read as text.
#[test]
#[ignore = "needs the published vocabularies: scripts/fetch-vocabularies.sh"]
fn every_published_case_gives_the_same_ids() {
    const MARK: &str = "\n__ggml_vocab_test__\n";
    for (name, path) in vocabularies() {
        let beside = |extension: &str| {
            let path = format!("{}.{extension}", path.display());
            std::fs::read_to_string(path).ok()
        };
        let (Some(texts), Some(expected)) = (beside("inp"), beside("out")) else {
            tell(format_args!("{name}: no published cases"));
            continue;
        };
        let tokenizer = open(&gguf::open(&path).unwrap());
        let texts: Vec<&str> = texts.split(MARK).collect();
        // In most files the last text is empty, and so is the last line of IDs.
        let expected: Vec<&str> = expected.split('\n').take(texts.len()).collect();
        assert_eq!(texts.len(), expected.len(), "{name}");
        for (text, expected) in texts.iter().zip(expected) {
            let ids = tokenizer.encode(text.as_bytes(), PLAIN).unwrap();
            let expected: Vec<u64> =
                expected.split_whitespace().map(|id| id.parse().unwrap()).collect();
            assert_eq!(ids, expected, "{name}: {text:?}");
        }
        tell(format_args!("{name}: {} of {0} published cases", texts.len()));
    }
}

/// Compares with `fixtures/tokenizer/NAME.json`.
fn compare(name: &str, path: &Path) {
    let tokenizer = open(&gguf::open(path).unwrap());
    let texts = fixture("texts.json");
    let texts = texts["texts"].as_array().unwrap();
    let expected = fixture(&format!("{name}.json"));
    let (special, plain) = (&expected["special"], &expected["plain"]);
    assert_eq!(special.as_array().unwrap().len(), texts.len());
    for (i, text) in texts.iter().enumerate() {
        let what = &text["what"];
        let text = match (text["text"].as_str(), text["hex"].as_str()) {
            (Some(text), None) => text.as_bytes().to_vec(),
            (None, Some(hex)) => bytes(hex),
            _ => panic!("{what} has no text"),
        };
        let special = ids(&special[i]).unwrap();
        assert_eq!(tokenizer.encode(&text, DEFAULT).unwrap(), special, "{name}: {what}");
        let found = tokenizer.encode(&text, PLAIN).unwrap();
        match ids(&plain[i]) {
            Some(plain) => assert_eq!(found, plain, "{name}: {what}, plain"),
            None => {
                let around = special.len() - found.len();
                assert!(around <= 2, "{name}: {what}, plain");
                let inside = |start| special[start..].starts_with(&found);
                assert!((0..=around).any(inside), "{name}: {what}, plain");
            }
        }
    }
    tell(format_args!("{name}: {} of {0} own texts, with special tokens and plain", texts.len()));
}

fn bytes(hex: &str) -> Vec<u8> {
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
    hex.as_bytes().chunks(2).map(byte).collect()
}

#[test]
#[ignore = "needs the published vocabularies: scripts/fetch-vocabularies.sh"]
fn our_texts_give_llama_cpps_ids_in_every_vocabulary() {
    for (name, path) in vocabularies() {
        compare(&name, &path);
    }
}

#[test]
#[ignore = "needs the real model: scripts/fetch-real-model.sh"]
fn our_texts_give_llama_cpps_ids_in_the_real_model() {
    compare("gemma-3-270m", &support::real_model());
}

/// A vocabulary of a few tokens, each with its type.
fn tiny(model: &str, tokens: &[(&str, i32)]) -> support::Gguf {
    let texts: Vec<&str> = tokens.iter().map(|&(text, _)| text).collect();
    let types: Vec<i32> = tokens.iter().map(|&(_, token_type)| token_type).collect();
    support::Gguf::new()
        .kv("tokenizer.ggml.model", model)
        .kv("tokenizer.ggml.tokens", texts)
        .kv("tokenizer.ggml.token_type", types)
}

const NORMAL: i32 = 1;
const CONTROL: i32 = 3;
const USER_DEFINED: i32 = 4;

/// A SentencePiece vocabulary: 0 to 3 are special, then come letters and merged pieces.
const PIECES: &[(&str, i32)] = &[
    ("<unk>", 2),
    ("<s>", CONTROL),
    ("</s>", CONTROL),
    ("<x>", USER_DEFINED),
    ("a", NORMAL),
    ("b", NORMAL),
    ("▁", NORMAL),
    ("▁a", NORMAL),
    ("ab", NORMAL),
    ("<0x21>", 6),
    ("<x><x>", CONTROL),
];

fn spm() -> support::Gguf {
    tiny("llama", PIECES).kv("tokenizer.ggml.scores", vec![0_f32; PIECES.len()])
}

/// A byte-level BPE vocabulary: letters and the pieces they merge to.
fn bpe(pre: &str) -> support::Gguf {
    let tokens = ["a", "b", "Ġ", "ab", "Ġa", "1", "11", "<|end|>", "!"].map(|text| (text, NORMAL));
    tiny("gpt2", &tokens)
        .kv("tokenizer.ggml.pre", pre)
        .kv("tokenizer.ggml.merges", vec!["a b", "Ġ a", "1 1"])
}

fn ids_of(gguf: support::Gguf, text: &str, options: Options) -> Vec<u64> {
    open(&model(gguf)).encode(text.as_bytes(), options).unwrap()
}

const NO_BOS: Options = Options { add_special: false, parse_special: true };

#[test]
fn spm_adds_a_space_before_a_text_and_after_a_special_token() {
    assert_eq!(ids_of(spm(), "ab", DEFAULT), [1, 7, 5]);
    assert_eq!(ids_of(spm(), " a", DEFAULT), [1, 6, 7], "the text's own space is another");
    assert_eq!(ids_of(spm(), "b<x>a", DEFAULT), [1, 6, 5, 3, 7]);
    let without = spm().kv("tokenizer.ggml.add_space_prefix", false);
    assert_eq!(ids_of(without, "ab<x>a", DEFAULT), [1, 8, 3, 4]);
}

#[test]
fn the_best_score_merges_first() {
    assert_eq!(ids_of(spm(), "ab", PLAIN), [7, 5], "the leftmost of equals");
    let better = |text: &&str| if *text == "ab" { 1.0 } else { 0_f32 };
    let scores: Vec<f32> = PIECES.iter().map(|(text, _)| better(text)).collect();
    let better = tiny("llama", PIECES).kv("tokenizer.ggml.scores", scores);
    assert_eq!(ids_of(better, "ab", PLAIN), [6, 8]);
}

#[test]
fn special_tokens_can_be_read_as_text() {
    assert_eq!(ids_of(spm(), "a</s>", NO_BOS), [7, 2]);
    assert_eq!(ids_of(spm(), "<x><x><x>", NO_BOS), [10, 3], "the longest is found first");
    assert_eq!(ids_of(spm(), "<x><x>a", PLAIN), [3, 3, 7], "user-defined tokens are found");
}

#[test]
fn the_file_decides_about_bos_and_eos() {
    let both = spm().kv("tokenizer.ggml.add_eos_token", true);
    assert_eq!(ids_of(both, "", DEFAULT), [1, 2]);
    let neither = spm().kv("tokenizer.ggml.add_bos_token", false);
    assert!(ids_of(neither, "", DEFAULT).is_empty());
    let other = spm().kv("tokenizer.ggml.bos_token_id", 3_u32);
    assert_eq!(ids_of(other, "", DEFAULT), [3]);
    let nowhere = spm().kv("tokenizer.ggml.bos_token_id", 99_u32);
    assert_eq!(ids_of(nowhere, "", DEFAULT), [1], "the default is used");
}

#[test]
fn some_tokens_strip_the_white_space_next_to_them() {
    let bare = |gguf: support::Gguf| gguf.kv("tokenizer.ggml.add_space_prefix", false);
    let phi = || bare(spm()).kv("general.name", "My Phi-3");
    assert_eq!(ids_of(phi(), "b </s> \n b <x> b", NO_BOS), [5, 6, 2, 5, 6, 3, 5]);
    assert_eq!(ids_of(phi(), "b <s> b", NO_BOS), [5, 6, 1, 6, 5], "<s> strips no space");

    let mut tokens = PIECES.to_vec();
    tokens[3].0 = "<mask>";
    let nomic = tiny("llama", &tokens).kv("general.architecture", "nomic-bert-moe");
    assert_eq!(ids_of(bare(nomic), "a  <mask> b", NO_BOS), [4, 3, 6, 5]);
}

#[test]
fn a_control_token_is_recognised_by_its_text() {
    // "<|end|>" is of the type "normal" in the file.
    assert_eq!(ids_of(bpe("gpt-2"), "a<|end|>b", NO_BOS), [0, 7, 1]);
    assert_eq!(
        ids_of(bpe("gpt-2"), "a<|end|>b", PLAIN),
        [0, 1],
        "bytes without a token are dropped"
    );
}

#[test]
fn pairs_merge_within_words_only() {
    assert_eq!(ids_of(bpe("gpt-2"), "ab 11", PLAIN), [3, 2, 6]);
    assert_eq!(ids_of(bpe("gpt-2"), "b ab", PLAIN), [1, 2, 3]);
    assert_eq!(ids_of(bpe("qwen2"), "ab 11", PLAIN), [3, 2, 5, 5], "each digit is a word");
}

#[test]
fn an_unknown_pre_tokenizer_gives_a_note() {
    let tokenizer = open(&model(bpe("gpt-5000")));
    assert!(tokenizer.notes()[0].contains("\"gpt-5000\""), "{:?}", tokenizer.notes());
    assert_eq!(tokenizer.encode(b"ab!", PLAIN).unwrap(), [3, 8]);

    assert!(open(&model(bpe("gpt-2"))).notes().is_empty());
}

#[test]
fn each_dna_token_has_six_bases() {
    let tokens = ["a", "<dna>", "</dna>", "<oov>", "ACGTAC\u{e000}", "GAAAAA\u{e000}"]
        .map(|text| (text, NORMAL));
    let dna = || {
        tiny("hybriddna", &tokens)
            .kv("tokenizer.ggml.pre", "gpt-2")
            .kv("tokenizer.ggml.merges", Vec::<String>::new())
    };
    assert_eq!(ids_of(dna(), "a<dna>acgtacGGGGGGg</dna>a", PLAIN), [0, 1, 4, 3, 5, 2, 0]);
    assert_eq!(ids_of(dna(), "<dna>ACGTAC", PLAIN), [1, 4], "without </dna>, to the text's end");
}

#[test]
fn the_whitespace_family_drops_white_space() {
    let tokens = ["a", "b", "ab", "A"].map(|text| (text, NORMAL));
    let white = || {
        tiny("whitespace", &tokens)
            .kv("tokenizer.ggml.pre", "whitespace")
            .kv("tokenizer.ggml.merges", vec!["a b"])
    };
    assert_eq!(ids_of(white(), " ab\t\u{3000}a bA", PLAIN), [2, 0, 1, 3]);
    let lower = white().kv("tokenizer.ggml.normalizer.lowercase", true);
    assert_eq!(ids_of(lower, "A AB", PLAIN), [0, 2]);
}

#[test]
fn a_text_without_tokens_for_it_is_an_error() {
    let error = open(&model(spm())).encode(b"a!?", DEFAULT).unwrap_err().to_string();
    assert!(error.contains("0x3F"), "{error}");

    let no_bos = tiny("gpt2", &[("a", NORMAL)])
        .kv("tokenizer.ggml.merges", Vec::<String>::new())
        .kv("tokenizer.ggml.add_bos_token", true);
    let tokenizer = open(&model(no_bos));
    let error = tokenizer.encode(b"a", DEFAULT).unwrap_err().to_string();
    assert!(error.contains("names no BOS token"), "{error}");
    assert_eq!(tokenizer.encode(b"a", PLAIN).unwrap(), [0]);
}

#[test]
fn invalid_tokenizers_are_refused_with_a_reason() {
    const TOKENS: &str = "tokenizer.ggml.tokens";
    let texts = || vec!["a", "b"];
    let with = |model: &str| support::Gguf::new().kv("tokenizer.ggml.model", model);
    let llama = || with("llama").kv(TOKENS, texts());
    let refused = [
        (support::Gguf::new(), "no tokenizer.ggml.model"),
        (with("none"), "says that it has no tokenizer"),
        (with("word2vec"), "\"word2vec\""),
        (with("llama"), "no tokenizer.ggml.tokens"),
        (with("llama").kv(TOKENS, vec![1_u32]), "not an array of strings"),
        (with("llama").kv(TOKENS, Vec::<String>::new()), "is empty"),
        (with("gpt2").kv(TOKENS, texts()), "no tokenizer.ggml.merges"),
        (llama().kv("tokenizer.ggml.scores", vec![1_f32]), "1 elements for 2 tokens"),
        (llama().kv("tokenizer.ggml.token_type", vec![1_u64, 1]), "an array of"),
    ];
    for (gguf, expected) in refused {
        let reason = Tokenizer::open(&model(gguf)).unwrap_err().to_string();
        assert!(reason.contains(expected), "{reason}");
    }
}

#[test]
fn a_repeated_token_is_noted() {
    let twice = tiny("llama", &[("a", NORMAL), ("▁", NORMAL), ("a", NORMAL)]);
    let tokenizer = open(&model(twice));
    assert!(tokenizer.notes()[0].contains("1 token repeats"), "{:?}", tokenizer.notes());
    assert_eq!(tokenizer.encode(b"a", PLAIN).unwrap(), [1, 2]);
}

/// Changes one to four bytes of a file at a time. The file must be read or refused with
/// an error.
#[test]
fn no_damage_panics() {
    let dna = tiny("hybriddna", &[("<dna>", NORMAL), ("</dna>", NORMAL), ("<oov>", NORMAL)])
        .kv("tokenizer.ggml.merges", vec!["a b"]);
    let words = ["[UNK]", "[CLS]", "▁ab", "▁<", "a", "b", "x", "▁11"].map(|text| (text, NORMAL));
    let bert = tiny("bert", &words)
        .kv("tokenizer.ggml.bos_token_id", 1_u32)
        .kv("tokenizer.ggml.seperator_token_id", 1_u32)
        .kv("tokenizer.ggml.unknown_token_id", 0_u32);
    let t5 = tiny("t5", PIECES)
        .kv("tokenizer.ggml.scores", vec![-1_f32; PIECES.len()])
        .kv("tokenizer.ggml.unknown_token_id", 0_u32)
        .kv("tokenizer.ggml.precompiled_charsmap", support::charsmap(b"xyz"));
    let rwkv =
        tiny("rwkv", &[r"\x20", "a", "ab", "<", "<x>1", r"\xff", "<s>"].map(|t| (t, NORMAL)))
            .kv("tokenizer.ggml.unknown_token_id", 0_u32);
    let bytes: Vec<String> = (0..=255).map(|byte: u8| format!("<0x{byte:02X}>")).collect();
    let bytes = bytes.iter().map(|text| (&**text, 6));
    let plamo2: Vec<_> = PIECES[..9].iter().copied().chain(bytes).collect();
    let plamo2 = tiny("plamo2", &plamo2).kv("tokenizer.ggml.scores", vec![-1_f32; plamo2.len()]);
    let white = tiny("whitespace", &["a", "b", "ab", "11"].map(|text| (text, NORMAL)))
        .kv("tokenizer.ggml.pre", "whitespace")
        .kv("tokenizer.ggml.merges", vec!["a b", "1 1"]);
    let gemma4 = tiny("gemma4", PIECES).kv("tokenizer.ggml.merges", vec!["▁ a", "a b"]);
    let files =
        [spm(), bpe("llama-bpe"), bpe("gemma4"), dna, bert, t5, rwkv, plamo2, white, gemma4]
            .map(support::Gguf::build);
    for (i, file) in files.iter().enumerate() {
        let model = Gguf::new(Box::new(file.clone())).unwrap().into();
        assert!(open(&model).encode(b"ab", NO_BOS).is_ok(), "file {i} is good to begin with");
    }
    let mut state = 1_u64;
    let mut random = |below: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (state >> 33) as usize % below
    };
    let mut encoded = vec![0; files.len()];
    for round in 0..20_000 {
        let mut file = files[round % files.len()].clone();
        for _ in 0..=random(3) {
            let at = random(file.len());
            file[at] = [0, 1, 0x7f, 0x80, 0xff, b' ', b'a'][random(7)];
        }
        let run = || {
            let model = Gguf::new(Box::new(file.clone())).ok()?.into();
            let tokenizer = Tokenizer::open(&model).ok()?;
            let options = [DEFAULT, NO_BOS, PLAIN][round / files.len() % 3];
            tokenizer.encode(b"ab <x>11 <dna>ACG</s>\xff A", options).ok()
        };
        let found = std::panic::catch_unwind(run).unwrap_or_else(|_| panic!("round {round}"));
        encoded[round % files.len()] += usize::from(found.is_some());
    }
    // The first file has no token for a digit, so it can't encode the text.
    assert!(encoded[1..].iter().all(|&n| n > 50), "too few were still readable: {encoded:?}");
}

/// A long text is cut into pieces, and its words are remembered. Lines by themselves are
/// short texts, which are not. A newline joins with nothing in these vocabularies, so the
/// IDs of the lines are those of the text.
#[test]
fn a_long_text_has_the_ids_of_its_lines() {
    let pieces = PIECES.iter().copied().chain([("\n", NORMAL)]);
    let pieces: Vec<(&str, i32)> = pieces.collect();
    let scores: Vec<f32> = (0..pieces.len()).map(|at| (at * 7 % 5) as f32).collect();
    let spm = tiny("llama", &pieces)
        .kv("tokenizer.ggml.scores", scores)
        .kv("tokenizer.ggml.add_space_prefix", false);
    let tokens = ["a", "b", "Ġ", "ab", "Ġa", "1", "11", "<x>", "Ċ"].map(|text| (text, NORMAL));
    let bpe = tiny("gpt2", &tokens)
        .kv("tokenizer.ggml.pre", "gpt-2")
        .kv("tokenizer.ggml.merges", vec!["a b", "Ġ a", "1 1"]);
    for (file, alphabet) in [(spm, ["a", "b", " ", "<x>", "ab"]), (bpe, ["a", "b", " ", "1", "ab"])]
    {
        let tokenizer = open(&model(file));
        let mut state = 1_u64;
        let mut random = |below: usize| {
            state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            (state >> 33) as usize % below
        };
        // No line ends with a space, which would join with the newline in BPE's words.
        let lines: Vec<String> = (0..30_000)
            .map(|_| (0..random(12)).map(|_| alphabet[random(5)]).collect::<String>() + "a\n")
            .collect();
        let text = lines.concat();
        assert!(text.len() > 200_000);
        let whole = tokenizer.encode(text.as_bytes(), NO_BOS).unwrap();
        let by_line: Vec<u64> = lines
            .iter()
            .flat_map(|line| tokenizer.encode(line.as_bytes(), NO_BOS).unwrap())
            .collect();
        assert!(whole == by_line);
    }
}
