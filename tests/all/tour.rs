//! `tour`: every figure is compared with plain f64 arithmetic on the rows, every number
//! in the text must be in the JSON, and tables that contradict a claim get a note.

use std::path::Path;

use crate::support;
use crate::support::damage;
use crate::support::run;
use crate::support::run::embcli;
use crate::support::toy;
use crate::support::{F32, Gguf, f32_bytes};
use embcli::cli::Cli;
use embcli::commands::open;
use embcli::commands::tour::{TourHead, TourRequest, TourStep};
use embcli::embedding::{TOKEN_EMBEDDING, Table};
use embcli::gguf;
use embcli::report::{Form, Printer, Sink, Style};
use embcli::stats::SplitMix64;
use embcli::text::width;
use embcli::tour::RandomRows;
use regex::Regex;
use serde_json::{Value, json};

// ---- plain arithmetic ----

fn dot(a: &[f32], b: &[f32]) -> f64 {
    a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum()
}

fn norm(a: &[f32]) -> f64 {
    dot(a, a).sqrt()
}

fn cosine(a: &[f32], b: &[f32]) -> f64 {
    dot(a, b) / (norm(a) * norm(b))
}

fn distance(a: &[f32], b: &[f32]) -> f64 {
    a.iter().zip(b).map(|(a, b)| (f64::from(*a) - f64::from(*b)).powi(2)).sum::<f64>().sqrt()
}

fn random_pairs(n_rows: u64, n: u64, seed: u64) -> Vec<(u64, u64)> {
    let mut random = SplitMix64::new(seed);
    let mut pair = || {
        let a = random.below(n_rows);
        let b = random.below(n_rows - 1);
        let b = if b < a { b } else { b + 1 };
        (a.min(b), a.max(b))
    };
    (0..n).map(|_| pair()).collect()
}

fn spread(values: &[f64]) -> [f64; 4] {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let variance = values.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / n;
    let min = values.iter().copied().fold(f64::INFINITY, f64::min);
    let max = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    [mean, variance.sqrt(), min, max]
}

/// Spearman's rank correlation. The rank of a number is found by counting the numbers
/// below it.
fn spearman(a: &[f64], b: &[f64]) -> f64 {
    let ranks = |values: &[f64]| -> Vec<f64> {
        let mut sorted = values.to_vec();
        sorted.sort_by(f64::total_cmp);
        let rank = |x: &f64| {
            let below = sorted.partition_point(|y| y < x);
            let upto = sorted.partition_point(|y| y <= x);
            (below + upto + 1) as f64 / 2.0
        };
        values.iter().map(rank).collect()
    };
    let (a, b) = (ranks(a), ranks(b));
    let ([x, p, ..], [y, q, ..]) = (spread(&a), spread(&b));
    let products: f64 = a.iter().zip(&b).map(|(a, b)| (a - x) * (b - y)).sum();
    products / a.len() as f64 / (p * q)
}

/// The nearest rows to row `id`, by brute force.
fn nearest(n: u64, id: u64, k: usize, row: &dyn Fn(u64) -> Vec<f32>) -> Vec<(u64, f64)> {
    let query = row(id);
    let mut all: Vec<(u64, f64)> = (0..n)
        .filter(|other| *other != id)
        .map(|other| (other, cosine(&query, &row(other))))
        .collect();
    all.retain(|(_, score)| score.is_finite());
    all.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    all.truncate(k);
    all
}

#[track_caller]
fn assert_near(found: &Value, expected: f64) {
    let found = found.as_f64().unwrap_or_else(|| panic!("{found} is no number"));
    assert!((found - expected).abs() <= 1e-9 * expected.abs().max(1.0), "{found}, not {expected}");
}

fn id(token: &Value) -> u64 {
    token["id"].as_u64().unwrap()
}

#[track_caller]
fn assert_neighbors(found: &Value, expected: &[(u64, f64)]) {
    assert_eq!(found.as_array().unwrap().len(), expected.len());
    for (found, (nearest, cosine)) in found.as_array().unwrap().iter().zip(expected) {
        assert_eq!(id(found), *nearest);
        assert_near(&found["cosine"], *cosine);
    }
}

/// Asserts that a sample of pairs has these cosines.
#[track_caller]
fn assert_sample(found: &Value, cosines: &[f64]) {
    assert_eq!(found["pairs"], cosines.len());
    for (name, expected) in ["mean", "sd", "min", "max"].into_iter().zip(spread(cosines)) {
        assert_near(&found[name], expected);
    }
}

// ---- the figures ----

/// Compares everything that a tour measured, except times, with the rows that `row`
/// returns. `bytes` is the file.
fn check_figures(tour: &Value, bytes: &[u8], row: &dyn Fn(u64) -> Vec<f32>, scale: f64) {
    let table = &tour["table"];
    let count = |name: &str| table[name].as_u64().unwrap();
    let (n, d, table_bytes) = (count("n_vocab"), count("d_model"), count("bytes"));
    let row_bytes = table_bytes / n;
    let seed = tour["seed"].as_u64().unwrap();
    let measured = |step: usize| {
        assert_eq!(tour["steps"][step - 1]["step"], step);
        &tour["steps"][step - 1]["measured"]
    };
    let word = |role: &str| {
        let words = tour["words"].as_array().unwrap();
        id(words.iter().find(|word| word["role"] == role).unwrap())
    };
    let [cat, dog, other] = ["word", "alike", "unlike"].map(word);
    let three = ["first", "word", "third"].map(word);

    let labels = measured(1);
    let (low, high) = (cat.min(dog), cat.max(dog));
    assert_eq!([id(&labels["two"][0]), id(&labels["two"][1])], [low, high]);
    assert_near(&labels["id_ratio"], high as f64 / low as f64);
    assert_near(&labels["norm_ratio"], norm(&row(high)) / norm(&row(low)));
    assert_near(&labels["cosine"], cosine(&row(cat), &row(dog)));
    let pairs = random_pairs(n, 20_000, seed);
    let cosines: Vec<f64> = pairs.iter().map(|(a, b)| cosine(&row(*a), &row(*b))).collect();
    let distances: Vec<f64> = pairs.iter().map(|(a, b)| (b - a) as f64).collect();
    assert_sample(&labels["random"], &cosines);
    assert_sample(&measured(5)["learned"], &cosines);
    let rho = spearman(&distances, &cosines);
    let found = labels["rank_correlation"].as_f64().unwrap();
    // A cosine may round differently in the last bit, which can change a few ranks.
    assert!((found - rho).abs() < 1e-6, "{found}, not {rho}");
    assert_near(&labels["rank_correlation_by_chance"], 1.0 / 19_999_f64.sqrt());
    let adjacent: Vec<u64> = if n - 1 <= 20_000 {
        (0..n - 1).collect()
    } else {
        let mut random = SplitMix64::new(seed);
        (0..20_000).map(|_| random.below(n - 1)).collect()
    };
    let adjacent: Vec<f64> = adjacent.iter().map(|a| cosine(&row(*a), &row(a + 1))).collect();
    assert_sample(&labels["adjacent"], &adjacent);

    let read = measured(2);
    assert_eq!(read["shape"], json!([3, d]));
    assert_eq!(
        (&read["row_bytes"], &read["bytes_read"]),
        (&json!(row_bytes), &json!(3 * row_bytes))
    );
    assert_near(&read["percent_read"], 300.0 * row_bytes as f64 / table_bytes as f64);
    for (place, id) in read["rows"].as_array().unwrap().iter().zip(three) {
        let [first, last] = ["first_byte", "last_byte"].map(|name| place[name].as_u64().unwrap());
        assert_eq!((first, last), (count("offset") + id * row_bytes, first + row_bytes - 1));
        for (found, expected) in place["first_values"].as_array().unwrap().iter().zip(row(id)) {
            assert_eq!(found.as_f64().unwrap() as f32, expected);
        }
        if table["type"] == "F32" {
            let stored = &bytes[first as usize..=last as usize];
            assert_eq!(stored, f32_bytes(&row(id)));
        }
    }

    let product = measured(3);
    assert_eq!(product["ids"], json!(three));
    assert_eq!((&product["values"], &product["identical"]), (&json!(3 * d), &json!(3 * d)));
    assert_eq!((&product["zeros_of_other_sign"], &product["different"]), (&json!(0), &json!(0)));
    assert_eq!(product["lookup"]["multiplications"], 0);
    assert_eq!(product["lookup"]["table_bytes"], 3 * row_bytes);
    assert_eq!(product["product"]["multiplications"], 3 * n * d);
    assert_eq!(product["product"]["table_bytes"], table_bytes);
    assert_eq!(product["product"]["input_bytes"], 3 * n * 4);
    let [lookup, whole] =
        ["lookup", "product"].map(|way| product[way]["microseconds"].as_f64().unwrap());
    assert!(lookup > 0.0 && whole > 0.0);
    assert_near(&product["times_as_long"], whole / lookup);

    let one_hots = measured(4);
    assert_eq!((&one_hots["dimension"], &one_hots["d_model"]), (&json!(n), &json!(d)));
    let pairs = one_hots["pairs"].as_array().unwrap();
    for (pair, (a, b)) in pairs.iter().zip([(cat, dog), (cat, other), (dog, other)]) {
        assert_eq!((id(&pair["a"]), id(&pair["b"])), (a, b));
        assert_near(&pair["one_hot_distance"], 2.0_f64.sqrt());
        assert_near(&pair["one_hot_cosine"], 0.0);
        assert_near(&pair["row_distance"], distance(&row(a), &row(b)));
        assert_near(&pair["row_cosine"], cosine(&row(a), &row(b)));
    }
    assert_eq!(
        (&one_hots["weights_at_n_vocab"], &one_hots["f16_bytes_at_n_vocab"]),
        (&json!(n * n), &json!(2 * n * n))
    );
    assert_eq!(
        (&one_hots["weights_at_d_model"], &one_hots["f16_bytes_at_d_model"]),
        (&json!(d * d), &json!(2 * d * d))
    );
    assert_near(&one_hots["times_as_many"], (n * n) as f64 / (d * d) as f64);

    let chance = measured(5);
    let theory = 1.0 / (d as f64).sqrt();
    assert_near(&chance["theory_sd"], theory);
    // Five standard errors.
    let [mean, sd] = ["mean", "sd"].map(|name| chance["random"][name].as_f64().unwrap());
    assert!(mean.abs() < 5.0 * theory / 20_000_f64.sqrt(), "{mean}");
    assert!((sd / theory - 1.0).abs() < 0.05, "{sd}, not {theory}");
    let edges: Vec<f64> =
        chance["edges"].as_array().unwrap().iter().map(|edge| edge.as_f64().unwrap()).collect();
    let counts = |name: &str| -> Vec<u64> {
        chance[name].as_array().unwrap().iter().map(|count| count.as_u64().unwrap()).collect()
    };
    let last = edges.len() - 2;
    for (i, count) in counts("learned_counts").into_iter().enumerate() {
        let within = |x: &&f64| edges[i] <= **x && (**x < edges[i + 1] || i == last);
        assert_eq!(count, cosines.iter().filter(within).count() as u64, "bin {i}");
    }
    assert_eq!(counts("random_counts").iter().sum::<u64>(), 20_000);
    assert_eq!(counts("learned_counts").iter().sum::<u64>(), 20_000);

    let geometry = measured(6);
    let near = nearest(n, cat, 5, row);
    assert_neighbors(&geometry["neighbors"], &near);
    assert_neighbors(&chance["learned_neighbors"], &near[..3]);
    assert_near(&geometry["alike_cosine"], cosine(&row(cat), &row(dog)));
    assert_near(&geometry["unlike_cosine"], cosine(&row(cat), &row(other)));
    let same_sign =
        |other: u64| row(cat).iter().zip(row(other)).filter(|(a, b)| **a * *b > 0.0).count() as u64;
    assert_eq!(geometry["alike_same_sign"], same_sign(dog));
    assert_eq!(geometry["unlike_same_sign"], same_sign(other));
    let coordinates = geometry["coordinates"].as_array().unwrap();
    assert_eq!(coordinates.len() as u64, d.min(8));
    for coordinate in coordinates {
        let at = coordinate["dimension"].as_u64().unwrap() as usize;
        for (name, id) in [("word", cat), ("alike", dog), ("unlike", other)] {
            assert_eq!(coordinate[name].as_f64().unwrap() as f32, row(id)[at]);
        }
    }
    let shown = |at: usize| coordinates.iter().any(|c| c["dimension"] == at);
    let least = coordinates.iter().map(|c| c["word"].as_f64().unwrap().abs()).fold(9.0, f64::min);
    for (at, value) in row(cat).into_iter().enumerate().filter(|(at, _)| !shown(*at)) {
        assert!(f64::from(value.abs()) <= least, "coordinate {at} is larger than one shown");
    }

    let twice = measured(7);
    assert_eq!(twice["ids"], json!([cat, three[2], cat]));
    assert_eq!((&twice["identical"], &twice["d_model"]), (&json!(d), &json!(d)));
    assert_eq!(twice["identical_as_input"], d);
    assert_near(&twice["cosine_as_input"], 1.0);

    let widths = measured(8);
    let mut choices = Vec::new();
    for choice in widths["choices"].as_array().unwrap() {
        let width = choice["d_model"].as_u64().unwrap();
        assert_eq!(choice["parameters"], n * width);
        assert_eq!(choice["f16_bytes"], 2 * n * width);
        // Both types tested here have the same bytes per value at each width.
        assert_eq!(choice["bytes"], table_bytes / d * width / n * n);
        assert_near(&choice["times_as_many"], width as f64 / d as f64);
        assert_near(&choice["chance_cosine"], 1.0 / (width as f64).sqrt());
        choices.push(width);
    }
    let mut expected = vec![d / 2, d, 2 * d, 768, 8192];
    expected.sort_unstable();
    assert_eq!(choices, expected);

    let storing = measured(9);
    for (read, rows) in storing["reads"].as_array().unwrap().iter().zip([1, 1000, n]) {
        assert_eq!((&read["rows"], &read["bytes"]), (&json!(rows), &json!(rows * row_bytes)));
        assert_near(&read["percent"], 100.0 * (rows * row_bytes) as f64 / table_bytes as f64);
        assert!(read["microseconds"].as_f64().unwrap() > 0.0);
    }
    for precision in storing["precisions"].as_array().unwrap() {
        let [block, values] = match precision["type"].as_str().unwrap() {
            "F32" => [4, 1],
            "F16" | "BF16" => [2, 1],
            "Q8_0" => [34, 32],
            "Q5_0" => [22, 32],
            "Q4_0" => [18, 32],
            other => panic!("{other}"),
        };
        assert_eq!(precision["row_bytes"], d / values * block);
        assert_eq!(precision["table_bytes"], n * d / values * block);
        let thousand = precision["thousand_microseconds"].as_f64().unwrap();
        assert!(precision["row_microseconds"].as_f64().unwrap() > 0.0);
        assert_near(&precision["table_microseconds"], thousand * n as f64 / 1000.0);
    }

    let start = measured(10);
    assert_eq!(start["shape"], json!([3, d]));
    for (found, (position, id)) in start["rows"].as_array().unwrap().iter().zip((0..).zip(three)) {
        assert_eq!((&found["position"], &found["id"]), (&json!(position), &json!(id)));
        assert_near(&found["norm"], norm(&row(id)));
        let entering: Vec<f32> = row(id).iter().map(|x| x * scale as f32).collect();
        assert_near(&found["norm_as_input"], norm(&entering));
        assert_near(&found["cosine"], 1.0);
    }
    let quiz = &start["quiz"];
    assert_eq!(quiz[0]["shape"], json!([5, d]));
    assert_eq!((&quiz[1]["tokens"], &quiz[1]["distinct_rows"]), (&json!(2), &json!(1)));
    assert_eq!((&quiz[2]["shape"], &quiz[2]["values"]), (&json!([3, d]), &json!(3 * d)));
}

#[test]
fn the_toys_figures_match_its_rows() {
    let tour = embcli(["tour", "toy", "--format", "json"]).json();
    let rows = toy::rows();
    let row = |id: u64| rows[id as usize * 4..][..4].to_vec();
    check_figures(&tour, &toy::toy().build(), &row, 1.0);
    let words: Vec<_> = tour["words"].as_array().unwrap().iter().map(id).collect();
    assert_eq!(words, [791, 2368, 3290, 5765, 26]);

    // Unit tests check that the random table is random. Here the tour only has to use
    // that table.
    let random = RandomRows { seed: tour["seed"].as_u64().unwrap(), n_rows: 8192, dim: 4 };
    let random_row = |id: u64| random.row(id);
    let chance = &tour["steps"][4]["measured"];
    assert_neighbors(&chance["random_neighbors"], &nearest(8192, 2368, 3, &random_row));
    let pairs = random_pairs(8192, 20_000, random.seed);
    let cosines: Vec<f64> =
        pairs.iter().map(|(a, b)| cosine(&random_row(*a), &random_row(*b))).collect();
    assert_sample(&chance["random"], &cosines);
}

#[test]
#[ignore = "needs the real model: scripts/fetch-real-model.sh"]
fn the_real_models_figures_match_its_rows() {
    let path = support::real_model();
    let tour = embcli(["tour", path.to_str().unwrap(), "--format", "json"]).json();
    let model = gguf::open(&path).unwrap();
    let table = Table::open(&model, TOKEN_EMBEDDING).unwrap();
    check_figures(&tour, &[], &|id| table.row(id).unwrap(), 640.0_f64.sqrt());
    let rho = tour["steps"][0]["measured"]["rank_correlation"].as_f64().unwrap();
    assert!((-0.08..-0.03).contains(&rho), "{rho}");
    for step in tour["steps"].as_array().unwrap() {
        assert!(!step["notes"].to_string().contains("does not show"), "{step}");
    }
}

// ---- the text ----

/// Gives all to two other sinks.
struct Both<'a>([&'a mut dyn Sink<TourHead>; 2]);

impl Sink<TourHead> for Both<'_> {
    fn head(&mut self, head: TourHead) -> anyhow::Result<()> {
        self.0.iter_mut().try_for_each(|sink| sink.head(head.clone()))
    }

    fn item(&mut self, step: TourStep) -> anyhow::Result<()> {
        self.0.iter_mut().try_for_each(|sink| sink.item(step.clone()))
    }

    fn end(&mut self, notes: Vec<String>) -> anyhow::Result<()> {
        self.0.iter_mut().try_for_each(|sink| sink.end(notes.clone()))
    }
}

/// A whole tour as text and as JSON. Both come from one run, so the times are the same.
fn text_and_json(model: &Path) -> (String, Value) {
    let request = TourRequest { model: model.to_owned(), steps: Vec::new() };
    let (mut text, mut json) = (Vec::new(), Vec::new());
    let style = Style { width: 80, color: false, quiet: false };
    let mut as_text = Printer::new(Form::Table, style, &mut text);
    let mut as_json = Printer::new(Form::Json, style, &mut json);
    request.run(&open, &mut Both([&mut as_text.list(), &mut as_json.list()])).unwrap();
    let json: Value = serde_json::from_slice(&json).unwrap();
    assert_eq!(json["steps"].as_array().unwrap().len(), 10);
    (String::from_utf8(text).unwrap(), json)
}

fn numbers_in(value: &Value, found: &mut Vec<f64>) {
    match value {
        Value::Number(number) => found.push(number.as_f64().unwrap()),
        Value::Array(items) => items.iter().for_each(|item| numbers_in(item, found)),
        Value::Object(fields) => fields.values().for_each(|field| numbers_in(field, found)),
        _ => {}
    }
}

/// Asserts that every number in the text is a number of the JSON, rounded to its
/// decimals. Tokens and names with digits are not numbers.
#[track_caller]
fn assert_numbers_are_known(text: &str, json: &Value) {
    let names = Regex::new(r#""[^"\n]*"|GPT-2|Llama 3 70B|\b[A-Za-z]+[0-9]\w*|\S*\.gguf"#).unwrap();
    let text = names.replace_all(text, "NAME");
    let mut known = Vec::new();
    numbers_in(json, &mut known);
    let number = Regex::new(r"-?[0-9][0-9,]*(\.[0-9]+)?(e-?[0-9]+)?").unwrap();
    let mut met = 0;
    for found in number.find_iter(&text) {
        let digits = found.as_str().trim_end_matches(',').replace(',', "");
        let value: f64 = digits.parse().unwrap();
        let mantissa = digits.split('e').next().unwrap();
        let decimals = mantissa.split_once('.').map_or(0, |(_, decimals)| decimals.len());
        let unit = match digits.split_once('e') {
            Some((_, power)) => 10_f64.powi(power.parse().unwrap()),
            None => 1.0,
        };
        let half = 0.5 * unit * 10_f64.powi(-(decimals as i32));
        let near = |known: &&f64| (**known - value).abs() <= half * 1.000_001;
        assert!(known.iter().any(|known| near(&known)), "{digits} in:\n{text}");
        met += 1;
    }
    assert!(met > 100, "only {met} numbers");
}

#[track_caller]
fn assert_fits(text: &str, columns: usize) {
    for line in text.lines() {
        assert!(width(line) <= columns, "{} columns: {line}", width(line));
    }
}

#[track_caller]
fn assert_every_number_of_the_text_is_in_the_json_and_it_fits(model: &Path) {
    let (text, json) = text_and_json(model);
    assert_numbers_are_known(&text, &json);
    assert_fits(&text, 80);
    for step in json["steps"].as_array().unwrap() {
        assert!(text.contains(step["title"].as_str().unwrap()));
        assert!(step["claim"].as_str().unwrap().len() > 40);
        assert!(!step["shows"].as_array().unwrap().is_empty());
        assert!(step["measured"].as_object().unwrap().len() > 1);
    }
}

#[test]
fn every_number_in_the_text_is_in_the_json_and_lines_fit() {
    assert_every_number_of_the_text_is_in_the_json_and_it_fits(Path::new("toy"));
}

#[test]
#[ignore = "needs the real model: scripts/fetch-real-model.sh"]
fn every_number_in_the_real_models_text_is_in_the_json_and_lines_fit() {
    assert_every_number_of_the_text_is_in_the_json_and_it_fits(&support::real_model());
}

#[test]
fn prose_stays_narrow_on_a_wide_terminal() {
    let request = TourRequest { model: "toy".into(), steps: Vec::new() };
    let mut out = Vec::new();
    let mut printer =
        Printer::new(Form::Table, Style { width: 160, color: false, quiet: false }, &mut out);
    request.run(&open, &mut printer.list()).unwrap();
    assert_fits(&String::from_utf8(out).unwrap(), 100);
}

/// Only the steps that are the same on every run, without times and threads.
#[test]
fn the_toy_reads_as_it_did() {
    insta::assert_snapshot!(embcli(["tour", "toy", "--step", "1,2,4,5,6,7,8,10"]).ok());
}

#[test]
fn a_tour_is_the_same_each_time() {
    fn without_times(value: &mut Value) {
        match value {
            Value::Object(fields) => {
                let timed = |name: &String| {
                    name.ends_with("microseconds") || name == "times_as_long" || name == "shows"
                };
                fields.retain(|name, _| !timed(name));
                fields.values_mut().for_each(without_times);
            }
            Value::Array(items) => items.iter_mut().for_each(without_times),
            _ => {}
        }
    }
    let run = || {
        let mut tour = embcli(["tour", "--format", "json"]).json();
        without_times(&mut tour);
        tour
    };
    assert_eq!(run(), run());
}

/// The default table was learned, so no step may say that it does not show its claim.
#[test]
fn the_default_tour_shows_every_claim() {
    let tour = embcli(["tour", "--format", "json"]).json();
    assert_eq!(tour["model"], "words");
    for step in tour["steps"].as_array().unwrap() {
        let is_claim = step["slug"] != "storing";
        assert!(!is_claim || step["notes"] == json!([]), "{step}");
    }
    let sixth = embcli(["tour", "--step", "6"]).ok();
    assert!(sixth.contains(
        "\nNext, try:\n  embcli similarity words ' cat' ' dog' ' government'  # each with each\n"
    ));
    assert!(sixth.contains("\n  embcli analogy words ' cat' ' dog' ' cats'  # 1 is to 2 as"));
    // Whose rows these are.
    assert!(sixth.contains("rows of all-MiniLM-L6-v2"));
    assert!(!embcli(["tour", "toy", "--step", "6"]).ok().contains("MiniLM"));
}

// ---- the command ----

#[test]
fn steps_can_be_chosen_and_listed() {
    let titles = embcli(["tour", "--list"]).ok();
    assert_eq!(titles.lines().count(), 10);
    assert!(titles.starts_with(" 1  Labels, not measurements\n"), "{titles}");
    let listed = embcli(["tour", "--list", "--format", "json"]).json();
    assert_eq!(listed["steps"][9]["slug"], "start");
    assert_eq!(embcli(["tour", "--list", "--format", "csv"]).ok().lines().count(), 11);

    let steps = |args: &[&str]| -> Vec<u64> {
        let tour = embcli([&["tour", "--format", "json"], args].concat()).json();
        tour["steps"].as_array().unwrap().iter().map(|s| s["step"].as_u64().unwrap()).collect()
    };
    assert_eq!(steps(&["--step", "7"]), [7]);
    assert_eq!(steps(&["toy", "--step", "8", "--step", "4,2"]), [8, 4, 2]);
    let lines = embcli(["tour", "--step", "7,8", "--format", "jsonl"]).ok();
    let numbers: Vec<Value> = lines
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap()["step"].clone())
        .collect();
    assert_eq!(numbers, [json!(7), json!(8)]);

    for wrong in ["0", "11", "-1", "x", "", "1..3"] {
        let outcome = embcli(["tour", &format!("--step={wrong}")]);
        assert_eq!((outcome.code, &*outcome.stdout), (Some(2), ""), "{outcome:?}");
        assert!(outcome.stderr.contains("1 to 10"), "{outcome:?}");
    }
    assert_eq!(embcli(["tour", "toy", "--list"]).ok(), titles, "the steps of any model");
    assert_eq!(embcli(["tour", "--list", "--step=1"]).code, Some(2));
    let error = embcli(["tour", "no-such-file.gguf"]).error();
    assert!(error.contains("no-such-file.gguf"), "{error}");
}

#[test]
fn markdown_and_csv_have_the_same_figures() {
    let json = embcli(["tour", "toy", "--step", "6", "--format", "json"]).json();
    let md = embcli(["tour", "toy", "--step", "6", "--format", "md"]).ok();
    assert!(md.contains("\n## 6 of 10: Learned geometry\n"), "{md}");
    assert!(md.contains("\n|--:|--:|---|--:|\n| 1 | 5765 | \" dog\" | 0.998 |\n"), "{md}");
    let csv = embcli(["tour", "toy", "--step", "6", "--format", "csv"]).stdout;
    let expected = json["steps"][0]["measured"]["alike_cosine"].to_string();
    assert!(csv.starts_with("step,slug,name,value\n"), "{csv}");
    assert!(csv.contains(&format!("6,geometry,alike_cosine,{expected}\n")), "{csv}");
}

// ---- unusual tables ----

fn notes(tour: &Value, step: usize) -> String {
    let steps = tour["steps"].as_array().unwrap();
    steps.iter().find(|found| found["step"] == step).unwrap()["notes"].to_string()
}

fn tour_of(file: Gguf) -> Value {
    let file = file.write();
    let path = file.path().to_str().unwrap();
    // Both formats must work for every table.
    let text = embcli(["tour", path]).ok();
    assert_fits(&text.replace(path, "model.gguf"), 80);
    embcli(["tour", path, "--format", "json"]).json()
}

#[test]
fn a_table_without_words_uses_rows_by_position() {
    let rows: Vec<f32> = (0..40 * 4).map(|i| ((i * 37 % 101) as f32 - 50.0) / 25.0).collect();
    let tour = tour_of(Gguf::new().table(F32, 4, 40, f32_bytes(&rows)));
    let words: Vec<_> = tour["words"].as_array().unwrap().iter().map(id).collect();
    assert_eq!((words[0], words[1], words[2], words[4]), (5, 10, 15, 30));
    let row = |id: u64| rows[id as usize * 4..][..4].to_vec();
    assert_eq!(words[3], nearest(40, 10, 1, &row)[0].0, "alike is the nearest");
    assert!(tour["notes"].to_string().contains("by their place"), "{tour}");
    assert!(tour["steps"][0]["shows"].to_string().contains("row 10 is ID 10"));
    // 40 rows have 780 pairs, and each is used once.
    assert_eq!(tour["steps"][0]["measured"]["random"]["pairs"], 780);
}

#[test]
fn ids_that_predict_similarity_give_a_note() {
    // Each row is turned by one degree from the row before.
    let rows: Vec<f32> = (0..180)
        .flat_map(|i| {
            let angle = f64::from(i).to_radians();
            [angle.cos() as f32, angle.sin() as f32]
        })
        .collect();
    let tour = tour_of(Gguf::new().table(F32, 2, 180, f32_bytes(&rows)));
    let said = notes(&tour, 1);
    assert!(said.contains("does not show the claim: its IDs do tell"), "{said}");
    assert!(said.contains("side by side are much more alike"), "{said}");
    let rho = tour["steps"][0]["measured"]["rank_correlation"].as_f64().unwrap();
    assert!(rho < -0.99, "{rho}");
}

#[test]
fn random_rows_give_a_note() {
    let tour = embcli(["tour", "toy", "--step", "5,6", "--format", "json"]).json();
    assert!(notes(&tour, 5).contains("may well be random"), "{tour}");
    assert!(notes(&tour, 5).contains("chance comes as near"), "{tour}");
    assert!(notes(&tour, 6).contains("spread like random ones"), "{tour}");
}

#[test]
fn an_unlike_word_that_is_similar_gives_a_note() {
    let rows = [[1.0_f32, 0.1], [1.0, 0.0], [0.0, 1.0], [1.0, 0.2], [0.9, 0.3]];
    let file = Gguf::new().vocab("llama", &["The", "▁cat", "▁dog", ";", "▁sat"]).table(
        F32,
        2,
        5,
        f32_bytes(rows.as_flattened()),
    );
    let tour = tour_of(file);
    assert!(notes(&tour, 6).contains("does not show the claim"), "{tour}");
    assert!(notes(&tour, 6).contains("is no nearer"), "{tour}");
}

#[test]
fn rows_without_direction_are_left_out_and_counted() {
    let mut rows: Vec<f32> = (0..60 * 4).map(|i| ((i * 37 % 101) as f32 - 50.0) / 25.0).collect();
    rows[0..4].fill(0.0);
    rows[4] = f32::NAN;
    rows[9] = f32::INFINITY;
    // Row 15 is one of the example rows, and it has a negative zero.
    rows[15 * 4] = -0.0;
    let tour = tour_of(Gguf::new().table(F32, 4, 60, f32_bytes(&rows)));
    let labels = &tour["steps"][0]["measured"];
    // There are 60 * 59 / 2 pairs; in 57 * 56 / 2 of them both rows have a direction.
    assert_eq!(
        (&labels["random"]["pairs"], &labels["random"]["left_out"]),
        (&json!(1596), &json!(174))
    );
    assert!(notes(&tour, 1).contains("174 random and 3 adjacent pairs"), "{tour}");
    let product = &tour["steps"][2]["measured"];
    assert_eq!(product["rows_left_out"], 2);
    assert_eq!(product["product"]["multiplications"], 58 * 4 * 3);
    assert_eq!((&product["zeros_of_other_sign"], &product["different"]), (&json!(1), &json!(0)));
    assert_eq!(product["identical"], 11);
    assert!(notes(&tour, 3).contains("0 times infinity"), "{tour}");
    assert!(notes(&tour, 3).contains("1 value that a lookup gives as -0"), "{tour}");
    assert_eq!(tour["steps"][5]["measured"]["rows_compared"], 56);

    for value in [0.0_f32, f32::NAN] {
        let file = Gguf::new().table(F32, 4, 9, f32_bytes(&[value; 36])).write();
        let error = embcli(["tour", file.path().to_str().unwrap()]).error();
        assert!(error.contains("nothing to tour"), "{error}");
    }
}

#[test]
fn the_smallest_tables_have_a_tour() {
    for (n, d) in [(1, 1), (2, 1), (3, 2)] {
        let rows: Vec<f32> = (1..=n * d).map(|i| i as f32).collect();
        let tour = tour_of(Gguf::new().table(F32, d, n, f32_bytes(&rows)));
        assert_eq!(tour["steps"].as_array().unwrap().len(), 10);
        assert!(tour["notes"].to_string().contains("serve twice"), "{tour}");
    }
    let same = tour_of(Gguf::new().table(F32, 2, 9, f32_bytes(&[1.0; 18])));
    assert!(notes(&same, 1).contains("too few different rows"), "{same}");
}

/// gpt2 adds positions, so the same token at two positions gives two different inputs.
#[test]
fn positions_make_equal_tokens_differ() {
    let rows: Vec<f32> = (0..40 * 4).map(|i| ((i * 37 % 101) as f32 - 50.0) / 25.0).collect();
    let positions: Vec<f32> = (0..3 * 4).map(|i| (i * i) as f32 / 50.0).collect();
    let file =
        |n: u64| {
            let positions = f32_bytes(&positions[..n as usize * 4]);
            Gguf::new()
                .kv("general.architecture", "gpt2")
                .table(F32, 4, 40, f32_bytes(&rows))
                .tensor("position_embd.weight", &[4, n], F32, positions)
        };
    let tour = tour_of(file(3));
    let twice = &tour["steps"][6]["measured"];
    assert_eq!((&twice["identical"], &twice["identical_as_input"]), (&json!(4), &json!(0)));
    let at = |position: usize| -> Vec<f32> {
        (0..4).map(|i| rows[10 * 4 + i] + positions[position * 4 + i]).collect()
    };
    assert_near(&twice["cosine_as_input"], cosine(&at(0), &at(2)));
    assert!(tour["steps"][6]["shows"].to_string().contains("adds a vector for the position"));
    let start = &tour["steps"][9]["measured"];
    assert_eq!(start["steps"][0]["step"], "position");
    assert_near(&start["rows"][1]["norm_as_input"], norm(&at(1)));

    // A missing position gives a note, and the tour continues.
    let tour = tour_of(file(2));
    assert!(notes(&tour, 7).contains("position 2 is out of range"), "{tour}");
    assert!(notes(&tour, 10).contains("position 2 is out of range"), "{tour}");

    let unknown = tour_of(Gguf::new().kv("general.architecture", "frobnicator").table(
        F32,
        4,
        40,
        f32_bytes(&rows),
    ));
    assert!(notes(&unknown, 7).contains("does not know"), "{unknown}");
    let twice = &unknown["steps"][6]["measured"];
    assert_eq!((&twice["identical"], &twice["identical_as_input"]), (&json!(4), &Value::Null));
    assert_eq!(unknown["steps"][9]["measured"]["rows"][0]["norm_as_input"], Value::Null);
}

#[test]
fn hostile_tables_end_soon() {
    // A declared 2^40 rows that the file lacks; then rows wider than in any model.
    let cut = Gguf::new().table(F32, 4, 1 << 40, f32_bytes(&[0.5; 400])).write();
    let tour = run::watched(["tour".as_ref(), cut.path().as_os_str()]);
    assert!(tour.stdout.replace("\n  ", " ").contains("incomplete download"), "{tour:?}");
    let infinite = [f32::INFINITY, 1.0, 2.0, 0.0, 0.0, 0.0, f32::MAX, f32::MAX, -f32::MAX];
    for (values, d_model) in [
        (vec![f32::INFINITY; 12], 3),
        (vec![f32::MAX; 12], 3),
        (infinite.to_vec(), 3),
        (vec![1.0, f32::NAN, -1.0, 0.0], 1),
        (vec![1e-30, 2e-30, 3e-30], 3),
    ] {
        let n = (values.len() / d_model) as u64;
        let file = Gguf::new().table(F32, d_model as u64, n, f32_bytes(&values)).write();
        for form in ["--format=table", "--format=json", "--format=md", "--quiet"] {
            run::watched(["tour".as_ref(), file.path().as_os_str(), form.as_ref()]);
        }
    }
    let wide: Vec<f32> = (0..1 << 19).map(|i| (i % 7) as f32 - 3.0).collect();
    let wide = Gguf::new().table(F32, 1 << 18, 2, f32_bytes(&wide)).write();
    run::watched(["tour".as_ref(), wide.path().as_os_str()]);
}

/// Every damaged file gives an answer or an error, without raw control characters.
#[test]
fn damaged_files_have_a_tour_or_an_error() {
    let commands: Vec<Cli> = [
        "embcli tour m",
        "embcli neighbors m 0 1 --as-input -k 2",
        "embcli neighbors m 0 --as-input --metric dot",
    ]
    .into_iter()
    .map(|line| Cli::parse_from_args(line.split(' ').map(Into::into)))
    .map(|cli| cli.unwrap_or_else(|stop| panic!("{}", stop.text)))
    .collect();
    let files = damage::files();
    let whole = files.iter().cloned();
    let style = Style { width: 80, color: false, quiet: false };
    let mut answers = 0;
    for bytes in whole.chain((0..200).map(|seed| damage::damaged(seed, &files))) {
        let open = |_: &Path| Ok(gguf::Gguf::new(Box::new(bytes.clone()))?.into());
        for (cli, form) in commands.iter().zip([Form::Table, Form::Md, Form::Csv]) {
            let mut printed = Vec::new();
            let mut printer = Printer::new(form, style, &mut printed);
            match cli.command.request().answer(&open, &mut printer) {
                Ok(()) => answers += 1,
                Err(error) => {
                    let error = format!("{error:#}");
                    assert!(error.len() < 2000, "{error}");
                    printed.extend(embcli::text::visible(&error).bytes());
                }
            }
            run::assert_harmless(std::str::from_utf8(&printed).unwrap());
        }
    }
    assert!(answers > 50, "only {answers} answers");
}

// ---- at a terminal ----

#[cfg(target_os = "linux")]
mod terminal {
    use std::io::{Read, Write};
    use std::process::{Child, Command, Stdio};
    use std::sync::mpsc::{Receiver, channel};
    use std::time::Duration;

    use crate::support::run;

    const PROMPT: &str = "q ends) ";

    /// A shell in a pseudo-terminal of 80 x 24, which util-linux's script(1) makes.
    struct Terminal {
        child: Child,
        output: Receiver<Vec<u8>>,
        seen: String,
        /// Where the output begins that was not asked for yet.
        at: usize,
    }

    impl Terminal {
        /// Runs a shell command; `embcli` there is the built binary.
        fn new(line: &str) -> Option<Self> {
            let line = line.replace("embcli", env!("CARGO_BIN_EXE_embcli"));
            let mut command = Command::new("script");
            command.args(["-qec", &format!("stty rows 24 cols 80; {line}"), "/dev/null"]);
            command.stdin(Stdio::piped()).stdout(Stdio::piped());
            let child = run::mortal(command).spawn();
            let Ok(mut child) = child else {
                run::skipped("script(1) is not installed");
                return None;
            };
            let mut stdout = child.stdout.take().unwrap();
            let (sender, output) = channel();
            std::thread::spawn(move || {
                let mut bytes = [0; 4096];
                while let Ok(n @ 1..) = stdout.read(&mut bytes) {
                    let _ = sender.send(bytes[..n].to_vec());
                }
            });
            Some(Self { child, output, seen: String::new(), at: 0 })
        }

        /// Waits for a text, and returns what comes before it.
        #[track_caller]
        fn until(&mut self, text: &str) -> String {
            loop {
                if let Some(found) = self.seen[self.at..].find(text) {
                    let before = self.seen[self.at..self.at + found].to_owned();
                    self.at += found + text.len();
                    return before;
                }
                let more = self.output.recv_timeout(Duration::from_secs(30));
                let more = more.unwrap_or_else(|_| panic!("no {text:?} in {:?}", self.seen));
                self.seen += &String::from_utf8_lossy(&more).replace("\r\n", "\n");
            }
        }

        fn types(&mut self, keys: &str) {
            self.child.stdin.as_mut().unwrap().write_all(keys.as_bytes()).unwrap();
        }

        /// Waits for the end, and returns the last of the output.
        fn end(mut self) -> String {
            while let Ok(more) = self.output.recv_timeout(Duration::from_secs(30)) {
                self.seen += &String::from_utf8_lossy(&more).replace("\r\n", "\n");
            }
            self.child.wait().unwrap();
            self.seen[self.at..].to_owned()
        }
    }

    impl Drop for Terminal {
        fn drop(&mut self) {
            let _ = self.child.kill();
        }
    }

    #[test]
    fn one_key_turns_a_page_goes_back_and_ends() {
        let Some(mut terminal) = Terminal::new("embcli tour") else { return };
        let pages = |terminal: &mut Terminal, title: &str| {
            let mut pages = vec![terminal.until(PROMPT)];
            while !pages.last().unwrap().contains(title) {
                terminal.types("\r");
                pages.push(terminal.until(PROMPT));
                assert!(pages.len() < 40, "{pages:?}");
            }
            pages
        };
        let to_third = pages(&mut terminal, "3 of 10");
        terminal.types("b");
        let back = terminal.until(PROMPT);
        assert!(back.contains("2 of 10"), "{back}");
        terminal.types(" ");
        let to_sixth = pages(&mut terminal, "6 of 10");
        for page in to_third.iter().chain(&to_sixth) {
            let lines = page.lines().count();
            assert!(lines <= 24, "{lines} lines: {page}");
        }
        assert!(to_third.len() > 3, "{to_third:?}");
        terminal.types("q");
        assert!(!terminal.end().contains("7 of 10"));
    }

    #[test]
    fn the_quiz_waits_for_answers() {
        let Some(mut terminal) = Terminal::new("embcli tour --step 10") else { return };
        terminal.until(PROMPT);
        terminal.types("\r");
        assert!(!terminal.until("lookup?\n> ").contains("A matrix [5"));
        terminal.types("5 x 64\r");
        terminal.until("Right. A matrix [5, 64]");
        terminal.until("rows?\n> ");
        terminal.types("2\r");
        terminal.until("Not quite. 1: the same row twice.");
        terminal.until("values?\n> ");
        terminal.types("\r");
        assert!(terminal.end().contains("[3, 64]: 192 values."));
    }

    /// Whatever ends the tour, the shell's terminal is as it was.
    #[test]
    fn the_terminal_is_restored() {
        for signal in ["INT", "TERM", "HUP", "QUIT", "ABRT", ""] {
            let line = "trap : INT QUIT HUP; stty -g; echo before; \
                        sh -c 'echo $$ process; exec embcli tour'; echo; echo after; stty -g; \
                        echo end";
            let Some(mut terminal) = Terminal::new(line) else { return };
            let before = terminal.until("\nbefore\n");
            let pid = terminal.until(" process\n");
            terminal.until(PROMPT);
            match signal {
                "" => terminal.types("q"),
                // The terminal's own key.
                "INT" => terminal.types("\u{3}"),
                signal => {
                    let sent = Command::new("kill").args(["-s", signal, pid.trim()]).status();
                    assert!(sent.unwrap().success());
                }
            }
            terminal.until("\nafter\n");
            assert_eq!(terminal.until("\nend"), before, "{signal}");
        }
    }
}

#[test]
fn explanations_can_be_left_out() {
    let quiet = embcli(["tour", "-q", "--step", "1,2,4"]).ok();
    assert!(quiet.contains("1 of 10: Labels") && quiet.contains("drawn by chance"), "{quiet}");
    assert!(!quiet.contains("A token ID is a label") && !quiet.contains("Do IDs"), "{quiet}");
    let json =
        |args: &[&str]| embcli([&["tour", "--step", "1", "--format", "json"], args].concat());
    assert_eq!(json(&["--quiet"]).ok(), json(&[]).ok());
}
