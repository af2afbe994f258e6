//! `stats`: its screen, its numbers, and odd tables.

use serde_json::Value;

use crate::support::run::{embcli, watched};
use crate::support::{self, F32, Gguf, f32_bytes};

fn json(model: &str) -> Value {
    embcli(["stats", model, "--format", "json"]).json()
}

/// Holds numbers to all digits that are printed here.
#[track_caller]
fn assert_digits(json: &Value, expected: &[(&str, &str)]) {
    for (path, digits) in expected {
        let found = json.pointer(path).and_then(Value::as_f64).unwrap_or_else(|| panic!("{path}"));
        let decimals = digits.split_once('.').map_or(0, |(_, decimals)| decimals.len());
        assert_eq!(&format!("{found:.decimals$}"), digits, "{path}");
    }
}

/// From numpy in float64 over the decoded rows.
#[test]
#[ignore = "needs the real model"]
fn the_values_of_gemma_are_those_of_numpy() {
    assert_digits(
        &json(support::real_model().to_str().unwrap()),
        &[
            ("/norms/mean", "1.0311103739"),
            ("/norms/sd", "0.0005448170"),
            ("/norms/min", "1.0275565861"),
            ("/norms/max", "1.0351062005"),
            ("/mean_row/norm", "0.4664267428"),
            ("/cosines/mean", "0.2046190727"),
            ("/cosines/sd", "0.1053421020"),
            ("/cosines_centred/mean", "0.000231165"),
            ("/spectrum/singular_values/0", "247.756941"),
            ("/spectrum/singular_values/1", "113.729087"),
            ("/spectrum/singular_values/2", "94.767407"),
            ("/spectrum_centred/singular_values/0", "121.618491"),
            ("/spectrum_centred/singular_values/1", "94.790745"),
            ("/spectrum_centred/singular_values/2", "75.265461"),
            ("/spectrum_centred/participation_ratio", "117.512379"),
            ("/spectrum_centred/dimensions_50", "161"),
            ("/spectrum_centred/dimensions_90", "485"),
            ("/spectrum_centred/dimensions_99", "611"),
            ("/isoscore", "0.1823354915"),
            ("/isotropy", "0.3949662304"),
        ],
    );
}

#[test]
#[ignore = "needs the second model"]
fn the_values_of_a_second_model_are_those_of_numpy() {
    assert_digits(
        &json(support::second_model().to_str().unwrap()),
        &[
            ("/norms/mean", "3.2022409324"),
            ("/norms/sd", "0.5775273559"),
            ("/norms/min", "1.7929192232"),
            ("/norms/max", "7.4948718069"),
            ("/mean_row/norm", "2.1783004901"),
            ("/cosines/mean", "0.4423141858"),
            ("/cosines/sd", "0.1431813568"),
            ("/cosines_centred/sd", "0.1028711278"),
            ("/spectrum/singular_values/0", "509.923496"),
            ("/spectrum/singular_values/1", "96.129293"),
            ("/spectrum/singular_values/2", "62.189395"),
            ("/spectrum_centred/singular_values/0", "176.782361"),
            ("/spectrum_centred/singular_values/1", "87.550437"),
            ("/spectrum_centred/singular_values/2", "58.223893"),
            ("/spectrum_centred/participation_ratio", "70.060767"),
            ("/spectrum_centred/dimensions_50", "157"),
            ("/spectrum_centred/dimensions_90", "444"),
            ("/spectrum_centred/dimensions_99", "549"),
            ("/isoscore", "0.1201056814"),
            ("/isotropy", "0.0132732499"),
        ],
    );
}

#[test]
fn one_screen_says_what_each_number_means() {
    let screen = embcli(["stats", "toy"]).ok();
    assert!(screen.lines().count() <= 20, "{screen}");
    assert!(screen.lines().all(|line| line.chars().count() <= 80), "{screen}");
    insta::assert_snapshot!(screen);
}

#[test]
fn every_form_has_the_same_numbers() {
    let json = json("toy");
    let mean = json["norms"]["mean"].as_f64().unwrap();
    for form in ["csv", "tsv"] {
        let answer = embcli(["stats", "toy", "--format", form]).ok();
        let cell = answer.lines().find_map(|line| line.strip_prefix("norm_mean")).unwrap();
        assert_eq!(cell[1..].parse::<f64>().unwrap(), mean);
    }
    let lines = embcli(["stats", "toy", "--format", "jsonl"]).ok();
    assert_eq!(serde_json::from_str::<Value>(&lines).unwrap(), json);
    assert!(embcli(["stats", "toy", "--format", "md"]).ok().contains("| norm_mean |"));
}

#[test]
fn two_tables_stand_side_by_side() {
    let alone = json("toy");
    let both = embcli(["stats", "toy", "toy", "--format", "json"]).json();
    assert_eq!(both["other"], alone);
    let csv = embcli(["stats", "toy", "toy", "--format", "csv"]).ok();
    assert!(csv.starts_with("key,toy,toy\n"), "{csv}");
    let table = embcli(["stats", "toy", "toy"]).ok();
    assert!(table.contains("norm_mean") && table.starts_with("first   toy: "), "{table}");
    assert_eq!(embcli(["stats", "toy", "toy", "--format", "jsonl"]).ok().lines().count(), 2);
}

#[test]
fn the_number_of_threads_changes_nothing() {
    let of = |threads| embcli(["stats", "toy", "--format", "json", "--threads", threads]).ok();
    let one = of("1");
    assert!(one == of("2") && one == of("7"));
}

#[test]
fn odd_tables_have_an_answer_or_one_line() {
    let nan = vec![f32::NAN; 12];
    let mixed =
        vec![f32::INFINITY, 1.0, 2.0, 0.0, 0.0, 0.0, 1.0, 2.0, 3.0, f32::MAX, f32::MAX, 1.0];
    for (values, width) in [
        (nan, 3),
        (vec![0.0; 12], 3),
        (vec![1.0; 12], 3),
        (mixed, 3),
        (vec![f32::INFINITY; 12], 3),
        (vec![f32::MAX; 12], 3),
        (vec![1.0, 2.0], 1),
        (vec![1.0, 2.0, 3.0], 3),
        (vec![5.0], 1),
    ] {
        let n = (values.len() / width) as u64;
        let file = Gguf::new().table(F32, width as u64, n, f32_bytes(&values)).write();
        for form in ["table", "json", "csv", "md"] {
            watched(["stats", file.path().to_str().unwrap(), "--format", form]);
        }
    }
    let file = Gguf::new().table(F32, 3, 4, f32_bytes(&[1.0; 6])).write();
    let cut = watched(["stats", file.path().to_str().unwrap()]);
    assert!(cut.stdout.contains("only rows 0 to 1 of 4"), "{cut:?}");
}
