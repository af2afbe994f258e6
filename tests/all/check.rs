//! `check`, through the built binary: on intact files, and on damaged files that these
//! tests make from rows of the real model.

use std::collections::HashMap;
use std::path::Path;

use crate::support;
use crate::support::requantise;
use crate::support::run::{Outcome, embcli};
use crate::support::{F32, Gguf, f32_bytes};
use embcli::embedding::{TOKEN_EMBEDDING, Table};
use embcli::gguf;
use embcli::quant::Format;
use embcli::rows::Rows;
use embcli::stats::mix;
use serde_json::{Value, json};

const TOY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/toy.gguf");
const Q4_0: u32 = 2;
const Q8_0: u32 = 8;

fn outcome(path: &Path, args: &[&str]) -> Outcome {
    let args = args.iter().map(|arg| (*arg).into());
    embcli(["check".into(), path.as_os_str().to_owned()].into_iter().chain(args))
}

/// The answer with its exit code.
#[track_caller]
fn check(path: &Path, args: &[&str]) -> (Value, i32) {
    let Outcome { code, stdout, stderr } = outcome(path, &[args, &["--format", "json"]].concat());
    assert_eq!(stderr, "");
    (serde_json::from_str(&stdout).expect("JSON"), code.expect("an exit code"))
}

#[track_caller]
fn finding<'a>(answer: &'a Value, code: &str) -> &'a Value {
    let found = answer["findings"].as_array().unwrap().iter().find(|it| it["code"] == code);
    found.unwrap_or_else(|| panic!("no {code} in {answer:#}"))
}

/// `[from_id, to_id, offset]` of each finding about a range of tokens.
fn places(answer: &Value) -> Vec<[Value; 3]> {
    let findings = answer["findings"].as_array().unwrap().iter();
    let order = findings.filter(|it| it["from_id"].is_u64());
    order.map(|it| ["from_id", "to_id", "offset"].map(|key| it[key].clone())).collect()
}

/// Asserts that the findings about order are at the expected IDs. A few IDs more or less
/// are allowed, because not every token has another spelling.
#[track_caller]
fn assert_places(answer: &Value, expected: &[(i64, i64, Option<i64>)]) {
    let found = places(answer);
    assert_eq!(found.len(), expected.len(), "{found:?}");
    for ([from, to, offset], expected) in found.iter().zip(expected) {
        let near = |found: &Value, expected: i64| (found.as_i64().unwrap() - expected).abs() <= 20;
        assert!(near(from, expected.0) && near(to, expected.1), "{found:?}");
        assert_eq!(*offset, json!(expected.2), "{found:?}");
    }
}

/// Rows of the real model and their tokens, as stored.
#[derive(Clone)]
struct Real {
    tokens: Vec<Vec<u8>>,
    types: Vec<i32>,
    rows: Vec<Vec<u8>>,
}

const D_MODEL: usize = 640;

impl Real {
    /// The rows and tokens of a range of IDs.
    fn of(ids: std::ops::Range<u64>) -> Self {
        let model = gguf::open(&support::real_model()).unwrap();
        let table = Table::open(&model, TOKEN_EMBEDDING).unwrap();
        let tokens = model.tokens().unwrap();
        let types = tokens.types.unwrap();
        let row = |id: u64| {
            let mut stored = Vec::new();
            table.read(id..id + 1, &mut stored).unwrap();
            stored
        };
        Self {
            tokens: ids.clone().map(|id| tokens.texts.get(id).unwrap().unwrap()).collect(),
            types: ids
                .clone()
                .map(|id| types.get(id).unwrap().unwrap().integer().unwrap() as i32)
                .collect(),
            rows: ids.map(row).collect(),
        }
    }

    fn vocabulary(&self, d_model: usize) -> Gguf {
        let tokens: Vec<_> = self.tokens.iter().map(support::text).collect();
        Gguf::new()
            .kv("general.architecture", "gemma3")
            .kv("gemma3.embedding_length", d_model as u32)
            .kv("tokenizer.ggml.model", "llama")
            .kv("tokenizer.ggml.tokens", support::Value::Array(8, tokens))
            .kv("tokenizer.ggml.token_type", self.types.clone())
    }

    fn file(&self) -> tempfile::NamedTempFile {
        let rows = self.rows.concat();
        self.vocabulary(D_MODEL).table(Q8_0, D_MODEL as u64, self.rows.len() as u64, rows).write()
    }

    /// The decoded rows, each padded with zeros to `width`. The padding changes no
    /// cosine.
    fn values(&self, width: usize) -> Vec<f32> {
        let format = Format::from_name("Q8_0").unwrap();
        let mut values = vec![0.0; width * self.rows.len()];
        for (row, values) in self.rows.iter().zip(values.chunks_mut(width)) {
            format.decode(row, &mut values[..D_MODEL]);
        }
        values
    }

    /// The same rows stored as another type.
    fn stored_as(&self, format: &str) -> tempfile::NamedTempFile {
        let format = Format::from_name(format).unwrap();
        let width = D_MODEL.next_multiple_of(format.block_len);
        let values = self.values(width);
        let data = match format.name {
            "F32" => f32_bytes(&values),
            "BF16" => values.iter().flat_map(|x| half::bf16::from_f32(*x).to_le_bytes()).collect(),
            name => requantise::encode(name, &values),
        };
        self.vocabulary(width).table(format.id, width as u64, self.rows.len() as u64, data).write()
    }
}

/// The numbers below `n`, each once, in random order.
fn shuffled(n: usize, seed: u64) -> Vec<usize> {
    let mut order: Vec<usize> = (0..n).collect();
    order.sort_by_key(|i| mix(seed << 32 | *i as u64));
    order
}

const N: usize = 65_536;

#[test]
#[ignore = "needs the real model: scripts/fetch-real-model.sh"]
fn the_real_model_is_in_order() {
    let path = support::real_model();
    let (answer, code) = check(&path, &["--strict"]);
    assert_eq!((code, &answer["verdict"]), (0, &json!("ok")), "{answer:#}");
    let notes = answer["findings"].as_array().unwrap();
    assert_eq!(notes.len(), 2, "{notes:#?}");
    assert_eq!(finding(&answer, "tokens.untrained")["severity"], "note");
    assert_eq!(finding(&answer, "tokens.unreachable")["severity"], "note");
    let order = &answer["order"];
    assert_eq!(order["judged"], 239_536);
    for (key, expected) in [("sum_r2", 19.3), ("bar", 17.0), ("smallest", 6.0)] {
        let value = order[key].as_f64().unwrap();
        assert!((value - expected).abs() < 0.3, "{key} {value}");
    }
}

#[test]
#[ignore = "needs the real model: scripts/fetch-real-model.sh"]
fn shifts_are_located_and_named() {
    let real = Real::of(0..N as u64);
    for (from, by) in [(25_000, 1), (3000, -2), (50_000, 700)] {
        let mut damaged = real.clone();
        for i in from..N {
            let source = (i as i64 - by).clamp(0, N as i64 - 1) as usize;
            damaged.rows[i] = real.rows[source].clone();
        }
        let (answer, code) = check(damaged.file().path(), &[]);
        assert_eq!((code, &answer["verdict"]), (1, &json!("problems")));
        // The tokens at the end have no row at this offset.
        let part = places(&answer).into_iter().find(|[.., offset]| *offset == json!(by));
        let [from_id, to_id, _] = part.unwrap_or_else(|| panic!("{answer:#}"));
        let near = |id: &Value, at: i64| (id.as_i64().unwrap() - at).abs() <= 200;
        assert!(
            near(&from_id, from as i64 - by.min(0)) || near(&from_id, from as i64),
            "{from_id}"
        );
        assert!(near(&to_id, N as i64 - 1) || near(&to_id, N as i64 - 1 - by), "{to_id}");
    }
}

#[test]
#[ignore = "needs the real model: scripts/fetch-real-model.sh"]
fn rotations_are_named() {
    let mut real = Real::of(0..N as u64);
    real.rows.rotate_right(3);
    assert_places(&check(real.file().path(), &[]).0, &[(0, N as i64 - 1, Some(3))]);
    real.rows.rotate_left(3 + 20_000);
    let answer = check(real.file().path(), &[]).0;
    let named: Vec<_> = places(&answer).into_iter().map(|[.., offset]| offset).collect();
    assert!(named.contains(&json!(-20_000)) && named.contains(&json!(N - 20_000)), "{named:?}");
}

#[test]
#[ignore = "needs the real model: scripts/fetch-real-model.sh"]
fn swapped_blocks_are_located_and_named() {
    let real = Real::of(0..N as u64);
    for (a, b, len) in [(5000, 40_000, 3000), (20_000, 20_200, 200), (8000, 60_000, 100)] {
        let mut damaged = real.clone();
        for i in 0..len {
            damaged.rows.swap(a + i, b + i);
        }
        let [a, b, len] = [a, b, len].map(|n| n as i64);
        let expected = [(a, a + len - 1, Some(b - a)), (b, b + len - 1, Some(a - b))];
        assert_places(&check(damaged.file().path(), &[]).0, &expected);
    }
}

#[test]
#[ignore = "needs the real model: scripts/fetch-real-model.sh"]
fn permutations_and_wrong_vocabularies_are_found() {
    let real = Real::of(0..N as u64);
    let order = shuffled(N, 1);
    let rows = order.iter().map(|i| real.rows[*i].clone()).collect();
    let damaged = Real { rows, ..real.clone() };
    assert_places(&check(damaged.file().path(), &[]).0, &[(0, N as i64 - 1, None)]);

    // Another vocabulary of the same length: the same tokens, sorted.
    let mut tokens = real.tokens.clone();
    tokens.sort();
    let damaged = Real { tokens, types: vec![1; N], rows: real.rows.clone() };
    assert_places(&check(damaged.file().path(), &[]).0, &[(0, N as i64 - 1, None)]);

    // Only some of the rows.
    let mut rows = real.rows.clone();
    for (i, from) in shuffled(10_000, 2).into_iter().enumerate() {
        rows[30_000 + i] = real.rows[30_000 + from].clone();
    }
    let damaged = Real { rows, ..real.clone() };
    assert_places(&check(damaged.file().path(), &[]).0, &[(30_000, 39_999, None)]);
}

#[test]
#[ignore = "needs the real model: scripts/fetch-real-model.sh"]
fn single_swapped_rows_are_found() {
    let mut real = Real::of(0..N as u64);
    // If each word has only two spellings, nothing shows which rows were swapped.
    let mut words: HashMap<String, usize> = HashMap::new();
    for token in &real.tokens {
        let text = String::from_utf8_lossy(token).trim_start_matches('▁').to_lowercase();
        *words.entry(text).or_default() += 1;
    }
    let spellings = |word: &str| words.get(word).copied().unwrap_or(0);
    let common: Vec<usize> = shuffled(10_000, 3)
        .into_iter()
        .filter(|id| {
            let text = String::from_utf8_lossy(&real.tokens[*id]).into_owned();
            let word = text.strip_prefix('▁').unwrap_or("");
            word.len() >= 4 && word.chars().all(|c| c.is_ascii_lowercase()) && spellings(word) > 3
        })
        .take(20)
        .collect();
    let pairs = common.as_chunks::<2>().0;
    for [a, b] in pairs {
        real.rows.swap(*a, *b);
    }
    let (answer, code) = check(real.file().path(), &[]);
    assert_eq!(code, 1);
    let found = places(&answer);
    let is_found =
        |a: usize, b: usize| found.contains(&[json!(a), json!(a), json!(b as i64 - a as i64)]);
    let whole = pairs.iter().filter(|[a, b]| is_found(*a, *b) && is_found(*b, *a)).count();
    assert!(5 * whole > 4 * pairs.len(), "{whole} of {} swaps in {found:?}", pairs.len());
    assert_eq!(found.len(), 2 * whole, "no others: {found:?}");
}

#[test]
#[ignore = "needs the real model: scripts/fetch-real-model.sh"]
fn other_damage_has_its_own_name() {
    let mut real = Real::of(0..20_000);
    // The scale of a block is an f16. All bits set is a NaN; only the exponent set is
    // an infinity.
    real.rows[1234][..2].copy_from_slice(&[0xff, 0xff]);
    real.rows[77][34..36].copy_from_slice(&[0x00, 0x7c]);
    real.rows[5000].fill(0);
    let twin = real.rows[6000].clone();
    real.rows[6001] = twin;
    let (answer, code) = check(real.file().path(), &[]);
    assert_eq!((code, &answer["verdict"]), (1, &json!("problems")));
    assert_eq!(finding(&answer, "rows.nan")["ids"], json!([1234]));
    assert_eq!(finding(&answer, "rows.infinite")["ids"], json!([77]));
    assert_eq!(finding(&answer, "rows.zero")["severity"], "problem");
    assert_eq!(finding(&answer, "rows.zero")["ids"], json!([5000]));
    assert_eq!(finding(&answer, "rows.duplicate")["severity"], "note");
    assert_eq!(finding(&answer, "rows.duplicate")["ids"], json!([6001]));
    assert_eq!(finding(&answer, "rows.copied")["ids"], json!([6001]));

    let cut = Real { rows: real.rows[..19_900].to_vec(), ..real };
    let (answer, _) = check(cut.file().path(), &[]);
    let rows = finding(&answer, "rows.count");
    assert_eq!(rows["severity"], "problem");
    assert!(rows["message"].as_str().unwrap().contains("tokens 19900 to 19999 have no row"));
}

#[test]
#[ignore = "needs the real model: scripts/fetch-real-model.sh"]
fn words_without_their_rows_are_named() {
    let real = Real::of(0..30_000);
    let is_word = |id: &usize| {
        let text = str::from_utf8(&real.tokens[*id]).unwrap_or("");
        let word = text.strip_prefix('▁').unwrap_or("");
        word.len() >= 4 && word.chars().all(|c| c.is_ascii_lowercase())
    };
    let words: Vec<usize> = shuffled(real.rows.len(), 5).into_iter().filter(is_word).collect();
    let (drawn, rest) = words.split_at(300);
    let mut values = real.values(D_MODEL);
    let n = real.rows.len() as f32;
    let (mut mean, mut sd) = (vec![0.0; D_MODEL], vec![0.0; D_MODEL]);
    for row in values.chunks(D_MODEL) {
        mean.iter_mut().zip(row).for_each(|(mean, x)| *mean += x / n);
    }
    for row in values.chunks(D_MODEL) {
        let off = row.iter().zip(&mean).map(|(x, mean)| (x - mean).powi(2) / n);
        sd.iter_mut().zip(off).for_each(|(sd, off)| *sd += off);
    }
    // The draws have a variance of a third.
    let draws = random(drawn.len(), D_MODEL, 0.0, 6);
    for (id, draws) in drawn.iter().zip(draws.chunks(D_MODEL)) {
        for (i, x) in values[id * D_MODEL..][..D_MODEL].iter_mut().enumerate() {
            *x = mean[i] + (3.0 * sd[i]).sqrt() * draws[i];
        }
    }
    let mut of_mean: Vec<usize> = rest[..500].to_vec();
    of_mean.sort_unstable();
    for id in &of_mean {
        values[id * D_MODEL..][..D_MODEL].copy_from_slice(&mean);
    }
    let file = real.vocabulary(D_MODEL).table(
        F32,
        D_MODEL as u64,
        real.rows.len() as u64,
        f32_bytes(&values),
    );
    let (answer, code) = check(file.write().path(), &[]);
    assert_eq!((code, &answer["verdict"]), (1, &json!("problems")), "{:#}", answer["findings"]);
    assert_eq!(finding(&answer, "rows.mean")["ids"], json!(of_mean));
    let found = &finding(&answer, "rows.drawn")["ids"];
    let found: Vec<usize> =
        found.as_array().unwrap().iter().map(|id| id.as_u64().unwrap() as usize).collect();
    let right = found.iter().filter(|id| drawn.contains(id)).count();
    assert!(10 * right >= 9 * found.len() && 2 * right > drawn.len(), "{right} of {found:?}");
}

/// Random rows with a common mean, nearly normal as sums of uniform numbers.
fn random(n: usize, d_model: usize, mean: f32, seed: u64) -> Vec<f32> {
    let uniform =
        |i: usize, j: u64| (mix(seed << 40 | (4 * i as u64 + j)) >> 40) as f32 / 16_777_216.0;
    (0..n * d_model).map(|i| mean + (0..4).map(|j| uniform(i, j)).sum::<f32>() - 2.0).collect()
}

#[test]
#[ignore = "needs the real model: scripts/fetch-real-model.sh"]
fn clean_tables_raise_no_alarm() {
    let (answer, code) = check(TOY.as_ref(), &[]);
    assert_eq!((code, &answer["verdict"]), (0, &json!("unknown")));
    assert_eq!(check(TOY.as_ref(), &["--strict"]).1, 1);

    let real = Real::of(0..30_000);
    let mut alarms = Vec::new();
    let mut judge = |name: String, file: tempfile::NamedTempFile, expected: &str| {
        let (answer, code) = check(file.path(), &[]);
        if (code, answer["verdict"].as_str()) != (0, Some(expected)) {
            alarms.push(format!("{name}: {:#}", answer["findings"]));
        }
    };
    for format in ["F32", "BF16", "F16", "Q4_0", "Q6_K", "Q4_K"] {
        judge(format.to_owned(), real.stored_as(format), "ok");
    }
    for range in [0..5000, 0..12_000, 10_000..30_000, 100_000..120_000, 200_000..230_000] {
        judge(format!("{range:?}"), Real::of(range).file(), "ok");
    }
    // Too few words, then no words. (Byte tokens begin at 238; a part of them would be
    // a fault of the vocabulary.)
    judge("230 tokens".to_owned(), Real::of(0..230).file(), "unknown");
    judge("unused ones".to_owned(), Real::of(256_100..262_144).file(), "unknown");
    for (seed, (n, d_model, mean)) in [
        (30_000, 16, 0.0),
        (30_000, 64, 0.0),
        (30_000, 64, 1.0),
        (20_000, 256, 0.0),
        (20_000, 256, 0.3),
        (10_000, 640, 0.1),
        (5000, 1024, 0.0),
    ]
    .into_iter()
    .enumerate()
    {
        let values = random(n, d_model, mean, seed as u64);
        let (tokens, types) = (real.tokens[..n].to_vec(), real.types[..n].to_vec());
        let vocabulary = Real { tokens, types, rows: Vec::new() }.vocabulary(d_model);
        let file = |kind: u32, data: Vec<u8>| {
            vocabulary.table(kind, d_model as u64, n as u64, data).write()
        };
        let file = if seed % 2 == 0 {
            file(F32, f32_bytes(&values))
        } else {
            file(Q4_0, requantise::encode("Q4_0", &values))
        };
        judge(format!("random [{n}, {d_model}] of mean {mean}"), file, "unknown");
    }
    assert!(alarms.is_empty(), "{}", alarms.join("\n"));
}

fn beside(one: &Path, other: &Path) -> (Value, i32) {
    check(one, &[other.to_str().unwrap()])
}

#[test]
#[ignore = "needs the real model: scripts/fetch-real-model.sh"]
fn two_files_are_compared_by_text() {
    let real = Real::of(0..8000);
    let original = real.file();
    let (answer, code) = beside(original.path(), original.path());
    assert_eq!(code, 0, "{answer:#}");
    let same = &answer["comparison"];
    assert_eq!((&same["matched"], &same["relative_error"]), (&json!(8000), &json!(0.0)));
    assert_eq!(same["neighbors_lost"], 0);

    // A coarser type has its usual error, which is no finding.
    let (answer, code) = beside(real.stored_as("Q4_0").path(), original.path());
    assert_eq!(code, 0, "{:#}", answer["findings"]);
    let error = answer["comparison"]["relative_error"].as_f64().unwrap();
    assert!((0.08..0.15).contains(&error), "{error}");
    assert_eq!(answer["comparison"]["usual_error"], 0.114);

    // Tokens that move with their rows are no damage. One token is lost, one is new.
    let mut moved = real.clone();
    moved.rows.rotate_left(1);
    moved.tokens.rotate_left(1);
    moved.types.rotate_left(1);
    moved.tokens[10] = b"nobody has this".to_vec();
    let (answer, code) = beside(moved.file().path(), original.path());
    assert_eq!(code, 0, "{:#}", answer["findings"]);
    let comparison = &answer["comparison"];
    let counts = ["matched", "moved", "added", "removed"].map(|key| comparison[key].clone());
    assert_eq!(counts, [7999, 7999, 1, 1].map(|n| json!(n)));
    assert_eq!(comparison["relative_error"], 0.0);

    // One wrong row is found.
    let mut damaged = real.clone();
    damaged.rows[4321] = real.rows[17].clone();
    let (answer, code) = beside(damaged.file().path(), original.path());
    assert_eq!((code, &finding(&answer, "other.damage")["evidence"]["rows"]), (1, &json!(1)));
    assert_eq!(answer["comparison"]["worst"][0]["id"], 4321);

    let (answer, code) = beside(original.path(), TOY.as_ref());
    assert_eq!((code, &finding(&answer, "other.model")["severity"]), (1, &json!("problem")));
}

// ---- a made-up table whose rows match its words: these tests need no model

const WORDS: usize = 2000;
const WIDTH: usize = 64;

/// A made-up table. Each word has three spellings, ` word`, `word` and ` Word`, at
/// random IDs. A row is the sum of a direction for how the word begins, one for how
/// it ends, one for the spelling, a row of the word, and some noise.
pub struct Made {
    pub tokens: Vec<String>,
    pub rows: Vec<Vec<f32>>,
}

impl Made {
    pub fn new() -> Self {
        const STARTS: [&str; 14] =
            ["ba", "co", "de", "fi", "gu", "ha", "jo", "ke", "li", "mo", "na", "pe", "ru", "sto"];
        const ENDS: [&str; 12] =
            ["ing", "ed", "ly", "ness", "tion", "er", "est", "able", "ous", "ism", "al", "ment"];
        let words = random(WORDS, WIDTH, 0.0, 7);
        let noise = random(3 * WORDS, WIDTH, 0.0, 8);
        let directions = random(STARTS.len() + ENDS.len() + 3, WIDTH, 0.0, 9);
        let (mut tokens, mut rows) = (Vec::new(), Vec::new());
        for place in shuffled(3 * WORDS, 9) {
            let (n, spelling) = (place / 3, place % 3);
            let bits = mix(n as u64);
            let [start, end] = [bits as usize % 14, (bits >> 8) as usize % 12];
            // Each word has other letters here: 7919 has no factor in common with 26.
            let letters = 7919 * n % 26_usize.pow(3);
            let letter = |i| char::from(b'a' + (letters / 26_usize.pow(i) % 26) as u8);
            let middle: String = (0..3).map(letter).collect();
            let word = format!("{}{middle}{}", STARTS[start], ENDS[end]);
            tokens.push(match spelling {
                0 => format!("▁{word}"),
                1 => word,
                _ => format!("▁{}{}", word[..1].to_uppercase(), &word[1..]),
            });
            let parts = [start, 14 + end, 26 + spelling];
            let value = |i: usize| {
                let shown: f32 = parts.iter().map(|part| directions[part * WIDTH + i]).sum();
                shown + 0.7 * words[n * WIDTH + i] + 0.3 * noise[place * WIDTH + i]
            };
            rows.push((0..WIDTH).map(value).collect());
        }
        Self { tokens, rows }
    }

    fn gguf(&self) -> Gguf {
        let tokens: Vec<&str> = self.tokens.iter().map(String::as_str).collect();
        let rows = f32_bytes(&self.rows.concat());
        Gguf::new().vocab("llama", &tokens).table(F32, WIDTH as u64, self.rows.len() as u64, rows)
    }

    fn check(&self) -> (Value, i32) {
        check(self.gguf().write().path(), &[])
    }
}

#[test]
fn a_table_in_order_is_ok() {
    let (answer, code) = Made::new().check();
    assert_eq!((code, &answer["verdict"], &answer["findings"]), (0, &json!("ok"), &json!([])));
    assert_eq!(answer["order"]["judged"], 3 * WORDS);
}

#[test]
fn one_extra_row_is_found_at_any_position() {
    for from in [0, 2000] {
        let mut made = Made::new();
        made.rows[from..].rotate_right(1);
        let last = made.rows.len() as i64 - 1;
        assert_places(&made.check().0, &[(from as i64, last, Some(1))]);
    }
}

#[test]
fn blocks_and_permutations_are_found_in_a_made_up_table() {
    let mut blocks = Made::new();
    for i in 0..500 {
        blocks.rows.swap(1000 + i, 4000 + i);
    }
    assert_places(&blocks.check().0, &[(1000, 1499, Some(3000)), (4000, 4499, Some(-3000))]);

    let mut permuted = Made::new();
    let order = shuffled(3 * WORDS, 3);
    permuted.rows = order.into_iter().map(|i| permuted.rows[i].clone()).collect();
    assert_places(&permuted.check().0, &[(0, 3 * WORDS as i64 - 1, None)]);
}

#[test]
fn only_the_two_swapped_rows_are_found() {
    let mut made = Made::new();
    made.rows.swap(100, 5000);
    let (answer, code) = made.check();
    assert_eq!(code, 1);
    assert_eq!(
        places(&answer),
        [[100, 100, 4900], [5000, 5000, -4900]].map(|place| place.map(|n| json!(n)))
    );
}

/// Even where rows hardly show how their tokens are spelled, clean rows are not
/// reported.
#[test]
fn weak_tables_raise_no_alarm() {
    for noise in [2.0, 3.0, 5.0] {
        let mut made = Made::new();
        let more = random(3 * WORDS, WIDTH, 0.0, 21);
        for (row, more) in made.rows.iter_mut().zip(more.chunks(WIDTH)) {
            row.iter_mut().zip(more).for_each(|(x, more)| *x += noise * more);
        }
        let (answer, code) = made.check();
        assert_eq!((code, places(&answer).len()), (0, 0), "{noise}: {:#}", answer["findings"]);
    }
}

#[test]
fn wasted_bytes_are_a_note() {
    let mut made = Made::new();
    let bf16 = |x: &mut f32| *x = half::bf16::from_f32(*x).to_f32();
    made.rows.iter_mut().flatten().for_each(bf16);
    let (n, rows) = (made.rows.len() as u64, f32_bytes(&made.rows.concat()));
    let head = made.gguf().tensor("output.weight", &[WIDTH as u64, n], F32, rows.clone());
    let (answer, code) = check(head.write().path(), &[]);
    assert_eq!((code, &answer["verdict"]), (0, &json!("ok")));
    let costly = finding(&answer, "table.type");
    assert_eq!(
        (&costly["severity"], &costly["evidence"]["exact_in"]),
        (&json!("note"), &json!("BF16"))
    );
    assert_eq!(finding(&answer, "head.copy")["evidence"]["bytes"], rows.len());

    // One value that BF16 can't hold. The head then differs from the table in it, and
    // only the head is wider than needed.
    made.rows[7][3] = 1.0 + f32::EPSILON;
    let other = made.gguf().tensor("output.weight", &[WIDTH as u64, n], F32, rows);
    let (answer, _) = check(other.write().path(), &[]);
    assert_eq!(answer["findings"].as_array().unwrap().len(), 1, "{answer:#}");
    assert_eq!(finding(&answer, "table.type")["tensor"], "output.weight");
}

#[test]
fn constant_rows_and_missing_rows_are_problems() {
    let mut made = Made::new();
    made.rows[3] = vec![0.25; WIDTH];
    let file = |bytes: &[u8]| {
        let file = tempfile::NamedTempFile::with_suffix(".gguf").unwrap();
        std::fs::write(file.path(), bytes).unwrap();
        file
    };
    let whole = made.gguf().build();
    let (answer, code) = check(file(&whole).path(), &[]);
    assert_eq!((code, &finding(&answer, "rows.constant")["ids"]), (1, &json!([3])));

    let (answer, code) = check(file(&whole[..whole.len() - 4 * WIDTH]).path(), &[]);
    let cut = finding(&answer, "file.cut");
    assert_eq!((code, &cut["evidence"]["present"]), (1, &json!(3 * WORDS - 1)));

    // All rows are equal, so no order can be judged. This must be fast.
    made.rows.iter_mut().for_each(|row| *row = vec![0.25; WIDTH]);
    let (answer, _) = made.check();
    assert_eq!(finding(&answer, "order.unjudged")["severity"], "unknown");
}

#[test]
fn two_files_with_different_rows_are_not_ok() {
    let made = Made::new();
    let file = made.gguf().write();
    let mut other = Made::new();
    other.rows.iter_mut().flatten().for_each(|x| *x = -*x);
    let (answer, code) = beside(file.path(), other.gguf().write().path());
    assert_eq!((code, &finding(&answer, "other.rows")["severity"]), (1, &json!("problem")));

    let mut other = Made::new();
    let order = shuffled(3 * WORDS, 4);
    other.rows = order.into_iter().map(|i| made.rows[i].clone()).collect();
    let (answer, code) = beside(file.path(), other.gguf().write().path());
    assert_eq!(code, 1);
    assert!(finding(&answer, "other.rows")["evidence"]["neighbors_lost"].as_u64().unwrap() > 100);

    // A row with the same NaN in both files is the same row.
    let mut odd = Made::new();
    odd.rows[5][0] = f32::NAN;
    let odd = odd.gguf().write();
    let (answer, _) = beside(odd.path(), odd.path());
    assert_eq!(answer["comparison"]["relative_error"], 0.0);
    assert!(!answer["findings"].to_string().contains("\"other.damage\""), "{answer}");

    // Without tokens, rows are matched by ID. A row that only one file has does not
    // count as a lost neighbour.
    let bare = |n: usize| {
        let rows = f32_bytes(&made.rows[..n].concat());
        Gguf::new().table(F32, WIDTH as u64, n as u64, rows).write()
    };
    let (answer, _) = beside(bare(3 * WORDS).path(), bare(2 * WORDS).path());
    assert_eq!(finding(&answer, "other.by_id")["severity"], "note");
    assert_eq!(answer["comparison"]["neighbors_lost"], 0);
}
