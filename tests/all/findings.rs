//! What `check` tells: codes, IDs with texts, accepted findings, SARIF; and each
//! finding that needs no real model, on a small made file.

use std::path::Path;

use crate::check::Made;
use crate::support::run::{Outcome, embcli};
use crate::support::{F32, Gguf, f32_bytes};
use embcli::stats::mix;
use serde_json::{Value, json};

const Q8_0: u32 = 8;

fn run(path: &Path, args: &[&str]) -> Outcome {
    let args = args.iter().map(|arg| (*arg).into());
    embcli(["check".into(), path.as_os_str().to_owned()].into_iter().chain(args))
}

/// The answer with its exit code.
#[track_caller]
fn check(path: &Path, args: &[&str]) -> (Value, i32) {
    let Outcome { code, stdout, stderr } = run(path, &[args, &["--format", "json"]].concat());
    assert_eq!(stderr, "");
    (serde_json::from_str(&stdout).expect("JSON"), code.expect("an exit code"))
}

/// The findings of a code.
fn of_code<'a>(answer: &'a Value, code: &str) -> Vec<&'a Value> {
    answer["findings"].as_array().unwrap().iter().filter(|it| it["code"] == code).collect()
}

/// The only finding of a code.
#[track_caller]
fn finding<'a>(answer: &'a Value, code: &str) -> &'a Value {
    let found = of_code(answer, code);
    assert_eq!(found.len(), 1, "{code} in {answer:#}");
    found[0]
}

/// Random values, nearly normal.
fn random(n: usize, seed: u64) -> Vec<f32> {
    let uniform = |i: usize, j: u64| (mix(seed << 40 | (4 * i as u64 + j)) >> 40) as f32;
    (0..n).map(|i| (0..4).map(|j| uniform(i, j) / 16_777_216.0).sum::<f32>() - 2.0).collect()
}

/// A small table of random rows, whose tokens are words.
struct Small {
    width: usize,
    tokens: Vec<String>,
    types: Vec<i32>,
    rows: Vec<Vec<f32>>,
}

impl Small {
    fn new(n: usize, width: usize) -> Self {
        Self {
            width,
            tokens: (0..n)
                .map(|i| format!("▁word{}", (b'a' + (i % 26) as u8) as char) + &i.to_string())
                .collect(),
            types: vec![1; n],
            rows: random(n * width, 5).chunks(width).map(<[f32]>::to_vec).collect(),
        }
    }

    fn vocabulary(&self) -> Gguf {
        let tokens: Vec<&str> = self.tokens.iter().map(String::as_str).collect();
        Gguf::new().vocab("llama", &tokens).kv("tokenizer.ggml.token_type", self.types.clone())
    }

    fn gguf(&self) -> Gguf {
        let (width, n) = (self.width as u64, self.rows.len() as u64);
        self.vocabulary().table(F32, width, n, f32_bytes(&self.rows.concat()))
    }

    #[track_caller]
    fn check(&self, args: &[&str]) -> (Value, i32) {
        check(self.gguf().write().path(), args)
    }
}

#[test]
fn a_finding_names_its_rows_with_their_tokens() {
    let mut small = Small::new(300, 16);
    for id in 20..40 {
        small.rows[id][3] = f32::NAN;
    }
    let (answer, code) = small.check(&[]);
    assert_eq!((code, &answer["verdict"]), (1, &json!("problems")));
    let nan = finding(&answer, "rows.nan");
    assert_eq!((&nan["tensor"], &nan["n_ids"]), (&json!("token_embd.weight"), &json!(20)));
    assert_eq!(nan["ids"], json!((20..40).collect::<Vec<_>>()));
    assert_eq!(nan["tokens"].as_array().unwrap().len(), 10);
    assert_eq!(nan["tokens"][0], json!({ "id": 20, "token": " wordu20" }));

    let table = run(small.gguf().write().path(), &[]).stdout;
    assert!(table.contains("rows.nan: 20 rows with a NaN: 20 \" wordu20\","), "{table}");
    let text = table.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(text.contains("29 \" wordd29\" and 10 more -> convert"), "{table}");
    assert!(table.lines().all(|line| line.chars().count() <= 80), "{table}");
}

/// A block of Q8_0 whose scale is infinite has a NaN wherever it stores a zero.
#[test]
fn an_infinite_row_is_not_called_nan() {
    let mut rows = Vec::new();
    for row in 0..40_u8 {
        rows.extend(if row == 7 { [0x00, 0x7c] } else { [0x00, 0x3c] });
        rows.extend((0..32).map(|i| (row ^ i) & 0x3f));
    }
    let file = Small::new(40, 32).vocabulary().table(Q8_0, 32, 40, rows).write();
    let (answer, code) = check(file.path(), &[]);
    assert_eq!((code, &finding(&answer, "rows.infinite")["ids"]), (1, &json!([7])));
    assert_eq!(of_code(&answer, "rows.nan").len(), 0, "{answer:#}");
}

/// The largest code of a block is 127 or -127, unless its scale is too small for a half.
#[test]
fn a_row_that_ggmls_quantiser_did_not_write_is_told() {
    let small = Small::new(300, 32);
    let format = embcli::quant::Format::from_name("Q8_0").unwrap();
    let mut rows = vec![0; 300 * 34];
    format.quantiser().unwrap().quantise(&small.rows.concat(), &mut rows);
    let check = |rows: &[u8]| {
        let file = small.vocabulary().table(Q8_0, 32, 300, rows.to_vec()).write();
        check(file.path(), &[]).0
    };
    assert_eq!(of_code(&check(&rows), "rows.requantised").len(), 0);
    // A scale of zero beside codes: values below 2^-25.
    rows[34 * 5..34 * 5 + 4].copy_from_slice(&[0, 0, 3, 5]);
    for code in &mut rows[34 * 7 + 2..34 * 8] {
        *code = code.cast_signed().clamp(-126, 126).cast_unsigned();
    }
    let found = check(&rows);
    let found = finding(&found, "rows.requantised");
    assert_eq!((&found["severity"], &found["ids"]), (&"note".into(), &json!([7])));
}

#[test]
fn an_accepted_finding_is_shown_and_does_not_count() {
    let mut small = Small::new(300, 16);
    small.rows[8] = vec![0.0; 16];
    small.rows[9] = vec![f32::INFINITY; 16];
    let (answer, code) = small.check(&["--allow", "rows.zero"]);
    assert_eq!((code, &finding(&answer, "rows.zero")["allowed"]), (1, &json!(true)));
    assert_eq!(finding(&answer, "rows.infinite")["allowed"], false);
    let (answer, code) = small.check(&["--allow", "rows.zero,rows.infinite"]);
    assert_eq!((code, &answer["verdict"]), (0, &json!("unknown")));
    // What is unknown counts where it is asked for, unless it is accepted too.
    assert_eq!(small.check(&["--allow=rows.zero,rows.infinite", "--strict"]).1, 1);
    let all = "--allow=rows.zero,rows.infinite,order.unjudged";
    assert_eq!(small.check(&[all, "--strict"]).1, 0);
    let table = run(small.gguf().write().path(), &[all]).stdout;
    assert!(table.starts_with("ok: ") && table.contains("\nallowed  rows.zero: 1 row"), "{table}");
}

#[test]
fn an_unknown_code_is_wrong_usage() {
    for (code, near) in [("rows.nam", "rows.nan"), ("rows", "rows.zero"), ("file.cutt", "file.cut")]
    {
        let said = run("toy".as_ref(), &["--allow", code]);
        assert_eq!((said.code, &*said.stdout), (Some(2), ""), "{said:?}");
        assert!(said.stderr.contains(code) && said.stderr.contains(near), "{said:?}");
        assert_eq!(said.stderr.lines().count(), 1, "{said:?}");
    }
}

/// The parts of SARIF 2.1.0 that the standard and GitHub ask for.
#[test]
fn sarif_has_the_structure_that_readers_expect() {
    let mut small = Small::new(300, 16);
    small.rows[8] = vec![0.0; 16];
    small.rows[9] = vec![f32::NAN; 16];
    let file = small.gguf().write();
    let said = run(file.path(), &["--format", "sarif", "--allow", "rows.zero"]);
    assert_eq!((said.code, &*said.stderr), (Some(1), ""));
    let log: Value = serde_json::from_str(&said.stdout).unwrap();
    assert_eq!(log["version"], "2.1.0");
    assert!(log["$schema"].as_str().unwrap().contains("sarif-2.1.0"));
    let [only] = &log["runs"].as_array().unwrap()[..] else { panic!("{log:#}") };
    let driver = &only["tool"]["driver"];
    assert_eq!(driver["name"], "embcli");
    let rules = driver["rules"].as_array().unwrap();
    for rule in rules {
        assert!(!rule["shortDescription"]["text"].as_str().unwrap().is_empty());
        assert!(
            ["error", "warning", "note"]
                .iter()
                .any(|it| rule["defaultConfiguration"]["level"] == *it)
        );
    }
    assert_eq!(only["invocations"][0]["executionSuccessful"], true);
    let uri = only["artifacts"][0]["location"]["uri"].as_str().unwrap();
    assert!(uri.starts_with("file:///") || cfg!(windows), "{uri}");
    let results = only["results"].as_array().unwrap();
    assert_eq!(results.len(), 3);
    for result in results {
        let rule = &rules[result["ruleIndex"].as_u64().unwrap() as usize];
        assert_eq!(rule["id"], result["ruleId"]);
        assert!(result["message"]["text"].as_str().unwrap().contains(" -> "));
        let place = &result["locations"][0]["physicalLocation"];
        assert_eq!(place["artifactLocation"], json!({ "uri": uri, "index": 0 }));
        assert_eq!(place["region"]["startLine"], 1);
        assert!(result["partialFingerprints"]["primaryLocationLineHash"].is_string());
        let is_allowed = result["ruleId"] == "rows.zero";
        assert_eq!(result["suppressions"].is_array(), is_allowed);
    }
    assert_eq!(
        (&results[0]["ruleId"], &results[0]["level"]),
        (&json!("rows.nan"), &json!("error"))
    );
    assert_eq!(results[0]["properties"]["ids"], json!([9]));

    // The extension gives the form. No other command has it.
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("it.sarif");
    assert_eq!(self::run(file.path(), &["-o", log.to_str().unwrap()]).code, Some(1));
    assert!(std::fs::read_to_string(log).unwrap().contains("\"2.1.0\""));
    let said = embcli(["info", "toy", "--format", "sarif"]);
    assert!(said.stderr.contains("can't print sarif"), "{said:?}");
}

/// A heading names only IDs that the table has.
#[test]
fn ranges_of_ids_end_with_the_table() {
    let file = Small::new(1500, 16).gguf().write();
    let (answer, _) = check(file.path(), &[file.path().to_str().unwrap()]);
    let groups = answer["comparison"]["groups"].as_array().unwrap().iter();
    let names: Vec<_> = groups.filter(|it| it["by"] == "ids").map(|it| &it["name"]).collect();
    assert_eq!(names, ["0 to 999", "1000 to 1499"]);
}

// ---- the rows of one table

#[test]
fn zero_rows_of_tokens_that_somebody_added_are_a_problem() {
    const USER: i32 = 4;
    let mut small = Small::new(300, 16);
    for (id, text) in [(296, "<tool_call>"), (298, "[PAD298]"), (299, "[PAD299]")] {
        small.tokens[id] = text.to_owned();
        small.types[id] = USER;
        small.rows[id] = vec![0.0; 16];
    }
    let (answer, code) = small.check(&[]);
    let zero = finding(&answer, "rows.zero");
    assert_eq!((code, &zero["severity"], &zero["n_ids"]), (1, &json!("problem"), &json!(3)));
    assert!(zero["message"].as_str().unwrap().contains("0 of ordinary tokens, 1 of added ones"));

    // Fillers at the end are usual, whatever their type.
    small.rows[296] = random(16, 77);
    let (answer, code) = small.check(&[]);
    assert_eq!((code, &finding(&answer, "rows.zero")["severity"]), (0, &json!("note")));
}

#[test]
fn a_gguf_has_as_many_rows_as_tokens() {
    let mut small = Small::new(300, 16);
    small.rows.extend([vec![0.5; 16], vec![0.25; 16]]);
    let (answer, code) = small.check(&[]);
    let count = finding(&answer, "rows.count");
    assert_eq!((code, &count["severity"]), (1, &json!("problem")));
    assert!(count["next"].as_str().unwrap().contains("llama.cpp refuses"));

    // A draft model's tables may differ.
    let draft = small.gguf().kv("general.architecture", "eagle3").kv("eagle3.embedding_length", 16);
    let (answer, _) = check(draft.write().path(), &[]);
    assert_eq!(finding(&answer, "rows.count")["severity"], "note");
}

#[test]
fn rows_far_outside_are_told_with_what_is_usual() {
    let mut small = Small::new(1000, 32);
    assert_eq!(of_code(&small.check(&[]).0, "rows.outlier").len(), 0);
    small.rows[900].iter_mut().for_each(|x| *x *= 0.0005);
    small.rows[901].iter_mut().for_each(|x| *x *= 4000.0);
    let (answer, code) = small.check(&[]);
    let outlier = finding(&answer, "rows.outlier");
    assert_eq!((code, &outlier["ids"]), (1, &json!([900, 901])));
    let message = outlier["message"].as_str().unwrap();
    assert!(message.contains("where the median is "), "{message}");
    assert_eq!(
        outlier["tokens"][0]["token"],
        format!(" word{}901", (b'a' + (901 % 26) as u8) as char)
    );
}

/// Many rows far outside do not hide each other, and short ones side by side, which
/// no longer fit their tokens, are no matter of order.
#[test]
fn many_rows_far_outside_are_told() {
    let mut small = Small::new(1000, 32);
    (0..200).step_by(5).for_each(|id| small.rows[id].iter_mut().for_each(|x| *x *= 100.0));
    let (answer, code) = small.check(&[]);
    let outlier = finding(&answer, "rows.outlier");
    let expected: Vec<usize> = (0..200).step_by(5).collect();
    assert_eq!((code, &outlier["ids"]), (1, &json!(expected)));

    let mut made = Made::new();
    made.rows.iter_mut().flatten().for_each(|x| *x += 1.0);
    made.rows[3000..3020].iter_mut().flatten().for_each(|x| *x *= 0.05);
    let (answer, code) = check(file_of(&made, vec![1; made.rows.len()]).path(), &[]);
    let outlier = finding(&answer, "rows.outlier");
    let expected: Vec<usize> = (3000..3020).collect();
    assert_eq!(
        (code, &outlier["severity"], &outlier["ids"]),
        (1, &json!("problem"), &json!(expected))
    );
    assert_eq!(of_code(&answer, "order.permuted").len(), 0);
}

/// A made-up table whose rows show how its tokens are spelled, as a file.
fn file_of(made: &Made, types: Vec<i32>) -> tempfile::NamedTempFile {
    let tokens: Vec<&str> = made.tokens.iter().map(String::as_str).collect();
    let (width, n) = (made.rows[0].len() as u64, made.rows.len() as u64);
    let vocabulary = Gguf::new().vocab("llama", &tokens).kv("tokenizer.ggml.token_type", types);
    vocabulary.table(F32, width, n, f32_bytes(&made.rows.concat())).write()
}

#[test]
fn rows_that_have_collapsed_are_a_group() {
    let mut made = Made::new();
    let (n, width) = (made.rows.len(), made.rows[0].len());
    let (answer, _) = check(file_of(&made, vec![1; n]).path(), &[]);
    assert_eq!(answer["findings"], json!([]));

    // 101 rows with a cosine of over 0.99 to row 0, of other lengths.
    let noise = random(n * width, 9);
    let clean = made.rows.clone();
    for id in (1000..6000).step_by(50) {
        let row = clean[0].iter().zip(&noise[id * width..]);
        let scale = 1.0 + id as f32 / 10_000.0;
        made.rows[id] = row.map(|(x, noise)| (x + 0.1 * noise) * scale).collect();
    }
    let (answer, _) = check(file_of(&made, vec![1; n]).path(), &[]);
    let group = finding(&answer, "rows.collapsed");
    let expected: Vec<usize> = [0].into_iter().chain((1000..6000).step_by(50)).collect();
    assert_eq!((&group["severity"], &group["ids"]), (&json!("note"), &json!(expected)));

    // 16 added rows, all the mean and next to nothing.
    let mut types = vec![1; n];
    made.rows = clean;
    made.rows.iter_mut().flatten().for_each(|x| *x += 1.0);
    let mean: Vec<f32> =
        (0..width).map(|i| made.rows.iter().map(|row| row[i]).sum::<f32>() / n as f32).collect();
    for id in n - 16..n {
        let row = mean.iter().zip(&noise[id * width..]);
        made.rows[id] = row.map(|(x, noise)| x + 1e-5 * noise).collect();
        made.tokens[id] = format!("<tool_{id}>");
        types[id] = 4;
    }
    let (answer, code) = check(file_of(&made, types).path(), &[]);
    let group = finding(&answer, "rows.collapsed");
    assert_eq!((code, &group["severity"]), (1, &json!("problem")));
    assert_eq!(group["ids"], json!((n - 16..n).collect::<Vec<_>>()));
}

/// Every tensor with a row per token is checked; a finding names its tensor.
#[test]
fn the_output_head_and_per_layer_tables_are_checked_too() {
    let small = Small::new(300, 16);
    let mut head = random(300 * 16, 8);
    head[16 * 7] = f32::NAN;
    let mut layers = random(300 * 32, 9);
    layers[32 * 9..32 * 10].fill(0.0);
    let gguf = || {
        small.gguf().tensor("output.weight", &[16, 300], F32, f32_bytes(&head)).tensor(
            "per_layer_token_embd.weight",
            &[32, 300],
            F32,
            f32_bytes(&layers),
        )
    };
    let file = gguf().write();
    let (answer, code) = check(file.path(), &[]);
    let (nan, zero) = (finding(&answer, "rows.nan"), finding(&answer, "rows.zero"));
    assert_eq!((code, &nan["tensor"], &nan["ids"]), (1, &json!("output.weight"), &json!([7])));
    assert_eq!(
        (&zero["tensor"], &zero["ids"]),
        (&json!("per_layer_token_embd.weight"), &json!([9]))
    );
    let names: Vec<_> =
        answer["tensors"].as_array().unwrap().iter().map(|it| &it["table"]["tensor"]).collect();
    assert_eq!(names, ["output.weight", "per_layer_token_embd.weight"]);
    let table = run(file.path(), &[]).stdout;
    assert!(table.contains("rows.nan output.weight: 1 row"), "{table}");

    let (answer, code) = check(file.path(), &["--tensor", "per_layer_token_embd.weight"]);
    assert_eq!((code, of_code(&answer, "rows.nan").len()), (1, 0));
    assert_eq!(finding(&answer, "rows.zero")["ids"], json!([9]));
    assert_eq!(run(file.path(), &["--tensor", "nothing"]).code, Some(1));
}

/// F32 values with their bytes the wrong way round look like noise.
#[test]
fn values_with_reversed_bytes_are_recognised() {
    let made = Made::new();
    let mut bytes = f32_bytes(&made.rows.concat());
    bytes.chunks_mut(4).for_each(<[u8]>::reverse);
    let tokens: Vec<&str> = made.tokens.iter().map(String::as_str).collect();
    let (width, n) = (made.rows[0].len() as u64, made.rows.len() as u64);
    let file = Gguf::new().vocab("llama", &tokens).table(F32, width, n, bytes).write();
    let (answer, code) = check(file.path(), &[]);
    assert_eq!((code, &finding(&answer, "rows.byte_order")["severity"]), (1, &json!("problem")));
    assert_eq!(answer["findings"].as_array().unwrap().len(), 1, "{answer:#}");
}

// ---- two files

/// The answer about a file beside another one.
#[track_caller]
fn beside(one: &Path, other: &Path) -> (Value, i32) {
    check(one, &[other.to_str().unwrap()])
}

/// The codes that begin with `other.`, without those about added and removed tokens.
fn differences(answer: &Value) -> Vec<&str> {
    let codes = answer["findings"].as_array().unwrap().iter();
    codes.map(|it| it["code"].as_str().unwrap()).filter(|code| code.starts_with("other.")).collect()
}

#[test]
fn a_common_factor_is_named() {
    let small = Small::new(600, 32);
    let file = small.gguf().write();
    for factor in [1000.0, 2.0, 0.5] {
        let mut scaled = Small::new(600, 32);
        scaled.rows.iter_mut().flatten().for_each(|x| *x *= factor);
        let (answer, code) = beside(scaled.gguf().write().path(), file.path());
        assert_eq!(differences(&answer), ["other.factor"], "{answer:#}");
        let found = finding(&answer, "other.factor")["evidence"]["factor"].as_f64().unwrap();
        assert!(code == 1 && (found / f64::from(factor) - 1.0).abs() < 1e-3, "{found}");
    }
    // Noise of a tenth everywhere is damage that one type does not explain.
    let mut noisy = Small::new(600, 32);
    let noise = random(600 * 32, 3);
    noisy.rows.iter_mut().flatten().zip(&noise).for_each(|(x, noise)| *x += 0.1 * noise);
    let (answer, code) = beside(noisy.gguf().write().path(), file.path());
    assert_eq!((code, differences(&answer)), (1, vec!["other.error"]), "{answer:#}");
}

#[test]
fn equal_tables_are_the_same_and_one_bit_is_told() {
    let small = Small::new(600, 32);
    let file = small.gguf().write();
    let (answer, code) = beside(file.path(), file.path());
    assert_eq!((code, &answer["comparison"]["is_identical"]), (0, &json!(true)));
    assert!(differences(&answer).is_empty(), "{answer:#}");
    let table = run(file.path(), &[file.path().to_str().unwrap()]).stdout;
    assert!(table.split_whitespace().collect::<Vec<_>>().join(" ").contains("byte for byte"));

    let mut changed = Small::new(600, 32);
    let value = &mut changed.rows[123][4];
    *value = f32::from_bits(value.to_bits() ^ 1);
    let (answer, code) = beside(changed.gguf().write().path(), file.path());
    assert_eq!(answer["comparison"]["is_identical"], false);
    assert_eq!((code, &finding(&answer, "other.changed")["ids"]), (1, &json!([123])));
}

#[test]
fn changed_texts_types_and_scores_are_told_by_id() {
    let scores = |of: &dyn Fn(usize) -> f32| (0..600).map(of).collect::<Vec<f32>>();
    let small = Small::new(600, 32);
    let file = small.gguf().kv("tokenizer.ggml.scores", scores(&|i| -(i as f32))).write();

    // Two IDs with each other's text; their rows stayed.
    let mut other = Small::new(600, 32);
    other.tokens.swap(100, 400);
    other.types[7] = 3;
    let changed = scores(&|i| if i == 9 { 5.0 } else { -(i as f32) });
    let other_file = other.gguf().kv("tokenizer.ggml.scores", changed).write();
    let (answer, code) = beside(other_file.path(), file.path());
    assert_eq!(differences(&answer), ["other.text", "other.type", "other.score"], "{answer:#}");
    assert_eq!((code, &finding(&answer, "other.text")["ids"]), (1, &json!([100, 400])));
    assert_eq!(finding(&answer, "other.type")["ids"], json!([7]));
    assert_eq!(finding(&answer, "other.score")["ids"], json!([9]));

    // Tokens that move with their rows are only moved; a new name is only a note.
    let mut other = Small::new(600, 32);
    other.tokens.swap(100, 400);
    other.rows.swap(100, 400);
    other.tokens[50] = "▁renamed".to_owned();
    let (answer, code) = beside(other.gguf().write().path(), small.gguf().write().path());
    assert_eq!((code, differences(&answer)), (0, vec!["other.text", "other.moved"]));
    assert_eq!(finding(&answer, "other.text")["ids"], json!([50]));
    assert_eq!(finding(&answer, "other.moved")["ids"], json!([100, 400]));
}

#[test]
fn tokens_of_one_file_are_judged_against_its_own_table() {
    let small = Small::new(600, 32);
    let mut more = Small::new(604, 32);
    more.rows[601] = vec![0.0; 32];
    more.rows[602].iter_mut().for_each(|x| *x *= 5000.0);
    let (small, more) = (small.gguf().write(), more.gguf().write());
    for (one, other, code) in [(&more, &small, "other.added"), (&small, &more, "other.removed")] {
        let (answer, _) = beside(one.path(), other.path());
        let found = finding(&answer, code);
        assert_eq!(
            (&found["severity"], &found["ids"]),
            (&json!("problem"), &json!([600, 601, 602, 603]))
        );
        let message = found["message"].as_str().unwrap();
        assert!(message.contains("1 of them: rows.zero"), "{message}");
        assert!(message.contains("1 of them: rows.outlier"), "{message}");
    }
}

/// A draft and its target: other widths, or no table at all.
#[test]
fn vocabularies_are_compared_without_comparable_tables() {
    let keys = |gguf: Gguf, eos: u32, merge: &str, pre: &str| {
        gguf.kv("tokenizer.ggml.eos_token_id", eos)
            .kv("tokenizer.ggml.pre", pre)
            .kv("tokenizer.ggml.merges", vec!["a b", merge])
    };
    let [mut target, mut draft] = [Small::new(600, 32), Small::new(590, 16)];
    for small in [&mut target, &mut draft] {
        small.types[2..4].fill(3);
    }
    let target = keys(target.gguf(), 2, "c d", "llama-bpe").write();
    draft.tokens[77] = "▁else".to_owned();
    draft.types[5] = 3;
    let wide = keys(draft.gguf(), 3, "c e", "qwen2").write();
    let bare = keys(draft.vocabulary(), 3, "c e", "qwen2").write();
    for (one, other) in [(&wide, &target), (&bare, &target), (&target, &bare)] {
        let (answer, code) = beside(one.path(), other.path());
        let is_bare = of_code(&answer, "other.no_table").len();
        assert_eq!(code, i32::from(is_bare == 0), "{answer:#}");
        assert_eq!(of_code(&answer, "other.model").len(), 1 - is_bare);
        assert_eq!(finding(&answer, "other.text")["ids"], json!([77]));
        assert_eq!(finding(&answer, "other.type")["ids"], json!([5]));
        assert!(finding(&answer, "other.special")["message"].as_str().unwrap().contains("eos is"));
        assert_eq!(finding(&answer, "other.size")["severity"], "note");
        let splitting = of_code(&answer, "other.tokenizer");
        assert_eq!(splitting.len(), 2, "{answer:#}");
        assert!(splitting[1]["message"].as_str().unwrap().contains("merge 1 is the first"));
    }
    assert_eq!(beside(bare.path(), target.path()).0["table"], Value::Null);
}

// ---- table and head of one file

#[test]
fn a_head_is_compared_with_its_table() {
    let made = Made::new();
    let (width, n) = (made.rows[0].len() as u64, made.rows.len());
    let with_head = |head: Vec<f32>| {
        let tokens: Vec<&str> = made.tokens.iter().map(String::as_str).collect();
        Gguf::new()
            .vocab("llama", &tokens)
            .table(F32, width, n as u64, f32_bytes(&made.rows.concat()))
            .tensor("output.weight", &[width, n as u64], F32, f32_bytes(&head))
            .write()
    };
    // The same file with table and head exchanged is as wrong.
    let untrained = with_head(random(n * width as usize, 4));
    let (answer, code) = check(untrained.path(), &[]);
    let found = finding(&answer, "head.untrained");
    assert_eq!((code, &found["tensor"]), (1, &json!("output.weight")));

    let noise = random(n * width as usize, 6);
    let like: Vec<f32> =
        made.rows.concat().iter().zip(&noise).map(|(x, noise)| x + 0.5 * noise).collect();
    let (answer, code) = check(with_head(like.clone()).path(), &[]);
    assert_eq!((code, &answer["findings"]), (0, &json!([])));

    // Told once: the order of the head's rows says it already.
    let mut shifted = like;
    shifted.rotate_right(width as usize);
    let (answer, code) = check(with_head(shifted).path(), &[]);
    let found = finding(&answer, "order.shift");
    assert_eq!((code, &found["offset"], &found["tensor"]), (1, &json!(1), &json!("output.weight")));
    assert_eq!(of_code(&answer, "head.shift").len(), 0);
}

/// Rows that show nothing of how their tokens are spelled can still be compared.
#[test]
fn a_shifted_head_is_seen_where_the_order_is_not() {
    let small = Small::new(1000, 32);
    let mut head = small.rows.clone();
    head.rotate_right(1);
    let file = small.gguf().tensor("output.weight", &[32, 1000], F32, f32_bytes(&head.concat()));
    let (answer, code) = check(file.write().path(), &[]);
    assert_eq!((code, &finding(&answer, "head.shift")["evidence"]["offset"]), (1, &json!(-1)));
}

/// The merges never make `abc`, which is put together from `ab` only.
#[test]
fn tokens_that_no_text_gives_are_a_note() {
    let tokens = ["a", "b", "c", "ab", "abc", "bc", "<|end|>"];
    let file = Gguf::new()
        .vocab("gpt2", &tokens)
        .kv("tokenizer.ggml.pre", "gpt-2")
        .kv("tokenizer.ggml.token_type", vec![1, 1, 1, 1, 1, 1, 3])
        .kv("tokenizer.ggml.merges", vec!["b c", "a b", "ab c"])
        .table(F32, 8, 7, f32_bytes(&random(56, 1)))
        .write();
    let (answer, code) = check(file.path(), &[]);
    let found = finding(&answer, "tokens.unreachable");
    assert_eq!((code, &found["severity"], &found["ids"]), (0, &json!("note"), &json!([4])));
}

/// In a table that is not the output head too, short rows are those that training
/// never reached.
#[test]
fn rows_as_short_as_unused_ones_are_a_note() {
    let mut small = Small::new(1000, 32);
    for id in 980..1000 {
        small.tokens[id] = format!("<unused{id}>");
        small.types[id] = 5;
        small.rows[id].iter_mut().for_each(|x| *x *= 0.2);
    }
    small.rows[33].iter_mut().for_each(|x| *x *= 0.1);
    let (answer, _) = small.check(&[]);
    assert!(of_code(&answer, "tokens.short").is_empty(), "the table is the head too");
    let head = f32_bytes(&random(1000 * 32, 4));
    let file = small.gguf().tensor("output.weight", &[32, 1000], F32, head).write();
    let (answer, _) = check(file.path(), &[]);
    let short = finding(&answer, "tokens.short");
    assert_eq!((&short["severity"], &short["ids"]), (&json!("note"), &json!([33])));
}
