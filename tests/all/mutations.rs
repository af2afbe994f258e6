//! Damages small valid files: in 100,000 random ways, and with every number that
//! breaks arithmetic at every position of the header. Commands run on each file, in
//! this process. None may panic, take too long, or print raw control characters.
//!
//! A failure names its seed: `EMBCLI_SEED=1234 cargo test --test all mutations`
//! runs only that seed.
//!
//! Each test runs in a process of its own, to measure its peak memory.

use std::ffi::OsString;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::time::{Duration, Instant};

use crate::support::damage::{INTERESTING, damaged, files};
use embcli::cli::Cli;
use embcli::commands::Request;
use embcli::commands::models::ModelsRequest;
use embcli::gguf::Gguf;
use embcli::report::{Form, Printer, Style};
use embcli::store::{Environment, Stores};
use embcli::text;
use tempfile::TempDir;

const SEEDS: u64 = 100_000;

/// The time limit for all commands on one damaged file.
const MAX_TIME: Duration = Duration::from_secs(2);

/// Every command, and how often it runs: on each file, or on one in so many where
/// it takes longer. The tour leaves out the two steps that measure times.
const COMMANDS: [(u64, &str); 37] = [
    (1, "lookup m 0 1 0..2"),
    (1, "lookup m 1 --tensor output.weight"),
    (1, "neighbors m 0 1 -k 2"),
    (1, "neighbors m 1 --metric l2"),
    (1, "footprint m"),
    (8, "neighbors m 0 --as-input --metric dot"),
    (8, "neighbors m --all -k 1 --threads 1 --format csv"),
    (8, "neighbors m 0 --whiten --plus 1 --no-variants"),
    (8, "similarity m 0 1"),
    (8, "similarity m 0..3 --centre --metric l2"),
    (8, "analogy m 0 1 2 --script Latin"),
    (8, "analogy m 0 1 2 --whiten --method mul"),
    (8, "export m --threads 2 --format npy"),
    (8, "export m 1 0..2 --format npy"),
    (8, "export m --neighbors 2 --threads 1 --format csv"),
    (8, "export m --neighbors 1 --atlas --threads 1 --format parquet"),
    (8, "stats m --threads 2"),
    (64, "stats m whole"),
    (16, "map m --text ab --neighbors 2 --label 0 --width 300"),
    (16, "map m 0..3 --method pca --whiten --width 300"),
    (8, "info m"),
    (8, "info m --keys --strict"),
    (8, "info m --tensors"),
    (8, "tokens m --norm"),
    (8, "tokens m a --type normal"),
    (8, "tokens m --norm --sort norm"),
    (8, "tokens m --text ab"),
    (8, "tokens m --ids 0,1"),
    (8, "lookup m --text ab --as-input"),
    (8, "check m"),
    (16, "check m whole"),
    (16, "check whole m"),
    (64, "tour m --step 1,2,4,5,6,7,8,10"),
    (1024, "tour --list"),
    (1024, "footprint --vocab 5 --dim 32"),
    (1024, "completions bash"),
    (1024, "man"),
];

/// `models` runs on one file in this many. It takes no file, but lists a folder's.
const MODELS: u64 = 64;

/// All commands, and the files they need.
struct Driver {
    requests: Vec<(u64, Box<dyn Request>)>,
    /// An intact file.
    whole: Vec<u8>,
    /// A store that contains the damaged file.
    store: TempDir,
}

impl Driver {
    fn new() -> Self {
        let store = TempDir::new().unwrap();
        let mut requests: Vec<_> =
            COMMANDS.iter().map(|(one_in, line)| (*one_in, request(line))).collect();
        let cache = |name: &str| (name == "LLAMA_CACHE").then(|| store.path().into());
        let stores = Stores::new(Environment::of(cache));
        requests.push((MODELS, Box::new(ModelsRequest { stores })));
        Self { requests, whole: files().swap_remove(0), store }
    }

    /// Runs the commands of a case on a file, prints each answer in one of its forms,
    /// and checks the output.
    fn drive(&self, case: u64, bytes: &[u8]) {
        let open = |path: &Path| {
            let bytes = if path == Path::new("whole") { &self.whole } else { bytes };
            Ok(Gguf::new(Box::new(bytes.to_vec()))?.into())
        };
        if case.is_multiple_of(MODELS) {
            std::fs::write(self.store.path().join("m.gguf"), bytes).unwrap();
        }
        let style = Style { width: 80, color: false, quiet: false };
        // Any choice will do, but the same bytes must give the same choice.
        let choice = bytes.iter().fold(bytes.len(), |sum, &byte| sum + usize::from(byte));
        for (i, (one_in, request)) in self.requests.iter().enumerate() {
            if !case.is_multiple_of(*one_in) {
                continue;
            }
            let form = match request.forms() {
                [] => Form::Table,
                forms => forms[(choice + i) % forms.len()],
            };
            let mut printed = Vec::new();
            let answered = request.answer(&open, &mut Printer::new(form, style, &mut printed));
            if !form.is_binary() {
                let printed = std::str::from_utf8(&printed).expect("UTF-8");
                assert_harmless(&if form == Form::Tsv {
                    printed.replace('\t', "")
                } else {
                    printed.into()
                });
            }
            if let Err(error) = answered {
                let message = format!("{error:#}");
                assert!(message.len() < 2000, "{} bytes of error", message.len());
                assert_harmless(&text::visible(&message));
            }
        }
    }

    /// Runs one case. If it panics or takes too long, the message names `what`.
    fn held(&self, what: &str, case: u64, bytes: &[u8]) {
        let start = Instant::now();
        let outcome = catch_unwind(AssertUnwindSafe(|| self.drive(case, bytes)));
        let took = start.elapsed();
        assert!(outcome.is_ok(), "{what} failed, see above");
        assert!(took < MAX_TIME, "{what} took {took:?}");
    }
}

fn request(line: &str) -> Box<dyn Request> {
    let words = ["embcli"].into_iter().chain(line.split(' ')).map(OsString::from);
    let cli = Cli::parse_from_args(words).unwrap_or_else(|stop| panic!("{}", stop.text));
    cli.command.request()
}

#[test]
fn the_list_has_every_command() {
    use clap::CommandFactory;
    for command in Cli::command().get_subcommands() {
        let name = command.get_name();
        let is_driven = |(_, line): &(u64, &str)| line.split(' ').next() == Some(name);
        assert!(name == "models" || COMMANDS.iter().any(is_driven), "{name}");
    }
}

fn assert_harmless(printed: &str) {
    let raw = printed.chars().find(|&c| c != '\n' && text::acts(c));
    assert_eq!(raw, None, "raw in {printed:?}");
}

/// Runs a test in a new process. Returns whether this is already that process.
fn runs_alone(test: &str) -> bool {
    const ALONE: &str = "EMBCLI_TEST_ALONE";
    if std::env::var_os(ALONE).is_some() {
        return true;
    }
    let own = std::env::current_exe().unwrap();
    let test = format!("mutations::{test}");
    let output = std::process::Command::new(own)
        .args(["--exact", &test, "--nocapture"])
        .env(ALONE, "1")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    let ran = String::from_utf8_lossy(&output.stdout);
    assert!(ran.contains("1 passed"), "{ran}");
    false
}

#[test]
fn one_hundred_thousand_damaged_files() {
    if !runs_alone("one_hundred_thousand_damaged_files") {
        return;
    }
    let files = files();
    if let Ok(seed) = std::env::var("EMBCLI_SEED") {
        let seed = seed.parse().expect("EMBCLI_SEED is a number");
        return Driver::new().held(&format!("seed {seed}"), 0, &damaged(seed, &files));
    }
    let workers = std::thread::available_parallelism().map_or(1, |n| n.get() as u64);
    std::thread::scope(|scope| {
        for worker in 0..workers {
            let files = &files;
            scope.spawn(move || {
                let driver = Driver::new();
                for seed in (worker..SEEDS).step_by(workers as usize) {
                    driver.held(&format!("seed {seed}"), seed / workers, &damaged(seed, files));
                }
            });
        }
    });
    assert_little_memory();
}

#[test]
fn every_number_at_every_place() {
    if !runs_alone("every_number_at_every_place") {
        return;
    }
    let driver = Driver::new();
    for (i, file) in files().iter().enumerate() {
        driver.drive(0, file); // the intact file
        let header = file.len().min(1100);
        for at in 0..header - 8 {
            for number in INTERESTING {
                // Four bytes if the number fits, else eight.
                let width = if number <= u32::MAX.into() { 4 } else { 8 };
                let mut bytes = file.clone();
                bytes[at..at + width].copy_from_slice(&number.to_le_bytes()[..width]);
                driver.held(&format!("file {i} with {number} at {at}"), at as u64, &bytes);
            }
        }
        for len in 0..file.len() {
            driver.held(&format!("file {i} cut at {len}"), len as u64, &file[..len]);
        }
    }
    assert_little_memory();
}

/// Asserts that all cases together stay within the memory limit of one file. It needs
/// Linux's /proc.
fn assert_little_memory() {
    let Ok(status) = std::fs::read_to_string("/proc/self/status") else { return };
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let peak: u64 = peak.unwrap().trim().trim_end_matches(" kB").parse().unwrap();
    assert!(peak < 64 << 10, "{peak} KiB at the peak");
}
