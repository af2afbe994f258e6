//! Small valid files, damaged at random: 100,000 ways, and every number in the
//! header at every value that breaks arithmetic. All commands run on each, in
//! this process; none may panic, dawdle, or print anything raw.
//!
//! A failure names its seed: `EMBCLI_SEED=1234 cargo test --test mutations`
//! runs that one alone.

mod support;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use embcli::cli::{Cli, Command};
use embcli::gguf::{Gguf, Model};
use embcli::report::{self, Format, Style};
use embcli::{commands, text};
use support::{F32, Gguf as File, Value, f32_bytes};

const SEEDS: u64 = 100_000;

/// As long as one damaged file may take all commands together.
const MAX_TIME: Duration = Duration::from_secs(2);

/// Valid files that between them have every part of the format.
fn files() -> Vec<Vec<u8>> {
    let q8_0 = |rows: usize| [&[0x00, 0x3C][..], &[5; 16], &[251; 16]].concat().repeat(rows);
    vec![
        // A table with two neighbours, and metadata of every type.
        File::new()
            .kv("general.architecture", "llama")
            .kv("u8", 1u8)
            .kv("i8", -1i8)
            .kv("u16", 1u16)
            .kv("i16", -1i16)
            .kv("u32", 1u32)
            .kv("i32", -1i32)
            .kv("f32", 1.0f32)
            .kv("bool", true)
            .kv("u64", 1u64)
            .kv("i64", -1i64)
            .kv("f64", 1.0f64)
            .kv("array", vec![1u32, 2, 3])
            .kv("arrays", Value::Array(9, vec![vec!["a"].into(), vec![1u8, 2].into()]))
            .vocab("llama", &["<unk>", "▁a", "b"])
            .kv("tokenizer.ggml.token_type", vec![2i32, 1, 1])
            .tensor("scalar", &[], F32, [0; 4])
            .table(F32, 2, 3, f32_bytes(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]))
            .tensor("output.weight", &[2, 3], F32, f32_bytes(&[1.0; 6]))
            .build(),
        // Blocks, another alignment, and byte-level tokens.
        File::new()
            .alignment(64)
            .vocab("gpt2", &["Ġa", "Ċ", "é", "<|end|>"])
            .kv("tokenizer.ggml.token_type", vec![1i32, 1, 6, 3])
            .table(8, 64, 4, q8_0(8))
            .build(),
        // Blocks of 256, escaped tokens, one part of several.
        File::new()
            .kv("split.no", 0u16)
            .kv("split.count", 3u16)
            .vocab("rwkv", &["\\x20a", "\\n"])
            .table(14, 256, 2, [0x3C; 420])
            .build(),
        // No vocabulary, no table.
        File::new()
            .kv("general.type", "adapter")
            .tensor("blk.0.x.lora_a", &[4, 2], 1, [0; 16])
            .build(),
    ]
}

fn command(line: &str) -> Command {
    let words = line.split(' ').map(Into::into);
    Cli::parse_from_args(words).unwrap_or_else(|stop| panic!("{}", stop.text)).command
}

fn every_command() -> Vec<Command> {
    [
        "embcli lookup m 0 1 0..2",
        "embcli lookup m 1 --tensor output.weight",
        "embcli neighbors m 0 1 -k 2",
        "embcli neighbors m 1 --metric l2",
        "embcli footprint m",
    ]
    .map(command)
    .into()
}

/// Runs every command on a file, prints the answers in one form or another, and
/// looks at what would have reached a terminal.
fn drive(bytes: &[u8], commands: &[Command]) {
    const FORMATS: [Format; 3] = [Format::Table, Format::Json, Format::Csv];
    let open = |_: &std::path::Path| Ok(Model::from(Gguf::new(Box::new(bytes.to_vec()))?));
    let style = Style { width: 80, colour: false, values: None };
    // Any choice that is the same for the same bytes.
    let choice = bytes.iter().fold(bytes.len(), |sum, &byte| sum + usize::from(byte));
    for (i, command) in commands.iter().enumerate() {
        match commands::run_with(command, &open) {
            Ok(answer) => {
                let format = FORMATS[(choice + i) % FORMATS.len()];
                let mut printed = Vec::new();
                report::write(&answer, format, &style, &mut printed).expect("memory takes all");
                assert_harmless(std::str::from_utf8(&printed).expect("UTF-8"));
            }
            Err(error) => {
                let message = format!("{error:#}");
                assert!(message.len() < 2000, "{} bytes of error", message.len());
                assert_harmless(&text::visible(&message));
            }
        }
    }
}

fn assert_harmless(printed: &str) {
    let raw = printed.chars().find(|&c| c != '\n' && text::acts(c));
    assert_eq!(raw, None, "raw in {printed:?}");
}

/// Runs one case; a panic or a delay in it is blamed on `what`.
fn held(what: &str, bytes: &[u8], commands: &[Command]) {
    let start = Instant::now();
    let outcome = catch_unwind(AssertUnwindSafe(|| drive(bytes, commands)));
    let took = start.elapsed();
    assert!(outcome.is_ok(), "{what} failed, see above");
    assert!(took < MAX_TIME, "{what} took {took:?}");
}

/// SplitMix64: tiny, and the same everywhere.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    fn below(&mut self, n: usize) -> usize {
        (self.next() % n as u64) as usize
    }

    fn of<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len())]
    }
}

/// Numbers that break arithmetic, or that mean something to the format.
const INTERESTING: [u64; 20] = [
    0,
    1,
    2,
    3,
    4,
    8,
    9,
    12,
    13,
    32,
    255,
    (1 << 31) - 1,
    1 << 31,
    (1 << 32) - 1,
    1 << 32,
    1 << 60,
    (1 << 61) + 1,
    (1 << 63) - 1,
    1 << 63,
    u64::MAX,
];

/// The damaged file of a seed: one to four mutations of one of the files, or of
/// the start of one and the end of another.
fn damaged(seed: u64, files: &[Vec<u8>]) -> Vec<u8> {
    let mut random = Random(seed);
    let mut bytes = files[random.below(files.len())].clone();
    for _ in 0..1 + random.below(4) {
        if bytes.is_empty() {
            break;
        }
        let at = random.below(bytes.len());
        let number = random.of(&INTERESTING).to_le_bytes();
        let room = bytes.len() - at;
        match random.below(10) {
            0 | 1 => bytes[at] ^= 1 << random.below(8),
            2 => bytes[at] = random.next() as u8,
            3 | 4 => bytes[at..at + room.min(4)].copy_from_slice(&number[..room.min(4)]),
            5 | 6 => bytes[at..at + room.min(8)].copy_from_slice(&number[..room.min(8)]),
            7 => bytes.truncate(at),
            8 => {
                let len = 1 + random.below(room.min(64));
                match random.below(2) {
                    0 => drop(bytes.drain(at..at + len)),
                    _ => bytes.extend_from_within(at..at + len),
                }
            }
            _ => {
                let other = &files[random.below(files.len())];
                let from = random.below(other.len());
                bytes.splice(at.., other[from..].iter().copied());
            }
        }
    }
    bytes
}

#[test]
fn one_hundred_thousand_damaged_files() {
    let (files, commands) = (files(), every_command());
    if let Ok(seed) = std::env::var("EMBCLI_SEED") {
        let seed = seed.parse().expect("EMBCLI_SEED is a number");
        return held(&format!("seed {seed}"), &damaged(seed, &files), &commands);
    }
    let workers = std::thread::available_parallelism().map_or(1, |n| n.get() as u64);
    std::thread::scope(|scope| {
        for worker in 0..workers {
            let (files, commands) = (&files, &commands);
            scope.spawn(move || {
                for seed in (worker..SEEDS).step_by(workers as usize) {
                    held(&format!("seed {seed}"), &damaged(seed, files), commands);
                }
            });
        }
    });
    assert_little_memory();
}

#[test]
fn every_number_at_every_place() {
    let commands = every_command();
    for (i, file) in files().iter().enumerate() {
        drive(file, &commands); // as it is, it is fine
        let header = file.len().min(1100);
        for at in 0..header - 8 {
            for number in INTERESTING {
                // In four bytes what fits, in eight what does not.
                let width = if number <= u32::MAX.into() { 4 } else { 8 };
                let mut bytes = file.clone();
                bytes[at..at + width].copy_from_slice(&number.to_le_bytes()[..width]);
                held(&format!("file {i} with {number} at {at}"), &bytes, &commands);
            }
        }
        for len in 0..file.len() {
            held(&format!("file {i} cut at {len}"), &file[..len], &commands);
        }
    }
    assert_little_memory();
}

/// All of it in what one file may take, where the system counts.
fn assert_little_memory() {
    let Ok(status) = std::fs::read_to_string("/proc/self/status") else { return };
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let peak: u64 = peak.unwrap().trim().trim_end_matches(" kB").parse().unwrap();
    assert!(peak < 64 << 10, "{peak} KiB at the peak");
}
