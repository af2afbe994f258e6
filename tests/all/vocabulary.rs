//! The faults of a vocabulary, each on a small made file, and none on the
//! vocabularies that llama.cpp tests itself with.

use serde_json::Value;

use crate::support::run::embcli;
use crate::support::{self, F32, Gguf};
use embcli::tokenizer::FaultKind;

/// The finding of a code in a file with one row per token, and the exit status.
#[track_caller]
fn found(file: Gguf, n: usize, code: &str) -> (Value, Value) {
    let file = file.table(F32, 1, n as u64, vec![0; 4 * n]).write();
    let path = file.path().to_str().unwrap();
    let answer = serde_json::from_str(&embcli(["check", path, "--format", "json"]).stdout);
    let answer: Value = answer.expect("JSON");
    let of_code = answer["findings"].as_array().unwrap().iter().filter(|it| it["code"] == code);
    let of_code: Vec<Value> = of_code.cloned().collect();
    assert_eq!(of_code.len(), 1, "{code} in {answer:#}");
    (of_code.into_iter().next().unwrap(), answer["verdict"].clone())
}

/// A finding's message, which must be a problem.
#[track_caller]
fn problem(file: Gguf, n: usize, code: &str) -> String {
    let (finding, verdict) = found(file, n, code);
    assert_eq!((&finding["severity"], &verdict), (&"problem".into(), &"problems".into()));
    finding["message"].as_str().unwrap().to_owned()
}

fn ids(finding: &Value) -> Vec<u64> {
    finding["ids"].as_array().unwrap().iter().map(|id| id.as_u64().unwrap()).collect()
}

/// The texts of a vocabulary with some of llama's parts: 256 byte tokens first.
fn with_bytes(words: &[&str]) -> (Vec<String>, Vec<i32>) {
    let bytes = (0..256).map(|byte| format!("<0x{byte:02X}>"));
    let texts: Vec<String> = bytes.chain(words.iter().map(|&word| word.to_owned())).collect();
    let types = (0..texts.len()).map(|id| if id < 256 { 6 } else { 1 }).collect();
    (texts, types)
}

/// GPT-2's 256 letters, and some words.
fn byte_level(words: &[&str]) -> Vec<String> {
    let is_itself = |&byte: &u32| matches!(byte, 33..=126 | 0xa1..=0xac | 0xae..=0xff);
    let printable = (0..256).filter(is_itself);
    let others = (0..256).filter(|byte| !is_itself(byte)).zip(0x100..).map(|(_, point)| point);
    let letters = printable.chain(others).map(|point| char::from_u32(point).unwrap().to_string());
    letters.chain(words.iter().map(|&word| word.to_owned())).collect()
}

fn of(model: &str, texts: &[String]) -> Gguf {
    Gguf::new()
        .kv("general.architecture", "llama")
        .kv("tokenizer.ggml.model", model)
        .kv("tokenizer.ggml.tokens", texts.to_vec())
}

fn gpt2(words: &[&str], merges: &[&str]) -> (Gguf, usize) {
    let texts = byte_level(words);
    let file = of("gpt2", &texts)
        .kv("tokenizer.ggml.pre", "gpt-2")
        .kv("tokenizer.ggml.token_type", vec![1; texts.len()])
        .kv("tokenizer.ggml.merges", merges.to_vec());
    (file, texts.len())
}

#[test]
fn repeated_texts() {
    let (texts, types) = with_bytes(&["▁a", "▁b", "▁a"]);
    let file = of("llama", &texts).kv("tokenizer.ggml.token_type", types);
    let (finding, _) = found(file, texts.len(), "vocab.duplicate");
    assert_eq!(ids(&finding), [256, 258]);
    assert!(finding["message"].as_str().unwrap().contains("llama.cpp aborts"), "{finding}");
}

#[test]
fn lists_of_another_length_or_type() {
    let (texts, _) = with_bytes(&["▁a"]);
    let n = texts.len();
    let file = || of("llama", &texts);
    let short = file().kv("tokenizer.ggml.token_type", vec![1; 3]);
    assert!(problem(short, n, "vocab.length").contains("has 3 elements for 257 tokens"));
    let long = file().kv("tokenizer.ggml.scores", vec![0_f32; 300]);
    assert!(problem(long, n, "vocab.length").contains("300 elements for 257 tokens"));
    let real = file().kv("tokenizer.ggml.token_type", vec![1_f32; n]);
    assert!(problem(real, n, "vocab.length").contains("is an array of f32"));
}

#[test]
fn types_that_do_not_exist() {
    let (texts, mut types) = with_bytes(&["▁a", "▁b"]);
    types[257] = 7;
    let file = of("llama", &texts).kv("tokenizer.ggml.token_type", types);
    let (finding, _) = found(file, texts.len(), "vocab.type");
    assert_eq!(ids(&finding), [257]);
}

#[test]
fn byte_tokens() {
    let (texts, mut types) = with_bytes(&["▁a", "x"]);
    types[10] = 1;
    let file = of("llama", &texts).kv("tokenizer.ggml.token_type", types.clone());
    assert!(problem(file, texts.len(), "vocab.bytes").contains("prints the form"));
    types[10] = 6;
    types[257] = 6;
    let file = of("llama", &texts).kv("tokenizer.ggml.token_type", types);
    let (finding, _) = found(file, texts.len(), "vocab.bytes");
    assert_eq!(ids(&finding), [257]);
    let words: Vec<String> = (0..300).map(|at| format!("▁w{at}")).collect();
    let few: Vec<String> = texts[..64].iter().cloned().chain(words).collect();
    let message = problem(of("llama", &few), few.len(), "vocab.bytes");
    assert!(message.starts_with("64 of 256 byte tokens exist"), "{message}");
}

#[test]
fn an_alphabet_with_holes() {
    let texts = byte_level(&["Ġa", "Ġb"]);
    let is_kept = |text: &&String| !matches!(text.as_str(), "Ģ" | "£" | "¡");
    let mut texts: Vec<String> = texts.iter().filter(is_kept).cloned().collect();
    texts.extend(["Ġc", "Ġd", "Ġe"].map(str::to_owned));
    let file = of("gpt2", &texts)
        .kv("tokenizer.ggml.pre", "gpt-2")
        .kv("tokenizer.ggml.merges", vec!["Ġ a"]);
    let message = problem(file, texts.len(), "vocab.alphabet");
    assert!(message.contains("3 of the bytes that texts have (0x80, 0xA1, 0xA3)"), "{message}");
}

#[test]
fn a_tokenizer_of_another_family() {
    let texts = byte_level(&["Ġa", "Ġb"]);
    let file = of("llama", &texts).kv("tokenizer.ggml.merges", vec!["Ġ a", "Ġ b"]);
    let message = problem(file, texts.len(), "vocab.family");
    assert!(message.contains("no token is a byte, 2 begin with Ġ, and the file has 2 merges"));
    assert!(message.contains("this is gpt2's"), "{message}");

    let (texts, types) = with_bytes(&["▁a", "▁b"]);
    let mut scores = vec![0_f32; texts.len()];
    (scores[256], scores[257]) = (-3.25, -7.5);
    let file = of("llama", &texts)
        .kv("tokenizer.ggml.token_type", types)
        .kv("tokenizer.ggml.scores", scores);
    assert!(problem(file, texts.len(), "vocab.family").contains("this is t5's (unigram)"));

    let (texts, _) = with_bytes(&["▁a", "▁b"]);
    let file = of("gpt2", &texts)
        .kv("tokenizer.ggml.pre", "gpt-2")
        .kv("tokenizer.ggml.merges", vec!["▁ a"]);
    assert!(problem(file, texts.len(), "vocab.family").contains("this is llama's"));

    let texts = ["[UNK]", "cat", "##s"].map(str::to_owned);
    assert!(problem(of("bert", &texts), 3, "vocab.family").contains("every word becomes [UNK]"));
}

#[test]
fn pre_tokenizers() {
    let texts = byte_level(&["Ġa"]);
    let file = || of("gpt2", &texts).kv("tokenizer.ggml.merges", vec!["Ġ a"]);
    let n = texts.len();
    assert!(problem(file(), n, "vocab.pre").contains("llama.cpp warns"));
    let unknown = file().kv("tokenizer.ggml.pre", "mine");
    let message = problem(unknown, n, "vocab.pre");
    assert!(
        message.contains("\"mine\", which llama.cpp of October 2026 does not know: it refuses"),
        "{message}"
    );
}

#[test]
fn merges_without_tokens_and_tokens_without_merges() {
    let (file, n) = gpt2(&["Ġa", "ab", "Ġb"], &["Ġ a", "a b", "b c"]);
    let message = problem(file, n, "vocab.merge");
    assert!(message.contains("1 merge makes no token, \"b c\""), "{message}");
    let (file, n) = gpt2(&["Ġa", "ab", "Ġb"], &["Ġ a", "a b"]);
    let (finding, _) = found(file, n, "vocab.unmade");
    assert_eq!((&finding["severity"], ids(&finding)), (&"note".into(), vec![258]));
    let texts = byte_level(&["Ġa"]);
    let none = of("gpt2", &texts).kv("tokenizer.ggml.pre", "gpt-2");
    assert!(problem(none, texts.len(), "vocab.merge").contains("llama.cpp refuses it"));
}

#[test]
fn chat_markers_of_the_type_of_text() {
    let (texts, types) = with_bytes(&["<|im_start|>", "<start_of_turn>", "<think>", "▁a"]);
    let file = of("llama", &texts)
        .kv("tokenizer.ggml.token_type", types)
        .kv("tokenizer.ggml.bos_token_id", 256_u32);
    let (finding, verdict) = found(file, texts.len(), "vocab.marker");
    assert_eq!((ids(&finding), verdict), (vec![256, 257, 258], "problems".into()));
}

#[test]
fn roles_of_ordinary_words() {
    let (texts, types) = with_bytes(&["▁the", "</s>"]);
    let file = || of("llama", &texts).kv("tokenizer.ggml.token_type", types.clone());
    let word = file().kv("tokenizer.ggml.eos_token_id", 256_u32);
    assert!(problem(word, texts.len(), "vocab.role").contains("an answer ends at this word"));
}

#[test]
fn markers_that_look_alike() {
    let (texts, mut types) = with_bytes(&["<|User|>", "<｜User｜>", "▁a"]);
    (types[256], types[257]) = (3, 3);
    let file = of("llama", &texts).kv("tokenizer.ggml.token_type", types);
    let (finding, _) = found(file, texts.len(), "vocab.look_alike");
    assert_eq!(ids(&finding), [256, 257]);
}

#[test]
fn a_template_of_another_vocabulary() {
    let (texts, mut types) = with_bytes(&["<|user|>", "▁a"]);
    types[256] = 3;
    let file = of("llama", &texts)
        .kv("tokenizer.ggml.token_type", types)
        .kv("tokenizer.chat_template", "{{ '<|user|>' + x + '<|end_of_user|>' }}");
    let message = problem(file, texts.len(), "vocab.template");
    assert!(message.contains("writes 1 marker that is no token, \"<|end_of_user|>\""), "{message}");
}

#[test]
fn a_template_of_another_model_by_its_turns() {
    let (texts, types) = with_bytes(&["▁a"]);
    let file = |template: &str| {
        of("llama", &texts)
            .kv("tokenizer.ggml.token_type", types.clone())
            .kv("tokenizer.chat_template", template)
    };
    let gemma = file("{{ '<start_of_turn>user' }}<think>");
    let message = problem(gemma, texts.len(), "vocab.template");
    assert!(message.contains("writes 1 marker that is no token, \"<start_of_turn>\""), "{message}");
    let wide = file("{{ '<｜User｜>' + x }}");
    let message = problem(wide, texts.len(), "vocab.template");
    assert!(message.contains("\"<｜User｜>\""), "{message}");
}

/// A BOS that the tokenizer and the template write is a note: llama.cpp takes one out.
#[test]
fn a_bos_by_tokenizer_and_template() {
    let (texts, mut types) = with_bytes(&["<s>", "▁a"]);
    types[256] = 3;
    let file = |template: &str, adds: bool| {
        of("llama", &texts)
            .kv("tokenizer.ggml.token_type", types.clone())
            .kv("tokenizer.ggml.bos_token_id", 256_u32)
            .kv("tokenizer.ggml.add_bos_token", adds)
            .kv("tokenizer.chat_template", template)
    };
    for template in ["{{ bos_token }}{{ x }}", "<s>{{ x }}"] {
        let (finding, _) = found(file(template, true), texts.len(), "vocab.bos_twice");
        assert_eq!((&finding["severity"], ids(&finding)), (&"note".into(), vec![256]));
        let message = finding["message"].as_str().unwrap();
        assert!(message.contains("llama.cpp takes it out of a prompt"), "{message}");
        let alone = file(template, true).write();
        assert_eq!(embcli(["check", alone.path().to_str().unwrap()]).code, Some(0));
    }
    for file in [file("{{ bos_token }}", false), file("{{ x }}", true)] {
        let file = file.write();
        let answer = embcli(["check", file.path().to_str().unwrap(), "--format=json"]).json();
        assert!(!answer.to_string().contains("vocab.bos_twice"), "{answer}");
    }
}

#[test]
fn a_vocabulary_without_a_table_is_checked() {
    let (texts, types) = with_bytes(&["<s>", "▁a", "▁a"]);
    let file = of("llama", &texts)
        .kv("tokenizer.ggml.token_type", types)
        .kv("tokenizer.ggml.eos_token_id", 999_u32)
        .write();
    let path = file.path().to_str().unwrap();
    let outcome = embcli(["check", path, "--format=json"]);
    assert_eq!(outcome.code, Some(1));
    let answer: Value = serde_json::from_str(&outcome.stdout).unwrap();
    let codes: Vec<_> =
        answer["findings"].as_array().unwrap().iter().map(|it| &it["code"]).collect();
    assert_eq!(codes, ["meta.special", "vocab.duplicate", "table.missing"]);
    assert_eq!(answer["table"], Value::Null);
    let page = embcli(["check", path]).stdout;
    assert!(
        page.contains("(no table)") && page.lines().all(|it| it.chars().count() <= 80),
        "{page}"
    );

    let (texts, types) = with_bytes(&["▁a"]);
    let clean = of("llama", &texts).kv("tokenizer.ggml.token_type", types).write();
    let outcome = embcli(["check", clean.path().to_str().unwrap()]);
    assert_eq!(outcome.code, Some(0), "{outcome:?}");
    assert!(outcome.stdout.starts_with("ok: "), "{outcome:?}");
    let empty = Gguf::new().kv("general.architecture", "llama").write();
    let error = embcli(["check", empty.path().to_str().unwrap()]).error();
    assert!(error.contains("no tensor is named"), "{error}");
}

/// What shows without reading the tokens is odd for `info` too.
#[test]
fn info_names_what_it_sees_at_a_glance() {
    let odd = |file: Gguf| {
        let file = file.write();
        let answer = embcli(["info", file.path().to_str().unwrap(), "--format=json"]).json();
        answer["oddities"].to_string()
    };
    let (texts, types) = with_bytes(&["▁a", "▁b"]);
    let file = || of("llama", &texts).kv("tokenizer.ggml.token_type", types.clone());
    assert_eq!(odd(file()), "[]");
    let scores = file().kv("tokenizer.ggml.scores", vec![0_f32; 3]);
    assert!(odd(scores).contains("has 3 elements for 258 tokens: llama.cpp refuses the file"));
    assert!(odd(file().kv("tokenizer.ggml.eos_token_id", 257_u32)).contains("an ordinary word"));
    let mut wrong = types.clone();
    wrong[257] = 9;
    let wrong = of("llama", &texts).kv("tokenizer.ggml.token_type", wrong);
    assert!(odd(wrong).contains("the type of 1 token is not 1 to 6"));
    let bpe = of("gpt2", &byte_level(&["Ġa"]));
    let told = odd(bpe.kv("tokenizer.ggml.pre", "mine"));
    assert!(told.contains("which llama.cpp of October 2026 does not know"), "{told}");
    assert!(told.contains("the file has no merges"), "{told}");
}

/// Files that are well formed, and what is known to be missing in them.
#[test]
#[ignore = "needs the fetched vocabularies"]
fn the_vocabularies_of_llama_cpp_have_no_fault() {
    let folder = support::models().join("vocabularies");
    let mut files: Vec<_> =
        std::fs::read_dir(folder).unwrap().map(|it| it.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "gguf"));
    files.push(support::real_model());
    assert!(files.len() > 8);
    for path in files {
        let model = embcli::open(&path).unwrap();
        let faults = embcli::tokenizer::audit(&model).unwrap();
        // Made before converters wrote a pre-tokenizer.
        let old = ["aquila", "gpt-neox"].iter().any(|old| path.to_str().unwrap().contains(old));
        let told: Vec<_> = faults.iter().map(|fault| fault.kind).collect();
        let twice =
            ["command-r", "gemma-4", "phi-3"].iter().any(|it| path.to_str().unwrap().contains(it));
        let expected = match (old, twice) {
            (true, _) => vec![FaultKind::PreTokenizer],
            (_, true) => vec![FaultKind::BosTwice],
            _ => vec![],
        };
        assert_eq!(told, expected, "{}: {faults:?}", path.display());
    }
}
