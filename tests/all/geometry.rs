//! `similarity`, `analogy`, and what `neighbors` does with sums, vectors and candidates.

use serde_json::{Value, json};

use crate::support::run::{command, embcli, watched};
use crate::support::{self, F32, Gguf, f32_bytes, odd_tables};
use tempfile::NamedTempFile;

const WORDS: [&str; 12] = [
    "▁man",
    "▁king",
    "▁woman",
    "▁queen",
    "▁Queen",
    "king",
    "▁кот",
    "▁7",
    "ing",
    "▁prince",
    "▁girl",
    "▁sea",
];

/// Rows in which `king - man + woman` is near `queen`.
const ROWS: [[f32; 4]; 12] = [
    [1.0, 0.1, 0.0, 0.3],
    [1.0, 1.0, 0.0, 0.3],
    [0.0, 0.1, 1.0, 0.3],
    [0.0, 1.1, 1.0, 0.3],
    [0.1, 1.0, 1.1, 0.2],
    [0.9, 1.1, 0.1, 0.3],
    [0.1, 1.2, 0.9, 0.4],
    [0.0, 0.9, 1.0, 0.3],
    [0.2, 1.0, 1.0, 0.3],
    [0.8, 0.9, 0.2, 0.5],
    [0.1, 0.0, 0.9, 0.5],
    [0.1, -0.9, 0.1, 0.8],
];

fn words() -> NamedTempFile {
    let values: Vec<f32> = ROWS.concat();
    Gguf::new().vocab("llama", &WORDS).table(F32, 4, 12, f32_bytes(&values)).write()
}

fn wide(row: &[f32]) -> Vec<f64> {
    row.iter().map(|x| f64::from(*x)).collect()
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(x, y)| x * y).sum()
}

fn cosine(a: &[f64], b: &[f64]) -> f64 {
    dot(a, b) / (dot(a, a) * dot(b, b)).sqrt()
}

fn unit(a: &[f64]) -> Vec<f64> {
    a.iter().map(|x| x / dot(a, a).sqrt()).collect()
}

/// The rows, and the rows less their mean.
fn frames() -> [Vec<Vec<f64>>; 2] {
    let rows: Vec<Vec<f64>> = ROWS.iter().map(|row| wide(row)).collect();
    let mean: Vec<f64> =
        (0..4).map(|i| rows.iter().map(|row| row[i]).sum::<f64>() / 12.0).collect();
    let less = |row: &Vec<f64>| row.iter().zip(&mean).map(|(x, m)| x - m).collect();
    let centred = rows.iter().map(less).collect();
    [rows, centred]
}

/// The IDs by descending score, some left out.
fn ranked(score: impl Fn(usize) -> f64, without: &[usize]) -> Vec<u64> {
    let mut ids: Vec<usize> = (0..12).filter(|id| !without.contains(id)).collect();
    ids.sort_by(|a, b| score(*b).total_cmp(&score(*a)));
    ids.into_iter().map(|id| id as u64).collect()
}

fn ids(list: &Value) -> Vec<u64> {
    list.as_array().unwrap().iter().map(|it| it["id"].as_u64().unwrap()).collect()
}

fn run(file: &NamedTempFile, args: &[&str]) -> Value {
    let path = file.path().to_str().unwrap();
    let args = [&[args[0], path], &args[1..], &["--format", "json"]].concat();
    embcli(args).json()
}

#[test]
fn an_analogy_is_the_nearest_to_a_sum_of_unit_rows() {
    let file = words();
    for (rows, option) in frames().iter().zip([None, Some("--centre")]) {
        let term = |at: usize| unit(&rows[at]);
        let sum: Vec<f64> = (0..4).map(|i| term(1)[i] - term(0)[i] + term(2)[i]).collect();
        for (variants, without) in [(None, vec![0, 1, 2, 5]), (Some("--variants"), vec![0, 1, 2])] {
            let mut args = vec!["analogy", " man", " king", " woman", "-k", "20"];
            args.extend(option);
            args.extend(variants);
            let found = run(&file, &args);
            let expected = ranked(|id| cosine(&rows[id], &sum), &without);
            assert_eq!(ids(&found["candidates"]), expected, "{args:?}");
            let best = &found["candidates"][0];
            let score = best["score"].as_f64().unwrap();
            assert!((score - cosine(&rows[expected[0] as usize], &sum)).abs() < 1e-6);
        }
        let share = |id: usize, at: usize| (1.0 + cosine(&rows[id], &rows[at])) / 2.0;
        let mul = |id: usize| share(id, 1) * share(id, 2) / (share(id, 0) + 0.001);
        let mut args = vec!["analogy", " man", " king", " woman", "-k", "20", "--method", "mul"];
        args.extend(option);
        let found = run(&file, &args);
        assert_eq!(ids(&found["candidates"]), ranked(mul, &[0, 1, 2, 5]), "{args:?}");
        let alone = ranked(|id| cosine(&rows[id], &rows[2]), &[0, 1, 2, 5])[0];
        assert_eq!(found["nearest_to_c"]["id"], alone);
    }
}

#[test]
fn candidates_can_be_left_out() {
    let file = words();
    let three = ["analogy", " man", " king", " woman"];
    let first =
        |k, more: &[&str]| ids(&run(&file, &[&three[..], &["-k", k], more].concat())["candidates"]);
    let of = |more: &[&str]| first("20", more);
    let mut words = of(&["--words-only"]);
    words.sort_unstable();
    assert_eq!(words, [3, 4, 6, 9, 10, 11]);
    assert_eq!(of(&["--script", "Cyrillic"]), [6]);
    assert_eq!(of(&["--words-only", "--script", "Latin"]).len(), 5);
    let words_only = of(&["--words-only"]);
    assert_eq!(first("2", &["--words-only"])[..], words_only[..2]);

    let near = |more: &[&str]| {
        let found = run(&file, &[&["neighbors", " queen", "-k", "20"], more].concat());
        ids(&found["queries"][0]["neighbors"])
    };
    assert!(near(&[]).contains(&4) && !near(&["--no-variants"]).contains(&4));
    assert_eq!(near(&["--script", "Cyrillic"]), [6]);
    let outcome = embcli(["neighbors", file.path().to_str().unwrap(), "0", "--script", "Klingon"]);
    assert!(outcome.error().contains("no script that Unicode knows"));
}

#[test]
fn neighbors_of_a_sum_and_of_a_vector_are_those_of_an_analogy() {
    let file = words();
    let sum = ["neighbors", " king", "--minus", " man", "--plus", " woman", "-k", "20"];
    for frame in [None, Some("--centre"), Some("--whiten")] {
        let with = |args: &[&str]| -> Value {
            let mut args = args.to_vec();
            args.extend(frame);
            run(&file, &args)
        };
        let analogy = with(&["analogy", " man", " king", " woman", "-k", "20", "--variants"]);
        let neighbors = with(&sum);
        let query = &neighbors["queries"][0];
        assert_eq!(query["neighbors"], analogy["candidates"], "{frame:?}");
        assert_eq!(neighbors["plus"][0]["token"], " woman");
    }
    let table = embcli([&[sum[0], file.path().to_str().unwrap()], &sum[1..]].concat()).ok();
    assert!(table.starts_with("nearest to ID 1 \" king\" + \" woman\" - \" man\" of 12 rows"));

    // A vector from outside is compared like a row, and leaves out none.
    let mut npy = b"\x93NUMPY\x01\x00".to_vec();
    let header = "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 4), }\n";
    npy.extend((header.len() as u16).to_le_bytes());
    npy.extend(header.as_bytes());
    npy.extend(f32_bytes(&[ROWS[3], ROWS[6]].concat()));
    let vectors = tempfile::Builder::new().suffix(".npy").tempfile().unwrap();
    std::fs::write(vectors.path(), npy).unwrap();
    let path = vectors.path().to_str().unwrap();
    for frame in ["--metric=cosine", "--centre", "--whiten"] {
        let found = run(&file, &["neighbors", "--vector", path, "-k", "3", frame]);
        let first = |at: usize| found["queries"][at]["neighbors"][0].clone();
        assert_eq!((&first(0)["id"], &first(1)["id"]), (&json!(3), &json!(6)), "{frame}");
        assert_eq!(found["queries"][0]["id"], Value::Null);
        assert!((first(0)["score"].as_f64().unwrap() - 1.0).abs() < 1e-6);
    }
    let outcome = embcli(["neighbors", "toy", "--vector", path, "--metric", "l2"]);
    outcome.ok();
}

#[test]
fn similarity_has_a_number_or_a_matrix() {
    let file = words();
    for (rows, option) in frames().iter().zip([None, Some("--centre")]) {
        let mut args = vec!["similarity", " man", " king", " sea"];
        args.extend(option);
        let found = run(&file, &args);
        let of = [0, 1, 11];
        for (i, a) in of.into_iter().enumerate() {
            for (j, b) in of.into_iter().enumerate() {
                let score = found["matrix"][i][j].as_f64().unwrap();
                assert!((score - cosine(&rows[a], &rows[b])).abs() < 1e-6, "{found}");
            }
        }
        assert_eq!(found["closest"], json!([0, 1]));
        assert_eq!(found["odd_one_out"], 11);
        assert_eq!(found["as_stored"].is_object(), option.is_some());
    }
    let two = run(&file, &["similarity", " man", " king"]);
    assert!((0.0..=100.0).contains(&two["percentile"].as_f64().unwrap()));
    assert_eq!(two["closest"], Value::Null);
}

#[test]
fn similarity_in_every_form() {
    insta::assert_snapshot!(embcli(["similarity", "toy", "2368", "5765"]).ok());
    insta::assert_snapshot!(embcli(["similarity", "toy", "2368", "5765", "26"]).ok());
    let csv = embcli(["similarity", "toy", "2368", "5765", "26", "--format", "csv"]).ok();
    insta::assert_snapshot!(csv);
    let folder = tempfile::tempdir().unwrap();
    for (name, start) in [("m.npy", &b"\x93NUMPY"[..]), ("m.svg", b"<svg "), ("m.md", b"| a_id")] {
        let path = folder.path().join(name);
        let path = path.to_str().unwrap();
        assert_eq!(embcli(["similarity", "toy", "0..20", "-o", path]).code, Some(0));
        assert!(std::fs::read(path).unwrap().starts_with(start), "{name}");
    }
    let wide = embcli(["similarity", "toy", "0..20"]).ok();
    assert!(wide.contains("██") && wide.lines().all(|line| line.chars().count() <= 80), "{wide}");
    let wider = embcli(["similarity", "toy", "0..60"]).ok();
    assert!(wider.contains("too wide to print"), "{wider}");
}

#[test]
fn words_come_from_a_file_or_from_standard_input() {
    use std::io::Write;
    let mut list = tempfile::NamedTempFile::new().unwrap();
    list.write_all(b" cat\n dog\n\n;\r\n").unwrap();
    let path = list.path().to_str().unwrap();
    let expected = embcli(["similarity", "toy", " cat", " dog", ";", "--format", "json"]).ok();
    assert_eq!(embcli(["similarity", "toy", "--words", path, "--format", "json"]).ok(), expected);
    let mut child = command()
        .args(["neighbors", "toy", "--words", "-", "--format", "csv"])
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(b" cat\n dog\n").unwrap();
    let output = child.wait_with_output().unwrap();
    let expected = embcli(["neighbors", "toy", " cat", " dog", "--format", "csv"]).stdout;
    assert_eq!(String::from_utf8(output.stdout).unwrap(), expected);
}

#[test]
fn a_test_counts_right_answers() {
    use std::io::Write;
    let file = words();
    let mut questions = tempfile::NamedTempFile::new().unwrap();
    let text = ": gender\nman king woman queen\nking man queen woman\nman king woman sea\n\
                : none\nman king woman dragon\n";
    questions.write_all(text.as_bytes()).unwrap();
    let path = questions.path().to_str().unwrap();
    let found = run(&file, &["analogy", "--test", path, "--words-only"]);
    let gender = &found["sections"][0];
    assert_eq!((&gender["questions"], &gender["skipped"]), (&json!(3), &json!(0)));
    // By the plain formula, among whole words that are no variants.
    let [rows, _] = frames();
    let right = [[0, 1, 2, 3], [1, 0, 3, 2], [0, 1, 2, 11]].into_iter().filter(|[a, b, c, d]| {
        let term = |at: &usize| unit(&rows[*at]);
        let sum: Vec<f64> = (0..4).map(|i| term(b)[i] - term(a)[i] + term(c)[i]).collect();
        let mut without = vec![*a, *b, *c, 5, 7, 8];
        without.extend([3, 4].iter().filter(|_| *a == 3 || *b == 3 || *c == 3));
        ranked(|id| cosine(&rows[id], &sum), &without)[0] == *d as u64
    });
    let share = right.count() as f64 / 3.0;
    assert!((gender["top1"].as_f64().unwrap() - share).abs() < 1e-12, "{found}");
    assert_eq!(found["sections"][1]["top1"], Value::Null);
    assert_eq!(found["total"]["skipped"], 1);
    let table = embcli(["analogy", file.path().to_str().unwrap(), "--test", path]).ok();
    assert!(table.contains("gender") && table.contains("were skipped"), "{table}");
}

#[test]
fn the_number_of_threads_changes_nothing() {
    for args in [
        &["analogy", "toy", " cat", " dog", "0", "--method", "mul"][..],
        &["analogy", "toy", " cat", " dog", "0", "--whiten"],
        &["neighbors", "toy", "0..40", "--whiten", "--words-only"],
        &["similarity", "toy", "0..40", "--centre"],
    ] {
        let of = |n| embcli([args, &["--format", "json", "--threads", n]].concat()).ok();
        let one = of("1");
        assert!(one == of("2") && one == of("5"), "{args:?}");
    }
}

#[test]
fn odd_tables_have_an_answer_or_one_line() {
    for file in odd_tables() {
        let path = file.path().to_str().unwrap();
        for frame in ["--metric=cosine", "--metric=l2", "--centre", "--whiten"] {
            for id in 0..4 {
                let id = id.to_string();
                watched(["neighbors", path, &id, frame]);
                watched(["similarity", path, &id, "1", frame]);
                watched(["similarity", path, &id, "1", "2", frame, "--format=svg"]);
            }
            if frame == "--metric=cosine" {
                watched(["analogy", path, "0", "1", "2"]);
                watched(["analogy", path, "2", "1", "3", "--method=mul"]);
                watched(["neighbors", path, "2", "--plus", "3", "--minus", "1"]);
            }
            if !frame.starts_with("--metric") {
                watched(["analogy", path, "0", "1", "2", frame]);
                watched(["analogy", path, "2", "1", "3", frame, "--method=mul"]);
                watched(["neighbors", path, "2", "--plus", "3", "--minus", "1", frame]);
            }
        }
    }
}

#[test]
fn a_file_without_a_row_has_no_mean() {
    let file = Gguf::new().table(F32, 4, 1 << 20, Vec::new()).write();
    let path = file.path().to_str().unwrap();
    for frame in ["--centre", "--whiten"] {
        let error = watched(["neighbors", path, "--all", "--format=csv", frame]).stderr;
        assert!(error.contains("no complete row of the table"), "{error}");
    }
}

#[test]
fn wrong_calls_are_one_line() {
    for (args, says) in [
        (&["similarity", "toy", "5"][..], "name at least two"),
        (&["similarity", "toy", "0..5000"], "too many to compare"),
        (&["analogy", "toy", "0..2", "5", "7"], "needs three tokens"),
        (&["neighbors", "toy", "0", "--vector", "x"], ""),
        (&["neighbors", "toy", "--vector", "/nowhere.npy"], "/nowhere.npy"),
        (&["analogy", "toy", "--test", "/nowhere.txt"], "/nowhere.txt"),
    ] {
        let outcome = embcli(args);
        assert_eq!(outcome.stderr.lines().count(), 1, "{args:?}: {outcome:?}");
        assert!(outcome.stderr.contains(says), "{args:?}: {outcome:?}");
    }
}

/// Held to float64 numpy on the same questions: the shares that are right at first, and
/// among five.
#[test]
#[ignore = "needs the real models"]
fn shares_of_right_answers_are_those_of_numpy() {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/analogies.txt");
    let [gemma, smol] = [support::real_model(), support::second_model()];
    for (model, options, expected) in [
        (&gemma, &["--variants"][..], GEMMA_WITH_VARIANTS),
        (&gemma, &[], GEMMA),
        (&smol, &["--variants"], SMOL_WITH_VARIANTS),
        (&smol, &[], SMOL),
        (&smol, &["--centre"], SMOL_CENTRED),
        (&smol, &["--whiten"], SMOL_WHITENED),
    ] {
        let args = ["analogy", model.to_str().unwrap(), "--test", file, "--format", "json"];
        let found = embcli([&args, options].concat()).json();
        let sections = found["sections"].as_array().unwrap();
        for (section, shares) in sections.iter().zip(expected) {
            assert_eq!(section["questions"], 380);
            for (key, expected) in ["top1", "top5"].iter().zip(shares) {
                let share = section[key].as_f64().unwrap();
                assert!((share - expected).abs() < 0.002, "{options:?} {section}");
            }
        }
    }
}

/// Capital to country, country to adjective, comparative, plural, gender, past tense,
/// opposite.
type Shares = [[f64; 2]; 7];

const GEMMA_WITH_VARIANTS: Shares = [
    [0.9632, 0.9974],
    [0.9632, 0.9947],
    [0.9947, 1.0],
    [0.8184, 1.0],
    [0.8316, 0.9526],
    [0.6211, 0.9868],
    [0.0895, 0.43421],
];
const GEMMA: Shares = [
    [0.9684, 0.9974],
    [0.9632, 0.9947],
    [0.9974, 1.0],
    [0.9921, 1.0],
    [0.9342, 0.9605],
    [0.6289, 1.0],
    [0.3, 0.6684],
];
const SMOL_WITH_VARIANTS: Shares = [
    [0.6632, 0.8974],
    [0.9289, 0.9789],
    [0.9789, 1.0],
    [0.4605, 0.9605],
    [0.6632, 0.9105],
    [0.3947, 0.8368],
    [0.0632, 0.3868],
];
const SMOL: Shares = [
    [0.7868, 0.9],
    [0.95, 0.9842],
    [0.9947, 1.0],
    [0.8921, 0.9921],
    [0.7711, 0.9711],
    [0.4158, 0.9447],
    [0.25, 0.5737],
];
const SMOL_CENTRED: Shares = [
    [0.8368, 0.9474],
    [0.9737, 1.0],
    [0.9789, 1.0],
    [0.9842, 1.0],
    [0.7816, 0.9763],
    [0.4526, 0.9842],
    [0.3421, 0.7447],
];
const SMOL_WHITENED: Shares = [
    [0.9737, 1.0],
    [0.9921, 1.0],
    [1.0, 1.0],
    [0.9868, 1.0],
    [0.8158, 0.9789],
    [0.4632, 1.0],
    [0.2763, 0.6447],
];
