//! Lookup of tokens by text, and the command `tokens`, through the built binary.

use crate::support::run::{Outcome, embcli};
use crate::support::{F32, Gguf, f32_bytes, real_model};

const TOY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/toy.gguf");

fn ids(args: &[&str]) -> (serde_json::Value, String) {
    let answer = embcli([&["lookup", "--format=json"], args].concat()).json();
    (answer["ids"].clone(), answer["notes"].to_string())
}

/// Byte-level tokens and their types. Only some have a form with a leading space.
fn byte_level() -> tempfile::NamedTempFile {
    let tokens = ["a", "Ġcat", "dog", "Ġdog", "Ċ", "<|end|>", "Ġdog", "Ã", "7", "1..3"];
    Gguf::new()
        .kv("general.architecture", "gpt2")
        .kv("tokenizer.ggml.token_type", vec![1, 1, 1, 1, 1, 3, 4, 1, 1, 1])
        .vocab("gpt2", &tokens)
        .table(F32, 2, 10, f32_bytes(&[1.0; 20]))
        .write()
}

#[test]
fn a_text_finds_its_token() {
    let (found, notes) = ids(&[TOY, " cat", "791", "The", "0..2", " dog"]);
    assert_eq!(found, serde_json::json!([2368, 791, 791, 0, 1, 5765]));
    assert!(notes.contains(r#"\" cat\" is ID 2368; without the leading space, \"cat\" is ID"#));
    let (found, notes) = ids(&[TOY, "cat", "cat"]);
    assert_eq!(found[0], found[1]);
    let note = r#"with a leading space, \" cat\" is ID 2368"#;
    assert_eq!(notes.matches(note).count(), 1, "{notes}");

    let nearest = embcli(["neighbors", TOY, " cat", "-k1", "--format=json"]).json();
    assert_eq!(nearest["queries"][0]["neighbors"][0]["token"], " dog");
    let all = embcli(["neighbors", TOY, "--all", "--token= cat", "-k1", "--format=csv"]);
    assert!(all.stdout.contains("\n2368, cat,1,5765, dog,"), "{all:?}");
}

#[test]
fn a_number_is_an_id_unless_token_is_given() {
    let file = byte_level();
    let path = file.path().to_str().unwrap();
    assert_eq!(ids(&[path, "7", "1..3"]).0, serde_json::json!([7, 1, 2]));
    let (found, _) = ids(&[path, "--token", "7", "5", "--token=1..3"]);
    assert_eq!(found, serde_json::json!([5, 8, 9]), "the texts come after the IDs");
}

#[test]
fn tokens_are_sorted_by_norm_score_or_id() {
    let rows = [3.0, f32::NAN, 1.0, 2.0].map(|x| [x, 0.0]).concat();
    let file = Gguf::new()
        .vocab("llama", &["a", "b", "c", "d"])
        .kv("tokenizer.ggml.scores", vec![0.5_f32, -1.0, 0.5, 2.0])
        .table(F32, 2, 4, f32_bytes(&rows))
        .write();
    let path = file.path().to_str().unwrap();
    let ids = |args: &[&str]| {
        let answer = embcli([&["tokens", path, "--format=json"], args].concat()).json();
        answer["tokens"].as_array().unwrap().iter().map(|it| it["id"].as_u64().unwrap()).collect()
    };
    let sorted: Vec<Vec<u64>> = [
        &["--norm", "--sort", "norm"][..],
        &["--norm", "--sort", "norm", "--reverse"],
        &["--sort", "score"],
        &["--sort", "score", "--reverse"],
        &["--sort", "id", "--reverse", "--range", "1..3"],
    ]
    .map(ids)
    .to_vec();
    assert_eq!(sorted[0], [2, 3, 0, 1], "a NaN is last");
    assert_eq!(sorted[1], [0, 3, 2, 1]);
    assert_eq!(sorted[2], [1, 0, 2, 3], "the lower ID first");
    assert_eq!(sorted[3], [3, 0, 2, 1]);
    assert_eq!(sorted[4], [2, 1]);
    let implied = embcli(["tokens", path, "--sort", "norm", "--format=json"]).json();
    assert_eq!(implied["tokens"][0]["norm"], 1.0, "--sort norm shows the norms");
    let bare = byte_level();
    let error = embcli(["tokens", bare.path().to_str().unwrap(), "--sort", "score"]).error();
    assert!(error.contains("no scores"), "{error}");
}

#[test]
fn byte_level_tokens_are_found_by_their_readable_text() {
    let file = byte_level();
    let path = file.path().to_str().unwrap();
    assert_eq!(ids(&[path, " cat", "\n", "<|end|>"]).0, serde_json::json!([1, 4, 5]));
    // The last Ġdog is a user-defined token, so its text is literal.
    assert_eq!(ids(&[path, "Ġdog", " dog"]).0, serde_json::json!([6, 3]));
    let error = |text| embcli(["lookup", path, text]).error();
    assert_eq!(
        error("cat"),
        r#""cat" is not a token of this model; " cat" (ID 1) is one: write ' cat'"#
    );
    let near = error("DOGS");
    assert!(near.contains(r#"near it: "dog" (ID 2), " dog" (ID 3); "#), "{near}");
    assert!(error("\u{1b}[2J").starts_with(r#""\x1b[2J" is not a token of this model; write"#));
}

/// If a text is several tokens, the error lists them.
#[test]
fn a_text_of_several_tokens_lists_them() {
    let error = |args: &[&str]| embcli(args).error();
    assert_eq!(
        error(&["lookup", "toy", "dragonfruit"]),
        "\"dragonfruit\" is 4 tokens here: 2953 \"dragon\", 393 \"fr\", 84 \"u\", 417 \"it\"; \
         near it: \"dragon\" (ID 2953), \"Dragon\" (ID 2955), \" dragon\" (ID 3171); \
         use --text to look them all up (embcli lookup)"
    );
    let neighbors = error(&["neighbors", "toy", "--token", "The cat"]);
    assert!(neighbors.starts_with("\"The cat\" is 2 tokens here: 791 \"The\", 2368 \" cat\"; "));
    let long = error(&["lookup", "toy", &"x7".repeat(500)]);
    assert!(long.contains("…\" is 1000 tokens here: ") && long.len() < 400, "{long}");
    // --text looks up the same tokens.
    let looked_up = embcli(["lookup", "toy", "--text=dragonfruit", "--no-bos", "--format=json"]);
    assert_eq!(looked_up.json()["ids"], serde_json::json!([2953, 393, 84, 417]));
}

#[test]
fn a_missing_bos_can_be_left_out() {
    let no_bos = Gguf::new()
        .vocab("gpt2", &["a"])
        .kv("tokenizer.ggml.pre", "gpt-2")
        .kv("tokenizer.ggml.merges", Vec::<String>::new())
        .kv("tokenizer.ggml.add_bos_token", true)
        .write();
    let path = no_bos.path().to_str().unwrap();
    let error = embcli(["tokens", "--text=a", path]).error();
    assert!(error.ends_with("its file names no BOS token; leave it out with --no-bos"), "{error}");
    let answer = embcli(["tokens", "--text=a", "--no-bos", "--format=json", path]).json();
    assert_eq!(answer["ids"], serde_json::json!([0]));
}

#[test]
fn tokens_that_read_alike_give_the_first_spelling() {
    let twice = Gguf::new()
        .kv("general.architecture", "llama")
        .vocab("llama", &["x", "▁y", " y"])
        .table(F32, 1, 3, f32_bytes(&[1.0; 3]))
        .write();
    let (found, notes) = ids(&[twice.path().to_str().unwrap(), " y"]);
    assert_eq!(found, serde_json::json!([1]));
    assert!(notes.contains("is ID 1 here, as for the tokenizer"), "{notes}");
    assert!(notes.contains("2 tokens read so, ID 2 too"), "{notes}");
}

#[test]
fn a_text_needs_a_vocabulary_and_a_row() {
    let bare = Gguf::new().table(F32, 1, 3, f32_bytes(&[1.0; 3])).write();
    let error = embcli(["lookup", bare.path().to_str().unwrap(), "cat"]).error();
    assert!(
        error.contains("\"cat\" is not a number") && error.contains("no vocabulary"),
        "{error}"
    );
    let short = Gguf::new().vocab("llama", &["a", "b"]).table(F32, 1, 1, vec![0; 4]).write();
    let error = embcli(["lookup", short.path().to_str().unwrap(), "b"]).error();
    assert!(error.contains("token ID 1 is out of range"), "{error}");
}

fn tokens(args: &[&str]) -> Outcome {
    embcli([&["tokens"], args].concat())
}

fn found(args: &[&str]) -> Vec<u64> {
    let answer = tokens(&[args, &["--format=json"]].concat()).json();
    answer["tokens"].as_array().unwrap().iter().map(|t| t["id"].as_u64().unwrap()).collect()
}

#[test]
fn tokens_are_filtered_by_text_type_and_range() {
    let cats = found(&[TOY, "cat"]);
    assert!(cats.contains(&2368) && cats.is_sorted());
    assert_eq!(found(&[TOY, " cat", "--exact"]), [2368]);
    assert_eq!(found(&[TOY, "^ (cat|dog)$", "--regex"]), [2368, 5765]);
    assert_eq!(found(&[TOY, "--type", "control"]), [95, 96]);
    assert_eq!(found(&[TOY, "--type", "unknown", "--range", "0..95"]), [94]);
    assert_eq!(found(&[TOY, "--range", "8190..9000"]), [8190, 8191]);
    assert_eq!(found(&[TOY]).len(), 8192);
}

#[test]
fn every_format_says_the_same() {
    let args = [TOY, " cat", "--exact", "--norm"];
    insta::assert_snapshot!(tokens(&args).ok(), @r#"
       ID  type          score      norm  token
    ──────────────────────────────────────────────────────────────
     2368  normal        -2015    1.0257  " cat"
    "#);
    let json = tokens(&[&args[..], &["--format=json"]].concat()).json();
    assert_eq!((&json["model"], &json["n_tokens"]), (&TOY.into(), &8192.into()));
    let jsonl = tokens(&[&args[..], &["--format=jsonl"]].concat()).json();
    assert_eq!(json["tokens"], serde_json::json!([jsonl]));
    assert_eq!(
        jsonl,
        serde_json::json!({
            "id": 2368, "token": " cat", "type": "normal", "score": -2015.0,
            "norm": embcli(["lookup", TOY, "2368", "--format=json"]).json()["rows"][0]["norm"],
        })
    );
    let csv = tokens(&[&args[..], &["--format=csv"]].concat()).ok();
    assert!(csv.starts_with("id,token,type,score,norm\n2368, cat,normal,-2015.0,1.0256"), "{csv}");
}

#[test]
fn a_vocabulary_alone_is_enough() {
    let vocab = Gguf::new().vocab("gpt2", &["Ġcat", "Ã", "\u{202e}"]).write();
    let path = vocab.path().to_str().unwrap();
    insta::assert_snapshot!(tokens(&[path]).ok(), @r#"
     ID  type     token
    ──────────────────────────────────────
      0  -        " cat"
      1  -        (bytes c3)
      2  -        "\u{202e}"
    "#);
    assert!(tokens(&[path, "--type", "byte"]).error().contains("no token types"));
    assert!(tokens(&[path, "--norm"]).error().contains("token_embd.weight"));
}

#[test]
fn no_match_gives_a_note_and_exit_code_0() {
    let nothing = tokens(&[TOY, "zzzz", "--format=csv"]);
    assert_eq!(nothing.code, Some(0));
    assert_eq!(nothing.stdout, "id,token,type,score\n");
    assert_eq!(nothing.stderr, "note: none of the 8,192 tokens matches\n");
    for (pattern, option) in [("90001..90003", "--range"), ("90001,90002", "--ids")] {
        assert_eq!(
            tokens(&[TOY, pattern, "--format=csv"]).stderr,
            format!(
                "note: none of the 8,192 tokens matches: for token IDs, write {option} {pattern}\n"
            )
        );
    }
    let nothing = tokens(&[TOY, "zzzz", "--format=json"]);
    let json: serde_json::Value = serde_json::from_str(&nothing.stdout).unwrap();
    assert_eq!(json["tokens"], serde_json::json!([]));
}

#[test]
fn wrong_patterns_and_ranges_are_one_line() {
    let error = tokens(&[TOY, "(", "--regex"]).error();
    assert_eq!(error, "invalid regular expression \"(\": unclosed group");
    for args in [&[TOY, "--range", "5..5"][..], &[TOY, "--range", "x"], &[TOY, "--regex"]] {
        let outcome = tokens(args);
        assert_eq!((outcome.code, outcome.stderr.lines().count()), (Some(2), 1), "{outcome:?}");
    }
}

#[test]
#[ignore = "needs the real model: scripts/fetch-real-model.sh"]
fn the_real_vocabulary_is_listed_and_found() {
    let path = real_model();
    let path = path.to_str().unwrap();
    assert_eq!(ids(&[path, " cat", " dog"]).0, serde_json::json!([5866, 4799]));
    assert_eq!(found(&[path, "cat", "--exact"]), [9307]);
    assert_eq!(tokens(&[path, "--format=jsonl"]).ok().lines().count(), 262_144);
}
