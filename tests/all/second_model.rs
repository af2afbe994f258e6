//! Damage as people report it, on a second real model. SmolLM2 135M has rows of very
//! different norms, two of which have a mean cosine of 0.44: other than Gemma's.

use embcli::embedding::{TOKEN_EMBEDDING, Table};
use embcli::gguf;
use embcli::rows::Rows;
use embcli::stats::mix;
use serde_json::{Value, json};

use crate::support::run::embcli;
use crate::support::{self, F32, Gguf, f32_bytes};

const Q8_0: u32 = 8;
const N: usize = 49_152;
const WIDTH: usize = 576;

/// A table in memory, rows as stored, and its vocabulary.
#[derive(Clone)]
struct Model {
    tokenizer: &'static str,
    pre: &'static str,
    tokens: Vec<Vec<u8>>,
    types: Vec<i32>,
    merges: Vec<Vec<u8>>,
    rows: Vec<Vec<u8>>,
}

impl Model {
    /// SmolLM2, as it is.
    fn new() -> Self {
        let model = gguf::open(&support::second_model()).unwrap();
        let table = Table::open(&model, TOKEN_EMBEDDING).unwrap();
        let row = |id: usize| {
            let mut stored = Vec::new();
            table.read(id as u64..id as u64 + 1, &mut stored).unwrap();
            stored
        };
        let mut merges = Vec::new();
        let all = model.merges().unwrap().unwrap();
        all.each(|_, merge| {
            merges.push(merge.to_vec());
            Ok::<_, embcli::model::Error>(true)
        })
        .unwrap();
        let (tokens, types) = vocabulary(&model, N);
        Self {
            tokenizer: "gpt2",
            pre: "smollm",
            tokens,
            types,
            merges,
            rows: (0..N).map(row).collect(),
        }
    }

    /// With the row of another token at each place.
    fn moved(&self, from: impl Fn(usize) -> usize) -> Self {
        let rows = (0..N).map(|id| self.rows[from(id)].clone()).collect();
        Self { rows, ..self.clone() }
    }

    fn vocabulary(&self) -> Gguf {
        let array =
            |texts: &[Vec<u8>]| support::Value::Array(8, texts.iter().map(support::text).collect());
        let file = Gguf::new()
            .kv("general.architecture", "llama")
            .kv("llama.embedding_length", WIDTH as u32)
            .kv("tokenizer.ggml.model", self.tokenizer)
            .kv("tokenizer.ggml.pre", self.pre)
            .kv("tokenizer.ggml.tokens", array(&self.tokens))
            .kv("tokenizer.ggml.token_type", self.types.clone());
        if self.merges.is_empty() {
            file
        } else {
            file.kv("tokenizer.ggml.merges", array(&self.merges))
        }
    }

    fn check(&self) -> Answer {
        let n = self.rows.len() as u64;
        Answer::of(self.vocabulary().table(Q8_0, WIDTH as u64, n, self.rows.concat()))
    }

    /// The rows as numbers.
    fn values(&self) -> Vec<f32> {
        let format = embcli::quant::Format::from_name("Q8_0").unwrap();
        let mut values = vec![0.0; WIDTH * self.rows.len()];
        for (row, values) in self.rows.iter().zip(values.chunks_mut(WIDTH)) {
            format.decode(row, values);
        }
        values
    }

    /// Checks the vocabulary with other rows, which may have more tokens than SmolLM2.
    fn check_values(&self, values: &[f32]) -> Answer {
        let n = (values.len() / WIDTH) as u64;
        Answer::of(self.vocabulary().table(F32, WIDTH as u64, n, f32_bytes(values)))
    }

    /// The IDs of words of three letters and more, in random order.
    fn words(&self, seed: u64) -> Vec<usize> {
        let mut words: Vec<usize> = (0..N).filter(|id| self.word(*id).is_some()).collect();
        words.sort_by_key(|id| mix(seed << 32 | *id as u64));
        words
    }

    /// The lower-case letters of a token that is a word.
    fn word(&self, id: usize) -> Option<String> {
        let text = str::from_utf8(&self.tokens[id]).ok()?.trim_start_matches('Ġ');
        let is_word = text.len() > 2 && text.bytes().all(|c| c.is_ascii_alphabetic());
        (is_word && self.types[id] == 1).then(|| text.to_ascii_lowercase())
    }
}

/// The first tokens of a file, and their types.
fn vocabulary(model: &embcli::model::Model, n: usize) -> (Vec<Vec<u8>>, Vec<i32>) {
    let tokens = model.tokens().unwrap();
    let types = tokens.types.unwrap();
    let kind = |id| types.get(id).unwrap().unwrap().integer().unwrap() as i32;
    let ids = || 0..n as u64;
    (ids().map(|id| tokens.texts.get(id).unwrap().unwrap()).collect(), ids().map(kind).collect())
}

/// What `check` says.
struct Answer {
    json: Value,
    code: i32,
}

impl Answer {
    #[track_caller]
    fn of(file: Gguf) -> Self {
        let file = file.write();
        let outcome = embcli(["check", file.path().to_str().unwrap(), "--format", "json"]);
        let json = serde_json::from_str(&outcome.stdout).expect(&outcome.stderr);
        Self { json, code: outcome.code.unwrap() }
    }

    fn findings(&self) -> impl Iterator<Item = &Value> {
        self.json["findings"].as_array().unwrap().iter()
    }

    #[track_caller]
    fn is_ok(&self) {
        assert_eq!((self.code, &self.json["verdict"]), (0, &json!("ok")), "{:#}", self.json);
    }

    /// The only finding of this code.
    #[track_caller]
    fn one(&self, code: &str) -> &Value {
        let found: Vec<&Value> = self.findings().filter(|it| it["code"] == code).collect();
        assert_eq!(found.len(), 1, "{code} in {:#}", self.json);
        found[0]
    }

    /// All ranges of tokens that are told, with the offset or the kind of order.
    fn places(&self) -> Vec<(i64, i64, Value)> {
        let of = |it: &Value| {
            let place =
                if it["offset"].is_null() { &it["evidence"]["rows"] } else { &it["offset"] };
            Some((it["from_id"].as_i64()?, it["to_id"].as_i64()?, place.clone()))
        };
        self.findings().filter_map(of).collect()
    }

    /// Exactly these stretches are told, with ends that are right within some IDs.
    #[track_caller]
    fn has_places(&self, within: i64, expected: &[(i64, i64, Value)]) {
        let found = self.places();
        assert_eq!((self.code, found.len()), (1, expected.len()), "{found:?}");
        for (found, expected) in found.iter().zip(expected) {
            let is_near = |a: i64, b: i64| (a - b).abs() <= within;
            assert!(is_near(found.0, expected.0) && is_near(found.1, expected.1), "{found:?}");
            assert_eq!(found.2, expected.2, "{found:?}");
        }
    }

    /// The IDs of all findings of this code.
    fn ids(&self, code: &str) -> Vec<usize> {
        let findings = self.findings().filter(|it| it["code"] == code);
        let ids = findings.flat_map(|it| it["ids"].as_array().unwrap());
        ids.map(|id| id.as_u64().unwrap() as usize).collect()
    }

    /// Of the IDs that are told, at least nine in ten are right; of those that are
    /// right, at least a share is told.
    #[track_caller]
    fn names(&self, code: &str, expected: &[usize], share: f64) {
        let told = self.ids(code);
        let right = told.iter().filter(|id| expected.contains(id)).count();
        let counts = format!("{} told, {right} right, of {}", told.len(), expected.len());
        assert!(10 * right >= 9 * told.len(), "{counts}");
        assert!(right as f64 >= share * expected.len() as f64, "{counts}");
    }
}

/// Nearly normal numbers: sums of twelve uniform ones.
fn normal(n: usize, seed: u64) -> Vec<f32> {
    let uniform = |i: usize, j: u64| (mix(seed << 40 | (12 * i as u64 + j)) >> 40) as f32;
    let sum = |i| (0..12).map(|j| uniform(i, j) / 16_777_216.0).sum::<f32>();
    (0..n).map(|i| sum(i) - 6.0).collect()
}

/// The mean of each value, and its standard deviation.
fn spread(values: &[f32]) -> (Vec<f32>, Vec<f32>) {
    let n = (values.len() / WIDTH) as f64;
    let (mut sums, mut squares) = (vec![0.0_f64; WIDTH], vec![0.0_f64; WIDTH]);
    for row in values.chunks(WIDTH) {
        for (i, x) in row.iter().map(|x| f64::from(*x)).enumerate() {
            sums[i] += x;
            squares[i] += x * x;
        }
    }
    let means: Vec<f64> = sums.iter().map(|sum| sum / n).collect();
    let sd = squares.iter().zip(&means).map(|(square, mean)| (square / n - mean * mean).sqrt());
    (means.iter().map(|mean| *mean as f32).collect(), sd.map(|sd| sd as f32).collect())
}

/// Overwrites rows with draws of the table's own mean and spread.
fn redraw(values: &mut [f32], ids: &[usize], seed: u64) {
    let (mean, sd) = spread(values);
    let draws = normal(ids.len() * WIDTH, seed);
    for (id, draws) in ids.iter().zip(draws.chunks(WIDTH)) {
        for (i, x) in values[id * WIDTH..][..WIDTH].iter_mut().enumerate() {
            *x = mean[i] + sd[i] * draws[i];
        }
    }
}

#[test]
#[ignore = "needs the real models: scripts/fetch-real-model.sh --all"]
fn intact_tables_raise_no_alarm() {
    let model = Model::new();
    model.check().is_ok();
    let values = model.values();
    model.check_values(&values).is_ok();

    // Rows that nearly all point in one direction: the mean cosine of two is 0.87.
    let (mean, _) = spread(&values);
    let of_row =
        |row: &[f32]| row.iter().zip(&mean).map(|(x, mean)| (x - mean).powi(2)).sum::<f32>();
    let square = values.chunks(WIDTH).map(of_row).sum::<f32>() / N as f32;
    let length = (square * 0.87 / 0.13 / WIDTH as f32).sqrt();
    let leaning: Vec<f32> =
        values.iter().enumerate().map(|(i, x)| x - mean[i % WIDTH] + length).collect();
    model.check_values(&leaning).is_ok();

    // Noise of half of each row's distance from the mean.
    let noise = normal(values.len(), 3);
    let rows = values.chunks(WIDTH).zip(noise.chunks(WIDTH));
    let noisy = rows.flat_map(|(row, noise)| {
        let size = 0.5 * (of_row(row) / WIDTH as f32).sqrt();
        row.iter().zip(noise).map(move |(x, noise)| x + size * noise).collect::<Vec<f32>>()
    });
    model.check_values(&noisy.collect::<Vec<f32>>()).is_ok();
}

#[test]
#[ignore = "needs the real models: scripts/fetch-real-model.sh --all"]
fn no_row_in_its_place() {
    let model = Model::new();
    let mut order: Vec<usize> = (0..N).collect();
    order.sort_by_key(|id| mix(*id as u64));
    let (last, nowhere) = (N as i64 - 1, json!("nowhere"));
    model.moved(|id| order[id]).check().has_places(0, &[(0, last, nowhere.clone())]);
    model.moved(|id| N - 1 - id).check().has_places(0, &[(0, last, json!("reversed"))]);
    model.moved(|id| (id + 3) % N).check().has_places(0, &[(0, last, json!(-3))]);
    model.moved(|id| id ^ 1).check().has_places(0, &[(0, last, json!("exchanged"))]);

    let other = gguf::open(&support::real_model()).unwrap();
    let (tokens, types) = vocabulary(&other, N);
    let foreign = Model {
        tokenizer: "llama",
        pre: "default",
        tokens,
        types,
        merges: Vec::new(),
        ..model.clone()
    };
    foreign.check().has_places(0, &[(0, last, nowhere)]);

    let noise = model.check_values(&normal(N * WIDTH, 4));
    assert_eq!((noise.code, &noise.json["verdict"]), (0, &json!("unknown")));
}

#[test]
#[ignore = "needs the real models: scripts/fetch-real-model.sh --all"]
fn runs_of_wrong_rows_are_located() {
    let model = Model::new();
    let is_in = |id: usize, from: usize, n: usize| (from..from + n).contains(&id);
    let last = N as i64 - 1;
    let late = model.moved(|id| if id < 16_384 { id } else { id - 1 });
    late.check().has_places(10, &[(16_384, last, json!(1))]);
    let some_late = model.moved(|id| if is_in(id, 27_000, 200) { id - 1 } else { id });
    some_late.check().has_places(5, &[(27_000, 27_199, json!(1))]);

    let blocks = model.moved(|id| match id {
        14_700..14_764 => id + 20_000,
        34_700..34_764 => id - 20_000,
        _ => id,
    });
    let expected = [(14_700, 14_763, json!(20_000)), (34_700, 34_763, json!(-20_000))];
    blocks.check().has_places(5, &expected);

    let mut band: Vec<usize> = (29_500..29_600).collect();
    band.sort_by_key(|id| mix(*id as u64));
    let permuted = model.moved(|id| if is_in(id, 29_500, 100) { band[id - 29_500] } else { id });
    permuted.check().has_places(5, &[(29_500, 29_599, json!("nowhere"))]);

    let rolled =
        model.moved(|id| if is_in(id, 19_661, 5) { 19_661 + (id - 19_661 + 1) % 5 } else { id });
    let rolled = rolled.check().places();
    assert!(matches!(&*rolled, [(19_656..=19_666, 19_660..=19_670, _)]), "{rolled:?}");

    for n in [5, 20] {
        let mut values = model.values();
        redraw(&mut values, &(19_661..19_661 + n).collect::<Vec<usize>>(), 5);
        let expected = (19_661, 19_660 + n as i64, json!("nowhere"));
        model.check_values(&values).has_places(5, &[expected]);
    }
}

#[test]
#[ignore = "needs the real models: scripts/fetch-real-model.sh --all"]
fn exchanged_words_are_found() {
    let model = Model::new();
    let swapped = |ids: &[usize]| {
        let mut swapped = model.clone();
        ids.as_chunks::<2>().0.iter().for_each(|[a, b]| swapped.rows.swap(*a, *b));
        swapped.check()
    };
    let told = |answer: &Answer| [answer.ids("order.swapped"), answer.ids("order.more")].concat();
    let right = |told: &[usize], of: &[usize]| told.iter().filter(|id| of.contains(id)).count();

    let any = &model.words(11)[..200];
    let found = told(&swapped(any));
    assert_eq!(right(&found, any), found.len(), "{found:?}");
    assert!(2 * found.len() >= any.len(), "{} of {}", found.len(), any.len());

    let mut spellings = std::collections::HashMap::<String, usize>::new();
    (0..N)
        .filter_map(|id| model.word(id))
        .for_each(|word| *spellings.entry(word).or_default() += 1);
    let has_relatives = |id: &usize| spellings[&model.word(*id).unwrap()] > 2;
    let related: Vec<usize> = model.words(12).into_iter().filter(has_relatives).collect();
    // No two of one word.
    let mut seen = std::collections::HashSet::new();
    let related: Vec<usize> =
        related.into_iter().filter(|id| seen.insert(model.word(*id))).take(40).collect();
    let found = told(&swapped(&related));
    assert_eq!(right(&found, &related), found.len(), "{found:?}");
    assert!(10 * found.len() >= 7 * related.len(), "{} of {}", found.len(), related.len());
}

#[test]
#[ignore = "needs the real models: scripts/fetch-real-model.sh --all"]
fn overwritten_rows_are_named() {
    let model = Model::new();
    let (mean, _) = spread(&model.values());

    let mut values = model.values();
    let mut last = model.words(0);
    last.sort_unstable();
    let last = &last[last.len() - 3000..];
    last.iter().for_each(|id| values[id * WIDTH..][..WIDTH].copy_from_slice(&mean));
    let answer = model.check_values(&values);
    assert_eq!(answer.code, 1);
    answer.names("rows.mean", last, 0.9);

    let words = model.words(14);
    let (copies, sources) = (&words[..500], &words[500..1000]);
    let mut copied = model.clone();
    copies.iter().zip(sources).for_each(|(to, of)| copied.rows[*to] = model.rows[*of].clone());
    let answer = copied.check();
    assert_eq!(answer.code, 1);
    answer.names("rows.copied", copies, 0.9);
    let told = answer.one("rows.copied");
    let at = |i: usize| {
        [&told["ids"][i], &told["evidence"]["of"][i]].map(|id| id.as_u64().unwrap() as usize)
    };
    let source = |id: usize| sources[copies.iter().position(|copy| *copy == id).unwrap()];
    assert!((0..20).map(at).filter(|[id, _]| copies.contains(id)).all(|[id, of]| source(id) == of));

    let mut values = model.values();
    let mut drawn = model.words(13)[..500].to_vec();
    drawn.sort_unstable();
    redraw(&mut values, &drawn, 6);
    let answer = model.check_values(&values);
    assert_eq!((answer.code, &answer.one("rows.drawn")["severity"]), (0, &json!("note")));
    answer.names("rows.drawn", &drawn, 0.5);
}

#[test]
#[ignore = "needs the real models: scripts/fetch-real-model.sh --all"]
fn rows_far_from_all_others_are_named() {
    let model = Model::new();
    let mut values = model.values();
    // Norms of 0.002 and 12,265 where all others lie between 1.79 and 7.50.
    for (id, norm) in [(30_001, 0.002), (40_002, 12_265.0)] {
        let row = &mut values[id * WIDTH..][..WIDTH];
        let scale = norm / row.iter().map(|x| x * x).sum::<f32>().sqrt();
        row.iter_mut().for_each(|x| *x *= scale);
    }
    let answer = model.check_values(&values);
    assert_eq!(answer.code, 1);
    let told = answer.one("rows.outlier");
    assert_eq!(told["ids"], json!([30_001, 40_002]));
    let message = told["message"].as_str().unwrap();
    assert!(
        message.contains("from 0.002 to 12265") && message.contains("median is 3.15"),
        "{message}"
    );

    // Rows pulled to one direction: the cosine of each with row 5000 is over 0.99.
    let mut values = model.values();
    let pulled = &model.words(15)[..983];
    let to: Vec<f32> = values[5000 * WIDTH..][..WIDTH].to_vec();
    for id in pulled {
        let row = &mut values[id * WIDTH..][..WIDTH];
        row.iter_mut().zip(&to).for_each(|(x, to)| *x = to + 0.03 * *x);
    }
    // That many tokens may also be ones that training never met, so it is a note.
    let answer = model.check_values(&values);
    assert_eq!((answer.code, &answer.one("rows.collapsed")["severity"]), (0, &json!("note")));
    answer.names("rows.collapsed", pulled, 0.9);

    // Sixteen tokens that somebody added, all the mean row and a hundred-thousandth.
    let mut added = model.clone();
    let mut values = model.values();
    let (mean, _) = spread(&values);
    let noise = normal(16 * WIDTH, 7);
    for (i, noise) in noise.chunks(WIDTH).enumerate() {
        added.tokens.push(format!("<added_{i}>").into_bytes());
        added.types.push(4);
        values.extend(mean.iter().zip(noise).map(|(mean, noise)| mean + 1e-5 * noise));
    }
    let answer = added.check_values(&values);
    assert_eq!(answer.code, 1);
    let expected: Vec<usize> = (N..N + 16).collect();
    assert_eq!(answer.ids("rows.collapsed"), expected);
}
